"""What a page says of the action that led to it, and whether it can be taken back."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from db.waiting import reviews_of_batch
from inspect_pipeline.review.wording import done_words, undone_words

_BATCH = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, kw_only=True)
class Toast:
    """What just happened; `batch_id` where it can be taken back, with the finding to go back to."""

    words: str
    batch_id: str | None = None
    trouble: str | None = None
    finding_id: int | None = None


def toast_of_batch(opened: Session, batch_id: str, reviewer: str) -> Toast | None:
    """Of an action of this person that an address names; anything else says nothing."""
    said = reviews_of_batch(opened, batch_id) if _BATCH.fullmatch(batch_id) else []
    if not said or said[0].reviewer != reviewer:
        return None
    if said[0].undoes_id is not None:
        return Toast(words=undone_words(len(said)))
    finding_ids = [review.finding_id for review in said]
    return Toast(
        words=done_words(said[0].state_after, finding_ids),
        batch_id=batch_id,
        finding_id=finding_ids[0] if len(finding_ids) == 1 else None,
    )
