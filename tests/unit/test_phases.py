"""What each phase of a training teaches, and what it keeps to go on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from inspect_pipeline.networks.discriminator import Discriminator
from inspect_pipeline.networks.part_networks import PartNetworks
from inspect_pipeline.training.crops import Batch
from inspect_pipeline.training.discrepancy_phase import DiscrepancyPhase
from inspect_pipeline.training.encoder_phase import EncoderPhase
from inspect_pipeline.training.generator_phase import (
    ADVERSARIAL_EVERY,
    ADVERSARIAL_FROM,
    GeneratorPhase,
)
from inspect_pipeline.training.mapping import REMEMBERED_CODES
from inspect_pipeline.training.mapping_phase import MappingPhase
from inspect_pipeline.training.phase import Phase, load_phase, phase_tensors
from inspect_pipeline.training.plan import SHARES
from tests import make
from tests.integration.training_runs import (
    assert_equal,
)
from tests.networks.overfitting import some_batch

PHASES = list(SHARES)


def phase_of(name: str, networks: PartNetworks, discriminator: Discriminator) -> Phase:
    phases: dict[str, Callable[[], Phase]] = {
        "generator": lambda: GeneratorPhase(networks, discriminator, augment=True),
        "encoder": lambda: EncoderPhase(networks, discriminator),
        "discrepancy": lambda: DiscrepancyPhase(networks, discriminator),
        "mapping": lambda: MappingPhase(networks),
    }
    return phases[name]()


def a_phase(name: str) -> tuple[Phase, dict[str, torch.nn.Module]]:
    torch.manual_seed(1)
    config = make.network_config()
    networks, discriminator = PartNetworks(config), Discriminator(config)
    phase = phase_of(name, networks, discriminator)
    if isinstance(phase, MappingPhase):
        codes = len(networks.generator.mapping.average)
        phase.fit.seen.added(torch.randn(REMEMBERED_CODES - 2, codes))
    return phase, {"networks": networks, "discriminator": discriminator}


def stepped(phase: Phase, batch: Batch, numbers: range) -> dict[str, float]:
    losses: dict[str, float] = {}
    for number in numbers:
        torch.manual_seed(number)
        losses |= phase.step(batch, number, 0.5)
    return losses


@pytest.mark.parametrize("name", PHASES)
def test_a_phase_keeps_everything_it_needs_to_go_on(name: str) -> None:
    batch = some_batch(1)
    first, its_modules = a_phase(name)
    stepped(first, batch, range(ADVERSARIAL_FROM, ADVERSARIAL_FROM + 4))
    second, other_modules = a_phase(name)

    for key, module in other_modules.items():
        module.load_state_dict(its_modules[key].state_dict())
    load_phase(second, {key: value.clone() for key, value in phase_tensors(first).items()})
    for phase in (first, second):
        stepped(phase, batch, range(ADVERSARIAL_FROM + 4, ADVERSARIAL_FROM + 8))

    for key, module in its_modules.items():
        assert_equal(dict(module.state_dict()), dict(other_modules[key].state_dict()))


def test_the_adversary_joins_after_a_while_and_then_now_and_then() -> None:
    phase, _ = a_phase("generator")
    batch = some_batch(1)
    numbers = range(ADVERSARIAL_FROM - 1, ADVERSARIAL_FROM + ADVERSARIAL_EVERY + 1)

    joined = [number for number in numbers if "adversarial" in phase.step(batch, number, 0.5)]

    assert joined == [ADVERSARIAL_FROM, ADVERSARIAL_FROM + ADVERSARIAL_EVERY]


@pytest.mark.parametrize(
    ("name", "learns"),
    [
        ("generator", {"generator", "encoder"}),  # the generator as a moving average
        ("encoder", {"encoder"}),
        ("discrepancy", {"dipn", "dicn"}),
        ("mapping", {"generator"}),
    ],
)
def test_a_phase_changes_only_what_it_teaches(name: str, learns: set[str]) -> None:
    phase, modules = a_phase(name)
    before = {key: value.clone() for key, value in modules["networks"].state_dict().items()}

    stepped(phase, some_batch(1), range(2))

    after = modules["networks"].state_dict()
    changed = [key for key in after if not torch.equal(before[key], after[key])]
    assert {key.split(".")[0] for key in changed} == learns
    if name == "mapping":
        assert all(key.startswith("generator.mapping.") for key in changed)
