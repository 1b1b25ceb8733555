"""Pictures: what a row names, and nothing else. They never change, so a browser may keep them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response

from db.errors import EvidenceError, EvidenceMissing
from db.evidence import EvidenceStore
from db.surroundings import Named, named_by_finding, named_by_good_frame, named_by_inspection
from inspect_pipeline.reports.drawing import HeatScale
from inspect_pipeline.reports.model_cards import calibration_facts
from inspect_pipeline.reports.stored import heat_of, picture_of
from inspect_pipeline.review import pictures
from inspect_pipeline.review.access import signed_in
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.fields import RowId
from inspect_pipeline.review.transactions import Reading

router = APIRouter(dependencies=[Depends(signed_in)])

KINDS = {".png": "image/png", ".tiff": "image/tiff"}
KEPT = "private, max-age=31536000, immutable"
_NOT_NAMED = "No finding or frame has this picture."


@router.get("/evidence/{name:path}")
def show_picture(
    request: Request,
    opened: Reading,
    name: str,
    *,
    finding: RowId | None = None,
    inspection: RowId | None = None,
    good: RowId | None = None,
    shown: Annotated[Literal["", "colour", "veil", "small"], Query(alias="as")] = "",
) -> Response:
    """The file as it was stored, or heat in colours (`colour`, `veil`), or a `small` frame.

    The address says which finding or inspection has the picture, or which frame of a good set
    (review.evidence_links).
    """
    store = desk_of(request).store
    named: Named | None = None
    if finding is not None:
        named = named_by_finding(opened, finding)
    elif inspection is not None:
        named = named_by_inspection(opened, inspection)
    elif good is not None:
        named = named_by_good_frame(opened, good)
    if named is None or name not in named.names or not _is_name(store, name):
        raise HTTPException(404, _NOT_NAMED)
    suffix = PurePosixPath(name).suffix
    if suffix not in KINDS:
        raise HTTPException(404, _NOT_NAMED)
    is_heat = suffix == ".tiff"
    if shown and is_heat != (shown in {"colour", "veil"}):
        raise HTTPException(422, "as: colour and veil are for heat, small is for pictures")
    if not shown:
        return _kept(request, name, KINDS[suffix], lambda: store.get(name))
    scale = calibration_facts(named.model_card).scale
    mark = f"{name}-{shown}-{scale.low:g}-{scale.high:g}"
    return _kept(request, mark, "image/png", lambda: _drawn(store.get(name), shown, scale))


@router.get("/findings/{finding_id}/difference")
def show_difference(
    request: Request,
    opened: Reading,
    finding_id: RowId,
    shown: Annotated[Literal["signed", "absolute"], Query(alias="as")] = "signed",
) -> Response:
    """Observed minus golden as a picture."""
    store = desk_of(request).store
    named = named_by_finding(opened, finding_id)
    if named is None:
        raise HTTPException(404, _NOT_NAMED)
    observed, golden = named.names[:2]
    draw = {
        "signed": pictures.signed_difference,
        "absolute": pictures.absolute_difference,
    }[shown]
    return _kept(
        request,
        f"{observed}-{golden}-{shown}",
        "image/png",
        lambda: draw(picture_of(store.get(observed)), picture_of(store.get(golden))),
    )


def _is_name(store: EvidenceStore, name: str) -> bool:
    try:
        store.path(name)
    except EvidenceError:
        return False
    return True


def _drawn(content: bytes, shown: str, scale: HeatScale) -> bytes:
    if shown == "small":
        return pictures.small(picture_of(content))
    draw = pictures.heat_colours if shown == "colour" else pictures.heat_veil
    return draw(heat_of(content), scale)


def _kept(request: Request, mark: str, kind: str, content: Callable[[], bytes]) -> Response:
    """304 where the browser has it already; a file that is gone is said without its path."""
    headers = {
        "Cache-Control": KEPT,
        "ETag": f'"{mark}"',
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    try:
        return Response(content(), media_type=kind, headers=headers)
    except EvidenceMissing as error:
        raise HTTPException(404, "This picture is not kept any more.") from error
