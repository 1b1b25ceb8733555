"""Where the frames of one camera wait, as files; a rename is what moves one on.

    arriving/             half-written files of the camera's process
    waiting/              STEM.tN.shot: safe, tried N times, nobody has it
    claimed/WORKER/       STEM.tN.shot: the worker has it; with STEM.result beside it, it is done
    quarantined/          STEM.tN.shot: tried too often, or damaged; kept for people

Whoever is killed at any moment leaves each frame in one of these, and `repair` knows the way on.
A frame leaves the spool when the writer has it in the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inspect_pipeline.errors import EntryDamaged
from inspect_pipeline.ingestion.disk import UNFINISHED, Disk, hand_over, put
from inspect_pipeline.ingestion.entry import Entry, as_file, from_file

_NAME = re.compile(r"(?P<stem>.+)\.t(?P<tries>\d+)\.shot")
RESULT = ".result"
SHEDDER = "shedding"  # stands among the workers; what it has claimed is given up, not inspected


@dataclass(frozen=True, kw_only=True)
class Place:
    """A file of the spool: which entry, tried how often, lying where."""

    path: Path
    stem: str
    tries: int

    @property
    def result(self) -> Path:
        return self.path.with_name(f"{self.stem}{RESULT}")


@dataclass(frozen=True, kw_only=True)
class Occupancy:
    """What waits or is being worked on; the quarantine is not counted."""

    entries: int
    content_bytes: int


class CameraSpool:
    """The frames of one camera between camera and database."""

    def __init__(self, folder: Path, disk: Disk, *, quarantined_max: int = 1000) -> None:
        self.folder = folder
        self.quarantined_max = quarantined_max
        self.disk = disk
        self.arriving = folder / "arriving"
        self.waiting = folder / "waiting"
        self.claimed = folder / "claimed"
        self.quarantined = folder / "quarantined"
        for place in (self.arriving, self.waiting, self.claimed, self.quarantined):
            place.mkdir(parents=True, exist_ok=True)

    @property
    def camera_id(self) -> str:
        return self.folder.name

    def sweep(self) -> None:
        """Removes what a killed camera process had half written: the camera still has it."""
        for path in self.arriving.iterdir():
            self.disk.remove(path)

    def put(self, entry: Entry) -> None:
        """The entry is safe when this returns: only then may the camera forget it.

        Raises DiskFull or OSError, and then there is nothing.
        """
        target = self.waiting / _name(entry.stem, 0)
        put(self.disk, target, as_file(entry), by_way_of=self.arriving)

    def queue(self) -> list[Place]:
        """What waits, oldest first."""
        return sorted(_places(self.waiting), key=lambda place: place.stem)

    def claim(self, place: Place, worker: str) -> Place | None:
        """Takes one; None where somebody else has it. One more try is counted in the same step."""
        mine = self.claimed / worker
        mine.mkdir(exist_ok=True)
        return self._moved(place, mine, tries=place.tries + 1)

    def read(self, place: Place) -> Entry:
        """Raises EntryDamaged, and FileNotFoundError where the writer was done with it before."""
        return from_file(place.path.read_bytes(), name=place.path.name)

    def hand_over(self, place: Place, result: bytes) -> None:
        """What came of it lies beside it from now on, and the worker may forget it."""
        hand_over(self.disk, place.result, result)

    def give_back(self, place: Place, *, untried: bool = False) -> None:
        """It waits again; `untried`: nobody began with it, so it does not count as a try."""
        self._moved(place, self.waiting, tries=place.tries - 1 if untried else place.tries)

    def quarantine(self, place: Place) -> Place | None:
        """Sets it apart, with its bytes; None where it was gone."""
        return self._moved(place, self.quarantined, tries=place.tries)

    def set_apart(self) -> list[Place]:
        """What lies in quarantine, oldest first."""
        return sorted(_places(self.quarantined), key=lambda place: place.stem)

    def is_quarantine_full(self) -> bool:
        return sum(1 for _ in _places(self.quarantined)) >= self.quarantined_max

    def retry(self, place: Place) -> None:
        """One that was set apart waits again, as if it had never been tried."""
        self._moved(place, self.waiting, tries=0)

    def done(self, place: Place) -> None:
        """It is in the database: the frame goes first, so that a result never stands for none."""
        for shot in place.path.parent.glob(f"{place.stem}.t*.shot"):  # it may have come twice
            self.disk.remove(shot)
        self.disk.remove(place.result)

    def results(self) -> list[Place]:
        """What workers have finished and the writer has not, oldest first.

        Also where the frame itself is gone already: a killed writer had removed just that.
        """
        found = []
        for worker in self._workers():
            shots = {place.stem: place for place in _places(worker)}
            for path in worker.glob(f"*{RESULT}"):
                stem = path.name.removesuffix(RESULT)
                gone = Place(path=worker / _name(stem, 1), stem=stem, tries=1)
                found.append(shots.get(stem, gone))
        return sorted(found, key=lambda place: place.stem)

    def repair(self, worker: str) -> list[Place]:
        """What a dead worker had begun and not finished; whoever asks gives it back or not.

        Call it only when the worker is certainly dead.
        """
        folder = self.claimed / worker
        if not folder.is_dir():
            return []
        for path in folder.glob(f"*{UNFINISHED}"):
            self.disk.remove(path)
        return [place for place in _places(folder) if not place.result.exists()]

    def workers(self) -> list[str]:
        """Whoever has ever claimed a frame here."""
        return sorted(folder.name for folder in self._workers())

    def occupancy(self) -> Occupancy:
        sizes = []
        for folder in (self.waiting, *self._workers()):
            for place in _places(folder):
                try:
                    sizes.append(place.path.stat().st_size)
                except FileNotFoundError:  # it moved on meanwhile
                    continue
        return Occupancy(entries=len(sizes), content_bytes=sum(sizes))

    def is_empty(self) -> bool:
        """Nothing waits, and nothing that was claimed is still to be written."""
        return self.occupancy().entries == 0 and not self.results()

    def _workers(self) -> list[Path]:
        return [folder for folder in self.claimed.iterdir() if folder.is_dir()]

    def _moved(self, place: Place, folder: Path, *, tries: int) -> Place | None:
        target = folder / _name(place.stem, max(0, tries))
        try:
            self.disk.rename(place.path, target)
        except FileNotFoundError:
            return None
        return Place(path=target, stem=place.stem, tries=max(0, tries))


def intact(spool: CameraSpool, place: Place) -> Entry | None:
    """The entry of a place where that can still be said."""
    try:
        return spool.read(place)
    except (EntryDamaged, OSError):
        return None


def _name(stem: str, tries: int) -> str:
    return f"{stem}.t{tries}.shot"


def _places(folder: Path) -> Iterator[Place]:
    for path in list(folder.iterdir()):
        if match := _NAME.fullmatch(path.name):
            yield Place(path=path, stem=match["stem"], tries=int(match["tries"]))
