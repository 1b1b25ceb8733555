"""GigE Vision cameras through Aravis: imported in this file alone, when a camera is opened."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from inspect_pipeline.capture.block_count import BlockCount
from inspect_pipeline.capture.camera import Gap, Shot
from inspect_pipeline.capture.lossless import png_of
from inspect_pipeline.capture.pixel_formats import picture_of
from inspect_pipeline.errors import CaptureError
from plant_config.camera import GigeCameraSettings

INSTALL = (
    "GigE Vision cameras need Aravis and its binding: on Debian and Ubuntu `apt-get install "
    "gir1.2-aravis-0.8 libgirepository1.0-dev libcairo2-dev pkg-config g++`, then `make gige`"
)
_CHECK = "check its power, cable and address, and that no other program holds it"
_PACKET_TIMEOUT_US, _RETENTION_US = 20_000, 100_000
_SILENT_MIN_S, _SILENT_FRAMES = 2.0, 5.0

_log = logging.getLogger(__name__)


class GigeCamera:
    """Pictures that lost packets on the way become gaps; every buffer goes back to the camera."""

    def __init__(
        self,
        settings: GigeCameraSettings,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._now = now

    def __enter__(self) -> Self:
        self._aravis, self._failure = aravis_or_refusal()
        self._count = BlockCount()
        self._incomplete = 0
        self._held: Shot | None = None
        self._is_asked = False
        self._is_control_lost = self._is_silent = False
        self._stream: Any = None
        with self._told("cannot be opened"):
            self._camera = self._aravis.Camera.new(self._settings.device)
        self._camera.get_device().connect("control-lost", self._lose_control)
        try:
            self._set_features()
            self._start()
        except CaptureError:
            self._stop()
            raise
        self._heard_s = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def wait(self, timeout_s: float) -> Shot | Gap | None:
        if self._held is not None:
            shot, self._held = self._held, None
            return shot
        deadline_s = time.monotonic() + timeout_s
        while True:
            self._ask()
            left_s = max(0.0, deadline_s - time.monotonic())
            buffer = self._stream.timeout_pop_buffer(int(min(left_s, self._limit_s()) * 1e6))
            if buffer is not None:
                if given := self._taken(buffer):
                    return given
            elif given := self._silence():
                return given
            if time.monotonic() >= deadline_s:
                return None

    def acknowledge(self, shot: Shot) -> None:
        """The camera keeps nothing: there is nothing to let go of."""

    def _taken(self, buffer: Any) -> Shot | Gap | None:
        self._is_asked = False
        try:
            if buffer.get_status() != self._aravis.BufferStatus.SUCCESS:
                self._incomplete += 1
                return None
            self._heard_s = time.monotonic()
            return self._given(buffer)
        finally:
            self._stream.push_buffer(buffer)

    def _given(self, buffer: Any) -> Shot | Gap:
        is_first = self._count.is_new
        counted = self._count.counted(int(buffer.get_frame_id()))
        missing = self._incomplete if is_first else counted.missing
        self._incomplete = 0
        padding_bytes, _ = buffer.get_image_padding()
        wh = (buffer.get_image_width(), buffer.get_image_height())
        taken_ns = buffer.get_system_timestamp()
        shot = Shot(
            content=png_of(
                picture_of(
                    buffer.get_data(),
                    wh,
                    self._settings.pixel_format,
                    row_padding_bytes=padding_bytes,
                )
            ),
            taken_at=datetime.fromtimestamp(taken_ns / 1e9, UTC) if taken_ns else self._now(),
            source=f"gige://{self._settings.device}",
            sequence=counted.number,
        )
        if not missing:
            return shot
        self._held = shot
        return self._gap(missing)

    def _gap(self, missing: int) -> Gap:
        reason = f"{missing} pictures of gige://{self._settings.device} lost packets on the network"
        return Gap(noticed_at=self._now(), reason=reason, shots=missing)

    def _silence(self) -> Gap | None:
        """Raises CaptureError where the camera is gone, or has been silent for too long."""
        if self._is_control_lost:
            self._is_silent = True
            raise self._lost("was lost: it answers no more")
        silent_s = time.monotonic() - self._heard_s
        if silent_s < self._limit_s():
            return None
        if self._incomplete:
            missing, self._incomplete = self._incomplete, 0
            return self._gap(missing)
        self._is_silent = True
        raise self._lost(f"has sent no whole picture for {silent_s:.1f} s")

    def _limit_s(self) -> float:
        """How long no picture is no fault. A line that stands still triggers none."""
        settings = self._settings
        if settings.frame_timeout_s is not None:
            return settings.frame_timeout_s
        if settings.trigger == "hardware":
            return float("inf") if not self._incomplete else _SILENT_MIN_S
        rate_hz = settings.frame_rate_hz or 1.0
        exposure_s = (settings.exposure_us or 0.0) / 1e6
        return max(_SILENT_MIN_S, _SILENT_FRAMES / rate_hz) + exposure_s

    def _ask(self) -> None:
        if self._settings.trigger == "software" and not self._is_asked:
            with self._told("takes no software trigger"):
                self._camera.software_trigger()
            self._is_asked = True

    def _set_features(self) -> None:
        camera, settings = self._camera, self._settings
        with self._told(f"refuses pixel_format {settings.pixel_format!r}"):
            camera.set_pixel_format_from_string(settings.pixel_format)
        if settings.roi_px is not None:
            with self._told(f"refuses roi_px {list(settings.roi_px)}"):
                camera.set_region(*settings.roi_px)
                found = tuple(camera.get_region())
            if found != settings.roi_px:
                what = f"makes roi_px {list(settings.roi_px)} to {list(found)}"
                raise self._lost(what, "write what it can do")
        if settings.exposure_us is not None:
            with self._told(f"refuses exposure_us {settings.exposure_us:g}"):
                camera.set_exposure_time(settings.exposure_us)
        if settings.gain is not None:
            with self._told(f"refuses gain {settings.gain:g}"):
                camera.set_gain(settings.gain)
        self._set_pace()
        with self._told("refuses packet_bytes"):
            if settings.packet_bytes is not None:
                camera.gv_set_packet_size(settings.packet_bytes)
            else:
                camera.gv_auto_packet_size()

    def _set_pace(self) -> None:
        camera, settings = self._camera, self._settings
        with self._told(f"refuses trigger {settings.trigger!r}"):
            if settings.trigger == "off":
                camera.clear_triggers()
            elif settings.trigger == "software":
                camera.set_trigger("Software")
            else:
                self._check_source(settings.trigger_source)
                camera.set_trigger(settings.trigger_source)
        if settings.frame_rate_hz is not None:
            with self._told(f"refuses frame_rate_hz {settings.frame_rate_hz:g}"):
                camera.set_frame_rate(settings.frame_rate_hz)

    def _check_source(self, source: str | None) -> None:
        known = list(self._camera.dup_available_trigger_sources())
        if source not in known:
            raise self._lost(f"has no trigger_source {source!r}", f"use one of {', '.join(known)}")

    def _start(self) -> None:
        with self._told("gives no stream"):
            self._stream = self._camera.create_stream(None, None)
            self._stream.set_property("packet-timeout", _PACKET_TIMEOUT_US)
            self._stream.set_property("frame-retention", _RETENTION_US)
            payload_bytes = self._camera.get_payload()
            for _ in range(self._settings.buffers):
                self._stream.push_buffer(self._aravis.Buffer.new_allocate(payload_bytes))
            self._camera.start_acquisition()

    def _stop(self) -> None:
        if not self._is_silent:  # one that is gone would be asked for seconds
            with contextlib.suppress(self._failure):
                self._camera.stop_acquisition()
        self._stream = None
        self._camera = None

    def _lose_control(self, *_: object) -> None:
        self._is_control_lost = True

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except self._failure as error:
            what_to_do = "correct the plant file" if what.startswith("refuses") else _CHECK
            raise self._lost(f"{what} ({error.message})", what_to_do) from error

    def _lost(self, what: str, what_to_do: str = "") -> CaptureError:
        said = f"camera {self._settings.id}: GigE camera {self._settings.device} {what}"
        return CaptureError(f"{said}: {what_to_do or _CHECK}")


@dataclass(frozen=True, kw_only=True)
class Discovered:
    """A camera that answered on the network."""

    name: str
    address: str
    model: str
    serial: str


def discovered() -> list[Discovered]:
    """GigE Vision cameras that answer within a second. CaptureError where Aravis is missing."""
    aravis, _ = aravis_or_refusal()
    aravis.update_device_list()
    return [
        Discovered(
            name=aravis.get_device_id(index),
            address=aravis.get_device_address(index) or "",
            model=f"{aravis.get_device_vendor(index)} {aravis.get_device_model(index)}",
            serial=aravis.get_device_serial_nbr(index) or "",
        )
        for index in range(aravis.get_n_devices())
    ]


def aravis_or_refusal() -> tuple[Any, type[Any]]:
    """Aravis and the error that it raises. CaptureError says what to install."""
    try:
        import gi

        gi.require_version("Aravis", "0.8")
        from gi.repository import Aravis, GLib
    except (ImportError, ValueError) as error:
        raise CaptureError(f"{INSTALL} ({error})") from error
    return Aravis, GLib.Error
