"""`run_pipeline.py report findings`: one page with what was found, to give away."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from db.engine import session
from db.rows import FrameFilter
from inspect_pipeline.errors import UsageError
from inspect_pipeline.reports.findings_report import FINDINGS_LIMIT, findings_report
from inspect_pipeline.reports.pages import write_page
from inspect_pipeline.service.cli.database import (
    DEFAULT_URL,
    DatabaseUrl,
    EvidenceFolder,
    opened_database,
    store_of,
)
from inspect_pipeline.service.cli.finding_filters import Camera, Line, Part, Since, Until


def report(  # noqa: PLR0913 - a command's options are its parameters
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Page to write: .html. A file there is replaced.")
    ],
    db: DatabaseUrl = DEFAULT_URL,
    evidence: EvidenceFolder = None,
    title: Annotated[str, typer.Option(help="Heading of the page.")] = "Findings report",
    part: Part = None,
    line: Line = None,
    camera: Camera = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[
        int, typer.Option(min=0, help="Show pictures of at most this many findings, the worst.")
    ] = FINDINGS_LIMIT,
) -> None:
    """Write what was found as one HTML page: numbers, tables, pictures. It needs no other file."""
    if out.suffix not in (".html", ".htm"):
        raise UsageError(f"--out {out}: the name must end in .html")
    if since is not None and until is not None and since >= until:
        raise UsageError(f"--since {since.isoformat()} is not before --until {until.isoformat()}")
    wanted = FrameFilter(part=part, line_id=line, camera_id=camera, since=since, until=until)
    with opened_database(db) as engine, session(engine, read_only=True) as opened:
        page = findings_report(
            opened,
            store_of(db, evidence),
            title=title,
            created_at=datetime.now(UTC),
            wanted=wanted,
            limit=limit,
        )
    write_page(out, page)
    Console(soft_wrap=True, highlight=False, markup=False).print(f"report written to {out}")
