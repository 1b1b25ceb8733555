"""Who changes what is counted says so: nobody counts all anew meanwhile, nor turns the clock."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.plants import zone_of

_COUNTING = 0x1A5EC8  # the number of our PostgreSQL advisory lock; SQLite has one writer anyway


def counting(opened: Session) -> ZoneInfo:
    """The zone of the plant's days, which stays until the transaction ends.

    Call it before anything is kept from others.
    """
    if opened.get_bind().dialect.name == "postgresql":
        opened.execute(select(func.pg_advisory_xact_lock_shared(_COUNTING)))
    return ZoneInfo(zone_of(opened))


def counting_alone(opened: Session) -> ZoneInfo:
    """The same for who counts anew: others wait until the transaction ends."""
    if opened.get_bind().dialect.name == "postgresql":
        opened.execute(select(func.pg_advisory_xact_lock(_COUNTING)))
    return ZoneInfo(zone_of(opened))
