"""The pictures of a finding that go with a message: what was seen, what a good part shows."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.errors import EvidenceError
from db.evidence import EvidenceStore
from db.models import Finding
from inspect_pipeline.alerts.messages import Attachment
from inspect_pipeline.reports.drawing import enlarged, png_of

SIDE_PX = 180


def pictures_of(
    opened: Session, store: EvidenceStore, finding_id: int | None
) -> tuple[Attachment, ...]:
    """None where no picture is kept any more: the message goes without."""
    if finding_id is None:
        return ()
    columns = (Finding.observed_name, Finding.golden_name)
    row = opened.execute(select(*columns).where(Finding.id == finding_id)).one_or_none()
    if row is None:
        return ()
    found = []
    for words, name in (("observed", row.observed_name), ("good-part", row.golden_name)):
        try:
            content = store.get(name)
        except EvidenceError:
            continue
        found.append(
            Attachment(
                name=f"{words}.png", media_type="image/png", content=_shown(content), shown=True
            )
        )
    return tuple(found)


def _shown(content: bytes) -> bytes:
    """Large enough to look at: mail programs blur what they enlarge."""
    with Image.open(BytesIO(content)) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    return png_of(enlarged(pixels, longest_px=SIDE_PX))
