"""How often somebody may try to sign in: wrong passwords are counted by account and by address.

The counts are kept in the memory of the one process that serves; a restart forgets them.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from threading import Lock

WINDOW = timedelta(minutes=15)
TRIES_OF_PAIR = 5  # one account from one address
TRIES_OF_NAME = 25  # one account from anywhere: many addresses guess together
TRIES_OF_ADDRESS = 50  # one address at any account: a whole shift may share it
MAX_KEYS = 20_000  # beyond it the keys that were tried longest ago are forgotten


class SignInGate:
    """A try counts as wrong until `forgive` says that it was right, so a crowd cannot slip in."""

    def __init__(self, *, max_keys: int = MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._tries: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        """How many accounts, addresses and pairs of them are remembered."""
        return len(self._tries)

    def admit(self, name: str, address: str, *, at: datetime) -> timedelta | None:
        """None: go on, and this try is counted. Otherwise how long to wait; it is not counted.

        Without a `name` nobody knows yet who comes: the try counts for the address alone.
        """
        with self._lock:
            kept = [(self._recent(key, at), most) for key, most in _limits(name, address)]
            waits = [tries[-most] + WINDOW - at for tries, most in kept if len(tries) >= most]
            if waits:
                return max(waits)
            for tries, _ in kept:
                tries.append(at)
            while len(self._tries) > self._max_keys:
                self._tries.popitem(last=False)
            return None

    def forgive(self, name: str, address: str) -> None:
        """The try was right: what was tried before for this account is forgotten."""
        with self._lock:
            *of_the_name, by_address = (key for key, _ in _limits(name, address))
            for key in of_the_name:
                self._tries.pop(key, None)
            if self._tries.get(by_address):
                self._tries[by_address].pop()

    def forget(self, name: str) -> None:
        """The account has a new password: nobody has tried that one yet."""
        with self._lock:
            for key in [key for key in self._tries if key[0] == name]:
                del self._tries[key]

    def _recent(self, key: tuple[str, str], at: datetime) -> deque[datetime]:
        tries = self._tries.setdefault(key, deque())
        self._tries.move_to_end(key)
        while tries and tries[0] <= at - WINDOW:
            tries.popleft()
        return tries


def _limits(name: str, address: str) -> list[tuple[tuple[str, str], int]]:
    """The address comes last, and is alone where there is no name."""
    of_the_name = [((name, address), TRIES_OF_PAIR), ((name, ""), TRIES_OF_NAME)] if name else []
    return [*of_the_name, (("", address), TRIES_OF_ADDRESS)]
