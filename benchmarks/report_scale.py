"""How long does a report take over a database that `benchmarks.findings_scale` filled?

    python -m benchmarks.report_scale --db sqlite:///FILE [--evidence FOLDER] [--asks 3]

Makes the newest shift, day and week of each of the last few weeks, in every language by turns, with
PDF and tables, into a folder that is thrown away. Its pictures are missing where no evidence is
named: then the page says so in their places.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.report_pictures import DEMO_PLANT
from db.engine import session
from db.evidence import EvidenceStore
from db.models import Finding
from db.upgrade import open_database
from db.words import ReportKind
from inspect_pipeline.reports.plant.wording import Language
from inspect_pipeline.service.reporting import Asked, write_report
from plant_config.loader import load_plant


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", required=True)
    parser.add_argument("--evidence", type=Path, default=Path("no-evidence"))
    parser.add_argument("--asks", type=int, default=3)
    given = parser.parse_args()
    engine, plant = open_database(given.db), load_plant(DEMO_PLANT)
    with session(engine, read_only=True) as opened:
        findings, newest = opened.execute(
            select(func.count(), func.max(Finding.taken_at)).select_from(Finding)
        ).one()
    print(f"{findings} findings, the newest at {newest}")
    with tempfile.TemporaryDirectory(prefix="reports-") as folder:
        for kind in (ReportKind.SHIFT, ReportKind.DAY, ReportKind.WEEK):
            took_s, worked_s = [], []
            for number in range(given.asks):
                asked = Asked(
                    kind=kind,
                    language=list(Language)[number % len(Language)],
                    at=newest - timedelta(weeks=number),
                )
                began_s, busy_s = time.perf_counter(), time.process_time()
                write_report(
                    engine,
                    EvidenceStore(given.evidence),
                    plant,
                    asked,
                    now=lambda: newest,
                    out=Path(folder) / f"{kind}.html",
                )
                took_s.append(time.perf_counter() - began_s)
                worked_s.append(time.process_time() - busy_s)
            print(
                f"{kind}: longest {max(took_s):.1f} s by the clock, "
                f"{max(worked_s):.1f} s of this program's processor"
            )
    engine.dispose()


if __name__ == "__main__":
    main()
