"""Where results are kept. Passwords come from the environment and never print."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo

from plant_config.section import LoadContext, PlantPath, Section, context_of, refuse_value

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_PASSWORD = re.compile(r"://[^:/@]*:(?P<login>.+)@|[?&]password=(?P<option>[^&]+)")
_KNOWN_URL = re.compile(r"(sqlite(\+\w+)?:///|postgresql(\+\w+)?://)")
_SQLITE_FILE = re.compile(r"(?P<start>sqlite(?:\+\w+)?:///)(?P<file>[^/?:][^?]*)(?P<rest>.*)")


def _database_url(value: object, info: ValidationInfo) -> object:
    """Checks the URL, fills in `${VARIABLES}` and makes an SQLite file absolute."""
    if not isinstance(value, str):
        return value
    context = context_of(info)
    password = _PASSWORD.search(value)
    if password and not _VARIABLE.search(password["login"] or password["option"]):
        refuse_value(
            "holds a password in plain text: write ${PLANT_DB_PASSWORD} in its place "
            "and set that variable in the environment"
        )
    filled = _filled_in(value, context.environment) if context else value
    if not _KNOWN_URL.match(filled):
        refuse_value(
            "is not the address of a database: write sqlite:///plant.db or "
            "postgresql+psycopg://user:${PLANT_DB_PASSWORD}@host/database"
        )
    return SecretStr(_beside_the_file(filled, context))


class Storage(Section):
    database_url: Annotated[SecretStr, BeforeValidator(_database_url)] = Field(
        description=(
            "Database address, sqlite:///file.db or postgresql+psycopg://...; "
            "${NAME} is filled in from the environment."
        )
    )
    evidence_folder: PlantPath = Field(
        description="Folder for the pictures behind the findings; it is created when needed."
    )
    models_folder: PlantPath = Field(
        description="Folder with one model bundle per part; it is created when needed."
    )


def _filled_in(value: str, environment: Mapping[str, str]) -> str:
    """A variable inside a URL is percent-encoded (`p@ss/word`); one that is all of it is not."""

    def content_of(match: re.Match[str]) -> str:
        name = match[1]
        if not environment.get(name):
            refuse_value(
                f"needs the environment variable {name!r}, which is not set or empty: "
                "set it before the program starts"
            )
        content = environment[name]
        return content if match[0] == value else quote(content, safe="")

    return _VARIABLE.sub(content_of, value)


def _beside_the_file(url: str, context: LoadContext | None) -> str:
    match = _SQLITE_FILE.fullmatch(url)
    if match is None or context is None:
        return url
    file = os.path.abspath(context.folder / Path(match["file"]))  # noqa: PTH100 - keeps links as written
    return f"{match['start']}{Path(file).as_posix()}{match['rest']}"
