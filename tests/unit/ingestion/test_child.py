"""When is a process begun anew, and when has it hung?"""

from __future__ import annotations

import resource

import pytest

from inspect_pipeline.service.ingesting.child import Child
from inspect_pipeline.service.ingesting.roles import WRITER, Role, Service
from plant_config.ingestion import Ingestion
from plant_config.loader import load_plant
from tests.unit.test_plant_config import DEMO

LIMITS = Ingestion(restart_after_s=0.5, restart_at_most_s=4.0, hung_after_s=10.0)


def a_child() -> Child:
    return Child(Service(plant=load_plant(DEMO)), Role(kind=WRITER))


def test_pauses_double_up_to_the_limit_and_begin_small_again_after_a_long_life() -> None:
    child = a_child()
    pauses = []
    for now_s in (100.0, 110.0, 120.0, 130.0, 140.0):
        child.begun_at_s = now_s - 1.0
        child.begin_later(now_s, LIMITS)
        pauses.append(child.begin_at_s - now_s)
    child.begun_at_s = 150.0
    child.begin_later(200.0, LIMITS)

    assert pauses == [0.5, 1.0, 2.0, 4.0, 4.0]
    assert child.begin_at_s - 200.0 == 0.5


def test_what_refuses_until_people_do_something_is_tried_with_the_longest_pause() -> None:
    child = a_child()
    child.is_refused = True

    child.begin_later(100.0, LIMITS)

    assert child.begin_at_s - 100.0 == LIMITS.restart_at_most_s


def test_a_process_that_has_no_room_to_begin_is_none_yet() -> None:
    child = a_child()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            child.begin(100.0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert not child.is_alive


def test_a_process_that_is_not_there_has_not_hung() -> None:
    assert not a_child().has_hung(1e9, LIMITS)
