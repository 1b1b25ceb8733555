"""Findings as COCO: one image per frame, one annotation per finding, one category per kind.

Segmentations are uncompressed run lengths of the whole frame, column by column, beginning with the
pixels outside: what pycocotools reads as they are. `bbox` is x, y, width, height in pixels of the
frame, `area` the pixels of the mask. What COCO has no word for stands under `attributes`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from db.chosen import ChosenFinding
from db.masks import decode_mask
from inspect_pipeline.errors import ExportRefused

UNNAMED_KIND = "defect"  # the category of findings whose kind nobody knows
NameOf = Callable[[ChosenFinding], str]


def write_coco(
    file: IO[bytes],
    batches: Iterable[list[ChosenFinding]],
    *,
    told: dict[str, Any],
    name_of: NameOf | None = None,
) -> int:
    """Writes while it reads; how many annotations. `told` goes to `info`.

    `name_of` gives an image its file name; without it that is the frame's name in the evidence
    folder.
    """
    written, categories, images_seen = 0, dict[str, int](), set[int]()
    with tempfile.TemporaryFile() as images:
        file.write(b'{"info": ' + _json(told) + b',\n"licenses": [],\n"annotations": [')
        for selected in batches:
            for one in selected:
                category = categories.setdefault(_category(one), len(categories) + 1)
                file.write(b",\n" if written else b"\n")
                file.write(_json(_annotation(one, category)))
                written += 1
                if one.finding.frame_id not in images_seen:
                    images.write(b",\n" if images_seen else b"\n")
                    images.write(_json(_image(one, name_of or evidence_name)))
                    images_seen.add(one.finding.frame_id)
        file.write(b'],\n"images": [')
        images.seek(0)
        while piece := images.read(1 << 20):
            file.write(piece)
    named = [
        {"id": number, "name": name, "supercategory": UNNAMED_KIND}
        for name, number in categories.items()
    ]
    file.write(b'],\n"categories": ' + _json(named) + b"}\n")
    return written


def evidence_name(one: ChosenFinding) -> str:
    """Where the whole frame lies below the evidence folder; a plain name where none was kept."""
    return one.frame_picture_name or f"frame-{one.finding.frame_id}.png"


def run_lengths(
    mask: npt.NDArray[np.bool_], *, x0: int, y0: int, frame_wh: tuple[int, int]
) -> list[int]:
    """COCO's counts for a mask that lies at x0, y0 of a frame."""
    width, height = frame_wh
    columns, rows = np.nonzero(mask.T)  # already in the order of COCO: column by column
    if not len(rows):
        return [width * height]
    places = (columns + x0) * height + rows + y0
    begins = np.flatnonzero(np.diff(places, prepend=-2) > 1)
    starts = places[begins]
    lengths = np.diff(begins, append=len(places))
    ends = starts + lengths
    gaps = starts - np.concatenate(([0], ends[:-1]))
    counts = np.stack((gaps, lengths), axis=1).ravel().tolist()
    rest = width * height - int(ends[-1])
    return [*counts, rest] if rest else counts


def _annotation(one: ChosenFinding, category: int) -> dict[str, Any]:
    found = one.finding
    width_px, height_px = _frame_wh(one)
    box_wh = (found.x1 - found.x0, found.y1 - found.y0)
    cells = decode_mask(one.mask, width_px=box_wh[0], height_px=box_wh[1])
    mask = np.frombuffer(cells, dtype=np.bool_).reshape(box_wh[1], box_wh[0])
    counts = run_lengths(mask, x0=found.x0, y0=found.y0, frame_wh=(width_px, height_px))
    return {
        "id": found.finding_id,
        "image_id": found.frame_id,
        "category_id": category,
        "bbox": [found.x0, found.y0, *box_wh],
        "area": int(mask.sum()),
        "segmentation": {"size": [height_px, width_px], "counts": counts},
        "iscrowd": 0,
        "attributes": {
            "verdict": found.verdict,
            "state": found.state,
            "severity": found.severity,
            "score": found.score,
            "p_value": found.p_value,
            "area_mm2": found.area_mm2,
            "model_id": found.model_id,
        },
    }


def _image(one: ChosenFinding, name_of: NameOf) -> dict[str, Any]:
    found = one.finding
    width_px, height_px = _frame_wh(one)
    return {
        "id": found.frame_id,
        "width": width_px,
        "height": height_px,
        "file_name": name_of(one),
        "date_captured": found.taken_at.isoformat(),
        "content_sha256": one.content_sha256,
        "part": found.part,
        "line_id": found.line_id,
        "camera_id": found.camera_id,
        "serial": found.serial,
    }


def _frame_wh(one: ChosenFinding) -> tuple[int, int]:
    if one.width_px is None or one.height_px is None:
        raise ExportRefused(
            f"finding {one.finding.finding_id}: the size of its frame is not known, COCO needs it: "
            "leave it out, or export CSV"
        )
    return one.width_px, one.height_px


def _category(one: ChosenFinding) -> str:
    return one.finding.kind or UNNAMED_KIND


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
