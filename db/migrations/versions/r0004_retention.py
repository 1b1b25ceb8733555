"""A finding may outlive its pictures: their names may be empty.

Revision r0004, after r0003.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "r0004"
down_revision: str | None = "r0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_NAMES = ("observed_name", "golden_name", "restored_name", "heat_name")
_PICTURE_WITHOUT_BYTES = (  # what older programs read where a picture was removed: a missing file
    "e3/b0/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.png"
)


def upgrade() -> None:
    for name in _NAMES:
        if op.get_bind().dialect.name == "postgresql":
            op.alter_column("findings", name, nullable=True)
        else:
            _copy_column(name, sa.Column(f"{name}_or_none", sa.String(100)))
        op.execute(f"UPDATE findings SET {name} = NULL WHERE {name} = '{_PICTURE_WITHOUT_BYTES}'")


def downgrade() -> None:
    for name in _NAMES:
        op.execute(f"UPDATE findings SET {name} = '{_PICTURE_WITHOUT_BYTES}' WHERE {name} IS NULL")
        if op.get_bind().dialect.name == "postgresql":
            op.alter_column("findings", name, nullable=False)
        else:
            filled = sa.Column(f"{name}_always", sa.String(100), nullable=False, server_default="")
            _copy_column(name, filled)


def _copy_column(name: str, column: sa.Column[str]) -> None:
    """SQLite cannot change a column: another one takes its place and its name."""
    op.add_column("findings", column)
    op.execute(f"UPDATE findings SET {column.name} = {name}")
    op.drop_column("findings", name)
    op.alter_column("findings", column.name, new_column_name=name)
