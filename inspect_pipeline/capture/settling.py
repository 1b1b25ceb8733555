"""Files that may still be written: which of them have stood still for long enough?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inspect_pipeline.capture.taken_files import FileState


@dataclass
class _Growing:
    state: FileState
    since_s: float


class Settling:
    """Times are of a clock that never goes back. Kept in the order in which files last changed."""

    def __init__(self, settle_s: float) -> None:
        self.settle_s = settle_s
        self._growing: dict[Path, _Growing] = {}

    def __len__(self) -> int:
        return len(self._growing)

    def seen(self, path: Path, state: FileState, now_s: float) -> None:
        """The file was looked at: where it changed since the last look it starts anew."""
        known = self._growing.get(path)
        if known is None or known.state != state:
            self._growing.pop(path, None)
            self._growing[path] = _Growing(state, now_s)

    def due(self, now_s: float) -> list[tuple[Path, FileState]]:
        """Taken out: files that last changed at least `settle_s` ago. Look again before use."""
        ready = []
        for path, growing in self._growing.items():
            if now_s - growing.since_s < self.settle_s:
                break
            ready.append((path, growing.state))
        for path, _ in ready:
            del self._growing[path]
        return ready

    def forget(self, path: Path) -> None:
        self._growing.pop(path, None)

    def next_s(self, now_s: float) -> float | None:
        """In how many seconds the next one may be due; None where none waits."""
        first = next(iter(self._growing.values()), None)
        return None if first is None else max(0.0, first.since_s + self.settle_s - now_s)
