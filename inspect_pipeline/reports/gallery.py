"""The pictures worth a look after an evaluation: kept while it runs, a few of each group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from inspect_pipeline.records import FramePictures, Mask


@dataclass(frozen=True, kw_only=True, eq=False)
class EvaluatedImage:
    """One picture of a test set. The pictures behind it matter only while it is offered."""

    name: str  # relative path with forward slashes, such as test/scratch/000.png
    kind: str  # of defect; "good" for good parts
    label: int  # 1 = defective
    score: float  # raw
    decision: int  # 1 = the program fails the frame
    pictures: FramePictures | None = None
    truth: Mask | None = None  # (H, W), where the defect is known to be

    def __post_init__(self) -> None:
        if self.label not in (0, 1) or self.decision not in (0, 1):
            raise ValueError(f"{self.name}: label and decision are 0 or 1, got {self!r}")
        if self.score != self.score or abs(self.score) == float("inf"):
            raise ValueError(f"{self.name}: a raw score must be a finite number, got {self.score}")

    def without_pictures(self) -> EvaluatedImage:
        return replace(self, pictures=None, truth=None)


class Group(StrEnum):
    """Why a picture is shown; the words also begin the names of its files."""

    MISS = "miss"
    FALSE_ALARM = "false-alarm"
    DETECTION = "detection"


def group_of(image: EvaluatedImage) -> Group | None:
    """A good part that passes is in no group."""
    if image.label == 1:
        return Group.DETECTION if image.decision == 1 else Group.MISS
    return Group.FALSE_ALARM if image.decision == 1 else None


class Gallery:
    """Fed one picture at a time; keeps the `keep` most telling of each group.

    The worst misses have the lowest scores, the worst false alarms and the best detections the
    highest; of equal scores the name decides, so the order of feeding does not matter.
    """

    def __init__(self, *, keep: int = 6) -> None:
        if keep < 0:
            raise ValueError(f"keep must not be negative, got {keep}")
        self._keep = keep
        self._groups: dict[Group, list[EvaluatedImage]] = {group: [] for group in Group}

    def offer(self, image: EvaluatedImage) -> EvaluatedImage:
        """Keeps the picture if it is telling; returns it without pictures, for the list of all."""
        group = group_of(image)
        if group is not None and image.pictures is not None:
            best = sorted([*self._groups[group], image], key=_order(group))
            self._groups[group] = best[: self._keep]
        return image.without_pictures()

    def shown(self) -> Iterator[tuple[Group, tuple[EvaluatedImage, ...]]]:
        """The groups with the most telling picture first; empty groups too."""
        return ((group, tuple(images)) for group, images in self._groups.items())


def _order(group: Group) -> Callable[[EvaluatedImage], tuple[float, str]]:
    sign = 1.0 if group is Group.MISS else -1.0
    return lambda image: (sign * image.score, image.name)
