"""The plant that never was: lines, cameras, parts, models, people, and the year they worked.

Six lines with two cameras each. Lines 1 to 4 change their part every week, lines 5 and 6 run webs.
Each part has two models: the second takes over during the year, after two weeks in which both
looked at some of the frames; one part went back to its first model for a while.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PLANT = "Plant North"
ZONE = "Europe/Berlin"
BEGIN = datetime(2025, 4, 1, tzinfo=UTC)
DAYS = 365
END = BEGIN + timedelta(days=DAYS)
SHADOW_DAYS = 14  # both models look at some frames before the second one takes over
KINDS = ("scratch", "dent", "stain", "hole", "crack", "print")
NO_KIND = len(KINDS)  # its place in lists of kinds
ROLL_PITCH_MM = 471.2  # circumference of a roll of 150 mm


@dataclass(frozen=True, kw_only=True)
class PartOfYear:
    """`takes_over` is the day of the year on which its second model comes into use."""

    name: str
    width_px: int
    height_px: int
    mm_per_px: float
    takes_over: int
    is_web: bool = False


PARTS = (
    PartOfYear(name="bracket", width_px=1280, height_px=960, mm_per_px=0.1, takes_over=143),
    PartOfYear(name="gear", width_px=1024, height_px=1024, mm_per_px=0.05, takes_over=205),
    PartOfYear(name="flange", width_px=1280, height_px=960, mm_per_px=0.08, takes_over=260),
    PartOfYear(name="housing", width_px=1600, height_px=1200, mm_per_px=0.1, takes_over=118),
    PartOfYear(name="cover", width_px=1280, height_px=960, mm_per_px=0.12, takes_over=300),
    PartOfYear(name="bearing", width_px=1024, height_px=1024, mm_per_px=0.04, takes_over=190),
    PartOfYear(
        name="cloth", width_px=2048, height_px=1600, mm_per_px=0.4, takes_over=230, is_web=True
    ),
    PartOfYear(
        name="foil", width_px=2048, height_px=1600, mm_per_px=0.4, takes_over=170, is_web=True
    ),
)
LINES = tuple(f"line-{number}" for number in range(1, 7))
CAMERAS = tuple(f"{line}-cam-{side}" for line in LINES for side in "ab")
_PARTS_OF_LINE = ((0, 1, 2), (1, 2, 0), (3, 4, 5), (4, 5, 3), (6,), (7,))
REVIEWERS = ("ada", "bela", "carla", "deniz", "emil", "farah", "goran", "hanna")
RETURNED = 0  # the place of the part that went back to its first model


def line_of(camera: int) -> int:
    return camera // 2


def part_of(camera: int, day: int) -> int:
    """Which part stood before a camera on a day? By place in PARTS."""
    parts = _PARTS_OF_LINE[line_of(camera)]
    return parts[(day // 7) % len(parts)]


def model_of(part: int, number: int) -> str:
    """The id of a part's first (0) or second (1) model."""
    return sha256_of(f"model {number} of {PARTS[part].name}")


def config_of(part: int) -> str:
    return sha256_of(f"settings of {PARTS[part].name}")


def model_in_use(part: int, day: int) -> int:
    """0 or 1. The returned part has its first model again in the second fortnight after."""
    since = day - PARTS[part].takes_over
    if since < 0 or (part == RETURNED and 14 <= since < 28):
        return 0
    return 1


def both_look(part: int, day: int) -> bool:
    return -SHADOW_DAYS <= day - PARTS[part].takes_over < 0


def sha256_of(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()
