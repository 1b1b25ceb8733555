"""What people say over the API: verdicts, conflicts, many at once, undo, and repeated requests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from db import queries
from db.engine import session
from db.words import Role
from tests.review.api.desk import API, START, ApiDesk, problem


def reviews_url(finding_id: int) -> str:
    return f"{API}/findings/{finding_id}/reviews"


def said(**changed: Any) -> dict[str, Any]:
    return {"state": "confirmed", "seen_version": 1, **changed}


def bulk(finding_ids: list[int], **changed: Any) -> dict[str, Any]:
    seen = [{"id": finding_id, "seen_version": 1} for finding_id in finding_ids]
    return {"findings": seen, "state": "false_alarm", **changed}


def written(desk: ApiDesk) -> int:
    with session(desk.engine, read_only=True) as opened:
        return len(queries.reviews(opened))


@pytest.fixture
def finding_ids(desk: ApiDesk) -> list[int]:
    return sorted(row.finding_id for row in desk.findings())


@pytest.fixture
def still_ids(still_desk: ApiDesk) -> list[int]:
    return sorted(row.finding_id for row in still_desk.findings())


def test_a_verdict_is_written_under_the_name_of_who_gave_it(
    desk: ApiDesk, finding_ids: list[int]
) -> None:
    answer = desk.reviewer.post(reviews_url(finding_ids[0]), json=said(note="a dent"))

    assert answer.status_code == 201
    assert answer.json()["version"] == 2
    assert answer.json()["state_after"] == "confirmed"
    (review,) = desk.viewer.get(reviews_url(finding_ids[0])).json()["reviews"]
    assert review["reviewer"] == "reviewer"
    assert review["note"] == "a dent"
    assert review["batch_id"] == answer.json()["batch_id"]
    assert review["reviewed_at"] == START.isoformat().replace("+00:00", "Z")


def test_the_second_of_two_reviewers_hears_what_the_first_said(
    desk: ApiDesk, finding_ids: list[int]
) -> None:
    other = desk.person("otto", Role.REVIEWER)
    other.post(reviews_url(finding_ids[0]), json=said(state="false_alarm", note="oil"))

    answer = desk.reviewer.post(reviews_url(finding_ids[0]), json=said())

    conflict = problem(answer, 409, "review_conflict")["conflict"]
    assert (conflict["finding_id"], conflict["state"]) == (finding_ids[0], "false_alarm")
    assert conflict["version"] == 2
    assert (conflict["said"]["reviewer"], conflict["said"]["note"]) == ("otto", "oil")
    assert written(desk) == 1


def test_many_are_reviewed_at_once_but_those_that_changed_meanwhile(
    desk: ApiDesk, finding_ids: list[int]
) -> None:
    desk.person("otto", Role.REVIEWER).post(reviews_url(finding_ids[1]), json=said())

    body = desk.reviewer.post(f"{API}/reviews/bulk", json=bulk(finding_ids[:3])).json()

    assert [one["finding_id"] for one in body["done"]] == [finding_ids[0], finding_ids[2]]
    assert {one["batch_id"] for one in body["done"]} == {body["batch_id"]}
    assert [one["said"]["reviewer"] for one in body["conflicts"]] == ["otto"]


def test_where_all_changed_meanwhile_nothing_is_written_and_nothing_can_be_undone(
    desk: ApiDesk, finding_ids: list[int]
) -> None:
    desk.reviewer.post(f"{API}/reviews/bulk", json=bulk(finding_ids))

    body = desk.reviewer.post(f"{API}/reviews/bulk", json=bulk(finding_ids)).json()

    assert (body["batch_id"], body["done"]) == (None, [])
    assert len(body["conflicts"]) == len(finding_ids)


def test_one_unknown_finding_among_many_changes_none(
    still_desk: ApiDesk, still_ids: list[int]
) -> None:
    answer = still_desk.reviewer.post(f"{API}/reviews/bulk", json=bulk([*still_ids, 10**12]))

    problem(answer, 404, "not_found")
    assert written(still_desk) == 0


def test_an_action_is_taken_back_by_its_batch(desk: ApiDesk, finding_ids: list[int]) -> None:
    batch_id = desk.reviewer.post(f"{API}/reviews/bulk", json=bulk(finding_ids)).json()["batch_id"]

    body = desk.reviewer.post(f"{API}/batches/{batch_id}/undo").json()

    assert [one["state_after"] for one in body["done"]] == ["new"] * len(finding_ids)
    assert {row.state for row in desk.findings()} == {"new"}
    again = desk.reviewer.post(f"{API}/batches/{batch_id}/undo").json()
    assert (again["done"], len(again["conflicts"])) == ([], len(finding_ids))


def test_what_somebody_answered_since_is_not_taken_back(
    desk: ApiDesk, finding_ids: list[int]
) -> None:
    batch_id = desk.reviewer.post(f"{API}/reviews/bulk", json=bulk(finding_ids[:2])).json()[
        "batch_id"
    ]
    desk.person("otto", Role.REVIEWER).post(
        reviews_url(finding_ids[0]), json=said(state="second_look", seen_version=2)
    )

    body = desk.reviewer.post(f"{API}/batches/{batch_id}/undo").json()

    assert [one["finding_id"] for one in body["done"]] == [finding_ids[1]]
    assert [one["said"]["reviewer"] for one in body["conflicts"]] == ["otto"]


def test_nobody_takes_back_what_somebody_else_said(desk: ApiDesk, finding_ids: list[int]) -> None:
    batch_id = desk.reviewer.post(reviews_url(finding_ids[0]), json=said()).json()["batch_id"]

    answer = desk.person("otto", Role.ADMIN).post(f"{API}/batches/{batch_id}/undo")

    assert "only reviewer can undo it" in problem(answer, 403, "not_allowed")["detail"]
    assert written(desk) == 1


def test_an_action_that_never_was_is_not_found(still_desk: ApiDesk) -> None:
    problem(still_desk.reviewer.post(f"{API}/batches/{'0' * 32}/undo"), 404, "not_found")


@pytest.mark.parametrize("path", ["single", "bulk", "undo"])
def test_a_request_that_is_sent_again_is_answered_again_and_done_once(
    desk: ApiDesk, finding_ids: list[int], path: str
) -> None:
    url, body = reviews_url(finding_ids[0]), said(note="once")
    if path == "bulk":
        url, body = f"{API}/reviews/bulk", bulk(finding_ids)
    if path == "undo":
        batch_id = desk.reviewer.post(url, json=body).json()["batch_id"]
        url, body = f"{API}/batches/{batch_id}/undo", {}
    before = written(desk)
    key = {"Idempotency-Key": "a0c5-1"}

    first = desk.reviewer.post(url, json=body, headers=key)
    count = written(desk)
    second = desk.reviewer.post(url, json=body, headers=key)

    assert first.json() == second.json()
    assert first.status_code == second.status_code
    assert before < count == written(desk)


def test_the_same_request_sent_several_times_at_once_is_done_once(
    desk: ApiDesk, finding_ids: list[int]
) -> None:
    key = {"Idempotency-Key": "a0c5-1"}

    def send(_: int) -> Any:
        return desk.reviewer.post(reviews_url(finding_ids[0]), json=said(), headers=key)

    with ThreadPoolExecutor(4) as together:
        answers = list(together.map(send, range(8)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert written(desk) == 1


def test_of_two_who_review_at_once_one_is_heard_and_the_other_told(
    desk: ApiDesk, finding_ids: list[int]
) -> None:
    people = [desk.person(f"person{number}", Role.REVIEWER) for number in range(4)]

    def send(client: TestClient) -> Any:
        return client.post(reviews_url(finding_ids[0]), json=said())

    with ThreadPoolExecutor(4) as together:
        answers = list(together.map(send, people))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert written(desk) == 1


def test_a_key_stands_for_one_request_of_one_person(desk: ApiDesk, finding_ids: list[int]) -> None:
    key = {"Idempotency-Key": "a0c5-1"}
    desk.reviewer.post(reviews_url(finding_ids[0]), json=said(), headers=key)

    other_request = desk.reviewer.post(reviews_url(finding_ids[1]), json=said(), headers=key)
    other_person = desk.person("otto", Role.REVIEWER).post(
        reviews_url(finding_ids[1]), json=said(), headers=key
    )

    problem(other_request, 409, "key_reused")
    assert other_person.status_code == 201
    assert written(desk) == 2


def test_a_refused_request_keeps_no_key(desk: ApiDesk, finding_ids: list[int]) -> None:
    key = {"Idempotency-Key": "a0c5-1"}
    stale = said(seen_version=7)
    problem(
        desk.reviewer.post(reviews_url(finding_ids[0]), json=stale, headers=key),
        409,
        "review_conflict",
    )

    answer = desk.reviewer.post(reviews_url(finding_ids[0]), json=said(), headers=key)

    assert answer.status_code == 201


@pytest.mark.parametrize("key", ["", "two words", "x" * 201, "a\tb"])
def test_a_key_that_is_no_word_is_refused(
    still_desk: ApiDesk, still_ids: list[int], key: str
) -> None:
    answer = still_desk.reviewer.post(
        reviews_url(still_ids[0]), json=said(), headers={"Idempotency-Key": key}
    )

    assert problem(answer, 422, "invalid_input")["fields"][0]["field"] == "header.Idempotency-Key"
    assert written(still_desk) == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (said(state="new"), "body.state"),
        (said(state=None), "body.state"),
        (said(note="a\0b"), "body.note"),
        (said(note="x" * 4001), "body.note"),
        (said(note=7), "body.note"),
        (said(seen_version="1"), "body.seen_version"),
        (said(seen_version=True), "body.seen_version"),
        (said(seen_version=1.5), "body.seen_version"),
        (said(seen_version=None), "body.seen_version"),
        (said(seen_version=0), "body.seen_version"),
        (said(seen_version=2**31), "body.seen_version"),
        ({"state": "confirmed"}, "body.seen_version"),
        (said(reviewer="somebody else"), "body.reviewer"),
        ([said()], "body"),
        (None, "body"),
    ],
    ids=lambda given: str(given)[:50],
)
def test_a_review_that_is_not_as_described_is_refused_with_its_field(
    still_desk: ApiDesk, still_ids: list[int], body: Any, field: str
) -> None:
    answer = still_desk.reviewer.post(reviews_url(still_ids[0]), json=body)

    found = problem(answer, 422, "invalid_input")
    assert [one["field"] for one in found["fields"]] == [field]
    assert written(still_desk) == 0


@pytest.mark.parametrize(
    "body",
    [
        bulk([]),
        bulk(list(range(1, 502))),
        bulk([2**63]),
        {**bulk([1]), "findings": [{"id": 1}]},
        {**bulk([1]), "findings": {"1": 1}},
    ],
    ids=["none", "too many", "huge id", "no version", "no list"],
)
def test_many_at_once_have_to_be_as_described(still_desk: ApiDesk, body: dict[str, Any]) -> None:
    problem(still_desk.reviewer.post(f"{API}/reviews/bulk", json=body), 422, "invalid_input")

    assert written(still_desk) == 0


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 422, "invalid_input"),
        (b"\xff\xfe{}", 422, "invalid_input"),
        (b'{"state": "confirmed", "seen_version": NaN}', 422, "invalid_input"),
        (b'{"state": "confirmed", "seen_version": Infinity}', 422, "invalid_input"),
        (b'{"state": "confirmed", "seen_version": 1' + b"0" * 5000 + b"}", 400, "body_unreadable"),
        (b'{"state": "confirmed", "seen_version": 1, "note": "\\ud800"}', 422, "invalid_input"),
        (b'{"state": "confirmed", "seen_version": 1, "\\ud800": 1}', 422, "invalid_input"),
        (b'{"state": "confirmed", "seen_version": 1, "note": "\\u0000"}', 422, "invalid_input"),
        (b"[" * 100_000, 400, "body_unreadable"),
        (b'{"note": "' + b"x" * 1_100_000 + b'"}', 413, "too_large"),
    ],
    ids=["half", "bytes", "NaN", "Infinity", "huge", "surrogate", "name", "NUL", "deep", "large"],
)
def test_a_body_that_no_database_could_hold_is_refused_without_a_fault(
    still_desk: ApiDesk, still_ids: list[int], content: bytes, status: int, code: str
) -> None:
    answer = still_desk.reviewer.post(
        reviews_url(still_ids[0]), content=content, headers={"Content-Type": "application/json"}
    )

    problem(answer, status, code)
    assert written(still_desk) == 0


def test_markup_and_odd_letters_in_a_note_come_back_as_they_were(
    desk: ApiDesk, finding_ids: list[int]
) -> None:
    note = "<script>alert(1)</script> '); DROP TABLE reviews; -- 歪み \U0001f9ff"

    desk.reviewer.post(reviews_url(finding_ids[0]), json=said(note=note))

    (review,) = desk.viewer.get(reviews_url(finding_ids[0])).json()["reviews"]
    assert review["note"] == note
