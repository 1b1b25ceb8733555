"""One card per finding: its frame, its pictures side by side, and the facts behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from db.errors import EvidenceError
from db.evidence import EvidenceStore
from db.rows import FindingDetail, FindingRow
from inspect_pipeline.geometry import Box, grown
from inspect_pipeline.records import Mask, Picture
from inspect_pipeline.reports.drawing import (
    PLANTED,
    HeatScale,
    data_uri,
    enlarged,
    jpeg_of,
    outlined,
    overlay,
    png_of,
    reduced,
    reduced_with_box,
)
from inspect_pipeline.reports.stored import heat_of, mask_of, picture_of
from inspect_pipeline.reports.truth import Fate, Planted
from inspect_pipeline.reports.truth_section import Mark, Missed

FRAME_LONGEST_PX = 720
STRIP_LONGEST_PX = 480
CLOSEUP_MARGIN_PX = 24
WIDE, LONG = 2.2, 5.0  # width through height from which pictures stand two or one in a row

FATE_SENTENCES = {
    Fate.FOUND: "A finding reports it.",
    Fate.REJECTED: "It was noticed, and verification rejected it.",
    Fate.UNNOTICED: "Nothing there exceeded the threshold.",
    Fate.UNFIT: "The frame could not be inspected.",
}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A picture on the page, or why there is none."""

    title: str
    sentence: str
    uri: str | None = None
    problem: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Card:
    detail: FindingDetail
    mark: Mark | None
    frame: Shown
    strip: tuple[Shown, ...]
    pictures_in_a_row: int  # 4, 2 or 1, by the shape of the region
    scale: HeatScale


@dataclass(frozen=True, kw_only=True, eq=False)
class MissedCard:
    missed: Missed
    sentence: str
    frame: Shown
    closeup: Shown


def finding_card(
    detail: FindingDetail, store: EvidenceStore, *, scale: HeatScale, mark: Mark | None
) -> Card:
    """Pictures that are missing or damaged leave their place to the reason."""
    finding = detail.finding
    shape = (finding.evidence_x1 - finding.evidence_x0) / (
        finding.evidence_y1 - finding.evidence_y0
    )
    return Card(
        detail=detail,
        mark=mark,
        frame=_frame(detail, store),
        strip=_strip(detail, store, scale),
        pictures_in_a_row=1 if shape > LONG else 2 if shape > WIDE else 4,
        scale=scale,
    )


def missed_card(missed: Missed, store: EvidenceStore, observed: Picture | None) -> MissedCard:
    """`observed` is the frame where the database kept none."""
    problem = "No picture of this frame was kept."
    try:
        if missed.frame.observed_name is not None:
            observed = picture_of(store.get(missed.frame.observed_name))
    except EvidenceError as error:
        problem = str(error)
    frame = Shown(title="Frame", sentence="The rectangle is around the planted defect.")
    closeup = Shown(title="Observed", sentence="The line encloses the planted defect.")
    if observed is None:
        frame, closeup = replace(frame, problem=problem), replace(closeup, problem=problem)
    else:
        frame = replace(frame, uri=_planted_frame(observed, missed.planted))
        closeup = replace(closeup, uri=_planted_closeup(observed, missed.planted))
    return MissedCard(
        missed=missed, sentence=FATE_SENTENCES[missed.fate], frame=frame, closeup=closeup
    )


def finding_overlay(detail: FindingDetail, store: EvidenceStore, scale: HeatScale) -> Picture:
    """What the camera saw under the heat's colours, the finding outlined. Raises EvidenceError."""
    row = detail.finding
    observed, heat = picture_of(store.get(row.observed_name)), heat_of(store.get(row.heat_name))
    covered = overlay(observed, heat, low=scale.low, high=scale.high)
    return outlined(covered, _mask_in_evidence(detail, heat.shape))


def _frame(detail: FindingDetail, store: EvidenceStore) -> Shown:
    title, sentence = "Frame", "The whole frame; the rectangle is around the finding."
    name = detail.inspection.observed_name
    if name is None:
        return Shown(title=title, sentence=sentence, problem="The whole frame was not kept.")
    try:
        observed = picture_of(store.get(name))
    except EvidenceError as error:
        return Shown(title=title, sentence=sentence, problem=str(error))
    box = _box(detail.finding)
    marked = reduced_with_box(observed, box, longest_px=FRAME_LONGEST_PX)
    return Shown(title=title, sentence=sentence, uri=data_uri(jpeg_of(marked)))


def _strip(detail: FindingDetail, store: EvidenceStore, scale: HeatScale) -> tuple[Shown, ...]:
    row = detail.finding
    return (
        _shown(
            "Observed",
            "What the camera saw.",
            lambda: picture_of(store.get(row.observed_name)),
        ),
        _shown(
            "Difference",
            "How far it departs from a good part; the line encloses the finding.",
            lambda: finding_overlay(detail, store, scale),
        ),
        _shown(
            "Golden",
            "The same place as a good part would show it.",
            lambda: picture_of(store.get(row.golden_name)),
        ),
        _shown(
            "Restored",
            "Golden with this part's normal detail back, the suspicious left out.",
            lambda: picture_of(store.get(row.restored_name)),
        ),
    )


def _shown(title: str, sentence: str, drawn: Callable[[], Picture]) -> Shown:
    try:
        picture = drawn()
    except EvidenceError as error:
        return Shown(title=title, sentence=sentence, problem=str(error))
    return Shown(title=title, sentence=sentence, uri=_strip_uri(picture))


def _mask_in_evidence(detail: FindingDetail, shape: tuple[int, ...]) -> Mask:
    """The finding's mask (h, w) in the coordinates of its pictures."""
    row, box = detail.finding, _box(detail.finding)
    whole = np.zeros(shape, dtype=np.bool_)
    x0, y0 = box.x0 - row.evidence_x0, box.y0 - row.evidence_y0
    whole[y0 : y0 + box.height_px, x0 : x0 + box.width_px] = mask_of(detail.mask, box)
    return whole


def _planted_frame(observed: Picture, planted: Planted) -> str:
    marked = reduced_with_box(observed, planted.box, PLANTED, longest_px=FRAME_LONGEST_PX)
    return data_uri(jpeg_of(marked))


def _planted_closeup(observed: Picture, planted: Planted) -> str:
    height, width = observed.shape[:2]
    whole = np.zeros((height, width), dtype=np.bool_)
    whole[planted.box.slices] = planted.mask
    near = grown(planted.box, margin_px=CLOSEUP_MARGIN_PX, frame_wh=(width, height)).slices
    return _strip_uri(outlined(observed[near], whole[near], PLANTED))


def _strip_uri(picture: Picture) -> str:
    sized = enlarged(reduced(picture, longest_px=STRIP_LONGEST_PX), longest_px=STRIP_LONGEST_PX)
    return data_uri(png_of(sized))


def _box(row: FindingRow) -> Box:
    return Box(x0=row.x0, y0=row.y0, x1=row.x1, y1=row.y1)
