"""Findings for other programs: read back, they are what was recorded; hostile names stay names."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from PIL import Image
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db import queries
from db.chosen import Chosen, chosen_findings, count_chosen
from db.engine import session
from db.masks import decode_mask
from db.reviewing import review_finding
from db.rows import FindingFilter
from db.words import ReviewState
from inspect_pipeline.errors import ExportRefused, UsageError
from inspect_pipeline.exports.coco import run_lengths
from inspect_pipeline.exports.findings import Exported, Format, Wish, write_export
from inspect_pipeline.exports.names import safe_name
from inspect_pipeline.exports.pictures import Cut
from inspect_pipeline.exports.tables import csv_text
from inspect_pipeline.exports.whole_files import whole_file, whole_folder
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.database_records import (
    NOON,
    a_finding,
    failed,
    frame_key,
    whole_frame_pictures,
)

ALL = Chosen()


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """Three frames with whole pictures: two findings, one finding, one of a kind unknown."""
    kept = whole_frame_pictures()
    ledger.record(replace(failed(0, a_finding(1), a_finding(2)), pictures=kept))
    ledger.record(replace(failed(1, a_finding(3)), pictures=kept))
    ledger.record(replace(failed(2, replace(a_finding(4), kind=None)), pictures=kept))
    return ledger


def export(engine: Engine, ledger: Ledger, wish: Wish) -> tuple[bytes, Exported]:
    file = io.BytesIO()
    with session(engine, read_only=True) as opened:
        exported = write_export(
            file,
            opened,
            ledger.store,
            wish,
            made_at=NOON,
            made_by="Ada",
            database="sqlite:///findings.db",
        )
    return file.getvalue(), exported


def say(engine: Engine, finding_id: int, state: ReviewState, by: str = "Ada") -> None:
    with session(engine) as opened:
        review_finding(opened, finding_id, state_after=state, reviewer=by, reviewed_at=NOON)


def opened_zip(engine: Engine, ledger: Ledger, **wished: Any) -> zipfile.ZipFile:
    wish = Wish(**{"chosen": ALL, "form": Format.ZIP, **wished})
    return zipfile.ZipFile(io.BytesIO(export(engine, ledger, wish)[0]))


def mask_of(annotation: dict[str, Any]) -> npt.NDArray[np.uint8]:
    """The definition of COCO's uncompressed run lengths: column by column, outside first."""
    height, width = annotation["segmentation"]["size"]
    counts = annotation["segmentation"]["counts"]
    inside = np.arange(len(counts)) % 2 == 1
    flat = np.repeat(inside, counts).astype(np.uint8)
    return flat.reshape((height, width), order="F")


def stored_mask(opened: Session, finding_id: int, frame_wh: tuple[int, int]) -> Any:
    detail = queries.finding(opened, finding_id)
    found = detail.finding
    width_px, height_px = found.x1 - found.x0, found.y1 - found.y0
    cells = decode_mask(detail.mask, width_px=width_px, height_px=height_px)
    whole = np.zeros(frame_wh[::-1], np.uint8)
    inside = np.frombuffer(cells, np.uint8).reshape(height_px, width_px)
    whole[found.y0 : found.y1, found.x0 : found.x1] = inside
    return whole


def test_coco_gives_back_the_very_masks(engine: Engine, filled: Ledger) -> None:
    written, exported = export(engine, filled, Wish(chosen=ALL, form=Format.COCO))

    told = json.loads(written)
    assert exported.findings == len(told["annotations"]) == 4
    with session(engine, read_only=True) as opened:
        for annotation in told["annotations"]:
            mask = mask_of(annotation)
            assert np.array_equal(mask, stored_mask(opened, annotation["id"], (64, 48)))
            x, y, width, height = annotation["bbox"]
            assert mask.sum() == mask[y : y + height, x : x + width].sum() == annotation["area"]


def test_coco_has_an_image_per_frame_and_a_category_per_kind(
    engine: Engine, filled: Ledger
) -> None:
    told = json.loads(export(engine, filled, Wish(chosen=ALL, form=Format.COCO))[0])

    images = {image["id"]: image for image in told["images"]}
    names = {one["id"]: one["name"] for one in told["categories"]}
    kinds = {one["id"]: names[one["category_id"]] for one in told["annotations"]}
    assert len(images) == len(told["images"]) == 3
    assert {(one["width"], one["height"]) for one in images.values()} == {(64, 48)}
    assert kinds == {1: "scratch", 2: "scratch", 3: "scratch", 4: "defect"}
    assert all(one["iscrowd"] == 0 for one in told["annotations"])
    for image in images.values():
        assert filled.store.path(image["file_name"]).is_file()


def test_a_mask_that_fills_the_frame_or_touches_its_corners_keeps_its_runs() -> None:
    full = np.ones((2, 3), np.bool_)
    corner = np.ones((1, 1), np.bool_)

    assert run_lengths(full, x0=0, y0=0, frame_wh=(3, 2)) == [0, 6]
    assert run_lengths(corner, x0=2, y0=1, frame_wh=(3, 2)) == [5, 1]
    assert run_lengths(corner, x0=0, y0=0, frame_wh=(3, 2)) == [0, 1, 5]
    assert run_lengths(np.zeros((1, 1), np.bool_), x0=1, y0=1, frame_wh=(3, 2)) == [6]


def test_an_empty_selection_still_has_its_columns(engine: Engine, filled: Ledger) -> None:
    none = Chosen(wanted=FindingFilter(part="nothing"))

    text = export(engine, filled, Wish(chosen=none, form=Format.CSV))[0].decode()
    table, _ = export(engine, filled, Wish(chosen=none, form=Format.PARQUET))
    coco = json.loads(export(engine, filled, Wish(chosen=none, form=Format.COCO))[0])

    assert text.startswith("finding_id,inspection_id,")
    assert text.count("\n") == 1
    assert "finding_id" in pd.read_parquet(io.BytesIO(table)).columns
    assert (coco["images"], coco["annotations"], coco["categories"]) == ([], [], [])


def test_a_selection_is_read_in_batches_once_each_and_in_order(
    engine: Engine, filled: Ledger
) -> None:
    with session(engine, read_only=True) as opened:
        pages = list(chosen_findings(opened, ALL, batch=2))
        chosen = Chosen(wanted=FindingFilter(), finding_ids=(4, 1, 99))
        few = [one.finding.finding_id for page in chosen_findings(opened, chosen) for one in page]
        counted = count_chosen(opened, ALL, at_most=3)

    assert [[one.finding.finding_id for one in page] for page in pages] == [[4, 3], [2, 1]]
    assert few == [4, 1]
    assert counted == 3


def test_more_findings_than_the_limit_are_refused_before_a_byte_is_written(
    engine: Engine, filled: Ledger
) -> None:
    with pytest.raises(ExportRefused, match="more than 3 findings are chosen, the most for csv"):
        export(engine, filled, Wish(chosen=ALL, form=Format.CSV, at_most=3))


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(cell: str) -> None:
    table = pd.DataFrame({"note": pd.Series([cell, "plain", None], dtype="string"), "mm": -1.5})

    rows = list(csv.reader(io.StringIO(csv_text(table), newline="")))

    text = cell.replace("\r", "\n")
    assert rows[1:] == [[f"'{text}", "-1.5"], ["plain", "-1.5"], ["", "-1.5"]]


def test_a_carriage_return_inside_a_cell_cannot_begin_a_line() -> None:
    table = pd.DataFrame({"note": pd.Series(["oil\r=cmd()"], dtype="string")})

    assert csv_text(table) == 'note\n"oil\n=cmd()"\n'


def test_pictures_stand_where_people_put_them(engine: Engine, filled: Ledger) -> None:
    for finding_id in (1, 2):
        say(engine, finding_id, ReviewState.FALSE_ALARM)
    say(engine, 3, ReviewState.CONFIRMED, by="=Bob")

    archive = opened_zip(engine, filled)

    assert sorted(archive.namelist()) == [
        "annotations.json",
        "defect/scratch/frame-2.png",
        "good/frame-1.png",
        "lineage.json",
        "manifest.csv",
    ]
    kept = whole_frame_pictures().observed[:, :, 0]
    assert np.array_equal(np.array(Image.open(archive.open("good/frame-1.png"))), kept)
    rows = list(csv.DictReader(io.TextIOWrapper(archive.open("manifest.csv"), newline="")))
    by_file = {row["file"]: row for row in rows}
    assert by_file["good/frame-1.png"]["finding_ids"] == "1 2"
    assert by_file["defect/scratch/frame-2.png"]["reviewed_by"] == "'=Bob"
    lineage = json.loads(archive.read("lineage.json"))
    assert lineage["pictures"] == {"good": 1, "defective": 1, "undecided": 1, "unkept": 0}
    coco = json.loads(archive.read("annotations.json"))
    assert {image["file_name"] for image in coco["images"]} == set(by_file)


def test_crops_are_the_findings_own_pictures(engine: Engine, filled: Ledger) -> None:
    say(engine, 1, ReviewState.CONFIRMED)
    say(engine, 2, ReviewState.FALSE_ALARM)
    say(engine, 4, ReviewState.SECOND_LOOK)

    archive = opened_zip(engine, filled, cut=Cut.CROPS)

    pictures = [name for name in archive.namelist() if name.endswith(".png")]
    assert sorted(pictures) == [
        "defect/scratch/frame-1-finding-1.png",
        "good/frame-1-finding-2.png",
    ]
    with session(engine, read_only=True) as opened:
        name = queries.finding(opened, 1).finding.observed_name
    assert archive.read("defect/scratch/frame-1-finding-1.png") == filled.store.get(name)
    assert "annotations.json" not in archive.namelist()


def test_a_frame_with_a_confirmed_and_a_false_finding_is_defective(
    engine: Engine, filled: Ledger
) -> None:
    say(engine, 1, ReviewState.FALSE_ALARM)
    say(engine, 2, ReviewState.CONFIRMED)
    chosen = Chosen(wanted=FindingFilter(state=ReviewState.FALSE_ALARM))

    archive = opened_zip(engine, filled, chosen=chosen)

    assert "defect/scratch/frame-1.png" in archive.namelist()


def test_pictures_that_are_gone_are_counted_and_the_rest_is_written(
    engine: Engine, ledger: Ledger
) -> None:
    ledger.record(replace(failed(0, a_finding(1)), pictures=whole_frame_pictures()))
    ledger.record(failed(1, a_finding(2)))
    for finding_id in (1, 2):
        say(engine, finding_id, ReviewState.CONFIRMED)
    with session(engine, read_only=True) as opened:
        ledger.store.path(str(queries.finding(opened, 1).finding.observed_name)).unlink()

    _, frames = export(engine, ledger, Wish(chosen=ALL, form=Format.ZIP))
    _, crops = export(engine, ledger, Wish(chosen=ALL, form=Format.ZIP, cut=Cut.CROPS))

    assert frames.pictures is not None
    assert crops.pictures is not None
    assert (frames.pictures.defective, frames.pictures.unkept) == (1, 1)
    assert (crops.pictures.defective, crops.pictures.unkept) == (1, 1)


def test_a_zip_of_undecided_findings_is_refused_with_the_reason(
    engine: Engine, filled: Ledger
) -> None:
    with pytest.raises(ExportRefused, match="3 are undecided"):
        export(engine, filled, Wish(chosen=ALL, form=Format.ZIP))


def test_kinds_and_serials_cannot_leave_the_zip_or_run(engine: Engine, ledger: Ledger) -> None:
    key = replace(frame_key(), serial="../../etc/passwd", source="=cmd()")
    hostile = replace(a_finding(), kind="../../../evil\\..\\x")
    ledger.record(replace(failed(0, hostile, key=key), pictures=whole_frame_pictures()))
    say(engine, 1, ReviewState.CONFIRMED)

    archive = opened_zip(engine, ledger)
    text = export(engine, ledger, Wish(chosen=ALL, form=Format.CSV))[0].decode()

    for name in archive.namelist():
        assert ".." not in name
        assert not name.startswith("/")
        assert "\\" not in name
    assert "'=cmd()" in text


@pytest.mark.parametrize("word", ["", "..", "con", "a/b", "ä", "x" * 300, "-", "a\0b", "LPT1"])
def test_a_safe_name_is_one_plain_word_of_its_own(word: str) -> None:
    name = safe_name(word)

    assert name == safe_name(word)
    assert name != word
    assert name.replace("-", "").replace("_", "").isalnum()
    assert len(name) < 80
    assert safe_name("scratch_2") == "scratch_2"


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("before")

    def write_half() -> None:
        with whole_file(out) as file:
            file.write(b"half")
            raise ExportRefused("stop")

    with pytest.raises(ExportRefused):
        write_half()

    assert out.read_text() == "before"
    assert list(tmp_path.iterdir()) == [out]


def test_a_folder_is_whole_or_not_there(tmp_path: Path) -> None:
    def write_half() -> None:
        with whole_folder(tmp_path / "out") as folder:
            (folder / "half.png").write_bytes(b"half")
            raise ExportRefused("stop")

    with pytest.raises(ExportRefused):
        write_half()
    assert list(tmp_path.iterdir()) == []

    with whole_folder(tmp_path / "out") as folder:
        (folder / "a.png").write_bytes(b"a")
    assert (tmp_path / "out" / "a.png").read_bytes() == b"a"
    with pytest.raises(UsageError, match="is there already"), whole_folder(tmp_path / "out"):
        pass
