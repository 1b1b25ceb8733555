"""The simulated line behind the protocol of a camera: numbered, repeatable, faulty on demand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, Self

from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.capture.lossless import png_of
from inspect_pipeline.capture.simulated.endless_web import SimulatedWeb, WebDefect
from inspect_pipeline.capture.simulated.faults import (
    Fault,
    FaultKind,
    FaultPlan,
    blurred,
    corrupted,
    darkened,
    dirtied,
)
from inspect_pipeline.capture.simulated.line import SimulatedLine
from inspect_pipeline.errors import CameraEnded
from inspect_pipeline.records import Picture


class Scenery(Protocol):
    """What passes under a simulated camera; every picture has a number."""

    @property
    def name(self) -> str: ...

    @property
    def is_web(self) -> bool: ...

    def picture(self, index: int) -> Picture: ...

    def encoder(self, index: int, /) -> int | None: ...


@dataclass(frozen=True)
class PartsUnderCamera:
    """One part per picture."""

    line: SimulatedLine
    is_web: bool = False

    @property
    def name(self) -> str:
        return self.line.material

    def picture(self, index: int) -> Picture:
        return self.line.frame_at(index).frame.pixels

    def encoder(self, _index: int) -> int | None:
        return None


@dataclass(frozen=True, kw_only=True)
class WebUnderCamera:
    """Consecutive blocks of lines of an endless web, and an encoder that turns with it.

    The encoder's counter may stand anywhere when the roll begins, and begins again at 0 after
    2 ** `counter_bits` counts. `counts_per_line` None: there is no encoder.
    """

    web: SimulatedWeb
    lines_per_block: int
    counts_per_line: float | None = None
    counter_at_begin: int = 0
    counter_bits: int = 32
    is_web: bool = True

    @property
    def name(self) -> str:
        return "web"

    def picture(self, index: int) -> Picture:
        return self.web.lines(*self._range(index))

    def encoder(self, index: int) -> int | None:
        if self.counts_per_line is None:
            return None
        counted = round(self._range(index)[0] * self.counts_per_line)
        return (self.counter_at_begin + counted) % (1 << self.counter_bits)

    def defects(self, blocks: int) -> list[WebDefect]:
        """The truth about so many blocks from the beginning."""
        return self.web.defects(0, blocks * self.lines_per_block)

    def _range(self, index: int) -> tuple[int, int]:
        return index * self.lines_per_block, (index + 1) * self.lines_per_block


@dataclass(frozen=True, kw_only=True)
class Pace:
    """`in_real_time`: a shot every `period_s`; else as fast as they are asked for.

    The times that stand on the shots are `period_s` apart either way.
    """

    period_s: float = 1.0
    in_real_time: bool = False
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


class SimulatedCamera:
    """A Camera of a scenery. Shot i depends on the scenery, the faults and i only.

    `after_sequence`: shots up to this number are done with; opened again, it begins behind the
    last one that was acknowledged. Where it does not run in real time, a shot that is held up is
    one wait without an answer.
    """

    def __init__(
        self,
        scenery: Scenery,
        *,
        start_at: datetime,
        pace: Pace | None = None,
        shots: int | None = None,
        plan: FaultPlan | None = None,
        after_sequence: int = -1,
    ) -> None:
        self.scenery = scenery
        self.plan = plan or FaultPlan()
        self._pace = pace or Pace()
        self._start_at, self._shots = start_at, shots
        self._safe = after_sequence
        self._next = after_sequence + 1
        self._again: Shot | None = None
        self._ready_s: float | None = None  # when the next shot is there; None: not turned to yet
        self._last_s: float | None = None

    def __enter__(self) -> Self:
        self._next, self._again, self._ready_s, self._last_s = self._safe + 1, None, None, None
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to let go of."""

    def wait(self, timeout_s: float) -> Shot | Gap | None:
        if self._again is not None:
            shot, self._again = self._again, None
            return shot
        self._pass_over_dropped()
        if self._shots is not None and self._next >= self._shots:
            raise CameraEnded(f"the simulated line has made its {self._shots} shots")
        if not self._is_there(timeout_s):
            return None
        faults = self.faults_at(self._next)
        shot = self._shot(self._next, faults)
        self._next += 1
        self._again = shot if FaultKind.DUPLICATE in faults else None
        return shot

    def acknowledge(self, shot: Shot) -> None:
        assert shot.sequence is not None, "every simulated shot has a number"
        self._safe = max(self._safe, shot.sequence)

    def suffer(self, kind: FaultKind, *, shots: int = 1, seconds: float = 1.0) -> Fault:
        """From the next shot on; what hit which shot is told by `faults_at`."""
        fault = Fault(kind=kind, first=self._next, shots=shots, seconds=seconds)
        self.plan = replace(self.plan, faults=(*self.plan.faults, fault))
        self._ready_s = None
        return fault

    def faults_at(self, index: int) -> dict[FaultKind, Fault]:
        return self.plan.at(index)

    def _pass_over_dropped(self) -> None:
        while (
            self._shots is None or self._next < self._shots
        ) and FaultKind.DROP in self.faults_at(self._next):
            self._next += 1
            self._ready_s = None

    def _is_there(self, timeout_s: float) -> bool:
        """Waits for the next shot for so long at most."""
        if self._ready_s is None:
            self._ready_s = self._due_s()
            if not self._pace.in_real_time and self._late_s() > 0.0:
                return False
        if self._pace.in_real_time:
            left_s = self._ready_s - self._pace.clock()
            if left_s > timeout_s:
                self._pace.pause(timeout_s)
                return False
            if left_s > 0.0:
                self._pace.pause(left_s)
            self._last_s = self._ready_s
        self._ready_s = None
        return True

    def _due_s(self) -> float:
        now_s = self._pace.clock()
        due_s = now_s if self._last_s is None else self._last_s + self._pace.period_s
        return max(due_s, now_s + self._late_s()) if self._late_s() else due_s

    def _late_s(self) -> float:
        faults = self.faults_at(self._next)
        held_up = [faults[kind] for kind in (FaultKind.STALL, FaultKind.SLOW) if kind in faults]
        return sum(fault.seconds for fault in held_up)

    def _shot(self, index: int, faults: dict[FaultKind, Fault]) -> Shot:
        content = png_of(self._seen(index, faults))
        return Shot(
            content=corrupted(content) if FaultKind.CORRUPT in faults else content,
            taken_at=self._start_at + timedelta(seconds=index * self._pace.period_s),
            source=f"simulated://{self.scenery.name}/{index}",
            sequence=index,
            encoder=self.scenery.encoder(index),
        )

    def _seen(self, index: int, faults: dict[FaultKind, Fault]) -> Picture:
        if FaultKind.FROZEN in faults:
            return self._frozen(index)
        pixels = self.scenery.picture(index)
        if FaultKind.BLURRED in faults:
            pixels = blurred(pixels)
        if FaultKind.LENS_DIRT in faults:
            pixels = dirtied(pixels, seed=self.plan.seed, lines_only=self.scenery.is_web)
        if FaultKind.DARK in faults:
            pixels = darkened(pixels)
        return pixels

    def _frozen(self, index: int) -> Picture:
        """The last picture before it froze; the first one where it never moved."""
        while index > 0 and FaultKind.FROZEN in self.faults_at(index):
            index -= 1
        faults = self.faults_at(index)
        return self._seen(index, {kind: faults[kind] for kind in faults if kind != "frozen"})
