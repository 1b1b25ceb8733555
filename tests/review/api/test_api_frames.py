"""Frames, inspections and what stands in the plant, over the API."""

from __future__ import annotations

from typing import Any

import pytest

from db.engine import session
from db.models import GoodFrame
from tests.integration.db.database_records import MODEL_ID, OTHER_MODEL_ID, failed, passed
from tests.review.api.desk import API, FRAMES, START, ApiDesk, problem


def frame_of(desk: ApiDesk, finding: int = 0) -> int:
    return desk.findings()[finding].frame_id


def test_inspections_come_newest_first_page_by_page_while_others_arrive(desk: ApiDesk) -> None:
    url = f"{API}/inspections"
    whole = [one["id"] for one in desk.viewer.get(url).json()["inspections"]]
    first = desk.viewer.get(url, params={"limit": 3}).json()

    desk.ledger.record(passed(50))

    rest = {"limit": 500, "cursor": first["next_cursor"]}
    second = desk.viewer.get(url, params=rest).json()
    found = [one["id"] for one in first["inspections"] + second["inspections"]]
    assert found == whole
    assert len(whole) == FRAMES + 2
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"outcome": "failed"}, FRAMES),
        ({"outcome": "unfit"}, 1),
        ({"line": "line-2"}, 3),
        ({"model": MODEL_ID[:8]}, FRAMES + 2),
        ({"since": "2026-03-29T12:06:00Z"}, 2),
    ],
    ids=str,
)
def test_inspections_are_filtered(still_desk: ApiDesk, query: dict[str, str], count: int) -> None:
    answer = still_desk.viewer.get(f"{API}/inspections", params=query)

    assert len(answer.json()["inspections"]) == count


def test_an_unreadable_frame_says_why(still_desk: ApiDesk) -> None:
    asked = {"outcome": "unfit"}
    (found,) = still_desk.viewer.get(f"{API}/inspections", params=asked).json()["inspections"]

    assert found["unfit_reason"] == "unreadable"
    assert found["unfit_detail"] == "the file ends after 12 bytes"
    assert (found["width_px"], found["raw_score"]) == (None, None)
    assert set(found["pictures"].values()) == {None}


def test_a_frame_tells_everything_that_was_ever_said_of_it(desk: ApiDesk) -> None:
    finding = desk.findings()[0]
    url = f"{API}/frames/{finding.frame_id}"
    said = {"state": "false_alarm", "note": "dust", "seen_version": 1}
    desk.reviewer.post(f"{API}/findings/{finding.finding_id}/reviews", json=said)
    desk.reviewer.post(f"{url}/audits", json={"judgement": "defective"})
    desk.reviewer.post(f"{url}/audits", json={"judgement": "good", "note": "measured"})
    with session(desk.engine) as opened:
        opened.add(
            GoodFrame(
                frame_id=finding.frame_id,
                part="bracket",
                picture_name=finding.observed_name,
                content_sha256="0" * 64,
                added_by="engineer",
                added_at=START,
            )
        )

    history = desk.viewer.get(url).json()

    assert history["source"] == "0005.png"
    (inspection,) = history["inspections"]
    assert inspection["inspection"]["model_id"] == MODEL_ID
    assert [one["finding"]["number"] for one in inspection["findings"]] == [1, 2]
    reviews = {
        one["finding"]["id"]: [review["note"] for review in one["reviews"]]
        for one in inspection["findings"]
    }
    assert reviews[finding.finding_id] == ["dust"]
    assert [(one["auditor"], one["judgement"]) for one in history["audits"]] == [
        ("reviewer", "defective"),
        ("reviewer", "good"),
    ]
    assert history["good_set"]["added_by"] == "engineer"


def test_a_second_opinion_stands_beside_the_first(desk: ApiDesk) -> None:
    desk.ledger.register_model(OTHER_MODEL_ID, "bracket", {})
    again = failed(FRAMES)
    desk.ledger.record(type(again)(**{**vars(again), "model_id": OTHER_MODEL_ID}))
    newest = desk.findings()[0]

    history = desk.viewer.get(f"{API}/frames/{newest.frame_id}").json()

    assert [
        (one["inspection"]["model_id"], len(one["findings"])) for one in history["inspections"]
    ] == [(MODEL_ID, 0), (OTHER_MODEL_ID, 1)]


def test_an_audit_sent_again_under_the_same_key_is_written_once(desk: ApiDesk) -> None:
    url, key = f"{API}/frames/{frame_of(desk)}", {"Idempotency-Key": "audit-1"}

    first = desk.reviewer.post(f"{url}/audits", json={"judgement": "good"}, headers=key)
    second = desk.reviewer.post(f"{url}/audits", json={"judgement": "good"}, headers=key)

    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert desk.viewer.get(url).json()["audits"] == [first.json()]


def test_an_unknown_frame_is_not_found(still_desk: ApiDesk) -> None:
    url = f"{API}/frames/{10**9}"

    problem(still_desk.viewer.get(url), 404, "not_found")
    problem(still_desk.reviewer.post(f"{url}/audits", json={"judgement": "good"}), 404, "not_found")


@pytest.mark.parametrize(
    "body",
    [{}, {"judgement": "fine"}, {"judgement": "good", "note": "\0"}, {"judgement": "good", "x": 1}],
    ids=str,
)
def test_an_audit_has_to_be_as_described(still_desk: ApiDesk, body: dict[str, Any]) -> None:
    url = f"{API}/frames/{frame_of(still_desk)}"

    problem(still_desk.reviewer.post(f"{url}/audits", json=body), 422, "invalid_input")

    assert still_desk.viewer.get(url).json()["audits"] == []


def test_the_plant_is_listed_by_name(still_desk: ApiDesk) -> None:
    def listed(name: str) -> Any:
        return still_desk.viewer.get(f"{API}/{name}").json()[name]

    assert listed("lines") == [
        {"line_id": "line-1", "plant": None},
        {"line_id": "line-2", "plant": None},
    ]
    assert [one["camera_id"] for one in listed("cameras")] == [
        "cam-1",
        "cam-line-1",
        "cam-line-2",
    ]
    assert listed("parts") == [{"part": "bracket", "mm_per_px": None, "false_alarms": None}]
    (model,) = listed("models")
    assert (model["name"], model["card"]["auroc"]) == ("bracket-1", 0.97)


def test_activations_tell_of_a_model_that_came_back(desk: ApiDesk) -> None:
    desk.ledger.register_model(OTHER_MODEL_ID, "bracket", {}, name="bracket-2")
    desk.ledger.register_model(MODEL_ID, "bracket", {})
    url = f"{API}/models/activations"

    found = desk.viewer.get(url, params={"part": "bracket"}).json()["activations"]

    assert [(one["model_name"], one["is_return"]) for one in found] == [
        ("bracket-1", True),
        ("bracket-2", False),
        ("bracket-1", False),
    ]
    assert [one["active_to"] is None for one in found] == [True, False, False]
    assert desk.viewer.get(url, params={"part": "lid"}).json() == {"activations": []}
