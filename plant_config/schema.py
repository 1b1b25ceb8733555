"""The JSON schema of a plant file, for editors that complete and check while one types."""

from __future__ import annotations

import json
from pathlib import Path

from plant_config.plant import Plant

SCHEMA_FILE = Path(__file__).with_name("schema.json")


def schema_text() -> str:
    return json.dumps(Plant.model_json_schema(), indent=2) + "\n"


def write_schema(path: Path = SCHEMA_FILE) -> None:
    """Call it (`python -m plant_config.schema`) whenever a section changes."""
    path.write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    write_schema()
