"""One try to sign in by the identity provider: what the browser keeps while it is over there.

The browser keeps one random secret in a cookie. All else follows from it: the state, which proves
that the browser that comes back is the one that went; the nonce, which proves that the ID token is
for this try; the verifier (PKCE), without which a stolen code is worth nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

MAX_PATH = 1500  # a cookie has room for about 4000 characters


@dataclass(frozen=True, kw_only=True)
class SignInAttempt:
    secret: str
    next_path: str  # where the person wanted to go; from a browser, so checked again at its end

    @classmethod
    def begun(cls, next_path: str) -> SignInAttempt:
        kept = next_path if len(next_path) <= MAX_PATH else ""
        return cls(secret=secrets.token_urlsafe(32), next_path=kept)

    @classmethod
    def of_cookie(cls, written: str | None) -> SignInAttempt | None:
        """None where there is no cookie, or one that we did not write."""
        secret, _, path = (written or "").partition(".")
        try:
            next_path = urlsafe_b64decode(path.encode("ascii")).decode("utf-8")
        except ValueError:
            return None
        return cls(secret=secret, next_path=next_path) if secret else None

    @property
    def cookie(self) -> str:
        return f"{self.secret}.{urlsafe_b64encode(self.next_path.encode()).decode('ascii')}"

    @property
    def state(self) -> str:
        return self._derived("state")

    @property
    def nonce(self) -> str:
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """The verifier's sha256, as the method S256 writes it (RFC 7636)."""
        return _unpadded(hashlib.sha256(self.verifier.encode("ascii")).digest())

    def is_answered_by(self, state: str) -> bool:
        return hmac.compare_digest(state.encode(), self.state.encode())

    def _derived(self, purpose: str) -> str:
        return _unpadded(hmac.digest(self.secret.encode(), purpose.encode(), "sha256"))


def _unpadded(digest: bytes) -> str:
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
