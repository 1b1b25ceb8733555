"""Evidence that recurs at a place on good parts, and what lies beyond it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from inspect_pipeline.records import DiscrepancyMap, Heat
from inspect_pipeline.stages.familiar import PLAY_PX, beyond_familiar, familiar_map
from inspect_pipeline.training.familiar import learn_familiar
from tests import make


def heat(spots: dict[tuple[int, int], float], floor: float = -5.0) -> Heat:
    values = np.full((40, 50), floor, dtype=np.float32)
    for (row, column), value in spots.items():
        values[row, column] = value
    return values


def test_familiar_is_the_highest_evidence_around_each_place() -> None:
    familiar = familiar_map([heat({(20, 20): 3.0}), heat({(20, 20): 1.0})])

    assert familiar[20, 20] == 3.0
    assert familiar[20 + PLAY_PX, 20 - PLAY_PX] == 3.0
    assert familiar[20 + PLAY_PX + 1, 20] == -5.0


def test_evidence_at_a_familiar_place_counts_only_beyond_it() -> None:
    familiar = familiar_map([heat({(20, 20): 3.0})])

    beyond = beyond_familiar(DiscrepancyMap(values=heat({(20, 20): 4.5, (5, 5): 1.0})), familiar)

    assert beyond.values[20, 20] == pytest.approx(1.5)
    assert beyond.values[5, 5] == pytest.approx(6.0)


def test_evidence_that_is_not_beyond_the_familiar_is_never_a_suspect() -> None:
    familiar = familiar_map([heat({(20, 20): 3.0})])

    beyond = beyond_familiar(DiscrepancyMap(values=heat({(20, 20): 2.0})), familiar)

    assert beyond.values.max() <= 0.0
    assert beyond.values[0, 0] == -5.0


def test_without_a_familiar_map_the_evidence_stays_as_it_is() -> None:
    plain = DiscrepancyMap(values=heat({(20, 20): 2.0}))

    assert beyond_familiar(plain, None) is plain


def test_a_familiar_map_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="familiar map"):
        beyond_familiar(DiscrepancyMap(values=heat({})), np.zeros((3, 3), dtype=np.float32))


def test_frames_of_changing_size_have_no_familiar_places() -> None:
    parts = make.good_parts(4)
    model = make.part_model()
    grown = replace(model.origin, frame_wh_max=(500, 500))

    report = learn_familiar(replace(model, origin=grown), parts[:2], parts[2:])

    assert report.familiar is None
    assert report.figures["used"] is False


def test_no_place_is_familiar_below_what_is_suspect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Good parts that are never suspect: the map takes nothing off and adds nothing."""
    monkeypatch.setattr("inspect_pipeline.training.familiar.MIN_GAIN", -1.0)
    model = make.part_model(contextual=make.contextual(given=("memory",)))
    torch.nn.init.constant_(model.contextual.head.log_odds.bias, -50.0)  # type: ignore[union-attr, arg-type]
    parts = make.good_parts(4)

    report = learn_familiar(model, parts[:2], parts[2:])

    assert report.familiar is not None
    assert (report.familiar == 0).all()
    assert report.figures["planted_auroc_with"] == report.figures["planted_auroc_without"]


def test_the_map_is_used_only_where_planted_defects_are_found_better_with_it() -> None:
    parts = make.good_parts(6)

    report = learn_familiar(make.part_model(), parts[:3], parts[3:])

    gain = report.figures["planted_auroc_with"] - report.figures["planted_auroc_without"]
    assert (report.familiar is not None) == report.figures["used"]
    assert report.figures["used"] == (gain > 0.01)
