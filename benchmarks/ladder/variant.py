"""A rung of the ladder: a name, what it says of itself, and how it learns from a lesson."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from benchmarks.ladder.base import base_options, base_seconds, name_of
from benchmarks.ladder.lesson import Lesson
from benchmarks.ladder.reading import Reader
from inspect_pipeline.training.plan import NO_CONTEXT, TrainingOptions, TrainingPlan


class Recipe(Protocol):
    """How a variant learns. It is given a lesson, never a data set."""

    @property
    def overrides(self) -> Mapping[str, Any]:
        """Training options in which it differs from the ladder's."""

    @property
    def needs_base(self) -> bool: ...

    def trains(self, options: TrainingOptions, /) -> str | None:
        """Name of what it trains beyond the base, None for nothing. Equal names are shared."""

    def fit(self, lesson: Lesson) -> Reader: ...


@dataclass(frozen=True, kw_only=True)
class Variant:
    name: str
    says: str
    recipe: Recipe
    shows_fidelity: bool = False

    def options(self, options: TrainingOptions) -> TrainingOptions:
        return replace(options, **self.recipe.overrides)

    def base_name(self, options: TrainingOptions) -> str | None:
        """Which base it stands on; None for none. Variants of one name share it."""
        return name_of(base_options(self.options(options))) if self.recipe.needs_base else None


WITHOUT_CONTEXT: Mapping[str, Any] = {"backbone": NO_CONTEXT}


def rung_seconds(plan: TrainingPlan, *, needs_base: bool) -> float:
    """What is left of the budget for the rung itself: every variant costs the same in all."""
    whole = plan.options.budget_minutes * 60
    return whole - base_seconds(plan) if needs_base else whole
