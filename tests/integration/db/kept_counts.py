"""The kept counts of what people say, read as they are."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Engine

from db.columns import Base, metadata_table
from db.engine import session
from db.models import (
    AgreementDay,
    AgreementMonth,
    AgreementTally,
    JudgedDay,
    JudgedTally,
    VerdictDay,
    VerdictTally,
)

OF_WHAT_PEOPLE_SAY: tuple[type[Base], ...] = (
    VerdictTally,
    VerdictDay,
    AgreementTally,
    AgreementDay,
    AgreementMonth,
    JudgedTally,
    JudgedDay,
)


def rows_that_count(engine: Engine, table: type[Base]) -> list[tuple[object, ...]]:
    """Those whose count is not 0, in some fixed order."""
    with session(engine, read_only=True) as opened:
        rows = opened.execute(sa.select(*metadata_table(table).columns))
        return sorted((tuple(row) for row in rows if row[-1] != 0), key=repr)
