"""Dashboard, search, export, teach and models: what they show, to whom, and what they refuse."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.engine import session
from db.events import count_events, note_event
from db.models import Event
from db.pictures import PictureKind
from db.pruning import prune
from db.retention import Retention, Shield
from db.reviewing import review_finding
from db.teaching import good_set
from db.words import ReviewState, Role
from inspect_pipeline.records import Severity
from inspect_pipeline.service.ledger import Ledger
from tests.fakes import WallClock
from tests.integration.db.database_records import (
    CARD,
    MODEL_ID,
    NOON,
    OTHER_MODEL_ID,
    a_finding,
    failed,
    frame_key,
    passed,
    unreadable,
    whole_frame_pictures,
)
from tests.review.browsers import Browser

SignIn = Callable[[Role], Browser]
PAGES = ("/dashboard", "/search", "/questions/findings?limit=5", "/reports", "/teach", "/models")
EXPORTS = ("/export", "/export/file?form=csv", "/questions/findings/table.csv")
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def filled(engine: Engine, tmp_path: Path, clock: WallClock) -> Ledger:
    """Frames 1 and 2 failed, 3 passed, 4 was unreadable; a card that tells too much."""
    card = {**CARD, "command": "train --images /home/emil", "data": {"folder": "/home/emil"}}
    with Ledger(engine, tmp_path / "evidence", now=clock) as ledger:
        ledger.register_model(MODEL_ID, "bracket", card)
        kept = whole_frame_pictures()
        first = replace(failed(0, a_finding(0, severity=Severity.CRITICAL)), pictures=kept)
        ledger.record(first)
        second = replace(a_finding(1), kind=HOSTILE)
        key = replace(frame_key(1), serial="../../etc/passwd", source="=cmd()")
        ledger.record(replace(failed(1, second, key=key), pictures=kept))
        ledger.record(passed(2))
        ledger.record(unreadable(3))
        return ledger


def say(engine: Engine, finding_id: int, state: ReviewState) -> None:
    with session(engine) as opened:
        review_finding(opened, finding_id, state_after=state, reviewer="rita", reviewed_at=NOON)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_for_a_viewer_without_a_finding_and_with_some(
    signed_in: SignIn, engine: Engine, tmp_path: Path, clock: WallClock, path: str
) -> None:
    viewer = signed_in(Role.VIEWER)

    assert viewer.get(path).status_code == 200
    with Ledger(engine, tmp_path / "evidence", now=clock) as ledger:
        ledger.register_model(MODEL_ID, "bracket", CARD)
        ledger.record(failed(0))
    answer = viewer.get(path)

    assert answer.status_code == 200
    assert "style=" not in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize("path", [*PAGES, *EXPORTS])
def test_who_is_not_signed_in_sees_nothing(browser: Browser, path: str) -> None:
    answer = browser.get(path, follow=False)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("path", EXPORTS)
def test_a_viewer_exports_nothing_and_a_reviewer_does(
    signed_in: SignIn, filled: Ledger, path: str
) -> None:
    assert signed_in(Role.VIEWER).get(path).status_code == 403
    assert signed_in(Role.REVIEWER).get(path).status_code == 200


def test_the_dashboard_says_how_the_line_does_and_what_waits(
    signed_in: SignIn, filled: Ledger
) -> None:
    text = signed_in(Role.VIEWER).get("/dashboard?days=7").text

    assert "66.7" in text  # two of three inspected frames
    assert "1 critical finding waits" in text
    assert "25.0 % of 4 frames were unfit" in text
    assert "Where on bracket" in text
    assert "2 findings: show them" in text
    assert f"bracket-{MODEL_ID[:12]}" in text


def test_the_dashboard_leads_to_what_happened(
    signed_in: SignIn, filled: Ledger, engine: Engine
) -> None:
    with session(engine) as opened:
        for kind, severity in (("shed", "critical"), ("shed", "critical"), ("started", "minor")):
            key = f"{kind} {severity} {count_events(opened).total()}"
            facts = {"at": NOON, "text": "the newest frame was shed", "facts": {}}
            note_event(opened, Event(key=key, kind=kind, severity=severity, **facts))
    viewer = signed_in(Role.VIEWER)

    text = viewer.get("/dashboard?days=7").text
    assert "shed: 2 times" in text
    assert "started" not in text
    address = re.search(r'href="(/questions/events[^"]*)"', text)
    assert address is not None
    asked = viewer.get(address[1].replace("&amp;", "&"))
    assert asked.status_code == 200
    assert asked.text.count("the newest frame was shed") == 2


def test_an_empty_time_leads_to_where_frames_are(
    signed_in: SignIn, filled: Ledger, clock: WallClock
) -> None:
    clock.forward(days=60)
    viewer = signed_in(Role.VIEWER)

    text = viewer.get("/dashboard?days=7").text
    assert "No frames in this time" in text
    assert "no frame for" in text
    address = text.split("No frames in this time")[1].split('href="')[1].split('"')[0]
    then = viewer.get(address.replace("&amp;", "&"))

    assert then.status_code == 200
    assert "66.7" in then.text


def test_a_question_is_asked_kept_asked_again_and_forgotten(
    signed_in: SignIn, filled: Ledger
) -> None:
    viewer = signed_in(Role.VIEWER)
    answer = viewer.get("/questions/findings?severity=critical&states=new&states=second_look")
    assert "1 row" in answer.text
    assert 'href="/findings/1"' in answer.text
    assert 'href="/findings/2"' not in answer.text

    fields = {"save_as": "Worst", "query": "severity=critical&states=new%2Csecond_look"}
    kept = viewer.post("/questions/findings/save", fields)
    assert kept.status_code == 200
    assert ">Worst</a>" in kept.text
    assert "states=new%2Csecond_look&amp;severity=critical" in kept.text
    assert ">Worst</a>" not in signed_in(Role.REVIEWER).get("/search").text

    forgotten = viewer.post("/search/forget", {"saved": "Worst"})
    assert ">Worst</a>" not in forgotten.text
    assert viewer.post("/search/forget", {"saved": "Worst"}).status_code == 404


def test_findings_are_paged_by_key(signed_in: SignIn, filled: Ledger) -> None:
    viewer = signed_in(Role.VIEWER)

    first = viewer.get("/questions/findings?limit=1").text
    assert 'href="/questions/findings?limit=1&amp;after=2"' in first
    second = viewer.get("/questions/findings?limit=1&after=2").text

    assert 'href="/findings/1"' in second
    assert "First page" in second


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/questions/findings?since=yesterday", 422, "since: "),
        ("/questions/findings?limit=0", 422, "limit: must be"),
        ("/questions/similar?finding=abc", 422, "finding: "),
        ("/questions/nothing", 404, "no such question"),
        ("/questions/similar", 200, "(needed)"),
        ("/export?ids=1;DROP", 422, "ids: expected numbers"),
        ("/export?since=never", 422, "since: "),
        ("/export/file?form=exe", 422, "form: expected one of"),
        ("/questions/findings/table.exe", 404, "csv or parquet"),
        ("/export/file?form=zip-frames", 422, "are undecided"),
    ],
)
def test_what_cannot_be_asked_is_said_in_words(
    signed_in: SignIn, filled: Ledger, path: str, status: int, words: str
) -> None:
    answer = signed_in(Role.REVIEWER).get(path)

    assert answer.status_code == status
    assert words in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/questions/findings?note='%20OR%201=1--",
        "/questions/findings?kind=%3Cscript%3Ealert(1)%3C/script%3E",
        "/questions/findings?part=%00",
        "/dashboard?part=%3Cscript%3Ealert(1)%3C/script%3E&line='--",
        "/teach?part=%3Cscript%3Ealert(1)%3C/script%3E&after=%27~1",
        "/teach?part=bracket&after=2026-01-01T00:00:00+00:00~99999999999999999999999",
        "/dashboard?days=999&until=2026-01-01",
    ],
)
def test_words_in_an_address_stay_words(signed_in: SignIn, filled: Ledger, path: str) -> None:
    answer = signed_in(Role.ENGINEER).get(path)

    assert answer.status_code in (200, 422)
    assert HOSTILE not in answer.text
    assert "Traceback" not in answer.text


def test_a_kind_that_is_markup_is_shown_as_text(signed_in: SignIn, filled: Ledger) -> None:
    viewer = signed_in(Role.VIEWER)

    for path in ("/dashboard", "/questions/findings?limit=5", "/questions/pareto?of=kind"):
        text = viewer.get(path).text
        assert HOSTILE not in text
        assert "&lt;script&gt;" in text


def test_a_selection_comes_as_every_format(
    signed_in: SignIn, filled: Ledger, engine: Engine
) -> None:
    say(engine, 1, ReviewState.CONFIRMED)
    say(engine, 2, ReviewState.FALSE_ALARM)
    reviewer = signed_in(Role.REVIEWER)

    table = reviewer.get("/export/file?form=csv&ids=2")
    coco = reviewer.get("/export/file?form=coco&severity=critical")
    pictures = reviewer.get("/export/file?form=zip-frames")
    parquet = reviewer.get("/export/file?form=parquet")

    assert "attachment" in table.headers["content-disposition"]
    assert table.text.count("\n") == 2
    assert "'=cmd()" in table.text
    assert len(json.loads(coco.text)["annotations"]) == 1
    names = zipfile.ZipFile(io.BytesIO(pictures.content)).namelist()
    assert {"defect/scratch/frame-1.png", "good/frame-2.png"} <= set(names)
    assert parquet.content[:4] == b"PAR1"
    assert "sqlite" not in coco.text


def test_an_engineer_teaches_with_one_action_and_takes_it_back(
    signed_in: SignIn, filled: Ledger, engine: Engine
) -> None:
    say(engine, 1, ReviewState.FALSE_ALARM)
    engineer = signed_in(Role.ENGINEER)
    assert "Give to the good set: frame 1" in engineer.get("/teach?part=bracket").text

    given = engineer.post("/teach/give", {"frame": "1", "part": "bracket"})

    assert "Good set of bracket: 1 frame" in given.text
    with session(engine, read_only=True) as opened:
        assert [one.added_by for one in good_set(opened)] == ["emil"]
    taken = engineer.post("/teach/take-back", {"frame": "1", "part": "bracket"})
    assert "Good set of bracket: 0 frames" in taken.text


def test_the_good_sets_own_picture_outlives_pruning_and_is_missed_when_it_is_gone(
    signed_in: SignIn, filled: Ledger, engine: Engine
) -> None:
    say(engine, 1, ReviewState.FALSE_ALARM)
    engineer = signed_in(Role.ENGINEER)
    engineer.post("/teach/give", {"frame": "1", "part": "bracket"})
    rules = Retention(
        verdict_days={},
        kind_days=dict.fromkeys(PictureKind, 0),
        even_if=frozenset({Shield.GOOD_SET}),
    )
    later = NOON + timedelta(days=9999)
    prune(engine, filled.store, rules, now=later, watch=lambda _what, _more: None)

    page = engineer.get("/teach?part=bracket").text
    (address,) = re.findall(r'<img class="thumb" src="([^"]+)"', page)
    picture = engineer.get(address.replace("&amp;", "&"))
    filled.store.remove(address.removeprefix("/evidence/").partition("?")[0])
    without = engineer.get("/teach?part=bracket").text

    assert "no picture kept" not in page
    assert picture.headers["content-type"] == "image/png"
    assert '<span class="thumb no-picture">picture was removed</span>' in without
    assert '<img class="thumb"' not in without
    engineer.post("/teach/take-back", {"frame": "1", "part": "bracket"})
    assert engineer.get(address.replace("&amp;", "&")).status_code == 404


def test_a_frame_that_is_not_known_to_be_good_is_refused_on_the_page(
    signed_in: SignIn, filled: Ledger
) -> None:
    refused = signed_in(Role.ENGINEER).post("/teach/give", {"frame": "1"})

    assert refused.status_code == 422
    assert "call every finding a false alarm first" in refused.text


def test_only_engineers_teach(signed_in: SignIn, filled: Ledger, engine: Engine) -> None:
    say(engine, 1, ReviewState.FALSE_ALARM)
    for role in (Role.VIEWER, Role.REVIEWER):
        person = signed_in(role)
        assert "Give to the good set" not in person.get("/teach?part=bracket").text
        assert person.post("/teach/give", {"frame": "1"}).status_code == 403
        assert person.post("/teach/take-back", {"frame": "1"}).status_code == 403


def test_teaching_without_the_token_of_the_page_is_refused(
    signed_in: SignIn, filled: Ledger, engine: Engine
) -> None:
    say(engine, 1, ReviewState.FALSE_ALARM)
    engineer = signed_in(Role.ENGINEER)
    engineer.csrf_token = "made up"

    assert engineer.post("/teach/give", {"frame": "1"}).status_code == 403
    with session(engine, read_only=True) as opened:
        assert good_set(opened) == []


def test_models_show_history_and_card_without_paths(
    signed_in: SignIn, filled: Ledger, clock: WallClock
) -> None:
    for model in (OTHER_MODEL_ID, MODEL_ID):
        clock.forward(hours=1)
        filled.register_model(model, "bracket", CARD)

    text = signed_in(Role.VIEWER).get("/models").text

    assert text.count("in use now") == 1
    assert text.count("rolled back to") == 1
    assert "0.97" in text
    assert "/home/emil" not in text
