"""Pictures that another program puts into a folder."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from plant_config.cameras.base import CameraSection, Seconds
from plant_config.section import PlantPath, Problem, refuse


class FolderCameraSettings(CameraSection):
    """Pictures that another program puts into a folder."""

    kind: Literal["folder"] = Field(description="folder: pictures that lie in a folder.")
    path: PlantPath = Field(
        description="Folder with the pictures; relative paths start at this file."
    )
    pattern: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="Only files whose name matches, for example cam1_*.png; leave out for all.",
    )
    recursive: bool = Field(default=True, description="true: folders inside the folder count too.")
    after: Literal["leave", "move", "remove"] = Field(
        default="leave",
        description="What happens to a file once it is safe: leave it, move it, or remove it.",
    )
    move_to: PlantPath | None = Field(
        default=None, description="With after = move: the folder that takes them, outside of path."
    )
    watch: Literal["events", "polling"] = Field(
        default="events",
        description="events: this computer tells of new files; polling: look, for network shares.",
    )
    poll_s: Seconds = Field(
        default=1.0, description="With watch = polling: look at the folder every so many seconds."
    )
    rescan_s: Seconds = Field(
        default=60.0,
        description="With watch = events: look all the same every so many seconds.",
    )
    settle_s: Annotated[float, Field(ge=0.0, le=600.0)] = Field(
        default=2.0,
        description="A file is complete when size and time stood still for so many seconds.",
    )

    @model_validator(mode="after")
    def _check_where_files_go(self) -> Self:
        problems = []
        if self.after == "move" and self.move_to is None:
            reason = "is missing beside after = 'move': name the folder that takes the files"
            problems.append(Problem(key="move_to", reason=reason))
        if self.after != "move" and self.move_to is not None:
            reason = f"stands beside after = {self.after!r}: write after = 'move', or leave it out"
            problems.append(Problem(key="move_to", reason=reason))
        if self.move_to is not None and self.move_to.is_relative_to(self.path):
            reason = f"{self.move_to} lies inside path: its files would come again, name another"
            problems.append(Problem(key="move_to", reason=reason))
        refuse(problems)
        return self
