"""Waiting for what a camera gives, with a generous limit."""

from __future__ import annotations

import time

from inspect_pipeline.capture.camera import Camera, Gap, Shot

LIMIT_S = 30.0


def next_of(camera: Camera, limit_s: float = LIMIT_S) -> Shot | Gap:
    until_s = time.monotonic() + limit_s
    while (left_s := until_s - time.monotonic()) > 0:
        given = camera.wait(min(left_s, 1.0))
        if given is not None:
            return given
    raise AssertionError(f"the camera gave nothing in {limit_s} s")


def next_shot(camera: Camera, limit_s: float = LIMIT_S) -> Shot:
    """The next shot; gaps before it are passed over."""
    until_s = time.monotonic() + limit_s
    while True:
        given = next_of(camera, max(0.01, until_s - time.monotonic()))
        if isinstance(given, Shot):
            return given


def shots_of(camera: Camera, count: int) -> list[Shot]:
    """So many shots, each acknowledged."""
    shots = []
    for _ in range(count):
        shots.append(next_shot(camera))
        camera.acknowledge(shots[-1])
    return shots


def drain(camera: Camera) -> None:
    """Takes what the camera gives until it raises, for at most so long."""
    until_s = time.monotonic() + LIMIT_S
    while time.monotonic() < until_s:
        camera.wait(0.2)
    raise AssertionError(f"the camera raised nothing in {LIMIT_S} s")
