"""One desk with a bit of everything for all tests of a file: nothing they try may change it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.desks import full_desk
from tests.review.review_desk import ReviewDesk


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReviewDesk]:
    with full_desk(tmp_path_factory.mktemp("desk")) as filled:
        yield filled


@pytest.fixture(scope="module")
def address(desk: ReviewDesk) -> Iterator[str]:
    from tests.browser.served import served

    with served(desk.app) as there:
        yield there
