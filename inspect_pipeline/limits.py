"""The limits of one part: where a region starts, how large it is, when a defect is believed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True, kw_only=True)
class VerificationLimits:
    """Shares of a region that restoration explains: what is believed, what is rejected.

    A region is confirmed as a defect when restoring explains at most `confirm_below` of it,
    rejected as a weakness of the model above `reject_above`, and left to people in between.
    """

    reject_above: float
    confirm_below: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.confirm_below <= self.reject_above <= 1.0:
            raise ValueError(
                f"0 <= confirm_below <= reject_above <= 1 must hold, "
                f"got {self.confirm_below} and {self.reject_above}"
            )


LEFT_TO_PEOPLE = VerificationLimits(reject_above=1.0, confirm_below=0.0)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Scores are raw evidence log-odds, lengths are pixels of the frame, `explained` is a share.

    A region needs `min_area_px` connected pixels above `threshold`; it then spreads to everything
    connected above `low_threshold`, across gaps of about twice `closing_px`. `reject_above` and
    `confirm_below` are those of VerificationLimits.
    """

    threshold: float
    low_threshold: float
    min_area_px: int
    closing_px: int
    reject_above: float
    confirm_below: float

    def __post_init__(self) -> None:
        self._check_types()
        if self.low_threshold > self.threshold:
            raise ValueError(
                f"low_threshold must not exceed threshold, "
                f"got {self.low_threshold} and {self.threshold}"
            )
        if self.min_area_px < 1:
            raise ValueError(f"min_area_px must be at least 1, got {self.min_area_px}")
        if self.closing_px < 0:
            raise ValueError(f"closing_px must not be negative, got {self.closing_px}")
        VerificationLimits(reject_above=self.reject_above, confirm_below=self.confirm_below)

    def to_dict(self) -> dict[str, float | int]:
        """Plain numbers under the field names, for a file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, object]) -> Limits:
        """What `to_dict` gave; ValueError names keys that are missing, unknown or not numbers."""
        known = {field.name for field in fields(cls)}
        if missing := sorted(known - set(stored)):
            raise ValueError(f"limits lack {', '.join(missing)}")
        if unknown := sorted(set(stored) - known):
            raise ValueError(f"limits do not know {', '.join(unknown)}")
        return cls(**stored)  # type: ignore[arg-type]  # __post_init__ checks each type

    def _check_types(self) -> None:
        for name in ("min_area_px", "closing_px"):
            if not _is_whole(getattr(self, name)):
                raise ValueError(f"{name} must be a whole number, got {getattr(self, name)!r}")
        for name in ("threshold", "low_threshold", "reject_above", "confirm_below"):
            if not _is_finite(getattr(self, name)):
                raise ValueError(f"{name} must be a finite number, got {getattr(self, name)!r}")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)
