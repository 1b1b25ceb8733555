"""One selection of findings in one of the formats, written to an open file in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import IO, Any

import pandas as pd
from sqlalchemy.orm import Session

from db.chosen import Chosen, chosen_findings, chosen_rows, count_chosen
from db.evidence import EvidenceStore
from db.rows import FindingRow
from db.tables import rows_table
from inspect_pipeline.errors import ExportRefused
from inspect_pipeline.exports.coco import write_coco
from inspect_pipeline.exports.pictures import Cut, PicturesWritten, write_pictures
from inspect_pipeline.exports.tables import write_csv, write_json, write_parquet

ROWS_PER_TABLE = 5000


class Format(StrEnum):
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    COCO = "coco"
    ZIP = "zip"


ENDINGS = {
    Format.CSV: ".csv",
    Format.JSON: ".json",
    Format.PARQUET: ".parquet",
    Format.COCO: ".coco.json",
    Format.ZIP: ".zip",
}
MOST_FINDINGS = {
    Format.CSV: 1_000_000,
    Format.JSON: 1_000_000,
    Format.PARQUET: 10_000_000,
    Format.COCO: 200_000,
    Format.ZIP: 20_000,
}


@dataclass(frozen=True, kw_only=True)
class Exported:
    findings: int
    pictures: PicturesWritten | None = None  # of the zip


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody wants to take away; `at_most` findings or none at all."""

    chosen: Chosen
    form: Format
    cut: Cut = Cut.FRAMES
    at_most: int | None = None

    @property
    def limit(self) -> int:
        return MOST_FINDINGS[self.form] if self.at_most is None else self.at_most


def write_export(
    file: IO[bytes],
    opened: Session,
    store: EvidenceStore,
    wish: Wish,
    *,
    made_at: datetime,
    made_by: str,
    database: str,
) -> Exported:
    """Raises ExportRefused for more findings than the format's limit, before anything is written.

    `database` is told to the reader: give it without a password.
    """
    count = count_chosen(opened, wish.chosen, at_most=wish.limit + 1)
    if count > wish.limit:
        raise ExportRefused(
            f"more than {wish.limit:,} findings are chosen, the most for {wish.form.value}: "
            "choose a part, a line or a shorter time"
        )
    told = {
        "description": f"{count} findings of inspect_pipeline",
        "date_created": made_at.isoformat(),
        "contributor": made_by,
        "database": database,
        "selection": _told_selection(wish.chosen),
    }
    if wish.form is Format.ZIP:
        pictures = write_pictures(file, opened, store, wish.chosen, cut=wish.cut, told=told)
        return Exported(findings=count, pictures=pictures)
    if wish.form is Format.COCO:
        return Exported(findings=write_coco(file, chosen_findings(opened, wish.chosen), told=told))
    write = {Format.CSV: write_csv, Format.JSON: write_json, Format.PARQUET: write_parquet}
    write[wish.form](file, _tables(opened, wish.chosen))
    return Exported(findings=count)


def _tables(opened: Session, chosen: Chosen) -> Iterator[pd.DataFrame]:
    """At least one table, so that an empty selection still has its columns."""
    batches = chosen_rows(opened, chosen, batch=ROWS_PER_TABLE)
    first = next(batches, [])
    return (rows_table(rows, FindingRow) for rows in chain([first], batches))


def _told_selection(chosen: Chosen) -> dict[str, Any]:
    """What was asked for, without what was left open."""
    asked = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in vars(chosen.wanted).items()
        if value not in (None, ())
    }
    if chosen.finding_ids is not None:
        asked["finding_ids"] = list(chosen.finding_ids)
    return asked
