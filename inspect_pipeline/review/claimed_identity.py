"""From the claims of an identity provider to a person with a role, as the plant file says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from db.identities import Identity
from db.words import Role
from plant_config.review import Oidc


def wanted_claims(settings: Oidc) -> set[str]:
    """What has to be known of a person beside the subject."""
    return {settings.name_claim} | (set() if settings.roles.is_empty else {settings.roles_claim})


def identity_of(claims: Mapping[str, Any], settings: Oidc) -> Identity:
    """`claims` are proven: their subject is a string."""
    name, full_name = claim(claims, settings.name_claim), claims.get("name")
    return Identity(
        issuer=settings.issuer,
        subject=claims["sub"],
        name=name if isinstance(name, str) else "",
        full_name=full_name if isinstance(full_name, str) else "",
        role=_role_of(claims, settings),
        is_role_kept=settings.roles.is_empty,
    )


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of that very name, else the one inside others: realm_access.roles. Or None."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _role_of(claims: Mapping[str, Any], settings: Oidc) -> Role | None:
    told = claim(claims, settings.roles_claim)
    listed = told if isinstance(told, list) else [told]
    words = {word for word in listed if isinstance(word, str)}
    giving = {
        Role.ADMIN: settings.roles.admin,
        Role.ENGINEER: settings.roles.engineer,
        Role.REVIEWER: settings.roles.reviewer,
        Role.VIEWER: settings.roles.viewer,
    }
    given = next((role for role, wanted in giving.items() if words.intersection(wanted)), None)
    return given or (Role(settings.default_role) if settings.default_role else None)
