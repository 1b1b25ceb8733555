"""Plant file in, checked plant out; whatever is wrong is said in one error, all of it at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from plant_config.camera import FolderCameraSettings, VideoCameraSettings
from plant_config.errors import PlantConfigError
from plant_config.plant import Plant
from plant_config.problems import problems_of
from plant_config.section import LoadContext, Problem


def load_plant(
    path: Path,
    *,
    environment: Mapping[str, str] | None = None,
    folders_may_come: bool = False,
) -> Plant:
    """Reads and checks one plant file; `environment` stands in for the process's own.

    `folders_may_come`: a folder that a camera watches need not be there yet.

    Raises PlantConfigError naming file, key (`cameras[1].path`), reason and what to do.
    """
    tree = _parsed(path)
    context = LoadContext(
        folder=path.absolute().parent,
        environment=os.environ if environment is None else environment,
    )
    try:
        plant = Plant.model_validate(tree, context=context)
    except ValidationError as error:
        raise _refused(path, problems_of(error)) from error
    problems = [*_missing_folders(plant), *_missing_references(plant)]
    if not folders_may_come:
        problems = [*_folders_to_come(plant), *problems]
    if problems:
        raise _refused(path, problems)
    return plant


def _parsed(path: Path) -> dict[str, object]:
    try:
        text = path.read_bytes().decode("utf-8-sig")  # editors on Windows write a mark in front
    except FileNotFoundError as error:
        raise PlantConfigError(f"{path}: there is no such plant file, check the path") from error
    except IsADirectoryError as error:
        message = f"{path}: is a folder, name the plant file inside it, such as plant.toml"
        raise PlantConfigError(message) from error
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}), check the path and its permissions"
        raise PlantConfigError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path}: is not UTF-8 text, save it as UTF-8 in your editor"
        raise PlantConfigError(message) from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlantConfigError(f"{path}: is not valid TOML, correct it: {error}") from error


def _folders_to_come(plant: Plant) -> list[Problem]:
    """Of watched folders, those that are not there now."""
    return [
        Problem(
            key=f"cameras[{index}].path",
            reason=f"folder {camera.path} does not exist: create it, mount it or correct the path",
        )
        for index, camera in enumerate(plant.cameras)
        if isinstance(camera, FolderCameraSettings) and not camera.path.exists()
    ]


def _missing_folders(plant: Plant) -> list[Problem]:
    problems = []
    for index, camera in enumerate(plant.cameras):
        if isinstance(camera, FolderCameraSettings) and camera.path.is_file():
            reason = f"{camera.path} is a file, not a folder: correct the path"
            problems.append(Problem(key=f"cameras[{index}].path", reason=reason))
        if isinstance(camera, VideoCameraSettings) and not camera.path.is_file():
            found = "is a folder, not a video" if camera.path.exists() else "does not exist"
            reason = f"video file {camera.path} {found}: correct the path"
            problems.append(Problem(key=f"cameras[{index}].path", reason=reason))
    kept = {
        "storage.evidence_folder": plant.storage.evidence_folder,
        "storage.models_folder": plant.storage.models_folder,
        "ingestion.spool_folder": plant.spool_folder,
    }
    for key, folder in kept.items():
        if folder.exists() and not folder.is_dir():
            reason = f"{folder} is a file, not a folder: name another folder"
            problems.append(Problem(key=key, reason=reason))
    return problems


def _missing_references(plant: Plant) -> list[Problem]:
    problems = []
    for index, part in enumerate(plant.parts):
        reference = part.fitness.reference if part.fitness else None
        if reference is not None and not reference.is_file():
            reason = f"picture {reference} does not exist: correct the path"
            problems.append(Problem(key=f"parts[{index}].fitness.reference", reason=reason))
    return problems


def _refused(path: Path, problems: list[Problem]) -> PlantConfigError:
    lines = [
        f"{problem.key}: {problem.reason}" if problem.key else problem.reason
        for problem in problems
    ]
    if len(lines) == 1:
        return PlantConfigError(f"{path}: {lines[0]}")
    return PlantConfigError(f"{path}: {len(lines)} problems\n  " + "\n  ".join(lines))
