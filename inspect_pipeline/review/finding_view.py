"""What the page of a finding shows: its pictures, where it lies, and what lies around it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from db import queries
from db.evidence import EvidenceStore
from db.models.inspections import WAITING_STATES
from db.questions.likeness import SimilarTo, similar
from db.rows import FindingDetail, FindingRow, InspectionRow
from db.surroundings import (
    FindingShape,
    NeighbourFrame,
    card_of,
    findings_at_place,
    frames_beside,
)
from db.waiting import findings_by_id, waiting_beside
from inspect_pipeline.reports.model_cards import CalibrationFacts, calibration_facts
from inspect_pipeline.review.evidence_links import difference_picture, finding_picture
from inspect_pipeline.review.queue_cards import (
    Crop,
    QueueCard,
    cards_of,
    crop_of,
    outlines_on_frame,
)
from inspect_pipeline.review.queue_filter import QueueFilter

FRAMES_EACH_WAY = 3
CARDS_OF_A_PLACE = 6


@dataclass(frozen=True, kw_only=True)
class Pane:
    """One picture of the region; `veil` is what lies over the observed one in the overlay."""

    name: str
    title: str
    sentence: str
    picture: str
    veil: str
    is_kept: bool


@dataclass(frozen=True, kw_only=True)
class FindingView:
    detail: FindingDetail
    crop: Crop
    outlines: dict[int, str]  # on the frame
    panes: tuple[Pane, ...]
    difference: Pane
    calibration: CalibrationFacts
    frame_wh: tuple[int, int]
    has_frame_picture: bool
    before_id: int | None
    after_id: int | None
    beside: list[NeighbourFrame]
    at_place: list[QueueCard]

    @property
    def row(self) -> FindingRow:
        return self.detail.finding

    @property
    def inspection(self) -> InspectionRow:
        return self.detail.inspection

    @property
    def others(self) -> tuple[Pane, ...]:
        """What the observed picture can be compared with."""
        return (*self.panes[1:], self.difference)

    @property
    def is_waiting(self) -> bool:
        return self.row.state in WAITING_STATES


def finding_view(
    opened: Session, store: EvidenceStore, finding_id: int, asked: QueueFilter
) -> FindingView:
    """Raises UnknownRecord."""
    detail = queries.finding(opened, finding_id)
    row, inspection = detail.finding, detail.inspection
    shape = FindingShape(
        finding_id=finding_id, x0=row.x0, y0=row.y0, x1=row.x1, y1=row.y1, mask=detail.mask
    )
    before_id, after_id = waiting_beside(opened, asked.wanted, row)
    near = findings_at_place(opened, row, limit=CARDS_OF_A_PLACE)
    return FindingView(
        detail=detail,
        crop=crop_of(row, shape, store),
        outlines=outlines_on_frame([shape]),
        panes=_panes(row, store),
        difference=_difference(row, store),
        calibration=calibration_facts(card_of(opened, row.model_id)),
        frame_wh=(inspection.width_px or row.evidence_x1, inspection.height_px or row.evidence_y1),
        has_frame_picture=store.has(inspection.observed_name),
        before_id=before_id,
        after_id=after_id,
        beside=frames_beside(opened, row.frame_id, each_way=FRAMES_EACH_WAY),
        at_place=cards_of(opened, store, near),
    )


@dataclass(frozen=True, kw_only=True)
class Alike:
    """A finding that looks like another; `distance` in [0, 2], 0 is the same."""

    card: QueueCard
    distance: float


def alike(opened: Session, store: EvidenceStore, finding_id: int) -> list[Alike]:
    """The nearest first. Raises QuestionRefused where nothing is known of how it looks."""
    found = similar(opened, SimilarTo(finding=finding_id, limit=CARDS_OF_A_PLACE))
    distances = dict(zip(found["finding_id"], found["distance"], strict=True))
    cards = cards_of(opened, store, findings_by_id(opened, [int(each) for each in distances]))
    near = [Alike(card=card, distance=float(distances[card.row.finding_id])) for card in cards]
    return sorted(near, key=lambda one: one.distance)


def _panes(row: FindingRow, store: EvidenceStore) -> tuple[Pane, ...]:
    observed, golden, restored = (
        finding_picture(row, which) for which in ("observed", "golden", "restored")
    )
    heat, veil = finding_picture(row, "heat", "colour"), finding_picture(row, "heat", "veil")
    shown = (
        ("observed", "Observed", "What the camera saw.", observed, "", row.observed_name),
        ("heat", "Discrepancy", "How far it departs from a good part.", heat, veil, row.heat_name),
        ("golden", "Golden", "The same place on a good part.", golden, "", row.golden_name),
        (
            "restored",
            "Restored",
            "Golden with this part's normal detail back.",
            restored,
            "",
            row.restored_name,
        ),
    )
    return tuple(
        Pane(
            name=name,
            title=title,
            sentence=sentence,
            picture=picture,
            veil=veil_of or picture,
            is_kept=store.has(stored),
        )
        for name, title, sentence, picture, veil_of, stored in shown
    )


def _difference(row: FindingRow, store: EvidenceStore) -> Pane:
    picture = difference_picture(row.finding_id, "signed")
    return Pane(
        name="difference",
        title="Difference",
        sentence="Observed minus golden: orange is brighter, blue is darker.",
        picture=picture,
        veil=picture,
        is_kept=store.has(row.observed_name) and store.has(row.golden_name),
    )
