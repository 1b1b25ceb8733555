"""A program that restores a backup and kills itself on the way.

    python -m tests.integration.db.slow_restorer BACKUP DATABASE_URL EVIDENCE_FOLDER WHAT COUNT

It dies when COUNT of WHAT ("pictures" or "rows") are done; a full database is replaced.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from db.engine import connect
from db.evidence import EvidenceStore
from db.restoring import name_of, restore


def main() -> None:
    backup, url, folder, deadly, count = sys.argv[1:]
    left = int(count)

    def watch(what: str, more: int) -> None:
        nonlocal left
        if what == deadly:
            left -= more
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    engine = connect(url)
    store = EvidenceStore(Path(folder))
    restore(Path(backup), engine, store, replace=name_of(engine.url), watch=watch)


if __name__ == "__main__":
    main()
