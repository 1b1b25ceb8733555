"""Reports: which were made, and the files that hold them.

Revision r0016, after r0015.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "r0016"
down_revision: str | None = "r0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KINDS = ("shift", "day", "week", "lot", "alert", "roi")


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*_KINDS, name="kind", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("scope", sa.String(200), nullable=False),
        sa.Column("period", sa.String(200), nullable=False),
        sa.Column("language", sa.String(200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("files", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        sa.UniqueConstraint(
            "kind", "scope", "period", "language", name="uq_reports_kind_scope_period_language"
        ),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_reports_revision")),
        sa.CheckConstraint("from_at <= to_at", name=op.f("ck_reports_period")),
    )
    op.create_index("ix_reports_created_at_id", "reports", ["created_at", "id"])


def downgrade() -> None:
    """The files stay where they are; nothing names them any more."""
    op.drop_table("reports")
