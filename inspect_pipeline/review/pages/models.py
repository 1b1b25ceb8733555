"""Models: which was in use when, where somebody went back, and what each says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from db import queries
from db.catalogue import activations
from db.rows import ModelRow
from inspect_pipeline.review.access import Viewer
from inspect_pipeline.review.page import NOTHING, page
from inspect_pipeline.review.transactions import Reading

router = APIRouter()

MOST_LIST = 8
LONGEST_FACT = 300
_PRIVATE = frozenset({"command", "folder", "database", "frames", "hashes"})


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """`facts` are sections of the card: a heading with names and what they are."""

    model: ModelRow
    is_in_use: bool
    facts: list[tuple[str, list[tuple[str, str]]]]


@router.get("/models")
def show_models(request: Request, person: Viewer, opened: Reading) -> Response:
    history = activations(opened)
    in_use = {one.model_id for one in history if one.active_to is None}
    cards = [
        ModelCard(model=model, is_in_use=model.model_id in in_use, facts=card_facts(model.card))
        for model in queries.models(opened)
    ]
    cards.sort(key=lambda card: not card.is_in_use)  # else newest first, as they came
    return page(request, "models.html", person, history=history, cards=cards)


def card_facts(card: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The card in sections; addresses and commands of the computer that trained are left out."""
    plain = [
        (name.replace("_", " "), _words(value))
        for name, value in card.items()
        if name not in _PRIVATE and not isinstance(value, Mapping)
    ]
    sections = [("about", plain)] if plain else []
    for name, value in card.items():
        if isinstance(value, Mapping) and name not in _PRIVATE:
            sections.append((name.replace("_", " "), _pairs(value)))
    return [(name, pairs) for name, pairs in sections if pairs]


def _pairs(section: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in section.items():
        if name in _PRIVATE:
            continue
        words = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            pairs += _pairs(value, f"{words}: ")
        else:
            pairs.append((words, _words(value)))
    return pairs


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        shown = ", ".join(_words(one) for one in value[:MOST_LIST])
        return f"{shown} and {len(value) - MOST_LIST} more" if len(value) > MOST_LIST else shown
    text = NOTHING if value is None else str(value)
    return text if len(text) <= LONGEST_FACT else f"{text[:LONGEST_FACT]}…"
