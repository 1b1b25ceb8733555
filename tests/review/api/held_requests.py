"""Makes requests from the API's description and holds the answers against it.

    python -m tests.review.api.held_requests fitting|unfit [FILE]

It runs in a process of its own: what is generated draws on the words of every module of ours that
is imported, so beside other tests it would depend on which of them ran before. Here the same code
makes the same requests; FILE gets them, one per line.
"""

from __future__ import annotations

import re
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from db.engine import default_url, session
from db.jobs import meet_jobs
from db.models import Job
from db.report_archive import ReportName, keep_report, reports_folder
from db.words import ReportKind, Role
from tests.integration.alerts.alerting_plant import call, rule, take
from tests.review.api.desk import API, START, ApiDesk, open_desk

EXAMPLES = 5
BY_MEANING = re.compile(  # refused also by what it means, as a time that ends before it begins
    r"/questions/|/saved-queries/\{name\}|/tokens|/(findings|inspections)$"
)
CREATED = "batch_id"  # a random word: it is not part of what is generated


def main(sort: str, out: Path | None) -> None:
    """Raises what schemathesis finds."""
    made: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = default_url(folder / "findings.db")
        with open_desk(url, folder / "evidence") as desk:
            _keep_a_report(desk, reports_folder(folder / "evidence"))
            hold_to_description(desk, fitting=sort == "fitting", made=made)
    if out is not None:
        out.write_text("\n".join(made), encoding="utf-8", errors="backslashreplace")


def hold_to_description(desk: ApiDesk, *, fitting: bool, made: list[str]) -> None:
    """Sends what is made for each operation and lets schemathesis judge each answer."""
    admin = {"Authorization": f"Bearer {desk.secrets[Role.ADMIN]}"}
    known = _known_names(desk)
    schema = schemathesis.openapi.from_asgi("/openapi.json", desk.app, headers=admin)
    by_fit = schemathesis.checks.CHECKS.get_one("positive_data_acceptance")
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        excluded = [by_fit] if BY_MEANING.search(operation.path) else []
        if fitting:
            named = {one.name: known[one.name] for one in operation.path_parameters}
            cases = operation.as_strategy(GenerationMode.POSITIVE, path_parameters=named or None)
        else:
            cases = operation.as_strategy(GenerationMode.NEGATIVE)
        _hold(cases, admin, excluded, made)


def _known_names(desk: ApiDesk) -> dict[str, Any]:
    """What stands in paths, of things that are there."""
    client = desk.client(Role.ADMIN)
    client.put(f"{API}/saved-queries/kept", json={"question": "rate", "parameters": {}})
    said = client.post(f"{API}/findings/1/reviews", json={"state": "confirmed", "seen_version": 1})
    batch_id = said.json()["batch_id"]
    take(desk.engine, rule(), call(1))
    with session(desk.engine) as opened:
        meet_jobs(opened, [Job(job="backup", kind="backup", says="every 60 s", met_at=START)])
    numbers = {"finding_id": 2, "frame_id": 2, "token_id": 1, "alert_id": 1, "report_id": 1}
    words = {"name": "kept", "job": "backup", "ask": "pause", "form": "html"}
    return {**numbers, **words, CREATED: batch_id}


def _keep_a_report(desk: ApiDesk, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "day.html").write_text("<!doctype html><title>a day</title>")
    name = ReportName(kind=ReportKind.DAY, scope="", period="2026-03-01", language="en")
    with session(desk.engine) as opened:
        keep_report(
            opened,
            name,
            span=(START, START),
            created_at=START,
            created_by="anna",
            files=["day.html"],
        )


def _hold(cases: Any, admin: dict[str, str], excluded: list[Any], made: list[str]) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def each(case: Any) -> None:
        case.query.pop("cursor", None)  # nobody but the API can make one
        made.append(_written(case))
        case.call_and_validate(headers=admin, excluded_checks=excluded)

    each()


def _written(case: Any) -> str:
    path = {name: value for name, value in case.path_parameters.items() if name != CREATED}
    body = case.body if isinstance(case.body, (dict, list, str, int, float)) else None
    parts = (case.operation.label, path, dict(case.query), dict(case.headers), body)
    return ascii(parts)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of the libraries; ours are errors in the tests
    main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None)
