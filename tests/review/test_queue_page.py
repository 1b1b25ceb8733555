"""The queue as people see it: what waits, worst first, filtered by the URL, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from inspect_pipeline.records import Severity, Verdict
from inspect_pipeline.review.pages.work_queue import CARDS_PER_PAGE
from tests.integration.db.database_records import a_finding, failed, frame_key
from tests.review.review_desk import ReviewDesk, review_desk, shown_ids


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[ReviewDesk]:
    with review_desk(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def filled(desk: ReviewDesk) -> ReviewDesk:
    """Findings 1 minor, 2 critical but rejected, 3 major, 4 critical on line 2."""
    desk.ledger.record(failed(0, a_finding(0, severity=Severity.MINOR)))
    rejected = a_finding(1, severity=Severity.CRITICAL, verdict=Verdict.REJECTED)
    desk.ledger.record(failed(1, rejected))
    desk.ledger.record(failed(2, a_finding(2)))
    key = frame_key(3, part="gear", line_id="line-2", camera_id="cam-2")
    desk.ledger.record(failed(3, a_finding(4, severity=Severity.CRITICAL), key=key))
    return desk


def test_the_worst_stands_first_and_its_score_is_said_in_words(filled: ReviewDesk) -> None:
    answer = filled.client("kim").get("/queue")

    assert answer.status_code == 200
    assert shown_ids(answer) == [4, 3, 1, 2]
    assert "4 wait" in answer.text
    assert "seen on fewer than 1 in 100 good parts" in answer.text


def test_a_card_has_the_picture_and_the_edge_of_the_region(filled: ReviewDesk) -> None:
    row = filled.finding(4)

    answer = filled.client("kim").get("/queue")

    assert f'href="/evidence/{row.observed_name}?finding=4"' in answer.text
    assert '<path class="outline" d="M' in answer.text
    assert 'value="4:1"' in answer.text, "the form says which version was seen"


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("line=line-1", [3, 1, 2]),
        ("part=gear", [4]),
        ("camera=cam-2", [4]),
        ("severity=critical", [4, 2]),
        ("verdict=rejected", [2]),
        ("state=second_look", []),
        ("state=new,second_look", [4, 3, 1, 2]),
        ("since=999w", [4, 3, 1, 2]),
        ("since=2026-03-29T14:01", [4, 3, 2]),
        ("until=2026-03-29T14:01", [1]),
        ("since=2026-03-29T12:02:00%2B00:00", [4, 3]),
        ("area_min=0.5&area_max=1", [4, 3, 1, 2]),
        ("area_min=1", []),
        ("place=0,0,0.5,0.6", [4, 3, 1, 2]),
        ("place=0.5,0,1,1", []),
        ("line=line-1&severity=major", [3]),
        ("line=&part=", [4, 3, 1, 2]),
    ],
)
def test_the_filter_lies_in_the_url(filled: ReviewDesk, query: str, ids: list[int]) -> None:
    answer = filled.client("kim").get(f"/queue?{query}")

    assert answer.status_code == 200
    assert shown_ids(answer) == ids


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("severity=awful", "Severity: &#39;awful&#39; is not one of minor, major, critical"),
        ("since=yesterday", "Since: &#39;yesterday&#39; is not a time"),
        (
            "since=2026-02-02&until=2026-02-01",
            "Since: 2026-02-01T23:00:00+00:00 is not before until",
        ),
        ("since=0001-01-01T00:00", "Since: "),
        ("area_min=nan", "Area from: &#39;nan&#39; is not finite"),
        ("area_max=-1", "Area to: must be at least 0, got -1"),
        ("place=0,0,2,1", "Place: must be at least 0 and at most 1, got 2"),
        ("place=0,1", "Place: write four numbers"),
        ("place=0.5,0,0.25,1", "Place: write left,top,right,bottom"),
        ("state=confirmed", "confirmed findings do not wait"),
        ("part=%00", "Part: expected up to 200 printable characters"),
        ("part=" + "x" * 201, "Part: expected up to 200 printable characters"),
        ("after=1", "After: expected what the link"),
        ("after=inf~1", "After: expected what the link"),
        ("after=WyJ0ZWFjaCIsMSwxXQ", "After: expected what the link"),
    ],
)
def test_a_filter_that_cannot_be_read_names_its_field(
    filled: ReviewDesk, query: str, said: str
) -> None:
    answer = filled.client("kim").get(f"/queue?{query}")

    assert answer.status_code == 400
    assert said in answer.text
    assert shown_ids(answer) == []


@pytest.mark.parametrize(
    "tried",
    ["' OR 1=1 --", "x'; DROP TABLE findings; --", "%", "_%", '"><script>alert(1)</script>'],
)
def test_sql_and_html_in_a_filter_are_only_words(filled: ReviewDesk, tried: str) -> None:
    client = filled.client("kim")

    answer = client.get("/queue", params={"part": tried, "line": tried})

    assert answer.status_code == 200
    assert shown_ids(answer) == []
    assert "<script>alert" not in answer.text
    assert shown_ids(client.get("/queue")) == [4, 3, 1, 2]


def test_an_empty_queue_says_what_to_do(desk: ReviewDesk) -> None:
    client = desk.client("kim")

    assert "Every finding has an answer" in client.get("/queue").text
    assert "Show everything that waits" in client.get("/queue?part=gear").text


def test_pages_follow_each_other_while_findings_arrive(desk: ReviewDesk) -> None:
    for number in range(CARDS_PER_PAGE + 5):
        desk.ledger.record(failed(number))
    client = desk.client("kim")
    first = client.get("/queue")
    link = first.text.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    desk.ledger.record(failed(90, a_finding(90, severity=Severity.CRITICAL)))

    second = client.get(link)

    seen = shown_ids(first) + shown_ids(second)
    assert seen == list(range(CARDS_PER_PAGE + 5, 0, -1)), "none twice, none left out"
    assert 'id="more"' not in second.text


def test_the_next_page_works_as_a_plain_link(desk: ReviewDesk) -> None:
    for number in range(CARDS_PER_PAGE + 1):
        desk.ledger.record(failed(number))
    client = desk.client("kim")
    link = client.get("/queue").text.split('id="more"><a class="button" href="')[1].split('"')[0]

    answer = client.get(link.replace("&amp;", "&"))

    assert shown_ids(answer) == [1]
    assert "<title>" in answer.text


def test_a_viewer_sees_the_queue_without_the_means_to_answer(filled: ReviewDesk) -> None:
    client = filled.client("vera")

    answer = client.get("/queue")
    refused = client.post("/queue/review", data={"finding": "4:1", "verdict": "confirmed"})

    assert shown_ids(answer) == [4, 3, 1, 2]
    assert 'name="verdict" value=' not in answer.text
    assert refused.status_code == 403
    assert filled.finding(4).version == 1


def test_a_picture_that_was_pruned_leaves_its_place_to_words(filled: ReviewDesk) -> None:
    filled.picture(filled.finding(4).observed_name).unlink()

    answer = filled.client("kim").get("/queue?part=gear")

    assert answer.status_code == 200
    assert "Picture not kept" in answer.text


def test_nothing_on_the_page_needs_an_inline_script_or_style(filled: ReviewDesk) -> None:
    for path in ("/queue", "/findings/4", "/frames/1"):
        page = filled.client("kim").get(path).text

        assert "style=" not in page
        assert " onclick" not in page
        assert "<script>" not in page
