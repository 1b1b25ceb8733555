"""When is a process begun anew, and when has it hung?"""

from __future__ import annotations

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


def test_a_process_that_is_not_there_has_not_hung() -> None:
    assert not a_child().has_hung(1e9, LIMITS)
