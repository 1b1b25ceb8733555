"""A defect that several frames of a web show is one finding.

Revision r0011, after r0010.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "r0011"
down_revision: str | None = "r0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ON_WEB = sa.text("web_position_mm IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "joined_regions",
        sa.Column("inspection_id", _KEY, nullable=False, autoincrement=False),
        _whole("number"),
        sa.Column("finding_id", _KEY, nullable=False),
        sa.Column("first_line", sa.BigInteger(), nullable=False),
        *(_whole(name) for name in ("x0", "y0", "x1", "y1")),
        sa.Column("mask", sa.LargeBinary(), nullable=False),
        _whole("area_px"),
        *(_float(name) for name in ("area_mm2", "peak", "score", "p_value")),
        _word("verdict", "confirmed", "rejected", "unsure"),
        _word("severity", "minor", "major", "critical"),
        sa.Column("kind", sa.String(200), nullable=True),
        sa.CheckConstraint(
            "0 <= x0 AND x0 < x1 AND 0 <= y0 AND y0 < y1", name=op.f("ck_joined_regions_box")
        ),
        sa.CheckConstraint("p_value BETWEEN 0 AND 1", name=op.f("ck_joined_regions_p_value")),
        sa.ForeignKeyConstraint(
            ["inspection_id"],
            ["inspections.id"],
            name="fk_joined_regions_inspection_id_inspections",
        ),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["findings.id"], name="fk_joined_regions_finding_id_findings"
        ),
        sa.PrimaryKeyConstraint("inspection_id", "number", name="pk_joined_regions"),
    )
    op.create_index("ix_joined_regions_finding_id", "joined_regions", ["finding_id"])
    op.create_index(
        "ix_frames_on_web",
        "frames",
        ["camera_id", "serial", "web_position_mm"],
        sqlite_where=_ON_WEB,
        postgresql_where=_ON_WEB,
    )


def downgrade() -> None:
    op.drop_index("ix_frames_on_web", "frames")
    op.drop_table("joined_regions")


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _float(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Float(53), nullable=False)


def _word(name: str, *words: str) -> sa.Column[str]:
    kind = sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=16)
    return sa.Column(name, kind, nullable=False)
