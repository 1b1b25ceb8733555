"""How many frames of one place were inspected, and how many failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from db.overview import Share


@dataclass(frozen=True, kw_only=True)
class PlaceRate:
    """`inspected` leaves out what was unfit."""

    line_id: str
    part: str
    camera_id: str
    inspected: int
    failed: int
    unfit: int

    @property
    def share(self) -> Share:
        """Of what was inspected, what failed."""
        return Share(count=self.failed, of=self.inspected)

    @property
    def unfit_share(self) -> Share:
        """Of all frames, what could not be inspected."""
        return Share(count=self.unfit, of=self.inspected + self.unfit)


def added(rates: Iterable[PlaceRate]) -> PlaceRate:
    """All together; what they do not share of line, part and camera is left empty."""
    known = list(rates)
    names = {
        name: found.pop() if len(found := {getattr(rate, name) for rate in known}) == 1 else ""
        for name in ("line_id", "part", "camera_id")
    }
    return PlaceRate(
        **names,
        inspected=sum(rate.inspected for rate in known),
        failed=sum(rate.failed for rate in known),
        unfit=sum(rate.unfit for rate in known),
    )
