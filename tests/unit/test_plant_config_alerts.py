"""Rules and channels in the plant file: mistakes are named with their keys, secrets refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from plant_config.errors import PlantConfigError
from plant_config.loader import load_plant
from tests.plant_files import small_plant

PLANT = (
    small_plant()
    + """
[[channels]]
name = "mail"
kind = "email"
host = "mail.mill.example"
sender = "line@mill.example"
to = ["lead@mill.example"]
"""
)
HOOK = '[[channels]]\nname = "hook"\nkind = "webhook"\nsecret_env = "HOOK_SECRET"\n'
RULE = '[[alerts]]\nname = "severe"\nkind = "finding"\n'


def refusal(tmp_path: Path, more: str) -> str:
    file = tmp_path / "plant.toml"
    file.write_text(PLANT + more)
    with pytest.raises(PlantConfigError) as refused:
        load_plant(file, environment={})
    return str(refused.value)


def test_rules_of_every_kind_can_be_written(tmp_path: Path) -> None:
    kinds = ("finding", "row", "burst", "repeat", "rate", "unfit", "silent", "behind", "backlog")
    rules = "".join(
        f'[[alerts]]\nname = "the-{kind}"\nkind = "{kind}"\nchannels = ["mail"]\n'
        f'shifts = ["night"]\nquiet_hours = ["22:00-06:00"]\n'
        for kind in kinds
    )
    drift = '[[alerts]]\nname = "drift"\nkind = "event"\nevents = ["input_health"]\n'
    (tmp_path / "plant.toml").write_text(PLANT + rules + drift)

    plant = load_plant(tmp_path / "plant.toml", environment={})

    assert [rule.kind for rule in plant.alerts] == [*kinds, "event"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            RULE + 'channels = ["phone"]\n',
            "alerts[0].channels: there is no 'phone': use one of mail",
        ),
        (RULE + 'cameras = ["cam-2"]\n', "alerts[0].cameras: there is no 'cam-2'"),
        (RULE + 'shifts = ["lunch"]\n', "alerts[0].shifts: there is no 'lunch'"),
        (RULE + "escalate_after_minutes = 5\n", "alerts[0].escalate_to: is missing"),
        (RULE + 'quiet_hours = ["at night"]\n', "alerts[0].quiet_hours[0]: 'at night' is no piece"),
        (RULE + "sevrity = 'major'\n", "unknown key 'sevrity', did you mean 'severity'?"),
        (RULE + RULE, "alerts[1].name: 'severe' stands here twice"),
        ('[[alerts]]\nname = "x"\nkind = "loud"\n', "alerts[0].kind: is 'loud', not a known kind"),
        (
            '[[alerts]]\nname = "x"\nkind = "rate"\nsample_minutes = 20\n',
            "alerts[0].sample_minutes: should be a multiple of 15",
        ),
        (
            '[[alerts]]\nname = "x"\nkind = "rate"\nreference_from = "2026-03-01"\n',
            "alerts[0].reference_until: is missing",
        ),
        (HOOK, "channels[1].url: write either url or url_env"),
    ],
)
def test_a_mistake_is_named_with_its_key(tmp_path: Path, more: str, words: str) -> None:
    assert words in refusal(tmp_path, more)


@pytest.mark.parametrize(
    ("more", "key"),
    [
        (HOOK + 'url = "https://line:S3cret-word-9@mill.example/x"\n', "channels[1].url"),
        (HOOK + 'url = "https://mill.example/x?token=S3cret-word-9"\n', "channels[1].url"),
        (HOOK + 'url = "https://mill.example/hook/S3cret-word-9abcdefgh"\n', "channels[1].url"),
        (HOOK.replace("HOOK_SECRET", "S3cret-word-9"), "channels[1].secret_env"),
        (HOOK.replace("HOOK_SECRET", "s3cretword9"), "channels[1].secret_env"),
        (PLANT[-1:] + 'user = "line"\npassword = "S3cret-word-9"\n', "channels[0]"),
        (
            '[[channels]]\nname = "chat"\nkind = "chat"\nurl_env = "slack://S3cret-word-9"\n',
            "channels[1].url_env",
        ),
        (
            '[[channels]]\nname = "m"\nkind = "mqtt"\nhost = "b"\ntls = false\n'
            'user = "u"\npassword_env = "MQTT"\n',
            "channels[1].tls",
        ),
    ],
)
def test_what_opens_a_door_is_refused_and_not_repeated(tmp_path: Path, more: str, key: str) -> None:
    said = refusal(tmp_path, more)

    assert key in said
    assert "S3cret-word-9" not in said
    assert "s3cretword9" not in said
