"""`run_pipeline.py ask`: the standing questions, one verb each, and those that people saved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from inspect import Parameter
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from db.engine import session
from db.errors import QuestionRefused
from db.questions.catalogue import QUESTIONS, Question, ask
from db.questions.parameters import Described, Takes
from db.saved_queries import ask_saved, delete_query, save_query, saved_queries
from inspect_pipeline.errors import UsageError
from inspect_pipeline.service.cli.database import DEFAULT_URL, DatabaseUrl, opened_database
from inspect_pipeline.service.cli.signatures import Verb, option, with_options
from inspect_pipeline.service.cli.tabular import TableFormat, console, give_table

Format = Annotated[
    TableFormat | None,
    typer.Option("--format", help="Table for people (the default), others for programs."),
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="File to write: .csv, .json or .parquet."),
]
Owner = Annotated[str, typer.Option(metavar="NAME", help="Whose saved question.")]
SavedName = Annotated[str, typer.Argument(metavar="NAME", help="The name it was saved under.")]

saved_app = typer.Typer(help="Questions that were saved with --save-as.", no_args_is_help=True)


def build_ask_app() -> typer.Typer:
    """One verb per question of the catalogue, with an option per parameter."""
    app = typer.Typer(
        help="Ask a standing question. Without a name: list them.", invoke_without_command=True
    )
    app.callback()(_list_questions)
    for question in QUESTIONS:
        app.command(question.name, help=question.sentence)(_verb_of(question))
    app.add_typer(saved_app, name="saved")
    return app


@saved_app.command("list")
def list_saved(
    db: DatabaseUrl = DEFAULT_URL,
    owner: Annotated[str | None, typer.Option(metavar="NAME", help="Only this owner's.")] = None,
) -> None:
    """Which questions were saved, by whom?"""
    with opened_database(db) as engine, session(engine, read_only=True) as opened:
        saved = saved_queries(opened, owner)
    if not saved:
        console().print("No question was saved: ask one with --save-as NAME --owner NAME")
        return
    table = Table("owner", "name", "question", "parameters", box=None, padding=(0, 2, 0, 0))
    for one in saved:
        given = " ".join(f"--{name.replace('_', '-')} {text}" for name, text in one.written.items())
        table.add_row(one.owner, one.name, one.question, given)
    console().print(table)


@saved_app.command("ask")
def ask_saved_question(
    name: SavedName,
    owner: Owner,
    db: DatabaseUrl = DEFAULT_URL,
    wanted: Format = None,
    out: Out = None,
) -> None:
    """Ask a saved question again, as of now."""
    with opened_database(db) as engine, session(engine, read_only=True) as opened:
        answer = ask_saved(opened, owner=owner, name=name, now=datetime.now(UTC))
    give_table(answer, wanted, out)


@saved_app.command("delete")
def delete_saved_question(name: SavedName, owner: Owner, db: DatabaseUrl = DEFAULT_URL) -> None:
    """Forget a saved question."""
    with opened_database(db) as engine, session(engine) as opened:
        delete_query(opened, owner=owner, name=name)
    console().print(f"{name} of {owner} is deleted")


def _list_questions(context: typer.Context) -> None:
    if context.invoked_subcommand is not None:
        return
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for question in QUESTIONS:
        table.add_row(question.name, question.sentence)
    console().print(table)
    console().print("\nWhat each can be asked: run_pipeline.py ask NAME --help")


def _verb_of(question: Question) -> Verb:
    def verb(
        written: Mapping[str, str | None],
        db: DatabaseUrl = DEFAULT_URL,
        wanted: Format = None,
        out: Out = None,
        save_as: Annotated[
            str | None, typer.Option(metavar="NAME", help="Keep the question under this name.")
        ] = None,
        owner: Annotated[
            str | None, typer.Option(metavar="NAME", help="Who keeps it; with --save-as.")
        ] = None,
    ) -> None:
        given = {name: text for name, text in written.items() if text is not None}
        _answer(question, given, db=db, wanted=wanted, out=out)
        if save_as is not None:
            _save(question, given, db=db, name=save_as, owner=owner)

    return with_options(verb, map(_option, question.described), instead_of="written")


def _answer(
    question: Question,
    written: Mapping[str, str],
    *,
    db: str,
    wanted: TableFormat | None,
    out: Path | None,
) -> None:
    with opened_database(db) as engine, session(engine, read_only=True) as opened:
        try:
            answer = ask(opened, question.name, written, now=datetime.now(UTC))
        except QuestionRefused as refused:
            named = (refused.field or "").replace("_", "-")
            raise typer.BadParameter(str(refused), param_hint=f"--{named}") from refused
    give_table(answer, wanted, out)


def _save(
    question: Question, written: Mapping[str, str], *, db: str, name: str, owner: str | None
) -> None:
    if owner is None:
        raise UsageError("--save-as: needs --owner NAME, who keeps the question")
    with opened_database(db) as engine, session(engine) as opened:
        saved = save_query(
            opened,
            owner=owner,
            name=name,
            question=question.name,
            written=written,
            now=datetime.now(UTC),
        )
    typer.echo(f"saved as {saved.name} of {saved.owner}", err=True)


def _option(one: Described) -> Parameter:
    """Text on the command line too: the question itself reads it, and says what is wrong."""
    metavar = "|".join(one.choices) if one.choices else one.takes.upper().replace(" ", "_")
    if one.takes is Takes.CHOICES:
        metavar = ",".join((*one.choices[:2], "..."))
    default = f" Default: {one.default}." if one.default else ""
    chosen = f" Of: {', '.join(one.choices)}." if one.takes is Takes.CHOICES else ""
    needed = " Needed." if one.required else ""
    made = typer.Option(
        f"--{one.name.replace('_', '-')}",
        metavar=metavar,
        help=one.says + chosen + default + needed,
    )
    return option(one.name, Annotated[str | None, made])
