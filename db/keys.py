"""What lets somebody in: browsers' sessions and programs' tokens, each kept as a sha256.

Whoever reads the tables cannot use what they hold. A key of a disabled account opens nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from db.errors import RecordRefused, UnknownRecord
from db.models import BrowserSession, Token, User
from db.words import Role

MAX_TOKEN_NAME = 100


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Whose key it is. A token's role is at most its owner's, also when that sank later."""

    user_id: int
    name: str
    full_name: str
    role: Role


@dataclass(frozen=True, kw_only=True)
class SessionRow:
    holder: Holder
    csrf_token: str
    created_at: datetime
    seen_at: datetime


@dataclass(frozen=True, kw_only=True)
class TokenRow:
    id: int
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


def sha256_of(secret: str) -> str:
    """Enough for keys of 256 random bits; passwords need argon2."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def open_session(
    opened: Session, *, user_id: int, session_sha256: str, csrf_token: str, at: datetime
) -> None:
    opened.add(
        BrowserSession(
            session_sha256=session_sha256,
            user_id=user_id,
            csrf_token=csrf_token,
            created_at=at,
            seen_at=at,
        )
    )
    opened.flush()


def find_session(
    opened: Session, session_sha256: str, *, created_after: datetime, seen_after: datetime
) -> SessionRow | None:
    """Whose browser is it? None where it is unknown, too old, idle too long, or disabled."""
    chosen = (
        select(
            User.id,
            User.name,
            User.full_name,
            User.role,
            BrowserSession.csrf_token,
            BrowserSession.created_at,
            BrowserSession.seen_at,
        )
        .join(User, BrowserSession.user_id == User.id)
        .where(
            BrowserSession.session_sha256 == session_sha256,
            BrowserSession.created_at > created_after,
            BrowserSession.seen_at > seen_after,
            User.disabled_at.is_(None),
        )
    )
    row = opened.execute(chosen).one_or_none()
    if row is None:
        return None
    user_id, name, full_name, role, csrf_token, created_at, seen_at = row
    return SessionRow(
        holder=Holder(user_id=user_id, name=name, full_name=full_name, role=role),
        csrf_token=csrf_token,
        created_at=created_at,
        seen_at=seen_at,
    )


def touch_session(opened: Session, session_sha256: str, *, at: datetime) -> None:
    """The browser was used: its idle time begins anew."""
    chosen = BrowserSession.session_sha256 == session_sha256
    opened.execute(update(BrowserSession).where(chosen).values(seen_at=at))


def close_session(opened: Session, session_sha256: str) -> None:
    opened.execute(delete(BrowserSession).where(BrowserSession.session_sha256 == session_sha256))


def close_sessions(opened: Session, user_id: int) -> None:
    """Signs the person out of every browser."""
    opened.execute(delete(BrowserSession).where(BrowserSession.user_id == user_id))


def expire_sessions(opened: Session, *, created_before: datetime, seen_before: datetime) -> None:
    """Removes what nobody can use any more."""
    old = or_(BrowserSession.created_at <= created_before, BrowserSession.seen_at <= seen_before)
    opened.execute(delete(BrowserSession).where(old))


def create_token(
    opened: Session,
    *,
    user_id: int,
    name: str,
    token_sha256: str,
    role: Role,
    created_at: datetime,
    expires_at: datetime,
) -> int:
    """The id of the new token. Raises RecordRefused for more than its owner may do."""
    owner_role = opened.scalar(
        select(User.role).where(User.id == user_id, User.disabled_at.is_(None))
    )
    if owner_role is None:
        raise UnknownRecord(f"there is no active account {user_id}")
    if not owner_role.covers(role):
        raise RecordRefused(f"role: {role} is more than {owner_role}, which its owner is")
    if expires_at <= created_at:
        raise RecordRefused("expires: a token has to end after it begins")
    created = Token(
        user_id=user_id,
        name=_token_name(name),
        token_sha256=token_sha256,
        role=role,
        created_at=created_at,
        expires_at=expires_at,
    )
    opened.add(created)
    opened.flush()
    return created.id


def tokens(opened: Session, user_id: int) -> list[TokenRow]:
    """Which tokens has the person, newest first, with those that ended?"""
    chosen = (
        select(
            Token.id,
            Token.name,
            Token.role,
            Token.created_at,
            Token.expires_at,
            Token.revoked_at,
        )
        .where(Token.user_id == user_id)
        .order_by(Token.id.desc())
    )
    return [TokenRow(**row) for row in opened.execute(chosen).mappings()]


def revoke_token(opened: Session, token_id: int, *, user_id: int, at: datetime) -> None:
    """Ends one of the person's own tokens; raises UnknownRecord for any other."""
    own = (Token.id == token_id, Token.user_id == user_id)
    if opened.scalar(select(Token.id).where(*own)) is None:
        raise UnknownRecord(f"you have no token {token_id}")
    opened.execute(update(Token).where(*own, Token.revoked_at.is_(None)).values(revoked_at=at))


def find_token(opened: Session, token_sha256: str, *, at: datetime) -> Holder | None:
    """Whose token is it? None where it is unknown, revoked, expired, or its owner disabled."""
    chosen = (
        select(User.id, User.name, User.full_name, User.role, Token.role)
        .join(User, Token.user_id == User.id)
        .where(
            Token.token_sha256 == token_sha256,
            Token.revoked_at.is_(None),
            Token.expires_at > at,
            User.disabled_at.is_(None),
        )
    )
    row = opened.execute(chosen).one_or_none()
    if row is None:
        return None
    user_id, name, full_name, owner_role, role = row
    least = role if owner_role.covers(role) else owner_role
    return Holder(user_id=user_id, name=name, full_name=full_name, role=least)


def _token_name(written: str) -> str:
    name = " ".join(written.split())
    if not name or len(name) > MAX_TOKEN_NAME or not name.isprintable():
        raise RecordRefused(f"token: expected a name of 1 to {MAX_TOKEN_NAME} characters")
    return name
