"""A program that records a series of frames and may be killed, or kills itself, on the way.

    python -m tests.integration.db.slow_writer DATABASE_URL EVIDENCE_FOLDER FRAMES [evidence|commit]

`evidence`: dies while the pictures of the fourth frame are half written. `commit`: dies when all
rows of the fourth frame are sent and not committed.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

from db import models
from db.evidence import EvidenceStore
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.database_records import CARD, MODEL_ID, a_finding, failed

FINDINGS_PER_FRAME = 3
FRAME_OF_DEATH = 3


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DeadlyStore(EvidenceStore):
    """Dies at the sixth picture of the frame of death."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._puts_left = FRAME_OF_DEATH * FINDINGS_PER_FRAME * 4 + 5

    def put(self, content: bytes, suffix: str) -> str:
        if self._puts_left == 0:
            die()
        self._puts_left -= 1
        return super().put(content, suffix)


def die_before_commit(opened: Session) -> None:
    if opened.query(models.Frame).count() > FRAME_OF_DEATH:
        opened.flush()
        die()


def main() -> None:
    url, folder, frames, *death = sys.argv[1:]
    with Ledger(url, Path(folder)) as ledger:
        ledger.register_model(MODEL_ID, "bracket", CARD)
        if death == ["evidence"]:
            ledger.store = DeadlyStore(Path(folder))
        if death == ["commit"]:
            event.listen(Session, "before_commit", die_before_commit)
        for number in range(int(frames)):
            seeds = range(number * 10, number * 10 + FINDINGS_PER_FRAME)
            recorded = ledger.record(failed(number, *(a_finding(seed) for seed in seeds)))
            sys.stdout.write(f"{number} {recorded.written}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
