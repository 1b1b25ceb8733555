"""The same picture again: a camera, or what stands before it, hangs and shows the past."""

from __future__ import annotations

from dataclasses import dataclass

from inspect_pipeline.records import FrameKey, Unfit, UnfitReason


@dataclass
class _Run:
    newest: FrameKey
    count: int


class RepeatedContent:
    """Remembers the newest content of each camera: feed it with frames in the order they came.

    Light is never the same twice, so `after` frames of one camera in a row with the very same
    bytes, taken at different times, are frozen; the ones before had the benefit of the doubt. The
    same frame that is met again (same time) changes nothing.
    """

    def __init__(self, *, after: int = 3) -> None:
        if after < 2:
            raise ValueError(f"after counts equal frames in a row, 2 at least, got {after}")
        self._after = after
        self._runs: dict[str, _Run] = {}

    def unfit(self, key: FrameKey) -> Unfit | None:
        run = self._runs.get(key.camera_id)
        if run is None or run.newest.content_sha256 != key.content_sha256:
            self._runs[key.camera_id] = _Run(key, 1)
            return None
        if run.newest.taken_at != key.taken_at:
            run.newest, run.count = key, run.count + 1
        if run.count < self._after:
            return None
        detail = f"camera {key.camera_id} sent the very same picture {run.count} times in a row"
        return Unfit(reason=UnfitReason.FROZEN, detail=detail)
