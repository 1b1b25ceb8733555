"""Videos: files that end, and streams of cameras on the network that do not."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from plant_config.cameras.base import CameraSection, Seconds
from plant_config.section import PlantPath, refuse_value

SCHEMES = ("rtsp", "rtsps", "http", "https")
URL_MAX = 500
_SECRET_OPTION = re.compile(r"[?&](password|passwd|pwd|token|key|secret)=", re.IGNORECASE)
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


def _stream_address(written: str) -> str:
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        refuse_value("is not an address: write rtsp://10.0.0.5:554/stream")
    if parts.scheme not in SCHEMES or not parts.hostname or port == 0:
        refuse_value(
            "is not the address of a stream: write it as rtsp://10.0.0.5/stream, with one of "
            + ", ".join(SCHEMES)
        )
    if len(written) > URL_MAX:
        refuse_value(f"has {len(written)} characters, {URL_MAX} at most are taken")
    if parts.password is not None or _SECRET_OPTION.search(written):
        refuse_value(
            "holds a password in plain text: take it out, write its user's name alone as in "
            "rtsp://user@10.0.0.5/stream, and name the variable that holds it in password_env"
        )
    return written


class VideoCameraSettings(CameraSection):
    """A recorded video, every picture of it once."""

    kind: Literal["video"] = Field(description="video: the pictures of a video file.")
    path: PlantPath = Field(description="The video file; relative paths start at this file.")
    every: int = Field(
        default=1, ge=1, le=100_000, description="Take every n-th picture of it, 1 for all."
    )


class StreamCameraSettings(CameraSection):
    """A camera on the network that sends video."""

    kind: Literal["stream"] = Field(description="stream: a camera that sends RTSP or HTTP video.")
    url: Annotated[str, AfterValidator(_stream_address)] = Field(
        description="Address of the stream, such as rtsp://user@10.0.0.5/stream."
    )
    password_env: VariableName | None = Field(
        default=None,
        description="Name of the environment variable that holds the password of the stream.",
    )
    every_s: Annotated[float, Field(ge=0.0, le=86_400.0)] = Field(
        default=0.0, description="Take one picture every so many seconds; 0: all of them."
    )
    open_timeout_s: Seconds = Field(
        default=5.0, description="So many seconds the camera has to answer when it is opened."
    )
    read_timeout_s: Seconds = Field(
        default=5.0, description="Without a picture for so many seconds the camera is lost."
    )
    frozen_after_s: Annotated[float, Field(ge=0.0, le=86_400.0)] = Field(
        default=60.0,
        description="The very same picture for so many seconds means frozen; 0: never.",
    )
