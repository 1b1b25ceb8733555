"""Which findings a verb is about, as options: the same for every verb."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

import typer

from db.questions.finding_lists import FindingsOf
from db.words import ReviewState, Severity, Verdict
from inspect_pipeline.errors import UsageError
from inspect_pipeline.service.cli.signatures import Verb, option, with_options


def moment(written: str) -> datetime:
    """ISO 8601 in UTC; a time without a zone is local time of this computer."""
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(
            f"{written!r} is not a time: write 2026-01-31, 2026-01-31T06:00 or "
            "2026-01-31T06:00:00+01:00"
        ) from error


class Place(NamedTuple):
    """A box in shares of the frame's sides."""

    x0: float
    y0: float
    x1: float
    y1: float


def place(written: str) -> Place:
    """`0.5,0,1,0.5` is the upper right quarter."""
    try:
        x0, y0, x1, y1 = (float(word) for word in written.split(","))
    except ValueError as error:
        raise typer.BadParameter(
            f"{written!r} is no box: write x0,y0,x1,y1 as shares of the frame's sides, such as "
            "0.5,0,1,0.5 for the upper right quarter"
        ) from error
    return Place(x0=x0, y0=y0, x1=x1, y1=y1)


_TIME_HELP = "ISO 8601, such as 2026-01-31T06:00; without a zone it is local time."
Part = Annotated[str | None, typer.Option(help="Only this part.")]
Line = Annotated[str | None, typer.Option(help="Only this line.")]
Camera = Annotated[str | None, typer.Option(help="Only this camera.")]
Since = Annotated[
    datetime | None,
    typer.Option(parser=moment, metavar="TIME", help=f"Taken at or after. {_TIME_HELP}"),
]
Until = Annotated[
    datetime | None,
    typer.Option(parser=moment, metavar="TIME", help=f"Taken before. {_TIME_HELP}"),
]
_AreaMin = Annotated[float | None, typer.Option(metavar="MM2", min=0, help="At least as large.")]
_AreaMax = Annotated[float | None, typer.Option(metavar="MM2", min=0, help="At most as large.")]
_WebFrom = Annotated[float | None, typer.Option(metavar="MM", help="From here along the web.")]
_WebUntil = Annotated[float | None, typer.Option(metavar="MM", help="Up to here along the web.")]
_FILTERS = (
    option("part", Part),
    option("line", Line),
    option("camera", Camera),
    option("since", Since),
    option("until", Until),
    option(
        "verdict",
        Annotated[Verdict | None, typer.Option(help="Only what the pipeline called this.")],
    ),
    option(
        "states",
        Annotated[
            list[ReviewState] | None,
            typer.Option("--state", help="Only this review state; give it again for more."),
        ],
    ),
    option("severity", Annotated[Severity | None, typer.Option(help="Only this severity.")]),
    option("kind", Annotated[str | None, typer.Option(help="Only this kind of defect.")]),
    option("area_min", _AreaMin),
    option("area_max", _AreaMax),
    option("score_min", Annotated[float | None, typer.Option(help="At least this score.")]),
    option(
        "place",
        Annotated[
            Place | None,
            typer.Option(
                parser=place,
                metavar="X0,Y0,X1,Y1",
                help="Centre within this box, in shares of the frame's sides.",
            ),
        ],
    ),
    option("web_from", _WebFrom),
    option("web_until", _WebUntil),
    option("note", Annotated[str | None, typer.Option(help="A reviewer's note holds this text.")]),
    option(
        "model",
        Annotated[
            str | None, typer.Option(help="Only this model: its name, or how its id begins.")
        ],
    ),
)


def takes_filters(verb: Verb) -> Verb:
    """The verb with an option for every filter; it gets what was given as `given`."""
    return with_options(verb, _FILTERS, instead_of="given")


def selection(given: Mapping[str, Any], **more: Any) -> FindingsOf:
    """What the filters select. Raises UsageError for a time range that ends before it begins."""
    since, until = given["since"], given["until"]
    if since is not None and until is not None and since >= until:
        raise UsageError(f"--since {since.isoformat()} is not before --until {until.isoformat()}")
    return FindingsOf(**{**given, "states": tuple(given["states"] or ()), **more})
