"""What may happen in a plant, by chance: frames, models, people who change their minds."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select

from db.catalogue import meet_plant
from db.engine import session
from db.models import Frame, Plant, Review
from db.repository import record_inspection
from db.reviewing import audit_frame, review_findings, undo
from db.words import Judgement, Outcome, ReviewState, Verdict
from tests.integration.db.bare_rows import a_model, finding_row, frame_row, inspection_row, sha

BEGIN = datetime(2026, 3, 27, 20, tzinfo=UTC)  # the clocks of Berlin jump on the 29th
DAYS = 4
PEOPLE = ("Ada", "Bo", "Cy")
PARTS = ("bracket", "gear")
ZONES = ("Europe/Berlin", "Asia/Kathmandu", "America/New_York")
_DECISIONS = (ReviewState.CONFIRMED, ReviewState.FALSE_ALARM, ReviewState.SECOND_LOOK)
_EVENTS = {"inspect": 3, "inspect_again": 2, "review": 6, "undo": 3, "audit": 1}


def models_of(part: str) -> tuple[str, str]:
    return sha(f"{part}'s first"), sha(f"{part}'s second")


class History:
    """Happens event by event; the same seed, the same history."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self._engine = engine
        self._chance = random.Random(seed)
        self._frames: list[int] = []
        self._finding_ids: list[int] = []
        with session(engine) as opened:
            for part in PARTS:
                for model_id in models_of(part):
                    a_model(opened, model_id, part=part)

    def go_on(self, events: int) -> None:
        for _ in range(events):
            (event,) = self._chance.choices(list(_EVENTS), list(_EVENTS.values()))
            getattr(self, f"_{event}")()

    def turn_the_clock(self) -> None:
        """The plant's, which its days are cut by."""
        zone = self._chance.choice(ZONES)
        with session(self._engine) as opened:
            meet_plant(opened, Plant(plant="Works", timezone=zone, seen_at=BEGIN), [], [])

    def _inspect(self) -> None:
        number = len(self._frames)
        self._frames.append(number)
        self._record(number)

    def _inspect_again(self) -> None:
        if self._frames:
            self._record(self._chance.choice(self._frames))

    def _record(self, number: int) -> None:
        """Frames are the same by number; models and settings differ by chance."""
        of_frame = random.Random(number)
        part, camera = of_frame.choice(PARTS), of_frame.choice((1, 2, 3))
        frame = frame_row(
            number,
            part=part,
            line_id=f"line-{(camera + 1) // 2}",
            camera_id=f"cam-{camera}",
            taken_at=BEGIN + timedelta(seconds=of_frame.randrange(86_400 * DAYS), microseconds=1),
        )
        verdicts = self._chance.choices(list(Verdict), k=self._chance.randrange(4))
        findings = [finding_row(at, verdict=verdict) for at, verdict in enumerate(verdicts, 1)]
        passes = all(verdict is Verdict.REJECTED for verdict in verdicts)
        outcome = Outcome.PASSED if passes else Outcome.FAILED
        if not findings and self._chance.random() < 0.3:
            outcome = Outcome.UNFIT
        model_id = self._chance.choice(models_of(part))
        inspection = inspection_row(findings, model_id=model_id, outcome=outcome)
        inspection.config_id = sha(f"settings {self._chance.randrange(2)}")
        with session(self._engine) as opened:
            if record_inspection(opened, frame, inspection).written:
                self._finding_ids += [finding.id for finding in inspection.findings]

    def _review(self) -> None:
        """Mostly of late: findings are reviewed by several people, and frames as a whole."""
        newest = self._finding_ids[-12:]
        chosen = self._chance.sample(newest, k=min(len(newest), self._chance.randrange(1, 5)))
        with session(self._engine) as opened:
            review_findings(
                opened,
                {finding_id: self._chance.choice((None, 1, 2)) for finding_id in chosen},
                state_after=self._chance.choice(_DECISIONS),
                reviewer=self._chance.choice(PEOPLE),
                reviewed_at=self._moment(),
            )

    def _undo(self) -> None:
        """Anything of late, also an undo."""
        with session(self._engine) as opened:
            newest = select(Review.batch_id, Review.reviewer).order_by(Review.id.desc()).limit(5)
            found = opened.execute(newest).all()
            batch_id, reviewer = self._chance.choice(found) if found else (None, "")
            if batch_id is not None:
                undo(opened, batch_id, reviewer=reviewer, reviewed_at=self._moment())

    def _audit(self) -> None:
        with session(self._engine) as opened:
            frame_ids = list(opened.scalars(select(Frame.id).order_by(Frame.id)))
            if frame_ids:
                audit_frame(
                    opened,
                    self._chance.choice(frame_ids),
                    judgement=self._chance.choice(list(Judgement)),
                    auditor="Eve",
                    audited_at=self._moment(),
                )

    def _moment(self) -> datetime:
        """People's clocks are not even in the order in which they speak."""
        return BEGIN + timedelta(seconds=self._chance.randrange(86_400 * DAYS), microseconds=7)
