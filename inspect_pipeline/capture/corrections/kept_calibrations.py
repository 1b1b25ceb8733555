"""Calibrations of a camera in its folder: each version stays, one of them is in use."""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inspect_pipeline.capture.corrections.calibration import Calibration, Levels
from inspect_pipeline.capture.lossless import png_of
from inspect_pipeline.errors import CaptureError
from inspect_pipeline.records import Picture

IN_USE = "in_use"  # a text file with the name of a version: write an older one to go back
_FIGURES, _SHEET = "calibration.json", "sheet.png"
_FORMAT = 1


def load_calibration(folder: Path, camera_id: str) -> Calibration:
    """The version in use. CaptureError where there is none, or it is another camera's."""
    calibration = newest_or_none(folder)
    if calibration is None:
        raise CaptureError(
            f"camera {camera_id}: calibration_folder {folder} holds no calibration: run "
            f"`run_pipeline.py cameras calibrate {camera_id}`, or take the key out"
        )
    if calibration.camera_id != camera_id:
        raise CaptureError(
            f"camera {camera_id}: calibration_folder {folder} is of camera "
            f"{calibration.camera_id}: name another folder"
        )
    return calibration


def newest_or_none(folder: Path) -> Calibration | None:
    """The version in use; None where the camera was never calibrated."""
    try:
        version = (folder / IN_USE).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    home = folder / version
    try:
        figures = json.loads((home / _FIGURES).read_text(encoding="utf-8"))
        if figures["format"] != _FORMAT:
            raise ValueError(f"format {figures['format']}, this program reads {_FORMAT}")
        white = figures["white_gains"]
        return Calibration(
            camera_id=figures["camera_id"],
            made_at=datetime.fromisoformat(figures["made_at"]),
            dark=_levels_in(home / "dark.tiff") if figures["has_dark"] else None,
            flat_gain=_levels_in(home / "flat_gain.tiff") if figures["has_flat"] else None,
            white_gains=tuple(white) if white is not None else None,
            mm_per_px=figures["mm_per_px"],
            blind_px=figures["blind_px"],
            shading=figures["shading"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CaptureError(
            f"calibration {home} cannot be read ({error}): calibrate again, or write the name of "
            f"another version into {folder / IN_USE}"
        ) from error


def keep_calibration(folder: Path, calibration: Calibration, sheet: Picture) -> Path:
    """A new version, in use from now on: whole or not at all. Returns its folder."""
    version = calibration.made_at.strftime("%Y-%m-%dT%H-%M-%SZ")
    home, fresh = folder / version, folder / f".{version}.new"
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(parents=True)
    for name, levels in (("dark", calibration.dark), ("flat_gain", calibration.flat_gain)):
        if levels is not None:
            _write(fresh / f"{name}.tiff", _tiff_of(levels))
    figures = json.dumps(_figures_of(calibration), indent=1) + "\n"
    _write(fresh / _FIGURES, figures.encode())
    _write(fresh / _SHEET, png_of(sheet))
    if home.exists():
        raise CaptureError(f"calibration {home} is there already: try again in a second")
    fresh.rename(home)
    pointer = folder / f".{IN_USE}.new"
    _write(pointer, f"{version}\n".encode())
    pointer.replace(folder / IN_USE)
    return home


def _figures_of(calibration: Calibration) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "camera_id": calibration.camera_id,
        "made_at": calibration.made_at.isoformat(),
        "has_dark": calibration.dark is not None,
        "has_flat": calibration.flat_gain is not None,
        "white_gains": calibration.white_gains,
        "mm_per_px": calibration.mm_per_px,
        "blind_px": calibration.blind_px,
        "shading": calibration.shading,
    }


def _tiff_of(levels: Levels) -> bytes:
    return bytes(cv2.imencode(".tiff", levels)[1])


def _levels_in(path: Path) -> Levels:
    levels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if levels is None or levels.dtype != np.float32:
        raise ValueError(f"{path.name} is damaged")
    shaped: Levels = levels.reshape(*levels.shape[:2], -1)
    return shaped


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
