"""`cameras`: what the plant has, what it sends now, and how it is calibrated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from inspect_pipeline.service.cli.calibrating import calibrate
from inspect_pipeline.service.cli.camera_health import accept, health
from inspect_pipeline.service.cli.options import console

if TYPE_CHECKING:
    from inspect_pipeline.service.live_figures import Looked
    from plant_config.camera import CameraSettings

CameraId = Annotated[str, typer.Argument(metavar="CAMERA", help="Id of a camera of the plant.")]
PlantOf = Annotated[
    Path, typer.Option("--plant", metavar="PLANT.toml", help="The plant file.", show_default=False)
]
Within = Annotated[
    float, typer.Option("--within", min=0.1, help="Seconds in which a picture has to come.")
]
_COLUMNS = ("camera", "size", "pixels", "rate", "grey", "contrast", "at 255", "focus")

app = typer.Typer(help="Cameras of a plant: list, try, watch and calibrate.", no_args_is_help=True)


@app.command("list")
def list_cameras(
    plant: PlantOf,
    network: Annotated[
        bool, typer.Option(help="Also look for GigE Vision cameras on the network.")
    ] = True,
) -> None:
    """The cameras of the plant file, and those that answer on the network."""
    from inspect_pipeline.capture.gige import discovered
    from inspect_pipeline.errors import CaptureError
    from plant_config.loader import load_plant

    table = Table("camera", "kind", "line", "part", "where")
    for camera in load_plant(plant).cameras:
        table.add_row(camera.id, camera.kind, camera.line, camera.part, place_of(camera))
    console().print(table)
    if not network:
        return
    try:
        found = discovered()
    except CaptureError as missing:
        console().print(f"not looked for on the network: {missing}", soft_wrap=True)
        return
    if not found:
        console().print("no GigE Vision camera answers on the network")
        return
    answering = Table("GigE Vision on the network", "address", "model", "serial")
    for each in found:
        answering.add_row(each.name, each.address, each.model, each.serial)
    console().print(answering)


@app.command("probe")
def probe(
    plant: PlantOf,
    camera: Annotated[
        str | None, typer.Argument(metavar="[CAMERA]", help="One camera; without, all of them.")
    ] = None,
    within: Within = 10.0,
    shots: Annotated[int, typer.Option(min=1, help="Pictures to take for the rate.")] = 5,
) -> None:
    """Open cameras and say what they send. Exit code 1 where one of them gives nothing."""
    from inspect_pipeline.errors import CaptureError, InspectError
    from plant_config.loader import load_plant

    described = load_plant(plant)
    cameras = [described.camera(camera)] if camera else list(described.cameras)
    table = Table(*_COLUMNS)
    silent = []
    for settings in cameras:
        try:
            table.add_row(settings.id, *cells_of(_last_of(settings, within, shots)))
        except InspectError as error:
            silent.append(str(error))
            table.add_row(settings.id, "no picture", *[""] * (len(_COLUMNS) - 2))
    console().print(table)
    if silent:
        raise CaptureError("; ".join(silent))


@app.command("snap")
def snap(
    camera: CameraId,
    plant: PlantOf,
    to: Annotated[
        Path, typer.Option("--to", metavar="FILE", help="Where the picture goes.")
    ] = Path("snap.png"),
    corrected: Annotated[
        bool, typer.Option(help="As it is inspected, and not as the camera gave it.")
    ] = False,
    within: Within = 10.0,
) -> None:
    """Save one picture: the very bytes that the camera gave, or as it is inspected."""
    from inspect_pipeline.capture.lossless import png_of
    from inspect_pipeline.capture.reading import decode_picture
    from inspect_pipeline.exports.whole_files import keep_whole
    from inspect_pipeline.service.opening import build_correction
    from plant_config.loader import load_plant

    settings = load_plant(plant).camera(camera)
    shot = _last_of(settings, within, 1).shot
    content = shot.content
    if corrected:
        pixels = decode_picture(content, source=Path(shot.source))
        content = png_of(build_correction(settings)(pixels))
    keep_whole(to, content)
    console().print(f"{to}: {shot.source}, taken {shot.taken_at:%Y-%m-%d %H:%M:%S} UTC")


@app.command("watch")
def watch(
    camera: CameraId,
    plant: PlantOf,
    within: Within = 10.0,
    shots: Annotated[
        int | None, typer.Option(min=1, help="End after so many pictures.", show_default=False)
    ] = None,
) -> None:
    """Live figures of a camera, to set lamp, lens and position by. Ctrl-C ends it."""
    from rich.live import Live

    from inspect_pipeline.errors import CameraEnded
    from inspect_pipeline.service.live_figures import look
    from inspect_pipeline.service.opening import build_correction, open_camera
    from plant_config.loader import load_plant

    settings = load_plant(plant).camera(camera)
    correct = build_correction(settings)
    best = 0.0
    with open_camera(settings) as opened, Live(console=console()) as live:
        try:
            for looked in look(opened, camera_id=settings.id, within_s=within, correct=correct):
                best = max(best, looked.figures.sharpness)
                table = Table(*_COLUMNS, "best focus", "shots", "lost")
                counts = (f"{best:.2f}", str(looked.shots), str(looked.lost))
                table.add_row(settings.id, *cells_of(looked), *counts)
                live.update(table)
                if looked.shots == shots:
                    break
        except (KeyboardInterrupt, CameraEnded):
            return


app.command("calibrate")(calibrate)
app.command("health")(health)
app.command("accept")(accept)


@app.command("limits")
def limits(
    camera: CameraId,
    plant: PlantOf,
    images: Annotated[
        Path, typer.Option("--images", metavar="DIR", help="Pictures of good parts, as taken.")
    ],
    reference: Annotated[
        Path, typer.Option("--reference", metavar="FILE", help="Where the reference goes.")
    ] = Path("reference.png"),
) -> None:
    """From which focus and place on frames are fit, measured on good parts: for the plant file."""
    from inspect_pipeline.capture.lossless import png_of
    from inspect_pipeline.errors import UsageError
    from inspect_pipeline.exports.whole_files import keep_whole
    from inspect_pipeline.service.cli.calibrating import pictures_of
    from inspect_pipeline.service.opening import build_correction
    from inspect_pipeline.stages.good_limits import good_limits
    from plant_config.loader import load_plant

    settings = load_plant(plant).camera(camera)
    correct = build_correction(settings)
    pictures = [correct(picture) for picture in pictures_of(str(images), settings, 1)]
    try:
        found = good_limits(pictures)
    except ValueError as error:
        raise UsageError(f"{images}: {error}") from error
    told = [f"write below part {settings.part}:", "[parts.fitness]"]
    told.append(f"blurred_below = {found.blurred_below:.3g}")
    if found.reference is None:
        told.append("# the parts do not lie alike: there is no place to check")
    else:
        keep_whole(reference, png_of(pictures[found.reference]))
        told.append(f'reference = "{reference}"')
        told.append(f"least_likeness = {found.least_likeness:.3g}")
        told.append(f"max_shift_px = {found.max_shift_px:.3g}")
    for line in told:
        console().print(line, markup=False, highlight=False, soft_wrap=True)


def place_of(settings: CameraSettings) -> str:
    """Where the camera is, without anything secret."""
    from inspect_pipeline.capture.stream import shown_address
    from plant_config.camera import (
        FolderCameraSettings,
        GigeCameraSettings,
        StreamCameraSettings,
        UsbCameraSettings,
        VideoCameraSettings,
    )

    match settings:
        case FolderCameraSettings() | VideoCameraSettings():
            return str(settings.path)
        case StreamCameraSettings():
            return shown_address(settings.url)
        case GigeCameraSettings() | UsbCameraSettings():
            return str(settings.device)
        case _:
            return "this computer"


def cells_of(looked: Looked) -> list[str]:
    figures = looked.figures
    return [
        f"{figures.frame_wh[0]} x {figures.frame_wh[1]}",
        "colour" if figures.is_colour else "grey",
        f"{looked.rate_hz:.1f}/s" if looked.rate_hz is not None else "",
        f"{figures.mean_grey:.1f}",
        f"{figures.contrast:.1f}",
        f"{figures.saturated_share:.2%}",
        f"{figures.sharpness:.2f}",
    ]


def _last_of(settings: CameraSettings, within_s: float, shots: int) -> Looked:
    """The last of up to so many shots in time; a camera that gives fewer is no error."""
    from inspect_pipeline.errors import CaptureError
    from inspect_pipeline.service.live_figures import look
    from inspect_pipeline.service.opening import open_camera

    last: Looked | None = None
    with open_camera(settings) as camera:
        try:
            for last in look(camera, camera_id=settings.id, within_s=within_s):
                if last.shots >= shots:
                    break
        except CaptureError:
            if last is None:
                raise
    assert last is not None, "a look either gives a shot or raises"
    return last
