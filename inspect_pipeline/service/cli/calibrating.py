"""`cameras calibrate`: dark level, flat field, white balance and scale, from pictures or live."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspect_pipeline.service.cli.options import console

if TYPE_CHECKING:
    from inspect_pipeline.capture.corrections.calibration import Calibration
    from inspect_pipeline.capture.corrections.target import Scale, Target
    from inspect_pipeline.records import Picture
    from plant_config.camera import CameraSettings

LIVE = "live"
_BOARD = re.compile(
    r"(?P<kind>checkerboard|circles):(?P<columns>[1-9]\d?)x(?P<rows>[1-9]\d?):(?P<mm>\d+(\.\d+)?)"
)
_FROM = f"Picture, folder of pictures, or `{LIVE}` to take them now"


def calibrate(
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="Id of a camera of the plant.")],
    plant: Annotated[Path, typer.Option("--plant", metavar="PLANT.toml", help="The plant file.")],
    dark: Annotated[str | None, typer.Option(help=f"{_FROM}: lens covered.")] = None,
    flat: Annotated[str | None, typer.Option(help=f"{_FROM}: something even and grey.")] = None,
    target: Annotated[str | None, typer.Option(help=f"{_FROM}: a calibration target.")] = None,
    board: Annotated[
        str | None,
        typer.Option(
            metavar="KIND:COLUMNSxROWS:MM",
            help="The target: checkerboard:9x6:5 has 9 x 6 inner corners 5 mm apart; or circles.",
            show_default=False,
        ),
    ] = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="One level per column, for line-scan cameras.")
    ] = False,
    shots: Annotated[int, typer.Option(min=1, help=f"Pictures to take with `{LIVE}`.")] = 16,
) -> None:
    """Measure a camera; what is not measured now stays as it was. Older versions are kept."""
    from inspect_pipeline.capture.corrections.calibration import Calibration, with_dark, with_flat
    from inspect_pipeline.capture.corrections.kept_calibrations import (
        keep_calibration,
        newest_or_none,
    )
    from inspect_pipeline.capture.corrections.sheet import calibration_sheet
    from inspect_pipeline.capture.corrections.target import scale_of
    from inspect_pipeline.errors import UsageError
    from plant_config.loader import load_plant

    settings = load_plant(plant).camera(camera)
    folder = settings.corrections.calibration_folder
    if folder is None:
        raise UsageError(
            f"camera {camera}: corrections.calibration_folder is missing in {plant}: add the block "
            '[cameras.corrections] with calibration_folder = "calibration/' + camera + '"'
        )
    if dark is None and flat is None and target is None:
        raise UsageError("nothing to measure: name at least one of --dark, --flat and --target")
    now = datetime.now(UTC).replace(microsecond=0)
    known = newest_or_none(folder) or Calibration(camera_id=camera, made_at=now)
    measured = replace(known, camera_id=camera, made_at=now)
    if dark is not None:
        measured = with_dark(measured, pictures_of(dark, settings, shots), lines=lines)
    if flat is not None:
        measured = with_flat(measured, pictures_of(flat, settings, shots), lines=lines)
    seen: Picture | None = None
    scale: Scale | None = None
    if target is not None:
        seen = pictures_of(target, settings, 1)[0]
        scale = scale_of(seen, target_of(board))
        measured = replace(measured, mm_per_px=scale.mm_per_px)
    told = told_of(measured, scale)
    home = keep_calibration(
        folder, measured, calibration_sheet(measured, told, target=seen, scale=scale)
    )
    for line in (*told, f"kept in {home}, in use from now on; a picture of it: {home}/sheet.png"):
        console().print(line, highlight=False, soft_wrap=True)


def told_of(calibration: Calibration, scale: Scale | None) -> list[str]:
    """What was found, a line for each."""
    told = []
    if calibration.dark is not None:
        told.append(f"dark level: {calibration.dark.mean():.2f} grey levels on average")
    if calibration.shading is not None:
        told.append(
            f"flat field: light differs by {calibration.shading:.1%} across the picture; "
            f"{calibration.blind_px} pixels see too little to be put right"
        )
    if calibration.white_gains is not None:
        gains = ", ".join(f"{gain:.3f}" for gain in calibration.white_gains)
        told.append(f"white balance: gains {gains} for red, green, blue")
    if scale is not None:
        told.append(
            f"scale: mm_per_px = {scale.mm_per_px:.5g}; write that for the part. Across "
            f"{scale.across_mm_per_px:.5g}, down {scale.down_mm_per_px:.5g}"
        )
        told.append(f"corners lie {scale.misfit_px:.2f} px from an even grid (lens, tilt)")
    elif calibration.mm_per_px is not None:
        told.append(f"scale as before: mm_per_px = {calibration.mm_per_px:.5g}")
    return told


def pictures_of(source: str, settings: CameraSettings, shots: int) -> list[Picture]:
    """As the camera gives them, uncorrected."""
    if source == LIVE:
        return _taken_now(settings, shots)
    from inspect_pipeline.capture.folder import FolderCamera
    from inspect_pipeline.capture.reading import read_picture

    found = FolderCamera(
        Path(source), line_id=settings.line, camera_id=settings.id, part=settings.part
    )
    return [read_picture(path) for path in found.paths()]


def _taken_now(settings: CameraSettings, shots: int) -> list[Picture]:
    from inspect_pipeline.capture.reading import decode_picture
    from inspect_pipeline.service.live_figures import look
    from inspect_pipeline.service.opening import open_camera

    pictures: list[Picture] = []
    with open_camera(settings) as camera:
        for looked in look(camera, camera_id=settings.id, within_s=10.0):
            pictures.append(decode_picture(looked.shot.content, source=Path(looked.shot.source)))
            if len(pictures) == shots:
                break
    return pictures


def target_of(board: str | None) -> Target:
    """Raises UsageError with how it is written."""
    from inspect_pipeline.capture.corrections.target import Target
    from inspect_pipeline.errors import UsageError

    found = _BOARD.fullmatch(board or "")
    if found is None or float(found["mm"]) <= 0:
        raise UsageError(
            f"--board is {board!r}, with --target it has to say what is seen: "
            "checkerboard:9x6:5 for 9 x 6 inner corners 5 mm apart, or circles:11x7:2.5"
        )
    return Target(
        kind="circles" if found["kind"] == "circles" else "checkerboard",
        columns=int(found["columns"]),
        rows=int(found["rows"]),
        spacing_mm=float(found["mm"]),
    )
