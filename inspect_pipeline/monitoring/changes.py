"""What the rules say, and the base of what they remember between two frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from db.models import Event
from db.words import EventKind, Outcome, Severity, UnfitReason
from inspect_pipeline.records import InputFigures


class Remembered(BaseModel):
    """Frozen, and plain JSON on its way to the database and back."""

    model_config = ConfigDict(frozen=True, extra="ignore")


@dataclass(frozen=True, kw_only=True)
class Observed:
    """A frame as the rules see it; `figures` is None where it could not be measured.

    `raw_score` is of the model, and None where the frame was not inspected.
    """

    at: datetime
    outcome: Outcome
    model_id: str
    unfit_reason: UnfitReason | None = None
    figures: InputFigures | None = None
    raw_score: float | None = None


class Turn(StrEnum):
    """`facts["state"]` of an event: it began, it is over, or somebody said that it is fine so."""

    BEGAN = "began"
    ENDED = "ended"
    ACCEPTED = "accepted"


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something began or ended: `began_at` is the same in both, so they can be told together."""

    kind: EventKind
    turn: Turn
    figure: str
    at: datetime
    began_at: datetime
    text: str
    facts: Mapping[str, object] = field(default_factory=dict)

    def as_event(self, *, line_id: str, camera_id: str, part: str) -> Event:
        """Unsaved. The same change twice has the same key."""
        began = self.began_at.isoformat()
        return Event(
            key=f"{self.kind} {camera_id} {part} {self.figure} {began} {self.turn}"[:200],
            at=self.at,
            kind=self.kind,
            severity=Severity.MAJOR if self.turn is Turn.BEGAN else Severity.MINOR,
            line_id=line_id,
            camera_id=camera_id,
            part=part,
            text=f"camera {camera_id}: {self.text}",
            facts={
                **self.facts,
                "state": self.turn.value,
                "figure": self.figure,
                "began_at": began,
            },
        )
