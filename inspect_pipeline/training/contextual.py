"""The contextual branch of a part: a memory of its good features, and a head taught by synthetic
defects to weigh what is far from that memory.

Runs on a finished part model, through the very functions that inspect, so that the head learns from
golden pictures and local evidence as they will be. First the memory: context features of most
training pictures, thinned to those that lie farthest apart (greedy k-centre, as PatchCore does).
Then a bank of the other pictures, most of them with planted defects, seen once by all networks:
what is rare but good is as far from the memory there as it will be tomorrow, and the head learns
which signs to trust. Then the head learns from the bank until its time is over. No test picture and
no held-out picture is seen.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch

from inspect_pipeline.bundle import PartModel, rounded_context
from inspect_pipeline.networks.context import ContextNetwork
from inspect_pipeline.networks.contextual import (
    LEVELS,
    USUALLY_GIVEN,
    Contextual,
    ContextualConfig,
    Given,
)
from inspect_pipeline.training.bank import Bank, fill_bank
from inspect_pipeline.training.losses import dice, disorder, focal
from inspect_pipeline.training.memory import Picture, Watch, remember
from inspect_pipeline.training.optimisers import adam, descend, scheduled

BANK_SHARE, MAX_BANK = 0.6, 1200  # of the time after the memory; pieces
HEAD_SHARE = 0.25  # of the whole time, whatever came before
BATCH = 8
RATE, BETAS = 2e-3, (0.9, 0.99)
FOCAL_WEIGHT, ORDER_WEIGHT = 5.0, 0.5


@dataclass(frozen=True, kw_only=True)
class ContextualPlan:
    """How long, and how much. `steps` replaces the time budget (for tests)."""

    seconds: float
    seed: int = 0
    members: int = 1200
    given: tuple[Given, ...] = USUALLY_GIVEN
    pieces: int = MAX_BANK
    steps: int | None = None

    @classmethod
    def of(
        cls,
        *,
        seconds: float,
        seed: int,
        steps: int | None,
        given: tuple[Given, ...] = USUALLY_GIVEN,
    ) -> Self:
        """The usual plan; with `steps` a tiny one, of as many batches of pieces as steps."""
        usual = cls(seconds=seconds, seed=seed, given=given)
        if steps is None:
            return usual
        return replace(usual, members=64, pieces=BATCH * steps, steps=steps)


@dataclass(frozen=True, kw_only=True)
class ContextualReport:
    contextual: Contextual
    figures: dict[str, Any]


def learn_contextual(
    model: PartModel,
    remembered: Sequence[Picture],
    unseen: Sequence[Picture],
    context: ContextNetwork,
    plan: ContextualPlan,
    *,
    watch: Watch | None = None,
) -> ContextualReport:
    """Both sets are prepared training pictures (C, h, w) of good parts, and share no part.

    `remembered` fill the memory, `unseen` the bank. The model's own branch, if any, is not used.
    """
    config = ContextualConfig(members=plan.members, given=plan.given)
    torch.manual_seed(plan.seed)
    contextual = Contextual(config, rounded_context(context)).eval()
    look = watch or _unwatched
    started = time.monotonic()
    with torch.inference_mode():
        remember(contextual, remembered, plan.seed, look)
        remembered_s = time.monotonic() - started
        bank = fill_bank(
            model,
            contextual,
            unseen,
            look,
            seed=plan.seed,
            most=plan.pieces,
            seconds=BANK_SHARE * (plan.seconds - remembered_s) if plan.steps is None else None,
        )
    filled_s = time.monotonic() - started - remembered_s
    left_s = max(HEAD_SHARE * plan.seconds, plan.seconds - remembered_s - filled_s)
    steps, loss = _teach(contextual, bank, plan, left_s, look)
    contextual.requires_grad_(False).eval()
    figures = {
        "pictures_remembered": len(remembered),
        "pictures_unseen_by_memory": len(unseen),
        "memory_members": {
            level.name: len(memory.members)  # type: ignore[arg-type]
            for level, memory in zip(LEVELS, contextual.memories, strict=True)
        },
        "bank_pieces": len(bank.pieces),
        "steps": steps,
        "final_loss": round(loss, 4),
        "minutes": {
            "memory": round(remembered_s / 60, 2),
            "bank": round(filled_s / 60, 2),
            "head": round((time.monotonic() - started - remembered_s - filled_s) / 60, 2),
        },
    }
    return ContextualReport(contextual=contextual, figures=figures)


def _teach(
    contextual: Contextual, bank: Bank, plan: ContextualPlan, seconds: float, watch: Watch
) -> tuple[int, float]:
    """Steps made and the smoothed loss at the end."""
    head = contextual.head.train()
    optimiser = adam([*head.parameters()], RATE, BETAS)
    started, smooth, step = time.monotonic(), math.nan, 0
    parts = 100
    for part in watch(range(parts), parts, "evidence head"):
        while (done := _done(plan, step, started, seconds)) * parts < part + 1:
            signs, mask = bank.batch(BATCH)
            log_odds = head(signs)
            loss = FOCAL_WEIGHT * focal(log_odds, mask) + dice(log_odds, mask)
            loss = loss + ORDER_WEIGHT * disorder(log_odds, mask)
            descend(optimiser, loss, scheduled(RATE, step, done))
            smooth = loss.item() if step == 0 else 0.98 * smooth + 0.02 * loss.item()
            step += 1
    return step, smooth


def _done(plan: ContextualPlan, step: int, started: float, seconds: float) -> float:
    if plan.steps is not None:
        return step / plan.steps
    return (time.monotonic() - started) / max(seconds, 1.0)


def _unwatched(numbers: Iterable[int], _total: int, _what: str) -> Iterable[int]:
    return numbers
