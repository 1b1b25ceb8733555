"""`users` and `serve` as an administrator of a plant types them."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from db.engine import default_url, session
from db.errors import RecordRefused
from db.identities import Identity, account_of
from db.upgrade import open_database
from db.words import Role
from inspect_pipeline.errors import UsageError
from inspect_pipeline.service.cli.people import PASSWORD_VARIABLE, app
from tests.e2e.command_line import ROOT, run_pipeline
from tests.unit.test_plant_config import GOOD, write
from tests.unit.test_plant_config_review import PROVIDER

PASSWORD = "eleven green bottles"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return default_url(tmp_path / "findings.db")


def users(url: str, *words: str, typed: str = f"{PASSWORD}\n") -> Result:
    return CliRunner().invoke(app, [*words, "--db", url], input=typed, catch_exceptions=False)


def add(url: str, name: str = "anna", role: str = "admin") -> Result:
    return users(url, "add", name, "--role", role, "--password-stdin")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
        return port


@contextmanager
def serving(url: str, port: int) -> Iterator[subprocess.Popen[str]]:
    """The verb in another process, once it says where it is."""
    words = ["serve", "--db", url, "--port", str(port)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
    with subprocess.Popen(
        [sys.executable, str(ROOT / "run_pipeline.py"), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        try:
            assert f"http://127.0.0.1:{port}" in process.stdout.readline()
            yield process
        finally:
            process.kill()


def test_serve_lets_the_first_administrator_in_and_stops_in_order(url: str) -> None:
    assert "anna can sign in as admin" in add(url).stdout
    port = free_port()

    with (
        serving(url, port) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client,
    ):
        assert client.get("/healthz").json() == {"status": "ok"}
        form = {"name": "anna", "password": PASSWORD, "next": "/people"}
        people = client.post("/login", data=form, follow_redirects=True)
        assert people.status_code == 200
        assert "<h1>People</h1>" in people.text
        taken = run_pipeline("serve", "--db", url, "--port", str(port))
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=240)

    assert process.returncode == 0
    assert "Traceback" not in log
    assert PASSWORD not in log
    assert taken.returncode == 1
    assert f"cannot listen at 127.0.0.1 port {port} (Address already in use)" in taken.stderr


def test_serve_refuses_while_nobody_could_sign_in(url: str) -> None:
    add(url, "rita", "reviewer")

    refused = run_pipeline("serve", "--db", url)

    assert refused.returncode == 1
    assert "there is no administrator yet" in refused.stderr
    assert "users add NAME --role admin" in refused.stderr


def test_serve_refuses_to_send_passwords_in_clear(url: str) -> None:
    refused = run_pipeline("serve", "--db", url, "--host", "0.0.0.0")

    assert refused.returncode == 1
    assert "serves other computers and https is false" in refused.stderr


def test_serve_refuses_without_the_secret_of_its_provider(url: str, tmp_path: Path) -> None:
    plant = write(tmp_path, f"{GOOD}[review]\n{PROVIDER}", ("/srv/models", "models"))
    add(url)

    refused = run_pipeline("serve", "--plant", str(plant), "--db", url)

    assert refused.returncode == 1
    assert "needs its secret in the environment variable MILL_ID_SECRET" in refused.stderr


def test_an_account_has_a_life(url: str) -> None:
    add(url)
    add(url, "ben", "viewer")

    assert "ben: viewer -> engineer" in users(url, "role", "ben", "engineer").stdout
    assert "ben is disabled" in users(url, "disable", "Ben").stdout
    listed = users(url, "list").stdout
    assert re.search(r"anna .* admin .* active", listed)
    assert re.search(r"ben .* engineer .* disabled 20", listed)
    assert "ben can sign in again" in users(url, "enable", "ben").stdout
    assert "signed out everywhere" in users(url, "password", "ben", "--password-stdin").stdout
    token = users(url, "token", "ben", "--for", "MES", "--role", "reviewer").stdout
    assert re.fullmatch(r"ipt_[\w-]{43}\n", token)


def test_an_account_of_the_identity_provider_is_listed_so_and_gets_no_password(url: str) -> None:
    jane = Identity(
        issuer="https://sso.mill.example",
        subject="248289761001",
        name="jane",
        full_name="",
        role=Role.REVIEWER,
        is_role_kept=False,
    )
    add(url)
    engine = open_database(url)
    with session(engine) as opened:
        account_of(opened, jane, at=datetime.now(UTC))
    engine.dispose()

    assert re.search(r"jane .* reviewer .* active, identity provider", users(url, "list").stdout)
    with pytest.raises(RecordRefused, match="signs in through the identity provider"):
        users(url, "password", "jane", "--password-stdin")


def test_a_password_comes_from_the_environment_when_nobody_types(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="nobody can type a password here"):
        users(url, "add", "anna", "--role", "admin")

    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    assert users(url, "add", "anna", "--role", "admin").exit_code == 0


def test_a_password_is_never_an_argument(url: str) -> None:
    refused = CliRunner().invoke(app, ["add", "anna", "--password", PASSWORD, "--db", url])

    assert refused.exit_code == 2


@pytest.mark.parametrize(
    ("words", "typed", "error", "said"),
    [
        (("add", "eve", "--password-stdin"), "short\n", RecordRefused, "at least 10 characters"),
        (("add", "<b>", "--password-stdin"), f"{PASSWORD}\n", RecordRefused, "name: expected"),
        (("add", "anna", "--password-stdin"), f"{PASSWORD}\n", RecordRefused, "already"),
        (("disable", "anna"), "", RecordRefused, "last administrator"),
        (("role", "anna", "viewer"), "", RecordRefused, "last administrator"),
        (("password", "zoe", "--password-stdin"), "", UsageError, "no account 'zoe'; accounts: an"),
        (("token", "zoe", "--for", "MES"), "", UsageError, "no account 'zoe'"),
    ],
)
def test_what_cannot_be_is_refused(
    url: str, words: tuple[str, ...], typed: str, error: type[Exception], said: str
) -> None:
    add(url)

    with pytest.raises(error, match=said):
        users(url, *words, typed=typed)
