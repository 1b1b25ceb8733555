"""How many pictures are missing between two, by the 16-bit count of a GigE Vision camera."""

from __future__ import annotations

from dataclasses import dataclass

ROUND = 65535  # ids go from 1 to 65535 and begin again at 1: 0 is left out
LATE = 32767  # a step larger than this is one backwards


@dataclass(frozen=True)
class Counted:
    """Where a picture stands in the count that never begins again, and what is missing before."""

    number: int
    missing: int


class BlockCount:
    """Fed with complete pictures only: incomplete ones are handed out late and out of order."""

    def __init__(self) -> None:
        self._last: Counted | None = None
        self._last_id = 0

    @property
    def is_new(self) -> bool:
        return self._last is None

    def counted(self, block_id: int) -> Counted:
        """A picture that comes late, or carries no id (0), is missing nothing before it."""
        if self._last is None:
            self._last = Counted(number=0, missing=0)
        elif block_id:
            step = (block_id - self._last_id) % ROUND
            if step > LATE:
                return Counted(number=self._last.number - (ROUND - step), missing=0)
            self._last = Counted(number=self._last.number + step, missing=max(0, step - 1))
        else:
            self._last = Counted(number=self._last.number + 1, missing=0)
        self._last_id = block_id
        return self._last
