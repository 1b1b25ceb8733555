"""Addresses of pictures: the content's name, and the row that names it.

The row is part of the address because only pictures that a row names are served, and among ten
million rows a row is found by its id at once, a name only by reading all of them.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlencode

from db.rows import FindingRow, InspectionRow
from db.surroundings import NeighbourFrame
from db.teaching import Candidate, GoodFrameRow

Which = Literal["observed", "golden", "restored", "heat"]
Shown = Literal["", "colour", "veil", "small"]


def finding_picture(row: FindingRow, which: Which, shown: Shown = "") -> str:
    """Of the region with its surroundings (evidence_x0 to evidence_y1); "" where none is kept."""
    return row_picture(row, which, shown) or ""


def frame_picture(row: InspectionRow | NeighbourFrame, shown: Shown = "") -> str | None:
    """Of the whole frame as the camera saw it; None where none was kept."""
    return _address(row.observed_name, {"inspection": str(row.inspection_id)}, shown)


def row_picture(row: FindingRow | InspectionRow, which: Which, shown: Shown = "") -> str | None:
    """Of the region or of the whole frame, by what the row is of; None where none is kept."""
    name = {
        "observed": row.observed_name,
        "golden": row.golden_name,
        "restored": row.restored_name,
        "heat": row.heat_name,
    }[which]
    if isinstance(row, FindingRow):
        return _address(name, {"finding": str(row.finding_id)}, shown)
    return _address(name, {"inspection": str(row.inspection_id)}, shown)


def candidate_picture(row: Candidate) -> str | None:
    """Of a frame that could be given to the good set; None where none was kept."""
    return _address(row.picture_name, {"inspection": str(row.picture_inspection_id)}, "small")


def good_picture(row: GoodFrameRow) -> str | None:
    """Of a frame of the good set, whoever else has forgotten it."""
    return _address(row.picture_name, {"good": str(row.frame_id)}, "small")


def difference_picture(finding_id: int, shown: Literal["signed", "absolute"]) -> str:
    """Observed minus golden."""
    return f"/findings/{finding_id}/difference?as={shown}"


def _address(name: str | None, owner: dict[str, str], shown: Shown) -> str | None:
    if name is None:
        return None
    return f"/evidence/{name}?{urlencode(owner | ({'as': shown} if shown else {}))}"
