"""What searches read lies together: likeness and the worst of a line in indexes, notes in a table.

Revision r0009, after r0008.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "r0009"
down_revision: str | None = "r0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NOTED = sa.text("note IS NOT NULL")
_CODES = "ix_findings_descriptor_space_descriptor_code_id"
_SPACE_CODE = ["descriptor_space", "descriptor_code", "id"]
_STANDING = "st_findings_standing"
_WORST_OF = ("line_id", "part")
_ROWS_AT_ONCE = 1000


def upgrade() -> None:
    op.create_index("ix_findings_likeness", "findings", [*_SPACE_CODE, "descriptor"])
    op.drop_index(_CODES, "findings")
    for place in _WORST_OF:
        op.create_index(f"ix_findings_{place}_urgency_id", "findings", [place, "urgency", "id"])
    folded_notes = op.create_table(
        "folded_notes",
        sa.Column("review_id", _KEY, nullable=False, autoincrement=False),
        sa.Column("finding_id", _KEY, nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name="fk_folded_notes_review_id_reviews"
        ),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["findings.id"], name="fk_folded_notes_finding_id_findings"
        ),
        sa.PrimaryKeyConstraint("review_id", name="pk_folded_notes"),
    )
    noted = sa.text("SELECT id, finding_id, note FROM reviews WHERE note IS NOT NULL ORDER BY id")
    said = op.get_bind().execute(noted, execution_options={"yield_per": _ROWS_AT_ONCE})
    for some in said.partitions():
        rows = [{"review_id": i, "finding_id": f, "folded": _folded(note)} for i, f, note in some]
        op.bulk_insert(folded_notes, rows)
    op.create_index("ix_folded_notes_finding_id", "folded_notes", ["finding_id"])
    op.drop_index("ix_reviews_noted", "reviews")
    if op.get_bind().dialect.name == "postgresql":
        # A camera stands at one line and sees one part: taken for chance, plans read millions.
        op.execute(f"CREATE STATISTICS {_STANDING} ON part, line_id, camera_id FROM findings")
        op.execute("ANALYZE findings")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP STATISTICS {_STANDING}")
    op.create_index(
        "ix_reviews_noted", "reviews", ["finding_id"], sqlite_where=_NOTED, postgresql_where=_NOTED
    )
    op.drop_table("folded_notes")
    for place in _WORST_OF:
        op.drop_index(f"ix_findings_{place}_urgency_id", "findings")
    op.create_index(_CODES, "findings", _SPACE_CODE)
    op.drop_index("ix_findings_likeness", "findings")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
