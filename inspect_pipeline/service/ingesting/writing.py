"""The process that alone writes the database: results and notices in, rows out."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from db.engine import keep_through_power_cuts, session
from db.errors import DatabaseError, RecordRefused, WrongRevision
from db.events import note_event
from db.leases import Lease, sole_writer
from db.models import Event
from db.upgrade import open_database
from db.words import EventKind, Severity
from inspect_pipeline.errors import EntryDamaged, UsageError
from inspect_pipeline.ingestion.notices import Notice, Notices
from inspect_pipeline.ingestion.spool import CameraSpool, Place, intact
from inspect_pipeline.service.build import meet_plant
from inspect_pipeline.service.calling_out import call_out
from inspect_pipeline.service.ingesting.handed_over import Handed, from_file
from inspect_pipeline.service.ingesting.link import Link
from inspect_pipeline.service.ingesting.setting_apart import set_apart
from inspect_pipeline.service.ingesting.watching import watch_frame
from inspect_pipeline.service.ledger import Ledger
from inspect_pipeline.stages.judge import grading
from plant_config.plant import Plant

IDLE_S, LONGEST_IDLE_S = 0.01, 0.1
NOTICES_AT_ONCE = 500
LEASE_WITHIN_S = 15.0  # a server may need a moment to see that a killed writer is gone
PROVE_EVERY = 50  # looks at the folders between two proofs of the lease

_log = logging.getLogger(__name__)


class Writer:
    """Waits for a database that is away, and loses nothing meanwhile: it is all on the disk."""

    def __init__(
        self,
        plant: Plant,
        spools: Sequence[CameraSpool],
        notices: Notices,
        link: Link,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self.plant = plant
        self.spools = spools
        self.notices = notices
        self.link = link
        self._now = now
        self._grades = {part.name: grading(part) for part in plant.parts}
        self._is_away = False
        self._registered: set[str] = set()
        self._failed: Counter[str] = Counter()

    def run(self) -> None:
        """Until it is told to stop and everything is written, or the database is away.

        Raises WrongRevision, and UsageError where another instance writes for the plant.
        """
        limits = self.plant.ingestion
        pause_s = limits.restart_after_s
        while True:
            try:
                with self._database() as (ledger, lease):
                    self.link.say("ready")
                    self._is_back()
                    pause_s = limits.restart_after_s
                    self._write_until_stopped(ledger, lease)
                    return
            except WrongRevision:
                raise
            except DatabaseError as error:
                self._has_gone(error)
                if self.link.stopping or self.link.pause(pause_s):
                    return
                pause_s = min(2 * pause_s, limits.restart_at_most_s)

    @contextmanager
    def _database(self) -> Iterator[tuple[Ledger, Lease]]:
        storage = self.plant.storage
        engine = open_database(storage.database_url.get_secret_value())
        try:
            keep_through_power_cuts(engine)
            with self._lease_on(engine) as lease:
                outbox = call_out(self.plant, now=self._now)
                ledger = Ledger(engine, storage.evidence_folder, now=self._now, outbox=outbox)
                meet_plant(ledger, self.plant)
                self._registered.clear()
                self._engine = engine
                yield ledger, lease
        finally:
            engine.dispose()

    @contextmanager
    def _lease_on(self, engine: Engine) -> Iterator[Lease]:
        waited_s = 0.0
        while True:
            with sole_writer(engine, self.plant.name) as lease:
                if lease is not None:
                    yield lease
                    return
            if waited_s >= LEASE_WITHIN_S:
                raise UsageError(
                    f"another instance, perhaps on another computer, writes for the plant "
                    f"{self.plant.name!r} into the same database: stop that one first"
                )
            self.link.pause(0.25)
            waited_s += 0.25

    def _write_until_stopped(self, ledger: Ledger, lease: Lease) -> None:
        idle_s, looks = IDLE_S, 0
        while True:
            self.link.beat()
            looks += 1
            if looks % PROVE_EVERY == 0:
                lease.prove()
            if self._write_notices() + self._write_results(ledger):
                idle_s = IDLE_S
            elif self.link.stopping:
                return
            else:
                self.link.pause(idle_s)
                idle_s = min(2 * idle_s, LONGEST_IDLE_S)

    def _write_notices(self) -> int:
        """Many in one transaction: a spool that sheds frames tells of each."""
        self.notices.say()
        paths = self.notices.waiting()[:NOTICES_AT_ONCE]
        found = [(path, notice) for path in paths if (notice := self._readable(path))]
        if found:
            with session(self._engine) as opened:
                for _, notice in found:
                    note_event(opened, _event(notice))
            for path, _ in found:
                self.notices.done(path)
        return len(paths)

    def _readable(self, path: Path) -> Notice | None:
        try:
            return self.notices.read(path)
        except EntryDamaged as error:
            _log.error("%s", error)
            path.replace(path.with_suffix(".damaged"))
            return None

    def _write_results(self, ledger: Ledger) -> int:
        written = 0
        for spool in self.spools:
            for place in spool.results():
                self.link.beat()
                self._write_result(ledger, spool, place)
                written += 1
        return written

    def _write_result(self, ledger: Ledger, spool: CameraSpool, place: Place) -> None:
        try:
            handed = from_file(place.result.read_bytes(), name=place.result.name)
        except EntryDamaged as error:
            _log.error("%s", error)
            spool.give_back(place)
            spool.disk.remove(place.result)
            return
        try:
            self._record(ledger, handed)
        except RecordRefused as error:
            self._set_apart(spool, place, str(error))
            return
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001 - one bad result must not stop the others
            self._failed[place.stem] += 1
            _log.exception("camera=%s result=%s", spool.camera_id, place.result.name)
            if self._failed[place.stem] >= self.plant.ingestion.tries:
                self._set_apart(spool, place, f"{type(error).__name__}: {error}")
            return
        spool.done(place)

    def _record(self, ledger: Ledger, handed: Handed) -> None:
        model_id = handed.inspection.model_id
        if model_id not in self._registered:
            ledger.register_model(model_id, handed.model_part, handed.model_card)
            self._registered.add(model_id)
        frame, inspection = handed.frame, handed.inspection
        camera_id, outcome = frame.camera_id, inspection.outcome
        findings, source = len(inspection.findings), frame.source
        recorded = ledger.record_rows(
            frame,
            inspection,
            self._grades.get(frame.part),
            beside=lambda opened: watch_frame(
                opened, frame, inspection, handed.figures, self.plant.monitoring
            ),
        )
        waited_s = (self._now() - handed.received_at).total_seconds()
        self.link.say(
            "recorded",
            camera=camera_id,
            outcome=outcome,
            findings=findings,
            written=recorded.written,
            waited_s=round(waited_s, 4),
        )
        _log.info(
            "camera=%s frame=%s outcome=%s findings=%d %.2fs after the camera",
            camera_id,
            source,
            outcome,
            findings,
            waited_s,
        )

    def _set_apart(self, spool: CameraSpool, place: Place, reason: str) -> None:
        entry = intact(spool, place)
        set_apart(spool, place, self.notices, entry=entry, reason=reason, at=self._now())

    def _has_gone(self, error: DatabaseError) -> None:
        if not self._is_away:
            self._is_away = True
            self._note(EventKind.DATABASE_AWAY, Severity.CRITICAL, f"frames wait: {error}")
            self.link.say("away", text=str(error))

    def _is_back(self) -> None:
        if self._is_away:
            self._is_away = False
            self._note(EventKind.DATABASE_BACK, Severity.MINOR, "the database answers again")

    def _note(self, kind: EventKind, severity: Severity, text: str) -> None:
        self.notices.say(Notice(kind=kind, severity=severity, at=self._now(), text=text))


def _event(notice: Notice) -> Event:
    return Event(
        key=notice.key[:200],
        at=notice.at,
        kind=notice.kind,
        severity=notice.severity,
        line_id=notice.line_id,
        camera_id=notice.camera_id,
        part=notice.part,
        text=_storable(notice.text),
        facts={name: _storable(fact) for name, fact in notice.facts.items()},
    )


def _storable(fact: Any) -> Any:
    """What every database takes: a message may quote a file name that is not UTF-8, or a zero."""
    if isinstance(fact, str):
        return fact.encode("utf-8", "replace").decode().replace("\0", "?")
    return fact
