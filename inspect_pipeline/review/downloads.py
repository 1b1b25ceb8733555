"""Files that are made for one download: written to a temporary file, gone when they were sent."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from fastapi.responses import FileResponse
from starlette.background import BackgroundTask


def download(name: str, media_type: str, write: Callable[[IO[bytes]], object]) -> FileResponse:
    """The answer with what `write` writes; nothing is left behind, also where writing fails."""
    with tempfile.NamedTemporaryFile(prefix="review-", delete=False) as file:
        path = Path(file.name)
        try:
            write(file)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return FileResponse(
        path,
        media_type=media_type,
        filename=name,
        background=BackgroundTask(path.unlink, missing_ok=True),
    )
