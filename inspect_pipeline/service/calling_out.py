"""What is called out of findings while they are recorded: the rules of the plant about them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from db.models import Finding
from inspect_pipeline.alerts.outbox import call_out_findings
from inspect_pipeline.alerts.rules import Calendar
from inspect_pipeline.service.ledger import Outbox
from plant_config.alerts import FindingRule
from plant_config.plant import Plant

_log = logging.getLogger(__name__)


def call_out(plant: Plant, *, now: Callable[[], datetime]) -> Outbox | None:
    """For a ledger; None where the plant has no rule about single findings.

    A finding that cannot be called out is recorded all the same: the process that watches looks at
    it again. Where the database is away the frame fails too, and is tried again.
    """
    rules = [rule for rule in plant.alerts if isinstance(rule, FindingRule)]
    if not rules:
        return None
    calendar = Calendar(zone=ZoneInfo(plant.timezone), schedule=plant.schedule)

    def outbox(opened: Session, findings: Sequence[Finding]) -> None:
        try:
            with opened.begin_nested():
                call_out_findings(opened, rules, findings, at=now(), calendar=calendar)
        except IntegrityError:
            _log.warning("another program called the same out at the same time")
        except SQLAlchemyError:
            raise
        except Exception:  # noqa: BLE001 - the finding counts for more than its alert
            _log.exception("findings were recorded and not called out")

    return outbox
