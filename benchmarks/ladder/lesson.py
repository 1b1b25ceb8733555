"""All that a variant may learn from: pictures of good parts in a folder of their own.

The folder holds copies of the training pictures and nothing else, so that no path leads from a
lesson to the data set, to its test pictures or to their ground truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from inspect_pipeline.capture.folder import FolderCamera
from inspect_pipeline.capture.reading import read_content
from inspect_pipeline.errors import TrainingDataError
from inspect_pipeline.records import sha256_of
from inspect_pipeline.service.training import Prepared, prepare_training
from inspect_pipeline.training.plan import TrainingOptions
from inspect_pipeline.training.run import Unwatched, Watcher

Item = TypeVar("Item")
TRAINING_PICTURES = Path("train") / "good"


def unwatched(items: Iterable[Item], _total: int, _what: str) -> Iterable[Item]:
    return items


@contextmanager
def _nobody() -> Iterator[Watcher]:
    yield Unwatched()


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """`workshop` is where a variant of this seed keeps checkpoints and models between calls."""

    pictures: Path
    workshop: Path
    options: TrainingOptions  # of the whole ladder: budget, seed, sizes
    command: str
    bars: Callable[[], AbstractContextManager[Watcher]] = _nobody
    counted: Callable[[Iterable[Item], int, str], Iterable[Item]] = unwatched

    def prepared(self, **changed: object) -> Prepared:
        """The plan of a training with some of the options changed, and its pictures."""
        return prepare_training(self.pictures, replace(self.options, **changed))  # type: ignore[arg-type]


def sealed(data: Path, folder: Path) -> Path:
    """Copies of the data set's training pictures, named by content; the folder.

    Whatever else lies in the folder is removed: it is not a lesson of this data set.
    """
    source = data / TRAINING_PICTURES
    if not source.is_dir():
        raise TrainingDataError(
            f"{data} has no folder {TRAINING_PICTURES}: expected MVTec layout with train/good, "
            "test/good, test/<kind> and ground_truth/<kind>/<name>_mask.png"
        )
    folder.mkdir(parents=True, exist_ok=True)
    camera = FolderCamera(source, line_id="ladder", camera_id="training pictures", part="good")
    wanted = set()
    for path in camera.paths():
        content = read_content(path)
        copy = folder / f"{sha256_of(content)[:20]}{path.suffix.lower()}"
        wanted.add(copy)
        if not copy.exists():
            fresh = copy.with_suffix(".new")
            fresh.write_bytes(content)
            fresh.replace(copy)
    for stray in set(folder.iterdir()) - wanted:
        stray.unlink()
    return folder
