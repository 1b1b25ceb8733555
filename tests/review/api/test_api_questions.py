"""Questions and saved questions over the API."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import quote

import pandas as pd
import pytest

from db.questions.catalogue import QUESTIONS
from db.words import Role
from tests.review.api.desk import API, FRAMES, ApiDesk, problem

ASK = f"{API}/questions"
SAVED = f"{API}/saved-queries"


def table(answer: Any) -> pd.DataFrame:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return pd.DataFrame(body["rows"], columns=[one["name"] for one in body["columns"]])


def test_every_question_is_in_the_catalogue_and_can_be_asked_there(still_desk: ApiDesk) -> None:
    listed = still_desk.viewer.get(ASK).json()["questions"]

    assert [one["name"] for one in listed] == [question.name for question in QUESTIONS]
    needed = {"part": "bracket", "finding": "1", "frame": "1"}
    for one in listed:
        required = [given["name"] for given in one["parameters"] if given["required"]]
        answer = still_desk.viewer.get(
            one["href"], params={name: needed.get(name, "bracket-1") for name in required}
        )
        assert answer.status_code in {200, 422}, answer.text
        assert all(given["says"] for given in one["parameters"])


def test_an_answer_has_typed_columns_and_a_cell_for_each(still_desk: ApiDesk) -> None:
    answer = still_desk.viewer.get(f"{ASK}/findings", params={"line": "line-2", "limit": "4"})

    body = answer.json()
    types = {one["name"]: one["type"] for one in body["columns"]}
    assert types["finding_id"] == "whole"
    assert types["taken_at"] == "time"
    assert types["score"] == "number"
    assert types["line_id"] == "text"
    assert len(body["rows"]) == 4
    assert {len(row) for row in body["rows"]} == {len(types)}
    assert set(table(answer)["line_id"]) == {"line-2"}
    assert set(table(answer)["source"]) <= {f"{number:04}.png" for number in range(FRAMES)}


@pytest.mark.parametrize("written", ["csv", "parquet"])
def test_the_same_answer_comes_as_a_file(still_desk: ApiDesk, written: str) -> None:
    plain = table(still_desk.viewer.get(f"{ASK}/heat-map", params={"part": "bracket"}))
    answer = still_desk.viewer.get(f"{ASK}/heat-map", params={"part": "bracket", "format": written})

    read = pd.read_csv if written == "csv" else pd.read_parquet
    found = read(io.BytesIO(answer.content))
    assert f'filename="heat-map.{written}"' in answer.headers["content-disposition"]
    pd.testing.assert_frame_equal(found, plain, check_dtype=False)


def test_a_note_in_a_csv_is_no_formula(desk: ApiDesk) -> None:
    finding = desk.findings()[0]
    said = {"state": "confirmed", "note": '=HYPERLINK("x")', "seen_version": 1}
    desk.reviewer.post(f"{API}/findings/{finding.finding_id}/reviews", json=said)

    answer = desk.viewer.get(f"{ASK}/history", params={"frame": finding.frame_id, "format": "csv"})

    steps = pd.read_csv(io.BytesIO(answer.content)).set_index("event")["note"]
    assert steps["reviewed"] == '\'=HYPERLINK("x")'
    assert steps["taken"] == "0005.png", "folders of the plant's machines stay there"


def test_a_parameter_that_has_several_values_is_repeated(still_desk: ApiDesk) -> None:
    asked = {"states": ["new", "confirmed"], "place": ["0", "0", "1", "1"]}

    found = table(still_desk.viewer.get(f"{ASK}/findings", params=asked))

    assert len(found) == 2 * FRAMES


@pytest.mark.parametrize(
    ("question", "query", "field"),
    [
        ("findings", {"limit": "0"}, "query.limit"),
        ("findings", {"lines": "line-1"}, "query.lines"),
        ("findings", {"place": ["0", "1"]}, "query.place"),
        ("findings", {"place": ["0", "0", "1", "nan"]}, "query.place.3"),
        ("findings", {"since": "2026-03-29"}, "query.since"),
        (
            "findings",
            {"since": "2026-03-30T00:00:00Z", "until": "2026-03-29T00:00:00Z"},
            "query.since",
        ),
        ("findings", {"model": "nobody's"}, "query.model"),
        ("findings", {"after": "999999"}, "query.after"),
        ("findings", {"note": "\0"}, "query.note"),
        ("findings", {"format": "xlsx"}, "query.format"),
        ("heat-map", {}, "query.part"),
        ("pareto", {"columns": "9" * 30}, "query.columns"),
    ],
    ids=str,
)
def test_a_question_that_cannot_be_asked_like_that_names_the_field(
    still_desk: ApiDesk, question: str, query: dict[str, Any], field: str
) -> None:
    body = problem(still_desk.viewer.get(f"{ASK}/{question}", params=query), 422, "invalid_input")

    assert [one["field"] for one in body["fields"]] == [field]


def test_an_unknown_question_is_not_found(still_desk: ApiDesk) -> None:
    problem(still_desk.viewer.get(f"{ASK}/why"), 404, "not_found")


def test_a_finding_that_nobody_described_has_no_similar_ones(still_desk: ApiDesk) -> None:
    answer = still_desk.viewer.get(f"{API}/findings/1/similar")

    assert answer.json() == {"is_described": False, "findings": []}
    problem(still_desk.viewer.get(f"{API}/findings/999999/similar"), 404, "not_found")


def test_a_question_is_kept_asked_replaced_and_forgotten(desk: ApiDesk) -> None:
    url = f"{SAVED}/night shift"
    body = {"question": "findings", "parameters": {"line": "line-1", "since": "2026-03-01"}}

    made = desk.viewer.put(url, json=body)

    assert made.status_code == 200
    assert desk.viewer.get(url).json() == made.json()
    assert made.json()["parameters"] == body["parameters"]
    assert len(table(desk.viewer.get(f"{url}/answer"))) == FRAMES
    desk.viewer.put(url, json={**body, "parameters": {"line": "line-3"}})
    assert table(desk.viewer.get(f"{url}/answer")).empty
    assert len(desk.viewer.get(SAVED).json()["saved_queries"]) == 1

    assert desk.viewer.delete(url).status_code == 204

    problem(desk.viewer.get(url), 404, "not_found")
    assert desk.viewer.get(SAVED).json() == {"saved_queries": []}


def test_saved_questions_are_ones_own(desk: ApiDesk) -> None:
    url = f"{SAVED}/mine"
    desk.viewer.put(url, json={"question": "rate"})

    other = desk.client(Role.ADMIN)

    for answer in (other.get(url), other.get(f"{url}/answer"), other.delete(url)):
        problem(answer, 404, "not_found")
    assert other.get(SAVED).json() == {"saved_queries": []}
    assert desk.viewer.get(url).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"question": "why"}, "body.question"),
        ({"question": "rate", "parameters": {"lines": "x"}}, "body.parameters.lines"),
        ({"question": "rate", "parameters": {"since": "soon"}}, "body.parameters.since"),
        ({"question": "rate", "parameters": {"line": "a\0b"}}, "body.parameters.line"),
        ({"question": "rate", "parameters": {"line": 7}}, "body.parameters.line"),
        ({"question": "rate", "parameters": []}, "body.parameters"),
        ({"question": "rate", "owner": "admin"}, "body.owner"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_not_kept(
    still_desk: ApiDesk, body: dict[str, Any], field: str
) -> None:
    answer = still_desk.viewer.put(f"{SAVED}/odd", json=body)

    assert problem(answer, 422, "invalid_input")["fields"][0]["field"] == field
    problem(still_desk.viewer.get(f"{SAVED}/odd"), 404, "not_found")


ODD_NAMES = (
    *("50 % #1?", "a+b&c=d;e", "Nachtschicht ü 夜", "C:\\temp", "'q\" <b>", "...more", "100%"),
    *("answer", " blanks around "),
)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_what_was_kept_on_a_page_under_an_odd_name_is_asked_over_the_api(
    desk: ApiDesk, name: str
) -> None:
    browser, csrf = desk.browser(Role.VIEWER)
    form = {"save_as": name, "query": "line=line-1"}
    kept = browser.post("/questions/findings/save", data=form, headers=csrf)
    url = f"{SAVED}/{quote(name, safe='')}"

    assert kept.status_code in {200, 303}
    assert desk.viewer.get(url).json()["name"] == name.strip()
    assert len(table(desk.viewer.get(f"{url}/answer"))) == FRAMES
    again = desk.viewer.put(url, json={"question": "findings", "parameters": {"line": "line-3"}})
    assert again.status_code == 200
    assert table(desk.viewer.get(f"{url}/answer")).empty
    assert desk.viewer.delete(url).status_code == 204
    assert desk.viewer.get(SAVED).json() == {"saved_queries": []}


@pytest.mark.parametrize("name", ["line/part", "/", ".", ".."])
def test_a_name_that_no_address_can_hold_is_refused_when_it_is_kept(
    desk: ApiDesk, name: str
) -> None:
    browser, csrf = desk.browser(Role.VIEWER)
    form = {"save_as": name, "query": "line=line-1"}

    refused = browser.post("/questions/findings/save", data=form, headers=csrf)

    assert refused.status_code == 422
    assert "write it without a slash, and more than dots" in refused.text
    assert desk.viewer.get(SAVED).json() == {"saved_queries": []}


@pytest.mark.parametrize("name", ["%00", "%0A", "x" * 201])
def test_a_name_that_cannot_be_kept_is_refused(still_desk: ApiDesk, name: str) -> None:
    answer = still_desk.viewer.put(f"{SAVED}/{name}", json={"question": "rate"})

    problem(answer, 422, "invalid_input")
