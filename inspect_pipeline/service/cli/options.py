"""Options and small talk that several verbs share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_Item = TypeVar("_Item")

PartName = Annotated[
    str, typer.Argument(metavar="PART", help="Name of the part; its model is kept under it.")
]
Models = Annotated[
    Path, typer.Option("--models", metavar="DIR", help="Folder of the model bundles.")
]
DEFAULT_MODELS = Path("models")
PlantFile = Annotated[
    Path | None,
    typer.Option(
        "--plant",
        metavar="PLANT.toml",
        help="Plant file with the part's scale, inspected area and limits.",
        show_default=False,
    ),
]


def console() -> Console:
    return Console()


@contextmanager
def counting(what: str) -> Iterator[Progress]:
    """A bar with counts and the time that is left."""
    with Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
    ) as progress:
        yield progress


def counted(items: Iterable[_Item], total: int | None, what: str) -> Iterator[_Item]:
    """The items, with a bar that counts them."""
    with counting(what) as progress:
        task = progress.add_task("", total=total)
        for item in items:
            yield item
            progress.advance(task)
