"""A program's key to the API: made in one place, whoever asks for it, and shown once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from db import keys
from db.words import Role

_MARK = "ipt_"  # lets a scanner for secrets recognise one that slipped into a file


@dataclass(frozen=True, kw_only=True)
class NewToken:
    """The database keeps only the sha256 of `secret`."""

    token_id: int
    secret: str


def make_token(
    opened: Session, user_id: int, *, name: str, role: Role, at: datetime, lasts: timedelta
) -> NewToken:
    """Raises RecordRefused for a role above its owner's, and for a name that says nothing."""
    secret = _MARK + secrets.token_urlsafe(32)
    token_id = keys.create_token(
        opened,
        user_id=user_id,
        name=name,
        token_sha256=keys.sha256_of(secret),
        role=role,
        created_at=at,
        expires_at=at + lasts,
    )
    return NewToken(token_id=token_id, secret=secret)
