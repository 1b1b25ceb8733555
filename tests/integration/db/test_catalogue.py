"""Which cameras stand where and which model is in use, on SQLite and PostgreSQL."""

from __future__ import annotations

import multiprocessing
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Engine

from db.catalogue import activations, meet_camera, meet_plant, use_model
from db.engine import connect, session
from db.models import Activation, Camera, Line, Part, Plant
from db.plants import zone_of
from tests.integration.db.bare_rows import MODEL, NOON, a_model, frame_row, record, sha

NEXT_MODEL = sha("next model")


def at(hour: int) -> datetime:
    return NOON + timedelta(hours=hour)


def stands_at(engine: Engine) -> dict[str, str]:
    with session(engine, read_only=True) as opened:
        return {camera.camera_id: camera.line_id for camera in opened.scalars(sa.select(Camera))}


def use(engine: Engine, model_id: str, hour: int) -> None:
    with session(engine) as opened:
        a_model(opened, model_id)
        use_model(opened, "bracket", model_id, at=at(hour))


def test_a_recorded_frame_makes_its_camera_line_and_part_known(engine: Engine) -> None:
    record(engine, frame_row())

    assert stands_at(engine) == {"cam-1": "line-1"}
    with session(engine, read_only=True) as opened:
        assert opened.scalars(sa.select(Line.line_id)).all() == ["line-1"]
        assert opened.scalars(sa.select(Part.part)).all() == ["bracket"]


def test_a_camera_that_moved_stands_at_its_new_line(engine: Engine) -> None:
    record(engine, frame_row(1))
    record(engine, frame_row(2, line_id="line-2"))

    assert stands_at(engine) == {"cam-1": "line-2"}


def test_the_first_model_is_in_use_from_its_registration_on(engine: Engine) -> None:
    use(engine, MODEL, 0)

    with session(engine, read_only=True) as opened:
        (row,) = activations(opened, "bracket")
    assert (row.model_id, row.active_from, row.active_to) == (MODEL, at(0), None)
    assert not row.is_return


def test_a_new_model_ends_the_one_before_and_the_old_one_again_is_a_return(
    engine: Engine,
) -> None:
    use(engine, MODEL, 0)
    use(engine, NEXT_MODEL, 1)
    use(engine, MODEL, 2)

    with session(engine, read_only=True) as opened:
        rows = activations(opened)
    assert [(row.model_id, row.active_from, row.active_to, row.is_return) for row in rows] == [
        (MODEL, at(2), None, True),
        (NEXT_MODEL, at(1), at(2), False),
        (MODEL, at(0), at(1), False),
    ]


def test_the_model_in_use_once_more_changes_nothing(engine: Engine) -> None:
    use(engine, MODEL, 0)
    use(engine, MODEL, 1)

    with session(engine, read_only=True) as opened:
        assert [row.active_from for row in activations(opened)] == [at(0)]


def test_a_clock_that_was_set_back_makes_no_period_that_ends_before_it_begins(
    engine: Engine,
) -> None:
    use(engine, MODEL, 5)
    use(engine, NEXT_MODEL, 4)

    with session(engine, read_only=True) as opened:
        rows = opened.scalars(sa.select(Activation).order_by(Activation.id)).all()
    assert (rows[0].active_from, rows[0].active_to) == (at(5), at(5))


def test_each_part_has_its_own_model_in_use(engine: Engine) -> None:
    use(engine, MODEL, 0)
    with session(engine) as opened:
        a_model(opened, NEXT_MODEL, part="gear")
        use_model(opened, "gear", NEXT_MODEL, at=at(1))

    with session(engine, read_only=True) as opened:
        rows = activations(opened)
    assert [(row.part, row.active_to) for row in rows] == [("bracket", None), ("gear", None)]


def test_a_plant_is_met_with_its_zone_lines_and_parts_and_can_change(engine: Engine) -> None:
    record(engine, frame_row())  # line-1 is known before, without a plant
    with session(engine, read_only=True) as opened:
        assert zone_of(opened) == "UTC"
    for zone, scale in (("Europe/Berlin", 0.1), ("Europe/Paris", 0.2)):
        with session(engine) as opened:
            plant = Plant(plant="Works 1", timezone=zone, seen_at=NOON)
            meet_plant(opened, plant, ["line-1"], [Part(part="bracket", mm_per_px=scale)])

    with session(engine, read_only=True) as opened:
        assert zone_of(opened) == "Europe/Paris"
        assert opened.get_one(Line, "line-1").plant == "Works 1"
        assert opened.get_one(Part, "bracket").mm_per_px == 0.2


def test_programs_that_meet_the_same_cameras_at_once_agree(
    upgraded_url: str, engine: Engine
) -> None:
    spawn = multiprocessing.get_context("spawn")
    programs = [spawn.Process(target=meet_many, args=(upgraded_url,)) for _ in range(3)]
    for program in programs:
        program.start()
    for program in programs:
        program.join()

    assert [program.exitcode for program in programs] == [0, 0, 0]
    assert stands_at(engine) == {f"cam-{number}": "line-1" for number in range(20)}


def meet_many(url: str) -> None:
    engine = connect(url)
    for number in range(20):
        with session(engine) as opened:
            meet_camera(opened, camera_id=f"cam-{number}", line_id="line-1", part="bracket")
    engine.dispose()
