"""Accounts, tokens, browsers' sessions and saved queries; audits of frames and the good set.

Revision r0003, after r0002.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "r0003"
down_revision: str | None = "r0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ROLES = ("viewer", "reviewer", "engineer", "admin")


def upgrade() -> None:
    _create_users()
    _create_keys_of_users()
    _create_saved_queries()
    _create_audits()
    _create_good_frames()


def downgrade() -> None:
    tables = ("good_frames", "audits", "saved_queries", "browser_sessions", "tokens", "users")
    for table in tables:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audits_append_only()")


def _create_users() -> None:
    op.create_table(
        "users",
        _key("id"),
        _name("name"),
        _name("full_name"),
        _word("role", *_ROLES),
        sa.Column("password_hash", sa.Text()),
        sa.Column("oidc_subject", sa.String(200)),
        _time("created_at"),
        _time("disabled_at", nullable=True),
        sa.CheckConstraint("name = lower(name) AND name <> ''", name=op.f("ck_users_name")),
        sa.CheckConstraint(
            "password_hash IS NOT NULL OR oidc_subject IS NOT NULL",
            name=op.f("ck_users_can_sign_in"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
        sa.UniqueConstraint("oidc_subject", name="uq_users_oidc_subject"),
    )


def _create_keys_of_users() -> None:
    op.create_table(
        "tokens",
        _key("id"),
        _key("user_id"),
        _name("name"),
        sa.Column("token_sha256", sa.String(64), nullable=False),
        _word("role", *_ROLES),
        _time("created_at"),
        _time("expires_at"),
        _time("revoked_at", nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tokens_user_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("token_sha256", name="uq_tokens_token_sha256"),
    )
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"])
    op.create_table(
        "browser_sessions",
        sa.Column("session_sha256", sa.String(64), nullable=False),
        _key("user_id"),
        sa.Column("csrf_token", sa.String(64), nullable=False),
        _time("created_at"),
        _time("seen_at"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_browser_sessions_user_id_users"
        ),
        sa.PrimaryKeyConstraint("session_sha256", name="pk_browser_sessions"),
    )
    op.create_index("ix_browser_sessions_user_id", "browser_sessions", ["user_id"])


def _create_saved_queries() -> None:
    op.create_table(
        "saved_queries",
        _key("id"),
        _name("owner"),
        _name("name"),
        _name("question"),
        sa.Column("parameters", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        _time("saved_at"),
        sa.PrimaryKeyConstraint("id", name="pk_saved_queries"),
        sa.UniqueConstraint("owner", "name", name="uq_saved_queries_owner_name"),
    )


def _create_audits() -> None:
    op.create_table(
        "audits",
        _key("id"),
        _key("frame_id"),
        _name("auditor"),
        _time("audited_at"),
        _word("judgement", "good", "defective"),
        sa.Column("note", sa.Text()),
        sa.ForeignKeyConstraint(["frame_id"], ["frames.id"], name="fk_audits_frame_id_frames"),
        sa.PrimaryKeyConstraint("id", name="pk_audits"),
    )
    op.create_index("ix_audits_frame_id_id", "audits", ["frame_id", "id"])
    op.create_index("ix_audits_audited_at_id", "audits", ["audited_at", "id"])
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audits_no_{verb.lower()} BEFORE {verb} ON audits "
                "BEGIN SELECT RAISE(ABORT, 'audits are append-only'); END"
            )
    else:
        op.execute(
            "CREATE FUNCTION audits_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'audits are append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audits_append_only BEFORE UPDATE OR DELETE ON audits "
            "FOR EACH ROW EXECUTE FUNCTION audits_append_only()"
        )


def _create_good_frames() -> None:
    op.create_table(
        "good_frames",
        _key("id"),
        _key("frame_id"),
        _name("part"),
        sa.Column("picture_name", sa.String(100), nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        _name("added_by"),
        _time("added_at"),
        sa.Column("removed_by", sa.String(200)),
        _time("removed_at", nullable=True),
        sa.CheckConstraint(
            "(removed_at IS NULL) = (removed_by IS NULL)",
            name=op.f("ck_good_frames_removal_has_a_name_and_a_time"),
        ),
        sa.ForeignKeyConstraint(["frame_id"], ["frames.id"], name="fk_good_frames_frame_id_frames"),
        sa.PrimaryKeyConstraint("id", name="pk_good_frames"),
        sa.UniqueConstraint("frame_id", name="uq_good_frames_frame_id"),
    )
    op.create_index("ix_good_frames_part_added_at", "good_frames", ["part", "added_at"])


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _name(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(200), nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _word(name: str, *words: str) -> sa.Column[str]:
    """The CHECK gets its name, ck_<table>_<column>, from the naming convention."""
    kind = sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=16)
    return sa.Column(name, kind, nullable=False)
