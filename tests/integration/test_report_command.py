"""`report`: one page, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from db.engine import default_url
from db.errors import DatabaseNotFound
from inspect_pipeline.errors import UsageError
from inspect_pipeline.service.cli.report import report
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.database_records import CARD, MODEL_ID, failed, frame_key


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Finding 1 of the bracket on line-1, finding 2 of the gear on line-2."""
    url = default_url(tmp_path / "findings.db")
    with Ledger(url) as ledger:
        ledger.register_model(MODEL_ID, "bracket", CARD)
        ledger.record(failed(0))
        ledger.record(failed(key=frame_key(1, part="gear", line_id="line-2", camera_id="cam-2")))
    return url


def run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(report)
    return CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)


def test_the_page_is_written_and_its_place_is_said(url: str, tmp_path: Path) -> None:
    out = tmp_path / "report.html"

    result = run("--db", url, "--out", out, "--title", "Early shift")

    assert result.exit_code == 0
    assert f"report written to {out}" in result.stdout
    page = out.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "<h1>Early shift</h1>" in page
    assert ('id="finding-1"' in page, 'id="finding-2"' in page) == (True, True)


@pytest.mark.parametrize(
    "filters",
    [
        ("--part", "gear"),
        ("--line", "line-2"),
        ("--camera", "cam-2"),
        ("--since", "2026-03-29T12:01:00+00:00"),
    ],
)
def test_every_filter_filters(url: str, tmp_path: Path, filters: tuple[str, str]) -> None:
    out = tmp_path / "report.html"

    run("--db", url, "--out", out, *filters)

    page = out.read_text(encoding="utf-8")
    assert ('id="finding-1"' in page, 'id="finding-2"' in page) == (False, True)


def test_the_limit_bounds_the_pictures(url: str, tmp_path: Path) -> None:
    out = tmp_path / "report.html"

    run("--db", url, "--out", out, "--limit", "0")

    assert "<img" not in out.read_text(encoding="utf-8")


def test_an_older_page_is_replaced_and_nothing_else_is_left(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "report.html").write_text("old")

    run("--db", url, "--out", folder / "report.html")

    assert [path.name for path in folder.iterdir()] == ["report.html"]
    assert (folder / "report.html").read_text(encoding="utf-8") != "old"


def test_a_folder_that_is_not_there_is_named(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere/report\.html: No such file or directory"):
        run("--db", url, "--out", tmp_path / "nowhere" / "report.html")


def test_a_page_needs_the_ending_of_a_page(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must end in \.html"):
        run("--db", url, "--out", tmp_path / "report.pdf")


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(DatabaseNotFound):
        run("--db", default_url(tmp_path / "no.db"), "--out", tmp_path / "report.html")

    assert list(tmp_path.iterdir()) == []


def test_a_period_that_ends_before_it_begins_is_refused(url: str, tmp_path: Path) -> None:
    period = ("--since", "2026-03-30", "--until", "2026-03-29")

    with pytest.raises(UsageError, match="is not before"):
        run("--db", url, "--out", tmp_path / "report.html", *period)
