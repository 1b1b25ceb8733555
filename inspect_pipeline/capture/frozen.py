"""A camera that sends the very same picture again and again shows the past, not the line."""

from __future__ import annotations

import hashlib

import numpy as np

from inspect_pipeline.records import Picture


class FrozenWatch:
    """Light is never the same twice: identical pixels for `after_s` seconds mean frozen; 0: never.

    Times are of a clock that never goes back. Three identical pictures are the least.
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._print: bytes | None = None
        self._since_s = 0.0
        self._count = 0

    def frozen_s(self, pixels: Picture, at_s: float) -> float | None:
        """For how long the picture has been the same, once that is too long; else None."""
        if self._after_s <= 0:
            return None
        found = hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=16).digest()
        if found != self._print:
            self._print, self._since_s, self._count = found, at_s, 1
            return None
        self._count += 1
        same_s = at_s - self._since_s
        return same_s if same_s >= self._after_s and self._count >= 3 else None
