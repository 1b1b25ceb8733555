"""A program that prunes every false alarm, a row at a time, and kills itself on the way.

    python -m tests.integration.db.slow_pruner DATABASE_URL EVIDENCE_FOLDER WHAT COUNT

It dies when COUNT of WHAT ("rows" or "files") are removed.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from db.engine import connect
from db.evidence import EvidenceStore
from db.pictures import PictureKind
from db.pruning import prune
from db.retention import Retention
from tests.integration.db.database_records import NOON


def main() -> None:
    url, folder, deadly, count = sys.argv[1:]
    left = int(count)

    def watch(what: str, more: int) -> None:
        nonlocal left
        if what == deadly:
            left -= more
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    rules = Retention(verdict_days={}, kind_days=dict.fromkeys(PictureKind, 30))
    store, now = EvidenceStore(Path(folder)), NOON + timedelta(days=100)
    prune(connect(url), store, rules, now=now, watch=watch, rows_at_once=1)


if __name__ == "__main__":
    main()
