"""Notes as they are searched: the same word in any case, width or composition of its letters.

Few reviews have a note and there are millions of reviews, so what is searched lies in a small table
of its own; what was said stays with the review, letter by letter.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from db.models import FoldedNote, Review


def folded(text: str) -> str:
    """ "Öl" and "ÖL", "17" and "\uff11\uff17" are the same (compatibility forms, case folding)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def keep_notes(opened: Session, reviews: Iterable[Review]) -> None:
    """Makes the notes of reviews that have ids findable."""
    rows = [
        {"review_id": one.id, "finding_id": one.finding_id, "folded": folded(one.note)}
        for one in reviews
        if one.note is not None
    ]
    if rows:
        opened.execute(insert(FoldedNote), rows)


def findings_noted(text: str) -> Select[int]:
    """Ids of the findings of which some review's note holds the text."""
    holds = FoldedNote.folded.contains(folded(text), autoescape=True)
    return select(FoldedNote.finding_id).where(holds)
