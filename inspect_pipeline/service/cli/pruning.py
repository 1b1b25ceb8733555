"""`run_pipeline.py db prune`: pictures that have had their time go, after they were shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from db.engine import session
from db.kept_answers import count_answers, forget_answers
from db.pictures import PictureKind
from db.pruning import Plan, Share, plan, prune
from db.retention import Retention, Shield
from db.words import Verdict
from inspect_pipeline.errors import UsageError
from inspect_pipeline.service.cli.backups import watching
from inspect_pipeline.service.cli.database import (
    DEFAULT_URL,
    DatabaseUrl,
    EvidenceFolder,
    opened_database,
    say,
    store_of,
)

ANSWERS_DAYS = 30
_Word = TypeVar("_Word", bound=StrEnum)


def prune_database(
    db: DatabaseUrl = DEFAULT_URL,
    evidence: EvidenceFolder = None,
    keep_days: Annotated[
        str,
        typer.Option(
            metavar="VERDICT=DAYS,...",
            help="Days that pictures of findings are kept, by verdict: rejected=30,unsure=365.",
        ),
    ] = "",
    pictures: Annotated[
        str,
        typer.Option(
            metavar="KIND=DAYS,...",
            help="Days by kind of picture: golden=30,restored=30,heat=90,observed=365.",
        ),
    ] = "",
    passed_days: Annotated[
        int | None, typer.Option(min=0, help="Days that whole pictures of passed frames are kept.")
    ] = None,
    even_if: Annotated[
        list[Shield] | None,
        typer.Option(
            metavar="WHAT",
            help="Remove even if unreviewed, unreviewed-rejected, confirmed, audited or good-set; "
            "may be given more than once.",
        ),
    ] = None,
    answers_days: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=36_500,
            help="Days that programs' repeated requests are known again by their Idempotency-Key. "
            f"Default: {ANSWERS_DAYS}, whenever something is pruned.",
        ),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Remove it. Without this, only show what would go.")
    ] = False,
) -> None:
    """Remove pictures whose time is over; without --apply, only show which.

    Rows stay, with all figures, masks and reviews, and so do all counts.
    Only answers kept for programs are forgotten.
    Pictures stay where a finding is unreviewed or confirmed by a person,
    and where a frame was audited or is in the good set.
    What no option names is kept for ever.
    Stop it at any moment; the next run goes on.
    """
    rules = Retention(
        verdict_days=_days(keep_days, Verdict, "--keep-days"),
        kind_days=_days(pictures, PictureKind, "--pictures"),
        passed_days=passed_days,
        even_if=frozenset(even_if or ()),
    )
    given = (rules.verdict_days, rules.kind_days, passed_days is not None, answers_days)
    if not any(given):
        raise UsageError("nothing says how long to keep: give --keep-days, --pictures or others")
    _prune(db, evidence, rules, answers_days or ANSWERS_DAYS, apply=apply)


def _prune(
    db: str, evidence: Path | None, rules: Retention, answers_days: int, *, apply: bool
) -> None:
    store, now = store_of(db, evidence), datetime.now(UTC)
    kept_before = now - timedelta(days=answers_days)
    with opened_database(db) as engine:
        if apply:
            with watching() as watch:
                removed = prune(engine, store, rules, now=now, watch=watch)
                forgotten = forget_answers(engine, kept_before=kept_before, watch=watch)
            say(f"removed {_words(removed)}")
            say(f"forgot {_answers(forgotten, answers_days)}")
            if removed.young:
                say(
                    f"{removed.young} files of the last hour that no row names wait for a later run"
                )
            return
        with watching() as watch:
            found = plan(engine, store, rules, now=now, watch=watch)
        with session(engine, read_only=True) as opened:
            old = count_answers(opened, kept_before=kept_before)
    if found.total.rows or found.total.files:
        Console().print(_table(found))
    say(f"would forget {_answers(old, answers_days)}")
    say(f"would remove {_words(found.total)}: give --apply to do it")


def _days(written: str, words: type[_Word], option: str) -> dict[_Word, int]:
    """`rejected=30,unsure=365` as a mapping."""
    days: dict[_Word, int] = {}
    for one in filter(None, (piece.strip() for piece in written.split(","))):
        name, _, number = one.partition("=")
        if name not in list(words) or not number.isdecimal() or len(number) > 6:
            known = ", ".join(words)
            raise UsageError(f"{option} {one!r}: write NAME=DAYS with a name of {known}")
        days[words(name)] = int(number)
    return days


def _table(found: Plan) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("of")
    table.add_column("picture")
    for name in ("in rows", "files", "MB"):
        table.add_column(name, justify="right")
    for (sort, kind), share in sorted(found.shares.items()):
        if share.rows or share.files:
            megabytes = f"{share.size_bytes / 1e6:,.1f}"
            table.add_row(sort, kind, f"{share.rows:,}", f"{share.files:,}", megabytes)
    return table


def _answers(count: int, days: int) -> str:
    return f"{count} answers to programs that are older than {days} days"


def _words(share: Share) -> str:
    return f"{share.files} files of {share.size_bytes / 1e6:.1f} MB, named {share.rows} times"
