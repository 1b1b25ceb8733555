"""Every question by its name: what command line, API and pages are made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from db.errors import QuestionRefused
from db.questions.escapes import EscapesOf, escapes
from db.questions.events import EventsOf, events
from db.questions.finding_lists import FindingsOf, findings
from db.questions.frame_history import HistoryOf, frame_history
from db.questions.input_health import HealthOf, input_health
from db.questions.likeness import SimilarTo, similar
from db.questions.model_changes import ChangesBetween, model_change_summary, model_changes
from db.questions.parameters import Described, described, parameters_from
from db.questions.pareto import HeatMapOf, ParetoOf, heat_map, pareto
from db.questions.rates import ChartOf, RateOf, control_chart, defect_rate
from db.questions.repeats import RepeatsOf, repeats
from db.questions.reviewers import AgreementOf, FalseAlarmsOf, agreement, false_alarms
from db.questions.selection import plant_zone


@dataclass(frozen=True, kw_only=True)
class Question:
    """`name` is what one types and what stands in a URL; `sentence` is what people read."""

    name: str
    sentence: str
    parameters: type
    answer: Callable[[Session, Any], pd.DataFrame]

    @property
    def described(self) -> tuple[Described, ...]:
        return described(self.parameters)


QUESTIONS = (
    Question(
        name="findings",
        sentence="Which findings are there?",
        parameters=FindingsOf,
        answer=findings,
    ),
    Question(
        name="rate",
        sentence="Which share of the parts fails, where and when?",
        parameters=RateOf,
        answer=defect_rate,
    ),
    Question(
        name="control",
        sentence="When was the defect rate unusual?",
        parameters=ChartOf,
        answer=control_chart,
    ),
    Question(
        name="pareto",
        sentence="Which few causes make most of the findings?",
        parameters=ParetoOf,
        answer=pareto,
    ),
    Question(
        name="heat-map",
        sentence="Where on the part do findings gather?",
        parameters=HeatMapOf,
        answer=heat_map,
    ),
    Question(
        name="repeats",
        sentence="Does a mark come again and again at a fixed pitch, as from a damaged roll?",
        parameters=RepeatsOf,
        answer=repeats,
    ),
    Question(
        name="similar",
        sentence="Which findings look like this one?",
        parameters=SimilarTo,
        answer=similar,
    ),
    Question(
        name="history",
        sentence="What happened to this frame?",
        parameters=HistoryOf,
        answer=frame_history,
    ),
    Question(
        name="model-changes",
        sentence="Which frames does another model see differently?",
        parameters=ChangesBetween,
        answer=model_changes,
    ),
    Question(
        name="model-summary",
        sentence="How much changed between two models on the same frames?",
        parameters=ChangesBetween,
        answer=model_change_summary,
    ),
    Question(
        name="agreement",
        sentence="Do the reviewers agree with each other?",
        parameters=AgreementOf,
        answer=agreement,
    ),
    Question(
        name="false-alarms",
        sentence="Which share of what people judged was a false alarm?",
        parameters=FalseAlarmsOf,
        answer=false_alarms,
    ),
    Question(
        name="escapes",
        sentence="How often did a defective part pass, and a good one fail?",
        parameters=EscapesOf,
        answer=escapes,
    ),
    Question(
        name="events",
        sentence="What happened to lines, cameras and frames, and what was not inspected?",
        parameters=EventsOf,
        answer=events,
    ),
    Question(
        name="input-health",
        sentence="How were brightness, contrast and focus of each camera's pictures?",
        parameters=HealthOf,
        answer=input_health,
    ),
)


def question_named(name: str) -> Question:
    """Raises QuestionRefused for a name that no question has."""
    for question in QUESTIONS:
        if question.name == name:
            return question
    names = ", ".join(question.name for question in QUESTIONS)
    raise QuestionRefused(f"there is no question {name!r}: ask one of {names}", field="question")


def ask(opened: Session, name: str, written: Mapping[str, str], *, now: datetime) -> pd.DataFrame:
    """The answer to a question whose parameters are as people wrote them.

    Times without a zone are the plant's. Raises QuestionRefused, which names the field.
    """
    question = question_named(name)
    zone = plant_zone(opened)
    return question.answer(
        opened, parameters_from(question.parameters, written, zone=zone, now=now)
    )
