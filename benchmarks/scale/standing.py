"""The questions of every day, each with parameters as people give them: mostly of late, some of
the whole year, mostly of one line or part, some of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from sqlalchemy.orm import Session

from benchmarks.scale import verdicts
from benchmarks.scale.measuring import Ask, Standing
from benchmarks.scale.world import CAMERAS, DAYS, END, KINDS, LINES, PARTS, line_of, part_of
from db import queries
from db.questions.catalogue import QUESTIONS, Question, ask
from db.questions.parameters import Described, Takes

PERIODS = {"8h": 0.2, "24h": 0.2, "7d": 0.25, "30d": 0.2, "90d": 0.08, "365d": 0.07}
SHOWN = 50  # rows of a page
_CLEARLY_RARE = "before cleaning"

Written = dict[str, str]


class UnknownParameter(Exception):
    """A question needs a parameter for which nothing is known here to ask."""


def standing(findings: int, asks: int, seed: int = 1) -> Iterator[Standing]:
    """Every question of the catalogue, and the reads that pages are made of."""
    for name, made in {**_pages(findings), **_open_findings(findings)}.items():
        random = np.random.default_rng(seed)
        yield Standing(name=name, asks=tuple(made(random) for _ in range(asks)))
    for question in QUESTIONS:
        random = np.random.default_rng(seed)
        made = _catalogued(question, findings)
        yield Standing(name=f"ask {question.name}", asks=tuple(made(random) for _ in range(asks)))


Made = Callable[[np.random.Generator], Ask]


def _pages(findings: int) -> dict[str, Made]:
    """What a page reads of one finding."""

    def detail(random: np.random.Generator) -> Ask:
        finding_id = _some_id(random, findings)
        return Ask(
            words=f"finding {finding_id}", answer=lambda opened: queries.finding(opened, finding_id)
        )

    return {"page of a finding": detail}


def _open_findings(findings: int) -> dict[str, Made]:
    """The queue: first pages, later pages, and every filter."""
    filters: dict[str, Callable[[np.random.Generator], Written]] = {
        "everything": lambda _: {},
        "of a line": lambda random: {"line": _one(random, LINES)},
        "of a part": lambda random: {"part": _one(random, _part_names())},
        "by verdict, severity": lambda random: {
            "verdict": _one(random, ("confirmed", "unsure", "rejected")),
            "severity": _one(random, ("minor", "major", "critical")),
        },
        "by area, place": lambda random: {
            "area_min": str(random.choice([0.5, 2, 10])),
            "place": _one(random, ("0,0,0.5,0.5", "0.4,0.4,0.6,0.6", "0,0,0.1,1")),
        },
        "by note": lambda random: {"note": _one(random, ("oil", "burr", _CLEARLY_RARE, "zzz"))},
        "by time": lambda random: {"since": _one(random, ("8h", "24h", "7d"))},
    }
    waiting = {"states": "new,second_look", "order": "worst", "limit": str(SHOWN)}
    return {
        f"queue {name}": _asking("findings", waiting, made) for name, made in filters.items()
    } | {
        "queue, later page": _asking(
            "findings",
            waiting,
            lambda random: {"after": str(max(1, findings - int(random.integers(4000))))},
        )
    }


def _catalogued(question: Question, findings: int) -> Made:
    cameras = range(8, 12) if question.name == "repeats" else range(len(CAMERAS))  # webs

    def filled(random: np.random.Generator) -> Written:
        written: Written = {}
        camera = int(random.choice(cameras))
        part = PARTS[part_of(camera, int(random.integers(DAYS)))].name
        for one in question.described:
            if one.takes is Takes.TEXT and one.name in ("before", "after"):  # models of one part
                written[one.name] = f"{part}-{('before', 'after').index(one.name) + 1}"
                continue
            value = _place(one, random, camera, part) or _value(one, random, findings)
            if value is not None:
                written[one.name] = value
            elif one.required:
                raise UnknownParameter(f"what is asked for {one.name} of {question.name}?")
        if written.get("of") == "position":
            written["part"] = part
        return written

    return _asking(question.name, {}, filled)


def _asking(name: str, fixed: Written, made: Callable[[np.random.Generator], Written]) -> Made:
    def one(random: np.random.Generator) -> Ask:
        written = {**fixed, **made(random)}

        def answer(opened: Session) -> object:
            return ask(opened, name, written, now=END)

        words = " ".join(f"{field}={text}" for field, text in written.items())
        return Ask(words=f"{name} {words}", answer=answer)

    return one


def _value(one: Described, random: np.random.Generator, findings: int) -> str | None:
    """What somebody writes in a field; None where it is left empty."""
    usual: dict[str, Callable[[], str | None]] = {
        "since": lambda: str(random.choice(list(PERIODS), p=list(PERIODS.values()))),
        "finding": lambda: str(_some_id(random, findings)),
        "frame": lambda: str(int(random.integers(1, findings // 10))),
        "limit": lambda: str(SHOWN),
        "kind": lambda: _sometimes(random, 0.2, KINDS),
        "note": lambda: _sometimes(random, 0.1, verdicts.notes()),
        "place": lambda: _sometimes(random, 0.1, ("0,0,0.5,0.5", "0.45,0.45,0.55,0.55")),
        "area_min": lambda: _sometimes(random, 0.1, ("1", "5")),
        "score_min": lambda: _sometimes(random, 0.1, ("0.8", "0.9")),
        "model": lambda: None,
    }
    if one.name in usual and not one.choices:
        return usual[one.name]()
    if one.takes in (Takes.CHOICE, Takes.CHOICES) and random.random() < 0.5:
        return _one(random, one.choices)
    return one.default or None


def _place(one: Described, random: np.random.Generator, camera: int, part: str) -> str | None:
    """A line, camera and part that belong together, where they are filled in."""
    if one.name == "model" and random.random() < 0.1:
        return f"{part}-{int(random.integers(1, 3))}"
    here = {"line": LINES[line_of(camera)], "camera": CAMERAS[camera], "part": part}
    share = {"line": 0.35, "camera": 0.1, "part": 0.35}
    if one.name in here and (one.required or random.random() < share[one.name]):
        return here[one.name]
    return None


def _some_id(random: np.random.Generator, findings: int) -> int:
    """Half of them of the last days, half of any time."""
    newest = min(findings, 20_000)
    if random.random() < 0.5:
        return int(findings - random.integers(newest))
    return int(random.integers(1, findings + 1))


def _sometimes(random: np.random.Generator, share: float, choices: tuple[str, ...]) -> str | None:
    return _one(random, choices) if random.random() < share else None


def _one(random: np.random.Generator, choices: tuple[str, ...]) -> str:
    return str(choices[int(random.integers(len(choices)))])


def _part_names() -> tuple[str, ...]:
    return tuple(part.name for part in PARTS)
