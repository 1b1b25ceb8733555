"""Archived reports in the review application: listed, opened, and nothing on them may run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.engine import session
from db.report_archive import ReportName, keep_report, reports_folder
from db.words import ReportKind, Role
from tests.review.browsers import Browser

SignIn = Callable[[Role], Browser]
NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)
PAGE = "<!DOCTYPE html><style>b { color: red; }</style><b>Early shift</b>"


@pytest.fixture
def kept(engine: Engine, tmp_path: Path) -> int:
    """One shift report; its CSV was taken away."""
    folder = reports_folder(tmp_path / "evidence") / "shift"
    folder.mkdir(parents=True)
    (folder / "early.html").write_text(PAGE, encoding="utf-8")
    name = ReportName(kind=ReportKind.SHIFT, scope="", period="2026-03-30 early", language="en")
    with session(engine) as opened:
        row = keep_report(
            opened,
            name,
            span=(NOON - timedelta(hours=8), NOON),
            created_at=NOON,
            created_by="schedule",
            files=["shift/early.html", "shift/early.csv", "../../etc/passwd.pdf"],
        )
    return row.report_id


def test_a_viewer_finds_and_opens_a_report(kept: int, signed_in: SignIn) -> None:
    viewer = signed_in(Role.VIEWER)

    listed = viewer.get("/reports").text
    opened = viewer.get(f"/reports/{kept}/html")

    assert f'href="/reports/{kept}/html">2026-03-30 early</a>' in listed
    assert "2026-03-30 early" not in viewer.get("/reports?kind=week").text
    assert "2026-03-30 early" in viewer.get("/reports?kind=").text
    assert viewer.get("/reports?kind=nonsense").status_code == 422
    assert opened.text == PAGE
    policy = opened.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert policy.endswith("sandbox")


@pytest.mark.parametrize("form", ["csv", "pdf", "exe"])
def test_only_files_of_the_archive_are_given(kept: int, signed_in: SignIn, form: str) -> None:
    assert signed_in(Role.VIEWER).get(f"/reports/{kept}/{form}").status_code == 404


def test_the_api_tells_the_same(kept: int, signed_in: SignIn) -> None:
    viewer = signed_in(Role.VIEWER)

    (told,) = viewer.get("/api/v1/reports?kind=shift").json()["reports"]

    assert (told["id"], told["period"], told["revision"]) == (kept, "2026-03-30 early", 1)
    assert viewer.get(f"/api/v1/reports/{kept}").json() == told
    assert viewer.get(f"/api/v1/reports/{kept}/html").text == PAGE
    assert viewer.get("/api/v1/reports/99").status_code == 404
