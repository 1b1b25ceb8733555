"""The base of every section of a plant file: frozen, strict, unknown keys refused by name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

PROBLEMS = "plant_problems"  # the kind of pydantic error that carries our own sentences


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong: `key` as in `parts[0].mm_per_px`, relative to where it was found."""

    key: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class LoadContext:
    """What a section may know of the world while it is read: its folder and the environment."""

    folder: Path
    environment: Mapping[str, str]


class Section(BaseModel):
    """Frozen and strict: a number in quotes, an unknown key and `nan` are refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, given: object) -> object:
        if isinstance(given, Mapping):
            known = list(cls.model_fields)
            unknown = [str(key) for key in given if key not in known]
            refuse(Problem(key=key, reason=_unknown(key, known)) for key in unknown)
        return given


def refuse(problems: Iterable[Problem]) -> None:
    """Raises what pydantic reports as one error if there is any problem, else returns."""
    found = tuple(problems)
    if found:
        raise _error_of(found)


def refuse_value(reason: str) -> NoReturn:
    """The same for a single value: the key is the one that is being read."""
    raise _error_of((Problem(key="", reason=reason),))


def context_of(info: ValidationInfo) -> LoadContext | None:
    """None where a section is built in code and not read from a file."""
    return info.context if isinstance(info.context, LoadContext) else None


def _error_of(problems: tuple[Problem, ...]) -> PydanticCustomError:
    text = "; ".join(f"{problem.key}: {problem.reason}" for problem in problems)
    return PydanticCustomError(PROBLEMS, "{text}", {"text": text, "problems": problems})


def _unknown(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known keys here: {', '.join(known)}"
    return f"unknown key {key!r}, {hint}"


def _beside_the_file(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return value
    if not value.strip() or "\0" in value:
        refuse_value("is not a path: name a file or folder")
    if "${" in value:
        refuse_value(f"{value!r} holds a variable: only database_url may, write the path out")
    context = context_of(info)
    folder = context.folder if context else Path()
    try:
        named = Path(value).expanduser()
    except RuntimeError:
        refuse_value(f"{value!r} starts with a home folder that does not exist: write it out")
    return Path(os.path.abspath(folder / named))  # noqa: PTH100 - keeps links as written


PlantPath = Annotated[Path, BeforeValidator(_beside_the_file)]
"""An absolute path; in the file it may be relative to the file's own folder."""

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
Identifier = Annotated[str, Field(min_length=1, max_length=64, pattern=NAME_PATTERN)]
"""A short name that may become part of a file name, a query or a web address."""
