"""Every kind of camera in a plant file: what is taken, and what is refused with key and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from plant_config.camera import (
    FolderCameraSettings,
    GigeCameraSettings,
    StreamCameraSettings,
    UsbCameraSettings,
    VideoCameraSettings,
)
from plant_config.errors import PlantConfigError
from plant_config.loader import load_plant
from plant_config.plant import Plant

HEAD = """
name = "Works"
[[lines]]
id = "L1"
[[parts]]
name = "bracket"
mm_per_px = 0.05
{part}
[storage]
database_url = "sqlite:///works.db"
evidence_folder = "evidence"
models_folder = "models"
"""
CAMERA = '[[cameras]]\nid = "c1"\nline = "L1"\npart = "bracket"\n'
FOLDER = 'kind = "folder"\npath = "incoming"\n'
VIDEO = 'kind = "video"\npath = "film.mp4"\n'
STREAM = 'kind = "stream"\nurl = "rtsp://eve@10.0.0.5/a"\n'
USB = 'kind = "usb"\ndevice = 0\n'
GIGE = 'kind = "gige"\ndevice = "10.0.0.7"\n'


def write(folder: Path, said: str, part: str = "") -> Path:
    (folder / "incoming").mkdir(exist_ok=True)
    (folder / "film.mp4").touch()
    path = folder / "plant.toml"
    path.write_text(HEAD.format(part=part) + CAMERA + said, encoding="utf-8")
    return path


def loaded(folder: Path, said: str, part: str = "") -> Plant:
    return load_plant(write(folder, said, part), environment={})


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (FOLDER, FolderCameraSettings),
        (FOLDER + 'after = "move"\nmove_to = "done"\nwatch = "polling"\n', FolderCameraSettings),
        (VIDEO + "every = 5\n", VideoCameraSettings),
        (STREAM + 'password_env = "C1_PASSWORD"\n', StreamCameraSettings),
        (USB + "frame_wh = [640, 480]\nexposure = 100.0\n", UsbCameraSettings),
        ('kind = "usb"\ndevice = "/dev/video2"\n', UsbCameraSettings),
        (GIGE + "roi_px = [0, 0, 2048, 256]\nframe_rate_hz = 30\n", GigeCameraSettings),
        (GIGE + 'trigger = "hardware"\ntrigger_source = "Line1"\n', GigeCameraSettings),
    ],
)
def test_each_kind_has_its_own_keys(tmp_path: Path, said: str, kind: type) -> None:
    assert isinstance(loaded(tmp_path, said).camera("c1"), kind)


def test_corrections_stand_below_their_camera(tmp_path: Path) -> None:
    block = '[cameras.corrections]\ncalibration_folder = "cal"\nrotate_deg = 90\n'

    corrections = loaded(tmp_path, FOLDER + block).camera("c1").corrections

    assert corrections.calibration_folder == tmp_path / "cal"
    assert (corrections.rotate_deg, corrections.flip, corrections.roi_px) == (90, "no", None)


def test_a_camera_without_corrections_has_none(tmp_path: Path) -> None:
    assert loaded(tmp_path, USB).camera("c1").corrections.calibration_folder is None


REFUSED = [
    (FOLDER + 'after = "burn"\n', "after: should be 'leave', 'move' or 'remove', found 'burn'"),
    (FOLDER + 'after = "move"\n', "move_to: is missing beside after = 'move'"),
    (FOLDER + 'move_to = "done"\n', "move_to: stands beside after = 'leave'"),
    (FOLDER + 'after = "move"\nmove_to = "incoming/done"\n', "lies inside path: its files would"),
    (FOLDER + "poll_s = 0\n", "poll_s: should be greater than 0, found 0"),
    (FOLDER + "settle_s = -1\n", "settle_s: should be greater than or equal to 0"),
    (FOLDER + 'watch = "often"\n', "watch: should be 'events' or 'polling', found 'often'"),
    (FOLDER + "exposure_us = 5\n", "exposure_us: unknown key 'exposure_us'"),
    (VIDEO.replace("film", "none"), "path: video file "),
    (VIDEO.replace("film.mp4", "incoming"), "is a folder, not a video: correct the path"),
    (VIDEO + "every = 0\n", "every: should be greater than or equal to 1, found 0"),
    (STREAM.replace("rtsp:", "ftp:"), "url: is not the address of a stream: write it as rtsp://"),
    (STREAM.replace("10.0.0.5", "10.0.0.5:99999"), "url: is not an address: write rtsp://"),
    (
        STREAM + 'password_env = "a b"\n',
        "password_env: is not written as it has to be, found 'a b'",
    ),
    (STREAM + "read_timeout_s = 0\n", "read_timeout_s: should be greater than 0"),
    (USB.replace("0", "300"), "device: 300 is no number of a camera"),
    (USB.replace("0", '"video0"'), "device: 'video0' is no device: write a number such as 0"),
    (USB + "frame_wh = [640]\n", "frame_wh[1]: is missing"),
    (GIGE + 'pixel_format = "Mono12p"\n', "pixel_format: should be 'Mono8', 'RGB8', 'BGR8'"),
    (GIGE + 'trigger = "hardware"\n', "trigger_source: is missing beside trigger = 'hardware'"),
    (GIGE + 'trigger_source = "Line1"\n', "trigger_source: stands beside trigger = 'off'"),
    (GIGE + 'trigger = "software"\nframe_rate_hz = 5\n', "frame_rate_hz: stands beside trigger ="),
    (GIGE + "roi_px = [0, 0, 8, 256]\n", "roi_px[2]: should be greater than or equal to 32"),
    (GIGE + "packet_bytes = 100\n", "packet_bytes: should be greater than or equal to 576"),
    (GIGE + "buffers = 1\n", "buffers: should be greater than or equal to 2, found 1"),
    (USB + "[cameras.corrections]\nrotate_deg = 45\n", "corrections.rotate_deg: should be 0, 90"),
    (USB + "[cameras.corrections]\nroi = [1]\n", "corrections.roi: unknown key 'roi', did you"),
]


@pytest.mark.parametrize(("said", "message"), REFUSED)
def test_a_wrong_camera_is_refused_with_file_key_and_reason(
    tmp_path: Path, said: str, message: str
) -> None:
    path = write(tmp_path, said)

    with pytest.raises(PlantConfigError) as refused:
        load_plant(path, environment={})

    assert f"{path}: cameras[0]." in str(refused.value)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://eve:s3cret@10.0.0.5/a",
        "http://10.0.0.5/a?user=eve&password=s3cret",
        "http://10.0.0.5/a?token=s3cret",
    ],
)
def test_a_password_in_the_file_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    with pytest.raises(PlantConfigError) as refused:
        loaded(tmp_path, f'kind = "stream"\nurl = "{url}"\n')

    assert "url: holds a password in plain text" in str(refused.value)
    assert "password_env" in str(refused.value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("max_shift_px = 5", "parts[0].fitness.max_shift_px: needs a reference beside it"),
        ('reference = "film.mp4"', "parts[0].fitness.reference: is compared with nothing"),
        (
            'reference = "none.png"\nmax_shift_px = 5',
            "none.png does not exist: correct the path",
        ),
        ("blurred_below = 0", "parts[0].fitness.blurred_below: should be greater than 0"),
        ("least_likeness = 1.5", "parts[0].fitness.least_likeness: should be less than 1"),
    ],
)
def test_a_wrong_fitness_is_refused(tmp_path: Path, said: str, message: str) -> None:
    with pytest.raises(PlantConfigError) as refused:
        loaded(tmp_path, FOLDER, part=f"[parts.fitness]\n{said}\n")

    assert message in str(refused.value)
