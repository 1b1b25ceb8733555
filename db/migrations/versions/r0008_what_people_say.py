"""Kept counts of what people say: verdicts, agreement, and frames they judged.

Revision r0008, after r0007.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, time, tzinfo
from itertools import combinations, groupby
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision: str = "r0008"
down_revision: str | None = "r0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_PLACE = ("line_id", "camera_id", "part")
_VERDICT = ("reviewer", "state", "is_last")
_AGREEMENT = ("reviewer", "other", "state", "other_state")
_JUDGED = ("model_id", "is_newest", "source", "passed", "defective")
_TABLES = {
    "verdict_tallies": (_VERDICT, "verdicts"),
    "verdict_days": (_VERDICT, "verdicts"),
    "agreement_tallies": (_AGREEMENT, "findings"),
    "agreement_days": (_AGREEMENT, "findings"),
    "agreement_months": (_AGREEMENT, "findings"),
    "judged_tallies": (_JUDGED, "frames"),
    "judged_days": (_JUDGED, "frames"),
}
_STATES = ("new", "confirmed", "false_alarm", "second_look")
_WORDS = {"state": _STATES, "other_state": _STATES, "source": ("audits", "reviews")}
_FLAGS = ("is_last", "is_newest", "passed", "defective")
_SETTLED = ("confirmed", "false_alarm")
_ROWS_AT_ONCE = 10_000
_HELD = 200_000  # counts that wait to be written


def upgrade() -> None:
    for table, (sorts, count) in _TABLES.items():
        op.create_table(
            table,
            sa.Column("slot_at", sa.DateTime(timezone=True), nullable=False),
            *(_sort(name) for name in (*_PLACE, *sorts)),
            sa.Column(count, sa.BigInteger(), nullable=False),
            sa.PrimaryKeyConstraint("slot_at", *_PLACE, *sorts, name=f"pk_{table}"),
        )
    _count_words()
    _count_judged_frames()
    zone = _zone()
    for table, source, begin_of in (
        ("verdict_days", "verdict_tallies", lambda slot: _day(slot, zone)),
        ("judged_days", "judged_tallies", lambda slot: _day(slot, zone)),
        ("agreement_days", "agreement_tallies", lambda slot: _day(slot, UTC)),
        ("agreement_months", "agreement_tallies", _month),
    ):
        _sum_long_slots(table, source, begin_of)


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


def _sort(name: str) -> sa.Column[Any]:
    if name in _FLAGS:
        return sa.Column(name, sa.Boolean(), nullable=False)
    if name in _WORDS:  # the CHECK gets its name, ck_<table>_<column>, from the naming convention
        kind = sa.Enum(
            *_WORDS[name], name=name, native_enum=False, create_constraint=True, length=16
        )
        return sa.Column(name, kind, nullable=False)
    return sa.Column(name, sa.String(64 if name == "model_id" else 200), nullable=False)


def _count_words() -> None:
    """What stands of everything that was said of each finding, one after the other."""
    counts: dict[str, Counter[tuple[Any, ...]]] = {
        "verdict_tallies": Counter(),
        "agreement_tallies": Counter(),
    }
    for place, said in _reviewed_findings():
        last = _last_verdicts(said)
        for one in last:
            key = (one.slot_at, *place, one.reviewer, one.state_after, one is last[-1])
            counts["verdict_tallies"][key] += 1
        for one, other in combinations(sorted(last, key=lambda review: review.reviewer), 2):
            later = max(one, other, key=lambda review: review.id)
            names, states = (one.reviewer, other.reviewer), (one.state_after, other.state_after)
            counts["agreement_tallies"][(later.slot_at, *place, *names, *states)] += 1
        if sum(map(len, counts.values())) > _HELD:
            _write(counts)
    _write(counts)


def _reviewed_findings() -> Iterator[tuple[tuple[str, ...], list[sa.Row[Any]]]]:
    chosen = sa.text(
        "SELECT r.finding_id, f.line_id, f.camera_id, f.part, r.id, r.reviewer, "
        f"{_slot('r.reviewed_at')} AS slot_at, r.state_after, r.undoes_id "
        "FROM reviews r JOIN findings f ON f.id = r.finding_id ORDER BY r.finding_id, r.id"
    )
    rows = op.get_bind().execute(chosen, execution_options={"yield_per": _ROWS_AT_ONCE})
    for _, of_finding in groupby(rows, key=itemgetter(0)):
        said = list(of_finding)
        yield tuple(said[0][1:4]), said


def _last_verdicts(said: list[sa.Row[Any]]) -> list[sa.Row[Any]]:
    """Everybody's last word that stands, by id. Taking back can itself be taken back."""
    taken_back: set[int] = set()
    for one in reversed(said):
        if one.undoes_id is not None and one.id not in taken_back:
            taken_back.add(one.undoes_id)
    last = {
        one.reviewer: one
        for one in said
        if one.undoes_id is None and one.id not in taken_back and one.state_after in _SETTLED
    }
    return sorted(last.values(), key=lambda review: review.id)


def _write(counts: dict[str, Counter[tuple[Any, ...]]]) -> None:
    """Adds what was counted to what is written, and forgets it."""
    for table, found in counts.items():
        sorts, count = _TABLES[table]
        names = ("slot_at", *_PLACE, *sorts)
        marks = ", ".join(f":{name}" for name in (*names, count))
        statement = sa.text(
            f"INSERT INTO {table} ({', '.join(names)}, {count}) VALUES ({marks}) "
            f"ON CONFLICT ({', '.join(names)}) "
            f"DO UPDATE SET {count} = {table}.{count} + excluded.{count}"
        )
        rows = [dict(zip((*names, count), (*key, found[key]), strict=True)) for key in found]
        if rows:
            op.get_bind().execute(statement, rows)
        found.clear()


def _count_judged_frames() -> None:
    """Each model's newest inspection of a frame, unless unfit, against audits and reviews."""
    counts_there = "(f.verdict <> 'rejected' OR o.outcome = 'passed')"
    judged = ", ".join(f"j.{name}" for name in _JUDGED)
    is_settled = "f.state IN ('confirmed', 'false_alarm')"
    op.execute(
        f"INSERT INTO judged_tallies (slot_at, {', '.join((*_PLACE, *_JUDGED))}, frames) "
        "WITH ranked AS (SELECT id, frame_id, model_id, outcome, "
        "id = MAX(id) OVER (PARTITION BY frame_id) AS is_newest, "
        "id = MAX(id) OVER (PARTITION BY frame_id, model_id) AS is_newest_of_model "
        "FROM inspections), "
        "opinions AS (SELECT * FROM ranked WHERE is_newest_of_model AND outcome <> 'unfit'), "
        "judged AS (SELECT o.frame_id, o.model_id, o.is_newest, 'audits' AS source, "
        "o.outcome = 'passed' AS passed, a.judgement = 'defective' AS defective "
        "FROM opinions o JOIN audits a ON a.frame_id = o.frame_id "
        "WHERE a.id = (SELECT MAX(b.id) FROM audits b WHERE b.frame_id = a.frame_id) "
        "UNION ALL SELECT o.frame_id, o.model_id, o.is_newest, 'reviews', o.outcome = 'passed', "
        "SUM(CASE WHEN f.state = 'confirmed' THEN 1 ELSE 0 END) > 0 "
        "FROM opinions o JOIN findings f ON f.inspection_id = o.id "
        "GROUP BY o.id, o.frame_id, o.model_id, o.is_newest, o.outcome "
        f"HAVING SUM(CASE WHEN {counts_there} AND NOT {is_settled} THEN 1 ELSE 0 END) = 0 "
        f"AND SUM(CASE WHEN {counts_there} AND {is_settled} THEN 1 ELSE 0 END) > 0) "
        f"SELECT {_slot('p.taken_at')}, p.line_id, p.camera_id, p.part, {judged}, "
        "COUNT(*) FROM judged j JOIN frames p ON p.id = j.frame_id "
        "GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9"
    )


def _sum_long_slots(table: str, source: str, begin_of: Callable[[datetime], datetime]) -> None:
    sorts, count = _TABLES[table]
    names = ", ".join((*_PLACE, *sorts))
    statement = sa.text(
        f"INSERT INTO {table} (slot_at, {names}, {count}) SELECT {_MOMENT[_dialect()]}, {names}, "
        f"SUM({count}) FROM {source} WHERE slot_at BETWEEN :first AND :last GROUP BY {names}"
    )
    found = op.get_bind().execute(sa.text(f"SELECT DISTINCT slot_at FROM {source} ORDER BY 1"))
    slots = [slot_at for (slot_at,) in found]
    for begin, of_begin in groupby(slots, key=lambda slot_at: begin_of(_read(slot_at))):
        within = list(of_begin)
        values = {"begin": _written(begin), "first": within[0], "last": within[-1]}
        op.get_bind().execute(statement, values)


_MOMENT = {"postgresql": "CAST(:begin AS timestamptz)", "sqlite": ":begin"}


def _dialect() -> str:
    return op.get_bind().dialect.name


def _read(stored: datetime | str) -> datetime:
    """SQLite stores times in UTC as words."""
    if isinstance(stored, str):
        return datetime.fromisoformat(stored).replace(tzinfo=UTC)
    return stored


def _written(moment: datetime) -> datetime | str:
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}" if _dialect() == "sqlite" else moment


def _zone() -> ZoneInfo:
    """Of the plant that was seen last."""
    chosen = sa.text("SELECT timezone FROM plants ORDER BY seen_at DESC LIMIT 1")
    return ZoneInfo(op.get_bind().execute(chosen).scalar() or "UTC")


def _day(moment: datetime, zone: tzinfo) -> datetime:
    day = moment.astimezone(zone).date()
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _month(moment: datetime) -> datetime:
    return _day(moment, UTC).replace(day=1)


def _slot(column: str) -> str:
    """The beginning of a time's quarter of an hour, as each database stores times."""
    if _dialect() == "postgresql":
        return f"date_bin('900 seconds', {column}, TIMESTAMPTZ '1970-01-01 00:00:00+00')"
    whole_seconds = f"substr({column}, 1, 19)"  # strftime rounds 59.9996 s up to the next minute
    start = f"(CAST(strftime('%s', {whole_seconds}) AS INTEGER) / 900) * 900"
    return f"strftime('%Y-%m-%d %H:%M:%S.000000', {start}, 'unixepoch')"
