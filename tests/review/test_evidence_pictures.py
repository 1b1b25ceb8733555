"""Pictures are served to people who are signed in, where a row names them, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from tests.integration.db.database_records import failed, passed, whole_frame_pictures
from tests.review.review_desk import ReviewDesk, review_desk


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[ReviewDesk]:
    with review_desk(database_url, tmp_path) as opened:
        opened.ledger.record(failed(0))
        opened.ledger.record(failed(1))
        opened.ledger.record(passed(2, pictures=whole_frame_pictures()))
        yield opened


def test_a_picture_is_served_as_it_was_stored_and_may_be_kept(desk: ReviewDesk) -> None:
    name = desk.finding(1).observed_name

    answer = desk.client("vera").get(f"/evidence/{name}?finding=1")

    assert answer.status_code == 200
    assert answer.content == desk.ledger.store.get(name)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"


def test_a_browser_that_has_it_is_not_sent_it_again(desk: ReviewDesk) -> None:
    client = desk.client("vera")
    path = f"/evidence/{desk.finding(1).observed_name}?finding=1"
    mark = client.get(path).headers["etag"]

    answer = client.get(path, headers={"If-None-Match": mark})

    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize(("shown", "mode"), [("colour", "RGB"), ("veil", "RGBA")])
def test_heat_comes_in_colours(desk: ReviewDesk, shown: str, mode: str) -> None:
    name = desk.finding(1).heat_name

    answer = desk.client("vera").get(f"/evidence/{name}?finding=1&as={shown}")

    with Image.open(BytesIO(answer.content), formats=("PNG",)) as image:
        assert (image.mode, image.size) == (mode, (16, 12))
    assert answer.headers["content-type"] == "image/png"


def test_heat_as_numbers_is_a_tiff(desk: ReviewDesk) -> None:
    answer = desk.client("vera").get(f"/evidence/{desk.finding(1).heat_name}?finding=1")

    assert answer.headers["content-type"] == "image/tiff"


def test_the_whole_frame_belongs_to_its_inspection(desk: ReviewDesk) -> None:
    page = desk.client("vera").get("/frames/3").text
    path = page.split('<image href="')[1].split('"')[0].replace("&amp;", "&")

    answer = desk.client("vera").get(path + "&as=small")

    assert "inspection=3" in path
    with Image.open(BytesIO(answer.content), formats=("PNG",)) as image:
        assert image.size == (64, 48)


@pytest.mark.parametrize("shown", ["signed", "absolute"])
def test_the_difference_is_drawn(desk: ReviewDesk, shown: str) -> None:
    answer = desk.client("vera").get(f"/findings/1/difference?as={shown}")

    with Image.open(BytesIO(answer.content), formats=("PNG",)) as image:
        assert image.size == (16, 12)


def test_a_picture_is_served_only_for_the_row_that_names_it(desk: ReviewDesk) -> None:
    client = desk.client("vera")
    name = desk.finding(1).observed_name
    orphan = desk.ledger.store.put(b"nobody names me", ".png")

    assert client.get(f"/evidence/{name}?finding=2").status_code == 404
    assert client.get(f"/evidence/{name}").status_code == 404
    assert client.get(f"/evidence/{name}?inspection=1").status_code == 404
    assert client.get(f"/evidence/{orphan}?finding=1").status_code == 404


@pytest.mark.parametrize(
    "tried",
    [
        "../findings.db",
        "..%2f..%2ffindings.db",
        "%2e%2e/findings.db",
        "../../../../etc/passwd",
        "aa/bb/..%5c..%5cfindings.db",
        "",
        "aa",
        "aa/bb/",
        "aa/bb/%00.png",
    ],
)
def test_nothing_outside_the_store_is_reached(desk: ReviewDesk, tried: str) -> None:
    answer = desk.client("vera").get(f"/evidence/{tried}?finding=1")

    assert answer.status_code == 404
    assert b"SQLite" not in answer.content
    assert b"root:" not in answer.content


@pytest.mark.parametrize("query", ["finding=0", "finding=x", "finding=99999999999999999999"])
def test_a_row_that_cannot_be_is_refused(desk: ReviewDesk, query: str) -> None:
    answer = desk.client("vera").get(f"/evidence/{desk.finding(1).observed_name}?{query}")

    assert answer.status_code in {404, 422}


def test_the_addresses_that_the_api_gives_are_served(desk: ReviewDesk) -> None:
    client = desk.client("vera")
    pictures = client.get("/api/v1/findings/1").json()["pictures"]

    kinds = {client.get(path).headers["content-type"] for path in pictures.values()}

    assert len(pictures) == 4
    assert kinds == {"image/png"}


def test_a_picture_is_not_drawn_as_what_it_is_not(desk: ReviewDesk) -> None:
    row, client = desk.finding(1), desk.client("vera")

    assert client.get(f"/evidence/{row.observed_name}?finding=1&as=colour").status_code == 422
    assert client.get(f"/evidence/{row.heat_name}?finding=1&as=small").status_code == 422
    assert client.get(f"/evidence/{row.heat_name}?finding=1&as=x").status_code == 422


def test_a_picture_that_is_gone_or_damaged_tells_no_path(desk: ReviewDesk, tmp_path: Path) -> None:
    row, client = desk.finding(1), desk.client("vera")
    desk.picture(row.observed_name).unlink()
    desk.picture(row.golden_name).write_bytes(b"scratched")

    gone = client.get(f"/evidence/{row.observed_name}?finding=1")
    damaged = client.get(f"/evidence/{row.golden_name}?finding=1")

    assert gone.status_code == 404
    assert damaged.status_code == 500
    assert str(tmp_path) not in gone.text + damaged.text


def test_who_is_not_signed_in_sees_no_picture(desk: ReviewDesk) -> None:
    stranger = TestClient(desk.app, follow_redirects=False)

    answer = stranger.get(f"/evidence/{desk.finding(1).observed_name}?finding=1")

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")
