"""The process that watches by the rules of the plant and sends what they call out."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Callable
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
from plant_config.plant import Plant

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
        calendar = calendar_of(self.plant)
        watched_at: datetime | None = None
        try:
            while not self.link.stopping:
                at = self._now()
                if watched_at is None or at - watched_at >= WATCH_EVERY:
                    watched_at = at
                    for rule in self.plant.alerts:
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


def letterhead_of(plant: Plant) -> Letterhead:
    zone = calendar_of(plant).zone
    return Letterhead(plant=plant.name, zone=zone, address=plant.review.link_address)


def calendar_of(plant: Plant) -> Calendar:
    return Calendar(zone=ZoneInfo(plant.timezone), schedule=plant.schedule)
