"""One supervisor per spool, and no process that outlives it.

Two locks on files, which the kernel takes back from whoever dies: the supervisor holds the first
alone. All its processes hold the second together, so a new supervisor knows when the last process
of one that was killed is gone, and may repair what they left.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from inspect_pipeline.errors import UsageError

_DEATH_SIGNAL, _NAME = 1, 15  # PR_SET_PDEATHSIG and PR_SET_NAME of <sys/prctl.h>
_SUPERVISOR, _PROCESSES = "supervisor.lock", "processes.lock"


@contextmanager
def only_instance(folder: Path, *, gone_within_s: float = 20.0) -> Iterator[None]:
    """Raises UsageError where another supervisor, or a process of an earlier one, is alive."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _SUPERVISOR).open("a+", encoding="ascii") as lock:
        if not _locked(lock):
            lock.seek(0)
            raise UsageError(
                f"the spool {folder} is in use by another instance (process {lock.read().strip()}):"
                " stop that one first, or give this plant a spool_folder of its own"
            )
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        _wait_for_the_dead(folder, gone_within_s)
        yield


@contextmanager
def belonging(folder: Path, supervisor: int, *, name: str) -> Iterator[None]:
    """Of a process: it is one of the supervisor's, and ends with it, however that ends.

    Ctrl-C at a terminal reaches the supervisor alone, which tells the others in their order.
    `name` is what `ps` and `top` show of it, at most 15 characters.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_NAME, name.encode()[:15])
    os.setsid()
    _die_with_parent(supervisor)
    with (folder / _PROCESSES).open("a+", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _wait_for_the_dead(folder: Path, within_s: float) -> None:
    until = time.monotonic() + within_s
    with (folder / _PROCESSES).open("a+", encoding="ascii") as lock:
        while not _locked(lock):
            if time.monotonic() > until:
                raise UsageError(
                    f"a process of an earlier start still uses the spool {folder} after "
                    f"{within_s:.0f} s: end it (fuser {folder / _PROCESSES} names it)"
                )
            time.sleep(0.02)


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _die_with_parent(supervisor: int) -> None:
    """The kernel kills this process when its parent is gone, also if it was stopped or busy."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != supervisor:
        os._exit(1)
