"""The alerts page and its API: who may do what, what others did meanwhile, what is shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, update

from db.engine import session
from db.models import Delivery
from db.words import DeliveryState, Role
from tests.integration.alerts.alerting_plant import call, rule, take
from tests.review.browsers import MORNING, Browser, make_token

SignIn = Callable[[Role], Browser]
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def called(engine: Engine) -> Engine:
    """Alert 1 and 2 of two cameras."""
    take(engine, rule(), call(1, text=f"burst {HOSTILE}"), call(2, camera="cam-2"))
    return engine


def test_everybody_sees_alerts_reviewers_acknowledge_and_engineers_resolve(
    called: Engine, signed_in: SignIn
) -> None:
    page = signed_in(Role.VIEWER).get("/alerts").text
    assert "burst &lt;script&gt;" in page
    assert HOSTILE not in page
    assert "I take care" not in page
    assert "2 are open" in page

    rita = signed_in(Role.REVIEWER)
    assert "Resolve" not in rita.get("/alerts").text
    assert rita.post("/alerts/1/resolve").status_code == 403
    done = rita.post("/alerts/1/acknowledge", {"note": "I look"})
    assert "You take care of alert 1" in done.text
    assert "rita takes care" in done.text
    emil = signed_in(Role.ENGINEER)
    emil.get("/alerts")
    assert "Alert 1 is resolved" in emil.post("/alerts/1/resolve").text
    life = emil.get("/alerts/1").text
    assert "I look" in life
    assert "<b>emil</b> says it is over" in life


def test_who_comes_second_is_told_who_was_first(called: Engine, signed_in: SignIn) -> None:
    rita, emil = signed_in(Role.REVIEWER), signed_in(Role.ENGINEER)
    rita.get("/alerts")
    emil.get("/alerts")
    emil.post("/alerts/2/acknowledge")

    refused = rita.post("/alerts/2/acknowledge")

    assert refused.status_code == 409
    assert "alert 2 is acknowledged by emil meanwhile" in refused.text
    assert rita.post("/alerts/99/acknowledge").status_code == 404
    assert rita.post("/alerts/letters/1/resend").status_code == 403


def test_dead_letters_are_shown_and_sent_again(called: Engine, signed_in: SignIn) -> None:
    with session(called) as opened:
        dead = {"state": DeliveryState.DEAD, "next_try_at": None, "last_error": "answered 500"}
        opened.execute(update(Delivery).where(Delivery.id == 1).values(**dead))
    emil = signed_in(Role.ENGINEER)

    assert "answered 500" in emil.get("/alerts").text
    assert "Message 1 is tried again" in emil.post("/alerts/letters/1/resend").text
    assert "Messages that nobody got" not in emil.get("/alerts").text


def test_the_dashboard_says_what_is_open_and_leads_there(called: Engine, signed_in: SignIn) -> None:
    page = signed_in(Role.VIEWER).get("/dashboard").text

    assert 'href="/alerts/2"' in page
    assert "burst 2 at cam-2" in page


def test_programs_list_read_acknowledge_and_resolve(called: Engine, app: FastAPI) -> None:
    browser = Browser(app)
    bearer = {
        role: {"Authorization": f"Bearer {make_token(called, role)}"}
        for role in (Role.REVIEWER, Role.ENGINEER)
    }
    reviewer, engineer = bearer[Role.REVIEWER], bearer[Role.ENGINEER]

    first = browser.client.get("/api/v1/alerts?limit=1", headers=reviewer).json()
    assert [one["id"] for one in first["alerts"]] == [2]
    before = first["next_before"]
    rest = browser.client.get(f"/api/v1/alerts?before={before}", headers=reviewer).json()
    assert [one["id"] for one in rest["alerts"]] == [1]
    took = browser.client.post(
        "/api/v1/alerts/1/acknowledge", json={"note": "mine"}, headers=reviewer
    )
    assert (took.status_code, took.json()["acknowledged_by"]) == (200, "rita")
    assert [step["step"] for step in took.json()["steps"]] == ["opened", "acknowledged"]
    again = browser.client.post("/api/v1/alerts/1/acknowledge", json={}, headers=engineer)
    assert again.status_code == 409
    refused = browser.client.post("/api/v1/alerts/1/resolve", json={}, headers=reviewer)
    assert refused.status_code == 403
    over = browser.client.post("/api/v1/alerts/1/resolve", json={}, headers=engineer)
    assert over.json()["state"] == "resolved"


def test_a_long_history_comes_in_pages(engine: Engine, signed_in: SignIn, tmp_path: Path) -> None:
    for number in range(120):
        at = MORNING + timedelta(minutes=number)
        camera = f"cam-{number}"
        take(engine, rule(), call(1, minutes=number, camera=camera), at=at)
        take(engine, rule(), call(2, minutes=number + 0.5, camera=camera, is_end=True), at=at)

    first = signed_in(Role.VIEWER).get("/alerts").text

    assert 'href="/alerts?before=21"' in first
    assert "Older" not in signed_in(Role.VIEWER).get("/alerts?before=21").text
