"""Models, frames, inspections, findings and the audit trail of reviews.

Revision r0001, the first.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "r0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_STATES = ("new", "confirmed", "false_alarm", "second_look")


def upgrade() -> None:
    _create_models()
    _create_frames()
    _create_inspections()
    _create_findings()
    _create_reviews()
    _make_reviews_append_only()


def downgrade() -> None:
    for table in ("reviews", "findings", "inspections", "frames", "models"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION reviews_append_only()")


def _create_models() -> None:
    op.create_table(
        "models",
        sa.Column("model_id", sa.String(64), nullable=False),
        sa.Column("part", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        _time("created_at"),
        _json("card"),
        sa.PrimaryKeyConstraint("model_id", name="pk_models"),
    )


def _create_frames() -> None:
    op.create_table(
        "frames",
        _key("id"),
        sa.Column("line_id", sa.String(200), nullable=False),
        sa.Column("camera_id", sa.String(200), nullable=False),
        sa.Column("part", sa.String(200), nullable=False),
        _time("taken_at"),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("serial", sa.String(200)),
        sa.Column("web_position_mm", sa.Float(53)),
        sa.Column("width_px", sa.Integer()),
        sa.Column("height_px", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_frames"),
        sa.UniqueConstraint(
            "camera_id",
            "taken_at",
            "content_sha256",
            name="uq_frames_camera_id_taken_at_content_sha256",
        ),
    )
    op.create_index("ix_frames_line_id_taken_at", "frames", ["line_id", "taken_at"])
    op.create_index("ix_frames_part_taken_at", "frames", ["part", "taken_at"])


def _create_inspections() -> None:
    op.create_table(
        "inspections",
        _key("id"),
        _key("frame_id"),
        sa.Column("model_id", sa.String(64), nullable=False),
        sa.Column("config_id", sa.String(64), nullable=False),
        _word("outcome", "passed", "failed", "unfit"),
        _word(
            "unfit_reason", "unreadable", "wrong_size", "dark", "saturated", "blank", nullable=True
        ),
        sa.Column("unfit_detail", sa.Text()),
        sa.Column("raw_score", sa.Float(53)),
        sa.Column("score", sa.Float(53)),
        sa.Column("p_value", sa.Float(53)),
        _time("inspected_at"),
        _json("timings_s"),
        *(sa.Column(f"{what}_name", sa.String(100)) for what in _PICTURES),
        sa.CheckConstraint(
            "(outcome = 'unfit') = (unfit_reason IS NOT NULL)",
            name=op.f("ck_inspections_unfit_has_reason"),
        ),
        sa.CheckConstraint(
            "outcome = 'unfit' OR raw_score IS NOT NULL",
            name=op.f("ck_inspections_fit_has_score"),
        ),
        sa.ForeignKeyConstraint(["frame_id"], ["frames.id"], name="fk_inspections_frame_id_frames"),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.model_id"], name="fk_inspections_model_id_models"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_inspections"),
        sa.UniqueConstraint(
            "frame_id", "model_id", "config_id", name="uq_inspections_frame_id_model_id_config_id"
        ),
    )
    op.create_index("ix_inspections_model_id", "inspections", ["model_id"])


def _create_findings() -> None:
    op.create_table(
        "findings",
        _key("id"),
        _key("inspection_id"),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("number", *_BOX)),
        sa.Column("mask", sa.LargeBinary(), nullable=False),
        sa.Column("area_px", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Float(53), nullable=False) for name in _MEASURES),
        _word("verdict", "confirmed", "rejected", "unsure"),
        _word("severity", "minor", "major", "critical"),
        sa.Column("kind", sa.String(200)),
        *(sa.Column(f"{what}_name", sa.String(100), nullable=False) for what in _PICTURES),
        *(sa.Column(f"evidence_{edge}", sa.Integer(), nullable=False) for edge in _BOX),
        _word("state", *_STATES),
        _time("created_at"),
        sa.CheckConstraint(
            "0 <= x0 AND x0 < x1 AND 0 <= y0 AND y0 < y1", name=op.f("ck_findings_box")
        ),
        sa.CheckConstraint("p_value BETWEEN 0 AND 1", name=op.f("ck_findings_p_value")),
        sa.CheckConstraint("explained BETWEEN 0 AND 1", name=op.f("ck_findings_explained")),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspections.id"], name="fk_findings_inspection_id_inspections"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_findings"),
        sa.UniqueConstraint("inspection_id", "number", name="uq_findings_inspection_id_number"),
    )
    op.create_index("ix_findings_verdict_id", "findings", ["verdict", "id"])
    op.create_index("ix_findings_state_id", "findings", ["state", "id"])


def _create_reviews() -> None:
    op.create_table(
        "reviews",
        _key("id"),
        _key("finding_id"),
        sa.Column("reviewer", sa.String(200), nullable=False),
        _time("reviewed_at"),
        _word("state_before", *_STATES),
        _word("state_after", *_STATES),
        sa.Column("note", sa.Text()),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["findings.id"], name="fk_reviews_finding_id_findings"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reviews"),
    )
    op.create_index("ix_reviews_finding_id", "reviews", ["finding_id"])


def _make_reviews_append_only() -> None:
    """SQLite and PostgreSQL refuse to change or delete a review, whoever asks."""
    dialect = op.get_bind().dialect.name
    if dialect == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER reviews_no_{verb.lower()} BEFORE {verb} ON reviews "
                "BEGIN SELECT RAISE(ABORT, 'reviews are append-only'); END"
            )
    elif dialect == "postgresql":
        op.execute(
            "CREATE FUNCTION reviews_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'reviews are append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER reviews_append_only BEFORE UPDATE OR DELETE ON reviews "
            "FOR EACH ROW EXECUTE FUNCTION reviews_append_only()"
        )


_BOX = ("x0", "y0", "x1", "y1")
_PICTURES = ("observed", "golden", "restored", "heat")
_MEASURES = (
    "area_mm2",
    "centre_x_mm",
    "centre_y_mm",
    "peak",
    "mean",
    "score",
    "p_value",
    "explained",
)


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False)


def _word(name: str, *words: str, nullable: bool = False) -> sa.Column[str]:
    """The CHECK gets its name, ck_<table>_<column>, from the naming convention."""
    kind = sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=16)
    return sa.Column(name, kind, nullable=nullable)
