"""Export: the findings of a selection, in the format that somebody needs."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import IO, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request, Response
from sqlalchemy.orm import Session

from db.chosen import Chosen, count_chosen
from db.engine import session
from db.questions.catalogue import QUESTIONS
from db.questions.finding_lists import FindingsOf
from db.questions.parameters import parameters_from
from db.questions.selection import plant_zone
from inspect_pipeline.exports.findings import (
    ENDINGS,
    MOST_FINDINGS,
    Exported,
    Format,
    Wish,
    write_export,
)
from inspect_pipeline.exports.pictures import Cut
from inspect_pipeline.review.access import Reviewer
from inspect_pipeline.review.asked_questions import written_of
from inspect_pipeline.review.desk import Desk, desk_of
from inspect_pipeline.review.downloads import download
from inspect_pipeline.review.page import page
from inspect_pipeline.review.transactions import Reading

router = APIRouter()
_log = logging.getLogger(__name__)

MOST_IDS = 1000
COUNTED_UP_TO = 1_000_001
_PAGING = ("order", "limit", "after")
MEDIA_TYPES = {
    Format.CSV: "text/csv",
    Format.JSON: "application/json",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.COCO: "application/json",
    Format.ZIP: "application/zip",
}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A format as the page offers it; `cut` only for pictures."""

    form: Format
    title: str
    words: str
    cut: Cut = Cut.FRAMES

    @property
    def value(self) -> str:
        return f"{self.form.value}-{self.cut.value}" if self.form is Format.ZIP else self.form.value

    @property
    def most(self) -> int:
        return MOST_FINDINGS[self.form]


OFFERS = (
    Offer(form=Format.CSV, title="CSV", words="A line per finding, for a spreadsheet."),
    Offer(form=Format.PARQUET, title="Parquet", words="The same with its types, for pandas."),
    Offer(
        form=Format.COCO,
        title="COCO",
        words="Boxes and exact masks as JSON, for training and labelling tools.",
    ),
    Offer(
        form=Format.ZIP,
        title="Pictures, whole frames",
        words="A zip with good/ and defect/KIND/, a manifest and COCO masks. Only what people "
        "confirmed or called a false alarm.",
    ),
    Offer(
        form=Format.ZIP,
        cut=Cut.CROPS,
        title="Pictures, findings cut out",
        words="The same with one small picture per finding.",
    ),
)


@router.get("/export")
def show_export(
    request: Request,
    person: Reviewer,
    opened: Reading,
    ids: Annotated[str, Query(max_length=20_000)] = "",
) -> Response:
    """How much the selection holds, and in which formats it can be had."""
    written = _written(request)
    count = count_chosen(
        opened, _chosen(desk_of(request), opened, written, ids), at_most=COUNTED_UP_TO
    )
    return page(
        request,
        "export.html",
        person,
        count=count,
        is_more=count == COUNTED_UP_TO,
        offers=OFFERS,
        written=written,
        ids=ids,
        query=urlencode(written),
    )


@router.get("/export/file")
def take_export(
    request: Request,
    person: Reviewer,
    form: Annotated[str, Query(max_length=20)],
    ids: Annotated[str, Query(max_length=20_000)] = "",
) -> Response:
    """The file; the whole of it is made before the first byte is sent."""
    desk = desk_of(request)
    offer = next((one for one in OFFERS if one.value == form), None)
    if offer is None:
        raise HTTPException(422, f"form: expected one of {', '.join(o.value for o in OFFERS)}")
    written, now = _written(request), desk.now()

    def write(file: IO[bytes]) -> Exported:
        with session(desk.engine, read_only=True) as opened:
            chosen = _chosen(desk, opened, written, ids)
            wish = Wish(chosen=chosen, form=offer.form, cut=offer.cut)
            return write_export(
                file,
                opened,
                desk.store,
                wish,
                made_at=now,
                made_by=person.name,
                database=desk.plant_name,  # no path and no host leaves the plant
            )

    _log.info("export: form=%s by=%r", offer.value, person.name)
    name = f"findings-{now.astimezone(desk.zone):%Y%m%d-%H%M}{ENDINGS[offer.form]}"
    return download(name, MEDIA_TYPES[offer.form], write)


def _written(request: Request) -> dict[str, str]:
    """The filter of the question `findings`, without its pages."""
    question = next(one for one in QUESTIONS if one.name == "findings")
    written = written_of(question, request.query_params)
    return {name: text for name, text in written.items() if name not in _PAGING}


def _chosen(desk: Desk, opened: Session, written: dict[str, str], ids: str) -> Chosen:
    asked = parameters_from(FindingsOf, written, zone=plant_zone(opened), now=desk.now())
    return Chosen(wanted=asked.filtered(opened), finding_ids=_ids(ids))


def _ids(written: str) -> tuple[int, ...] | None:
    """`12,13,17`; None where no ids were given."""
    if not written.strip():
        return None
    words = [word.strip() for word in written.split(",") if word.strip()]
    if len(words) > MOST_IDS:
        raise HTTPException(422, f"ids: at most {MOST_IDS} at once, got {len(words)}")
    if not all(word.isascii() and word.isdigit() and len(word) < 19 for word in words):
        raise HTTPException(422, "ids: expected numbers with commas between, such as 12,13")
    return tuple(int(word) for word in words)
