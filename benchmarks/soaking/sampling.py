"""How much memory, how many handles and threads, and how full the folders: every few seconds."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ingestion.running import Serving

RSS_RISES_AT_MOST = 0.05  # of itself, over the whole endurance run
RSS_RISES_AT_MOST_MB = 8.0
COUNT_RISES_AT_MOST = 2.0  # handles, threads
WAL_AT_MOST_MB = 64.0
_PROCESSES = {
    *("supervisor", "writer", "worker 1", "worker 2"),
    *("camera parts", "camera quick", "camera web", "camera box"),
}
_NAMELESS = "python"  # before it knows its role, and the standard library's own tracker


@dataclass(frozen=True, kw_only=True)
class ProcessSample:
    rss_mb: float
    handles: int
    threads: int


@dataclass(frozen=True, kw_only=True)
class Sample:
    at_s: float
    processes: Mapping[tuple[str, int], ProcessSample]  # by name and process id
    spool_entries: int
    spool_mb: float
    wal_mb: float


@dataclass(frozen=True, kw_only=True)
class Trend:
    """One figure of one process over the endurance run: `rise` by its slope over all of it."""

    first: float
    last: float
    rise: float
    is_flat: bool


def sample(served: Serving, spool: Path, database: Path | None, *, at_s: float) -> Sample:
    found: dict[tuple[str, int], ProcessSample] = {}
    for name, pid in served.alive().items():
        try:
            found[name, pid] = _of_process(Path(f"/proc/{pid}"))
        except (OSError, KeyError):  # it has just died
            continue
    sizes = list(_sizes(spool.rglob("*.shot")))
    wal = [] if database is None else list(_sizes([Path(f"{database}-wal")]))
    return Sample(
        at_s=at_s,
        processes=found,
        spool_entries=len(sizes),
        spool_mb=sum(sizes) / 1e6,
        wal_mb=sum(wal) / 1e6,
    )


def is_complete(seen: Sample) -> bool:
    """Are all processes there, and know their roles?"""
    return {name for name, _ in seen.processes} >= _PROCESSES


def trends(samples: Sequence[Sample]) -> dict[str, dict[str, Trend]]:
    """Of every process that lived through all of the samples, by its name."""
    through = {one for one in samples[0].processes if one[0] != _NAMELESS}
    for one in samples:
        through &= set(one.processes)
    times = [one.at_s for one in samples]
    found = {}
    for name, pid in sorted(through):
        seen = [one.processes[name, pid] for one in samples]
        found[name] = {
            "rss_mb": _memory(times, [one.rss_mb for one in seen]),
            "handles": _count(times, [float(one.handles) for one in seen]),
            "threads": _count(times, [float(one.threads) for one in seen]),
        }
    return found


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """The median of the slopes between all pairs (Theil and Sen): no outlier turns it."""
    pairs = range(len(times))
    return statistics.median(
        (values[j] - values[i]) / (times[j] - times[i]) for i in pairs for j in pairs if i < j
    )


def _memory(times: Sequence[float], values: Sequence[float]) -> Trend:
    allowed = max(RSS_RISES_AT_MOST * values[0], RSS_RISES_AT_MOST_MB)
    return _trend(times, values, allowed)


def _count(times: Sequence[float], values: Sequence[float]) -> Trend:
    return _trend(times, values, COUNT_RISES_AT_MOST)


def _trend(times: Sequence[float], values: Sequence[float], allowed: float) -> Trend:
    """By the slope and by the medians of first and last fifth: a step at the end counts too."""
    rise = slope(times, values) * (times[-1] - times[0])
    fifth = max(1, len(values) // 5)
    first, last = statistics.median(values[:fifth]), statistics.median(values[-fifth:])
    return Trend(
        first=round(first, 1),
        last=round(last, 1),
        rise=round(rise, 2),
        is_flat=max(rise, last - first) <= allowed,
    )


def _of_process(folder: Path) -> ProcessSample:
    said = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    return ProcessSample(
        rss_mb=int(said["VmRSS"].split()[0]) / 1024,
        handles=len(list((folder / "fd").iterdir())),
        threads=int(said["Threads"]),
    )


def _sizes(paths: Iterable[Path]) -> Iterable[int]:
    for path in paths:
        try:
            yield path.stat().st_size
        except FileNotFoundError:  # it moved on meanwhile
            continue
