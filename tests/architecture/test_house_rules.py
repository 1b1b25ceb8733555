"""The checker itself, on small literal sources: a rule that cannot fail holds nothing."""

from pathlib import Path, PurePosixPath

import pytest

from tests.architecture import house_rules as rules
from tests.architecture import rooms
from tests.architecture.house_rules import Source

NO_MODULES: frozenset[str] = frozenset()


def source(text: str, path: str = "inspect_pipeline/stages/regions.py") -> Source:
    return Source(path=PurePosixPath(path), text=text)


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("db/__init__.py", "db"),
        ("db/engine.py", "db.engine"),
        ("run_pipeline.py", "run_pipeline"),
        ("inspect_pipeline/stages/judge.py", "inspect_pipeline.stages.judge"),
    ],
)
def test_a_path_names_its_module(path: str, module: str) -> None:
    assert source("", path).module == module


def test_all_kinds_of_import_are_found() -> None:
    text = "import os.path as p\nfrom a.b import c, d\ndef f():\n    import lazy\n"

    names = [found.name for found in rules.imports_of(source(text))]

    assert names == ["os.path", "a.b", "lazy"]


def test_importing_a_module_from_its_package_names_the_module() -> None:
    modules = frozenset({"db", "db.engine"})

    only, both = (
        [found.name for found in rules.imports_of(source(text), modules)]
        for text in ("from db import engine", "from db import engine, connect")
    )

    assert only == ["db.engine"]
    assert both == ["db", "db.engine"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("plant_config/part.py", "import inspect_pipeline.records"),
        ("plant_config/part.py", "from db import engine"),
        ("plant_config/part.py", "import numpy"),
        ("db/engine.py", "from plant_config.storage import Storage"),
        ("inspect_pipeline/errors.py", "from inspect_pipeline.records import Frame"),
        ("inspect_pipeline/geometry.py", "from inspect_pipeline.records import Frame"),
        ("inspect_pipeline/records.py", "from inspect_pipeline.limits import Limits"),
        ("inspect_pipeline/networks/dipn.py", "from inspect_pipeline.records import Tiles"),
        ("inspect_pipeline/networks/dipn.py", "from plant_config.part import Part"),
        ("inspect_pipeline/stages/judge.py", "from inspect_pipeline.inspector import Inspector"),
        ("inspect_pipeline/stages/judge.py", "from plant_config.camera import Camera"),
        ("inspect_pipeline/inspector.py", "from db.repository import save"),
        ("inspect_pipeline/inspector.py", "from inspect_pipeline.capture.folder import Folder"),
        ("inspect_pipeline/capture/folder.py", "from inspect_pipeline.tiling import cut"),
        ("inspect_pipeline/capture/simulated/line.py", "import sqlalchemy"),
        ("inspect_pipeline/workers/local.py", "from db.repository import save"),
        ("inspect_pipeline/training/run.py", "from inspect_pipeline.service.build import build"),
        ("inspect_pipeline/reports/page.py", "from inspect_pipeline.stages.judge import judge"),
        ("inspect_pipeline/reports/page.py", "import fastapi"),
        ("inspect_pipeline/alerts/rules.py", "from inspect_pipeline.service.build import build"),
        ("inspect_pipeline/__init__.py", "from inspect_pipeline.records import Frame"),
        ("inspect_pipeline/stages/judge.py", "def f():\n    import sqlalchemy"),
    ],
)
def test_an_import_against_the_table_is_refused(path: str, text: str) -> None:
    assert len(rooms.forbidden_imports(source(text, path), NO_MODULES)) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("plant_config/part.py", "import tomllib, pydantic\nfrom plant_config.section import S"),
        ("db/engine.py", "import sqlite3, sqlalchemy.orm\nfrom db.errors import E"),
        ("inspect_pipeline/stages/judge.py", "from inspect_pipeline.conformal import C"),
        ("inspect_pipeline/stages/judge.py", "from plant_config.part import Part"),
        ("inspect_pipeline/reports/page.py", "import PIL.Image, jinja2\nfrom db import queries"),
        ("inspect_pipeline/service/build.py", "import anything\nfrom db import engine"),
        ("run_pipeline.py", "from inspect_pipeline.service.cli import main"),
    ],
)
def test_an_import_of_the_table_is_allowed(path: str, text: str) -> None:
    assert rooms.forbidden_imports(source(text, path), NO_MODULES) == []


def test_a_room_is_not_entered_by_a_name_that_only_begins_like_it() -> None:
    sneaky = source("from inspect_pipeline.records_extra import X")

    assert len(rooms.forbidden_imports(sneaky, NO_MODULES)) == 1


def test_a_module_without_a_room_must_be_given_one() -> None:
    homeless = source("", "inspect_pipeline/helpers.py")

    assert "stands in no room" in rooms.forbidden_imports(homeless, NO_MODULES)[0]


def test_a_circle_of_three_is_named_once() -> None:
    circle = [
        source("from db.b import x", "db/a.py"),
        source("def f():\n    import db.c", "db/b.py"),
        source("from db import a", "db/c.py"),
        source("import db.a", "db/outside.py"),
    ]

    assert rules.import_cycles(circle) == ["import cycle: db.a -> db.b -> db.c -> db.a"]


def test_two_ways_to_the_same_module_are_no_circle() -> None:
    diamond = [
        source("import db.b\nimport db.c", "db/a.py"),
        source("import db.d", "db/b.py"),
        source("import db.d", "db/c.py"),
        source("", "db/d.py"),
    ]

    assert rules.import_cycles(diamond) == []


def test_relative_imports_are_refused() -> None:
    assert len(rules.relative_imports(source("from . import a\nfrom .b import c"))) == 2


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("inspect_pipeline/capture/simulated/line.py", 0),
        ("inspect_pipeline/tiling.py", 0),
        ("inspect_pipeline/stages/regions.py", 0),
        ("inspect_pipeline/training/defects_scratch.py", 0),
        ("inspect_pipeline/training/run.py", 1),
        ("inspect_pipeline/reports/page.py", 1),
        ("inspect_pipeline/service/build.py", 1),
    ],
)
def test_opencv_is_refused_outside_its_places(path: str, refused: int) -> None:
    assert len(rooms.misplaced_libraries(source("import cv2", path))) == refused


def test_a_scheduler_in_two_files_is_refused() -> None:
    text = "from apscheduler.schedulers.blocking import BlockingScheduler"
    first, second = (source(text, f"inspect_pipeline/service/{name}.py") for name in "ab")

    assert rooms.spread_libraries([first]) == []
    assert len(rooms.spread_libraries([first, second])) == 1


@pytest.mark.parametrize(
    ("handler", "refused"),
    [
        ("except Exception:", 1),
        ("except Exception as error:", 1),
        ("except BaseException:", 1),
        ("except:", 1),
        ("except (ValueError, Exception):", 1),
        ("except ValueError:", 0),
        ("except (OSError, KeyError):", 0),
    ],
)
def test_a_handler_that_catches_everything_is_refused(handler: str, refused: int) -> None:
    text = f"try:\n    pass\n{handler}\n    pass\n"

    assert len(rules.broad_excepts(source(text))) == refused


def test_a_handler_that_cleans_up_and_raises_again_is_allowed() -> None:
    again = "try:\n    pass\nexcept BaseException:\n    tidy()\n    raise\n"
    other = "try:\n    pass\nexcept Exception:\n    raise KeyError\n"

    assert rules.broad_excepts(source(again)) == []
    assert len(rules.broad_excepts(source(other))) == 1


def test_only_service_and_workers_may_catch_everything() -> None:
    paths = [
        "inspect_pipeline/service/jobs.py",
        "inspect_pipeline/workers/local.py",
        "db/engine.py",
    ]

    assert [rooms.may_catch_all(source("", path)) for path in paths] == [True, True, False]


@pytest.mark.parametrize(
    "text",
    [
        "HANDLE = open('a')",
        "TEXT = Path('a').read_text()",
        "ENGINE = create_engine('sqlite://')",
        "ENGINE = sqlalchemy.create_engine('sqlite://')",
        "DEVICE = torch.device('cuda')",
        "HAS_GPU = torch.cuda.is_available()",
        "STARTED_AT = datetime.now(UTC)",
        "HOME = os.environ['HOME']",
        "HOME = os.getenv('HOME')",
        "class A:\n    weights = np.load('a.npy')",
        "def f(at=datetime.now(UTC)): pass",
        "def f(*, at=time.time()): pass",
        "if True:\n    cv2.VideoCapture(0)",
        "NAMES = [open(name) for name in 'ab']",
        "@connect('a')\ndef f(): pass",
        "with open('a') as a: pass",
    ],
)
def test_work_at_import_is_refused(text: str) -> None:
    assert len(rules.work_at_import(source(text))) >= 1


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    return open('a')",
        "class A:\n    def f(self):\n        return create_engine('sqlite://')",
        "LATER = lambda: open('a')",
        "if __name__ == '__main__':\n    open('a')",
        "LOGGER = logging.getLogger(__name__)",
        "WORD = re.compile('a')",
        "SIZES = frozenset({1, 2})",
    ],
)
def test_what_does_nothing_at_import_is_allowed(text: str) -> None:
    assert rules.work_at_import(source(text)) == []


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("import pickle", 1),
        ("from pickle import loads", 1),
        ("import joblib", 1),
        ("from pickle import UnpicklingError", 0),
        ("from pickle import UnpicklingError, load", 1),
        ("torch.load('a')", 1),
        ("torch.load('a', weights_only=False)", 1),
        ("torch.load('a', weights_only=trust)", 1),
        ("torch.load('a', weights_only=True)", 0),
        ("torch.save(x, 'a')", 1),
        ("np.load('a', allow_pickle=True)", 1),
        ("np.load('a', allow_pickle=trust)", 1),
        ("np.load('a', allow_pickle=False)", 0),
        ("safetensors.torch.load_file('a')", 0),
    ],
)
def test_loading_that_can_run_code_is_refused(text: str, refused: int) -> None:
    assert len(rules.unsafe_loads(source(text))) == refused


def test_prints_are_found_and_namesakes_are_not() -> None:
    text = "print('a')\nconsole.print('b')\nblueprint('c')\n"

    assert len(rules.prints(source(text))) == 1


def test_a_file_over_400_lines_is_refused_and_one_of_400_is_not() -> None:
    assert rules.oversized(source("x = 1\n" * 400)) == []
    assert len(rules.oversized(source("x = 1\n" * 401))) == 1


def test_a_function_over_60_lines_is_refused_and_one_of_60_is_not() -> None:
    fitting = "def f():\n" + "    x = 1\n" * 59

    assert rules.oversized(source(fitting)) == []
    assert len(rules.oversized(source(fitting + "    x = 1\n"))) == 1


def test_a_long_method_is_refused_too() -> None:
    text = "class A:\n    async def f(self):\n" + "        x = 1\n" * 60

    assert len(rules.oversized(source(text))) == 1


def test_a_migration_may_be_long() -> None:
    assert rules.oversized(source("x = 1\n" * 500, "db/migrations/versions/r0001_all.py")) == []


@pytest.mark.parametrize("name", ["inspect", "email", "numpy"])
def test_a_module_named_after_a_library_is_refused(name: str) -> None:
    named = source("import numpy", f"inspect_pipeline/alerts/{name}.py")

    assert len(rooms.borrowed_names([named])) == 1


def test_names_of_our_own_are_allowed() -> None:
    ours = [
        source("from tests.make import frame", "tests/unit/test_tiling.py"),
        source("import db", "db/engine.py"),
        source("from __future__ import annotations", "db/__init__.py"),
    ]

    assert rooms.borrowed_names(ours) == []


def test_reading_walks_folders_files_and_nothing_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "db" / "deep").mkdir(parents=True)
    (tmp_path / "db" / "deep" / "a.py").write_text("x = 1\n")
    (tmp_path / "run_pipeline.py").write_text("y = 1\n")

    found = rules.read(tmp_path, ["run_pipeline.py", "db", "missing"])

    assert [str(one.path) for one in found] == ["run_pipeline.py", "db/deep/a.py"]
