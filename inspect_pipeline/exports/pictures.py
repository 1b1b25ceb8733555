"""Pictures to train on, as a zip: good/ and defect/KIND/, a manifest and where all of it is from.

Only what people decided goes in. A crop is good where its finding was called a false alarm. A whole
frame is defective where any finding of it, by whichever model, was confirmed, and good where all
of them were called false alarms. The rest is left out and counted.

    good/frame-12.png                 or  good/frame-12-finding-34.png
    defect/scratch/frame-13.png           (the kind of the frame's worst confirmed finding)
    manifest.csv                      one line per picture: kind, frame, findings, model, who, when
    annotations.json                  COCO of the frames' selected findings (whole frames only)
    lineage.json                      selection, database, time, program
"""

from __future__ import annotations

import csv
import json
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import IO, Any

from sqlalchemy.orm import Session

from db.chosen import (
    Chosen,
    ChosenFinding,
    FoundOnFrame,
    LastWord,
    chosen_findings,
    found_on_frames,
    last_words,
)
from db.errors import EvidenceMissing
from db.evidence import EvidenceStore
from db.words import ReviewState, Severity
from inspect_pipeline.errors import ExportRefused
from inspect_pipeline.exports.coco import UNNAMED_KIND, write_coco
from inspect_pipeline.exports.names import safe_name
from inspect_pipeline.exports.tables import harmless

_WORST_FIRST = (Severity.CRITICAL, Severity.MAJOR, Severity.MINOR)
_WRITTEN_AT = (1980, 1, 1, 0, 0, 0)  # the same selection gives the same bytes
_COLUMNS = (
    *("file", "label", "kind", "frame_id", "finding_ids", "part", "line_id", "camera_id"),
    *("serial", "taken_at", "model_id", "content_sha256", "picture_sha256"),
    *("reviewed_by", "reviewed_at"),
)


class Cut(StrEnum):
    """What a picture of the zip shows."""

    FRAMES = "frames"
    CROPS = "crops"


@dataclass(kw_only=True)
class PicturesWritten:
    """`undecided` are findings or frames that nobody decided about, `unkept` had no picture."""

    good: int = 0
    defective: int = 0
    undecided: int = 0
    unkept: int = 0

    @property
    def pictures(self) -> int:
        return self.good + self.defective


@dataclass(frozen=True, kw_only=True)
class _Place:
    """One picture to write: of a finding, or of the frame that it is on."""

    file: str
    kind: str  # "" for good ones
    picture_name: str
    one: ChosenFinding
    finding_ids: tuple[int, ...]


@dataclass(kw_only=True)
class _Album:
    """The zip while it is written."""

    opened: Session
    store: EvidenceStore
    chosen: Chosen
    cut: Cut
    written: PicturesWritten = field(default_factory=PicturesWritten)
    file_by_frame: dict[int, str | None] = field(default_factory=dict)  # None: left out

    def places(self, found: list[ChosenFinding]) -> Iterator[_Place]:
        return self._crops(found) if self.cut is Cut.CROPS else self._frames(found)

    def _crops(self, found: list[ChosenFinding]) -> Iterator[_Place]:
        for one in found:
            finding = one.finding
            file = f"frame-{finding.frame_id}-finding-{finding.finding_id}.png"
            kind = _kind_of_state(finding.state, finding.kind)
            if kind is None:
                self.written.undecided += 1
            elif finding.observed_name is None:
                self.written.unkept += 1
            else:
                yield _Place(
                    file=_folder(kind) + file,
                    kind=kind,
                    picture_name=finding.observed_name,
                    one=one,
                    finding_ids=(finding.finding_id,),
                )

    def _frames(self, found: list[ChosenFinding]) -> Iterator[_Place]:
        new = {one.finding.frame_id: one for one in reversed(found)}
        new = {frame: one for frame, one in new.items() if frame not in self.file_by_frame}
        said = defaultdict[int, list[FoundOnFrame]](list)
        for finding in found_on_frames(self.opened, list(new)):
            said[finding.frame_id].append(finding)
        for frame_id, one in reversed(new.items()):
            self.file_by_frame[frame_id] = None
            kind = _kind_of_frame(said[frame_id])
            if kind is None:
                self.written.undecided += 1
            elif one.frame_picture_name is None:
                self.written.unkept += 1
            else:
                file = f"{_folder(kind)}frame-{frame_id}.png"
                self.file_by_frame[frame_id] = file
                yield _Place(
                    file=file,
                    kind=kind,
                    picture_name=one.frame_picture_name,
                    one=one,
                    finding_ids=tuple(finding.finding_id for finding in said[frame_id]),
                )

    def leave_out(self, place: _Place) -> None:
        self.written.unkept += 1
        self.file_by_frame[place.one.finding.frame_id] = None

    def annotated(self) -> Iterator[list[ChosenFinding]]:
        """The selected findings of the frames that went in."""
        for found in chosen_findings(self.opened, self.chosen):
            yield [one for one in found if self.file_by_frame.get(one.finding.frame_id)]


def write_pictures(
    file: IO[bytes],
    opened: Session,
    store: EvidenceStore,
    chosen: Chosen,
    *,
    cut: Cut,
    told: dict[str, Any],
) -> PicturesWritten:
    """Raises ExportRefused where nothing that was chosen can be trained on."""
    album = _Album(opened=opened, store=store, chosen=chosen, cut=cut)
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive,
        tempfile.TemporaryFile("w+", newline="", encoding="utf-8") as manifest,
    ):
        rows = csv.writer(manifest, lineterminator="\n")
        rows.writerow(_COLUMNS)
        for found in chosen_findings(opened, chosen):
            _write_batch(archive, rows, album, found)
        if not album.written.pictures:
            raise ExportRefused(_nothing(album.written, cut))
        manifest.seek(0)
        with archive.open(_entry("manifest.csv"), "w") as entry:
            while piece := manifest.read(1 << 16):
                entry.write(piece.encode())
        if cut is Cut.FRAMES:
            with archive.open(_entry("annotations.json"), "w") as entry:
                write_coco(
                    entry,
                    album.annotated(),
                    told=told,
                    name_of=lambda one: str(album.file_by_frame[one.finding.frame_id]),
                )
        lineage = {**told, "pictures": vars(album.written), "show": cut.value}
        archive.writestr(_entry("lineage.json"), json.dumps(lineage, indent=2, ensure_ascii=False))
    return album.written


def _write_batch(
    archive: zipfile.ZipFile, rows: Any, album: _Album, found: list[ChosenFinding]
) -> None:
    places = list(album.places(found))
    said = last_words(album.opened, [finding for place in places for finding in place.finding_ids])
    for place in places:
        try:
            content = album.store.get(place.picture_name)
        except EvidenceMissing:  # its time to be kept is over: the rest is still worth having
            album.leave_out(place)
            continue
        archive.writestr(_entry(place.file), content)
        rows.writerow([harmless(cell) for cell in _manifest_row(place, said)])
        if place.kind:
            album.written.defective += 1
        else:
            album.written.good += 1


def _manifest_row(place: _Place, said: dict[int, LastWord]) -> list[object]:
    finding = place.one.finding
    words = [said[one] for one in place.finding_ids if one in said]
    return [
        *(place.file, "defect" if place.kind else "good", place.kind, finding.frame_id),
        " ".join(map(str, place.finding_ids)),
        *(finding.part, finding.line_id, finding.camera_id, finding.serial or ""),
        *(finding.taken_at.isoformat(), finding.model_id, place.one.content_sha256),
        PurePosixPath(place.picture_name).stem,
        "; ".join(dict.fromkeys(word.reviewer for word in words)),
        max((word.reviewed_at.isoformat() for word in words), default=""),
    ]


def _kind_of_frame(found: list[FoundOnFrame]) -> str | None:
    """The kind of the worst confirmed finding, "" for a good frame, None for an undecided one."""
    confirmed = [one for one in found if one.state is ReviewState.CONFIRMED]
    if confirmed:
        worst = min(confirmed, key=lambda one: (_WORST_FIRST.index(one.severity), one.finding_id))
        return worst.kind or UNNAMED_KIND
    return "" if all(one.state is ReviewState.FALSE_ALARM for one in found) else None


def _kind_of_state(state: ReviewState, kind: str | None) -> str | None:
    if state is ReviewState.FALSE_ALARM:
        return ""
    return (kind or UNNAMED_KIND) if state is ReviewState.CONFIRMED else None


def _folder(kind: str) -> str:
    return f"defect/{safe_name(kind)}/" if kind else "good/"


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=_WRITTEN_AT)
    is_picture = name.endswith(".png")
    entry.compress_type = zipfile.ZIP_STORED if is_picture else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _nothing(written: PicturesWritten, cut: Cut) -> str:
    what = "findings" if cut is Cut.CROPS else "frames"
    return (
        f"none of the chosen {what} can be trained on: {written.undecided} are undecided, "
        f"{written.unkept} have no picture. Confirm findings or call them false alarms first"
    )
