"""Who signs in through an identity provider is known by issuer and subject, not by subject alone.

Revision r0006, after r0005. On the way back the subject's column holds both with a space between
them; up again they part. A subject without a space never had an issuer: nobody signs in with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "r0006"
down_revision: str | None = "r0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_OLD_LENGTH, _LENGTH = 200, 255  # OpenID Connect allows a subject 255 characters

_users = sa.table(
    "users",
    sa.column("id", sa.BigInteger),
    sa.column("oidc_issuer", sa.String),
    sa.column("oidc_subject", sa.String),
)


def upgrade() -> None:
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("oidc_issuer", sa.String(200)))
        users.drop_constraint("uq_users_oidc_subject", type_="unique")
        users.alter_column(
            "oidc_subject", existing_type=sa.String(_OLD_LENGTH), type_=sa.String(_LENGTH)
        )
    _rewrite(_parted)
    with op.batch_alter_table("users") as users:
        users.create_unique_constraint(
            "uq_users_oidc_issuer_oidc_subject", ["oidc_issuer", "oidc_subject"]
        )
        users.create_check_constraint(
            op.f("ck_users_identity_is_whole"),
            "(oidc_issuer IS NULL) = (oidc_subject IS NULL)",
        )


def downgrade() -> None:
    with op.batch_alter_table("users") as users:
        users.drop_constraint("uq_users_oidc_issuer_oidc_subject", type_="unique")
        users.drop_constraint(op.f("ck_users_identity_is_whole"), type_="check")
    _rewrite(_joined)
    with op.batch_alter_table("users") as users:
        users.drop_column("oidc_issuer")
        users.alter_column(
            "oidc_subject", existing_type=sa.String(_LENGTH), type_=sa.String(_OLD_LENGTH)
        )
        users.create_unique_constraint("uq_users_oidc_subject", ["oidc_subject"])


def _rewrite(change: Callable[[int, str | None, str], tuple[str | None, str]]) -> None:
    """Gives every linked account the issuer and the subject that `change` makes of its own."""
    chosen = sa.select(_users).where(_users.c.oidc_subject.is_not(None))
    for user_id, issuer, subject in op.get_bind().execute(chosen).all():
        new_issuer, new_subject = change(user_id, issuer, subject)
        this = sa.update(_users).where(_users.c.id == user_id)
        op.execute(this.values(oidc_issuer=new_issuer, oidc_subject=new_subject))


def _parted(_user_id: int, _issuer: str | None, both: str) -> tuple[str, str]:
    issuer, space, subject = both.partition(" ")
    return (issuer, subject) if space else ("", both)


def _joined(user_id: int, issuer: str | None, subject: str) -> tuple[None, str]:
    """What does not fit into the old column loses its link; the account stays."""
    both = f"{issuer} {subject}" if issuer else subject
    return None, both if len(both) <= _OLD_LENGTH else f"account-{user_id}"
