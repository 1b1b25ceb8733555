"""What pydantic refuses, in the words of somebody who edits a plant file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from plant_config.plant import Plant
from plant_config.section import NAME_PATTERN, PROBLEMS, Problem, Section

_REWORDED = {
    "too_short": "has no entry, at least one is needed",
    "string_pattern_mismatch": "is not written as it has to be",
    "model_type": "should be a block of keys",
    "model_attributes_type": "should be a block of keys",
    "tuple_type": "should be a list",
}


_NAME = (
    "should begin with a letter or digit and go on with letters, digits, dots, dashes or "
    "underscores"
)


def problems_of(error: ValidationError) -> list[Problem]:
    """One problem per mistake, each with its key path and the sentence that describes the key."""
    details = error.errors(include_url=False)
    told = [detail for detail in details if not _is_echo(detail, details)]
    return [problem for detail in told for problem in _problems_at(detail)]


def _is_echo(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """Entries that were refused are not counted either: "too few" says nothing new then."""
    loc = detail["loc"]
    inside = (each["loc"] for each in details if len(each["loc"]) > len(loc))
    return detail["type"] == "too_short" and any(each[: len(loc)] == loc for each in inside)


def _problems_at(detail: ErrorDetails) -> Iterator[Problem]:
    key, field = _place_of(detail["loc"])
    if detail["type"] == PROBLEMS:
        for problem in detail["ctx"]["problems"]:
            joined = ".".join(filter(None, (key, problem.key)))
            yield Problem(key=joined, reason=problem.reason)
    elif detail["type"].startswith("union_tag"):
        kinds = detail["ctx"].get("expected_tags", "'folder', 'simulated'")
        found = detail["ctx"].get("tag")
        reason = f"is {found!r}, not a known kind" if found else "is missing"
        yield Problem(key=f"{key}.kind", reason=f"{reason}: write one of {kinds}")
    else:
        yield Problem(key=key, reason=_reason(detail, field))


def _reason(detail: ErrorDetails, field: FieldInfo | None) -> str:
    told = f" ({field.description})" if field is not None and field.description else ""
    if detail["type"] == "missing":
        return f"is missing, add it{told}"
    found = detail["input"]
    secret = field is not None and SecretStr in _leaves(field.annotation)
    shown = f", found {found!r}" if isinstance(found, (str, int, float)) and not secret else ""
    wanted = _REWORDED.get(detail["type"], detail["msg"]).replace("Input should", "should", 1)
    if detail.get("ctx", {}).get("pattern") == NAME_PATTERN:
        wanted = _NAME
    return f"{wanted}{shown}{told}"


def _place_of(loc: tuple[str | int, ...]) -> tuple[str, FieldInfo | None]:
    """The key path as it reads in the file. The `kind` that pydantic adds to it is left out."""
    key, field = "", None
    sections: list[type[Section]] = [Plant]
    for step in loc:
        if isinstance(step, int):
            key += f"[{step}]"
            continue
        if len(sections) > 1:  # the kind of a camera or job, which may be called as a key of it
            sections = [each for each in sections if step in _leaves(_kind(each))]
            continue
        field = sections[0].model_fields[step]
        key += f".{step}" if key else step
        leaves = _leaves(field.annotation)
        sections = [leaf for leaf in leaves if isinstance(leaf, type) and issubclass(leaf, Section)]
    return key, field


def _kind(section: type[Section]) -> object:
    field = section.model_fields.get("kind")
    return field.annotation if field is not None else None


def _leaves(annotation: object) -> list[object]:
    """What an annotation is made of: `tuple[Line, ...]` gives Line and the dots."""
    inner = get_args(annotation)
    if not inner:
        return [annotation]
    return [leaf for each in inner for leaf in _leaves(each)]
