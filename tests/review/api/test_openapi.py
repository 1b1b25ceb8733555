"""The description of the API is true: whatever fits it is taken, whatever does not is refused.

Schemathesis makes requests from the description and holds the answers against it. What it makes is
the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from db.engine import default_url
from db.words import Role
from tests.review.api.desk import API, ApiDesk, open_desk

EXAMPLES = 5
BY_MEANING = ("/questions/", "/saved-queries/{name}", "/tokens")  # refused also by what it means


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiDesk]:
    folder: Path = tmp_path_factory.mktemp("described")
    with open_desk(default_url(folder / "findings.db"), folder / "evidence") as opened:
        yield opened


@pytest.fixture(scope="module")
def admin(desk: ApiDesk) -> dict[str, str]:
    return {"Authorization": f"Bearer {desk.secrets[Role.ADMIN]}"}


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


@pytest.fixture(scope="module")
def known(desk: ApiDesk, admin: dict[str, str]) -> dict[str, Any]:
    """What stands in paths, of things that are there."""
    client = desk.client(Role.ADMIN)
    client.put(f"{API}/saved-queries/kept", json={"question": "rate", "parameters": {}})
    said = client.post(f"{API}/findings/1/reviews", json={"state": "confirmed", "seen_version": 1})
    return {
        "finding_id": 2,
        "frame_id": 2,
        "token_id": 1,
        "name": "kept",
        "batch_id": said.json()["batch_id"],
    }


def hold_to_description(
    desk: ApiDesk, admin: dict[str, str], strategy: Callable[[Any], Any]
) -> None:
    """Sends what is made for each operation and lets schemathesis judge each answer."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", desk.app, headers=admin)
    by_fit = schemathesis.checks.CHECKS.get_one("positive_data_acceptance")
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        means_more = any(part in operation.path for part in BY_MEANING)
        _hold(strategy(operation), admin, excluded=[by_fit] if means_more else [])


def _hold(cases: Any, admin: dict[str, str], *, excluded: list[Any]) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def each(case: Any) -> None:
        case.query.pop("cursor", None)  # nobody but the API can make one
        case.call_and_validate(headers=admin, excluded_checks=excluded)

    each()


def test_what_fits_the_description_is_taken_and_answered_as_described(
    desk: ApiDesk, admin: dict[str, str], known: dict[str, Any]
) -> None:
    def fitting(operation: Any) -> Any:
        named = {one.name: known[one.name] for one in operation.path_parameters}
        return operation.as_strategy(GenerationMode.POSITIVE, path_parameters=named or None)

    hold_to_description(desk, admin, fitting)


def test_what_does_not_fit_the_description_is_refused_and_never_a_fault(
    desk: ApiDesk, admin: dict[str, str]
) -> None:
    def unfit(operation: Any) -> Any:
        return operation.as_strategy(GenerationMode.NEGATIVE)

    hold_to_description(desk, admin, unfit)


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
