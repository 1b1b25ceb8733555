"""The context network: torchvision's names, sizes at odd sides, and no eye for the neighbours."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from inspect_pipeline.networks.context import (
    CONTEXT_CHANNELS,
    IMAGENET,
    ContextNetwork,
    Contexts,
    Normalisation,
)

NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
AS_IT_IS = Normalisation(mean=(0.0, 0.0, 0.0), deviation=(1.0, 1.0, 1.0))
TO_PLUS_MINUS_ONE = Normalisation(mean=(0.5, 0.5, 0.5), deviation=(0.5, 0.5, 0.5))


def lively(normalisation: Normalisation = IMAGENET) -> ContextNetwork:
    """A network whose features keep a spread through all layers, with statistics of its own."""
    torch.manual_seed(5)
    network = ContextNetwork(normalisation)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 1.5)  # type: ignore[arg-type]
    return network


def names_of_torchvision() -> set[str]:
    """Its mobilenet_v2 up to features.13: a stem, a block that does not widen, twelve that do."""
    convolutions = {"features.0.0", "features.1.conv.0.0", "features.1.conv.1"}
    norms = {"features.0.1", "features.1.conv.0.1", "features.1.conv.2"}
    for block in range(2, 14):
        convolutions |= {f"features.{block}.conv.{place}" for place in ("0.0", "1.0", "2")}
        norms |= {f"features.{block}.conv.{place}" for place in ("0.1", "1.1", "3")}
    return {f"{name}.weight" for name in convolutions} | {f"{n}.{k}" for n in norms for k in NORM}


SHAPES_OF_TORCHVISION = {
    "features.0.0.weight": (32, 3, 3, 3),
    "features.1.conv.0.0.weight": (32, 1, 3, 3),
    "features.1.conv.1.weight": (16, 32, 1, 1),
    "features.2.conv.0.0.weight": (96, 16, 1, 1),
    "features.3.conv.1.0.weight": (144, 1, 3, 3),
    "features.4.conv.2.weight": (32, 144, 1, 1),
    "features.7.conv.0.1.running_mean": (192,),
    "features.7.conv.2.weight": (64, 192, 1, 1),
    "features.10.conv.3.bias": (64,),
    "features.11.conv.2.weight": (96, 384, 1, 1),
    "features.13.conv.0.0.weight": (576, 96, 1, 1),
    "features.13.conv.3.running_var": (96,),
}


def test_parameters_bear_the_names_of_torchvision() -> None:
    names = ContextNetwork().state_dict().keys()

    assert names == names_of_torchvision() | {"mean", "deviation"}


def test_parameters_have_the_shapes_of_torchvision() -> None:
    state = ContextNetwork().state_dict()

    assert {key: tuple(state[key].shape) for key in SHAPES_OF_TORCHVISION} == SHAPES_OF_TORCHVISION


def test_only_the_first_block_of_a_stage_lacks_a_shortcut() -> None:
    blocks = list(ContextNetwork().features)[1:]

    lacking = [number for number, block in enumerate(blocks, 1) if not block.has_shortcut]

    assert lacking == [1, 2, 4, 7, 11]


SIZES = [
    ((32, 32), [(8, 8), (4, 4), (2, 2)]),
    ((33, 47), [(9, 12), (5, 6), (3, 3)]),
    ((100, 61), [(25, 16), (13, 8), (7, 4)]),
    ((64, 256), [(16, 64), (8, 32), (4, 16)]),
]


@pytest.mark.parametrize(("side", "sizes"), SIZES)
@torch.no_grad()
def test_a_side_that_does_not_divide_evenly_is_rounded_up(
    side: tuple[int, int], sizes: list[tuple[int, int]]
) -> None:
    contexts = ContextNetwork()(torch.rand(2, 3, *side))

    expected = [(2, c, *size) for c, size in zip(CONTEXT_CHANNELS, sizes, strict=True)]
    assert [tuple(maps.shape) for maps in contexts] == expected
    assert CONTEXT_CHANNELS == (24, 32, 160)


@torch.no_grad()
def test_contexts_are_what_the_named_layers_give() -> None:
    network = lively(AS_IT_IS)
    pictures = torch.rand(1, 3, 48, 40)

    contexts = network(pictures)

    assert torch.equal(contexts.quarter, network.features[:4](pictures))
    assert torch.equal(contexts.eighth, network.features[:7](pictures))
    assert torch.equal(contexts.sixteenth[:, :64], network.features[:11](pictures))
    assert torch.equal(contexts.sixteenth[:, 64:], network.features[:14](pictures))


@torch.no_grad()
def test_a_block_widens_filters_narrows_and_adds_what_came_in() -> None:
    state = {
        key.removeprefix("features.3.conv."): value
        for key, value in lively().state_dict().items()
        if key.startswith("features.3.")
    }
    x = torch.randn(2, 24, 9, 7)

    y = normed(mixed(x, state["0.0.weight"]), state, "0.1").clamp(0, 6)
    y = nn.functional.conv2d(y, state["1.0.weight"], padding=1, groups=144)  # channel by channel
    y = normed(y, state, "1.1").clamp(0, 6)
    y = normed(mixed(y, state["2.weight"]), state, "3") + x

    torch.testing.assert_close(lively().features[3](x), y)


def mixed(x: Tensor, weight: Tensor) -> Tensor:
    """A convolution of 1 x 1 px, written as a product of matrices."""
    return (weight[:, :, 0, 0] @ x.flatten(2)).view(len(x), len(weight), *x.shape[2:])


def normed(x: Tensor, state: dict[str, Tensor], place: str) -> Tensor:
    """A batch norm in evaluation mode."""
    weight, bias, mean, variance = (
        state[f"{place}.{kind}"][:, None, None]
        for kind in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - mean) / (variance + 1e-5).sqrt() * weight + bias


@torch.no_grad()
def test_pictures_are_normalised_inside() -> None:
    pictures = torch.rand(1, 3, 32, 32)

    inside = lively(TO_PLUS_MINUS_ONE)(pictures)

    assert_alike(inside, lively(AS_IT_IS)((pictures - 0.5) / 0.5))


@torch.no_grad()
def test_the_normalisation_travels_with_the_weights() -> None:
    network = ContextNetwork()

    network.load_state_dict(lively(TO_PLUS_MINUS_ONE).state_dict())

    assert network.mean.flatten().tolist() == [0.5, 0.5, 0.5]
    pictures = torch.rand(1, 3, 32, 32)
    assert_alike(network(pictures), lively(TO_PLUS_MINUS_ONE)(pictures))


@torch.no_grad()
def test_a_grey_picture_is_repeated_over_the_colours() -> None:
    network = lively()
    grey = torch.rand(2, 1, 40, 32)

    assert_alike(network(grey), network(grey.repeat(1, 3, 1, 1)))


@pytest.mark.parametrize("mode", [True, False])
@torch.no_grad()
def test_a_picture_alone_and_in_a_batch_gives_the_same_features(mode: bool) -> None:
    network = lively()
    nn.Sequential(network).train(mode)
    pictures = torch.rand(3, 3, 48, 48) * torch.tensor([1.0, 0.1, 3.0]).view(3, 1, 1, 1)

    together = network(pictures)

    assert all(maps.std() > 0.1 for maps in together)
    for number in range(3):
        alone = network(pictures[number : number + 1])
        assert_alike(alone, Contexts(*(maps[number : number + 1] for maps in together)))


@torch.no_grad()
def test_training_around_it_leaves_its_statistics_alone() -> None:
    network = lively()
    before = {key: value.clone() for key, value in network.state_dict().items()}

    around = nn.Sequential(network).train()
    around(torch.rand(2, 3, 32, 32))

    assert around.training
    assert not any(module.training for module in network.modules())
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


REFUSED = [
    ((1, 2, 32, 32), "pictures: expected shape"),
    ((1, 4, 32, 32), "pictures: expected shape"),
    ((1, 3, 31, 64), "at least 32 px, got 31 x 64"),
    ((1, 3, 64, 31), "at least 32 px, got 64 x 31"),
]


@pytest.mark.parametrize(("shape", "complaint"), REFUSED)
def test_pictures_that_do_not_fit_are_refused_at_the_door(
    shape: tuple[int, ...], complaint: str
) -> None:
    with pytest.raises(AssertionError, match=complaint):
        ContextNetwork()(torch.rand(shape))


def assert_alike(found: tuple[Tensor, ...], expected: tuple[Tensor, ...]) -> None:
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
