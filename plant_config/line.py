"""A production line: what cameras belong to and findings are counted by."""

from __future__ import annotations

from pydantic import Field

from plant_config.section import Identifier, Section


class Line(Section):
    id: Identifier = Field(description="Short name of the line, as people on the floor call it.")
