"""The good set: what may teach, who gave it, and that it comes back bit for bit."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from db.engine import session, shown
from db.errors import DatabaseError, RecordRefused, UnknownRecord
from db.reviewing import audit_frame, review_finding
from db.rows import After
from db.teaching import (
    Candidate,
    GoodBecause,
    GoodFrameRow,
    candidates,
    give,
    good_set,
    good_set_sizes,
    take_back,
)
from db.words import Judgement, ReviewState
from inspect_pipeline.errors import TrainingDataError, UsageError
from inspect_pipeline.service.cli.teaching import app
from inspect_pipeline.service.good_set import read_taught
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.database_records import (
    NOON,
    OTHER_MODEL_ID,
    a_finding,
    failed,
    frame_key,
    passed,
    whole_frame_pictures,
)

LATER = NOON + timedelta(hours=1)
FALSE, TRUE = ReviewState.FALSE_ALARM, ReviewState.CONFIRMED


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """Frames 1 to 3 failed with two findings each and whole pictures, 4 passed without pictures."""
    for number in range(3):
        found = (a_finding(2 * number), a_finding(2 * number + 1))
        ledger.record(replace(failed(number, *found), pictures=whole_frame_pictures()))
    ledger.record(passed(3))
    return ledger


def say(engine: Engine, *finding_ids: int, state: ReviewState = FALSE) -> None:
    with session(engine) as opened:
        for finding_id in finding_ids:
            review_finding(opened, finding_id, state_after=state, reviewer="Ada", reviewed_at=NOON)


def audit(engine: Engine, frame_id: int, judgement: Judgement) -> None:
    with session(engine) as opened:
        audit_frame(opened, frame_id, judgement=judgement, auditor="Eve", audited_at=NOON)


def given(engine: Engine, ledger: Ledger, frame_id: int, by: str = "Bob") -> bool:
    with session(engine) as opened:
        return give(opened, ledger.store, frame_id, added_by=by, added_at=LATER)


def taken(engine: Engine, frame_id: int) -> bool:
    with session(engine) as opened:
        return take_back(opened, frame_id, removed_by="Bob", removed_at=LATER)


def could_be_given(engine: Engine, limit: int = 10, after: After | None = None) -> list[Candidate]:
    with session(engine, read_only=True) as opened:
        return candidates(opened, "bracket", limit=limit, after=after)


def in_set(engine: Engine) -> list[GoodFrameRow]:
    with session(engine, read_only=True) as opened:
        return good_set(opened, "bracket")


def test_a_frame_is_a_candidate_when_its_last_finding_is_called_a_false_alarm(
    engine: Engine, filled: Ledger
) -> None:
    say(engine, 1)
    before = could_be_given(engine)
    say(engine, 2)

    (one,) = could_be_given(engine)

    assert before == []
    assert (one.frame_id, one.because, one.findings) == (1, GoodBecause.FALSE_ALARMS, 2)
    assert one.picture_name is not None


def test_a_frame_that_passed_is_a_candidate_when_an_audit_calls_it_good(
    engine: Engine, filled: Ledger
) -> None:
    audit(engine, 4, Judgement.GOOD)
    audit(engine, 1, Judgement.GOOD)  # it failed: its findings have to be answered

    (one,) = could_be_given(engine)

    assert (one.frame_id, one.because, one.picture_name) == (4, GoodBecause.AUDIT, None)


def test_the_newest_inspection_has_the_word(engine: Engine, filled: Ledger) -> None:
    say(engine, 1, 2)
    filled.register_model(OTHER_MODEL_ID, "bracket", {})
    again = replace(failed(0, a_finding(9)), model_id=OTHER_MODEL_ID)
    filled.record(again)

    assert could_be_given(engine) == []
    with pytest.raises(RecordRefused, match="finding 7 of it is 'new'"):
        given(engine, filled, 1)

    say(engine, 7)
    assert [one.frame_id for one in could_be_given(engine)] == [1]


@pytest.mark.parametrize("spoken", ["confirmed", "audited"])
def test_one_word_against_a_frame_is_enough(engine: Engine, filled: Ledger, spoken: str) -> None:
    say(engine, 1, 2)
    given(engine, filled, 1)
    if spoken == "audited":
        audit(engine, 1, Judgement.DEFECTIVE)
        audit(engine, 2, Judgement.DEFECTIVE)
    else:
        say(engine, 1, 3, state=TRUE)

    (kept,) = in_set(engine)
    assert kept.is_doubted
    with pytest.raises(RecordRefused, match="cannot teach what is good"):
        given(engine, filled, 2)
    with pytest.raises(TrainingDataError, match="has no frame to learn from"):
        read_taught(engine, filled.store, "bracket", read_at=LATER)


def test_candidates_come_page_by_page_newest_first(engine: Engine, filled: Ledger) -> None:
    say(engine, 1, 2, 3, 4, 5, 6)
    audit(engine, 4, Judgement.GOOD)

    first = could_be_given(engine, limit=3)
    last = After(taken_at=first[-1].taken_at, row_id=first[-1].frame_id)
    rest = could_be_given(engine, limit=3, after=last)

    assert [one.frame_id for one in first] == [4, 3, 2]
    assert [one.frame_id for one in rest] == [1]


def test_giving_twice_changes_nothing_and_keeps_who_was_first(
    engine: Engine, filled: Ledger
) -> None:
    say(engine, 1, 2)

    assert given(engine, filled, 1, by="Bob")
    assert not given(engine, filled, 1, by="Cid")

    (kept,) = in_set(engine)
    assert (kept.frame_id, kept.added_by, kept.added_at) == (1, "Bob", LATER)
    assert could_be_given(engine) == []
    with session(engine, read_only=True) as opened:
        assert good_set_sizes(opened) == {"bracket": 1}


def test_a_frame_can_be_taken_back_and_given_again(engine: Engine, filled: Ledger) -> None:
    say(engine, 1, 2)
    given(engine, filled, 1)

    assert taken(engine, 1)
    assert not taken(engine, 1)
    assert in_set(engine) == []
    assert [one.frame_id for one in could_be_given(engine)] == [1]
    assert given(engine, filled, 1, by="Cid")
    assert [one.added_by for one in in_set(engine)] == ["Cid"]


@pytest.mark.parametrize(
    ("frame_id", "error", "reason"),
    [
        (1, RecordRefused, "finding 2 of it is 'new': call every finding a false alarm first"),
        (4, RecordRefused, "its outcome is passed and no audit calls it good"),
        (99, UnknownRecord, "no frame 99"),
    ],
)
def test_a_frame_that_is_not_known_to_be_good_is_refused_with_the_reason(
    engine: Engine, filled: Ledger, frame_id: int, error: type[DatabaseError], reason: str
) -> None:
    say(engine, 1)

    with pytest.raises(error, match=reason):
        given(engine, filled, frame_id)


def test_a_frame_without_its_whole_picture_is_refused(engine: Engine, filled: Ledger) -> None:
    audit(engine, 4, Judgement.GOOD)
    say(engine, 1, 2)
    (candidate,) = [one for one in could_be_given(engine) if one.frame_id == 1]
    assert candidate.picture_name is not None
    filled.store.path(candidate.picture_name).unlink()

    for frame_id in (1, 4):
        with pytest.raises(RecordRefused, match="its whole picture was not kept"):
            given(engine, filled, frame_id)


def test_an_unknown_frame_cannot_be_taken_back(engine: Engine, filled: Ledger) -> None:
    with pytest.raises(UnknownRecord, match="no frame 99"):
        taken(engine, 99)


def test_the_good_set_teaches_the_very_pixels_with_its_lineage(
    engine: Engine, filled: Ledger
) -> None:
    say(engine, 1, 2)
    given(engine, filled, 1)

    taught = read_taught(engine, filled.store, "bracket", read_at=LATER)

    (part,) = taught.parts
    assert np.array_equal(part.pixels, whole_frame_pictures().observed)
    assert part.hashes == {part.sha256, frame_key(0).content_sha256}
    (told,) = taught.lineage["frames"]
    assert (told["frame_id"], told["added_by"]) == (1, "Bob")
    assert told["picture_sha256"] == part.sha256
    assert taught.lineage["read_at"] == "2026-03-29T13:00:00+00:00"
    assert taught.lineage["database"] == shown(engine.url)


def teach(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--db", url], catch_exceptions=False)


def test_the_verbs_give_list_export_and_take_back(
    upgraded_url: str, engine: Engine, filled: Ledger, tmp_path: Path
) -> None:
    say(engine, 1, 2)
    evidence = ("--evidence", str(tmp_path / "evidence"))
    to = tmp_path / "out" / "good"

    could = teach(upgraded_url, "list", "bracket", "--candidates").stdout
    gave = teach(upgraded_url, "add", "bracket", "1", "--by", "Bob", *evidence).stdout
    listed = teach(upgraded_url, "list", "bracket").stdout
    wrote = teach(upgraded_url, "export", "bracket", "--to", str(to), *evidence).stdout
    took = teach(upgraded_url, "remove", "bracket", "1", "--by", "Bob").stdout
    empty = teach(upgraded_url, "list", "bracket").stdout

    assert "false alarms" in could
    assert "1 frames given" in gave
    assert "Bob" in listed
    assert "1 pictures and lineage.json written" in wrote
    assert "1 frames taken back" in took
    assert "is empty" in empty
    kept = whole_frame_pictures().observed[:, :, 0]
    assert np.array_equal(np.array(Image.open(to / "frame-1.png")), kept)
    assert json.loads((to / "lineage.json").read_text())["frames"][0]["added_by"] == "Bob"


def test_one_refused_frame_gives_none(
    upgraded_url: str, engine: Engine, filled: Ledger, tmp_path: Path
) -> None:
    say(engine, 1, 2)
    evidence = ("--evidence", str(tmp_path / "evidence"))

    with pytest.raises(RecordRefused, match="frame 2 cannot teach"):
        teach(upgraded_url, "add", "bracket", "1", "2", "--by", "Bob", *evidence)
    with pytest.raises(UsageError, match="frame 1 shows 'bracket', not 'gear'"):
        teach(upgraded_url, "add", "gear", "1", "--by", "Bob", *evidence)
    with pytest.raises(RecordRefused, match="has no frame to learn from"):
        teach(upgraded_url, "export", "bracket", "--to", str(tmp_path / "x"), *evidence)

    assert in_set(engine) == []
    assert not (tmp_path / "x").exists()
