"""Alerts and the outbox of messages about them; answers that are kept are found by their age.

Revision r0007, after r0006.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "r0007"
down_revision: str | None = "r0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_UNRESOLVED = sa.text("state IN ('open', 'acknowledged')")
_DUE = sa.text("state = 'waiting'")


def upgrade() -> None:
    _create_alerts()
    _create_deliveries()
    op.create_index("ix_kept_answers_kept_at", "kept_answers", ["kept_at"])


def downgrade() -> None:
    op.drop_index("ix_kept_answers_kept_at", "kept_answers")
    op.drop_table("alert_deliveries")
    op.drop_table("alerts")


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        _key("id"),
        _name("key"),
        _name("rule"),
        _name("line_id", nullable=True),
        _name("camera_id", nullable=True),
        _name("part", nullable=True),
        _key("finding_id", nullable=True),
        _word("severity", "minor", "major", "critical"),
        _word("state", "open", "acknowledged", "resolved"),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("facts", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        _time("opened_at"),
        _time("last_event_at"),
        _name("acknowledged_by", nullable=True),
        _time("acknowledged_at", nullable=True),
        _name("resolved_by", nullable=True),
        _time("resolved_at", nullable=True),
        sa.CheckConstraint("events >= 1", name=op.f("ck_alerts_events")),
        sa.CheckConstraint("opened_at <= last_event_at", name=op.f("ck_alerts_period")),
        sa.CheckConstraint(
            "(acknowledged_at IS NULL) = (acknowledged_by IS NULL)",
            name=op.f("ck_alerts_acknowledgement_has_a_name_and_a_time"),
        ),
        sa.CheckConstraint(
            "state = 'resolved' OR (state = 'acknowledged') = (acknowledged_at IS NOT NULL)",
            name=op.f("ck_alerts_acknowledged"),
        ),
        sa.CheckConstraint(
            "(state = 'resolved') = (resolved_at IS NOT NULL)", name=op.f("ck_alerts_resolved")
        ),
        sa.CheckConstraint(
            "resolved_at IS NOT NULL OR resolved_by IS NULL", name=op.f("ck_alerts_resolved_by")
        ),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["findings.id"], name="fk_alerts_finding_id_findings"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint("key", name="uq_alerts_key"),
    )
    op.create_index("ix_alerts_opened_at_id", "alerts", ["opened_at", "id"])
    op.create_index("ix_alerts_finding_id", "alerts", ["finding_id"])
    op.create_index(
        "ix_alerts_unresolved_of_line",
        "alerts",
        ["line_id", "opened_at", "id"],
        sqlite_where=_UNRESOLVED,
        postgresql_where=_UNRESOLVED,
    )


def _create_deliveries() -> None:
    op.create_table(
        "alert_deliveries",
        _key("id"),
        _key("alert_id"),
        _name("channel"),
        _name("key"),
        _word("state", "waiting", "sent", "dead"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _time("next_try_at", nullable=True),
        _time("sent_at", nullable=True),
        sa.Column("last_error", sa.Text()),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_alert_deliveries_attempts")),
        sa.CheckConstraint(
            "(state = 'waiting') = (next_try_at IS NOT NULL)",
            name=op.f("ck_alert_deliveries_waiting"),
        ),
        sa.CheckConstraint(
            "(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_alert_deliveries_sent")
        ),
        sa.CheckConstraint(
            "state <> 'dead' OR last_error IS NOT NULL", name=op.f("ck_alert_deliveries_dead")
        ),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name="fk_alert_deliveries_alert_id_alerts"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alert_deliveries"),
        sa.UniqueConstraint("key", name="uq_alert_deliveries_key"),
    )
    op.create_index("ix_alert_deliveries_alert_id", "alert_deliveries", ["alert_id"])
    op.create_index(
        "ix_alert_deliveries_due",
        "alert_deliveries",
        ["next_try_at", "id"],
        sqlite_where=_DUE,
        postgresql_where=_DUE,
    )


def _key(name: str, *, nullable: bool = False) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, nullable=nullable)


def _name(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(200), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _word(name: str, *words: str) -> sa.Column[str]:
    """The CHECK gets its name, ck_<table>_<column>, from the naming convention."""
    kind = sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=16)
    return sa.Column(name, kind, nullable=False)
