"""`findings`: list, show, review, export."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from db.engine import default_url
from db.errors import DatabaseNotFound, RecordRefused, UnknownRecord
from inspect_pipeline.errors import UsageError
from inspect_pipeline.records import Severity, Verdict
from inspect_pipeline.service.cli.finding_filters import moment
from inspect_pipeline.service.cli.findings import app
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.database_records import CARD, MODEL_ID, NOON, a_finding, failed, frame_key


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Three findings: 1 minor and 2 rejected of the bracket, 3 of the [gear]."""
    url = default_url(tmp_path / "findings.db")
    with Ledger(url) as ledger:
        ledger.register_model(MODEL_ID, "bracket", CARD)
        ledger.record(failed(0, a_finding(0, severity=Severity.MINOR)))
        ledger.record(failed(1, a_finding(1, verdict=Verdict.REJECTED)))
        ledger.record(failed(key=frame_key(2, part="[gear]", line_id="line-2")))
    return url


def findings(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def listed_ids(*arguments: str) -> list[int]:
    listed = findings("list", "--format", "json", *arguments)
    return [row["finding_id"] for row in json.loads(listed.stdout)]


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        ((), [3, 2, 1]),
        (("--part", "bracket"), [2, 1]),
        (("--line", "line-2"), [3]),
        (("--camera", "cam-9"), []),
        (("--since", "2026-03-29T12:01:00+00:00"), [3, 2]),
        (("--until", "2026-03-29T14:01:00+02:00"), [1]),
        (("--verdict", "rejected"), [2]),
        (("--severity", "minor"), [1]),
        (("--state", "confirmed"), []),
        (("--limit", "1"), [3]),
        (("--after", "3", "--limit", "1"), [2]),
        (("--order", "worst"), [3, 1, 2]),
        (("--state", "new", "--state", "second_look", "--order", "worst"), [3, 1, 2]),
        (("--kind", "scratch"), [3, 2, 1]),
        (("--kind", "dent"), []),
        (("--area-min", "0.5", "--area-max", "0.75", "--score-min", "0.875"), [3, 2, 1]),
        (("--area-min", "0.8"), []),
        (("--place", "0.2,0.4,0.3,0.5"), [3, 2, 1]),
        (("--place", "0.5,0,1,1"), []),
        (("--web-from", "4", "--web-until", "4.1"), [2]),
        (("--note", "oil"), []),
        (("--model", MODEL_ID[:10]), [2, 1]),  # a model belongs to one part
    ],
)
def test_every_filter_of_list_filters(url: str, arguments: tuple[str, ...], ids: list[int]) -> None:
    assert listed_ids("--db", url, *arguments) == ids


def test_the_list_is_a_table_for_people(url: str) -> None:
    shown = findings("list", "--db", url).stdout

    assert [word in shown for word in ("severity", "[gear]", "rejected", "0.875")] == [True] * 4


def test_the_list_says_when_there_are_more(url: str) -> None:
    assert "There are more than these 2" in findings("list", "--db", url, "--limit", "2").stdout
    assert "There are more" not in findings("list", "--db", url, "--limit", "3").stdout


def test_the_list_as_csv_can_be_read_by_programs(url: str) -> None:
    listed = findings("list", "--db", url, "--format", "csv").stdout

    rows = list(csv.DictReader(io.StringIO(listed)))
    assert [row["part"] for row in rows] == ["[gear]", "bracket", "bracket"]
    assert datetime.fromisoformat(rows[2]["taken_at"]) == NOON


def test_an_empty_list_says_so(url: str) -> None:
    assert findings("list", "--db", url, "--part", "no").stdout == "No findings match.\n"


def test_the_database_comes_from_the_environment(url: str) -> None:
    listed = CliRunner().invoke(app, ["list"], env={"INSPECT_DB": url})

    assert "bracket" in listed.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("show", "1"),
        ("review", "1", "--verdict", "confirmed", "--by", "Ada"),
        ("export", "--out", "out.csv"),
    ],
)
def test_a_database_that_does_not_exist_is_not_made(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(DatabaseNotFound, match=r"gone\.db does not exist"):
        findings(*arguments, "--db", default_url(tmp_path / "gone.db"))

    assert not (tmp_path / "gone.db").exists()


def test_show_tells_the_facts_and_where_the_pictures_lie(url: str, tmp_path: Path) -> None:
    shown = findings("show", "1", "--db", url).stdout

    for fact in ("number 1 of 1", "frames/0000.png", "SN0000", "0.75 mm²", MODEL_ID, "0.8750"):
        assert fact in shown
    assert shown.replace("\n", "").count("evidence/") == 4
    assert "(missing)" not in shown


def test_show_says_which_picture_is_missing(url: str, tmp_path: Path) -> None:
    next((tmp_path / "evidence").rglob("*.tiff")).unlink()

    shown = "".join(findings("show", str(number), "--db", url).stdout for number in (1, 2, 3))

    assert shown.count("(missing)") == 1


def test_show_of_an_unknown_finding_is_refused(url: str) -> None:
    with pytest.raises(UnknownRecord, match="no finding 17"):
        findings("show", "17", "--db", url)


def test_a_review_is_shown_with_its_history(url: str) -> None:
    decide = ("review", "2", "--db", url, "--by", "Ada")
    findings(*decide, "--verdict", "second_look")
    said = findings(*decide, "--verdict", "false_alarm", "--note", "a drop of oil").stdout

    assert said == "finding 2: second_look -> false_alarm by Ada\n"
    shown = findings("show", "2", "--db", url).stdout
    assert "a drop of oil" in shown
    assert shown.index("new") < shown.index("a drop of oil")
    assert listed_ids("--db", url, "--state", "false_alarm") == [2]


def test_a_review_without_a_name_is_refused(url: str) -> None:
    with pytest.raises(RecordRefused, match="needs the reviewer's name"):
        findings("review", "2", "--db", url, "--by", "", "--verdict", "confirmed")


def test_a_review_knows_only_its_words(url: str) -> None:
    refused = findings("review", "2", "--db", url, "--by", "Ada", "--verdict", "new")

    assert refused.exit_code == 2
    assert "false_alarm" in refused.stderr


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
def test_an_export_holds_all_findings(url: str, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out{suffix}"

    said = findings("export", "--db", url, "--out", str(out)).stdout

    table = read_back(out)
    assert table["finding_id"].tolist() == [3, 2, 1]
    assert pd.to_datetime(table["taken_at"]).tolist()[2] == pd.Timestamp(NOON)
    assert said.replace("\n", "") == f"3 findings written to {out}"


def test_pictures_to_train_on_come_as_a_zip_and_boxes_as_coco(url: str, tmp_path: Path) -> None:
    findings("review", "1", "--db", url, "--by", "Ada", "--verdict", "confirmed")
    crops, boxes = tmp_path / "crops.zip", tmp_path / "boxes.json"

    evidence = ("--evidence", str(tmp_path / "evidence"))
    said = findings(
        "export", "--db", url, "--out", str(crops), "--pictures", "crops", *evidence
    ).stdout
    findings("export", "--db", url, "--out", str(boxes), "--format", "coco")

    assert "0 good and 1 defective pictures written" in said
    assert "2 undecided" in said
    assert "defect/scratch/frame-1-finding-1.png" in zipfile.ZipFile(crops).namelist()
    assert len(json.loads(boxes.read_text())["annotations"]) == 3


def test_an_export_takes_the_same_filters(url: str, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    findings("export", "--db", url, "--out", str(out), "--verdict", "rejected")

    assert pd.read_csv(out)["finding_id"].tolist() == [2]


def test_an_export_replaces_the_file_and_leaves_no_other(url: str, tmp_path: Path) -> None:
    out = tmp_path / "out" / "findings.csv"
    out.parent.mkdir()
    out.write_text("half of an export")

    findings("export", "--db", url, "--out", str(out))

    assert [path.name for path in out.parent.iterdir()] == ["findings.csv"]
    assert "half" not in out.read_text()


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("findings.xlsx", r"findings\.xlsx: the name must end in \.csv, \.json, \.parquet or"),
        ("no_such_folder/findings.csv", "cannot write .*No such file or directory: choose another"),
    ],
)
def test_an_export_that_cannot_be_written_says_why(
    url: str, tmp_path: Path, out: str, reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        findings("export", "--db", url, "--out", str(tmp_path / out))


def test_a_time_without_a_zone_is_local_time() -> None:
    assert moment("2026-03-29T12:00") == datetime(2026, 3, 29, 12, 0).astimezone()


def test_a_place_that_is_no_box_is_refused_with_an_example(url: str) -> None:
    refused = findings("list", "--db", url, "--place", "0.5,left,1,1")

    assert refused.exit_code == 2
    assert "0.5,0,1,0.5" in refused.stderr


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
def test_a_list_can_be_written_to_a_file(url: str, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"listed{suffix}"

    findings("list", "--db", url, "--limit", "2", "--out", str(out))

    assert read_back(out)["finding_id"].tolist() == [3, 2]


def test_parquet_is_not_for_the_screen(url: str) -> None:
    with pytest.raises(UsageError, match="name one with --out"):
        findings("list", "--db", url, "--format", "parquet")


def test_a_word_that_is_no_time_is_refused_with_an_example(url: str) -> None:
    refused = findings("list", "--db", url, "--since", "yesterday")

    assert refused.exit_code == 2
    assert "2026-01-31T06:00" in refused.stderr


def test_a_time_range_that_ends_before_it_begins_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match=r"--since .* is not before --until"):
        findings("list", "--db", url, "--since", "2026-02-01", "--until", "2026-01-01")


@pytest.mark.parametrize("verb", ["list", "show", "review", "export"])
def test_every_verb_has_help(verb: str) -> None:
    assert "--db" in findings(verb, "--help").stdout


def read_back(exported: Path) -> pd.DataFrame:
    if exported.suffix == ".parquet":
        return pd.read_parquet(exported)
    return pd.read_csv(exported) if exported.suffix == ".csv" else pd.read_json(exported)
