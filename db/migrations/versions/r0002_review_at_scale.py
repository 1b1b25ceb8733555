"""Findings that are asked without a join, kept counts, batches of reviews, models in use.

Revision r0002, after r0001.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "r0002"
down_revision: str | None = "r0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_WAITING = sa.text("state IN ('new', 'second_look')")
_PLACED = ["state", "place_x", "place_y", "line_id", "camera_id"]
_NOTED = sa.text("note IS NOT NULL")
_WAITING_INDEXES = {
    "ix_findings_waiting": ["urgency", "id"],
    "ix_findings_waiting_of_line": ["line_id", "urgency", "id"],
    "ix_findings_waiting_of_part": ["part", "urgency", "id"],
    "ix_findings_waiting_newest": ["taken_at", "id"],
}
_TIME_INDEXES = {
    "ix_findings_taken_at_id": ["taken_at", "id"],
    "ix_findings_line_id_taken_at_id": ["line_id", "taken_at", "id"],
    "ix_findings_part_taken_at_id": ["part", "taken_at", "id"],
    "ix_findings_camera_id_taken_at_id": ["camera_id", "taken_at", "id"],
    "ix_findings_urgency_id": ["urgency", "id"],
    "ix_findings_descriptor_space_descriptor_code_id": [
        "descriptor_space",
        "descriptor_code",
        "id",
    ],
}
_WORDS = {
    "outcome": ("passed", "failed", "unfit"),
    "verdict": ("confirmed", "rejected", "unsure"),
    "severity": ("minor", "major", "critical"),
    "state": ("new", "confirmed", "false_alarm", "second_look"),
}
_KEYS_OF_FRAMES = ("serial", "content_sha256")


def upgrade() -> None:
    _create_catalogue()
    _widen_findings()
    _widen_reviews()
    _create_tallies()
    _fill()


def downgrade() -> None:
    for column in _KEYS_OF_FRAMES:
        op.drop_index(f"ix_frames_{column}", "frames")
    op.drop_index("ix_frames_compared", "frames")
    op.drop_column("frames", "is_compared")
    for table in (
        "place_months",
        "finding_months",
        "finding_days",
        "inspection_days",
        "finding_tallies",
        "inspection_tallies",
        "activations",
        "cameras",
        "parts",
        "lines",
        "plants",
    ):
        op.drop_table(table)
    for name in (*_WAITING_INDEXES, *_TIME_INDEXES):
        op.drop_index(name, "findings")
    for column in reversed(_finding_columns()):
        op.drop_column("findings", column.name)
    op.create_index("ix_findings_verdict_id", "findings", ["verdict", "id"])
    op.create_index("ix_findings_state_id", "findings", ["state", "id"])
    op.drop_index("ix_inspections_model_id_frame_id", "inspections")
    op.create_index("ix_inspections_model_id", "inspections", ["model_id"])
    for name in ("finding_id_id", "reviewed_at_id", "batch_id", "noted"):
        op.drop_index(f"ix_reviews_{name}", "reviews")
    op.drop_column("reviews", "batch_id")
    op.drop_column("reviews", "undoes_id")
    op.create_index("ix_reviews_finding_id", "reviews", ["finding_id"])


def _create_catalogue() -> None:
    for column in _KEYS_OF_FRAMES:
        op.create_index(f"ix_frames_{column}", "frames", [column])
    _mark_compared()
    op.create_table(
        "plants",
        _name("plant"),
        _name("timezone"),
        _time("seen_at"),
        sa.PrimaryKeyConstraint("plant", name="pk_plants"),
    )
    op.create_table(
        "lines",
        _name("line_id"),
        sa.Column("plant", sa.String(200)),
        sa.ForeignKeyConstraint(["plant"], ["plants.plant"], name="fk_lines_plant_plants"),
        sa.PrimaryKeyConstraint("line_id", name="pk_lines"),
    )
    op.create_table(
        "cameras",
        _name("camera_id"),
        _name("line_id"),
        sa.ForeignKeyConstraint(["line_id"], ["lines.line_id"], name="fk_cameras_line_id_lines"),
        sa.PrimaryKeyConstraint("camera_id", name="pk_cameras"),
    )
    op.create_table(
        "parts",
        _name("part"),
        sa.Column("mm_per_px", sa.Float(53)),
        sa.Column("false_alarms", sa.Float(53)),
        sa.PrimaryKeyConstraint("part", name="pk_parts"),
    )
    op.create_table(
        "activations",
        _key("id"),
        _name("part"),
        sa.Column("model_id", sa.String(64), nullable=False),
        _time("active_from"),
        sa.Column("active_to", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "active_to IS NULL OR active_from <= active_to", name=op.f("ck_activations_period")
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.model_id"], name="fk_activations_model_id_models"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_activations"),
    )
    op.create_index("ix_activations_part_active_from", "activations", ["part", "active_from"])
    in_use = sa.text("active_to IS NULL")
    op.create_index(
        "uq_activations_part_in_use",
        "activations",
        ["part"],
        unique=True,
        sqlite_where=in_use,
        postgresql_where=in_use,
    )


def _mark_compared() -> None:
    """The frames that several models have inspected."""
    op.add_column(
        "frames", sa.Column("is_compared", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("frames", "is_compared", server_default=None)
    op.execute(
        "UPDATE frames SET is_compared = TRUE WHERE id IN (SELECT frame_id FROM inspections "
        "GROUP BY frame_id HAVING COUNT(DISTINCT model_id) > 1)"
    )
    compared = sa.text("is_compared")
    op.create_index(
        "ix_frames_compared",
        "frames",
        ["part", "taken_at", "id"],
        sqlite_where=compared,
        postgresql_where=compared,
    )


def _widen_findings() -> None:
    """Both databases add a column that may not be empty only with something to fill it."""
    for column in _finding_columns():
        op.add_column("findings", column)
    op.execute(
        "UPDATE findings SET "
        + ", ".join(
            f"{column} = (SELECT {value} FROM inspections i JOIN frames f ON f.id = i.frame_id "
            "WHERE i.id = findings.inspection_id)"
            for column, value in (
                ("part", "f.part"),
                ("line_id", "f.line_id"),
                ("camera_id", "f.camera_id"),
                ("taken_at", "f.taken_at"),
                ("place_x", "(x0 + x1) / 2.0 / COALESCE(f.width_px, x1)"),
                ("place_y", "(y0 + y1) / 2.0 / COALESCE(f.height_px, y1)"),
                ("web_mm", "f.web_position_mm + centre_y_mm"),
            )
        )
        + ", urgency = findings.score + CASE WHEN verdict = 'rejected' THEN 0.0 ELSE 1.0 "
        "+ CASE severity WHEN 'critical' THEN 4.0 WHEN 'major' THEN 2.0 ELSE 0.0 END "
        "+ CASE verdict WHEN 'confirmed' THEN 1.0 ELSE 0.0 END END, "
        "version = 1 + (SELECT COUNT(*) FROM reviews r WHERE r.finding_id = findings.id)"
    )
    if op.get_bind().dialect.name == "postgresql":
        for column in _finding_columns():
            if column.server_default is not None:
                op.alter_column("findings", column.name, server_default=None)
    op.drop_index("ix_findings_verdict_id", "findings")
    op.drop_index("ix_inspections_model_id", "inspections")
    op.create_index("ix_inspections_model_id_frame_id", "inspections", ["model_id", "frame_id"])
    op.drop_index("ix_findings_state_id", "findings")
    for name, columns in _TIME_INDEXES.items():
        placed = _PLACED if name == "ix_findings_part_taken_at_id" else None
        op.create_index(name, "findings", columns, postgresql_include=placed)
    for name, columns in _WAITING_INDEXES.items():
        op.create_index(name, "findings", columns, sqlite_where=_WAITING, postgresql_where=_WAITING)


def _widen_reviews() -> None:
    op.add_column("reviews", sa.Column("batch_id", sa.String(32)))
    op.add_column("reviews", sa.Column("undoes_id", _KEY))
    op.drop_index("ix_reviews_finding_id", "reviews")
    op.create_index("ix_reviews_finding_id_id", "reviews", ["finding_id", "id"])
    op.create_index("ix_reviews_reviewed_at_id", "reviews", ["reviewed_at", "id"])
    op.create_index("ix_reviews_batch_id", "reviews", ["batch_id"])
    op.create_index(
        "ix_reviews_noted", "reviews", ["finding_id"], sqlite_where=_NOTED, postgresql_where=_NOTED
    )


def _create_tallies() -> None:
    inspections = ("model_id", "outcome")
    findings = ("kind", "verdict", "severity", "state")
    for table, sorts, count in (
        ("inspection_tallies", inspections, "inspections"),
        ("inspection_days", inspections, "inspections"),
        ("finding_tallies", findings, "findings"),
        ("finding_days", findings, "findings"),
        ("finding_months", findings, "findings"),
        ("place_months", ("state", "cell_x", "cell_y"), "findings"),
    ):
        op.create_table(
            table,
            _time("slot_at"),
            *(_name(column) for column in ("line_id", "camera_id", "part")),
            *(_sort(column) for column in sorts),
            sa.Column(count, sa.BigInteger(), nullable=False),
            sa.PrimaryKeyConstraint(
                "slot_at", "line_id", "camera_id", "part", *sorts, name=f"pk_{table}"
            ),
        )
        for column in ("line_id", "part"):
            op.create_index(f"ix_{table}_{column}_slot_at", table, [column, "slot_at"])


def _sort(name: str) -> sa.Column[Any]:
    if name == "model_id":
        return sa.Column(name, sa.String(64), nullable=False)
    if name in ("cell_x", "cell_y"):
        return sa.Column(name, sa.SmallInteger(), nullable=False, autoincrement=False)
    return _word(name, *_WORDS[name]) if name in _WORDS else _name(name)


def _fill() -> None:
    """Counts what is there; the model that inspected last is the one in use."""
    op.execute("INSERT INTO lines (line_id) SELECT DISTINCT line_id FROM frames")
    op.execute("INSERT INTO parts (part) SELECT DISTINCT part FROM frames")
    op.execute(
        "INSERT INTO cameras (camera_id, line_id) "
        "SELECT camera_id, line_id FROM (SELECT camera_id, line_id, ROW_NUMBER() OVER "
        "(PARTITION BY camera_id ORDER BY taken_at DESC, id DESC) AS place FROM frames) AS stood "
        "WHERE place = 1"
    )
    op.execute(
        "INSERT INTO activations (part, model_id, active_from) "
        "SELECT m.part, m.model_id, MIN(i.inspected_at) "
        "FROM models m JOIN inspections i ON i.model_id = m.model_id "
        "WHERE m.model_id = (SELECT i2.model_id FROM inspections i2 "
        "JOIN models m2 ON m2.model_id = i2.model_id WHERE m2.part = m.part "
        "ORDER BY i2.inspected_at DESC, i2.id DESC LIMIT 1) "
        "GROUP BY m.part, m.model_id"
    )
    quarter, hour = _slot("f.taken_at", 900), _slot("taken_at", 3600)
    op.execute(
        "INSERT INTO inspection_tallies (slot_at, line_id, camera_id, part, model_id, outcome, "
        f"inspections) SELECT {quarter}, f.line_id, f.camera_id, f.part, i.model_id, i.outcome, "
        "COUNT(*) FROM inspections i JOIN frames f ON f.id = i.frame_id GROUP BY 1, 2, 3, 4, 5, 6"
    )
    op.execute(
        "INSERT INTO finding_tallies (slot_at, line_id, camera_id, part, kind, verdict, severity, "
        f"state, findings) SELECT {hour}, line_id, camera_id, part, COALESCE(kind, ''), verdict, "
        "severity, state, COUNT(*) FROM findings GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
    )
    _fill_long_slots()


def _fill_long_slots() -> None:
    """No plant is known yet, so that its days are those of UTC."""
    inspections = "line_id, camera_id, part, model_id, outcome"
    findings = "line_id, camera_id, part, kind, verdict, severity, state"
    for table, source, sorts, count, unit in (
        ("inspection_days", "inspection_tallies", inspections, "inspections", "day"),
        ("finding_days", "finding_tallies", findings, "findings", "day"),
        ("finding_months", "finding_tallies", findings, "findings", "month"),
    ):
        op.execute(
            f"INSERT INTO {table} (slot_at, {sorts}, {count}) SELECT {_begin('slot_at', unit)}, "
            f"{sorts}, SUM({count}) FROM {source} GROUP BY {_begin('slot_at', unit)}, {sorts}"
        )
    cell_x, cell_y = (_cell(f"place_{axis}") for axis in "xy")
    op.execute(
        "INSERT INTO place_months (slot_at, line_id, camera_id, part, state, cell_x, cell_y, "
        f"findings) SELECT {_begin('taken_at', 'month')}, line_id, camera_id, part, state, "
        f"{cell_x}, {cell_y}, COUNT(*) FROM findings GROUP BY 1, 2, 3, 4, 5, 6, 7"
    )


def _slot(column: str, seconds: int) -> str:
    """The beginning of a time's slot, as each database stores times."""
    if op.get_bind().dialect.name == "postgresql":
        return f"date_bin('{seconds} seconds', {column}, TIMESTAMPTZ '1970-01-01 00:00:00+00')"
    whole_seconds = f"substr({column}, 1, 19)"  # strftime rounds 59.9996 s up to the next minute
    start = f"(CAST(strftime('%s', {whole_seconds}) AS INTEGER) / {seconds}) * {seconds}"
    return f"strftime('%Y-%m-%d %H:%M:%S.000000', {start}, 'unixepoch')"


def _begin(column: str, unit: str) -> str:
    """The beginning of a time's day or month of UTC."""
    if op.get_bind().dialect.name == "postgresql":
        return f"date_trunc('{unit}', {column}, 'UTC')"
    day = "%d" if unit == "day" else "01"
    return f"strftime('%Y-%m-{day} 00:00:00.000000', substr({column}, 1, 19))"


def _cell(place: str) -> str:
    """Of 24 over the frame's side; the far edge belongs to the last one."""
    if op.get_bind().dialect.name == "postgresql":
        return f"LEAST(FLOOR({place} * 24), 23)::smallint"
    return f"MIN(CAST({place} * 24 AS INTEGER), 23)"


_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _finding_columns() -> list[sa.Column[Any]]:
    return [
        *(sa.Column(name, sa.String(200), nullable=False, server_default="") for name in _NAMES),
        sa.Column(
            "taken_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default="1970-01-01 00:00:00",
        ),
        *(
            sa.Column(name, sa.Float(53), nullable=False, server_default="0")
            for name in ("place_x", "place_y", "urgency")
        ),
        sa.Column("web_mm", sa.Float(53)),
        sa.Column("descriptor", sa.LargeBinary()),
        sa.Column("descriptor_space", sa.String(64)),
        sa.Column("descriptor_code", sa.SmallInteger()),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
    ]


_NAMES = ("part", "line_id", "camera_id")


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, _KEY, nullable=False)


def _name(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(200), nullable=False)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _word(name: str, *words: str) -> sa.Column[str]:
    """The CHECK gets its name, ck_<table>_<column>, from the naming convention."""
    kind = sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=16)
    return sa.Column(name, kind, nullable=False)
