"""A template and some facts become a page; words, times and numbers are written in one way here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from db.surroundings import NEAR
from db.words import Role
from inspect_pipeline.reports.drawing import HEAT_COLOURS
from inspect_pipeline.reports.sentences import position
from inspect_pipeline.review.access import Person
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.evidence_links import (
    difference_picture,
    finding_picture,
    frame_picture,
)
from inspect_pipeline.review.wording import FILTERS, place_words

TEMPLATES = Path(__file__).parent / "templates"
THEME_COOKIE = "theme"
THEMES = ("auto", "light", "dark")
NOTHING = "\N{EN DASH}"


@dataclass(frozen=True, kw_only=True)
class NavigationEntry:
    words: str
    path: str
    role: Role = Role.VIEWER
    also: tuple[str, ...] = ()  # other paths that belong to it

    def leads_to(self, path: str) -> bool:
        return any(path == one or path.startswith(f"{one}/") for one in (self.path, *self.also))


NAVIGATION = (
    NavigationEntry(words="Queue", path="/queue"),
    NavigationEntry(words="Dashboard", path="/dashboard"),
    NavigationEntry(words="Cameras", path="/cameras"),
    NavigationEntry(words="Alerts", path="/alerts"),
    NavigationEntry(words="Search", path="/search", also=("/questions", "/export")),
    NavigationEntry(words="Reports", path="/reports"),
    NavigationEntry(words="Teach", path="/teach"),
    NavigationEntry(words="Models", path="/models"),
    NavigationEntry(words="Jobs", path="/jobs"),
    NavigationEntry(words="People", path="/people", role=Role.ADMIN),
)


def page(
    request: Request, template: str, person: Person | None, status: int = 200, **facts: object
) -> HTMLResponse:
    """Renders `templates/NAME`; every name that the template uses has to be given.

    `here`, where given, is where the choice of colours leads back to.
    """
    desk = desk_of(request)
    common = {
        "person": person,
        "plant_name": desk.plant_name,
        "theme": theme_of(request),
        "path": request.url.path,
        "here": _here(request),
        "navigation": _navigation(person),
        "csrf_token": (person.csrf_token if person else None) or "",
    }
    rendered = desk.templates.get_template(template).render({**common, **facts})
    return HTMLResponse(rendered, status_code=status)


def theme_of(request: Request) -> str:
    """auto follows the computer's own setting."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else THEMES[0]


def build_templates(zone: ZoneInfo) -> Environment:
    """Escapes everything, refuses unknown names, and knows how a time and a number are written."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., str]] = {
        "when": lambda at: _time(at, zone, "%Y-%m-%d %H:%M"),
        "day": lambda at: _time(at, zone, "%Y-%m-%d"),
        "clock": lambda at: _time(at, zone, "%H:%M:%S"),
        "whole": whole,
        "figure": figure,
        "percent": percent,
        "words": words,
    }
    made.filters.update(FILTERS)
    made.filters.update(filters)
    made.globals |= {
        "finding_picture": finding_picture,
        "frame_picture": frame_picture,
        "difference_picture": difference_picture,
        "heat_colours": HEAT_COLOURS,
        "near": NEAR,
        "place_words": place_words,
        "position": position,
    }
    return made


def whole(number: float | None) -> str:
    """12 345, with thin spaces that do not break."""
    return NOTHING if number is None else f"{number:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def figure(number: float | None, digits: int = 2, unit: str = "") -> str:
    """So many digits after the point, and the unit where there is one."""
    if number is None or number != number:  # noqa: PLR0124 - not a number
        return NOTHING
    return f"{number:.{digits}f}" + (f"\N{NO-BREAK SPACE}{unit}" if unit else "")


def percent(share: float | None, digits: int = 1) -> str:
    """0.125 is 12.5 %."""
    return figure(None if share is None else 100 * share, digits, "%")


def words(stored: str | None) -> str:
    """false_alarm is "false alarm"."""
    return NOTHING if stored is None else stored.replace("_", " ")


def _here(request: Request) -> str:
    """Where a form of the page's frame leads back to; home from what must not be asked twice."""
    if request.method != "GET" or request.url.path.startswith("/login/"):
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _time(at: datetime | None, zone: ZoneInfo, written: str) -> Markup | str:
    """In the plant's zone; the machine-readable time stands beside it."""
    if at is None:
        return NOTHING
    local = at.astimezone(zone)
    moment = local.isoformat(timespec="seconds")
    return Markup('<time datetime="{}">{}</time>').format(moment, local.strftime(written))


def _navigation(person: Person | None) -> tuple[NavigationEntry, ...]:
    if person is None:
        return ()
    return tuple(entry for entry in NAVIGATION if person.role.covers(entry.role))
