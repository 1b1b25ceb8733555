"""What a card of the queue shows of a finding."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from db.evidence import EvidenceStore
from db.models.inspections import WAITING_STATES
from db.rows import FindingRow, ReviewRow
from db.surroundings import FindingShape, shapes
from db.waiting import last_reviews
from inspect_pipeline.geometry import Box
from inspect_pipeline.reports.stored import mask_of
from inspect_pipeline.review.outlines import outline


@dataclass(frozen=True, kw_only=True)
class Crop:
    """The region with its surroundings as a drawing: the pictures' size and the region's edge."""

    width_px: int
    height_px: int
    outline: str
    has_observed: bool
    has_golden: bool


@dataclass(frozen=True, kw_only=True)
class QueueCard:
    """`said`: the last answer, if any. `is_conflict`: it came before the reader's own."""

    row: FindingRow
    crop: Crop
    said: ReviewRow | None
    is_conflict: bool = False

    @property
    def seen(self) -> str:
        """Which finding, in which version: what a form sends back."""
        return f"{self.row.finding_id}:{self.row.version}"

    @property
    def is_waiting(self) -> bool:
        return self.row.state in WAITING_STATES


def cards_of(
    opened: Session,
    store: EvidenceStore,
    rows: Sequence[FindingRow],
    *,
    conflicts: Collection[int] = (),
) -> list[QueueCard]:
    """One card per row, in their order."""
    finding_ids = [row.finding_id for row in rows]
    found, said = shapes(opened, finding_ids), last_reviews(opened, finding_ids)
    return [
        QueueCard(
            row=row,
            crop=crop_of(row, found[row.finding_id], store),
            said=said.get(row.finding_id),
            is_conflict=row.finding_id in conflicts,
        )
        for row in rows
    ]


def outlines_on_frame(shapes: Iterable[FindingShape]) -> dict[int, str]:
    """The edge of each region in pixels of the frame, by finding."""
    return {shape.finding_id: _edge(shape, x0=shape.x0, y0=shape.y0) for shape in shapes}


def crop_of(row: FindingRow, shape: FindingShape, store: EvidenceStore) -> Crop:
    return Crop(
        width_px=row.evidence_x1 - row.evidence_x0,
        height_px=row.evidence_y1 - row.evidence_y0,
        outline=_edge(shape, x0=row.x0 - row.evidence_x0, y0=row.y0 - row.evidence_y0),
        has_observed=store.has(row.observed_name),
        has_golden=store.has(row.golden_name),
    )


def _edge(shape: FindingShape, *, x0: int, y0: int) -> str:
    box = Box(x0=shape.x0, y0=shape.y0, x1=shape.x1, y1=shape.y1)
    return outline(mask_of(shape.mask, box), x0=x0, y0=y0)
