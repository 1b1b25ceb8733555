"""Which frame next? Cameras take turns, so that a quick one cannot starve the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from inspect_pipeline.ingestion.spool import CameraSpool, Place


class Picker:
    """Claims for one worker: the oldest frame of the camera whose turn it is.

    A camera with share 3 has three turns where others have one; `shares` names those that have not
    1. A camera with nothing to do gives its turn away. What waits is listed once and worked off,
    so that a long queue is not read again for every frame.
    """

    def __init__(
        self, spools: Sequence[CameraSpool], worker: str, shares: Mapping[str, int] | None = None
    ) -> None:
        self.worker = worker
        self._turns = deque(_turns(spools, shares or {}))
        self._listed: dict[str, deque[Place]] = {spool.camera_id: deque() for spool in spools}

    def next(self) -> tuple[CameraSpool, Place] | None:
        """None where nothing waits anywhere."""
        idle: set[str] = set()
        for _ in range(len(self._turns)):
            spool = self._turns[0]
            self._turns.rotate(-1)
            if spool.camera_id in idle:
                continue
            if claimed := self._oldest_of(spool):
                return spool, claimed
            idle.add(spool.camera_id)
        return None

    def _oldest_of(self, spool: CameraSpool) -> Place | None:
        listed = self._listed[spool.camera_id]
        if not listed:
            listed.extend(spool.queue())
        while listed:
            if claimed := spool.claim(listed.popleft(), self.worker):
                return claimed
        return None


def _turns(spools: Sequence[CameraSpool], shares: Mapping[str, int]) -> list[CameraSpool]:
    """One round, in which the turns of a camera lie as far apart as they can."""
    wanted = [shares.get(spool.camera_id, 1) for spool in spools]
    earned = [0] * len(spools)
    turns = []
    for _ in range(sum(wanted)):
        earned = [credit + share for credit, share in zip(earned, wanted, strict=True)]
        first = max(range(len(spools)), key=earned.__getitem__)
        earned[first] -= sum(wanted)
        turns.append(spools[first])
    return turns
