"""What people write becomes parameters, or is refused by the name of its field."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import pytest

from db.errors import QuestionRefused
from db.questions.catalogue import QUESTIONS, Question
from db.questions.parameters import Takes, asked, described, parameters_from, required

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    part: str = required("The part.")
    since: datetime | None = asked("From when.")
    colour: Colour = asked("Which.", Colour.RED)
    colours: tuple[Colour, ...] = asked("Which of them.", ())
    limit: int = asked("How many.", 10, least=1, most=99)
    size: float | None = asked("How large.", least=0)
    place: tuple[float, float, float, float] | None = asked("Where.", least=0, most=1)
    deep: bool = asked("Also inside.", False)


def read(**written: str) -> Wanted:
    return parameters_from(Wanted, {"part": "bolt", **written}, zone=BERLIN, now=NOW)


def test_what_is_not_written_or_empty_has_its_default() -> None:
    assert read(since="", limit=" ") == Wanted(part="bolt")


def test_every_sort_of_field_is_read() -> None:
    wanted = read(
        since="2026-03-29T06:00Z",
        colour="blue",
        colours="red, blue",
        limit="5",
        size="0.5",
        place="0, 0.5,1,1",
        deep="yes",
    )

    assert wanted == Wanted(
        part="bolt",
        since=datetime(2026, 3, 29, 6, tzinfo=UTC),
        colour=Colour.BLUE,
        colours=(Colour.RED, Colour.BLUE),
        limit=5,
        size=0.5,
        place=(0.0, 0.5, 1.0, 1.0),
        deep=True,
    )


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-03-30", datetime(2026, 3, 29, 22, tzinfo=UTC)),
        ("2026-01-30T06:00", datetime(2026, 1, 30, 5, tzinfo=UTC)),
        ("2026-01-30T06:00+00:00", datetime(2026, 1, 30, 6, tzinfo=UTC)),
        ("12h", datetime(2026, 3, 29, 0, tzinfo=UTC)),
        ("7d", datetime(2026, 3, 22, 12, tzinfo=UTC)),
        ("2 w", datetime(2026, 3, 15, 12, tzinfo=UTC)),
    ],
)
def test_times_are_the_plants_or_so_long_ago(written: str, moment: datetime) -> None:
    assert read(since=written).since == moment


@pytest.mark.parametrize(
    ("field", "written", "reason"),
    [
        ("part", " ", "is needed. The part."),
        ("since", "yesterday", "is not a time: write 2026-01-31"),
        ("since", "9999-12-31T23:59-12:00", "is not a time"),
        ("colour", "green", "is not one of red, blue"),
        ("colours", "red,green", "'green' is not one of red, blue"),
        ("limit", "many", "is not a whole number"),
        ("limit", "1.5", "is not a whole number"),
        ("limit", "0", "must be at least 1 and at most 99, got 0"),
        ("limit", "9" * 5000, "is not a whole number"),
        ("size", "-1", "must be at least 0, got -1"),
        ("size", "nan", "is not finite"),
        ("place", "0,0,1", "write four numbers"),
        ("place", "0,0,1,2", "must be at least 0 and at most 1"),
        ("place", "a,b,c,d", "is not a number"),
        ("deep", "perhaps", "write yes or no"),
        ("weight", "5", "no such parameter, this question takes part, since, colour"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(field: str, written: str, reason: str) -> None:
    with pytest.raises(QuestionRefused) as refused:
        read(**{field: written})

    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: ")
    assert reason in str(refused.value)


def test_a_text_with_a_zero_byte_is_refused() -> None:
    with pytest.raises(QuestionRefused, match="holds a character that is no text"):
        read(part="bo\0lt")


def test_fields_describe_themselves() -> None:
    fields = {one.name: one for one in described(Wanted)}

    assert [one.takes for one in fields.values()] == [
        Takes.TEXT,
        Takes.TIME,
        Takes.CHOICE,
        Takes.CHOICES,
        Takes.WHOLE,
        Takes.NUMBER,
        Takes.NUMBERS,
        Takes.YES_NO,
    ]
    assert [one.name for one in fields.values() if one.required] == ["part"]
    assert fields["colours"].choices == ("red", "blue")
    assert [one.default for one in fields.values()] == ["", "", "red", "", "10", "", "", "no"]
    assert (fields["limit"].least, fields["limit"].most) == (1, 99)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_every_question_can_be_asked_with_its_own_defaults_written_out(question: Question) -> None:
    needed = {one.name: "1" for one in question.described if one.required}
    if question.name == "history":  # needs one of three
        needed["frame"] = "1"
    defaults = {one.name: one.default for one in question.described if one.name not in needed}

    plain: object = parameters_from(question.parameters, needed, zone=BERLIN, now=NOW)

    assert (
        parameters_from(question.parameters, {**needed, **defaults}, zone=BERLIN, now=NOW) == plain
    )
    assert all(one.says.endswith(".") for one in question.described)


def test_questions_have_names_of_their_own() -> None:
    assert len({question.name for question in QUESTIONS}) == len(QUESTIONS)
