"""Who may import whom: the table of docs/architecture.md in a form that a test can hold."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.architecture.house_rules import OURS, Source, imports_of

PIPELINE = "inspect_pipeline"
NOUNS = ("records", "geometry", "errors", "limits", "conformal")
ARRAYS = ("numpy", "torch")
PICTURES = (*ARRAYS, "cv2", "skimage", "scipy")
CAMERAS = ("gi", "pypylon", "harvesters", "genicam", "watchdog")
WEB = (
    "argon2",
    "fastapi",
    "starlette",
    "uvicorn",
    "pydantic",
    "httpx",
    "joserfc",
    "paho",
    "apprise",
    "prometheus_client",
)


@dataclass(frozen=True, kw_only=True)
class Room:
    """What modules of one package may import besides each other; names of ours lack the prefix."""

    ours: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()

    def allows(self, name: str) -> bool:
        ours = (*(f"{PIPELINE}.{room}" for room in self.ours), *self.leaves)
        return any(_is_in(name, place) for place in (*ours, *self.theirs))


ROOMS = {
    "plant_config": Room(theirs=("pydantic", "pydantic_core", "holidays")),
    "db": Room(theirs=("sqlalchemy", "alembic", "pandas", "numpy")),
    "inspect_pipeline.errors": Room(),
    "inspect_pipeline.axes": Room(),
    "inspect_pipeline.charts": Room(ours=("axes",), leaves=("db.questions",), theirs=("pandas",)),
    "inspect_pipeline.geometry": Room(ours=("errors",), theirs=ARRAYS),
    "inspect_pipeline.records": Room(ours=("geometry", "errors"), theirs=ARRAYS),
    "inspect_pipeline.limits": Room(ours=("records", "geometry", "errors")),
    "inspect_pipeline.conformal": Room(
        ours=("records", "geometry", "errors"), theirs=("numpy", "scipy")
    ),
    "inspect_pipeline.measures": Room(
        ours=("records", "geometry", "errors"), theirs=("numpy", "scipy", "PIL")
    ),
    "inspect_pipeline.networks": Room(ours=("errors",), theirs=(*ARRAYS, "safetensors")),
    "inspect_pipeline.runtime": Room(
        ours=("networks", "errors"), theirs=(*ARRAYS, "onnx", "onnxruntime", "openvino")
    ),
    "inspect_pipeline.tiling": Room(ours=("records", "geometry", "errors"), theirs=PICTURES),
    "inspect_pipeline.stages": Room(
        ours=(*NOUNS, "tiling", "networks", "runtime"),
        leaves=("plant_config.part",),
        theirs=PICTURES,
    ),
    "inspect_pipeline.bundle": Room(
        ours=(*NOUNS, "networks", "stages"), theirs=(*ARRAYS, "safetensors")
    ),
    "inspect_pipeline.opinion": Room(
        ours=(*NOUNS, "tiling", "stages", "bundle", "networks", "runtime"), theirs=ARRAYS
    ),
    "inspect_pipeline.inspector": Room(
        ours=(*NOUNS, "opinion", "stages", "bundle"),
        leaves=("plant_config.part",),
        theirs=ARRAYS,
    ),
    "inspect_pipeline.capture": Room(
        ours=("records", "geometry", "errors"),
        leaves=("plant_config.camera",),
        theirs=(*PICTURES, "PIL", *CAMERAS),
    ),
    "inspect_pipeline.ingestion": Room(
        ours=("records", "geometry", "errors", "capture"),
        leaves=("db.words", "plant_config.ingestion"),
        theirs=("numpy", "PIL"),
    ),
    "inspect_pipeline.working_shifts": Room(
        leaves=("db.questions.periods", "plant_config.schedule", "plant_config.shifts")
    ),
    "inspect_pipeline.workers": Room(
        ours=("inspector", "bundle", "records", "errors"), theirs=(*ARRAYS, "ray")
    ),
    "inspect_pipeline.training.base.__main__": Room(
        ours=(*NOUNS, "networks", "training"), theirs=(*ARRAYS, "cv2", "rich")
    ),
    "inspect_pipeline.training": Room(
        ours=(*NOUNS, "networks", "runtime", "stages", "tiling", "bundle", "opinion", "capture"),
        theirs=(*PICTURES, "pandas", "PIL", "safetensors"),
    ),
    "inspect_pipeline.exports": Room(
        ours=("errors",), leaves=("db",), theirs=("numpy", "pandas", "pyarrow", "sqlalchemy")
    ),
    "inspect_pipeline.reports": Room(
        ours=("axes", "charts", "records", "geometry", "errors", "conformal", "measures"),
        leaves=("db", "plant_config.roi"),
        theirs=(
            "numpy",
            "pandas",
            "PIL",
            "jinja2",
            "babel",
            "fontTools",
            "weasyprint",
            "markupsafe",
            "sqlalchemy",
        ),  # of sqlalchemy: the Session they are given
    ),
    "inspect_pipeline.review": Room(
        ours=("records", "geometry", "errors", "axes", "charts", "exports", "reports"),
        leaves=("db", "plant_config.review"),
        theirs=("numpy", "pandas", "PIL", "jinja2", "markupsafe", "sqlalchemy", *WEB),
    ),
    "inspect_pipeline.alerts": Room(
        ours=("records", "geometry", "errors", "reports", "working_shifts"),
        leaves=("db", "plant_config.alerts", "plant_config.channels", "plant_config.schedule"),
        theirs=("numpy", "PIL", "jinja2", "markupsafe", "sqlalchemy", *WEB),
    ),
    **{
        f"inspect_pipeline.{room}": Room(
            ours=("records", "geometry", "errors"),
            leaves=("db", f"plant_config.{section}"),
            theirs=("numpy", "pandas", "PIL", "jinja2", "markupsafe", "sqlalchemy", *WEB),
        )
        for room, section in (("monitoring", "monitoring"),)
    },
}

FREE_ROOMS = ("inspect_pipeline.service", "run_pipeline")  # everything meets there
BARE_PACKAGES = ("inspect_pipeline",)  # its __init__ imports nothing of ours

KEPT_IN = {
    "cv2": (
        "inspect_pipeline.capture*",
        "inspect_pipeline.tiling",
        "inspect_pipeline.stages*",
        "inspect_pipeline.training.defects*",
        "inspect_pipeline.training.base*",
    ),
}
ONE_FILE = ("apscheduler", "ray", "onnxruntime", "openvino", "pypylon", "harvesters", "gi")
MAY_CATCH_ALL = ("inspect_pipeline.service", "inspect_pipeline.workers")


def forbidden_imports(source: Source, modules: frozenset[str]) -> list[str]:
    """Imports that the room of the module does not allow, and modules that stand in no room."""
    module = source.module
    if any(_is_in(module, free) for free in FREE_ROOMS):
        return []
    place = next((name for name in ROOMS if _is_in(module, name)), None)
    if place is None and module not in BARE_PACKAGES:
        return [f"{source.path} stands in no room: give it one in tests/architecture/rooms.py"]
    room = ROOMS[place] if place else Room()
    return [
        f"{source.at(found.node)} {place or module} may not import {found.name}"
        for found in imports_of(source, modules)
        if not (_is_library(found.name) or (place and _is_in(found.name, place)))
        and not room.allows(found.name)
    ]


def misplaced_libraries(source: Source) -> list[str]:
    """Libraries that are kept in a few places, imported somewhere else."""
    return [
        f"{source.at(found.node)} imports {library}, which stays in {', '.join(places)}"
        for found in imports_of(source)
        for library, places in KEPT_IN.items()
        if _is_in(found.name, library)
        and not any(fnmatchcase(source.module, place) for place in places)
    ]


def spread_libraries(sources: Iterable[Source]) -> list[str]:
    """Libraries that belong in one file and are imported by several."""
    sources = list(sources)
    complaints = []
    for library in ONE_FILE:
        users = [
            str(source.path)
            for source in sources
            if any(_is_in(found.name, library) for found in imports_of(source))
        ]
        if len(users) > 1:
            complaints.append(f"{library} belongs in one file, imported in {', '.join(users)}")
    return complaints


def may_catch_all(source: Source) -> bool:
    return any(_is_in(source.module, place) for place in MAY_CATCH_ALL)


def borrowed_names(sources: Iterable[Source]) -> list[str]:
    """Modules named after the standard library or after a library that we import."""
    sources = list(sources)
    tops = {found.name.split(".")[0] for source in sources for found in imports_of(source)}
    taken = (tops | sys.stdlib_module_names) - set(OURS) - {"tests"}
    return [
        f"{source.path} has the name of a library: call it otherwise"
        for source in sources
        if source.path.stem in taken
    ]


def _is_library(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] in sys.stdlib_module_names


def _is_in(name: str, place: str) -> bool:
    return name == place or name.startswith(f"{place}.")
