"""Every key of the sections that grow with a plant: what it cannot be is refused by its name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from plant_config.errors import PlantConfigError
from plant_config.loader import load_plant
from plant_config.plant import Plant
from tests.unit.test_plant_config import GOOD, refusal, write

SHIFT = {"name": "early", "begins": "06:00", "ends": "14:00"}
MAIL = {"host": "mail.mill.example", "sender": "l@mill.example", "to": ["a@mill.example"]}
COSTS = ("hand_minutes_per_part", "wage_per_hour", "escape_cost", "false_call_cost")
TIMED = {"every_s": 60}
GOOD_BLOCKS: dict[str, tuple[str, Mapping[str, object]]] = {  # by the section's name in the schema
    "Schedule": ("[schedule]", {"country": "DE", "region": "BY"}),
    "ShiftSettings": ("[[schedule.shifts]]", SHIFT),
    "CameraSchedule": ("[cameras.schedule]", {"every_s": 600}),
    "RetentionJob": ("[[jobs]]", {"kind": "retention", "passed_days": 30, **TIMED}),
    "BackupJob": ("[[jobs]]", {"kind": "backup", "folder": "backups", **TIMED}),
    "CalibrationJob": ("[[jobs]]", {"kind": "calibration", **TIMED}),
    "ReportJob": ("[[jobs]]", {"kind": "report", "report": "day", **TIMED}),
    "Monitoring": ("[monitoring]", {}),
    "Ingestion": ("[ingestion]", {}),
    "Reports": ("[reports]", {}),
    "Roi": ("[roi]", {"currency": "EUR", **dict.fromkeys(COSTS, 1.0)}),
    "FindingRule": ("[[alerts]]", {"kind": "finding"}),
    "RowRule": ("[[alerts]]", {"kind": "row"}),
    "BurstRule": ("[[alerts]]", {"kind": "burst"}),
    "RepeatRule": ("[[alerts]]", {"kind": "repeat"}),
    "RateRule": ("[[alerts]]", {"kind": "rate"}),
    "UnfitRule": ("[[alerts]]", {"kind": "unfit"}),
    "SilentRule": ("[[alerts]]", {"kind": "silent"}),
    "BehindRule": ("[[alerts]]", {"kind": "behind"}),
    "EventRule": ("[[alerts]]", {"kind": "event", "events": ["camera_lost"]}),
    "BacklogRule": ("[[alerts]]", {"kind": "backlog"}),
    "MailChannel": ("[[channels]]", {"kind": "email", **MAIL}),
    "WebhookChannel": ("[[channels]]", {"kind": "webhook", "url_env": "U", "secret_env": "S"}),
    "MqttChannel": ("[[channels]]", {"kind": "mqtt", "host": "broker.mill.example"}),
    "FileChannel": ("[[channels]]", {"kind": "file", "folder": "calls"}),
    "ChatChannel": ("[[channels]]", {"kind": "chat", "url_env": "CHAT"}),
}
ELSEWHERE = {  # they have tables of their own beside this one
    *("Corrections", "Fitness", "Line", "LineScan", "Oidc", "OidcRoles", "Part", "Review", "Roll"),
    *("SimulatedFault", "Storage"),
}


def plant_with(
    folder: Path, section: str, changes: Mapping[str, object] = MappingProxyType({})
) -> Path:
    """The good plant with this section, some of its keys changed; None leaves a key out."""
    head, block = GOOD_BLOCKS[section]
    is_named = head.startswith("[[") and "name" not in block
    said = {**({"name": "one"} if is_named else {}), **block, **changes}
    keys = (f"{key} = {toml(value)}" for key, value in said.items() if value is not None)
    text = "\n".join((head, *keys, ""))
    if section == "CameraSchedule":
        return write(folder, GOOD, ("frame_wh = [320, 200]\n", f"frame_wh = [320, 200]\n{text}"))
    return write(folder, f"{GOOD}{text}", ("/srv/models", "models"))


def toml(value: object) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {toml(each)}' for key, each in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value)


def key_path(section: str, key: str) -> str:
    head = GOOD_BLOCKS[section][0]
    place = "cameras[1].schedule" if section == "CameraSchedule" else head.strip("[]")
    return f"{place}[0].{key}" if head.startswith("[[") else f"{place}.{key}"


def wrong_values(said: Mapping[str, Any]) -> Iterator[object]:
    """What a key cannot be, by its schema: another type, beyond its limits, an unknown word."""
    kinds = [said, *said.get("anyOf", ())]
    yield 1 if any(kind.get("type") == "object" for kind in kinds) else {"wrong": 1}
    for kind in kinds:
        for limit, step in (("minimum", -1), ("exclusiveMinimum", 0)):
            if limit in kind:
                yield kind[limit] + step
        for limit, step in (("maximum", 1), ("exclusiveMaximum", 0)):
            if limit in kind:
                yield kind[limit] + step
        if "enum" in kind or "const" in kind:
            yield "no-such-word"
        if "pattern" in kind:
            yield "#"


@pytest.mark.parametrize("section", GOOD_BLOCKS)
def test_every_key_refuses_by_its_name_what_it_cannot_be(section: str, tmp_path: Path) -> None:
    schema = Plant.model_json_schema()["$defs"][section]
    load_plant(plant_with(tmp_path, section), environment={})
    silent = []
    for key, said in schema["properties"].items():
        wanted = key_path(section, key)
        for wrong in wrong_values(said):
            path = plant_with(tmp_path, section, {key: wrong})
            try:
                load_plant(path, environment={})
                silent.append(f"{wanted} = {wrong!r} is taken")
            except PlantConfigError as refused:
                if not (str(refused).startswith(str(path)) and wanted in str(refused)):
                    silent.append(f"{wanted} = {wrong!r}: {refused}")
    for key in schema.get("required", ()):
        said = refusal(plant_with(tmp_path, section, {key: None}))
        if f"{key_path(section, key)}: is missing" not in said:
            silent.append(f"without {key}: {said}")

    assert silent == []


def test_no_section_is_forgotten_here() -> None:
    """A new section of a plant file belongs into one of the two tables above."""
    defined = {
        name
        for name, each in Plant.model_json_schema()["$defs"].items()
        if not name.endswith("CameraSettings")
    }

    assert defined - {*GOOD_BLOCKS} == ELSEWHERE


@pytest.mark.parametrize(
    ("section", "changes", "said"),
    [
        ("Schedule", {"country": None}, "schedule.region: stands without country: name the"),
        ("Schedule", {"country": "XX"}, "schedule.country: 'XX' is not a country whose holidays"),
        ("Schedule", {"region": "ZZ"}, "schedule.region: DE has no region 'ZZ': "),
        ("Schedule", {"holidays": ["24.12."]}, "schedule.holidays[0]: is '24.12.', not a day"),
        ("ShiftSettings", {"name": "all"}, "schedule.shifts[0].name: 'all' means every shift"),
        ("ShiftSettings", {"begins": "6 am"}, "schedule.shifts[0].begins: is '6 am', not a time"),
        ("ShiftSettings", {"begins": "06:10"}, "is '06:10': a shift begins and ends at a full"),
        ("ShiftSettings", {"weekdays": ["so"]}, "schedule.shifts[0].weekdays[0]: should be 'mon'"),
        ("ReportJob", {"line": "L9"}, "jobs[0].line: there is no line 'L9': use one of L1"),
        ("ReportJob", {"channels": ["fax"]}, "jobs[0].channels: there is no channel 'fax'"),
        ("ReportJob", {"report": "roi"}, "jobs[0].report: is roi, which needs a [roi] block"),
        ("Reports", {"languages": []}, "reports.languages: has no entry, at least one is needed"),
        ("Roi", {"currency": "euro"}, "roi.currency: is not written as it has to be, found 'euro'"),
        ("MailChannel", {"host": "a b"}, "channels[0].host: is not written as it has to be"),
        ("MailChannel", {"user": "u"}, "channels[0].password_env: is missing: user and password"),
        ("MailChannel", {"security": "none"}, "channels[0].security: is none, and the server is"),
        ("MailChannel", {"to": ["lead"]}, "channels[0].to[0]: 'lead' is not a mail address"),
        ("MqttChannel", {"topic": "a/#"}, "channels[0].topic: is not written as it has to be"),
        ("EventRule", {"events": ["rain"]}, "alerts[0].events[0]: should be "),
        ("RepeatRule", {"rolls": [{"name": "nip"}]}, "alerts[0].rolls[0].circumference_mm: is mis"),
    ],
)
def test_what_does_not_fit_together_is_refused_with_key_and_reason(
    section: str, changes: dict[str, object], said: str, tmp_path: Path
) -> None:
    assert said in refusal(plant_with(tmp_path, section, changes))
