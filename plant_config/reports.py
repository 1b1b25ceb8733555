"""Reports of a plant: languages and paper. Jobs say which are made when, and who gets them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from plant_config.section import Section

Language = Literal["en", "de", "ja"]


class Reports(Section):
    languages: Annotated[tuple[Language, ...], Field(strict=False, min_length=1)] = Field(
        default=("en",), description="Languages of the reports: en, de, ja."
    )
    paper: Literal["A4", "A3", "letter"] = Field(
        default="A4", description="Paper of the PDF: A4, A3 or letter."
    )
    pdf: bool = Field(
        default=True,
        description="Whether a PDF is made beside the page; it needs Pango on the computer.",
    )
