"""Which frame next? Cameras take turns, so that a quick one cannot starve the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from inspect_pipeline.ingestion.spool import CameraSpool, Place


class Picker:
    """Claims for one worker: the oldest frame of the camera whose turn it is.

    A camera with nothing to do gives its turn away. What waits is listed once and worked off, so
    that a long queue is not read again for every frame.
    """

    def __init__(self, spools: Sequence[CameraSpool], worker: str) -> None:
        self.worker = worker
        self._turns = deque(spools)
        self._listed: dict[str, deque[Place]] = {spool.camera_id: deque() for spool in spools}

    def next(self) -> tuple[CameraSpool, Place] | None:
        """None where nothing waits anywhere."""
        for _ in range(len(self._turns)):
            spool = self._turns[0]
            self._turns.rotate(-1)
            if claimed := self._oldest_of(spool):
                return spool, claimed
        return None

    def _oldest_of(self, spool: CameraSpool) -> Place | None:
        listed = self._listed[spool.camera_id]
        if not listed:
            listed.extend(spool.queue())
        while listed:
            if claimed := spool.claim(listed.popleft(), self.worker):
                return claimed
        return None
