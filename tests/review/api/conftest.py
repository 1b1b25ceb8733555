"""The API over a small recorded database of each kind, with one person of each role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.review.api.desk import ApiDesk, open_desk


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[ApiDesk]:
    """Six frames of two lines, each with findings, and one that is unreadable."""
    with open_desk(database_url, tmp_path / "evidence") as opened:
        yield opened
