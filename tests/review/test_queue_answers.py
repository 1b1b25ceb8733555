"""Answers to findings: one or many, taken back, and two people at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from db.words import ReviewState
from tests.integration.db.database_records import failed
from tests.review.review_desk import ReviewDesk, review_desk, shown_ids

HTMX = {"HX-Request": "true"}


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[ReviewDesk]:
    """Three findings wait, all alike but for their ids."""
    with review_desk(database_url, tmp_path) as opened:
        for number in range(3):
            opened.ledger.record(failed(number))
        yield opened


def say(
    client: TestClient, *seen: str, verdict: str = "confirmed", htmx: bool = True, **more: str
) -> Response:
    answer: Response = client.post(
        "/queue/review",
        data={"finding": list(seen), "verdict": verdict, **more},
        headers=HTMX if htmx else {},
    )
    return answer


def batch_of(answer: Response) -> str:
    return str(re.findall(r'data-batch="([0-9a-f]{32})"', answer.text)[0])


def gone(answer: Response) -> list[int]:
    return [
        int(found) for found in re.findall(r'id="finding-(\d+)" hx-swap-oob="delete"', answer.text)
    ]


def test_an_answer_takes_the_card_away_and_says_so(desk: ReviewDesk) -> None:
    answer = say(desk.client("kim"), "2:1", note="  oil\r\nfilm ")

    assert gone(answer) == [2]
    assert "Finding 2 confirmed as a defect" in answer.text
    assert "2 wait" in answer.text
    review = desk.reviews(2)[0]
    assert (review.reviewer, review.state_after) == ("kim", ReviewState.CONFIRMED)
    assert review.note == "oil\nfilm"


def test_without_scripts_an_answer_leads_back_to_the_queue(desk: ReviewDesk) -> None:
    client = desk.client("kim")

    answer = say(client, "2:1", htmx=False, back="line=line-1")

    assert answer.status_code == 303
    followed = client.get(answer.headers["location"])
    assert parse_qs(urlsplit(answer.headers["location"]).query)["line"] == ["line-1"]
    assert shown_ids(followed) == [3, 1]
    assert "Finding 2 confirmed as a defect" in followed.text


def test_a_second_look_stays_in_the_queue_with_its_note(desk: ReviewDesk) -> None:
    answer = say(desk.client("kim"), "2:1", verdict="second_look", note="<b>ask Ada</b>")

    assert gone(answer) == []
    assert shown_ids(answer) == [2]
    assert 'value="2:2"' in answer.text
    assert "&lt;b&gt;ask Ada&lt;/b&gt;" in answer.text
    assert "<b>ask Ada" not in answer.text


def test_the_second_of_two_people_sees_what_the_first_said(desk: ReviewDesk) -> None:
    say(desk.client("ada"), "2:1", verdict="false_alarm", note="glare")

    answer = say(desk.client("kim"), "2:1")

    assert shown_ids(answer) == [2]
    assert "<b>ada</b> said <b>false alarm</b>" in answer.text
    assert "glare" in answer.text
    assert "1 finding was left as it was: somebody answered first" in answer.text
    assert 'value="2:2"' in answer.text, "the next answer is to what ada said"
    assert [review.reviewer for review in desk.reviews(2)] == ["ada"]


def test_the_other_answer_can_be_answered(desk: ReviewDesk) -> None:
    say(desk.client("ada"), "2:1", verdict="false_alarm")

    say(desk.client("kim"), "2:2")

    assert [review.reviewer for review in desk.reviews(2)] == ["ada", "kim"]
    assert desk.finding(2).state is ReviewState.CONFIRMED


def test_without_scripts_a_conflict_stands_on_the_page_that_follows(desk: ReviewDesk) -> None:
    client = desk.client("kim")
    say(desk.client("ada"), "2:1", verdict="false_alarm")

    answer = say(client, "1:1", "2:1", htmx=False)

    page = client.get(answer.headers["location"])
    assert shown_ids(page) == [2, 3]
    assert "<b>ada</b> said <b>false alarm</b>" in page.text
    assert "Finding 1 confirmed as a defect" in page.text


def test_a_selection_gets_one_answer_and_one_undo(desk: ReviewDesk) -> None:
    client = desk.client("kim")

    answer = say(client, "1:1", "3:1", verdict="false_alarm", note="same lamp")
    taken_back = client.post("/queue/undo", data={"batch_id": batch_of(answer)}, headers=HTMX)

    assert gone(answer) == [1, 3]
    assert "2 findings called false alarms" in answer.text
    assert "Taken back: 2 findings wait again" in taken_back.text
    assert shown_ids(taken_back) == [3, 1]
    assert {desk.finding(each).state for each in (1, 3)} == {ReviewState.NEW}
    assert [review.state_after for review in desk.reviews(1)] == ["false_alarm", "new"]


def test_a_selection_leaves_what_others_answered(desk: ReviewDesk) -> None:
    say(desk.client("ada"), "1:1", verdict="second_look")

    answer = say(desk.client("kim"), "1:1", "2:1", "3:1")

    assert gone(answer) == [2, 3]
    assert shown_ids(answer) == [1]
    assert "2 findings confirmed as defects" in answer.text
    assert "1 finding was left as it was" in answer.text


def test_undo_does_not_take_back_what_somebody_else_said_since(desk: ReviewDesk) -> None:
    kim = desk.client("kim")
    answer = say(kim, "1:1")
    say(desk.client("ada"), "1:2", verdict="false_alarm")

    taken_back = kim.post("/queue/undo", data={"batch_id": batch_of(answer)}, headers=HTMX)

    assert "somebody answered first" in taken_back.text
    assert "<b>ada</b> said <b>false alarm</b>" in taken_back.text
    assert desk.finding(1).state is ReviewState.FALSE_ALARM


def test_nobody_takes_back_what_another_said(desk: ReviewDesk) -> None:
    answer = say(desk.client("ada"), "1:1")

    refused = desk.client("kim").post(
        "/queue/undo", data={"batch_id": batch_of(answer)}, headers=HTMX
    )

    assert refused.status_code == 422
    assert "only ada can undo it" in refused.text
    assert desk.finding(1).state is ReviewState.CONFIRMED


def test_the_toast_of_an_action_shows_only_to_whom_it_belongs(desk: ReviewDesk) -> None:
    batch = batch_of(say(desk.client("ada"), "1:1"))

    assert "confirmed as a defect" in desk.client("ada").get(f"/queue?done={batch}").text
    assert "confirmed as a defect" not in desk.client("kim").get(f"/queue?done={batch}").text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"finding": "1:1", "verdict": "new"}, "verdict: expected one of"),
        ({"finding": "1:1"}, "verdict: expected one of"),
        ({"verdict": "confirmed"}, "finding: choose at least one"),
        ({"finding": "1", "verdict": "confirmed"}, "finding: expected ID:VERSION"),
        ({"finding": "1:1 OR 1=1", "verdict": "confirmed"}, "finding: expected ID:VERSION"),
        ({"finding": "1:1", "verdict": "confirmed", "note": "x" * 2001}, "at most 2000"),
    ],
)
def test_a_form_that_cannot_be_read_names_its_field(
    desk: ReviewDesk, form: dict[str, str], said: str
) -> None:
    answer = desk.client("kim").post("/queue/review", data=form)

    assert answer.status_code == 422
    assert said in answer.text
    assert desk.finding(1).version == 1


def test_a_finding_that_does_not_exist_changes_nothing(desk: ReviewDesk) -> None:
    answer = say(desk.client("kim"), "1:1", "99:1")

    assert answer.status_code == 404
    assert desk.finding(1).version == 1


def test_an_answer_without_the_pages_token_is_refused(desk: ReviewDesk) -> None:
    client = desk.client("kim")
    del client.headers["X-CSRF-Token"]

    answer = say(client, "1:1")
    with_field = say(client, "1:1", csrf_token="csrf-of-kim")

    assert answer.status_code == 403
    assert with_field.status_code == 200
    assert desk.finding(1).version == 2


def test_where_to_go_back_to_is_never_another_site(desk: ReviewDesk) -> None:
    answer = say(desk.client("kim"), "1:1", htmx=False, back="//evil.example/?part=x")

    assert urlsplit(answer.headers["location"]).path == "/queue"
    assert urlsplit(answer.headers["location"]).netloc == ""
