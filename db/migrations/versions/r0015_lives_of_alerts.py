"""What an alert counts, who did what with it, and how far each rule has looked.

Revision r0015, after r0014.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision: str = "r0015"
down_revision: str | None = "r0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ABOUT = ("opened", "again", "escalated", "ended")
_STEPS = ("opened", "escalated", "acknowledged", "resolved", "ended", "resent")


def upgrade() -> None:
    """Alerts that stand there already: each at a place of its own, told when it opened."""
    with op.batch_alter_table("alerts") as table:
        table.add_column(sa.Column("place", sa.String(64), nullable=False, server_default=""))
        table.add_column(sa.Column("text", sa.Text(), nullable=False, server_default=""))
        table.add_column(_moment("told_at", nullable=True))
        table.add_column(_moment("escalate_at", nullable=True))
    alerts = sa.table("alerts", sa.column("place"), sa.column("id"), sa.column("text"))
    place = sa.literal("alert ") + sa.cast(alerts.c.id, sa.String)
    op.execute(sa.update(alerts).values(place=place, text=sa.literal_column("rule")))
    with op.batch_alter_table("alerts") as table:
        table.alter_column("place", server_default=None)
        table.alter_column("text", server_default=None)
        table.create_index("ix_alerts_place_id", ["place", "id"])
    about = sa.Enum(*_ABOUT, name="about", native_enum=False, create_constraint=False, length=16)
    with op.batch_alter_table("alert_deliveries") as table:
        table.add_column(sa.Column("about", about, nullable=False, server_default="opened"))
        table.add_column(sa.Column("message_key", sa.String(200), nullable=True))
    with op.batch_alter_table("alert_deliveries") as table:
        table.alter_column("about", server_default=None)
        table.create_check_constraint(
            op.f("ck_alert_deliveries_about"), sa.column("about").in_(_ABOUT)
        )
    _make_tables()


def downgrade() -> None:
    for name in ("alert_watermarks", "alert_steps", "alert_calls"):
        op.drop_table(name)
    with op.batch_alter_table("alert_deliveries") as table:
        table.drop_constraint(op.f("ck_alert_deliveries_about"), type_="check")
        table.drop_column("about")
        table.drop_column("message_key")
    with op.batch_alter_table("alerts") as table:
        table.drop_index("ix_alerts_place_id")
        for name in ("place", "text", "told_at", "escalate_at"):
            table.drop_column(name)


def _make_tables() -> None:
    op.create_table(
        "alert_calls",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("alert_id", _KEY, nullable=False),
        _moment("at"),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_alert_calls_alert_id_alerts"),
        sa.PrimaryKeyConstraint("key", name="pk_alert_calls"),
    )
    op.create_index("ix_alert_calls_alert_id", "alert_calls", ["alert_id"])
    step = sa.Enum(*_STEPS, name="step", native_enum=False, create_constraint=True, length=16)
    op.create_table(
        "alert_steps",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("alert_id", _KEY, nullable=False),
        _moment("at"),
        sa.Column("step", step, nullable=False),
        sa.Column("person", sa.String(200), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_alert_steps_alert_id_alerts"),
        sa.PrimaryKeyConstraint("id", name="pk_alert_steps"),
    )
    op.create_index("ix_alert_steps_alert_id_id", "alert_steps", ["alert_id", "id"])
    op.create_table(
        "alert_watermarks",
        sa.Column("rule", sa.String(200), nullable=False),
        _moment("seen_until"),
        sa.Column("inspection_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule", name="pk_alert_watermarks"),
    )


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
