"""More reasons why a frame cannot be inspected: blurred, no part, misplaced, frozen.

Revision r0012, after r0011.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "r0012"
down_revision: str | None = "r0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_CHECK = "ck_inspections_unfit_reason"
_OLD = ("unreadable", "wrong_size", "dark", "saturated", "blank")
_NEW = ("blurred", "no_part", "misplaced", "frozen")


def upgrade() -> None:
    _allow((*_OLD, *_NEW))


def downgrade() -> None:
    """What the older program has no word for becomes `blank`; the detail keeps what was said."""
    inspections = sa.table("inspections", sa.column("unfit_reason", sa.String))
    op.execute(
        sa.update(inspections)
        .where(inspections.c.unfit_reason.in_(_NEW))
        .values(unfit_reason="blank")
    )
    _allow(_OLD)


def _allow(words: Sequence[str]) -> None:
    allowed = ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table("inspections") as inspections:
        inspections.drop_constraint(op.f(_CHECK), type_="check")
        inspections.create_check_constraint(op.f(_CHECK), f"unfit_reason IN ({allowed})")
