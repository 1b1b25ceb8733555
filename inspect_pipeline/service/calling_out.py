"""What is called out of findings while they are recorded: the rules of the plant about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from db.models import Finding
from inspect_pipeline.alerts.outbox import call_out_findings
from inspect_pipeline.alerts.rules import Calendar
from inspect_pipeline.service.ledger import Outbox
from plant_config.alerts import FindingRule
from plant_config.plant import Plant


def call_out(plant: Plant, *, now: Callable[[], datetime]) -> Outbox | None:
    """For a ledger; None where the plant has no rule about single findings."""
    rules = [rule for rule in plant.alerts if isinstance(rule, FindingRule)]
    if not rules:
        return None
    calendar = Calendar(zone=ZoneInfo(plant.timezone), schedule=plant.schedule)

    def outbox(opened: Session, findings: Sequence[Finding]) -> None:
        call_out_findings(opened, rules, findings, at=now(), calendar=calendar)

    return outbox
