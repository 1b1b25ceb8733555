"""`run_pipeline.py users`: who may use the review application; its first administrator too."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db import identities, keys, people
from db.engine import session
from db.people import UserRow
from db.upgrade import open_database
from db.words import Role
from inspect_pipeline.errors import UsageError
from inspect_pipeline.service.cli.options import PlantFile, console
from inspect_pipeline.service.cli.places import DatabaseOrPlants, database_of, plant_of

app = typer.Typer(help="Who may use the review application, as what.", no_args_is_help=True)

PASSWORD_VARIABLE = "INSPECT_PASSWORD"
UserName = Annotated[str, typer.Argument(metavar="NAME", help="The name to sign in with.")]
FromStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin",
        help="Read the password from the first line of standard input. Otherwise it is taken "
        f"from {PASSWORD_VARIABLE}, or asked for; it is never an argument.",
    ),
]


@app.command("add")
def add_user(
    name: UserName,
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.REVIEWER,
    full_name: Annotated[str, typer.Option(help="As it is shown; the name, if left out.")] = "",
    password_stdin: FromStdin = False,
    db: DatabaseOrPlants = None,
    plant: PlantFile = None,
) -> None:
    """Make an account. The first administrator is made so; others can be added on a page."""
    fit = people.account_name(name)
    with _database(db, plant) as engine:
        hashed = _hashed(_new_password(fit, from_stdin=password_stdin))
        with session(engine) as opened:
            people.create_user(
                opened,
                name=fit,
                full_name=full_name,
                role=role,
                password_hash=hashed,
                created_at=datetime.now(UTC),
            )
    _say(f"{fit} can sign in as {role}")


@app.command("list")
def list_users(db: DatabaseOrPlants = None, plant: PlantFile = None) -> None:
    """Who has an account?"""
    with _database(db, plant) as engine, session(engine, read_only=True) as opened:
        found = people.users(opened)
    table = Table("name", "full name", "role", "since", "account", box=SIMPLE_HEAD)
    for one in found:
        way_in = "active" if one.has_password else "active, identity provider"
        state = way_in if one.disabled_at is None else f"disabled {one.disabled_at:%Y-%m-%d}"
        row = (one.name, one.full_name, one.role, f"{one.created_at:%Y-%m-%d}", state)
        table.add_row(*(escape(cell) for cell in row))
    console().print(table)


@app.command("role")
def change_role(
    name: UserName,
    role: Annotated[Role, typer.Argument(help="What the person may do from now on.")],
    db: DatabaseOrPlants = None,
    plant: PlantFile = None,
) -> None:
    """Give an account another role; it counts from the person's next click on."""
    with _database(db, plant) as engine, session(engine) as opened:
        account = _account(opened, name)
        people.set_role(opened, account.id, role)
    _say(f"{account.name}: {account.role} -> {role}")


@app.command("disable")
def disable_user(name: UserName, db: DatabaseOrPlants = None, plant: PlantFile = None) -> None:
    """End an account: its sessions and tokens too. What the person said stays on record."""
    with _database(db, plant) as engine, session(engine) as opened:
        account = _account(opened, name)
        people.disable(opened, account.id, at=datetime.now(UTC))
    _say(f"{account.name} is disabled")


@app.command("enable")
def enable_user(name: UserName, db: DatabaseOrPlants = None, plant: PlantFile = None) -> None:
    """Let a disabled account sign in again, in the way it did."""
    with _database(db, plant) as engine, session(engine) as opened:
        account = _account(opened, name)
        people.enable(opened, account.id)
    _say(f"{account.name} can sign in again")


@app.command("link")
def link_user(
    name: UserName,
    subject: Annotated[
        str,
        typer.Argument(
            help="How the provider knows the person (sub); who is turned away can read it."
        ),
    ],
    issuer: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="The provider. Default: that of the plant file.", show_default=False
        ),
    ] = None,
    db: DatabaseOrPlants = None,
    plant: PlantFile = None,
) -> None:
    """Give an account that is there to a person of the identity provider."""
    settings = plant_of(plant)
    oidc = settings.review.oidc if settings else None
    provider = issuer or (oidc.issuer if oidc else None)
    if provider is None:
        raise UsageError("which provider? Name it with --issuer, or the plant file with --plant")
    with _database(db, plant) as engine, session(engine) as opened:
        account = _account(opened, name)
        identities.link(opened, account.id, issuer=str(provider), subject=subject)
    _say(f"{account.name} signs in as {subject} of {provider}")


@app.command("password")
def set_password(
    name: UserName,
    password_stdin: FromStdin = False,
    db: DatabaseOrPlants = None,
    plant: PlantFile = None,
) -> None:
    """Set a new password; the person is signed out of every browser."""
    with _database(db, plant) as engine:
        with session(engine, read_only=True) as opened:
            account = _account(opened, name)
        hashed = _hashed(_new_password(account.name, from_stdin=password_stdin))
        with session(engine) as opened:
            people.set_password_hash(opened, account.id, hashed)
            keys.close_sessions(opened, account.id)
    _say(f"{account.name} has a new password and is signed out everywhere")


@app.command("token")
def make_token(
    name: UserName,
    purpose: Annotated[str, typer.Option("--for", metavar="WORDS", help="What uses it.")],
    role: Annotated[
        Role, typer.Option(help="What the program may do, at most what its owner may.")
    ] = Role.VIEWER,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is good for.")] = 90,
    db: DatabaseOrPlants = None,
    plant: PlantFile = None,
) -> None:
    """Print a new token for the API, once: the database keeps only its sha256."""
    from inspect_pipeline.review.tokens import make_token as make

    with _database(db, plant) as engine, session(engine) as opened:
        made = make(
            opened,
            _account(opened, name).id,
            name=purpose,
            role=role,
            at=datetime.now(UTC),
            lasts=timedelta(days=days),
        )
    typer.echo(made.secret)


@contextmanager
def _database(db: str | None, plant_file: Path | None) -> Iterator[Engine]:
    engine = open_database(database_of(db, plant_of(plant_file)))
    try:
        yield engine
    finally:
        engine.dispose()


def _account(opened: Session, name: str) -> UserRow:
    account = people.user_named(opened, name)
    if account is None:
        known = ", ".join(one.name for one in people.users(opened)) or "none yet"
        raise UsageError(f"there is no account {name!r}; accounts: {known}")
    return account


def _new_password(name: str, *, from_stdin: bool) -> str:
    from inspect_pipeline.review.passwords import check_new_password

    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif PASSWORD_VARIABLE in os.environ:
        password = os.environ[PASSWORD_VARIABLE]
    elif sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        raise UsageError(
            "nobody can type a password here: give it with --password-stdin or in "
            f"{PASSWORD_VARIABLE}"
        )
    check_new_password(password, name=name)
    return password


def _hashed(password: str) -> str:
    from inspect_pipeline.review.passwords import Passwords

    return Passwords().hashed(password)


def _say(line: str) -> None:
    console().print(escape(line), highlight=False, soft_wrap=True)
