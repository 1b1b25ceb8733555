"""Passwords: argon2id, the rules for new ones, and the same time for names that do not exist."""

from __future__ import annotations

import unicodedata
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from db.errors import RecordRefused

MIN_LENGTH = 10
MAX_LENGTH = 200
_AT_ONCE = 2  # each hash takes the memory below: a crowd that signs in must not take all of it


class Passwords:
    """Hashes and verifies. The default cost is argon2's own: 64 MiB, three rounds."""

    def __init__(self, *, memory_kib: int = 65_536, rounds: int = 3) -> None:
        self._hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=4)
        self._turn = BoundedSemaphore(_AT_ONCE)
        self._nobody = self.hashed("the password of nobody")

    def hashed(self, password: str) -> str:
        with self._turn:
            return self._hasher.hash(_canonical(password))

    def fits(self, password: str, hashed: str | None) -> bool:
        """Is it the password? Without a hash it takes as long as with one, and is not."""
        if len(password) > MAX_LENGTH:
            return False
        try:
            with self._turn:
                self._hasher.verify(hashed or self._nobody, _canonical(password))
        except (VerificationError, InvalidHashError):
            return False
        return hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        """Was it hashed at another cost than today's?"""
        return self._hasher.check_needs_rehash(hashed)


def check_new_password(password: str, *, name: str) -> None:
    """Raises RecordRefused for a password that is too easy to guess."""
    if len(password) < MIN_LENGTH:
        raise RecordRefused(f"password: use at least {MIN_LENGTH} characters, a sentence is good")
    if len(password) > MAX_LENGTH:
        raise RecordRefused(f"password: use at most {MAX_LENGTH} characters")
    plain = password.casefold()
    if len(set(plain)) < 4 or (name.casefold() in plain and len(plain) < len(name) + 6):
        raise RecordRefused("password: too easy to guess, use several words that nobody expects")


def _canonical(password: str) -> bytes:
    """The same password typed on another keyboard is the same password."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
