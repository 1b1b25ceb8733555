"""That somebody acknowledged an alert is told, where it was told that it is open.

Revision r0017, after r0016.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "r0017"
down_revision: str | None = "r0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BEFORE = ("opened", "again", "escalated", "ended")
_NOW = ("opened", "again", "escalated", "acknowledged", "ended")


def upgrade() -> None:
    _allow(_NOW)


def downgrade() -> None:
    """What an older program cannot say is not kept."""
    deliveries = sa.table("alert_deliveries", sa.column("about"))
    op.execute(sa.delete(deliveries).where(deliveries.c.about == "acknowledged"))
    _allow(_BEFORE)


def _allow(about: Sequence[str]) -> None:
    name = op.f("ck_alert_deliveries_about")
    with op.batch_alter_table("alert_deliveries") as table:
        table.drop_constraint(name, type_="check")
    with op.batch_alter_table("alert_deliveries") as table:
        table.create_check_constraint(name, sa.column("about").in_(about))
