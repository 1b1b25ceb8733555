"""What stands in the plant, and which models inspect there."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from db import catalogue, plants, queries
from inspect_pipeline.review.access import Viewer
from inspect_pipeline.review.api.fields import ShortText
from inspect_pipeline.review.api.frame_models import (
    ActivationList,
    ActivationOut,
    CameraList,
    CameraOut,
    LineList,
    LineOut,
    ModelList,
    ModelOut,
    PartList,
    PartOut,
)
from inspect_pipeline.review.api.refusals import refusals
from inspect_pipeline.review.transactions import Reading

router = APIRouter(prefix="/api/v1", tags=["plant"])


class ActivationQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    part: ShortText | None = Field(default=None, description="Only this part.")


@router.get("/lines", operation_id="list_lines", summary="Lines, by name", responses=refusals())
def list_lines(_person: Viewer, opened: Reading) -> LineList:
    """Every line that a frame came from or that the plant file names."""
    return LineList(lines=[LineOut.of(row) for row in plants.lines(opened)])


@router.get(
    "/cameras", operation_id="list_cameras", summary="Cameras, by name", responses=refusals()
)
def list_cameras(_person: Viewer, opened: Reading) -> CameraList:
    """Every camera that a frame came from, with the line where it stands now."""
    return CameraList(cameras=[CameraOut.of(row) for row in plants.cameras(opened)])


@router.get("/parts", operation_id="list_parts", summary="Parts, by name", responses=refusals())
def list_parts(_person: Viewer, opened: Reading) -> PartList:
    """Every part that was inspected or that the plant file names."""
    return PartList(parts=[PartOut.of(row) for row in plants.parts(opened)])


@router.get(
    "/models", operation_id="list_models", summary="Models, newest first", responses=refusals()
)
def list_models(_person: Viewer, opened: Reading) -> ModelList:
    """Every model that has inspected here, with its card as it was then."""
    return ModelList(models=[ModelOut.of(row) for row in queries.models(opened)])


@router.get(
    "/models/activations",
    operation_id="list_activations",
    summary="Which model was in use when",
    responses=refusals(),
)
def list_activations(
    _person: Viewer, opened: Reading, asked: Annotated[ActivationQuery, Query()]
) -> ActivationList:
    """By part, newest first; a rollback is a return to a model that was in use before."""
    rows = catalogue.activations(opened, asked.part)
    return ActivationList(activations=[ActivationOut.of(row) for row in rows])
