"""The description of the API is true: whatever fits it is taken, whatever does not is refused.

Schemathesis makes requests from the description and holds the answers against it, in a process of
its own (`held_requests`), so that the same code always makes the same requests.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from db.engine import default_url
from db.words import Role
from tests.review.api.desk import API, ApiDesk, open_desk

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiDesk]:
    folder: Path = tmp_path_factory.mktemp("described")
    with open_desk(default_url(folder / "findings.db"), folder / "evidence") as opened:
        yield opened


@pytest.fixture(scope="module")
def described(desk: ApiDesk) -> dict[str, Any]:
    answer: dict[str, Any] = desk.viewer.get("/openapi.json").json()
    return answer


def operations_of(described: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Each by its verb and path."""
    return [
        (f"{verb.upper()} {path}", operation)
        for path, operations in described["paths"].items()
        for verb, operation in operations.items()
    ]


def held(sort: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.review.api.held_requests", sort],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_fits_the_description_is_taken_and_answered_as_described() -> None:
    done = held("fitting")

    assert done.returncode == 0, done.stderr


def test_what_does_not_fit_the_description_is_refused_and_never_a_fault() -> None:
    done = held("unfit")

    assert done.returncode == 0, done.stderr


def test_every_operation_says_what_it_does_and_how_it_refuses(described: dict[str, Any]) -> None:
    operations = operations_of(described)

    assert len(operations) > 30
    names = [operation["operationId"] for _, operation in operations]
    assert len(set(names)) == len(names)
    for name, operation in operations:
        assert operation["summary"], name
        assert operation["description"], name
        assert {"401", "403", "422", "503"} <= set(operation["responses"]), name
        for status, answer in operation["responses"].items():
            assert answer["description"], name
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], name


def test_what_changes_something_by_cookie_needs_the_csrf_token(described: dict[str, Any]) -> None:
    for name, operation in operations_of(described):
        changes = not name.startswith("GET ")
        by_cookie: dict[str, list[str]] = {"cookie": [], "csrf": []} if changes else {"cookie": []}
        assert operation["security"] == [{"bearer": []}, by_cookie], name


def test_every_parameter_of_a_question_has_its_sentence_and_bounds(
    described: dict[str, Any],
) -> None:
    asked = described["paths"][f"{API}/questions/pareto"]["get"]["parameters"]
    columns = next(one for one in asked if one["name"] == "columns")

    assert columns["description"] == "Positions: cells across."
    assert (columns["schema"]["minimum"], columns["schema"]["default"]) == (1, 8)
    assert all(one["description"] for one in asked)


def test_the_page_of_the_description_names_every_operation_and_loads_nothing_from_elsewhere(
    desk: ApiDesk, described: dict[str, Any]
) -> None:
    browser, _ = desk.browser(Role.VIEWER)

    shown = browser.get("/docs")

    assert shown.status_code == 200
    assert all(operation["operationId"] in shown.text for _, operation in operations_of(described))
    assert "//" not in shown.text.replace("http://testserver", "")


def test_the_description_is_for_those_who_may_use_the_api(desk: ApiDesk) -> None:
    assert desk.client().get("/openapi.json").status_code == 401
    assert desk.client().get("/docs").status_code == 303
