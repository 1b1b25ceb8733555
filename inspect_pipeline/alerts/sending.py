"""Takes what is due from the outbox, sends it, and records what became of it.

At least once: a message is in hand for the length of a lease, and whoever dies between sending
and recording has it sent again with the same key.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy import Engine

from db.alert_outbox import Parcel, forget_acknowledgements, has_failed, take_due, was_sent
from db.alert_pages import standing_alerts
from db.engine import session
from db.evidence import EvidenceStore
from inspect_pipeline.alerts.channels import Sender, build_sender
from inspect_pipeline.alerts.messages import Letterhead, Message, compose
from inspect_pipeline.alerts.pictures import pictures_of
from inspect_pipeline.errors import ChannelUnfit, SendFailed
from plant_config.channels import Channel, ChannelSection

_log = logging.getLogger(__name__)


class Post:
    """All channels of a plant, each with a thread of its own: one that hangs holds up no other.

    `chance` gives numbers in [0, 1): pauses differ, so that not everybody tries at once.
    """

    def __init__(
        self,
        engine: Engine,
        store: EvidenceStore,
        channels: Sequence[Channel],
        head: Letterhead,
        *,
        environment: Mapping[str, str],
        now: Callable[[], datetime],
        chance: Callable[[], float],
    ) -> None:
        self._engine, self._store, self._head = engine, store, head
        self._channels = {channel.name: channel for channel in channels}
        self._environment, self._now, self._chance = environment, now, chance
        self._senders: dict[str, Sender] = {}
        self._busy: dict[str, Future[int]] = {}
        self._is_closing = False
        self._pool = ThreadPoolExecutor(max_workers=max(1, len(channels)))

    def begin(self) -> None:
        """Starts on every channel that is not at it; raises what went wrong in one before."""
        for name, channel in self._channels.items():
            busy = self._busy.get(name)
            if busy is not None and not busy.done():
                continue
            if busy is not None:
                busy.result()
            self._busy[name] = self._pool.submit(self._deliver, channel)

    def deliver(self) -> int:
        """All channels once, to the end. How many messages left?"""
        self.begin()
        return sum(busy.result() for busy in self._busy.values())

    def close(self) -> None:
        """What is on its way is let go to its end: a try takes no longer than its channel says."""
        self._is_closing = True
        self._pool.shutdown(wait=True)
        for sender in self._senders.values():
            sender.close()

    def _deliver(self, channel: Channel) -> int:
        """One after the other, so that the lease need not be longer than one try."""
        lease = timedelta(seconds=3 * channel.timeout_s + 5)
        sent = 0
        while not self._is_closing:
            with session(self._engine) as opened:
                if not channel.acknowledgements:
                    forget_acknowledgements(opened, channel.name)
                parcel = take_due(
                    opened, channel.name, at=self._now(), lease=lease, together=channel.together
                )
            if parcel is None:
                break
            sent += self._try(channel, parcel)
        return sent

    def _try(self, channel: Channel, parcel: Parcel) -> bool:
        if parcel.attempts > channel.tries:  # no try came to its end: it may be the message itself
            error = f"{channel.tries} tries ended the program that made them: see its log"
            with session(self._engine) as opened:
                has_failed(opened, parcel.delivery_ids, error=error, again_at=None)
            return False
        try:
            self._sender(channel).send(self._message(parcel))
        except (SendFailed, ChannelUnfit) as error:
            again_at = self._again_at(channel, parcel.attempts)
            with session(self._engine) as opened:
                has_failed(opened, parcel.delivery_ids, error=str(error), again_at=again_at)
            tells = "gave it up" if again_at is None else f"again at {again_at:%H:%M:%S}"
            _log.warning("message=%r try=%d: %s, %s", parcel.key, parcel.attempts, error, tells)
            return False
        with session(self._engine) as opened:
            was_sent(opened, parcel.delivery_ids, at=self._now())
        _log.info("message=%r channel=%s try=%d sent", parcel.key, channel.name, parcel.attempts)
        return True

    def _sender(self, channel: Channel) -> Sender:
        if channel.name not in self._senders:
            self._senders[channel.name] = build_sender(channel, self._environment)
        return self._senders[channel.name]

    def _message(self, parcel: Parcel) -> Message:
        with session(self._engine, read_only=True) as opened:
            pictures = pictures_of(opened, self._store, parcel.told[0].alert.finding_id)
            standing = standing_alerts(opened, [one.alert for one in parcel.told])
        return compose(parcel, self._head, pictures, standing)

    def _again_at(self, channel: ChannelSection, attempts: int) -> datetime | None:
        if attempts >= channel.tries:
            return None
        doubled = channel.retry_after_s * 2 ** min(attempts - 1, 30)
        pause_s = min(doubled, channel.retry_at_most_s) * (0.5 + self._chance() / 2)
        return self._now() + timedelta(seconds=pause_s)
