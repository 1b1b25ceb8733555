"""Pictures whose time is over go, and nothing else, on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from db.engine import connect, session
from db.errors import RecordRefused
from db.models import Finding, Inspection
from db.pictures import PictureKind
from db.pruning import Share, plan, prune
from db.retention import Shield
from db.reviewing import audit_frame, review_finding
from db.upgrade import downgrade, upgrade
from db.words import Judgement, ReviewState, Verdict
from inspect_pipeline import records
from inspect_pipeline.service.ledger import Ledger
from tests.integration.db.database_records import (
    CARD,
    MODEL_ID,
    NOON,
    a_finding,
    failed,
    frame_key,
    passed,
    whole_frame_pictures,
)
from tests.integration.db.full_plant import assert_whole, everything
from tests.integration.db.growing_old import (
    ALL_KINDS,
    NOW,
    give_first_frame,
    kept_kinds,
    planned,
    pruned,
    quietly,
    record_false_alarms,
    review,
    rules,
    the_finding,
    the_second_heat,
    whole_picture,
    without_names,
)
from tests.integration.db.test_database_survives_kill import environment

CONFIRMED, REJECTED, UNSURE = (
    records.Verdict.CONFIRMED,
    records.Verdict.REJECTED,
    records.Verdict.UNSURE,
)
PRUNER = ["-m", "tests.integration.db.slow_pruner"]


def test_pictures_go_when_the_days_of_their_verdict_are_over(
    ledger: Ledger, engine: Engine
) -> None:
    record_false_alarms(engine, ledger, REJECTED, UNSURE, CONFIRMED)

    pruned(engine, ledger, rules({Verdict.REJECTED: 99, Verdict.UNSURE: 100}))

    assert kept_kinds(engine, 1) == set()
    assert kept_kinds(engine, 2) == set(PictureKind)  # 99 days old
    assert kept_kinds(engine, 3) == set(PictureKind)
    assert len(list(ledger.store.names())) == 8
    assert_whole(engine, ledger.store)


def test_pictures_go_when_the_days_of_their_kind_are_over(ledger: Ledger, engine: Engine) -> None:
    record_false_alarms(engine, ledger, REJECTED)

    pruned(engine, ledger, rules(kinds={PictureKind.GOLDEN: 99, PictureKind.HEAT: 101}))

    assert kept_kinds(engine, 1) == {"observed", "restored", "heat"}
    assert_whole(engine, ledger.store)


def test_the_shorter_of_two_times_counts(ledger: Ledger, engine: Engine) -> None:
    record_false_alarms(engine, ledger, REJECTED)

    pruned(
        engine,
        ledger,
        rules({Verdict.REJECTED: 99}, {PictureKind.GOLDEN: 1000, PictureKind.HEAT: 1}),
    )

    assert kept_kinds(engine, 1) == set()


def test_a_row_outlives_its_pictures_with_all_its_figures(ledger: Ledger, engine: Engine) -> None:
    record_false_alarms(engine, ledger, REJECTED, UNSURE)
    before = everything(engine)

    pruned(engine, ledger, rules(kinds=ALL_KINDS))

    after = everything(engine)
    assert [without_names(row) for row in after["findings"]] == [
        without_names(row) for row in before["findings"]
    ]
    assert {table: rows for table, rows in after.items() if table != "findings"} == {
        table: rows for table, rows in before.items() if table != "findings"
    }


@pytest.mark.parametrize(
    ("state", "shield"),
    [
        (ReviewState.NEW, Shield.UNREVIEWED),
        (ReviewState.SECOND_LOOK, Shield.UNREVIEWED),
        (ReviewState.CONFIRMED, Shield.CONFIRMED),
    ],
)
def test_what_is_unreviewed_or_confirmed_stays_unless_told(
    ledger: Ledger, engine: Engine, state: ReviewState, shield: Shield
) -> None:
    ledger.record(failed(0, a_finding(verdict=REJECTED)))
    if state is not ReviewState.NEW:
        review(engine, 1, state)
    others = tuple(
        {Shield.UNREVIEWED, Shield.CONFIRMED, Shield.AUDITED, Shield.GOOD_SET} - {shield}
    )

    pruned(engine, ledger, rules(kinds=ALL_KINDS, even_if=others))
    assert kept_kinds(engine, 1) == set(PictureKind)

    pruned(engine, ledger, rules(kinds=ALL_KINDS, even_if=(shield,)))
    assert kept_kinds(engine, 1) == set()


def test_rejected_findings_that_nobody_saw_can_be_named_apart(
    ledger: Ledger, engine: Engine
) -> None:
    ledger.record(failed(0, *(a_finding(n, verdict=v) for n, v in enumerate((REJECTED, UNSURE)))))
    ledger.record(failed(1, a_finding(7, verdict=REJECTED)))
    review(engine, 3, ReviewState.SECOND_LOOK)

    pruned(engine, ledger, rules(kinds=ALL_KINDS, even_if=(Shield.UNREVIEWED_REJECTED,)))

    assert [kept_kinds(engine, number) for number in (1, 2, 3)] == [
        set(),
        set(PictureKind),
        set(PictureKind),
    ]


def test_what_was_audited_stays_unless_told(ledger: Ledger, engine: Engine) -> None:
    record_false_alarms(engine, ledger, REJECTED, REJECTED)
    with session(engine) as opened:
        audit_frame(opened, 1, judgement=Judgement.GOOD, auditor="Ada", audited_at=NOON)

    pruned(engine, ledger, rules(kinds=ALL_KINDS))
    assert [kept_kinds(engine, number) for number in (1, 2)] == [set(PictureKind), set()]

    pruned(engine, ledger, rules(kinds=ALL_KINDS, even_if=(Shield.AUDITED,)))
    assert kept_kinds(engine, 1) == set()


def test_what_is_in_the_good_set_stays_and_its_own_picture_always(
    ledger: Ledger, engine: Engine
) -> None:
    record_false_alarms(engine, ledger, REJECTED)
    picture = the_finding(engine, 1).observed_name
    assert picture is not None
    give_first_frame(engine, picture)

    pruned(engine, ledger, rules(kinds=ALL_KINDS))
    assert kept_kinds(engine, 1) == set(PictureKind)

    pruned(engine, ledger, rules(kinds=ALL_KINDS, even_if=(Shield.GOOD_SET,)))
    assert kept_kinds(engine, 1) == set()
    assert list(ledger.store.names()) == [picture]
    assert_whole(engine, ledger.store)


def test_a_frame_that_was_taken_out_of_the_good_set_keeps_no_picture(
    ledger: Ledger, engine: Engine
) -> None:
    record_false_alarms(engine, ledger, REJECTED)
    picture = the_finding(engine, 1).observed_name
    assert picture is not None
    give_first_frame(engine, picture, taken_back_at=NOON)

    found = planned(engine, ledger, rules(kinds=ALL_KINDS))
    pruned(engine, ledger, rules(kinds=ALL_KINDS))

    assert sum(share.files for share in found.values()) == 4
    assert list(ledger.store.names()) == []
    assert_whole(engine, ledger.store)


def test_whole_pictures_of_passed_frames_go_when_their_days_are_over(
    ledger: Ledger, engine: Engine
) -> None:
    ledger.record(passed(0, pictures=whole_frame_pictures()))
    ledger.record(passed(2 * 24 * 60, pictures=whole_frame_pictures()))

    pruned(engine, ledger, rules(passed_days=99))

    with session(engine, read_only=True) as opened:
        names = opened.scalars(sa.select(Inspection.observed_name).order_by(Inspection.id)).all()
    assert names[0] is None
    assert names[1] is not None
    assert len(list(ledger.store.names())) == 4  # both frames had the same pictures
    assert_whole(engine, ledger.store)


def test_the_whole_picture_of_a_frame_stays_while_one_of_its_findings_waits(
    ledger: Ledger, engine: Engine
) -> None:
    ledger.record(replace(failed(0, a_finding(1), a_finding(2)), pictures=whole_frame_pictures()))
    review(engine, 1, ReviewState.FALSE_ALARM)

    pruned(engine, ledger, rules(kinds=ALL_KINDS))
    assert whole_picture(engine) is not None

    review(engine, 2, ReviewState.FALSE_ALARM)
    pruned(engine, ledger, rules(kinds=ALL_KINDS))
    assert whole_picture(engine) is None
    assert list(ledger.store.names()) == []


def test_a_picture_of_several_rows_stays_while_one_names_it(ledger: Ledger, engine: Engine) -> None:
    ledger.record(failed(0, a_finding(5), a_finding(5)))
    review(engine, 1, ReviewState.FALSE_ALARM)

    assert planned(engine, ledger, rules(kinds=ALL_KINDS)) == {
        ("confirmed findings", kind): Share(rows=1) for kind in PictureKind
    }
    pruned(engine, ledger, rules(kinds=ALL_KINDS))

    assert (kept_kinds(engine, 1), kept_kinds(engine, 2)) == (set(), set(PictureKind))
    assert len(list(ledger.store.names())) == 4
    assert_whole(engine, ledger.store)


def test_a_file_that_was_stored_a_moment_ago_stays(ledger: Ledger, engine: Engine) -> None:
    record_false_alarms(engine, ledger, REJECTED)
    pruned(engine, ledger, rules(kinds=ALL_KINDS))
    fresh = ledger.store.put(b"its row is on the way", ".png")
    os.utime(ledger.store.path(fresh), (NOW.timestamp() - 60,) * 2)

    removed = prune(engine, ledger.store, rules(kinds=ALL_KINDS), now=NOW, watch=quietly)

    assert removed.young == 1
    assert fresh in list(ledger.store.names())


def test_files_of_others_in_the_folder_are_left(ledger: Ledger, engine: Engine) -> None:
    ledger.record(passed())
    ledger.store.folder.mkdir(exist_ok=True)
    (ledger.store.folder / "notes.txt").write_text("Dear Ada")

    pruned_share = prune(
        engine, ledger.store, rules(kinds=ALL_KINDS), now=NOW + timedelta(days=9999), watch=quietly
    )

    assert pruned_share == Share()
    assert list(ledger.store.names()) == ["notes.txt"]


def test_a_plan_says_what_goes_and_changes_nothing(ledger: Ledger, engine: Engine) -> None:
    record_false_alarms(engine, ledger, REJECTED, UNSURE, REJECTED)
    ledger.record(passed(9, pictures=whole_frame_pictures()))
    orphan = ledger.store.put(b"nobody's", ".png")
    before, wanted = everything(engine), rules({Verdict.REJECTED: 30}, passed_days=30)
    files = list(ledger.store.names())

    found = planned(engine, ledger, wanted)

    assert everything(engine) == before
    assert list(ledger.store.names()) == files
    golden = [the_finding(engine, number).golden_name for number in (1, 3)]
    assert found["rejected findings", "golden"] == Share(
        rows=2, files=2, size_bytes=sum(ledger.store.size_bytes(name or "") for name in golden)
    )
    assert found["passed frames", "heat"].files == 1
    assert found["named by no row", ""] == Share(
        files=1, size_bytes=ledger.store.size_bytes(orphan)
    )

    total = plan(engine, ledger.store, wanted, now=NOW, watch=quietly).total
    removed = pruned(engine, ledger, wanted)
    assert (removed.files, removed.size_bytes) == (total.files, total.size_bytes)
    assert planned(engine, ledger, wanted) == {}
    assert_whole(engine, ledger.store)


def test_pruning_again_removes_nothing(ledger: Ledger, engine: Engine) -> None:
    record_false_alarms(engine, ledger, REJECTED)
    pruned(engine, ledger, rules(kinds=ALL_KINDS))

    assert pruned(engine, ledger, rules(kinds=ALL_KINDS)) == Share()


def test_a_pruned_frame_that_comes_again_changes_nothing(ledger: Ledger, engine: Engine) -> None:
    record_false_alarms(engine, ledger, REJECTED)
    pruned(engine, ledger, rules(kinds=ALL_KINDS))

    again = ledger.record(failed(0, a_finding(0, verdict=REJECTED), key=frame_key(0)))

    assert not again.written
    assert_whole(engine, ledger.store)


def test_a_finding_that_is_being_reviewed_is_passed_over_without_waiting(
    postgres_url: str, tmp_path: Path
) -> None:
    engine = connect(postgres_url)
    upgrade(engine)
    ledger = Ledger(engine, tmp_path / "evidence")
    ledger.register_model(MODEL_ID, "bracket", CARD)
    record_false_alarms(engine, ledger, REJECTED, REJECTED)

    with session(engine) as reviewing:
        review_finding(
            reviewing, 1, state_after=ReviewState.CONFIRMED, reviewer="Grace", reviewed_at=NOON
        )
        pruned(engine, ledger, rules(kinds=ALL_KINDS))
    pruned(engine, ledger, rules(kinds=ALL_KINDS))

    assert [kept_kinds(engine, number) for number in (1, 2)] == [set(PictureKind), set()]
    assert_whole(engine, ledger.store)
    engine.dispose()


@pytest.mark.parametrize("deadly", ["rows", "files"])
def test_a_prune_that_is_killed_leaves_whole_rows_and_is_finished_by_the_next(
    upgraded_url: str, ledger: Ledger, engine: Engine, deadly: str
) -> None:
    record_false_alarms(engine, ledger, *[REJECTED] * 5)
    for name in ledger.store.names():
        os.utime(ledger.store.path(name), (NOON.timestamp(),) * 2)

    killed = subprocess.run(
        [sys.executable, *PRUNER, upgraded_url, str(ledger.store.folder), deadly, "3"],
        env=environment(),
        check=False,
    )

    assert killed.returncode == -signal.SIGKILL
    with session(engine, read_only=True) as opened:
        names = set(opened.scalars(sa.select(Finding.golden_name)))
    assert len(names - {None}) == (2 if deadly == "rows" else 0)
    assert {name for name in names if name} <= set(ledger.store.names())

    pruned(engine, ledger, rules(kinds=ALL_KINDS))
    assert list(ledger.store.names()) == []
    assert_whole(engine, ledger.store)


def test_fewer_than_no_days_are_refused() -> None:
    for passed_days, heat_days in ((-1, 5), (5, -1)):
        with pytest.raises(RecordRefused, match="from 0 on"):
            rules(kinds={PictureKind.HEAT: heat_days}, passed_days=passed_days)


def test_the_revision_before_reads_a_removed_picture_as_missing_and_back_it_is_none(
    ledger: Ledger, engine: Engine
) -> None:
    record_false_alarms(engine, ledger, REJECTED, UNSURE)
    pruned(engine, ledger, rules({Verdict.REJECTED: 30}))
    before = everything(engine)

    downgrade(engine, "r0003")

    with engine.connect() as connection:
        heat = connection.execute(sa.text("SELECT heat_name FROM findings ORDER BY id")).scalars()
        first, second = heat
    assert first.endswith("852b855.png")
    assert second == the_second_heat(before)
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(sa.text("UPDATE findings SET heat_name = NULL"))

    upgrade(engine)

    assert everything(engine) == before
