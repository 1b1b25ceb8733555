"""Channels against real servers: TLS is checked, pictures arrive, secrets stay where they are."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from db.alert_outbox import Parcel, Told
from db.alert_pages import AlertRow
from db.words import AlertState, DeliveryAbout, Severity
from inspect_pipeline.alerts.channels import build_sender, opened_channel, send
from inspect_pipeline.alerts.messages import Attachment, Message, compose
from inspect_pipeline.errors import ChannelUnfit, SendFailed
from inspect_pipeline.reports.drawing import png_of
from plant_config.channels import Channel
from tests.integration.alerts.alerting_plant import (
    HEAD,
    MORNING,
    SECRETS,
    channel,
    hook,
    receiver,
)
from tests.integration.alerts.own_servers import (
    OwnBroker,
    broker,
    free_port,
    listening,
    mail_server,
)

ALERT = AlertRow(
    alert_id=7,
    rule="critical",
    text="critical scratch <b> at cam-1 on L1, Blech für Öfen",
    line_id="L1",
    camera_id="cam-1",
    part="web",
    finding_id=12,
    severity=Severity.CRITICAL,
    state=AlertState.OPEN,
    events=3,
    facts={"kind": "scratch"},
    opened_at=MORNING,
    last_event_at=MORNING,
    acknowledged_by=None,
    acknowledged_at=None,
    resolved_by=None,
    resolved_at=None,
)


def a_message(key: str = "alert 7 opened 1 mail") -> Message:
    import numpy as np

    picture = png_of(np.full((8, 8, 3), 90, dtype=np.uint8))
    told = Told(delivery_id=1, about=DeliveryAbout.OPENED, alert=ALERT)
    parcel = Parcel(key=key, channel="mail", attempts=1, told=(told,))
    shown = Attachment(name="observed.png", media_type="image/png", content=picture, shown=True)
    return compose(parcel, HEAD, [shown], [ALERT])


def mail_channel(port: int, **keys: object) -> object:
    usual = {
        "name": "mail",
        "host": "localhost",
        "port": port,
        "sender": "line@mill.example",
        "to": ["lead@mill.example", "quality@mill.example"],
        "user": "line",
        "password_env": "MAIL_PASSWORD",
        "timeout_s": 10.0,
    }
    return channel("email", **{**usual, **keys})


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # of the server
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_has_its_pictures_inside_plain_text_beside_and_one_id(
    tmp_path: Path, security: str
) -> None:
    with mail_server(tmp_path, password=SECRETS["MAIL_PASSWORD"], security=security) as box:
        mail = mail_channel(box.port, security=security, ca_file=str(box.ca_file))
        box.refusals = 1
        with pytest.raises(SendFailed, match="451 try again later"):
            send(mail, a_message(), SECRETS)  # type: ignore[arg-type]
        send(mail, a_message(), SECRETS)  # type: ignore[arg-type]
        send(mail, a_message(), SECRETS)  # type: ignore[arg-type]

    first, second = box.letters
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Subject"] == "[Mill & Sons] critical scratch <b> at cam-1 on L1, Blech für Öfen"
    plain, html = first.get_body(("plain",)), first.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "https://inspect.example/alerts/7" in plain.get_content()
    assert "3 times" in plain.get_content()
    page = html.get_content()
    assert "scratch &lt;b&gt; at cam-1" in page
    assert 'src="cid:observed.png"' in page
    (picture,) = (part for part in first.walk() if part.get_content_type() == "image/png")
    assert picture["Content-ID"] == "<observed.png>"
    assert box.signed_in == ["line"] * 3


def test_a_server_that_nobody_vouches_for_gets_neither_password_nor_mail(tmp_path: Path) -> None:
    with mail_server(tmp_path, password="x", security="starttls") as box:
        with pytest.raises(SendFailed, match=r"(?i)certificate verify failed"):
            send(mail_channel(box.port), a_message(), SECRETS)  # type: ignore[arg-type]
        assert (box.signed_in, box.letters) == ([], [])


def test_a_refused_password_is_told_without_it(tmp_path: Path) -> None:
    with mail_server(tmp_path, password="another", security="starttls") as box:
        mail = mail_channel(box.port, ca_file=str(box.ca_file))
        with pytest.raises(SendFailed, match="sign-in was refused, 535") as failed:
            send(mail, a_message(), SECRETS)  # type: ignore[arg-type]
    assert SECRETS["MAIL_PASSWORD"] not in repr(failed.value)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_read_is_named_before_anything_is_sent(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "authority.pem"
    if content is not None:
        file.write_text(content)
    for wanted in (
        hook("https://127.0.0.1:1/x", ca_file=str(file)),
        channel("mqtt", host="127.0.0.1", port=1, ca_file=str(file)),
        mail_channel(1, ca_file=str(file)),
    ):
        with pytest.raises(ChannelUnfit, match=r"ca_file .*authority\.pem"):
            build_sender(wanted, SECRETS)  # type: ignore[arg-type]


def test_a_secret_that_is_not_set_is_named_and_a_key_in_an_address_is_never_told() -> None:
    with pytest.raises(ChannelUnfit, match="environment variable HOOK_SECRET"):
        send(hook("http://127.0.0.1:1/x"), a_message(), {})
    secret = f"http://127.0.0.1:{free_port()}/T0P-s3cret"
    keyed = channel("webhook", url_env="HOOK_URL", secret_env="HOOK_SECRET")
    with pytest.raises(SendFailed) as failed:
        send(keyed, a_message(), {**SECRETS, "HOOK_URL": secret})
    assert "s3cret" not in str(failed.value)
    assert failed.value.__cause__ is None
    with pytest.raises(ChannelUnfit, match="is not an address that Apprise knows") as unfit:
        send(channel("chat", url_env="CHAT"), a_message(), {"CHAT": "nonsense-t0ken"})
    assert "t0ken" not in str(unfit.value)


def test_a_file_is_whole_and_a_repeat_replaces_it(tmp_path: Path) -> None:
    drop = channel("file", folder=str(tmp_path / "drop"))

    for _ in range(2):
        send(drop, a_message(), {})
    send(drop, a_message("another"), {})

    files = sorted((tmp_path / "drop").glob("*.json"))
    assert len(files) == 2
    said = json.loads(files[0].read_text())
    assert said["alerts"][0]["finding"] == 12
    assert len(list((tmp_path / "drop").glob("*.files/observed.png"))) == 2


def test_a_chat_service_gets_subject_and_text() -> None:
    with receiver() as there:
        address = there.url.replace("http://", "json://")
        send(channel("chat", url_env="CHAT"), a_message(), {"CHAT": address})

        (body,) = there.bodies
        there.answers = [500]
        with pytest.raises(SendFailed, match="did not take it"):
            send(channel("chat", url_env="CHAT"), a_message(), {"CHAT": address})
    assert body["title"].startswith("[Mill & Sons] critical scratch")
    assert body["type"] == "failure"


def test_a_broker_keeps_how_each_place_stands_and_whether_anybody_watches() -> None:
    with broker() as own, opened_channel(mqtt(own), {}) as sender:
        sender.send(a_message())
        with listening(own, "mill/#") as ears:
            assert ears.wait("mill/status", bool) == b"online"
            payload = ears.wait("mill/alerts/L1/cam-1/critical", bool)
            assert ears.last["mill/alerts/L1/cam-1/critical"][1], "it is kept"
            assert json.loads(payload)["key"] == "alert 7 opened 1 mail"
            sender.close()
            ears.wait("mill/status", lambda said: said == b"offline")


@pytest.mark.filterwarnings(  # paho leaves the socket that it refused to the collector
    "ignore:.*SSLSocket:pytest.PytestUnraisableExceptionWarning"
)
def test_a_broker_is_asked_for_its_certificate_and_says_when_a_sender_died(
    tmp_path: Path,
) -> None:
    with broker(tmp_path) as own, listening(own, "mill/status") as ears:
        with pytest.raises(SendFailed, match=r"(?i)certificate verify failed"):
            send(mqtt(own, tls=True), a_message(), {})
        program = [sys.executable, "-m", "tests.integration.alerts.dying_sender"]
        place = Path(__file__).parents[3]
        died = subprocess.run([*program, str(own.port), str(own.ca_file)], cwd=place, check=False)
        assert died.returncode == -signal.SIGKILL
        ears.wait("mill/status", lambda said: said == b"offline")


def mqtt(own: OwnBroker, **keys: object) -> Channel:
    usual = {"host": "127.0.0.1", "port": own.port, "topic": "mill", "timeout_s": 10.0}
    return channel("mqtt", **{**usual, "tls": False, **keys})


def test_a_broker_that_is_not_there_is_a_try_that_failed() -> None:
    away = channel("mqtt", host="127.0.0.1", port=free_port(), tls=False)

    with pytest.raises(SendFailed, match="cannot be reached"):
        send(away, a_message(), {})


def test_what_programs_get_is_what_the_published_schema_says() -> None:
    schema = json.loads((Path(__file__).parents[3] / "docs/alert_message.schema.json").read_text())
    said = a_message().facts

    assert set(said) == set(schema["required"])
    described = schema["$defs"]["alert"]
    (alert,) = said["alerts"]
    assert set(alert) == set(described["required"]) == set(described["properties"])
    for name, words in {
        "about": DeliveryAbout,
        "state": AlertState,
        "severity": Severity,
    }.items():
        assert described["properties"][name]["enum"] == [word.value for word in words]
