"""Is an ID token the provider's word, for us, for this try, for now? (OpenID Connect 3.1.3.7)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

ALGORITHMS = (
    *("RS256", "RS384", "RS512"),
    *("PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512"),
)  # signatures with a public key: whoever knows the client's secret cannot make one
CLOCKS_DIFFER_S = 60


class UntrustedToken(Exception):
    """The token proves nothing; the message says why, for the log."""


def claims_of(
    token: str,
    keys: Iterable[Mapping[str, Any]],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    at: datetime,
) -> dict[str, Any]:
    """What the token says, once it is proven. `keys` are the provider's (JWKS). UntrustedToken."""
    wanted = JWTClaimsRegistry(
        now=int(at.timestamp()),
        leeway=CLOCKS_DIFFER_S,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    try:
        claims = jwt.decode(token, KeySet(_signing_keys(keys)), ALGORITHMS, registry).claims
        wanted.validate(claims)
    except (JoseError, ValueError) as error:
        raise UntrustedToken(str(error)) from error
    has_others = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if has_others else client_id) != client_id:
        raise UntrustedToken(f"it was made for {claims.get('azp')!r}")
    return claims


def _signing_keys(keys: Iterable[Mapping[str, Any]]) -> list[Key]:
    """Those that we can use: a provider may publish others, which are no reason to turn away."""
    usable = []
    for key in keys:
        if key.get("kty") in {"RSA", "EC"} and key.get("use", "sig") == "sig":
            told = {name: value for name, value in key.items() if isinstance(value, (str, list))}
            try:
                usable.append(JWKRegistry.import_key(told))
            except (JoseError, ValueError, KeyError):  # KeyError: a curve unknown to joserfc
                continue
    return usable
