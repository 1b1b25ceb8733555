"""How messages leave the plant: one [[channels]] block each. What opens a door is never written.

Passwords, keys and addresses that hold them stand in the environment; the file has the names of
the variables.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field, model_validator

from plant_config.section import Identifier, PlantPath, Problem, Section, refuse, refuse_value

_SECRET_WORD = re.compile(r"token|secret|password|passwd|api[_-]?key|signature", re.IGNORECASE)
_KEY_IN_PATH = re.compile(r"(?=[^/]*\d)(?=[^/]*[A-Za-z])[A-Za-z0-9_-]{20,}")
_ADDRESS = re.compile(r"[^@\s<>\",;]+@[^@\s<>\",;]+")


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):  # a password hardly has capitals alone
        refuse_value(
            "is no environment variable (in capitals, such as MAIL_PASSWORD): what it "
            "holds belongs into the environment and not into the file"
        )
    return name


def _mail_address(written: str) -> str:
    if not _ADDRESS.fullmatch(written):
        refuse_value(f"{written!r} is not a mail address: write name@host")
    return written


def _url(written: str) -> str:
    """An address over http without anything in it that opens a door."""
    try:
        parts = urlsplit(written)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.username is not None or parts.password is not None:
        refuse_value("holds a name or password: name an environment variable in url_env")
    if any(_SECRET_WORD.search(name) for name, _ in parse_qsl(parts.query)):
        refuse_value("holds a key in what follows the ?: name an environment variable in url_env")
    if any(_KEY_IN_PATH.fullmatch(step) for step in parts.path.split("/")):
        refuse_value("seems to hold a key in its path: name an environment variable in url_env")
    if parts.scheme not in {"http", "https"} or not host or not written.isprintable():
        refuse_value("is not a web address: write https://host/path")
    return written


def _half_a_sign_in(user: str | None, password_env: str | None) -> list[Problem]:
    if (user is None) == (password_env is None):
        return []
    key = "user" if user is None else "password_env"
    return [Problem(key=key, reason="is missing: user and password_env belong together")]


Variable = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_variable)]
MailAddress = Annotated[str, Field(max_length=254), AfterValidator(_mail_address)]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]+$", max_length=253)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Topic = Annotated[str, Field(pattern=r"^[^+#\u0000/$][^+#\u0000]*$", max_length=200)]


class ChannelSection(Section):
    """What every channel has: how often it is tried, and when many messages become one."""

    name: Identifier = Field(description="Name of the channel; rules name it.")
    timeout_s: float = Field(
        default=10.0, ge=0.5, le=120.0, description="Seconds that one try may take."
    )
    tries: int = Field(
        default=12, ge=1, le=100, description="After so many tries a message is a dead letter."
    )
    retry_after_s: float = Field(
        default=5.0,
        ge=0.05,
        le=3600.0,
        description="Seconds before the next try; doubled each time, with some chance in it.",
    )
    retry_at_most_s: float = Field(
        default=900.0, ge=0.05, le=86_400.0, description="The longest such pause, in seconds."
    )
    together: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="More messages than this that are due at once become one that counts them.",
    )
    acknowledgements: bool = Field(
        default=False,
        description="Also tell when somebody acknowledges an alert that was told here.",
    )


class ProgramChannel(ChannelSection):
    """What programs read: they are to know how an alert stands."""

    acknowledgements: bool = Field(
        default=True,
        description="Also tell when somebody acknowledges an alert that was told here.",
    )


class MailChannel(ChannelSection):
    kind: Literal["email"] = Field(description="email: by SMTP, with pictures.")
    host: Host = Field(description="The mail server.")
    port: Port = Field(default=587, description="Its port: 587 for starttls, 465 for tls.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="How it is encrypted; none is for a server on this computer alone.",
    )
    ca_file: PlantPath | None = Field(
        default=None, description="Authority (PEM) to trust for it, instead of this computer's own."
    )
    sender: MailAddress = Field(description="From which address.")
    to: Annotated[tuple[MailAddress, ...], Field(min_length=1, strict=False)] = Field(
        description="To which addresses."
    )
    user: Annotated[str, Field(max_length=254)] | None = Field(
        default=None, description="Name to sign in with, where the server asks for it."
    )
    password_env: Variable | None = Field(
        default=None, description="Name of the environment variable that holds the password."
    )

    @model_validator(mode="after")
    def _check_sign_in(self) -> Self:
        problems = _half_a_sign_in(self.user, self.password_env)
        if self.security == "none" and self.host not in {"127.0.0.1", "::1", "localhost"}:
            found = "is none, and the server is another computer: use starttls or tls"
            problems.append(Problem(key="security", reason=found))
        refuse(problems)
        return self


class WebhookChannel(ProgramChannel):
    kind: Literal["webhook"] = Field(description="webhook: a signed POST to another program.")
    url: Annotated[str, Field(max_length=2000), AfterValidator(_url)] | None = Field(
        default=None, description="Where to; an address that holds a key belongs into url_env."
    )
    url_env: Variable | None = Field(
        default=None, description="Name of the environment variable that holds the address."
    )
    secret_env: Variable = Field(
        description="Name of the environment variable with the secret that signs."
    )
    ca_file: PlantPath | None = Field(
        default=None, description="Authority (PEM) to trust, instead of this computer's own."
    )

    @model_validator(mode="after")
    def _check_address(self) -> Self:
        if (self.url is None) == (self.url_env is None):
            found = "write either url or url_env"
            refuse([Problem(key="url", reason=found)])
        return self


class MqttChannel(ProgramChannel):
    kind: Literal["mqtt"] = Field(description="mqtt: a broker of the plant.")
    host: Host = Field(description="The broker.")
    port: Port = Field(default=8883, description="Its port: 8883 with tls, 1883 without.")
    tls: bool = Field(default=True, description="false: in the clear, without any password.")
    ca_file: PlantPath | None = Field(
        default=None, description="Authority (PEM) to trust, instead of this computer's own."
    )
    topic: Topic = Field(default="inspect", description="Under which topic everything stands.")
    user: Annotated[str, Field(max_length=254)] | None = Field(
        default=None, description="Name to sign in with."
    )
    password_env: Variable | None = Field(
        default=None, description="Name of the environment variable that holds the password."
    )

    @model_validator(mode="after")
    def _check_sign_in(self) -> Self:
        problems = _half_a_sign_in(self.user, self.password_env)
        if not self.tls and self.password_env is not None:
            found = "is false: a password would be overheard, set true"
            problems.append(Problem(key="tls", reason=found))
        refuse(problems)
        return self


class FileChannel(ProgramChannel):
    kind: Literal["file"] = Field(description="file: one JSON file per message in a folder.")
    folder: PlantPath = Field(description="The folder; it is created when needed.")


class ChatChannel(ChannelSection):
    kind: Literal["chat"] = Field(description="chat: one of the many services that Apprise knows.")
    url_env: Variable = Field(
        description="Name of the environment variable with the service's Apprise address."
    )


Channel = Annotated[
    MailChannel | WebhookChannel | MqttChannel | FileChannel | ChatChannel,
    Field(discriminator="kind"),
]
