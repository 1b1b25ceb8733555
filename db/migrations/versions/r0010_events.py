"""Events: what happened to the line, its cameras, its frames and the program.

Revision r0010, after r0009.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "r0010"
down_revision: str | None = "r0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KINDS = (
    "started",
    "stopped",
    "camera_lost",
    "camera_back",
    "camera_ended",
    "gap",
    "shed",
    "spool_full",
    "spool_free",
    "disk_full",
    "quarantined",
    "process_ended",
    "process_hung",
    "database_away",
    "database_back",
    "unfit_share",
    "input_health",
    "job_failed",
    "job_missed",
)


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _word("kind", *_KINDS),
        _word("severity", "minor", "major", "critical"),
        sa.Column("line_id", sa.String(200)),
        sa.Column("camera_id", sa.String(200)),
        sa.Column("part", sa.String(200)),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("key", name="uq_events_key"),
    )
    op.create_index("ix_events_at_id", "events", ["at", "id"])
    op.create_index("ix_events_kind_at_id", "events", ["kind", "at", "id"])
    op.create_index("ix_events_camera_id_kind_at_id", "events", ["camera_id", "kind", "at", "id"])


def downgrade() -> None:
    op.drop_table("events")


def _word(name: str, *words: str) -> sa.Column[str]:
    """The CHECK gets its name, ck_<table>_<column>, from the naming convention."""
    kind = sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=16)
    return sa.Column(name, kind, nullable=False)
