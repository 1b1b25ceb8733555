"""How people reach the review application: address, encryption, how long they stay signed in.

They have accounts of their own here, and may also come by the plant's identity provider.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError, model_validator

from plant_config.errors import PlantConfigError
from plant_config.section import PlantPath, Problem, Section, refuse, refuse_value

Address = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:_-]+$")]
Port = Annotated[int, Field(ge=1, le=65535)]


def is_safe_address(written: str) -> bool:
    """May a secret travel there: encrypted, or to this very computer?"""
    try:
        parts = urlsplit(written)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_plain = written.isprintable() and " " not in written and port != 0
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and _is_this_computer(host))
    return bool(host) and is_plain and is_safe


def _web_address(written: str) -> str:
    if not is_safe_address(written):
        refuse_value("should be https://HOST or https://HOST:PORT; http:// is for localhost alone")
    parts = urlsplit(written)
    if parts.username is not None or parts.query or parts.fragment:
        refuse_value("is more than an address: leave out names, passwords, ? and #")
    return written


def _bare_address(written: str) -> str:
    bare = _web_address(written).removesuffix("/")
    if urlsplit(bare).path:
        refuse_value("has a path: write scheme, host and port alone")
    return bare


WebAddress = Annotated[str, Field(max_length=200), AfterValidator(_web_address)]
BareAddress = Annotated[str, Field(max_length=200), AfterValidator(_bare_address)]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Words = Annotated[tuple[Word, ...], Field(strict=False)]
Scope = Annotated[str, Field(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]{1,100}$")]


class OidcRoles(Section):
    """Who has several of these words gets the highest role."""

    viewer: Words = Field(default=(), description="Words that make a viewer.")
    reviewer: Words = Field(default=(), description="Words that make a reviewer.")
    engineer: Words = Field(default=(), description="Words that make an engineer.")
    admin: Words = Field(default=(), description="Words that make an administrator.")

    @property
    def is_empty(self) -> bool:
        return not (self.viewer or self.reviewer or self.engineer or self.admin)


class Oidc(Section):
    """Sign-in by the plant's identity provider (OpenID Connect), beside accounts of our own."""

    name: Annotated[str, Field(min_length=1, max_length=60)] = Field(
        description="What the button calls the provider: Sign in with NAME."
    )
    issuer: WebAddress = Field(
        description="The provider's issuer, letter by letter as it names itself in its tokens."
    )
    client_id: Word = Field(description="How the provider calls this application.")
    client_secret_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = Field(
        description="Name of the environment variable that holds the client's secret."
    )
    address: BareAddress = Field(
        description="Where browsers find this application; the provider has to allow "
        "ADDRESS/login/oidc/callback."
    )
    ca_file: PlantPath | None = Field(
        default=None,
        description="Authority (PEM) to trust for the provider, instead of this computer's own.",
    )
    scopes: Annotated[tuple[Scope, ...], Field(strict=False)] = Field(
        default=("openid", "profile", "email"),
        description="What the provider is asked for; openid has to be among it.",
    )
    asks: Literal["password", "account", "nothing"] = Field(
        default="password",
        description="What the provider asks at each sign-in: password is right for shared "
        "tablets, account lets people choose one, nothing trusts who signed in there before.",
    )
    name_claim: Word = Field(
        default="preferred_username",
        description="The claim that names a new account; reviews are signed with it.",
    )
    roles_claim: Word = Field(
        default="groups",
        description="The claim with the words for roles, such as groups or realm_access.roles.",
    )
    roles: OidcRoles = Field(
        default=OidcRoles(),
        description="Which words give which role at each sign-in; without any, "
        "administrators give the roles here.",
    )
    default_role: Literal["viewer", "reviewer", "engineer"] | None = Field(
        default=None,
        description="Role of people to whom no word gives one; left out, they are refused.",
    )

    @property
    def callback(self) -> str:
        """Where the provider sends browsers back to."""
        return f"{self.address}/login/oidc/callback"

    @model_validator(mode="after")
    def _check_that_somebody_may_come(self) -> Self:
        problems = []
        if "openid" not in self.scopes:
            problems.append(Problem(key="scopes", reason="lacks openid: add it"))
        if self.roles.is_empty and self.default_role is None:
            reason = "is missing, and so is [review.oidc.roles]: nobody could come in, add one"
            problems.append(Problem(key="default_role", reason=reason))
        refuse(problems)
        return self


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
    public_address: BareAddress | None = Field(
        default=None,
        description="How people's browsers reach it: links in messages lead there.",
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
    oidc: Oidc | None = Field(
        default=None,
        description="Sign-in by the plant's identity provider: the [review.oidc] block.",
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
    def link_address(self) -> str:
        """Where links in messages lead."""
        known = self.oidc.address if self.oidc else self.address
        return (self.public_address or known).removesuffix("/")

    @property
    def is_local(self) -> bool:
        """Can only this computer reach it?"""
        return _is_this_computer(self.host)

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
        if self.oidc and self.oidc.address.startswith("https:") != self.https:
            found = f"{self.oidc.address!r} and https = {str(self.https).lower()} contradict"
            problems.append(Problem(key="oidc.address", reason=f"{found}: change one of them"))
        refuse(problems)
        return self


def _is_this_computer(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
