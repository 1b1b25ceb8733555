"""How the pictures of cameras were, and what the rules that watch over them remember.

Revision r0014, after r0013.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "r0014"
down_revision: str | None = "r0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COUNTS = ("frames", "unfit", "measured", "passed")
_FIGURES = ("brightness", "contrast", "focus", "shading", "darkest_spot", "clipped", "score")


def upgrade() -> None:
    json = sa.JSON().with_variant(JSONB(), "postgresql")
    sums = [name for figure in _FIGURES for name in (figure, f"{figure}_squares")]
    op.create_table(
        "camera_figures",
        sa.Column("camera_id", sa.String(200), nullable=False),
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("slot_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("line_id", sa.String(200), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        *(sa.Column(name, sa.Float(53), nullable=False) for name in sums),
        sa.PrimaryKeyConstraint("camera_id", "part", "slot_at", name="pk_camera_figures"),
    )
    op.create_index("ix_camera_figures_slot_at", "camera_figures", ["slot_at"])
    op.create_table(
        "camera_watches",
        sa.Column("camera_id", sa.String(200), nullable=False),
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("line_id", sa.String(200), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remembered", json, nullable=False),
        sa.Column("summary", json, nullable=False),
        sa.PrimaryKeyConstraint("camera_id", "part", name="pk_camera_watches"),
    )


def downgrade() -> None:
    op.drop_table("camera_watches")
    op.drop_table("camera_figures")
