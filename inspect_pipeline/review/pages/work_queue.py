"""The queue: findings that wait, worst first; answers to them, and taking answers back."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from db.plants import places
from db.queries import waiting
from db.reviewing import Batch, review_findings, undo
from db.rows import AfterUrgent, FindingFilter
from db.waiting import COUNTED_TO, findings_by_id, waiting_count
from db.words import ReviewState, Role
from inspect_pipeline.review.access import Person, Reviewer, Viewer
from inspect_pipeline.review.answers import answer_of, note_of, seen_versions
from inspect_pipeline.review.desk import Desk, desk_of
from inspect_pipeline.review.fields import RowId
from inspect_pipeline.review.page import page
from inspect_pipeline.review.queue_cards import QueueCard, cards_of
from inspect_pipeline.review.queue_filter import (
    LABELS,
    BadFilter,
    QueueFilter,
    after_of,
    choices,
    end_of,
    queue_filter,
)
from inspect_pipeline.review.toasts import Toast, toast_of_batch
from inspect_pipeline.review.transactions import Reading, Writing
from inspect_pipeline.review.wording import conflict_words, done_words, undone_words

router = APIRouter()

Facts = dict[str, Any]

CARDS_PER_PAGE = 24
_IDS = re.compile(r"[1-9][0-9]{0,17}(,[1-9][0-9]{0,17}){0,99}")


@dataclass(frozen=True, kw_only=True)
class Cards:
    cards: Sequence[QueueCard]
    more: str | None  # where the next page begins


_EVERYTHING = QueueFilter(wanted=FindingFilter(), given={})


@router.get("/queue")
def show_queue(
    request: Request,
    person: Viewer,
    opened: Reading,
    *,
    after: str = "",
    done: str = "",
    left: str = "",
) -> Response:
    """`done` names an action just made, `left` findings that it left to somebody else's answer."""
    desk = desk_of(request)
    asked, cards, problem = (
        QueueFilter(wanted=FindingFilter(), given={}),
        Cards(cards=[], more=None),
        None,
    )
    try:
        asked = queue_filter(opened, request.query_params, zone=desk.zone, now=desk.now())
        cards = _cards(opened, desk, asked, after_of(after) if after else None)
    except BadFilter as error:
        problem = str(error)
    left_ids = [int(each) for each in left.split(",")] if _IDS.fullmatch(left) else []
    kept = [card for card in cards.cards if card.row.finding_id not in left_ids]
    facts: Facts = {
        "asked": asked,
        "form": {name: request.query_params.get(name, "") for name in LABELS},
        "problem": problem,
        "cards": Cards(cards=kept, more=cards.more),
        "left": _by_id(opened, desk, left_ids, conflicts=left_ids),
        "is_first_page": not after,
        "toast": _toast(opened, done, left_ids, person),
        "choices": choices(places(opened)),
        **_common(opened, asked, person),
    }
    return page(request, "queue.html", person, status=400 if problem else 200, **facts)


@router.get("/queue/more")
def show_more(request: Request, person: Viewer, opened: Reading, after: str = "") -> Response:
    """The next cards alone, to stand below those that are shown."""
    desk = desk_of(request)
    try:
        asked = queue_filter(opened, request.query_params, zone=desk.zone, now=desk.now())
        cards = _cards(opened, desk, asked, after_of(after))
    except BadFilter as error:
        return page(
            request,
            "queue_more.html",
            person,
            400,
            asked=None,
            problem=str(error),
            cards=None,
            may_review=False,
        )
    facts: Facts = {
        "asked": asked,
        "cards": cards,
        "problem": None,
        "may_review": _may_review(person),
    }
    return page(request, "queue_more.html", person, **facts)


@router.post("/queue/review")
def review(
    request: Request,
    person: Reviewer,
    opened: Writing,
    *,
    finding: Annotated[list[str] | None, Form()] = None,
    verdict: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "",
) -> Response:
    """One answer to one or many findings; those that others answered first are left and shown."""
    desk = desk_of(request)
    state_after = answer_of(verdict)
    batch = review_findings(
        opened,
        seen_versions(finding or []),
        state_after=state_after,
        reviewer=person.name,
        reviewed_at=desk.now(),
        note=note_of(note),
    )
    asked = _filter_again(opened, back, desk)
    if "HX-Request" not in request.headers:
        return _back_to_queue(asked, batch)
    reviewed = [one.finding_id for one in batch.reviewed]
    left = [one.finding_id for one in batch.conflicts]
    is_kept = state_after is ReviewState.SECOND_LOOK and asked.wanted.states != (ReviewState.NEW,)
    shown = _by_id(opened, desk, [*left, *(reviewed if is_kept else [])], conflicts=left)
    toast = Toast(
        words=done_words(state_after, reviewed) if reviewed else conflict_words(len(left)),
        batch_id=batch.batch_id if reviewed else None,
        trouble=conflict_words(len(left)) if reviewed and left else None,
    )
    facts: Facts = {
        "gone": [] if is_kept else reviewed,
        "changed": shown,
        "returned": [],
        "toast": toast,
        **_common(opened, asked, person),
    }
    answer = page(request, "queue_answer.html", person, **facts)
    if toast.batch_id:
        answer.headers["X-Batch-Id"] = toast.batch_id
    return answer


@router.post("/queue/undo")
def take_back(
    request: Request,
    person: Reviewer,
    opened: Writing,
    *,
    batch_id: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "",
    finding: Annotated[RowId | None, Form()] = None,
) -> Response:
    """What one action said is taken back; with `finding` its page follows instead of the queue."""
    desk = desk_of(request)
    batch = undo(opened, batch_id, reviewer=person.name, reviewed_at=desk.now())
    asked = _filter_again(opened, back, desk)
    if "HX-Request" not in request.headers:
        if finding is not None:
            return RedirectResponse(asked.url(f"/findings/{finding}"), status_code=303)
        return _back_to_queue(asked, batch)
    restored = [one.finding_id for one in batch.reviewed]
    left = [one.finding_id for one in batch.conflicts]
    facts: Facts = {
        "gone": [],
        "changed": [],
        "returned": _by_id(opened, desk, [*restored, *left], conflicts=left),
        "toast": Toast(
            words=undone_words(len(restored)) if restored else conflict_words(len(left)),
            trouble=conflict_words(len(left)) if restored and left else None,
        ),
        **_common(opened, asked, person),
    }
    return page(request, "queue_answer.html", person, **facts)


def _cards(opened: Session, desk: Desk, asked: QueueFilter, after: AfterUrgent | None) -> Cards:
    rows = waiting(opened, asked.wanted, limit=CARDS_PER_PAGE + 1, after=after)
    shown = rows[:CARDS_PER_PAGE]
    more = end_of(shown[-1]) if len(rows) > len(shown) else None
    return Cards(cards=cards_of(opened, desk.store, shown), more=more)


def _by_id(
    opened: Session, desk: Desk, finding_ids: list[int], *, conflicts: Collection[int] = ()
) -> list[QueueCard]:
    if not finding_ids:
        return []
    return cards_of(opened, desk.store, findings_by_id(opened, finding_ids), conflicts=conflicts)


def _common(opened: Session, asked: QueueFilter, person: Person) -> Facts:
    count = waiting_count(opened, asked.wanted)
    return {
        "asked": asked,
        "count": min(count, COUNTED_TO),
        "is_more": count > COUNTED_TO,
        "may_review": _may_review(person),
    }


def _may_review(person: Person) -> bool:
    return person.role.covers(Role.REVIEWER)


def _filter_again(opened: Session, query: str, desk: Desk) -> QueueFilter:
    """The filter a form came from; one that cannot be read any more is no filter."""
    try:
        return queue_filter(opened, dict(parse_qsl(query)), zone=desk.zone, now=desk.now())
    except BadFilter:
        return _EVERYTHING


def _back_to_queue(asked: QueueFilter, batch: Batch) -> Response:
    more = {"done": batch.batch_id} if batch.reviewed else {}
    if batch.conflicts:
        more["left"] = ",".join(str(one.finding_id) for one in batch.conflicts[:100])
    return RedirectResponse(asked.url("/queue", **more), status_code=303)


def _toast(opened: Session, done: str, left_ids: list[int], person: Person) -> Toast | None:
    """What an address says was just done and left undone."""
    toast = toast_of_batch(opened, done, person.name)
    if not left_ids:
        return toast
    trouble = conflict_words(len(left_ids))
    return Toast(words=trouble) if toast is None else replace(toast, trouble=trouble)
