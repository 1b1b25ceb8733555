"""Accounts of people whom an identity provider vouches for, known by its issuer and their subject.

A name is no proof: an account that is there already is never given to somebody of the same name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db import people
from db.errors import IdentityRefused, RecordRefused
from db.models import User
from db.people import MAX_FULL_NAME, UserRow
from db.words import Role

MAX_SUBJECT = 255


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What the provider says of somebody, and the role that follows from it."""

    issuer: str
    subject: str
    name: str  # for a new account; who has one keeps its name, reviews are signed with it
    full_name: str
    role: Role | None  # None: nothing gives the person a role
    is_role_kept: bool  # the role is for a new account alone, administrators change it


def account_of(opened: Session, identity: Identity, *, at: datetime) -> UserRow:
    """The person's account, made at the first sign-in, with the role and the name of today.

    Raises IdentityRefused: disabled, no role, or no name to be had.
    """
    if not _can_be_kept(identity.subject):
        raise IdentityRefused("The identity provider says of you what cannot be kept: sub.")
    known = _linked(opened, identity.issuer, identity.subject)
    if known is None:
        return people.user(opened, _created(opened, identity, at))
    account = people.user(opened, known)
    if account.disabled_at is not None:
        raise IdentityRefused(f"Your account {account.name} is disabled: ask an administrator.")
    role = account.role if identity.is_role_kept else _role(identity)
    if role is not account.role:
        _give_role(opened, account, role)
    full_name = _full_name(identity.full_name, account.name)
    opened.execute(update(User).where(User.id == known).values(full_name=full_name))
    return people.user(opened, known)


def link(opened: Session, user_id: int, *, issuer: str, subject: str) -> None:
    """Whom the provider knows by `subject` has this account from now on, whoever had it before.

    Raises RecordRefused: no subject, or another account is linked to it.
    """
    if not _can_be_kept(subject):
        raise RecordRefused(f"{subject!r} is no subject of a provider: 1 to {MAX_SUBJECT} letters")
    known = _linked(opened, issuer, subject)
    if known not in (None, user_id):
        name = people.user(opened, known).name
        raise RecordRefused(f"{subject!r} of {issuer} is linked to the account {name} already")
    person = update(User).where(User.id == user_id)
    opened.execute(person.values(oidc_issuer=issuer, oidc_subject=subject))


def _linked(opened: Session, issuer: str, subject: str) -> int | None:
    return opened.scalar(
        select(User.id).where(User.oidc_issuer == issuer, User.oidc_subject == subject)
    )


def _can_be_kept(subject: str) -> bool:
    return 0 < len(subject) <= MAX_SUBJECT and subject.isprintable()


def _created(opened: Session, identity: Identity, at: datetime) -> int:
    role, name = _role(identity), _name(identity.name)
    if people.user_named(opened, name) is not None:
        raise IdentityRefused(
            f"There is an account {name} already, and it is not linked to you at the identity "
            f"provider, who knows you as {identity.subject}. If it is yours, sign in with its "
            "password, or ask an administrator to link it (run_pipeline.py users link)."
        )
    created = User(
        name=name,
        full_name=_full_name(identity.full_name, name),
        role=role,
        oidc_issuer=identity.issuer,
        oidc_subject=identity.subject,
        created_at=at,
    )
    opened.add(created)
    opened.flush()
    return created.id


def _role(identity: Identity) -> Role:
    if identity.role is None:
        raise IdentityRefused("You have no role here: ask an administrator to be let in.")
    return identity.role


def _give_role(opened: Session, account: UserRow, role: Role) -> None:
    try:
        people.set_role(opened, account.id, role)
    except RecordRefused as error:
        raise IdentityRefused(
            f"You are the last administrator, and now have the role {role} at the identity "
            "provider. Somebody has to be made administrator first: run_pipeline.py users add."
        ) from error


def _name(written: str) -> str:
    try:
        return people.account_name(written)
    except RecordRefused as error:
        raise IdentityRefused(
            f"The identity provider calls you {written[:100]!r}, and no account can have that "
            "name: ask an administrator to choose another claim for names."
        ) from error


def _full_name(written: str, name: str) -> str:
    """What cannot be shown is left out: nobody is turned away for it."""
    shown = "".join(letter for letter in " ".join(written.split()) if letter.isprintable())
    return shown[:MAX_FULL_NAME].strip() or name
