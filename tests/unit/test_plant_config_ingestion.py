"""[ingestion] of a plant file: what it says, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from plant_config.loader import load_plant
from tests.unit.test_plant_config import GOOD, refusal, write


def with_ingestion(folder: Path, *lines: str) -> Path:
    text = f"{GOOD}[ingestion]\n" + "\n".join(lines) + "\n"
    return write(folder, text, ("/srv/models", "models"))


def test_frames_wait_beside_the_evidence_unless_the_file_names_a_folder(tmp_path: Path) -> None:
    assert load_plant(with_ingestion(tmp_path)).spool_folder == tmp_path / "spool"

    named = load_plant(with_ingestion(tmp_path, 'spool_folder = "fast/disk"'))

    assert named.spool_folder == tmp_path / "fast" / "disk"


def test_a_camera_waits_for_room_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    assert load_plant(with_ingestion(tmp_path)).ingestion.when_full == "block"
    shedding = load_plant(with_ingestion(tmp_path, 'when_full = "shed_oldest"'))

    assert shedding.ingestion.when_full == "shed_oldest"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('when_full = "drop"', "ingestion.when_full: should be 'block', 'shed_newest' or"),
        ("workers = 0", "ingestion.workers: should be greater than or equal to 1, found 0"),
        ("tries = 0", "ingestion.tries: should be greater than or equal to 1"),
        ("entries_max = 0", "ingestion.entries_max"),
        ("hung_after_s = 1", "ingestion.hung_after_s: should be greater than or equal to 2"),
        ("worker = 3", "unknown key 'worker', did you mean 'workers'?"),
        (
            "restart_after_s = 10\nrestart_at_most_s = 5",
            "ingestion.restart_at_most_s: is 5, shorter than restart_after_s = 10",
        ),
        ('spool_folder = ""', "ingestion.spool_folder: is not a path"),
        ('spool_folder = "plant.toml"', "is a file, not a folder: name another folder"),
    ],
)
def test_a_mistake_is_refused_with_its_key_and_the_reason(
    tmp_path: Path, line: str, said: str
) -> None:
    assert said in refusal(with_ingestion(tmp_path, line))
