"""Jobs and their runs; the shifts of a plant.

Revision r0013, after r0012.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "r0013"
down_revision: str | None = "r0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_GOING = sa.text("outcome IS NULL")
_OUTCOMES = ("done", "failed", "missed", "skipped", "interrupted")


def upgrade() -> None:
    op.add_column("plants", sa.Column("shifts", sa.Text(), nullable=True))
    op.create_table(
        "jobs",
        _name("job"),
        _name("kind"),
        _name("camera_id", nullable=True),
        sa.Column("says", sa.Text(), nullable=False),
        _time("met_at", nullable=False),
        _time("next_at"),
        _name("paused_by", nullable=True),
        _time("paused_at"),
        _time("resumed_at"),
        _name("wanted_by", nullable=True),
        _time("wanted_at"),
        sa.CheckConstraint("(paused_at IS NULL) = (paused_by IS NULL)", name=op.f("ck_jobs_pause")),
        sa.CheckConstraint("(wanted_at IS NULL) = (wanted_by IS NULL)", name=op.f("ck_jobs_want")),
        sa.PrimaryKeyConstraint("job", name="pk_jobs"),
    )
    op.create_table(
        "job_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        _name("job"),
        _name("kind"),
        _name("camera_id", nullable=True),
        _time("planned_at", nullable=False),
        _time("started_at"),
        _time("ended_at"),
        sa.Column(
            "outcome",
            sa.Enum(
                *_OUTCOMES, name="outcome", native_enum=False, create_constraint=True, length=16
            ),
            nullable=True,
        ),
        _name("wanted_by", nullable=True),
        sa.Column("frames", sa.Integer(), nullable=True),
        _time("first_frame_at"),
        _time("last_frame_at"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name=op.f("ck_job_runs_end")),
        sa.PrimaryKeyConstraint("id", name="pk_job_runs"),
        sa.UniqueConstraint("job", "planned_at", name="uq_job_runs_job_planned_at"),
    )
    op.create_index("ix_job_runs_planned_at_id", "job_runs", ["planned_at", "id"])
    op.create_index(
        "ix_job_runs_going",
        "job_runs",
        ["job", "planned_at"],
        sqlite_where=_GOING,
        postgresql_where=_GOING,
    )


def downgrade() -> None:
    """What ran by the clock is forgotten; frames and findings of those runs stay."""
    op.drop_table("job_runs")
    op.drop_table("jobs")
    with op.batch_alter_table("plants") as plants:
        plants.drop_column("shifts")


def _name(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(200), nullable=nullable)


def _time(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
