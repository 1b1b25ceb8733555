"""What a question can be asked: described once, read from text, the same for every surface.

The parameters of a question are a frozen dataclass. Command line, API and forms are made from
`described`, and all of them read what people wrote with `parameters_from`.
"""

from __future__ import annotations

import math
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from db.errors import QuestionRefused

P = TypeVar("P")
MOST_ID = 2**63 - 1
_AGO = re.compile(r"(\d{1,4})\s*([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_YES, _NO = ("yes", "true", "1", "on"), ("no", "false", "0", "off")


class Takes(StrEnum):
    """What sort of thing is written in a field."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    NUMBERS = "four numbers"
    TIME = "time"
    CHOICE = "choice"
    CHOICES = "choices"
    YES_NO = "yes or no"


@dataclass(frozen=True, kw_only=True)
class Described:
    """One parameter: `default` as it would be written, "" for none; bounds include their ends."""

    name: str
    says: str
    takes: Takes
    required: bool
    default: str
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None


def asked(
    says: str, default: Any = None, *, least: float | None = None, most: float | None = None
) -> Any:
    """A field of a question's parameters, with the sentence that people read beside it."""
    bounds = {"says": says, "least": least, "most": most}
    return field(default=default, metadata=bounds)


def required(says: str, *, least: float | None = None, most: float | None = None) -> Any:
    """A field without which the question makes no sense."""
    return field(metadata={"says": says, "least": least, "most": most})


def described(parameters: type) -> tuple[Described, ...]:
    """The fields of a question, in the order in which a form shows them."""
    hints = typing.get_type_hints(parameters)
    return tuple(_described(one, hints[one.name]) for one in fields(parameters))


def parameters_from(
    parameters: type[P], written: Mapping[str, str], *, zone: ZoneInfo, now: datetime
) -> P:
    """What people wrote, as the parameters of a question. An empty text is as if not given.

    Times are ISO 8601, in `zone` where they name none, or how long before `now`: 12h, 7d, 4w.
    Raises QuestionRefused, which names the field.
    """
    hints = typing.get_type_hints(parameters)
    known = {one.name: one for one in described(parameters)}
    given = {name: text.strip() for name, text in written.items() if text.strip()}
    if unknown := sorted(set(given) - set(known)):
        raise QuestionRefused(
            f"{unknown[0]}: no such parameter, this question takes {', '.join(known)}",
            field=unknown[0],
        )
    for one in known.values():
        if one.required and one.name not in given:
            raise QuestionRefused(f"{one.name}: is needed. {one.says}", field=one.name)
    reading = _Reading(zone=zone, now=now)
    return parameters(
        **{name: reading.read(known[name], hints[name], text) for name, text in given.items()}
    )


@dataclass(frozen=True, kw_only=True)
class _Reading:
    zone: ZoneInfo
    now: datetime

    def read(self, one: Described, hint: object, text: str) -> object:
        readers: dict[Takes, Callable[[], object]] = {
            Takes.TEXT: lambda: _text(one, text),
            Takes.WHOLE: lambda: _bounded(one, _number(one, text, int)),
            Takes.NUMBER: lambda: _bounded(one, _number(one, text, float)),
            Takes.NUMBERS: lambda: _four(one, text),
            Takes.TIME: lambda: self._time(one, text),
            Takes.CHOICE: lambda: _choice(one, _plain(hint), text),
            Takes.CHOICES: lambda: tuple(
                _choice(one, typing.get_args(hint)[0], word.strip()) for word in text.split(",")
            ),
            Takes.YES_NO: lambda: _yes_no(one, text),
        }
        return readers[one.takes]()

    def _time(self, one: Described, text: str) -> datetime:
        if ago := _AGO.fullmatch(text):
            return self.now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        try:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=self.zone)
            return moment.astimezone(UTC)  # refuses the ends of the calendar
        except (ValueError, OverflowError) as error:
            raise QuestionRefused(
                f"{one.name}: {text!r} is not a time: write 2026-01-31, 2026-01-31T06:00, "
                "2026-01-31T06:00:00+01:00, or 12h, 7d, 4w for so long ago",
                field=one.name,
            ) from error


def _described(one: Field[Any], hint: object) -> Described:
    takes, kind = _takes(hint)
    missing = one.default is MISSING
    return Described(
        name=one.name,
        says=one.metadata["says"],
        takes=takes,
        required=missing,
        default="" if missing else _written(one.default),
        choices=tuple(kind) if isinstance(kind, type) and issubclass(kind, StrEnum) else (),
        least=one.metadata["least"],
        most=one.metadata["most"],
    )


def _takes(hint: object) -> tuple[Takes, object]:
    kind = _plain(hint)
    if typing.get_origin(kind) is tuple:
        inner = typing.get_args(kind)[0]
        return (Takes.NUMBERS if inner is float else Takes.CHOICES), inner
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return Takes.CHOICE, kind
    plain = {
        str: Takes.TEXT,
        bool: Takes.YES_NO,
        int: Takes.WHOLE,
        float: Takes.NUMBER,
        datetime: Takes.TIME,
    }
    return plain[typing.cast(type, kind)], kind


def _plain(hint: object) -> object:
    """`int` for `int | None`."""
    if isinstance(hint, types.UnionType):
        return next(kind for kind in typing.get_args(hint) if kind is not types.NoneType)
    return hint


def _written(default: object) -> str:
    if default is None:
        return ""
    if isinstance(default, bool):
        return "yes" if default else "no"
    if isinstance(default, tuple):
        return ",".join(str(one) for one in default)
    return str(default)


def _text(one: Described, text: str) -> str:
    if "\0" in text:
        raise QuestionRefused(f"{one.name}: holds a character that is no text", field=one.name)
    return text


def _number(one: Described, text: str, kind: type[int] | type[float]) -> float:
    try:
        number = kind(text)
    except ValueError as error:
        word = "a whole number" if kind is int else "a number"
        raise QuestionRefused(f"{one.name}: {text!r} is not {word}", field=one.name) from error
    if not math.isfinite(number):
        raise QuestionRefused(f"{one.name}: {text!r} is not finite", field=one.name)
    return number


def _bounded(one: Described, number: float) -> float:
    too_little = one.least is not None and number < one.least
    if too_little or (one.most is not None and number > one.most):
        bounds = f"at least {one.least:g}" if one.least is not None else ""
        bounds += " and " if one.least is not None and one.most is not None else ""
        bounds += f"at most {one.most:g}" if one.most is not None else ""
        raise QuestionRefused(f"{one.name}: must be {bounds}, got {number:g}", field=one.name)
    return number


def _four(one: Described, text: str) -> tuple[float, ...]:
    numbers = tuple(_bounded(one, _number(one, word, float)) for word in text.split(","))
    if len(numbers) != 4:
        raise QuestionRefused(
            f"{one.name}: write four numbers with commas between, such as 0.5,0,1,0.5",
            field=one.name,
        )
    return numbers


def _choice(one: Described, kind: object, text: str) -> StrEnum:
    try:
        return typing.cast(type[StrEnum], kind)(text)
    except ValueError as error:
        raise QuestionRefused(
            f"{one.name}: {text!r} is not one of {', '.join(one.choices)}", field=one.name
        ) from error


def _yes_no(one: Described, text: str) -> bool:
    if text.lower() not in (*_YES, *_NO):
        raise QuestionRefused(f"{one.name}: write yes or no, got {text!r}", field=one.name)
    return text.lower() in _YES
