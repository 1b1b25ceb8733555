"""Who may do what over the API, with a token and with a browser's cookie."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from db.words import Role
from tests.review.api.desk import API, ApiDesk, problem

REVIEW = {"state": "confirmed", "seen_version": 1}


def some_finding(desk: ApiDesk) -> int:
    return desk.findings()[0].finding_id


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/findings"),
        ("GET", "/findings/1"),
        ("POST", "/findings/1/reviews"),
        ("POST", "/reviews/bulk"),
        ("GET", "/me"),
        ("GET", "/tokens"),
        ("DELETE", "/tokens/1"),
        ("GET", "/questions"),
    ],
)
def test_nobody_gets_anything_without_signing_in(
    still_desk: ApiDesk, method: str, path: str
) -> None:
    answer = still_desk.client().request(method, API + path)

    problem(answer, 401, "not_signed_in")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "secret", ["wrong", "", "secret-of-viewer ", "é".encode().decode("latin-1")]
)
def test_a_token_that_nobody_made_opens_nothing(still_desk: ApiDesk, secret: str) -> None:
    header = {"Authorization": f"Bearer {secret}".encode("latin-1")}

    answer = still_desk.client().get(f"{API}/me", headers=header)

    assert answer.status_code == (200 if secret.strip() == "secret-of-viewer" else 401)


def test_a_token_ends_when_its_time_is_over(desk: ApiDesk) -> None:
    desk.clock.move(timedelta(days=31))

    problem(desk.viewer.get(f"{API}/me"), 401, "not_signed_in")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/findings/{finding}/reviews", REVIEW),
        ("/reviews/bulk", {"findings": [{"id": 1, "seen_version": 1}], "state": "confirmed"}),
        ("/batches/" + "0" * 32 + "/undo", None),
        ("/frames/1/audits", {"judgement": "good"}),
    ],
)
def test_a_viewer_changes_nothing_that_was_found(still_desk: ApiDesk, path: str, body: Any) -> None:
    url = API + path.format(finding=some_finding(still_desk))

    found = problem(still_desk.viewer.post(url, json=body), 403, "not_allowed")

    assert "this takes the role reviewer, you are viewer" in found["detail"]


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ENGINEER, Role.ADMIN])
def test_everybody_above_may_review(desk: ApiDesk, role: Role) -> None:
    answer = desk.client(role).post(f"{API}/findings/{some_finding(desk)}/reviews", json=REVIEW)

    assert answer.status_code == 201


def test_a_browser_reads_with_its_cookie_and_changes_with_its_csrf_token(desk: ApiDesk) -> None:
    browser, csrf = desk.browser(Role.REVIEWER)
    url = f"{API}/findings/{some_finding(desk)}/reviews"

    assert browser.get(url).status_code == 200
    problem(browser.post(url, json=REVIEW), 403, "not_allowed")
    problem(browser.post(url, json=REVIEW, headers={"X-CSRF-Token": "guess"}), 403, "not_allowed")
    assert browser.post(url, json=REVIEW, headers=csrf).status_code == 201


def test_who_asks_is_told_who_they_are(still_desk: ApiDesk) -> None:
    assert still_desk.reviewer.get(f"{API}/me").json() == {
        "name": "reviewer",
        "full_name": "The reviewer",
        "role": "reviewer",
        "plant": "Test plant",
        "timezone": "Europe/Berlin",
    }


def test_a_path_or_a_verb_that_nobody_serves_is_a_problem_too(still_desk: ApiDesk) -> None:
    problem(still_desk.viewer.get(f"{API}/nothing"), 404, "not_found")
    answer = still_desk.viewer.put(f"{API}/findings", json={})
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"


def test_a_browser_makes_a_token_that_is_shown_once_and_works(desk: ApiDesk) -> None:
    browser, csrf = desk.browser(Role.ENGINEER)

    made = browser.post(
        f"{API}/tokens", json={"name": "report", "role": "viewer", "days": 7}, headers=csrf
    )

    assert made.status_code == 201
    secret, token = made.json()["secret"], made.json()["token"]
    program = desk.client()
    program.headers["Authorization"] = f"Bearer {secret}"
    assert program.get(f"{API}/me").json()["role"] == "viewer"
    listed = program.get(f"{API}/tokens")
    assert listed.json()["tokens"][0] == token
    assert secret not in listed.text

    ended = browser.delete(f"{API}/tokens/{token['id']}", headers=csrf)

    assert (ended.status_code, ended.content) == (204, b"")
    problem(program.get(f"{API}/me"), 401, "not_signed_in")


def test_a_token_makes_and_ends_no_token(still_desk: ApiDesk) -> None:
    admin = still_desk.client(Role.ADMIN)
    token_id = admin.get(f"{API}/tokens").json()["tokens"][0]["id"]

    problem(admin.post(f"{API}/tokens", json={"name": "more"}), 403, "not_allowed")
    problem(admin.delete(f"{API}/tokens/{token_id}"), 403, "not_allowed")
    assert admin.get(f"{API}/me").status_code == 200


def test_nobody_sees_or_ends_the_tokens_of_others(desk: ApiDesk) -> None:
    token_id = desk.viewer.get(f"{API}/tokens").json()["tokens"][0]["id"]
    browser, csrf = desk.browser(Role.ADMIN)

    listed = browser.get(f"{API}/tokens").json()["tokens"]

    assert token_id not in [token["id"] for token in listed]
    problem(browser.delete(f"{API}/tokens/{token_id}", headers=csrf), 404, "not_found")
    assert desk.viewer.get(f"{API}/me").status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "role": "admin"}, "body.role"),
        ({"name": "x", "role": "king"}, "body.role"),
        ({"name": "x", "days": 366}, "body.days"),
        ({"name": "x", "days": 0}, "body.days"),
        ({"name": "x", "days": "7"}, "body.days"),
        ({"name": "a\0b"}, "body.name"),
        ({"name": "x" * 101}, "body.name"),
        ({}, "body.name"),
    ],
    ids=str,
)
def test_a_token_that_may_not_be_is_refused_with_its_field(
    desk: ApiDesk, body: dict[str, Any], field: str
) -> None:
    browser, csrf = desk.browser(Role.ENGINEER)

    answer = browser.post(f"{API}/tokens", json=body, headers=csrf)

    assert problem(answer, 422, "invalid_input")["fields"][0]["field"] == field
