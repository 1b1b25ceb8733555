"""How lamp and lens of the cameras are, for programs; over time the question `input-health`."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from db.input_health import WatchRow, watches
from inspect_pipeline.review.access import Viewer
from inspect_pipeline.review.api.refusals import refusals
from inspect_pipeline.review.transactions import Reading

router = APIRouter(prefix="/api/v1", tags=["plant"])


class FigureHealth(BaseModel):
    mean: float = Field(description="When all was well.")
    low: float = Field(description="Below this it is told.")
    high: float = Field(description="Above this it is told.")
    now: float = Field(description="Smoothed over the last few hundred frames.")
    out_since: datetime | None = Field(description="Since when it is outside; null: it is not.")


class CameraHealthOut(BaseModel):
    line_id: str
    camera_id: str
    part: str
    kept_at: datetime = Field(description="When the newest frame was taken.")
    learned_at: datetime | None = Field(description="Null: what is usual is still learned.")
    learned_share: float = Field(description="How far the learning is, 0 to 1.")
    figures: dict[str, FigureHealth] = Field(description="By name, such as brightness.")
    score_far: float = Field(description="How far scores of passed frames moved, -1 to 1.")
    score_out_since: datetime | None
    unfit_out_since: datetime | None
    out: list[str] = Field(description="What is not as when all was well, by name.")

    @classmethod
    def of(cls, row: WatchRow) -> CameraHealthOut:
        return cls(
            line_id=row.line_id,
            camera_id=row.camera_id,
            part=row.part,
            kept_at=row.kept_at,
            learned_at=row.learned_at,
            learned_share=row.learned_share,
            figures={name: FigureHealth(**vars(one)) for name, one in row.limits.items()},
            score_far=row.score_far,
            score_out_since=row.score_out_since,
            unfit_out_since=row.unfit_out_since,
            out=row.out,
        )


class CameraHealthList(BaseModel):
    cameras: list[CameraHealthOut]


@router.get(
    "/cameras/health",
    operation_id="list_camera_health",
    summary="How lamp and lens of each camera are now",
    responses=refusals(),
)
def list_camera_health(_person: Viewer, opened: Reading) -> CameraHealthList:
    """By camera and part, of those that the plant's own program has inspected."""
    return CameraHealthList(cameras=[CameraHealthOut.of(row) for row in watches(opened)])
