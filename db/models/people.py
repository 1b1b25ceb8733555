"""Who may do what: accounts, tokens, sessions of browsers, saved queries, and kept answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.columns import Base, Json, Key, Sha256, ShortName, Subject, UtcDateTime, word
from db.words import Role


class User(Base):
    """A person. No password hash: this account signs in through the plant's identity provider.

    There it is known by issuer and subject; an empty issuer is of no provider.
    """

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("name"),
        UniqueConstraint("oidc_issuer", "oidc_subject"),
        CheckConstraint("name = lower(name) AND name <> ''", name="name"),
        CheckConstraint(
            "password_hash IS NOT NULL OR oidc_subject IS NOT NULL", name="can_sign_in"
        ),
        CheckConstraint("(oidc_issuer IS NULL) = (oidc_subject IS NULL)", name="identity_is_whole"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(ShortName)
    full_name: Mapped[str] = mapped_column(ShortName)
    role: Mapped[Role] = mapped_column(word(Role, name="role"))
    password_hash: Mapped[str | None] = mapped_column(Text)  # argon2id, with its parameters
    oidc_issuer: Mapped[str | None] = mapped_column(ShortName)
    oidc_subject: Mapped[str | None] = mapped_column(Subject)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Token(Base):
    """A program's key to the API, kept as its sha256; it may do what its role may, at most."""

    __tablename__ = "tokens"
    __table_args__ = (UniqueConstraint("token_sha256"), Index(None, "user_id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(ShortName)
    token_sha256: Mapped[str] = mapped_column(Sha256)
    role: Mapped[Role] = mapped_column(word(Role, name="role"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class BrowserSession(Base):
    """A browser that signed in; the cookie holds a secret, the table its sha256."""

    __tablename__ = "browser_sessions"
    __table_args__ = (Index(None, "user_id"),)

    session_sha256: Mapped[str] = mapped_column(Sha256, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SavedQuery(Base):
    """A question with its parameters, under a name of its owner's."""

    __tablename__ = "saved_queries"
    __table_args__ = (UniqueConstraint("owner", "name"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    owner: Mapped[str] = mapped_column(ShortName)
    name: Mapped[str] = mapped_column(ShortName)
    question: Mapped[str] = mapped_column(ShortName)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class KeptAnswer(Base):
    """What a program was told under a key it chose: the same key again gives the same answer."""

    __tablename__ = "kept_answers"
    __table_args__ = (Index(None, "kept_at"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    key: Mapped[str] = mapped_column(ShortName, primary_key=True)
    request_sha256: Mapped[str] = mapped_column(Sha256)
    answer: Mapped[dict[str, Any]] = mapped_column(Json)
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime)
