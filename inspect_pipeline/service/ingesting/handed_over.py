"""What a worker hands to the writer: rows as JSON, one file each, with a hash over all of it.

A worker has written the evidence files before, so the writer needs neither pixels nor networks.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Enum

from db import models
from db.columns import Base, UtcDateTime
from inspect_pipeline.errors import EntryDamaged
from inspect_pipeline.records import InputFigures, sha256_of

_FORMAT = "result-1"

_Row = TypeVar("_Row", bound=Base)


@dataclass(frozen=True, kw_only=True)
class Handed:
    """The rows of one inspection, unsaved, and the model that made it.

    `figures` say how lamp and lens made the frame; None where it was not measured.
    """

    frame: models.Frame
    inspection: models.Inspection
    model_part: str
    model_card: Mapping[str, object]
    received_at: datetime  # when the frame came out of the camera
    figures: InputFigures | None = None


def as_file(handed: Handed) -> bytes:
    said = {
        "frame": _columns(handed.frame),
        "inspection": _columns(handed.inspection),
        "findings": [_columns(finding) for finding in handed.inspection.findings],
        "model_part": handed.model_part,
        "model_card": dict(handed.model_card),
        "received_at": handed.received_at.isoformat(),
        "figures": None if handed.figures is None else asdict(handed.figures),
    }
    words = json.dumps(said).encode()
    return f"{_FORMAT} {sha256_of(words)}\n".encode() + words


def from_file(content: bytes, *, name: str) -> Handed:
    """The rows as they were made; `name` is only for the message. Raises EntryDamaged."""
    first, _, words = content.partition(b"\n")
    if first != f"{_FORMAT} {sha256_of(words)}".encode():
        raise EntryDamaged(f"the result {name} is damaged: its frame will be inspected again")
    said = json.loads(words)
    inspection = _row(models.Inspection, said["inspection"])
    figures = said.get("figures")  # of an older program there are none
    inspection.findings = [_row(models.Finding, finding) for finding in said["findings"]]
    return Handed(
        frame=_row(models.Frame, said["frame"]),
        inspection=inspection,
        model_part=said["model_part"],
        model_card=said["model_card"],
        received_at=datetime.fromisoformat(said["received_at"]),
        figures=None if figures is None else InputFigures(**figures),
    )


def _columns(row: Base) -> dict[str, Any]:
    """The columns that are set; those that only a transaction can fill are not yet."""
    found = {column.name: getattr(row, column.name) for column in type(row).__table__.columns}
    return {name: _plain(value) for name, value in found.items() if value is not None}


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime) else value


def _row(kind: type[_Row], columns: Mapping[str, Any]) -> _Row:
    types = {column.name: column.type for column in kind.__table__.columns}
    return kind(**{name: _typed(types[name], value) for name, value in columns.items()})


def _typed(kind: object, value: Any) -> object:
    if isinstance(kind, UtcDateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, Enum) and kind.enum_class is not None:
        return kind.enum_class(value)
    return b64decode(value) if getattr(kind, "python_type", None) is bytes else value
