"""The newest revisions back and up again over a database that is full: only their own is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from db.alerting import add_deliveries
from db.engine import session
from db.errors import DatabaseError
from db.models import Delivery, Plant
from db.upgrade import downgrade, upgrade
from db.words import DeliveryAbout
from tests.integration.db.bare_rows import NOON
from tests.integration.db.full_plant import everything, fill

JOBS = ("jobs", "job_runs")
HEALTH = ("camera_figures", "camera_watches")
LIVES = ("alert_calls", "alert_steps", "alert_watermarks")
CHANGED = ("alert_deliveries", "alerts", "plants")  # they stay and lose columns


@pytest.mark.parametrize(
    ("revision", "gone"),
    [("r0016", ()), ("r0015", ("reports",)), ("r0012", ("reports", *JOBS, *HEALTH, *LIVES))],
)
def test_what_a_revision_brought_is_lost_on_the_way_back_and_nothing_else(
    engine: Engine, tmp_path: Path, revision: str, gone: tuple[str, ...]
) -> None:
    fill(engine, tmp_path / "evidence")
    with session(engine) as opened:
        opened.execute(sa.update(Plant).values(shifts="early 06:00"))
        add_deliveries(opened, 1, DeliveryAbout.ACKNOWLEDGED, ["broker"], due_at=NOON)
    others = everything(engine, without=(*gone, *CHANGED))

    downgrade(engine, revision)

    assert everything(engine, without=CHANGED) == others, "the tables that are gone are not there"
    if revision == "r0016":
        with pytest.raises(DatabaseError), session(engine) as opened:
            opened.execute(sa.text("UPDATE alert_deliveries SET about = 'acknowledged'"))
    upgrade(engine)
    found = everything(engine, without=CHANGED)
    assert {name: rows for name, rows in found.items() if name not in gone} == others
    assert [found[name] for name in gone] == [[] for _ in gone]
    with session(engine) as opened:
        assert opened.scalars(sa.select(Delivery.about)).all() == [DeliveryAbout.OPENED]
        shifts = opened.scalars(sa.select(Plant.shifts)).all()
        assert shifts == [None if revision == "r0012" else "early 06:00"]
        opened.execute(sa.update(Delivery).values(about=DeliveryAbout.ACKNOWLEDGED))
