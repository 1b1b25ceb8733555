"""A camera on the network that sends RTSP or HTTP video."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit, urlunsplit

from inspect_pipeline.capture.live_video import LiveSettings, LiveVideo
from inspect_pipeline.capture.opencv_reading import open_stream
from plant_config.camera import StreamCameraSettings


def stream_camera(
    settings: StreamCameraSettings,
    *,
    password: str | None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> LiveVideo:
    """`password` is only used to open it; messages and shots name the address without."""
    name = shown_address(settings.url)
    address = address_with(settings.url, password) if password else settings.url
    live = LiveSettings(
        camera_id=settings.id,
        name=name,
        every_s=settings.every_s,
        open_timeout_s=settings.open_timeout_s,
        read_timeout_s=settings.read_timeout_s,
        frozen_after_s=settings.frozen_after_s,
        what_to_do="check the camera, its network, the address and the password",
    )
    return LiveVideo(
        live,
        lambda: open_stream(
            address,
            name=name,
            open_timeout_s=settings.open_timeout_s,
            read_timeout_s=settings.read_timeout_s,
        ),
        now=now,
    )


def shown_address(url: str) -> str:
    """Without user, password and query, which may hold keys."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def address_with(url: str, password: str) -> str:
    """Where the address names no user, many cameras take `admin`."""
    parts = urlsplit(url)
    user = parts.username or "admin"
    host = parts.netloc.rpartition("@")[2]
    login = f"{user}:{quote(password, safe='')}@{host}"
    return urlunsplit((parts.scheme, login, parts.path, parts.query, parts.fragment))
