"""What a training run is going to do, and which wishes it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from inspect_pipeline.errors import UsageError
from inspect_pipeline.stages.prepare import Preparation
from inspect_pipeline.training.good_parts import Split
from inspect_pipeline.training.plan import (
    CONTEXT_SHARE,
    NO_CONTEXT,
    SHARES,
    TrainingOptions,
    TrainingPlan,
    plan_training,
)
from tests import make


def options(**changed: Any) -> TrainingOptions:
    wanted: dict[str, Any] = {"part": "bracket", "tile_px": 32, "width": 12, "budget_minutes": 10.0}
    return TrainingOptions(**{**wanted, **changed})


def plan(
    wanted: TrainingOptions | None = None,
    *,
    count: int = 8,
    how: Preparation | None = None,
    device: str = "cpu",
    frame_wh: tuple[int, int] = make.FRAME_WH,
) -> TrainingPlan:
    parts = make.good_parts(count, frame_wh=frame_wh)
    split = Split(train=tuple(parts[2:]), held_out=tuple(parts[:2]))
    return plan_training(wanted or options(), split, how or make.preparation(), device)


REFUSED = [
    ({"tile_px": 48}, r"--tile must be one of \(32, 64, 128, 256\), got 48"),
    ({"width": 16}, "--width must be a positive multiple of 12, got 16"),
    ({"width": 0}, "--width must be a positive multiple of 12, got 0"),
    ({"volume": "4d"}, "--volume must be 2d or 3d, got 4d"),
    ({"budget_minutes": 0.0}, "--budget-minutes must be at least 0.05, got 0"),
    ({"budget_minutes": float("nan")}, "--budget-minutes must be at least 0.05, got nan"),
    ({"scale": 0.0}, r"--scale must lie in \(0, 1\], got 0"),
    ({"scale": 1.5}, r"--scale must lie in \(0, 1\], got 1.5"),
    ({"signs": ""}, "signs are a list of memory, golden, local, got ''"),
    ({"signs": "memory,luck"}, "signs are a list of .*, got 'memory,luck'"),
]


@pytest.mark.parametrize(("changed", "complaint"), REFUSED)
def test_a_wish_that_cannot_be_met_names_its_option(
    changed: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        options(**changed)


@pytest.mark.parametrize("signs", ["memory,local", "local,memory", "local,memory,memory"])
def test_signs_are_taken_in_the_order_of_the_branch(signs: str) -> None:
    assert options(signs=signs).given == ("memory", "local")


def test_the_phases_share_the_whole_budget() -> None:
    planned = plan(options(budget_minutes=10.0, backbone=NO_CONTEXT))

    assert sum(planned.seconds_of(phase) for phase in SHARES) == pytest.approx(600.0)
    assert planned.seconds_of("encoder") == pytest.approx(600.0 * SHARES["encoder"])


def test_the_contextual_branch_has_its_part_of_the_budget() -> None:
    planned = plan(options(budget_minutes=10.0))

    assert planned.has_context
    assert planned.context_seconds == pytest.approx(600.0 * CONTEXT_SHARE)
    phases = sum(planned.seconds_of(phase) for phase in SHARES)
    assert phases + planned.context_seconds == pytest.approx(600.0)
    left = 600.0 * (1 - CONTEXT_SHARE)
    assert planned.seconds_of("encoder") == pytest.approx(left * SHARES["encoder"])


WITHOUT_CONTEXT = [{"backbone": NO_CONTEXT}, {"paper_mode": True}]


@pytest.mark.parametrize("changed", WITHOUT_CONTEXT)
def test_a_part_without_contextual_branch_spends_nothing_on_it(changed: dict[str, Any]) -> None:
    planned = plan(options(**changed))

    assert not planned.has_context
    assert planned.context_seconds == 0.0
    assert "contextual" not in "\n".join(planned.sentences())


def test_networks_are_as_wide_as_asked_and_see_what_the_pictures_have() -> None:
    planned = plan(options(volume="3d"), how=make.preparation(channels=3))

    assert planned.config.width == 12
    assert planned.config.channels == 3
    assert planned.config.volume == "3d"


@pytest.mark.parametrize(("tile_px", "on_cpu", "on_gpu"), [(32, 32, 128), (256, 4, 16)])
def test_the_batch_fits_tile_and_device(tile_px: int, on_cpu: int, on_gpu: int) -> None:
    wanted = options(tile_px=tile_px)

    assert plan(wanted).batch == on_cpu
    assert plan(wanted, device="cuda").batch == on_gpu


def test_few_tiles_are_augmented_and_many_are_not() -> None:
    # 6 pictures of 320 x 320 px hold 600 tiles of 32 px, counted 4 times each
    assert plan(frame_wh=(280, 280)).augment
    assert not plan(frame_wh=(320, 320)).augment


def test_tiles_are_counted_at_the_working_scale() -> None:
    assert plan(frame_wh=(320, 320), how=make.preparation(scale=0.5)).augment


def test_frame_sizes_are_those_of_all_pictures() -> None:
    planned = plan()

    assert planned.frame_wh_min == planned.frame_wh_max == make.FRAME_WH
    assert (planned.train_count, planned.held_out_count) == (6, 2)


def test_a_longer_budget_does_not_stop_a_run_from_being_resumed() -> None:
    assert plan(options(budget_minutes=1)).settings() == plan(options(budget_minutes=9)).settings()


@pytest.mark.parametrize(
    "changed",
    [
        *({"seed": 1}, {"width": 24}, {"paper_mode": True}, {"tile_px": 64}),
        *({"backbone": NO_CONTEXT}, {"signs": "memory,golden"}),
    ],
)
def test_what_changes_the_networks_changes_the_settings(changed: dict[str, Any]) -> None:
    assert plan(options(**changed)).settings() != plan(options()).settings()


def test_other_pictures_of_the_same_number_change_the_settings() -> None:
    parts = make.good_parts(9)
    first, second = (
        plan_training(
            options(),
            Split(train=tuple(chosen), held_out=tuple(parts[:2])),
            make.preparation(),
            "cpu",
        )
        for chosen in (parts[2:8], parts[3:9])
    )

    assert first.settings() != second.settings()


def test_the_plan_is_told_in_sentences() -> None:
    said = "\n".join(plan(options(backbone=NO_CONTEXT)).sentences())

    assert "6 good parts train, 2 are held out to calibrate" in said
    assert "frames of 72 x 56 px, worked at scale 1, grey, fixed grey levels" in said
    assert "tiles of 32 px, batches of 32 on cpu, networks of width 12, with DiffAugment" in said
    for phase, share in SHARES.items():
        assert f"{phase} {10 * share:.1f} min" in said


def test_the_contextual_branch_is_told_with_its_features_and_minutes() -> None:
    said = "\n".join(plan(options(backbone="features.pth")).sentences())

    assert f"contextual branch {10 * CONTEXT_SHARE:.1f} min (features.pth features)" in said
    for phase, share in SHARES.items():
        assert f"{phase} {10 * (1 - CONTEXT_SHARE) * share:.1f} min" in said


def test_steps_replace_the_minutes_of_the_contextual_branch_too() -> None:
    said = "\n".join(plan(options(steps=7, backbone="features.pth")).sentences())

    assert "contextual branch 7 steps (features.pth features)" in said


def test_colour_and_levelling_are_told_too() -> None:
    how = make.preparation(channels=3, photometric="frame", scale=0.5)

    said = "\n".join(plan(options(steps=7), how=how).sentences())

    assert "scale 0.5, colour, each frame levelled by itself" in said
    assert "generator 7 steps" in said
