"""Export: what is downloaded through the page, opened and compared with the desk."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("playwright.sync_api", reason="pip install playwright to test in a browser")

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.desks import HOSTILE
from tests.browser.served import Opening
from tests.review.review_desk import ReviewDesk


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A file that the browser saved: the name it was given, and what is in it."""

    name: str
    content: bytes


def take(page: Page, form: str) -> Taken:
    """Chooses the format and presses Download."""
    page.get_by_role("radio", name=re.compile(f"^{form}")).check()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()
    return Taken(
        name=waiting.value.suggested_filename, content=Path(waiting.value.path()).read_bytes()
    )


def test_a_selection_of_the_search_is_exported_as_csv(opened: Opening) -> None:
    page = opened("kim", "/questions/findings?line=line-1&states=false_alarm&states=second_look")
    page.get_by_role("link", name="Export the selection").click()
    expect(page.get_by_text("2 findings are chosen")).to_be_visible()
    expect(page.locator("dl.facts")).to_contain_text("false_alarm,second_look")

    taken = take(page, "CSV")

    assert re.fullmatch(r"findings-20260329-\d{4}\.csv", taken.name)
    lines = list(csv.DictReader(io.StringIO(taken.content.decode("utf-8"))))
    assert sorted(int(line["finding_id"]) for line in lines) == [2, 3]
    by_id = {line["finding_id"]: line for line in lines}
    assert by_id["2"]["state"] == "false_alarm"
    assert by_id["2"]["kind"] == HOSTILE
    assert by_id["2"]["source"] == "'=cmd()", "no spreadsheet runs it"


def test_parquet_keeps_the_types(desk: ReviewDesk, opened: Opening) -> None:
    page = opened("kim", "/export")
    expect(page.locator("main")).to_contain_text("Everything in the database")

    taken = take(page, "Parquet")

    table = pd.read_parquet(io.BytesIO(taken.content)).set_index("finding_id")
    assert sorted(table.index) == [1, 2, 3, 4]
    assert str(table.taken_at.dt.tz) == "UTC"
    assert table.taken_at[1] == desk.finding(1).taken_at
    assert table.score.dtype == np.float64
    assert table.source[2] == "=cmd()"


def test_coco_has_the_boxes_and_the_masks(desk: ReviewDesk, opened: Opening) -> None:
    page = opened("kim", "/export?ids=1,4")
    expect(page.get_by_text("2 findings are chosen")).to_be_visible()

    taken = take(page, "COCO")

    assert taken.name.endswith(".coco.json")
    coco = json.loads(taken.content)
    annotations = {one["id"]: one for one in coco["annotations"]}
    assert sorted(annotations) == [1, 4]
    first = annotations[1]
    found = desk.finding(1)
    assert first["bbox"] == [found.x0, found.y0, found.x1 - found.x0, found.y1 - found.y0]
    assert first["segmentation"]["size"] == [48, 64]
    counts = first["segmentation"]["counts"]
    assert sum(counts) == 48 * 64
    assert sum(counts[1::2]) == first["area"] == found.area_px
    assert {one["id"] for one in coco["images"]} == {1, 6}
    assert coco["info"]["contributor"] == "kim"
    assert "sqlite" not in taken.content.decode()


def test_a_zip_of_pictures_is_sorted_by_what_people_said(desk: ReviewDesk, opened: Opening) -> None:
    page = opened("kim", "/questions/findings?line=line-1")
    page.get_by_role("link", name="Export the selection").click()

    taken = take(page, "Pictures, whole frames")

    with zipfile.ZipFile(io.BytesIO(taken.content)) as album:
        assert album.testzip() is None
        pictures = {name for name in album.namelist() if name.endswith(".png")}
        assert pictures == {"defect/scratch/frame-1.png", "good/frame-2.png"}
        with Image.open(io.BytesIO(album.read("good/frame-2.png"))) as picture:
            assert picture.size == (64, 48)
        manifest = list(csv.DictReader(io.StringIO(album.read("manifest.csv").decode())))
        assert {line["file"]: line["reviewed_by"] for line in manifest} == {
            "defect/scratch/frame-1.png": "ada",
            "good/frame-2.png": "kim",
        }
        assert all(not Path(name).is_absolute() and ".." not in name for name in album.namelist())


def test_findings_are_cut_out_of_their_frames(desk: ReviewDesk, opened: Opening) -> None:
    taken = take(opened("kim", "/export?ids=1,2"), "Pictures, findings cut out")

    with zipfile.ZipFile(io.BytesIO(taken.content)) as album:
        cut = album.read("defect/scratch/frame-1-finding-1.png")
        assert cut == desk.picture(desk.finding(1).observed_name).read_bytes()
        assert "good/frame-2-finding-2.png" in album.namelist()


def test_pictures_of_what_nobody_decided_are_refused_in_words(opened: Opening) -> None:
    page = opened("kim", "/export?ids=4")

    page.get_by_role("radio", name=re.compile("^Pictures, whole frames")).check()
    page.get_by_role("button", name="Download").click()

    expect(page.locator("main")).to_contain_text("undecided")


def test_an_answer_is_taken_as_a_table(opened: Opening) -> None:
    page = opened("kim", "/questions/pareto?of=severity")

    with page.expect_download() as waiting:
        page.get_by_role("link", name="Table as CSV").click()

    assert waiting.value.suggested_filename == "pareto.csv"
    table = pd.read_csv(waiting.value.path())
    counted = dict(zip(table.cause, table.findings, strict=True))
    assert counted == {"critical": 1, "major": 1, "minor": 1}, "a false alarm causes nothing"


def test_nothing_chosen_is_nothing_to_download(opened: Opening) -> None:
    page = opened("kim", "/export?line=no-such-line")

    expect(page.get_by_text("0 findings are chosen")).to_be_visible()
    expect(page.get_by_role("button", name="Download")).to_be_disabled()
