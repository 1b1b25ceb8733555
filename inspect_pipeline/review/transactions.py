"""One request, one transaction: for reading, or for writing and committed when the handler is done.

The transaction ends before the answer is sent: what a person is told was saved is saved. A handler
that streams its answer opens a transaction of its own inside the stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from db.engine import session
from inspect_pipeline.review.desk import desk_of


def _reading(request: Request) -> Iterator[Session]:
    with session(desk_of(request).engine, read_only=True) as opened:
        yield opened


def _writing(request: Request) -> Iterator[Session]:
    with session(desk_of(request).engine) as opened:
        yield opened


Reading = Annotated[Session, Depends(_reading, scope="function")]
Writing = Annotated[Session, Depends(_writing, scope="function")]
