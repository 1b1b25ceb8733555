"""How people reach the review application: address, encryption, how long they stay signed in."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Annotated, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from plant_config.errors import PlantConfigError
from plant_config.section import PlantPath, Problem, Section, refuse, refuse_value

Address = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:_-]+$")]
Port = Annotated[int, Field(ge=1, le=65535)]


def _address_or_network(written: str) -> str:
    try:
        network = ip_network(written)
    except ValueError:
        refuse_value(f"{written!r} is no address such as 10.0.0.2 and no network as 10.0.0.0/24")
    if network.prefixlen == 0:
        refuse_value(f"{written!r} would believe everybody: name the proxies")
    return written


Proxy = Annotated[str, Field(max_length=50), AfterValidator(_address_or_network)]


class Review(Section):
    """Other computers are served with https, or where the file says in so many words without."""

    host: Address = Field(
        default="127.0.0.1",
        description="Address to listen at: 127.0.0.1 serves this computer, 0.0.0.0 the network.",
    )
    port: Port = Field(default=8000, description="Port to listen at, 1 to 65535.")
    https: bool = Field(
        default=False,
        description="true: browsers come by https, by a certificate here or a proxy in front.",
    )
    certificate_file: PlantPath | None = Field(
        default=None,
        description="Certificate (PEM) for https without a proxy; leave out behind a proxy.",
    )
    key_file: PlantPath | None = Field(
        default=None, description="Private key (PEM) that belongs to certificate_file."
    )
    trusted_proxies: tuple[Proxy, ...] = Field(
        default=(),
        strict=False,
        description="IP addresses or networks of proxies in front that may say who the browser is.",
    )
    unencrypted: bool = Field(
        default=False,
        description="true: serve other computers without https; passwords can then be overheard.",
    )
    session_hours: float = Field(
        default=12.0,
        gt=0.0,
        le=720.0,
        description="After so many hours a browser has to sign in again, 720 at most.",
    )
    idle_minutes: float = Field(
        default=120.0,
        ge=5.0,
        le=43_200.0,
        description="A browser that nobody used for so many minutes has to sign in again.",
    )
    token_days: int = Field(
        default=365,
        ge=1,
        le=3650,
        description="How many days a program's key to the API is good for, at most.",
    )

    def listening_at(self, host: str | None, port: int | None) -> Review:
        """The same with another address; raises PlantConfigError where that is refused."""
        changed = self.model_dump()
        changed |= {"host": host} if host is not None else {}
        changed |= {"port": port} if port is not None else {}
        try:
            return Review.model_validate(changed)
        except ValidationError as error:
            raise PlantConfigError(_reason(error)) from error

    @property
    def address(self) -> str:
        """What to type into a browser on this computer, or on another where it is served."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.https else 'http'}://{host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Can only this computer reach it?"""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @model_validator(mode="after")
    def _check_encryption(self) -> Self:
        problems = []
        if (self.certificate_file is None) != (self.key_file is None):
            found = "stands alone: certificate_file and key_file belong together"
            key = "key_file" if self.certificate_file is None else "certificate_file"
            problems.append(Problem(key=key, reason=found))
        if self.certificate_file is not None and not self.https:
            problems.append(Problem(key="https", reason="is false beside a certificate: set true"))
        if not (self.is_local or self.https or self.unencrypted):
            problems.append(Problem(key="host", reason=_in_clear(self.host)))
        refuse(problems)
        return self


def _in_clear(host: str) -> str:
    return (
        f"{host!r} serves other computers and https is false, so passwords could be overheard: "
        "set https = true with certificate_file and key_file or behind a proxy that does it, "
        "use 127.0.0.1, or write unencrypted = true where the network is closed"
    )


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    key = ".".join(str(step) for step in first["loc"])
    return f"{key}: {first['msg']}" if key else first["msg"]
