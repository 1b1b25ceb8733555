"""Findings against planted defects: literal masks, literal counts."""

from __future__ import annotations

import numpy as np
import pytest

from inspect_pipeline.geometry import Box
from inspect_pipeline.reports.truth import (
    Fate,
    FoundRegion,
    KindTally,
    Planted,
    match_frame,
    tally,
)
from inspect_pipeline.reports.truth_section import marks

SHA = "a" * 64


def planted(x0: int, y0: int, x1: int, y1: int, kind: str = "scratch") -> Planted:
    box = Box(x0=x0, y0=y0, x1=x1, y1=y1)
    return Planted(kind=kind, box=box, mask=np.ones((y1 - y0, x1 - x0), dtype=bool))


def found(
    finding_id: int, x0: int, y0: int, x1: int, y1: int, *, rejected: bool = False
) -> FoundRegion:
    box = Box(x0=x0, y0=y0, x1=x1, y1=y1)
    mask = np.ones((y1 - y0, x1 - x0), dtype=bool)
    return FoundRegion(finding_id=finding_id, box=box, mask=mask, is_rejected=rejected)


@pytest.mark.parametrize(
    ("region", "fate"),
    [
        (found(1, 10, 10, 12, 12), Fate.FOUND),  # the same pixels
        (found(1, 15, 10, 17, 12), Fate.FOUND),  # its first column, 15, is the last one grown into
        (found(1, 16, 10, 17, 12), Fate.UNNOTICED),
        (found(1, 10, 14, 12, 15), Fate.FOUND),
        (found(1, 10, 15, 12, 16), Fate.UNNOTICED),
        (found(1, 5, 5, 8, 8), Fate.FOUND),  # its last corner, (7, 7), is the first one grown into
        (found(1, 4, 4, 7, 7), Fate.UNNOTICED),
        (found(1, 10, 10, 12, 12, rejected=True), Fate.REJECTED),
    ],
)
def test_a_defect_is_found_by_what_comes_within_3_px(region: FoundRegion, fate: Fate) -> None:
    defect = planted(10, 10, 13, 12)  # columns 10 to 12, rows 10 and 11; grown: 7 to 15, 7 to 14

    assert match_frame(SHA, [defect], [region]).fates == (fate,)


def test_boxes_that_overlap_are_not_enough() -> None:
    ring = np.ones((30, 30), dtype=bool)
    ring[2:28, 2:28] = False
    around = FoundRegion(
        finding_id=1, box=Box(x0=0, y0=0, x1=30, y1=30), mask=ring, is_rejected=False
    )

    match = match_frame(SHA, [planted(14, 14, 16, 16)], [around])

    assert (match.fates, match.false_alarms) == ((Fate.UNNOTICED,), (1,))


def test_a_rejected_region_does_not_hide_a_confirmed_one() -> None:
    regions = [found(1, 10, 10, 12, 12, rejected=True), found(2, 12, 10, 14, 12)]

    assert match_frame(SHA, [planted(10, 10, 13, 12)], regions).fates == (Fate.FOUND,)


def test_one_finding_may_report_two_defects() -> None:
    defects = [planted(10, 10, 12, 12, "pit"), planted(20, 10, 22, 12, "crack")]

    match = match_frame(SHA, defects, [found(7, 8, 8, 24, 14)])

    assert match.fates == (Fate.FOUND, Fate.FOUND)
    assert match.kinds_touched == {7: ("pit", "crack")}
    assert match.false_alarms == ()


def test_on_a_good_frame_every_finding_that_was_not_rejected_is_a_false_alarm() -> None:
    regions = [found(1, 0, 0, 5, 5), found(2, 9, 9, 12, 12, rejected=True)]

    assert match_frame(SHA, [], regions).false_alarms == (1,)


def test_a_defect_on_an_unfit_frame_is_not_found_and_says_why() -> None:
    match = match_frame(SHA, [planted(0, 0, 2, 2)], [], is_unfit=True)

    assert match.fates == (Fate.UNFIT,)


def test_the_tally_counts_defects_by_kind_and_false_alarms_by_finding() -> None:
    pit, crack = planted(10, 10, 12, 12, "pit"), planted(40, 40, 44, 44, "crack")
    matches = [
        match_frame("a" * 64, [pit, crack], [found(1, 10, 10, 12, 12), found(2, 80, 80, 90, 90)]),
        match_frame("b" * 64, [pit], []),
        match_frame("c" * 64, [], [found(3, 1, 1, 3, 3), found(4, 9, 9, 11, 11)]),
        match_frame("d" * 64, [], [found(5, 1, 1, 3, 3, rejected=True)]),
    ]

    counted = tally(matches)

    assert counted.kinds == (
        KindTally(kind="crack", planted=1, found=0),
        KindTally(kind="pit", planted=2, found=1),
    )
    assert (counted.planted, counted.found, counted.false_alarms) == (3, 1, 3)
    assert (counted.frames, counted.good_frames, counted.good_frames_alarmed) == (4, 2, 1)


def test_every_finding_of_a_known_frame_is_marked() -> None:
    regions = [
        found(1, 10, 10, 12, 12),
        found(2, 10, 10, 12, 12, rejected=True),
        found(3, 50, 50, 60, 60),
        found(4, 50, 50, 60, 60, rejected=True),
    ]

    said = marks(match_frame(SHA, [planted(10, 10, 12, 12)], regions))

    assert {number: mark.words for number, mark in said.items()} == {
        1: "planted: scratch",
        2: "planted: scratch, wrongly rejected",
        3: "false alarm",
        4: "rightly rejected",
    }
    assert [said[number].tone for number in (1, 2, 3, 4)] == ["good", "bad", "bad", "good"]


def test_a_frame_mask_is_cut_to_its_box() -> None:
    mask = np.zeros((20, 30), dtype=bool)
    mask[4, 7] = mask[6, 9] = True

    defect = Planted.of("pit", mask)

    assert defect.box == Box(x0=7, y0=4, x1=10, y1=7)
    assert defect.mask.tolist() == [
        [True, False, False],
        [False, False, False],
        [False, False, True],
    ]


def test_an_empty_mask_cannot_be_planted() -> None:
    with pytest.raises(ValueError, match="planted pit is empty"):
        Planted.of("pit", np.zeros((4, 4), dtype=bool))
