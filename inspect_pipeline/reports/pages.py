"""Templates to pages, and pages to files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from inspect_pipeline.errors import UsageError
from inspect_pipeline.reports import sentences
from inspect_pipeline.reports.drawing import HEAT_COLOURS


def rendered(template: str, facts: Mapping[str, object]) -> str:
    """A page; whatever comes from outside is escaped, and a missing fact is an error."""
    return _environment().get_template(template).render(facts)


def write_page(path: Path, page: str) -> None:
    """All of the file or nothing, a file there is replaced; UsageError where it cannot be."""
    try:
        handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}: choose another folder") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(page)
        Path(unfinished).chmod(0o644)
        Path(unfinished).replace(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
    finally:
        Path(unfinished).unlink(missing_ok=True)


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("inspect_pipeline.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "area": sentences.area,
        "explained": sentences.explained_sentence,
        "good_parts": sentences.good_parts_sentence,
        "good_parts_share": sentences.good_parts_share,
        "plural": sentences.plural,
        "review": sentences.REVIEW_WORDS.__getitem__,
        "score": sentences.score_sentence,
        "severity_tone": sentences.SEVERITY_TONES.__getitem__,
        "share": sentences.share,
        "significant": sentences.significant,
        "unfit": sentences.UNFIT_WORDS.__getitem__,
        "utc": sentences.utc,
        "verdict_sentence": sentences.verdict_sentence,
        "verdict_tone": sentences.VERDICT_TONES.__getitem__,
    }
    made.globals["heat_colours"] = ", ".join(f"rgb{colour}" for colour in HEAT_COLOURS)
    made.globals["position"] = sentences.position
    return made
