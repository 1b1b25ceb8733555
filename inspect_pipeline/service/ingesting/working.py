"""The process of one worker: frames from the spool, inspected, and handed to the writer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from db.errors import EvidenceError
from inspect_pipeline.capture.corrections.correction import Correction, corrected
from inspect_pipeline.capture.reading import decode_picture
from inspect_pipeline.errors import DiskFull, EntryDamaged, UnreadablePicture, UsageError
from inspect_pipeline.ingestion.entry import Entry
from inspect_pipeline.ingestion.notices import Notices
from inspect_pipeline.ingestion.picking import Picker
from inspect_pipeline.ingestion.spool import CameraSpool, Place
from inspect_pipeline.inspector import Inspector
from inspect_pipeline.records import (
    Captured,
    Frame,
    InputFigures,
    Inspection,
    Unfit,
    UnfitReason,
    UnreadableFrame,
)
from inspect_pipeline.service.build import model_card
from inspect_pipeline.service.ingesting.handed_over import Handed, as_file
from inspect_pipeline.service.ingesting.link import Link
from inspect_pipeline.service.ingesting.setting_apart import set_apart
from inspect_pipeline.service.rows import RowMaker, frame_row
from inspect_pipeline.stages.input_figures import input_figures

IDLE_S, LONGEST_IDLE_S = 0.01, 0.1
WAIT_FOR_DISK_S = 1.0
OF_LAMP_OR_LENS = (
    UnfitReason.DARK,
    UnfitReason.SATURATED,
    UnfitReason.BLANK,
    UnfitReason.BLURRED,
)

_log = logging.getLogger(__name__)


class Worker:
    """Inspects whatever waits; one bad frame is tried, set apart, and stops nobody."""

    def __init__(
        self,
        inspectors: Mapping[str, Inspector],
        corrections: Mapping[str, Correction],
        picker: Picker,
        rows: RowMaker,
        notices: Notices,
        link: Link,
        *,
        tries: int,
        now: Callable[[], datetime],
    ) -> None:
        self.inspectors = inspectors
        self.cards = {part: model_card(one) for part, one in inspectors.items()}
        self.corrections = corrections
        self.picker = picker
        self.rows = rows
        self.notices = notices
        self.link = link
        self.tries = tries
        self._now = now

    def run(self) -> None:
        """Until it is told to stop; the frame in hand is finished first."""
        idle_s = IDLE_S
        while not self.link.stopping:
            self.link.beat()
            claimed = self.picker.next()
            if claimed is None:
                self.link.pause(idle_s)
                idle_s = min(2 * idle_s, LONGEST_IDLE_S)
                continue
            idle_s = IDLE_S
            self._handle(*claimed)

    def _handle(self, spool: CameraSpool, place: Place) -> None:
        try:
            entry = spool.read(place)
        except FileNotFoundError:  # it came twice, and the writer is done with it
            return
        except EntryDamaged as error:
            self._set_apart(spool, place, None, str(error))
            return
        try:
            result = self._result_of(entry)
        except EvidenceError as error:  # the disk, not the frame
            _log.warning("camera=%s: %s", spool.camera_id, error)
            spool.give_back(place, untried=True)
            self.link.pause(WAIT_FOR_DISK_S)
            return
        except Exception as error:  # noqa: BLE001 - one bad frame must not stop the line
            _log.exception("camera=%s frame=%s: try %d", spool.camera_id, entry.source, place.tries)
            if place.tries < self.tries:
                spool.give_back(place)
            else:
                said = f"{type(error).__name__}: {error}"
                self._set_apart(spool, place, entry, said)
            return
        self._hand_over(spool, place, result)

    def _result_of(self, entry: Entry) -> bytes:
        part = entry.post.part
        if part not in self.inspectors:
            raise UsageError(
                f"no camera of the plant looks at part {part} any more: "
                "add the part to the plant file again to have its frames inspected"
            )
        inspector = self.inspectors[part]
        correction = self.corrections[entry.post.camera_id]
        frame = corrected(captured(entry), correction)
        inspection = inspector.inspect(frame, frozen=frozen(entry))
        handed = Handed(
            frame=frame_row(inspection),
            inspection=self.rows.inspection_row(inspection),
            model_part=inspector.model.part,
            model_card=self.cards[part],
            received_at=entry.received_at,
            figures=measured(frame, inspection, inspector.part.polygon_px),
        )
        return as_file(handed)

    def _hand_over(self, spool: CameraSpool, place: Place, result: bytes) -> None:
        self._until_the_disk_takes_it(lambda: spool.hand_over(place, result))

    def _set_apart(
        self, spool: CameraSpool, place: Place, entry: Entry | None, reason: str
    ) -> None:
        at = self._now()
        self._until_the_disk_takes_it(
            lambda: set_apart(spool, place, self.notices, entry=entry, reason=reason, at=at)
        )

    def _until_the_disk_takes_it(self, write: Callable[[], None]) -> None:
        """Where the disk is full it waits: what was computed is not thrown away."""
        while True:
            try:
                return write()
            except (DiskFull, OSError) as error:
                _log.warning("waiting for room on the disk: %s", error)
            if self.link.pause(WAIT_FOR_DISK_S):
                return None


def captured(entry: Entry) -> Captured:
    """The frame in the entry; bytes that are no picture become a record too."""
    try:
        pixels = decode_picture(entry.content, source=Path(entry.source))
        return Frame(key=entry.key, pixels=pixels)
    except UnreadablePicture as error:
        detail = str(error).encode("utf-8", "backslashreplace").decode("utf-8")
        unfit = Unfit(reason=UnfitReason.UNREADABLE, detail=detail)
        return UnreadableFrame(key=entry.key, unfit=unfit)


def frozen(entry: Entry) -> Unfit | None:
    """What the camera's process has seen: only there frames stand in their order."""
    if entry.frozen is None:
        return None
    return Unfit(reason=UnfitReason.FROZEN, detail=entry.frozen)


def measured(
    captured: Captured, inspection: Inspection, polygon_px: Sequence[tuple[float, float]] | None
) -> InputFigures | None:
    """Figures of a frame that shows what lamp and lens are like; None without a part in it."""
    unfit = inspection.unfit
    if isinstance(captured, UnreadableFrame) or (unfit and unfit.reason not in OF_LAMP_OR_LENS):
        return None
    return input_figures(captured.pixels, polygon_px)
