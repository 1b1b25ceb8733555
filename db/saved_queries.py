"""Questions that people keep under a name of their own, with their parameters as written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Delete, delete, select
from sqlalchemy.orm import Session

from db.errors import QuestionRefused, UnknownRecord
from db.models import SavedQuery
from db.questions.catalogue import ask, question_named
from db.questions.parameters import parameters_from
from db.questions.selection import plant_zone

_LONGEST_NAME = 200


@dataclass(frozen=True, kw_only=True)
class SavedQueryRow:
    """`written` are the parameters as text; "7d" still means seven days before it is asked."""

    owner: str
    name: str
    question: str
    written: Mapping[str, str]
    saved_at: datetime


def save_query(
    opened: Session,
    *,
    owner: str,
    name: str,
    question: str,
    written: Mapping[str, str],
    now: datetime,
) -> SavedQueryRow:
    """Keeps a question; one of the same owner and name is replaced. Raises QuestionRefused.

    The parameters are read once, so that nothing is kept that cannot be asked.
    """
    parameters = question_named(question).parameters
    given = {field: text.strip() for field, text in written.items() if text.strip()}
    parameters_from(parameters, given, zone=plant_zone(opened), now=now)
    row = SavedQueryRow(
        owner=_checked(owner, "owner"),
        name=_name(name),
        question=question,
        written=given,
        saved_at=now,
    )
    opened.execute(_deletion(row.owner, row.name))
    opened.add(
        SavedQuery(
            owner=row.owner, name=row.name, question=question, parameters=given, saved_at=now
        )
    )
    opened.flush()
    return row


def saved_queries(opened: Session, owner: str | None = None) -> list[SavedQueryRow]:
    """Which questions are kept (by this owner)? By owner and name."""
    chosen = select(SavedQuery).order_by(SavedQuery.owner, SavedQuery.name)
    if owner is not None:
        chosen = chosen.where(SavedQuery.owner == owner)
    return [_row(saved) for saved in opened.scalars(chosen)]


def saved_query(opened: Session, *, owner: str, name: str) -> SavedQueryRow:
    """Blanks around the name do not matter, as when it was saved. Raises UnknownRecord."""
    chosen = select(SavedQuery).where(SavedQuery.owner == owner, SavedQuery.name == name.strip())
    saved = opened.scalar(chosen)
    if saved is None:
        raise UnknownRecord(f"{owner} has saved no question as {name!r}")
    return _row(saved)


def delete_query(opened: Session, *, owner: str, name: str) -> None:
    """Raises UnknownRecord."""
    saved = saved_query(opened, owner=owner, name=name)
    opened.execute(_deletion(owner, saved.name))


def ask_saved(opened: Session, *, owner: str, name: str, now: datetime) -> pd.DataFrame:
    """The answer now; raises UnknownRecord, or QuestionRefused where it no longer fits."""
    saved = saved_query(opened, owner=owner, name=name)
    return ask(opened, saved.question, saved.written, now=now)


def _deletion(owner: str, name: str) -> Delete:
    return delete(SavedQuery).where(SavedQuery.owner == owner, SavedQuery.name == name)


def _row(saved: SavedQuery) -> SavedQueryRow:
    return SavedQueryRow(
        owner=saved.owner,
        name=saved.name,
        question=saved.question,
        written={field: str(text) for field, text in saved.parameters.items()},
        saved_at=saved.saved_at,
    )


def _name(text: str) -> str:
    """Part of an address of the API, where a slash begins the next part and dots lead back."""
    name = _checked(text, "name")
    if "/" in name or not name.strip("."):
        raise QuestionRefused(
            f"name: it becomes part of an address, so write it without a slash, and more than "
            f"dots, got {name[:40]!r}",
            field="name",
        )
    return name


def _checked(text: str, field: str) -> str:
    plain = text.strip()
    if not plain or len(plain) > _LONGEST_NAME or not plain.isprintable():
        raise QuestionRefused(
            f"{field}: give 1 to {_LONGEST_NAME} printable characters, got {plain[:40]!r}",
            field=field,
        )
    return plain
