"""Lists of findings and one finding, over the API."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from tests.integration.db.database_records import MODEL_ID, a_finding, failed, frame_key
from tests.review.api.desk import API, FRAMES, ApiDesk, minute, problem

LIST = f"{API}/findings"


def pages(client: TestClient, **query: Any) -> list[list[dict[str, Any]]]:
    """Every page of a list."""
    found, cursor = [], None
    for _ in range(50):
        answer = client.get(LIST, params=query | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["findings"])
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError("the list does not end")


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in rows]


def test_findings_come_newest_first_with_all_their_facts(still_desk: ApiDesk) -> None:
    found = still_desk.viewer.get(LIST).json()["findings"]

    assert len(found) == 2 * FRAMES
    assert found == sorted(found, key=lambda row: (row["taken_at"], row["id"]), reverse=True)
    newest = found[0]
    assert newest["line_id"] == "line-2"
    assert newest["state"] == "new"
    assert newest["version"] == 1
    assert newest["box_px"] == {"x0": 10, "y0": 20, "x1": 21, "y1": 27}
    assert newest["source"] == "0005.png", "folders of the plant's machines stay there"
    assert datetime.fromisoformat(newest["taken_at"]) == minute(5)


@pytest.mark.parametrize("order", ["newest", "worst"])
def test_pages_together_are_the_whole_list_without_repeats(still_desk: ApiDesk, order: str) -> None:
    whole = ids(still_desk.viewer.get(LIST, params={"order": order}).json()["findings"])

    found = pages(still_desk.viewer, order=order, limit=5)

    assert [len(page) for page in found] == [5, 5, 2]
    assert ids(list(itertools.chain(*found))) == whole
    assert len(set(whole)) == 2 * FRAMES


@pytest.mark.parametrize("order", ["newest", "worst"])
def test_a_page_stays_where_it_is_while_findings_arrive(desk: ApiDesk, order: str) -> None:
    whole = ids(desk.viewer.get(LIST, params={"order": order}).json()["findings"])
    first = desk.viewer.get(LIST, params={"order": order, "limit": 5}).json()

    desk.ledger.record(failed(40, a_finding(40), key=frame_key(40)))

    rest = {"order": order, "limit": 500, "cursor": first["next_cursor"]}
    after = ids(desk.viewer.get(LIST, params=rest).json()["findings"])
    known = [row for row in after if row in whole]
    assert ids(first["findings"]) + known == whole


def test_worst_first_is_of_those_states_that_are_asked_for(desk: ApiDesk) -> None:
    worst = desk.viewer.get(LIST, params={"order": "worst"}).json()["findings"]
    assert worst == sorted(worst, key=lambda row: (row["urgency"], row["id"]), reverse=True)
    assert worst[0]["severity"] == "critical"
    said = {"state": "confirmed", "seen_version": 1}
    desk.reviewer.post(f"{LIST}/{worst[0]['id']}/reviews", json=said)

    def listed(*states: str) -> list[int]:
        query = {"order": "worst", "states": list(states)}
        return ids(desk.viewer.get(LIST, params=query).json()["findings"])

    assert listed() == ids(worst)
    assert listed("new", "second_look") == ids(worst)[1:]
    assert listed("confirmed", "false_alarm") == ids(worst)[:1]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"line": "line-1"}, 6),
        ({"camera": "cam-line-2"}, 6),
        ({"part": "bracket"}, 12),
        ({"part": "lid"}, 0),
        ({"verdict": "rejected"}, 6),
        ({"severity": "critical"}, 2),
        ({"kind": "scratch"}, 12),
        ({"states": "new"}, 12),
        ({"states": ["confirmed", "second_look"]}, 0),
        ({"model": MODEL_ID}, 12),
        ({"model": MODEL_ID[:8]}, 12),
        ({"area_min": "0.75"}, 12),
        ({"area_min": "0.76"}, 0),
        ({"area_max": "0.74"}, 0),
        ({"score_min": "0.9"}, 0),
        ({"place": ["0", "0", "0.5", "1"]}, 12),
        ({"place": ["0.5", "0", "1", "1"]}, 0),
        ({"web_from": "6"}, 6),
        ({"web_until": "2.5"}, 2),
        ({"note": "100%"}, 0),
        ({"since": "2026-03-29T12:03:00Z"}, 6),
        ({"since": "2026-03-29T14:03:00+02:00"}, 6),
        ({"until": "2026-03-29T12:01:00Z"}, 2),
    ],
    ids=str,
)
def test_each_filter_leaves_only_what_it_says(
    still_desk: ApiDesk, query: dict[str, Any], count: int
) -> None:
    answer = still_desk.viewer.get(LIST, params=query)

    assert len(answer.json()["findings"]) == count


def test_notes_are_searched_as_they_are_written(desk: ApiDesk) -> None:
    first, second = desk.findings()[:2]
    for row, note in ((first, "50% oil_film"), (second, "50x oil film")):
        said = {"state": "second_look", "note": note, "seen_version": 1}
        desk.reviewer.post(f"{LIST}/{row.finding_id}/reviews", json=said)

    found = desk.viewer.get(LIST, params={"note": "0% OIL_"}).json()["findings"]

    assert ids(found) == [first.finding_id]


def test_one_finding_comes_with_its_reviews_and_its_mask_when_asked(desk: ApiDesk) -> None:
    row = desk.findings()[-2]
    said = {"state": "confirmed", "note": "deep", "seen_version": 1}
    desk.reviewer.post(f"{LIST}/{row.finding_id}/reviews", json=said)

    plain = desk.viewer.get(f"{LIST}/{row.finding_id}").json()
    whole = desk.viewer.get(f"{LIST}/{row.finding_id}", params={"mask": "true"}).json()

    assert plain["mask"] is None
    assert plain["state"] == "confirmed"
    assert [(one["reviewer"], one["note"]) for one in plain["reviews"]] == [("reviewer", "deep")]
    assert whole["reviews"] == plain["reviews"]
    assert decoded(whole["mask"]) == mask_of(row.number, row.source)
    assert (
        whole["pictures"]["observed"] == f"/evidence/{row.observed_name}?finding={row.finding_id}"
    )


def decoded(mask: dict[str, Any]) -> list[list[int]]:
    """By the definition of COCO's uncompressed run lengths: column by column, zeros first."""
    cells = [
        value
        for value, count in zip(itertools.cycle((0, 1)), mask["counts"], strict=False)
        for _ in range(count)
    ]
    height, width = mask["size"]
    return [[cells[x * height + y] for x in range(width)] for y in range(height)]


def mask_of(number: int, source: str) -> list[list[int]]:
    """The mask that was recorded for the finding of this number."""
    seed = int(source.rsplit("/", 1)[-1].removesuffix(".png")) + (50 if number == 2 else 0)
    wanted: list[list[int]] = a_finding(seed).verification.region.mask.astype(np.uint8).tolist()
    return wanted


def test_reviews_come_in_the_order_they_were_said(desk: ApiDesk) -> None:
    url = f"{LIST}/{desk.findings()[0].finding_id}/reviews"
    for version, state in enumerate(("second_look", "false_alarm"), start=1):
        desk.reviewer.post(url, json={"state": state, "seen_version": version})

    said = desk.viewer.get(url).json()["reviews"]

    assert [(one["state_before"], one["state_after"]) for one in said] == [
        ("new", "second_look"),
        ("second_look", "false_alarm"),
    ]


@pytest.mark.parametrize("path", ["", "/reviews"])
@pytest.mark.parametrize("finding_id", [999_999, 2**63 - 1])
def test_an_unknown_finding_is_not_found(still_desk: ApiDesk, finding_id: int, path: str) -> None:
    body = problem(still_desk.viewer.get(f"{LIST}/{finding_id}{path}"), 404, "not_found")

    assert body["detail"].startswith(f"there is no finding {finding_id}")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "query.limit"),
        ({"limit": "501"}, "query.limit"),
        ({"limit": "1_0"}, "query.limit"),
        ({"limit": "ten"}, "query.limit"),
        ({"limit": "9" * 5000}, "query.limit"),
        ({"order": "best"}, "query.order"),
        ({"states": "broken"}, "query.states.0"),
        ({"since": "2026-03-29T12:00:00"}, "query.since"),
        ({"since": "1774785600"}, "query.since"),
        ({"since": "yesterday"}, "query.since"),
        ({"since": "2026-13-29T12:00:00Z"}, "query.since"),
        ({"until": "0001-01-01T00:00:00+23:00"}, "query.until"),
        ({"until": "9999-12-31T23:59:59-23:00"}, "query.until"),
        ({"area_min": "nan"}, "query.area_min"),
        ({"area_max": "inf"}, "query.area_max"),
        ({"score_min": "1e999"}, "query.score_min"),
        ({"place": ["0", "0", "1.5", "1"]}, "query.place.2"),
        ({"place": ["1", "0", "0", "1"]}, "query.place"),
        ({"since": "2026-03-30T00:00:00Z", "until": "2026-03-29T00:00:00Z"}, "query.since"),
        ({"part": "a\0b"}, "query.part"),
        ({"part": ""}, "query.part"),
        ({"part": "x" * 201}, "query.part"),
        ({"note": "\0"}, "query.note"),
        ({"model": "' OR 1=1"}, "query.model"),
        ({"model": "0" * 64}, "query.model"),
        ({"after": "1"}, "query.after"),
        ({"lineid": "line-1"}, "query.lineid"),
    ],
    ids=lambda given: str(given)[:60],
)
def test_a_query_that_is_not_as_described_is_refused_with_its_field(
    still_desk: ApiDesk, query: dict[str, Any], field: str
) -> None:
    body = problem(still_desk.viewer.get(LIST, params=query), 422, "invalid_input")

    assert [one["field"] for one in body["fields"]] == [field]


@pytest.mark.parametrize(
    "cursor", ["x", "=", "W10", "bm90IGpzb24", "WyJuZXdlc3QiLDEsMV0", "é", "[]", "W" * 201]
)
def test_a_cursor_that_nobody_gave_is_refused(still_desk: ApiDesk, cursor: str) -> None:
    body = problem(still_desk.viewer.get(LIST, params={"cursor": cursor}), 422, "invalid_input")

    assert body["fields"][0]["field"] == "query.cursor"


def test_a_cursor_of_another_order_is_refused(still_desk: ApiDesk) -> None:
    given = still_desk.viewer.get(LIST, params={"limit": 1, "order": "worst"}).json()["next_cursor"]

    body = problem(still_desk.viewer.get(LIST, params={"cursor": given}), 422, "invalid_input")

    assert "another list or order" in body["detail"]


@pytest.mark.parametrize(
    "finding_id", ["0", "-1", str(2**63), "9" * 400, "1.0", "one", "%00", "1%20"]
)
def test_an_id_that_cannot_be_one_is_refused(still_desk: ApiDesk, finding_id: str) -> None:
    body = problem(still_desk.viewer.get(f"{LIST}/{finding_id}"), 422, "invalid_input")

    assert body["fields"][0]["field"] == "path.finding_id"
