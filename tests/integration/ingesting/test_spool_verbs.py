"""`run_pipeline.py spool`: what waits and what was set apart, looked at and decided about."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from db.engine import default_url
from inspect_pipeline.errors import UsageError
from inspect_pipeline.ingestion.spool import CameraSpool
from inspect_pipeline.service.cli.spooling import app
from inspect_pipeline.service.ingesting.places import notices_of, spool_of
from inspect_pipeline.service.ingesting.setting_apart import set_apart
from plant_config.loader import load_plant
from tests.integration.ingesting.test_writing import write_all
from tests.integration.ingesting.tiny_plant import tiny_plant
from tests.unit.ingestion.entries import NOON, entry, said


@pytest.fixture
def plant_file(tmp_path: Path) -> Path:
    url = default_url(tmp_path / "findings.db")
    return tiny_plant(tmp_path, url, models=tmp_path / "none")


@pytest.fixture
def spool(plant_file: Path) -> CameraSpool:
    """Two frames wait and two were set apart."""
    plant = load_plant(plant_file)
    found = spool_of(plant, "cam-1")
    for number in range(4):
        found.put(entry(number))
    for number, place in enumerate(found.queue()[:2]):
        claimed = found.claim(place, "worker-1")
        assert claimed is not None
        reason, one = "ZeroDivisionError: a riddle", entry(number)
        set_apart(found, claimed, notices_of(plant), entry=one, reason=reason, at=NOON)
    return found


def run(plant_file: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--plant", str(plant_file)], catch_exceptions=False)


def test_the_list_counts_what_waits_and_names_what_was_set_apart(
    plant_file: Path, spool: CameraSpool
) -> None:
    shown = run(plant_file, "list").output

    (row,) = (line.split() for line in shown.splitlines() if line.split()[:1] == ["cam-1"])
    assert row[:5] == ["cam-1", "2", "0", "0", "2"]
    assert all(f"set apart: cam-1 {one.path.name}" in shown for one in spool.set_apart())


def test_one_that_was_set_apart_is_shown_with_its_reason_and_its_bytes(
    plant_file: Path, spool: CameraSpool, tmp_path: Path
) -> None:
    name = spool.set_apart()[0].path.name
    before = run(plant_file, "show", name).output
    write_all(load_plant(plant_file))

    shown = run(plant_file, "show", name, "--to", str(tmp_path / "it")).output

    assert "reason: not known" in before
    assert "reason: ZeroDivisionError: a riddle" in shown
    assert "source: camera://0" in shown
    assert (tmp_path / "it").read_bytes() == entry(0).content


def test_tried_again_or_discarded_they_leave_the_quarantine(
    plant_file: Path, spool: CameraSpool
) -> None:
    first, _second = (one.path.name for one in spool.set_apart())

    run(plant_file, "retry", first, "--camera", "cam-1")
    run(plant_file, "discard", "--all", "--why", "lens cap on", "--by", "anna")

    assert spool.set_apart() == []
    assert [one.tries for one in spool.queue()] == [0, 0, 0]
    told = said(notices_of(load_plant(plant_file)))
    assert [(one.facts["by"], one.facts["source"]) for one in told if "by" in one.facts] == [
        ("anna", "camera://1")
    ]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["show", "nobody"], "no frame 'nobody' was set apart"),
        (["retry"], "or give --all"),
        (["retry", "--all", "--camera", "cam-9"], "no camera 'cam-9' has a spool"),
    ],
)
def test_what_is_not_there_is_said(
    plant_file: Path, spool: CameraSpool, words: list[str], reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        run(plant_file, *words)
