"""Which part of the queue somebody wants: from the words of a URL to a filter, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from db.errors import QuestionRefused
from db.models.inspections import WAITING_STATES
from db.plants import Places
from db.questions.finding_lists import FindingsOf
from db.questions.parameters import parameters_from
from db.rows import AfterUrgent, FindingFilter, FindingRow
from db.words import ReviewState, Severity, Verdict
from inspect_pipeline.review.cursors import BadCursor, number_cursor, number_of

LONGEST_NAME = 200
LABELS = {
    "part": "Part",
    "line": "Line",
    "camera": "Camera",
    "severity": "Severity",
    "verdict": "Verdict",
    "state": "State",
    "since": "Since",
    "until": "Until",
    "area_min": "Area from",
    "area_max": "Area to",
    "place": "Place",
}
THIRDS = ("0,0.3333", "0.3333,0.6667", "0.6667,1")
NINTHS = {  # place on the frame as x0,y0,x1,y1 in shares of its sides
    f"{x.split(',')[0]},{y.split(',')[0]},{x.split(',')[1]},{y.split(',')[1]}": words
    for y, row in zip(THIRDS, ("upper", "middle", "lower"), strict=True)
    for x, words in zip(THIRDS, (f"{row} left", f"{row} middle", f"{row} right"), strict=True)
}
_PARAMETERS = {"state": "states"}  # where the queue's name is not that of FindingsOf
_LIST = "queue"
Place = tuple[float, float, float, float]


class BadFilter(Exception):
    """A word of the URL that cannot be understood; names the field and says what it takes."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A field of the filter that offers what there is: (value, words)."""

    name: str
    label: str
    every: str
    options: Sequence[tuple[str, str]]

    def offers(self, value: str) -> bool:
        return any(value == offered for offered, _ in self.options)


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A filter in use, and the query without it."""

    label: str
    words: str
    without: str


@dataclass(frozen=True, kw_only=True)
class QueueFilter:
    """`given`: the fields that say something, as they were written."""

    wanted: FindingFilter
    given: Mapping[str, str]

    @property
    def query(self) -> str:
        """For a URL; "" where everything is wanted."""
        return urlencode(dict(self.given))

    @property
    def chips(self) -> list[Chip]:
        return [
            Chip(
                label=LABELS[name],
                words=self.words_of(name),
                without=urlencode({other: v for other, v in self.given.items() if other != name}),
            )
            for name, said in self.given.items()
        ]

    def words_of(self, name: str) -> str:
        """What a field says, for people; "" where it says nothing."""
        said = self.given.get(name, "")
        if name == "place":
            return _place_words(said, self.wanted.place)
        if said and name.startswith("area"):
            return f"{said} mm²"
        return said.replace("_", " ") if name in {"state", "verdict", "severity"} else said

    def url(self, path: str, **more: str) -> str:
        """The path with this filter, and more words after it."""
        query = urlencode({**self.given, **more})
        return f"{path}?{query}" if query else path


def queue_filter(
    opened: Session, asked: Mapping[str, str], *, zone: ZoneInfo, now: datetime
) -> QueueFilter:
    """Fields that are empty or not ours say nothing; the others are those of `FindingsOf`.

    Raises BadFilter.
    """
    given = {name: asked[name].strip() for name in LABELS if asked.get(name, "").strip()}
    for name, said in given.items():
        if len(said) > LONGEST_NAME or not said.isprintable():
            raise BadFilter(f"{LABELS[name]}: expected up to {LONGEST_NAME} printable characters")
    written = {_PARAMETERS.get(name, name): said for name, said in given.items()}
    try:
        wanted = parameters_from(FindingsOf, written, zone=zone, now=now).filtered(opened)
    except QuestionRefused as error:
        label = next(LABELS[name] for name in given if _PARAMETERS.get(name, name) == error.field)
        raise BadFilter(f"{label}: {str(error).removeprefix(f'{error.field}: ')}") from error
    for state in wanted.states:
        if state not in WAITING_STATES:
            raise BadFilter(f"State: {state} findings do not wait: use Search to find them")
    return QueueFilter(wanted=wanted, given=given)


def choices(places: Places) -> list[Choice]:
    """What the form of the filter offers."""
    cameras = [(one.camera_id, f"{one.camera_id} ({one.line_id})") for one in places.cameras]
    waiting = [state for state in ReviewState if state in WAITING_STATES]
    offered = (
        ("part", "Every part", [(part, part) for part in places.parts]),
        ("line", "Every line", [(line_id, line_id) for line_id in places.lines]),
        ("camera", "Every camera", cameras),
        ("severity", "Any", _words(reversed(Severity))),
        ("verdict", "Any", _words(Verdict)),
        (
            "state",
            "New or second look",
            _words(waiting),
        ),
        ("place", "Anywhere", list(NINTHS.items())),
    )
    return [
        Choice(name=name, label=LABELS[name], every=every, options=options)
        for name, every, options in offered
    ]


def end_of(last: FindingRow) -> str:
    """Where a page ended, for a URL; `after_of` reads it back without loss."""
    return number_cursor(_LIST, last.urgency, last.finding_id)


def after_of(cursor: str) -> AfterUrgent:
    """Raises BadFilter."""
    try:
        urgency, finding_id = number_of(cursor, _LIST)
    except BadCursor as error:
        raise BadFilter("After: expected what the link of the page before says") from error
    return AfterUrgent(urgency=urgency, row_id=finding_id)


def _words(words: Iterable[StrEnum]) -> list[tuple[str, str]]:
    return [(str(word), word.replace("_", " ")) for word in words]


def _place_words(said: str, place: Place | None) -> str:
    if place is None:
        return said
    x0, y0, x1, y1 = (f"{100 * share:.0f} %" for share in place)
    return NINTHS.get(said) or f"x {x0} to {x1}, y {y0} to {y1}"
