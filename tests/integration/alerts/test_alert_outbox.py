"""From calls to messages that arrive: never lost, the same key, one that counts and no storm."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from db.alert_outbox import give_up_unknown, take_due, was_sent
from db.alert_pages import alert_life, dead_letters, newest_alerts
from db.alerting import acknowledge, resend, resolve
from db.engine import session
from db.errors import ReviewConflict
from db.models import Alert, AlertCall
from db.words import AlertState, AlertStep, DeliveryAbout, DeliveryState
from inspect_pipeline.alerts.outbox import escalate_due
from tests.fakes import WallClock
from tests.integration.alerts.alerting_plant import (
    MORNING,
    SECRETS,
    call,
    channel,
    hook,
    post,
    receiver,
    rule,
    states,
    take,
)
from tests.integration.alerts.own_servers import Ears, broker, listening

SENT, WAITING, DEAD = DeliveryState.SENT, DeliveryState.WAITING, DeliveryState.DEAD


def test_the_same_call_counts_once_and_a_storm_is_one_alert(engine: Engine) -> None:
    assert take(engine, rule(), call(1), call(2)) == 1
    assert take(engine, rule(), call(2), *(call(n, minutes=n / 100) for n in range(3, 500))) == 0

    with session(engine, read_only=True) as opened:
        (alert,) = newest_alerts(opened)
        assert (alert.events, alert.text) == (499, "burst 499 at cam-1")
        assert opened.scalar(select(func.count()).select_from(AlertCall)) == 499
        assert [one.about for one in alert_life(opened, 1).deliveries] == [DeliveryAbout.OPENED]


def test_an_alert_is_acknowledged_by_one_resolved_and_its_life_is_kept(engine: Engine) -> None:
    take(engine, rule(), call(1))
    with session(engine) as opened:
        acknowledge(opened, 1, person="bo", at=MORNING, note="I look")
    with pytest.raises(ReviewConflict, match="acknowledged by bo"), session(engine) as opened:
        acknowledge(opened, 1, person="ada", at=MORNING)
    with session(engine) as opened:
        resolve(opened, 1, person="ada", at=MORNING)

    with session(engine, read_only=True) as opened:
        life = alert_life(opened, 1)
    assert life.alert.state is AlertState.RESOLVED
    assert [(one.step, one.person) for one in life.steps] == [
        (AlertStep.OPENED, None),
        (AlertStep.ACKNOWLEDGED, "bo"),
        (AlertStep.RESOLVED, "ada"),
    ]
    assert life.deliveries == ()  # nobody had been told of it yet
    take(engine, rule(), call(2, minutes=5))
    with session(engine, read_only=True) as opened:
        assert len(newest_alerts(opened)) == 2


def test_what_nobody_acknowledges_goes_to_others_once(engine: Engine) -> None:
    wanted = rule(escalate_after_minutes=10, escalate_to=["boss"])
    take(engine, wanted, call(1))
    take(engine, wanted, call(2, camera="cam-2"))
    with session(engine) as opened:
        acknowledge(opened, 2, person="bo", at=MORNING)

    for minutes in (9, 10, 11):
        with session(engine) as opened:
            escalate_due(opened, [wanted], at=MORNING + timedelta(minutes=minutes))

    with session(engine, read_only=True) as opened:
        told = [(one.channel, one.about) for one in alert_life(opened, 1).deliveries]
        assert told == [("hook", "opened"), ("boss", "escalated")]
        assert len(alert_life(opened, 2).deliveries) == 1


def test_whoever_dies_between_sending_and_recording_has_it_sent_again_with_the_same_key(
    engine: Engine,
) -> None:
    take(engine, rule(), *(call(1, camera=f"cam-{number}") for number in range(9)))
    lease, keys = timedelta(seconds=30), []

    for minutes in (0, 1):  # the first one never says what became of it
        at = MORNING + timedelta(minutes=minutes)
        take(engine, rule(), call(7, camera=f"new-{minutes}"), at=at)
        with session(engine) as opened:
            parcel = take_due(opened, "hook", at=at, lease=lease, together=5)
            assert parcel is not None
            keys.append((parcel.key, len(parcel.told)))
            assert minutes or take_due(opened, "hook", at=at, lease=lease, together=5) is None

    assert keys[0] == keys[1] == ("10 together, alert 1 opened 1 hook", 10)
    assert parcel is not None
    with session(engine) as opened:
        was_sent(opened, parcel.delivery_ids, at=at)
    assert states(engine) == [*10 * [SENT], WAITING]


def test_a_receiver_that_fails_hangs_and_comes_back_gets_everything(
    sqlite_engine: Engine, tmp_path: Path, clock: WallClock
) -> None:
    take(sqlite_engine, rule(), call(1))
    with (
        receiver() as there,
        post(sqlite_engine, tmp_path, clock, hook(there.url)) as sender,
    ):
        there.answers = [500, 0, 302, 204]
        for _ in range(4):
            sender.deliver()
            clock.forward(seconds=60)

        assert states(sqlite_engine) == [SENT]
        assert len(there.got) == 4
        assert len(set(there.keys)) == 1
        headers, body = there.got[-1]
        signed_at, _, signed = headers["X-Inspect-Signature"].partition(",v1=")
        expected = f"{signed_at.removeprefix('t=')}.".encode() + body
        digest = hmac.new(SECRETS["HOOK_SECRET"].encode(), expected, hashlib.sha256)
        assert signed == digest.hexdigest()
        alert = there.bodies[-1]["alerts"][0]
        assert (alert["text"], alert["link"]) == (
            "burst 1 at cam-1",
            "https://inspect.example/alerts/1",
        )


def test_a_channel_that_hangs_holds_up_no_other_and_pauses_grow(
    sqlite_engine: Engine, tmp_path: Path, clock: WallClock
) -> None:
    both = rule(channels=["hook", "other"])
    take(sqlite_engine, both, call(1))
    with receiver() as hanging, receiver() as fine:
        hanging.answers = [0]
        channels = (hook(hanging.url, timeout_s=0.5), hook(fine.url, name="other"))
        with post(sqlite_engine, tmp_path, clock, *channels) as sender:
            assert sender.deliver() == 1
            assert len(fine.got) == 1

            tried = []
            for second in range(60):
                before = len(hanging.got)
                if second in (3, 4, 11, 12, 27, 28):
                    sender.deliver()
                    tried.append((second, len(hanging.got) > before))
                clock.forward(seconds=1)

    # half of 8, 16, 32 s, for chance says 0
    assert tried == [(3, False), (4, True), (11, False), (12, True), (27, False), (28, True)]


def test_a_channel_that_is_gone_leaves_dead_letters_and_no_silence(engine: Engine) -> None:
    take(engine, rule(channels=["hook", "old"]), call(1))

    with session(engine) as opened:
        assert give_up_unknown(opened, ["hook"]) == 1

    with session(engine, read_only=True) as opened:
        (letter,) = dead_letters(opened)
    assert (letter.channel, letter.last_error) == (
        "old",
        "the plant file has no such channel any more",
    )


def test_many_at_once_are_one_message_that_counts(
    sqlite_engine: Engine, tmp_path: Path, clock: WallClock
) -> None:
    take(sqlite_engine, rule(), *(call(1, camera=f"cam-{number}") for number in range(30)))
    with receiver() as there, post(sqlite_engine, tmp_path, clock, hook(there.url)) as sender:
        sender.deliver()

        assert [body["count"] for body in there.bodies] == [30]
        assert states(sqlite_engine) == 30 * [SENT]


def test_a_message_that_never_arrives_is_a_dead_letter_that_can_be_resent(
    sqlite_engine: Engine, tmp_path: Path, clock: WallClock, caplog: pytest.LogCaptureFixture
) -> None:
    take(sqlite_engine, rule(), call(1))
    with receiver() as there:
        there.answers = [500, 500, 204]
        with post(sqlite_engine, tmp_path, clock, hook(there.url, tries=2)) as sender:
            for _ in range(3):
                sender.deliver()
                clock.forward(hours=1)
            with session(sqlite_engine, read_only=True) as opened:
                (letter,) = dead_letters(opened)
            assert (letter.attempts, letter.last_error) == (
                2,
                "channel hook: the receiver answered 500",
            )
            with session(sqlite_engine) as opened:
                resend(opened, letter.delivery_id, person="ada", at=clock())
            sender.deliver()
        assert states(sqlite_engine) == [SENT]
        assert len(set(there.keys)) == 1
    assert not any(secret in caplog.text for secret in SECRETS.values())


def test_people_who_were_told_are_told_of_the_end_and_others_are_not(
    sqlite_engine: Engine, tmp_path: Path, clock: WallClock
) -> None:
    quiet = rule(quiet_hours=["07:00-10:00"], name="quiet")
    end = call(2, minutes=5, is_end=True)
    take(sqlite_engine, rule(), call(1))
    take(sqlite_engine, quiet, call(1))
    with receiver() as there, post(sqlite_engine, tmp_path, clock, hook(there.url)) as sender:
        sender.deliver()
        take(sqlite_engine, rule(), end, at=MORNING + timedelta(minutes=5))
        take(sqlite_engine, quiet, end, at=MORNING + timedelta(minutes=5))
        clock.forward(hours=5)
        sender.deliver()

        told = [(one["rule"], one["about"]) for body in there.bodies for one in body["alerts"]]
    assert told == [("the-burst", "opened"), ("the-burst", "ended")]
    with session(sqlite_engine, read_only=True) as opened:
        assert opened.scalars(select(Alert.state).distinct()).all() == [AlertState.RESOLVED]


def test_programs_hear_that_somebody_takes_care_and_people_do_not(
    sqlite_engine: Engine, tmp_path: Path, clock: WallClock
) -> None:
    take(sqlite_engine, rule(channels=["hook", "people"]), call(1))
    with receiver() as there, receiver() as people:
        lead = hook(people.url, name="people", acknowledgements=False)
        with post(sqlite_engine, tmp_path, clock, hook(there.url), lead) as sender:
            sender.deliver()
            with session(sqlite_engine) as opened:
                acknowledge(opened, 1, person="bo", at=clock())
            sender.deliver()

            (alert,) = there.bodies[-1]["alerts"]
            assert (alert["about"], alert["state"], alert["acknowledged_by"]) == (
                "acknowledged",
                "acknowledged",
                "bo",
            )
            assert (len(there.got), len(people.got)) == (2, 1)
            assert states(sqlite_engine) == 3 * [SENT]


def test_what_a_broker_keeps_is_how_it_stands_whatever_came_last(
    sqlite_engine: Engine, tmp_path: Path, clock: WallClock
) -> None:
    place = "mill/alerts/L1/cam-1/the-burst"

    def stands(ears: Ears, alert: int, state: str) -> None:
        def is_so(payload: bytes) -> bool:
            (one,) = json.loads(payload)["alerts"]
            return (one["id"], one["state"]) == (alert, state)

        ears.wait(place, is_so)

    with broker() as own, listening(own, "mill/alerts/#") as ears:
        mqtt = channel("mqtt", host="127.0.0.1", port=own.port, tls=False, topic="mill")
        with post(sqlite_engine, tmp_path, clock, mqtt) as sender:
            for number in range(8):  # so many that they go as one message
                take(sqlite_engine, rule(), call(number, thing=f"roll {number}"))
            sender.deliver()
            stands(ears, 8, "open")
            steps: list[tuple[Callable[..., None], int, tuple[int, str]]] = [
                (resolve, 8, (7, "open")),
                (acknowledge, 3, (7, "open")),
                *((resolve, number, (3, "acknowledged")) for number in (1, 2, 4, 5, 6, 7)),
                (resolve, 3, (3, "resolved")),
            ]
            for change, alert, seen in steps:
                with session(sqlite_engine) as opened:
                    change(opened, alert, person="ada", at=clock())
                if alert in (3, 7, 8):
                    sender.deliver()
                    stands(ears, *seen)


def test_a_message_whose_tries_all_ended_the_program_is_given_up(
    engine: Engine, tmp_path: Path
) -> None:
    take(engine, rule(), call(1))
    clock = WallClock(MORNING)
    for _ in range(3):  # each takes it in hand and is never heard of again
        with session(engine) as opened:
            taken = take_due(opened, "hook", at=clock(), lease=timedelta(seconds=1), together=5)
            assert taken is not None
        clock.at += timedelta(minutes=1)

    with receiver() as there, post(engine, tmp_path, clock, hook(there.url, tries=3)) as sender:
        assert sender.deliver() == 0

    assert states(engine) == [DEAD]
    assert there.keys == []
    with session(engine, read_only=True) as opened:
        (letter,) = dead_letters(opened)
    assert letter.last_error == "3 tries ended the program that made them: see its log"
