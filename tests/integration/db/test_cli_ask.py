"""`ask`: the questions as verbs, and those that people saved."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from db import saved_queries
from db.engine import default_url, session
from db.errors import QuestionRefused, UnknownRecord
from db.questions.catalogue import QUESTIONS
from db.upgrade import open_database
from inspect_pipeline.errors import UsageError
from inspect_pipeline.service.cli.asking import build_ask_app
from tests.integration.db.rows_to_ask import finding_at, inspected, know_models

NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)


def read_back(written: Path) -> pd.DataFrame:
    if written.suffix == ".parquet":
        return pd.read_parquet(written)
    return pd.read_csv(written) if written.suffix == ".csv" else pd.read_json(written)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """One frame that passed, one with a scratch, one with a scratch and a dent."""
    url = default_url(tmp_path / "findings.db")
    engine = open_database(url)
    with session(engine) as opened:
        know_models(opened)
        inspected(opened, NOON)
        inspected(opened, NOON.replace(minute=1), finding_at(kind="scratch"))
        two = finding_at(kind="scratch"), finding_at(40, kind="[dent]")
        inspected(opened, NOON.replace(minute=2), *two)
    engine.dispose()
    return url


def asked(*arguments: str) -> Result:
    return CliRunner().invoke(build_ask_app(), list(arguments), catch_exceptions=False)


def test_alone_it_lists_every_question_with_its_sentence() -> None:
    listed = asked().stdout

    assert [question.name for question in QUESTIONS if question.name not in listed] == []
    assert "Where on the part do findings gather?" in listed


@pytest.mark.parametrize("question", [question.name for question in QUESTIONS])
def test_every_question_explains_its_parameters(question: str) -> None:
    shown = asked(question, "--help")

    assert shown.exit_code == 0
    (described,) = (one.described for one in QUESTIONS if one.name == question)
    assert all(f"--{one.name.replace('_', '-')}" in shown.stdout for one in described)


def test_an_answer_is_a_table_for_people(url: str) -> None:
    shown = asked("pareto", "--db", url).stdout

    assert [word in shown for word in ("cause", "scratch", "[dent]", "0.6667")] == [True] * 4


def test_an_answer_is_json_or_csv_for_programs(url: str) -> None:
    bars = json.loads(asked("pareto", "--db", url, "--format", "json").stdout)
    lines = asked("rate", "--db", url, "--by", "total", "--format", "csv").stdout.splitlines()

    assert [(bar["cause"], bar["findings"]) for bar in bars] == [("scratch", 2), ("[dent]", 1)]
    assert lines[0].startswith("line_id,part,camera_id")
    assert ",3,2,0,0.66" in lines[1]


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
def test_an_answer_is_written_to_a_file(url: str, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"bars{suffix}"

    said = asked("pareto", "--db", url, "--out", str(out)).stdout

    assert read_back(out)["findings"].tolist() == [2, 1]
    assert said.replace("\n", "") == f"2 rows written to {out}"
    assert sorted(path.name for path in tmp_path.glob("*bars*")) == [out.name]


def test_no_answer_says_so(url: str) -> None:
    assert asked("pareto", "--db", url, "--part", "no").stdout == "Nothing was found.\n"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("pareto", "--of", "weather"), "--of"),
        (("heat-map",), "--part"),
        (("repeats", "--pitch-min", "x"), "--pitch-min"),
        (("rate", "--since", "yesterday"), "--since"),
    ],
)
def test_a_wrong_parameter_is_named(url: str, arguments: tuple[str, ...], named: str) -> None:
    refused = asked(*arguments, "--db", url)

    assert refused.exit_code == 2
    assert f"Invalid value for {named}" in refused.stderr


def test_a_question_is_saved_asked_again_and_deleted(url: str) -> None:
    mine = ("--owner", "ada", "--db", url)
    asked("pareto", "--part", "bracket", "--since", "900w", "--save-as", "weekly", *mine)

    listed = asked("saved", "list", "--db", url).stdout
    again = asked("saved", "ask", "weekly", *mine, "--format", "json").stdout
    asked("saved", "delete", "weekly", *mine)

    assert [word in listed for word in ("ada", "weekly", "--since 900w")] == [True] * 3
    assert [bar["cause"] for bar in json.loads(again)] == ["scratch", "[dent]"]
    assert "No question was saved" in asked("saved", "list", "--db", url).stdout
    with pytest.raises(UnknownRecord, match="ada has saved no question as 'weekly'"):
        asked("saved", "ask", "weekly", *mine)


def test_a_question_is_saved_for_somebody(url: str) -> None:
    with pytest.raises(UsageError, match="needs --owner"):
        asked("pareto", "--save-as", "weekly", "--db", url)


def save(engine: Engine, owner: str, name: str, **written: str) -> saved_queries.SavedQueryRow:
    with session(engine) as opened:
        return saved_queries.save_query(
            opened, owner=owner, name=name, question="pareto", written=written, now=NOON
        )


def test_saved_questions_belong_to_their_owner_and_are_replaced_by_name(engine: Engine) -> None:
    save(engine, "ada", "a", part="x")
    save(engine, "ada", " a ", part="y", line=" ")
    save(engine, "bo", "a", part="z")

    with session(engine, read_only=True) as opened:
        mine = saved_queries.saved_queries(opened, "ada")
        everybody = saved_queries.saved_queries(opened)
        found = saved_queries.saved_query(opened, owner="bo", name="a")

    assert [(one.name, one.written, one.saved_at) for one in mine] == [("a", {"part": "y"}, NOON)]
    assert [one.owner for one in everybody] == ["ada", "bo"]
    assert found.written == {"part": "z"}


@pytest.mark.parametrize(
    ("owner", "name", "written", "field"),
    [
        ("ada", "a", {"since": "soon"}, "since"),
        ("ada", "a", {"weather": "rain"}, "weather"),
        ("ada", " ", {}, "name"),
        ("", "a", {}, "owner"),
        ("ada", "a" * 201, {}, "name"),
        ("ada", "a\nb", {}, "name"),
    ],
)
def test_what_cannot_be_asked_is_not_saved(
    engine: Engine, owner: str, name: str, written: dict[str, str], field: str
) -> None:
    with pytest.raises(QuestionRefused) as refused:
        save(engine, owner, name, **written)

    assert refused.value.field == field
    with session(engine, read_only=True) as opened:
        assert saved_queries.saved_queries(opened) == []


def test_a_question_nobody_asks_is_not_saved(engine: Engine) -> None:
    with (
        pytest.raises(QuestionRefused, match="there is no question 'weather'"),
        session(engine) as opened,
    ):
        saved_queries.save_query(
            opened, owner="ada", name="a", question="weather", written={}, now=NOON
        )
