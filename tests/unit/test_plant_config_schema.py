"""The schema that editors use says the same as the sections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plant_config.plant import Plant
from plant_config.schema import SCHEMA_FILE, schema_text, write_schema


def test_the_schema_file_is_fresh() -> None:
    found = SCHEMA_FILE.read_text(encoding="utf-8")

    assert found == schema_text(), "run: python -m plant_config.schema"


def test_write_schema_writes_what_schema_text_says(tmp_path: Path) -> None:
    write_schema(tmp_path / "schema.json")

    assert (tmp_path / "schema.json").read_text(encoding="utf-8") == schema_text()


def test_every_key_has_a_sentence_for_the_operator() -> None:
    schema = Plant.model_json_schema()
    sections: dict[str, dict[str, Any]] = {"Plant": schema, **schema["$defs"]}

    silent = [
        f"{name}.{key}"
        for name, section in sections.items()
        for key, entry in section["properties"].items()
        if not entry.get("description", "").endswith(".")
    ]

    assert silent == []


def test_every_section_refuses_unknown_keys_in_the_schema_too() -> None:
    schema = Plant.model_json_schema()

    assert [
        name for name, each in schema["$defs"].items() if each["additionalProperties"] is not False
    ] == []
