"""What rules look at: recent history as plain records, and what they say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from db.words import EventKind, Outcome, Severity, Verdict


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Where something happened; None is everywhere."""

    line_id: str | None = None
    camera_id: str | None = None
    part: str | None = None

    @property
    def words(self) -> str:
        """`cam-1 on line-1, bracket`, as far as it is known."""
        where = " on ".join(one for one in (self.camera_id, self.line_id) if one)
        return ", ".join(one for one in (where, self.part) if one) or "the plant"


@dataclass(frozen=True, kw_only=True)
class SeenFinding:
    """`web_mm` is where along a web, None on parts; `place_x`, `place_y` are in [0, 1]."""

    finding_id: int
    spot: Spot
    taken_at: datetime
    verdict: Verdict
    severity: Severity
    kind: str | None
    place_x: float
    place_y: float
    across_mm: float
    web_mm: float | None


@dataclass(frozen=True, kw_only=True)
class SeenInspection:
    spot: Spot
    taken_at: datetime
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How the inspections of one quarter of an hour ended."""

    slot_at: datetime
    spot: Spot
    passed: int = 0
    failed: int = 0
    unfit: int = 0


@dataclass(frozen=True, kw_only=True)
class SeenEvent:
    key: str
    at: datetime
    kind: EventKind
    severity: Severity
    spot: Spot
    text: str
    figure: str = ""  # of lamp and lens: which of them changed
    is_over: bool = False


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A camera gave a frame at `from_at` and the next at `to_at`; None: none since."""

    spot: Spot
    from_at: datetime
    to_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class LateInspection:
    spot: Spot
    taken_at: datetime
    inspected_at: datetime


@dataclass(frozen=True, kw_only=True)
class WaitingChange:
    """How many more (or fewer) findings waited from `at` on."""

    at: datetime
    by: int


@dataclass(frozen=True, kw_only=True)
class History:
    """Only what the rule asks for is filled in, each in the order of time."""

    findings: tuple[SeenFinding, ...] = ()
    inspections: tuple[SeenInspection, ...] = ()
    counts: tuple[Counts, ...] = ()
    events: tuple[SeenEvent, ...] = ()
    gaps: tuple[Gap, ...] = ()
    late: tuple[LateInspection, ...] = ()
    waiting_before: int = 0
    waiting: tuple[WaitingChange, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a rule says at a moment. The same thing has the same `key` whenever it is looked at.

    `thing` tells apart what happens at one spot for different reasons: each is an alert of its own.
    `is_end`: what the rule called out at this spot is over.
    """

    key: str
    at: datetime
    spot: Spot
    text: str
    severity: Severity
    finding_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    thing: str = ""
    is_end: bool = False
