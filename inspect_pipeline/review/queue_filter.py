"""Which part of the queue somebody wants: from the words of a URL to a filter, and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from db.rows import AfterUrgent, FindingFilter
from db.waiting import Places
from db.words import ReviewState, Severity, Verdict

LONGEST_NAME = 200
WAITING_STATES = (ReviewState.NEW, ReviewState.SECOND_LOOK)
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
Word = TypeVar("Word", bound=StrEnum)
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
                words=_chip_words(name, said),
                without=urlencode({other: v for other, v in self.given.items() if other != name}),
            )
            for name, said in self.given.items()
        ]

    def words_of(self, name: str) -> str:
        """What a field says, for people; "" where it says nothing."""
        return _chip_words(name, self.given[name]) if name in self.given else ""

    def url(self, path: str, **more: str) -> str:
        """The path with this filter, and more words after it."""
        query = urlencode({**self.given, **more})
        return f"{path}?{query}" if query else path


def queue_filter(asked: Mapping[str, str], zone: ZoneInfo) -> QueueFilter:
    """Fields that are empty or not ours say nothing. Times without a zone are the plant's.

    Raises BadFilter.
    """
    given = {name: asked[name].strip() for name in LABELS if asked.get(name, "").strip()}
    for name, said in given.items():
        if len(said) > LONGEST_NAME or not said.isprintable():
            raise BadFilter(f"{LABELS[name]}: expected up to {LONGEST_NAME} printable characters")
    state = _read(given, "state", _one_of(ReviewState))
    if state is not None and state not in WAITING_STATES:
        raise BadFilter(f"State: {state} findings do not wait: use Search to find them")
    since, until = (_read(given, name, _moment(zone)) for name in ("since", "until"))
    if since is not None and until is not None and since >= until:
        raise BadFilter("Since: expected a time before Until")
    wanted = FindingFilter(
        part=given.get("part"),
        line_id=given.get("line"),
        camera_id=given.get("camera"),
        severity=_read(given, "severity", _one_of(Severity)),
        verdict=_read(given, "verdict", _one_of(Verdict)),
        state=state,
        since=since,
        until=until,
        area_mm2_min=_read(given, "area_min", _area),
        area_mm2_max=_read(given, "area_max", _area),
        place=_read(given, "place", _place),
    )
    return QueueFilter(wanted=wanted, given=given)


def choices(places: Places) -> list[Choice]:
    """What the form of the filter offers."""
    cameras = [(camera_id, f"{camera_id} ({line_id})") for camera_id, line_id in places.cameras]
    offered = (
        ("part", "Every part", [(part, part) for part in places.parts]),
        ("line", "Every line", [(line_id, line_id) for line_id in places.lines]),
        ("camera", "Every camera", cameras),
        ("severity", "Any", _words(reversed(Severity))),
        ("verdict", "Any", _words(Verdict)),
        ("state", "New or second look", _words(WAITING_STATES)),
        ("place", "Anywhere", list(NINTHS.items())),
    )
    return [
        Choice(name=name, label=LABELS[name], every=every, options=options)
        for name, every, options in offered
    ]


def written_after(urgency: float, finding_id: int) -> str:
    """Where a page ended, for a URL; `after_of` reads it back without loss."""
    return f"{urgency!r}~{finding_id}"


def after_of(said: str) -> AfterUrgent:
    """Raises BadFilter."""
    urgency, _, finding_id = said.partition("~")
    try:
        after = AfterUrgent(urgency=float(urgency), row_id=int(finding_id))
    except ValueError as error:
        raise BadFilter("After: expected what the link of the page before says") from error
    if not math.isfinite(after.urgency) or not 0 <= after.row_id < 2**63:
        raise BadFilter("After: expected what the link of the page before says")
    return after


Read = TypeVar("Read")


def _read(given: Mapping[str, str], name: str, reading: Callable[[str], Read]) -> Read | None:
    if name not in given:
        return None
    try:
        return reading(given[name])
    except (ValueError, OverflowError) as error:
        raise BadFilter(f"{LABELS[name]}: {error}") from error


def _one_of(words: type[Word]) -> Callable[[str], Word]:
    def reading(said: str) -> Word:
        if said not in list(words):
            raise ValueError(f"expected one of {', '.join(words)}, got {said!r}")
        return words(said)

    return reading


def _moment(zone: ZoneInfo) -> Callable[[str], datetime]:
    def reading(said: str) -> datetime:
        try:
            moment = datetime.fromisoformat(said)
        except ValueError as error:
            raise ValueError(f"expected a time such as 2026-03-29T06:00, got {said!r}") from error
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)

    return reading


def _words(words: Iterable[StrEnum]) -> list[tuple[str, str]]:
    return [(str(word), word.replace("_", " ")) for word in words]


def _area(said: str) -> float:
    area_mm2 = _number(said)
    if area_mm2 is None or area_mm2 < 0:
        raise ValueError(f"expected square millimetres such as 1.5, got {said!r}")
    return area_mm2


def _place(said: str) -> Place:
    shares = [_number(share) for share in said.split(",")]
    match shares:
        case [float(x0), float(y0), float(x1), float(y1)] if (
            0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1
        ):
            return x0, y0, x1, y1
    raise ValueError(
        f"expected left,top,right,bottom as shares of the frame such as 0,0,0.5,1, got {said!r}"
    )


def _number(said: str) -> float | None:
    try:
        number = float(said.replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _chip_words(name: str, said: str) -> str:
    if name == "place":
        return NINTHS.get(said) or "x {} to {}, y {} to {}".format(
            *(f"{100 * (_number(share) or 0):.0f} %" for share in _x_then_y(said))
        )
    if name.startswith("area"):
        return f"{said} mm²"
    return said.replace("_", " ") if name in {"state", "verdict", "severity"} else said


def _x_then_y(said: str) -> list[str]:
    x0, y0, x1, y1 = said.split(",")
    return [x0, x1, y0, y1]
