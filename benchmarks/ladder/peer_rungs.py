"""Peers with the same pretrained backbone: what a memory or a Gaussian of good features finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.ladder.lesson import Lesson
from benchmarks.ladder.reading import Reader
from benchmarks.ladder.variant import WITHOUT_CONTEXT
from inspect_pipeline.networks.context import ContextNetwork
from inspect_pipeline.records import Picture
from inspect_pipeline.training.backbone import load_backbone
from inspect_pipeline.training.plan import TrainingOptions

Fitted = Callable[[ContextNetwork, Iterable[Picture], int], Reader]  # the last: a seed


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Fitted in about a minute, whatever the budget is: there is nothing to train."""

    backbone: str
    fitted: Fitted
    needs_base: bool = False

    @property
    def overrides(self) -> Mapping[str, Any]:
        return WITHOUT_CONTEXT

    def trains(self, _options: TrainingOptions) -> None:
        return None

    def fit(self, lesson: Lesson) -> Reader:
        split = lesson.prepared(**{**self.overrides, "part": "peer"}).split
        pictures = lesson.counted([part.pixels for part in split.train], len(split.train), "good")
        context = load_backbone(self.backbone).network
        return self.fitted(context, pictures, lesson.options.seed)
