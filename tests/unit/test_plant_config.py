"""A plant file is read once, completely checked, and refused in words that help."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

import plant_config
from plant_config.camera import FolderCameraSettings, SimulatedCameraSettings
from plant_config.errors import PlantConfigError
from plant_config.loader import load_plant
from plant_config.plant import Plant

DEMO = Path(plant_config.__path__[0]) / "plants" / "demo" / "plant.toml"

GOOD = """
name = "Works"
[[lines]]
id = "L1"
[[cameras]]
id = "c1"
kind = "folder"
line = "L1"
part = "bracket"
path = "incoming"
[[cameras]]
id = "c2"
kind = "simulated"
line = "L1"
part = "bracket"
material = "brushed_web"
seed = 3
frames = 5
defect_rate = 0.5
frame_wh = [320, 200]
[[parts]]
name = "bracket"
mm_per_px = 0.05
[storage]
database_url = "sqlite:///works.db"
evidence_folder = "evidence"
models_folder = "/srv/models"
"""


def write(folder: Path, text: str = GOOD, *changes: tuple[str, str]) -> Path:
    for old, new in changes:
        assert old in text, f"the good file does not hold {old!r}"
        text = text.replace(old, new, 1)
    (folder / "incoming").mkdir(exist_ok=True)
    path = folder / "plant.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(PlantConfigError) as caught:
        load_plant(path, environment=environment or {})
    return str(caught.value)


def test_demo_plant_has_a_grey_and_a_colour_part_on_one_line() -> None:
    plant = load_plant(DEMO, environment={})

    assert [part.name for part in plant.parts] == ["brushed_web", "machined_plate"]
    assert [camera.line for camera in plant.cameras] == ["L1", "L1"]
    assert all(isinstance(camera, SimulatedCameraSettings) for camera in plant.cameras)


def test_the_kind_of_a_camera_decides_its_keys(tmp_path: Path) -> None:
    plant = load_plant(write(tmp_path), environment={})

    assert isinstance(plant.camera("c1"), FolderCameraSettings)
    assert isinstance(plant.camera("c2"), SimulatedCameraSettings)


def test_relative_paths_start_at_the_plant_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path)
    monkeypatch.chdir(tmp_path.parent)

    plant = load_plant(Path(tmp_path.name) / path.name, environment={})

    camera = plant.camera("c1")
    assert isinstance(camera, FolderCameraSettings)
    assert camera.path == tmp_path / "incoming"
    assert plant.storage.evidence_folder == tmp_path / "evidence"


def test_an_absolute_path_stays_as_it_is(tmp_path: Path) -> None:
    assert load_plant(write(tmp_path), environment={}).storage.models_folder == Path("/srv/models")


def test_a_file_saved_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert load_plant(path, environment={}).name == "Works"


def test_a_loaded_plant_cannot_be_changed(tmp_path: Path) -> None:
    plant = load_plant(write(tmp_path), environment={})

    with pytest.raises(ValueError, match="frozen"):
        plant.parts[0].mm_per_px = 1.0  # type: ignore[misc]


REFUSED = [
    ("mm_per_px = 0.05", "mm_per_pixel = 0.05", "parts[0].mm_per_pixel: unknown key"),
    ("mm_per_px = 0.05", "mm_per_pixel = 0.05", "did you mean 'mm_per_px'?"),
    ("mm_per_px = 0.05", "mm_per_px = 0.05\nmin_area_cm2 = 1.0", "did you mean 'min_area_mm2'?"),
    ("mm_per_px = 0.05", "mm_per_px = 0.05\nzzz = 1", "unknown key 'zzz', known keys here: name,"),
    ('path = "incoming"', 'paths = "incoming"', "cameras[0].paths: unknown key 'paths', did you"),
    ('name = "Works"', 'name = "Works"\ncamera = 1', "camera: unknown key 'camera', did you mean"),
    ("mm_per_px = 0.05", "mm_per_px = 0", "parts[0].mm_per_px: should be greater than 0, found 0"),
    ("mm_per_px = 0.05", "mm_per_px = nan", "parts[0].mm_per_px: should be a finite number"),
    ("mm_per_px = 0.05", 'mm_per_px = "0.05"', "should be a valid number, found '0.05'"),
    ("mm_per_px = 0.05", "", "parts[0].mm_per_px: is missing, add it (How many millimetres"),
    ("defect_rate = 0.5", "defect_rate = 50", "less than or equal to 1, found 50 (Share of fram"),
    ("frames = 5", "frames = true", "cameras[1].frames: should be a valid integer"),
    ("[320, 200]", "[320]", "cameras[1].frame_wh[1]: is missing"),
    ("[320, 200]", "[320, 8]", "cameras[1].frame_wh[1]: should be greater than or equal to 32"),
    ('"brushed_web"', '"wool"', "cameras[1].material: should be 'brushed_web' or 'machined_plat"),
    ('kind = "folder"\n', "", "cameras[0].kind: is missing: write one of 'folder', 'simulated'"),
    ('"folder"', '"webcam"', "cameras[0].kind: is 'webcam', not a known kind: write one of 'fol"),
    ('"incoming"', '"outgoing"', "outgoing does not exist: create it, mount it or correct"),
    ('"incoming"', '"plant.toml"', "plant.toml is a file, not a folder: correct the path"),
    ('"incoming"', '""', "cameras[0].path: is not a path: name a file or folder"),
    ('"evidence"', '"${WORKS}/x"', "storage.evidence_folder: '${WORKS}/x' holds a variable: only"),
    ('"incoming"', '"~nobody-at-all/x"', "cameras[0].path: '~nobody-at-all/x' starts with a home"),
    ('"evidence"', '"plant.toml"', "storage.evidence_folder: "),
    ('line = "L1"', 'line = "L2"', "cameras[0].line: there is no line 'L2': use one of L1, or add"),
    ('part = "bracket"', 'part = "b"', "cameras[0].part: there is no part 'b': use one of bracket"),
    ('id = "c2"', 'id = "C1"', "cameras[1].id: 'C1' stands here twice: rename one"),
    ("[[cameras]]", '[[lines]]\nid = "L1"\n[[cameras]]', "lines[1].id: 'L1' stands here twice"),
    (
        "[storage]",
        '[[parts]]\nname = "bracket"\nmm_per_px = 1\n[storage]',
        "parts[1].name: 'bracket' stands here twice",
    ),
    ('id = "c2"', 'id = "../c2"', "cameras[1].id: should begin with a letter or digit"),
    ("[storage]", "[[storage]]", "storage: should be a block of keys (Where results are kept"),
    ('[[lines]]\nid = "L1"', "lines = []", "lines: has no entry, at least one is needed"),
    ('[[lines]]\nid = "L1"', "lines = 1", "lines: should be a list, found 1"),
    (
        "mm_per_px = 0.05",
        "mm_per_px = 0.05\nfalse_alarms = 1.0",
        "should be less than 1, found 1.0",
    ),
    (
        "mm_per_px = 0.05",
        "mm_per_px = 0.05\nmin_area_px = 3\nmin_area_mm2 = 0.1",
        "parts[0].min_area_px: stands beside min_area_mm2: keep one of the two",
    ),
    (
        "mm_per_px = 0.05",
        "mm_per_px = 0.05\nmajor_area_mm2 = 5\ncritical_area_mm2 = 2",
        "parts[0].critical_area_mm2: is 2, smaller than major_area_mm2 = 5",
    ),
    (
        "mm_per_px = 0.05",
        "mm_per_px = 0.05\npolygon_px = [[0, 0], [9, 9]]",
        "parts[0].polygon_px: has 2 corners: a polygon needs at least 3",
    ),
    (
        "mm_per_px = 0.05",
        "mm_per_px = 0.05\npolygon_px = [[0, 0], [9, 9], [20, 20]]",
        "parts[0].polygon_px: encloses less than one pixel",
    ),
    (
        "mm_per_px = 0.05",
        "mm_per_px = 0.05\npolygon_px = [[0, 0], [9, 0], [0, -1]]",
        "parts[0].polygon_px[2][1]: should be greater than or equal to 0, found -1",
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), REFUSED, ids=[row[2] for row in REFUSED])
def test_a_mistake_is_refused_with_key_reason_and_remedy(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert sentence in refusal(write(tmp_path, GOOD, (old, new)))


def test_a_refusal_names_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD, ("0.05", "-1"))

    assert refusal(path).startswith(f"{path}: parts[0].mm_per_px: ")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    message = refusal(write(tmp_path, GOOD, ("0.05", "-1"), ("frames = 5", "frames = 0")))

    assert "2 problems" in message
    assert "cameras[1].frames" in message
    assert "parts[0].mm_per_px" in message


def test_a_syntax_error_is_told_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD, ('id = "L1"', 'id = "L1'))

    message = refusal(path)

    assert message.startswith(f"{path}: is not valid TOML, correct it: ")
    assert "line 4" in message


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert "there is no such plant file, check the path" in refusal(tmp_path / "none.toml")


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    assert "is a folder, name the plant file inside it" in refusal(tmp_path)


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    path = tmp_path / "plant.toml"
    path.write_bytes('name = "Köln"'.encode("latin-1"))

    assert "is not UTF-8 text" in refusal(path)


def test_an_empty_file_is_told_what_belongs_in_it(tmp_path: Path) -> None:
    path = tmp_path / "plant.toml"
    path.write_bytes(b"")

    message = refusal(path)

    needed = [key for key, field in Plant.model_fields.items() if field.is_required()]
    assert all(f"{key}: is missing" in message for key in needed)


def test_a_part_that_is_not_made_is_refused_with_the_ones_that_are(tmp_path: Path) -> None:
    plant = load_plant(write(tmp_path), environment={})

    with pytest.raises(PlantConfigError, match="no part 'nut': use one of bracket"):
        plant.part("nut")


SMALLEST = [
    ("", 1),
    ("min_area_px = 7", 7),
    ("min_area_mm2 = 0.01", 4),  # 0.05 mm/px: 400 px per mm2
    ("min_area_mm2 = 0.011", 5),
    ("min_area_mm2 = 0.0001", 1),
]


@pytest.mark.parametrize(("line", "pixels"), SMALLEST)
def test_smallest_area_is_given_in_pixels_and_rounded_up(
    tmp_path: Path, line: str, pixels: int
) -> None:
    path = write(tmp_path, GOOD, ("mm_per_px = 0.05", f"mm_per_px = 0.05\n{line}"))

    assert load_plant(path, environment={}).part("bracket").smallest_area_px == pixels


POSTGRES = '"postgresql+psycopg://works:${PLANT_DB_PASSWORD}@db.local/works"'
SQLITE = '"sqlite:///works.db"'


def database_url(folder: Path, url: str, environment: dict[str, str]) -> str:
    plant = load_plant(write(folder, GOOD, (SQLITE, url)), environment=environment)
    return plant.storage.database_url.get_secret_value()


def test_a_secret_comes_from_the_environment_and_is_encoded_for_the_address(tmp_path: Path) -> None:
    url = database_url(tmp_path, POSTGRES, {"PLANT_DB_PASSWORD": "p@ss/word"})

    assert url == "postgresql+psycopg://works:p%40ss%2Fword@db.local/works"


def test_a_variable_that_is_the_whole_address_is_taken_as_it_is(tmp_path: Path) -> None:
    address = "postgresql://works:p%40ss@db.local/works"

    assert database_url(tmp_path, '"${PLANT_DB}"', {"PLANT_DB": address}) == address


def test_a_secret_is_never_printed(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD, (SQLITE, POSTGRES))

    plant = load_plant(path, environment={"PLANT_DB_PASSWORD": "hush-hush"})

    assert "hush-hush" not in f"{plant!r} {plant} {plant.model_dump()} {plant.model_dump_json()}"
    assert isinstance(plant.storage.database_url, SecretStr)


def test_a_secret_is_not_printed_when_the_plant_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD, (SQLITE, '"mysql://w:${PLANT_DB_PASSWORD}@db/w"'), ("0.05", "-1"))

    with pytest.raises(PlantConfigError) as caught:
        load_plant(path, environment={"PLANT_DB_PASSWORD": "hush-hush"})

    assert "storage.database_url: is not the address of a database" in str(caught.value)
    assert "hush-hush" not in f"{caught.value} {caught.value.__cause__!r}"


@pytest.mark.parametrize("environment", [{}, {"PLANT_DB_PASSWORD": ""}])
def test_a_missing_variable_is_named(tmp_path: Path, environment: dict[str, str]) -> None:
    message = refusal(write(tmp_path, GOOD, (SQLITE, POSTGRES)), environment)

    assert "storage.database_url: needs the environment variable 'PLANT_DB_PASSWORD'" in message
    assert "set it before the program starts" in message


@pytest.mark.parametrize(
    "url", ["postgresql://works:hush-hush@db/works", "postgresql://db/works?password=hush-hush"]
)
def test_a_password_in_plain_text_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    message = refusal(write(tmp_path, GOOD, (SQLITE, f'"{url}"')))

    assert "holds a password in plain text: write ${PLANT_DB_PASSWORD}" in message
    assert "hush-hush" not in message


SQLITE_FILES = [
    ("sqlite:///works.db", "sqlite:///{folder}/works.db"),
    ("sqlite:///db/../works.db?timeout=9", "sqlite:///{folder}/works.db?timeout=9"),
    ("sqlite:////var/works.db", "sqlite:////var/works.db"),
    ("sqlite:///:memory:", "sqlite:///:memory:"),
]


@pytest.mark.parametrize(("given", "wanted"), SQLITE_FILES)
def test_an_sqlite_file_lies_beside_the_plant_file(tmp_path: Path, given: str, wanted: str) -> None:
    assert database_url(tmp_path, f'"{given}"', {}) == wanted.format(folder=tmp_path)


def test_a_plant_has_a_time_zone_of_its_own(tmp_path: Path) -> None:
    zoned = ('name = "Works"', 'name = "Works"\ntimezone = "Europe/Berlin"')

    assert load_plant(write(tmp_path)).timezone == "UTC"
    assert load_plant(write(tmp_path, GOOD, zoned)).timezone == "Europe/Berlin"


@pytest.mark.parametrize("zone", ["Mars/Base", "../etc/passwd", "Berlin time"])
def test_a_time_zone_that_nobody_knows_is_refused(tmp_path: Path, zone: str) -> None:
    said = refusal(
        write(tmp_path, GOOD, ('name = "Works"', f'name = "Works"\ntimezone = "{zone}"'))
    )

    assert "timezone" in said
    assert "Europe/Berlin" in said
