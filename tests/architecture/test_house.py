"""The project keeps its own rules: whatever module exists is held to them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import house_rules as rules
from tests.architecture import rooms
from tests.architecture.house_rules import Source

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = rules.read(ROOT, ["run_pipeline.py", "inspect_pipeline", "plant_config", "db"])
SCRIPTS = rules.read(ROOT, ["benchmarks"])
TESTS = rules.read(ROOT, ["tests"])
MODULES = frozenset(source.module for source in PRODUCT)


def complaints(rule: Callable[[Source], list[str]], sources: list[Source]) -> list[str]:
    return [complaint for source in sources for complaint in rule(source)]


def test_the_walk_finds_the_project() -> None:
    assert {"run_pipeline", "inspect_pipeline.records", "plant_config", "db"} <= MODULES


@pytest.mark.parametrize("source", PRODUCT, ids=lambda source: str(source.path))
def test_a_module_imports_only_what_its_room_allows(source: Source) -> None:
    assert rooms.forbidden_imports(source, MODULES) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert rules.import_cycles(PRODUCT) == []


def test_no_import_is_relative() -> None:
    assert complaints(rules.relative_imports, [*PRODUCT, *SCRIPTS, *TESTS]) == []


def test_opencv_stays_where_pictures_are_read_and_measured() -> None:
    assert complaints(rooms.misplaced_libraries, PRODUCT) == []


def test_scheduler_engines_and_camera_kits_live_in_one_file_each() -> None:
    assert rooms.spread_libraries(PRODUCT) == []


def test_only_service_and_workers_catch_everything() -> None:
    careful = [source for source in PRODUCT if not rooms.may_catch_all(source)]

    assert complaints(rules.broad_excepts, careful) == []


def test_importing_a_module_does_nothing() -> None:
    modules = [source for source in PRODUCT if not source.is_migration]

    assert complaints(rules.work_at_import, modules) == []


def test_nothing_that_is_loaded_can_run_code() -> None:
    assert complaints(rules.unsafe_loads, [*PRODUCT, *SCRIPTS]) == []


def test_the_product_logs_and_does_not_print() -> None:
    assert complaints(rules.prints, PRODUCT) == []


def test_files_and_functions_stay_readable() -> None:
    assert complaints(rules.oversized, [*PRODUCT, *SCRIPTS, *TESTS]) == []


def test_no_module_is_named_after_a_library() -> None:
    assert rooms.borrowed_names(PRODUCT) == []
