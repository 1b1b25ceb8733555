"""`run_pipeline.py report`: shift, day, week, lot, alert, roi; findings; and what was made."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from db.engine import session
from db.report_archive import ReportRow, reports_folder, reports_kept
from db.words import ReportKind
from inspect_pipeline.reports.plant.wording import Language
from inspect_pipeline.service.cli.database import EvidenceFolder, opened_database, say
from inspect_pipeline.service.cli.finding_filters import Line, moment
from inspect_pipeline.service.cli.places import DatabaseOrPlants, database_of, evidence_of, plant_of
from inspect_pipeline.service.cli.report import report
from inspect_pipeline.service.cli.signatures import Verb
from inspect_pipeline.service.cli.tabular import TableFormat, give_table
from inspect_pipeline.service.reporting import Asked, Made, make_report, write_report
from plant_config.loader import load_plant

app = typer.Typer(
    help="Reports that people read: pages, PDFs and the numbers behind them.",
    no_args_is_help=True,
)
app.command("findings")(report)

_TIME = "ISO 8601, such as 2026-01-31T06:00; without a zone it is local time."
PlantFile = Annotated[
    Path,
    typer.Option("--plant", metavar="PLANT.toml", help="The plant file: its zone and its reports."),
]
Languages = Annotated[
    list[Language] | None,
    typer.Option(
        "--language",
        help="en, de or ja; several times for several. Default: the plant file's.",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Page to write (.html), with PDF, CSV and Parquet beside it, outside of the archive.",
        show_default=False,
    ),
]
At = Annotated[
    datetime | None,
    typer.Option(parser=moment, metavar="TIME", help=f"A moment within it. Default: now. {_TIME}"),
]


def _of_a_period(kind: ReportKind) -> Verb:
    def make(
        plant: PlantFile,
        at: At = None,
        line: Line = None,
        language: Languages = None,
        out: Out = None,
        db: DatabaseOrPlants = None,
        evidence: EvidenceFolder = None,
    ) -> None:
        asked = Asked(kind=kind, at=at, line=line)
        _make(plant, asked, language, out, db=db, evidence=evidence)

    return make


_DAY = "The report of the day, from midnight to midnight on the plant's clock."
app.command("shift", help="The report of the shift that a moment lies in.")(
    _of_a_period(ReportKind.SHIFT)
)
app.command("day", help=_DAY)(_of_a_period(ReportKind.DAY))
app.command("week", help="The report of the week, from Monday on.")(_of_a_period(ReportKind.WEEK))


@app.command("lot")
def lot(
    plant: PlantFile,
    serial: Annotated[
        str, typer.Option("--lot", metavar="ID", help="The serial that the lot's frames carry.")
    ],
    language: Languages = None,
    out: Out = None,
    db: DatabaseOrPlants = None,
    evidence: EvidenceFolder = None,
) -> None:
    """The report of a lot: a roll, a coil, a box; all frames with one serial."""
    asked = Asked(kind=ReportKind.LOT, lot=serial)
    _make(plant, asked, language, out, db=db, evidence=evidence)


@app.command("alert")
def alert(
    plant: PlantFile,
    number: Annotated[int, typer.Option("--alert", metavar="ID", help="The alert's number.")],
    language: Languages = None,
    out: Out = None,
    db: DatabaseOrPlants = None,
    evidence: EvidenceFolder = None,
) -> None:
    """The report of an alert: what was seen around it, where it looked."""
    asked = Asked(kind=ReportKind.ALERT, alert=number)
    _make(plant, asked, language, out, db=db, evidence=evidence)


@app.command("roi")
def roi(
    plant: PlantFile,
    since: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="TIME", help=f"From then on. {_TIME}"),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="TIME", help=f"Until then. Default: now. {_TIME}"),
    ] = None,
    line: Line = None,
    language: Languages = None,
    out: Out = None,
    db: DatabaseOrPlants = None,
    evidence: EvidenceFolder = None,
) -> None:
    """What the system saves or costs, by the [roi] block of the plant file."""
    asked = Asked(kind=ReportKind.ROI, since=since, until=until, line=line)
    _make(plant, asked, language, out, db=db, evidence=evidence)


@app.command("list")
def list_reports(
    plant: Annotated[
        Path | None,
        typer.Option("--plant", metavar="PLANT.toml", help="Plant file.", show_default=False),
    ] = None,
    kind: Annotated[ReportKind | None, typer.Option(help="Only this kind.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    wanted: Annotated[TableFormat | None, typer.Option("--format", help="How to write it.")] = None,
    db: DatabaseOrPlants = None,
    evidence: EvidenceFolder = None,
) -> None:
    """Which reports were made, newest first, and where their pages lie."""
    described = plant_of(plant)
    folder = reports_folder(evidence_of(evidence, db, described).folder)
    with (
        opened_database(database_of(db, described)) as engine,
        session(engine, read_only=True) as opened,
    ):
        rows = reports_kept(opened, kind=kind, limit=limit)
    give_table(pd.DataFrame([_listed(row, folder) for row in rows]), wanted, None)


def _make(
    plant_file: Path,
    asked: Asked,
    languages: list[Language] | None,
    out: Path | None,
    *,
    db: str | None,
    evidence: Path | None,
) -> None:
    plant = load_plant(plant_file)
    store = evidence_of(evidence, db, plant)
    chosen = [str(one) for one in languages or plant.reports.languages]
    with opened_database(database_of(db, plant)) as engine:
        for language in chosen:
            written = _with_language(asked, language)
            if out is None:
                made = make_report(
                    engine, store, plant, written, now=_now, made_by="command line", again=True
                )
            else:
                page = out if len(chosen) == 1 else out.with_stem(f"{out.stem}_{language}")
                made = write_report(engine, store, plant, written, now=_now, out=page)
            _tell(made)


def _with_language(asked: Asked, language: str) -> Asked:
    return Asked(**{**vars(asked), "language": language})


def _now() -> datetime:
    return datetime.now(UTC)


def _tell(made: Made) -> None:
    revision = "" if made.row is None else f", revision {made.row.revision}"
    say(f"report written to {made.files[0]}{revision}")
    for path in made.files[1:]:
        say(f"  beside it {path.name}")
    if made.no_pdf is not None:
        say(made.no_pdf)


def _listed(row: ReportRow, folder: Path) -> dict[str, object]:
    return {
        "report": row.report_id,
        "kind": row.kind.value,
        "period": row.period,
        "line": row.scope or None,
        "language": row.language,
        "revision": row.revision,
        "made_at": pd.Timestamp(row.created_at),
        "made_by": row.created_by,
        "page": str(folder / row.files[0]),
    }
