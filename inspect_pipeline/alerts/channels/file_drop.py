"""File drop: one JSON file per message, whole or not there; a repeat replaces it by the same."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

from inspect_pipeline.alerts.messages import Message
from inspect_pipeline.errors import SendFailed
from plant_config.channels import FileChannel


class FileSender:
    def __init__(self, settings: FileChannel) -> None:
        self._settings = settings

    def send(self, message: Message) -> None:
        """Files that go with the message lie in a folder beside it, there before it is."""
        name = hashlib.sha256(message.key.encode()).hexdigest()
        folder = self._settings.folder
        body = {**message.facts, "subject": message.subject, "text": message.text}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for one in message.attachments:
                beside = folder / f"{name}.files"
                beside.mkdir(exist_ok=True)
                _put(beside / Path(one.name).name, one.content)
            _put(folder / f"{name}.json", json.dumps(body, indent=1, sort_keys=True).encode())
        except OSError as error:
            reason = error.strerror or str(error)
            raise SendFailed(
                f"channel {self._settings.name}: cannot write into {folder} ({reason})"
            ) from error

    def close(self) -> None:
        """Nothing stays open between two files."""


def _put(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
