"""The page of a finding: its pictures and figures, the answer, what lies around; and its frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import update

from db.engine import session
from db.models import Finding
from db.surroundings import shapes
from db.words import ReviewState
from inspect_pipeline.records import Descriptor, Severity
from inspect_pipeline.review.queue_cards import outlines_on_frame
from tests.integration.db.bare_rows import a_model
from tests.integration.db.database_records import (
    MODEL_ID,
    OTHER_MODEL_ID,
    a_finding,
    failed,
    frame_key,
    passed,
    unreadable,
)
from tests.integration.db.web_of_defects import record_frames
from tests.review.review_desk import ReviewDesk, review_desk

HOSTILE = '<img src=x onerror=alert(1)>"'


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[ReviewDesk]:
    """Findings 1 to 3 of frames 1 to 3, alike; the worst, 3, is first in the queue."""
    with review_desk(database_url, tmp_path) as opened:
        for number in range(3):
            opened.ledger.record(failed(number))
        yield opened


def answer(client: TestClient, finding_id: int, version: int = 1, **said: str) -> Response:
    form = {"version": str(version), "verdict": "confirmed", **said}
    answered: Response = client.post(f"/findings/{finding_id}/review", data=form)
    return answered


def test_the_page_shows_the_four_pictures_and_what_they_mean(desk: ReviewDesk) -> None:
    row = desk.finding(2)

    page = desk.client("kim").get("/findings/2").text

    for name in (row.observed_name, row.golden_name, row.restored_name, f"{row.heat_name}"):
        assert f"/evidence/{name}?finding=2" in page
    assert "as=colour" in page
    assert "/findings/2/difference?as=signed" in page
    assert "seen on fewer than 1 in 100 good parts" in page
    assert "well over the threshold" in page
    assert "normal detail explains little of it" in page


def test_next_and_previous_follow_the_queue_that_one_works_through(desk: ReviewDesk) -> None:
    page = desk.client("kim").get("/findings/2?line=line-1").text

    assert '<a class="button quiet" href="/findings/3?line=line-1" data-key="k"' in page
    assert '<a class="button quiet" href="/findings/1?line=line-1" data-key="j"' in page


def test_the_next_finding_follows_an_answer_which_can_be_taken_back(desk: ReviewDesk) -> None:
    client = desk.client("kim")

    said = answer(client, 3, note="deep", back="line=line-1")
    page = client.get(said.headers["location"])
    batch_id = parse_qs(urlsplit(said.headers["location"]).query)["done"][0]
    undone = client.post("/queue/undo", data={"batch_id": batch_id, "finding": "3"})

    assert said.status_code == 303
    assert urlsplit(said.headers["location"]).path == "/findings/2"
    assert "Finding 3 confirmed as a defect" in page.text
    assert undone.headers["location"] == "/findings/3"
    assert desk.finding(3).state is ReviewState.NEW


def test_the_last_answer_leads_back_to_the_queue(desk: ReviewDesk) -> None:
    said = answer(desk.client("kim"), 1)

    assert urlsplit(said.headers["location"]).path == "/queue"


def test_who_answers_second_sees_the_first_answer_and_keeps_the_note(desk: ReviewDesk) -> None:
    kim = desk.client("kim")
    answer(desk.client("ada"), 2, verdict="false_alarm", note="glare")

    said = answer(kim, 2, note="I am sure")

    assert said.status_code == 409
    assert "<b>ada</b> said <b>false alarm</b>" in said.text
    assert "glare" in said.text
    assert "I am sure</textarea>" in said.text
    assert 'name="version" value="2"' in said.text
    assert desk.finding(2).state is ReviewState.FALSE_ALARM


def test_the_history_says_who_changed_what_and_why(desk: ReviewDesk) -> None:
    answer(desk.client("ada"), 2, verdict="second_look", note=HOSTILE)

    page = desk.client("vera").get("/findings/2").text

    assert "<b>ada</b>" in page
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_what_a_file_name_holds_is_only_text(desk: ReviewDesk) -> None:
    key = replace(frame_key(8), source=f"{HOSTILE}.png", serial="<b>SN</b>")
    desk.ledger.record(failed(8, key=key))

    for path in ("/findings/4", "/frames/4", "/queue"):
        page = desk.client("kim").get(path).text
        assert "<img src=x" not in page
        assert "<b>SN" not in page


def test_a_viewer_reads_and_cannot_answer(desk: ReviewDesk) -> None:
    client = desk.client("vera")

    assert 'name="verdict"' not in client.get("/findings/2").text
    assert answer(client, 2).status_code == 403
    assert client.post("/frames/1/audit", data={"judgement": "good"}).status_code == 403
    assert desk.finding(2).version == 1


def test_the_same_place_on_other_frames_is_shown(desk: ReviewDesk) -> None:
    key = frame_key(5, camera_id="cam-9")
    desk.ledger.record(failed(5, key=key))

    page = desk.client("kim").get("/findings/2").text

    assert 'href="/findings/1"' in page
    assert 'href="/findings/3"' in page
    assert 'href="/findings/4"' not in page, "another camera sees another place"


def test_what_looks_like_it_comes_nearest_first(desk: ReviewDesk) -> None:
    for number, angle in ((10, 0.0), (11, 1.0), (12, 0.2)):
        looks = Descriptor(space=MODEL_ID, vector=np.array([np.cos(angle), np.sin(angle)], "f4"))
        finding = a_finding(number)
        evidence = replace(finding.evidence, descriptor=looks)
        desk.ledger.record(failed(number, replace(finding, evidence=evidence)))
    client = desk.client("vera")

    near = client.get("/findings/4/similar").text

    assert re.findall(r'href="/findings/(\d+)"', near) == ["6", "5"]
    assert "distance 0.02" in near
    assert "Nothing is kept of how this finding looks" in client.get("/findings/2/similar").text


@pytest.mark.parametrize("path", ["/findings/99", "/frames/99", "/findings/0", "/findings/x"])
def test_what_does_not_exist_is_said_without_a_trace(desk: ReviewDesk, path: str) -> None:
    answered = desk.client("kim").get(path)

    assert answered.status_code in {404, 422}
    assert "Traceback" not in answered.text


def test_a_finding_without_pictures_still_has_its_page(desk: ReviewDesk) -> None:
    row = desk.finding(2)
    for name in (row.observed_name, row.golden_name, row.restored_name, row.heat_name):
        desk.picture(name).unlink(missing_ok=True)

    page = desk.client("kim").get("/findings/2")

    assert page.status_code == 200
    assert page.text.count("This picture is not kept any more") == 4


def test_a_frame_shows_each_models_opinion(desk: ReviewDesk) -> None:
    desk.ledger.register_model(OTHER_MODEL_ID, "bracket", {})
    second = replace(failed(1, a_finding(7, severity=Severity.MINOR)), model_id=OTHER_MODEL_ID)
    desk.ledger.record(second)

    page = desk.client("kim").get("/frames/2").text

    assert page.count("Inspection ") == 2
    assert 'href="/findings/2"' in page
    assert 'href="/findings/4"' in page


def test_a_frame_leads_to_the_finding_that_lies_over_its_border(desk: ReviewDesk) -> None:
    web = np.zeros((180, 120), dtype=bool)
    web[70:87, 40:50] = True  # the first frame, from line 0, shows all of it; the other from 80 on
    with session(desk.engine) as opened:
        a_model(opened)
    record_frames(desk.engine, web, [0, 80])
    client = desk.client("kim")
    newest = client.get("/api/v1/inspections").json()["inspections"]
    beside = next(one["frame_id"] for one in newest if one["web_position_mm"])

    (told,) = client.get(f"/api/v1/frames/{beside}").json()["inspections"]
    page = client.get(f"/frames/{beside}").text

    (region,) = told["elsewhere"]
    assert told["findings"] == []
    assert region["frame_id"] != beside
    assert f'belongs to <a href="/findings/{region["finding_id"]}">' in page
    assert "Nothing departed from a good part" not in page


def test_the_edge_of_each_region_is_drawn_on_the_frame(desk: ReviewDesk) -> None:
    desk.ledger.record(failed(9, a_finding(1), a_finding(2)))
    with session(desk.engine, read_only=True) as opened:
        edges = outlines_on_frame(shapes(opened, [4, 5]).values())

    finding, frame = (desk.client("vera").get(path).text for path in ("/findings/4", "/frames/4"))

    assert all(edge.startswith("M") for edge in edges.values())
    for edge in edges.values():
        assert frame.count(f'<path class="outline" d="{edge}"/>') == 1
    assert f'<path class="outline" d="{edges[4]}"/>' in finding
    assert edges[5] not in finding


def test_a_frame_whose_pictures_are_gone_draws_its_regions_alone(desk: ReviewDesk) -> None:
    with session(desk.engine) as opened:
        opened.execute(update(Finding).values(observed_name=None))

    page = desk.client("vera").get("/frames/2").text

    assert '<path class="outline" d="M' in page
    assert 'href=""' not in page


def test_a_person_judges_the_whole_part(desk: ReviewDesk) -> None:
    desk.ledger.record(passed(7))
    client = desk.client("kim")

    said = client.post("/frames/4/audit", data={"judgement": "defective", "note": HOSTILE})
    page = client.get(said.headers["location"]).text
    client.post("/frames/1/audit", data={"judgement": "good"})

    assert said.status_code == 303
    assert "An escape: a defective part passed" in page
    assert "<img src=x" not in page
    assert "A false call: a good part failed" in client.get("/frames/1").text
    assert client.post("/frames/1/audit", data={"judgement": "fine"}).status_code == 422


def test_a_frame_that_could_not_be_read_says_why(desk: ReviewDesk) -> None:
    desk.ledger.record(unreadable(9))

    page = desk.client("eva").get("/frames/4").text

    assert "could not be read" in page
    assert "the file ends after 12 bytes" in page
    assert 'href="/teach?part=bracket"' in page
