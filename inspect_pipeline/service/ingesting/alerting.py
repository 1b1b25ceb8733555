"""The process that watches by the rules of the plant and sends what they call out."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from db.alert_outbox import give_up_unknown
from db.engine import session
from db.errors import DatabaseError, WrongRevision
from db.evidence import EvidenceStore
from db.upgrade import open_database
from inspect_pipeline.alerts.channels import build_sender
from inspect_pipeline.alerts.messages import Letterhead
from inspect_pipeline.alerts.rules import Calendar
from inspect_pipeline.alerts.sending import Post
from inspect_pipeline.alerts.watching import watch
from inspect_pipeline.errors import ChannelUnfit
from inspect_pipeline.service.ingesting.link import Link
from plant_config.alerts import AlertRule, SilentRule
from plant_config.camera_schedule import CameraSchedule
from plant_config.plant import Plant
from plant_config.shifts import ALL

WATCH_EVERY = timedelta(seconds=10)
LOOK_EVERY_S = 0.5

_log = logging.getLogger(__name__)


class Alerting:
    """Waits for a database that is away: rules then look at all that happened meanwhile."""

    def __init__(self, plant: Plant, link: Link, *, now: Callable[[], datetime]) -> None:
        self.plant = plant
        self.link = link
        self._now = now

    def run(self) -> None:
        """Until it is told to stop."""
        limits = self.plant.ingestion
        pause_s = limits.restart_after_s
        self._complain_of_channels()
        while not self.link.stopping:
            try:
                engine = open_database(
                    self.plant.storage.database_url.get_secret_value(), create=False
                )
                try:
                    self.link.say("ready")
                    pause_s = limits.restart_after_s
                    self._run(engine)
                finally:
                    engine.dispose()
            except WrongRevision:
                raise
            except DatabaseError as error:
                _log.warning("alerts wait for the database: %s", error)
                if self.link.pause(pause_s):
                    return
                pause_s = min(2 * pause_s, limits.restart_at_most_s)

    def _run(self, engine: Engine) -> None:
        with session(engine) as opened:
            give_up_unknown(opened, [channel.name for channel in self.plant.channels])
        post = post_of(self.plant, engine, now=self._now)
        calendar, rules = calendar_of(self.plant), rules_of(self.plant)
        watched_at: datetime | None = None
        try:
            while not self.link.stopping:
                at = self._now()
                if watched_at is None or at - watched_at >= WATCH_EVERY:
                    watched_at = at
                    for rule in rules:
                        watch(engine, [rule], at=at, calendar=calendar)
                        self.link.beat()
                post.begin()
                self.link.pause(LOOK_EVERY_S)
        finally:
            post.close()

    def _complain_of_channels(self) -> None:
        """A secret that is not set is said at once, not with the first alert at night."""
        for channel in self.plant.channels:
            try:
                build_sender(channel, os.environ).close()
            except ChannelUnfit as error:
                _log.error("%s", error)


def post_of(plant: Plant, engine: Engine, *, now: Callable[[], datetime]) -> Post:
    """All channels of the plant, over its database."""
    return Post(
        engine,
        EvidenceStore(plant.storage.evidence_folder),
        plant.channels,
        letterhead_of(plant),
        environment=os.environ,
        now=now,
        chance=random.random,
    )


def rules_of(plant: Plant) -> list[AlertRule]:
    """A rule about silence that names no cameras is about those that shall give frames all through
    its shifts: none that the plant file no longer has, or that takes pictures now and then."""
    rules: list[AlertRule] = []
    for rule in plant.alerts:
        if not isinstance(rule, SilentRule) or rule.cameras:
            rules.append(rule)
            continue
        steady = tuple(one.id for one in plant.cameras if _is_steady(one.schedule, rule.shifts))
        if steady:  # no names would mean every camera
            rules.append(rule.model_copy(update={"cameras": steady}))
    return rules


def _is_steady(schedule: CameraSchedule, shifts: Sequence[str]) -> bool:
    if schedule.is_timed or schedule.is_always:
        return schedule.is_always
    return bool(shifts) and (ALL in schedule.shifts or set(shifts) <= set(schedule.shifts))


def letterhead_of(plant: Plant) -> Letterhead:
    zone = calendar_of(plant).zone
    return Letterhead(plant=plant.name, zone=zone, address=plant.review.link_address)


def calendar_of(plant: Plant) -> Calendar:
    return Calendar(zone=ZoneInfo(plant.timezone), schedule=plant.schedule)
