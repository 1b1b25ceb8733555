"""Accounts: who may sign in, as what. Names are lower case, as the table holds them.

There is always an administrator: the last one can neither be disabled nor get another role.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.orm import Session

from db.errors import RecordRefused, UnknownRecord
from db.models import BrowserSession, Token, User
from db.words import Role

MAX_FULL_NAME = 100
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class UserRow:
    id: int
    name: str
    full_name: str
    role: Role
    has_password: bool  # False: signs in through the plant's identity provider
    created_at: datetime
    disabled_at: datetime | None


def account_name(written: str) -> str:
    """The name as it is stored; raises RecordRefused for what cannot be one."""
    name = written.strip().lower()
    if not _NAME.fullmatch(name):
        raise RecordRefused(
            "name: expected 1 to 64 letters a to z, digits, dots, dashes, underscores or @, "
            "beginning with a letter or digit"
        )
    return name


def create_user(
    opened: Session,
    *,
    name: str,
    full_name: str,
    role: Role,
    password_hash: str,
    created_at: datetime,
) -> int:
    """The id of the new account; raises RecordRefused where the name is taken or unfit."""
    fit = account_name(name)
    if user_named(opened, fit) is not None:
        raise RecordRefused(f"name: there is an account {fit!r} already, choose another name")
    created = User(
        name=fit,
        full_name=_full_name(full_name, fit),
        role=role,
        password_hash=password_hash,
        created_at=created_at,
    )
    opened.add(created)
    opened.flush()
    return created.id


def users(opened: Session) -> list[UserRow]:
    """Who has an account? By name, disabled ones too."""
    return [UserRow(**row) for row in opened.execute(_users().order_by(User.name)).mappings()]


def user(opened: Session, user_id: int) -> UserRow:
    """Raises UnknownRecord."""
    row = opened.execute(_users().where(User.id == user_id)).mappings().one_or_none()
    if row is None:
        raise UnknownRecord(f"there is no account {user_id}")
    return UserRow(**row)


def user_named(opened: Session, name: str) -> UserRow | None:
    """The account of that name, however its letters are written; None where there is none."""
    wanted = name.strip().lower()
    if not _NAME.fullmatch(wanted):
        return None
    chosen = _users().where(User.name == wanted)
    row = opened.execute(chosen).mappings().one_or_none()
    return None if row is None else UserRow(**row)


def password_hash(opened: Session, user_id: int) -> str | None:
    """What a password is held against; None for an account that has none."""
    return opened.scalar(select(User.password_hash).where(User.id == user_id))


def has_admin(opened: Session) -> bool:
    """Is there anybody who can let others in?"""
    return opened.scalar(select(func.count()).where(*_active_admins())) != 0


def set_role(opened: Session, user_id: int, role: Role) -> None:
    """Raises UnknownRecord; RecordRefused where nobody would be left to administer."""
    if role is not Role.ADMIN:
        _keep_an_admin(opened, user_id, "have another role")
    _change(opened, user_id, role=role)


def set_password_hash(opened: Session, user_id: int, hashed: str) -> None:
    """Changes the password; whoever changes it decides which sessions end with it.

    Raises RecordRefused for an account of the identity provider: who loses the account there must
    not keep a way in here.
    """
    if not user(opened, user_id).has_password:
        raise RecordRefused(
            "password: this account signs in through the identity provider and can have none here"
        )
    _change(opened, user_id, password_hash=hashed)


def disable(opened: Session, user_id: int, *, at: datetime) -> None:
    """Nobody signs in with the account any more: its sessions end, its tokens are revoked.

    What the person said stays in the audit trail. Raises RecordRefused for the last administrator.
    """
    _keep_an_admin(opened, user_id, "be disabled")
    _change(opened, user_id, disabled_at=at)
    opened.execute(delete(BrowserSession).where(BrowserSession.user_id == user_id))
    kept = (Token.user_id == user_id, Token.revoked_at.is_(None))
    opened.execute(update(Token).where(*kept).values(revoked_at=at))


def enable(opened: Session, user_id: int) -> None:
    """The account may sign in again, in the way it did; its old tokens stay revoked."""
    _change(opened, user_id, disabled_at=None)


def _users() -> Select[int, str, str, Role, bool, datetime, datetime | None]:
    return select(
        User.id,
        User.name,
        User.full_name,
        User.role,
        User.password_hash.is_not(None).label("has_password"),
        User.created_at,
        User.disabled_at,
    )


def _full_name(written: str, name: str) -> str:
    full_name = " ".join(written.split()) or name
    if len(full_name) > MAX_FULL_NAME or not full_name.isprintable():
        raise RecordRefused(f"full name: expected at most {MAX_FULL_NAME} printable characters")
    return full_name


def _active_admins() -> tuple[ColumnElement[bool], ...]:
    return (User.role == Role.ADMIN, User.disabled_at.is_(None))


def _keep_an_admin(opened: Session, user_id: int, change: str) -> None:
    """Administrators are locked while one of them loses the right, so that two cannot at once."""
    chosen = select(User.id).where(*_active_admins()).order_by(User.id).with_for_update()
    if list(opened.scalars(chosen)) == [user_id]:
        raise RecordRefused(
            f"this is the last administrator, who cannot {change}: make somebody else one first"
        )


def _change(opened: Session, user_id: int, **values: object) -> None:
    user(opened, user_id)
    opened.execute(update(User).where(User.id == user_id).values(**values))
