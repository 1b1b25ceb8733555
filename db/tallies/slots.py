"""The slots in which counts are kept, and which of them together cover a time: pure rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Generic, Protocol, TypeVar

QUARTER = timedelta(minutes=15)  # every time zone and shift begins at a multiple of it
HOUR = timedelta(hours=1)
PLACE_CELLS = 24  # per side of the frame
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T")


class Slots(Protocol):
    """One way to cut time without gaps."""

    def begin(self, moment: datetime) -> datetime:
        """Of the slot that a moment lies in, in UTC."""

    def end(self, moment: datetime) -> datetime:
        """Of the same slot: the beginning of the next one."""


@dataclass(frozen=True)
class Every:
    """Slots of one length, counted from the beginning of a day of UTC."""

    length: timedelta

    def begin(self, moment: datetime) -> datetime:
        return _EPOCH + (moment - _EPOCH) // self.length * self.length

    def end(self, moment: datetime) -> datetime:
        return self.begin(moment) + self.length


@dataclass(frozen=True)
class Days:
    """From midnight to midnight on the clock of a zone: 23 to 25 hours."""

    zone: tzinfo

    def begin(self, moment: datetime) -> datetime:
        return self._midnight(moment, 0)

    def end(self, moment: datetime) -> datetime:
        return self._midnight(moment, 1)

    def _midnight(self, moment: datetime, later: int) -> datetime:
        day = moment.astimezone(self.zone).date() + timedelta(days=later)
        return datetime.combine(day, time(), tzinfo=self.zone).astimezone(UTC)


@dataclass(frozen=True)
class Months:
    """Of UTC."""

    def begin(self, moment: datetime) -> datetime:
        first = moment.astimezone(UTC).replace(day=1)
        return first.replace(hour=0, minute=0, second=0, microsecond=0)

    def end(self, moment: datetime) -> datetime:
        return self.begin(self.begin(moment) + timedelta(days=32))


@dataclass(frozen=True)
class Piece(Generic[T]):
    """A stretch of time and what it is counted from; None is open. `since` counts, `until` not."""

    source: T
    since: datetime | None
    until: datetime | None


def pieces(
    since: datetime | None, until: datetime | None, levels: Sequence[tuple[T, Slots]], finest: T
) -> list[Piece[T]]:
    """A time as whole slots of the longest kind, and what is left at its ends as shorter ones.

    `levels` from long to short; each boundary of one is a boundary of the next. `finest` takes what
    no level covers. In the order of time.
    """
    if since is not None and until is not None and since >= until:
        return []
    if not levels:
        return [Piece(finest, since, until)]
    (source, slots), *shorter = levels
    first = None if since is None else _at_or_after(since, slots)
    last = None if until is None else slots.begin(until)
    if first is not None and last is not None and first >= last:
        return pieces(since, until, shorter, finest)
    return [
        *(pieces(since, first, shorter, finest) if since is not None else []),
        Piece(source, first, last),
        *(pieces(last, until, shorter, finest) if until is not None else []),
    ]


def place_cell(place: float) -> int:
    """The cell of a share of the frame's side; the far edge belongs to the last one."""
    return min(max(int(place * PLACE_CELLS), 0), PLACE_CELLS - 1)


def _at_or_after(moment: datetime, slots: Slots) -> datetime:
    begin = slots.begin(moment)
    return moment if begin == moment else slots.end(moment)
