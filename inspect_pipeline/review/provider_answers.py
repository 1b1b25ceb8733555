"""What an identity provider answers, read with care: neither secrets nor tokens get into errors."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from plant_config.review import is_safe_address


class ProviderFails(Exception):
    """The provider does not answer, or not as it should; the message is for the log."""


def _safe(written: str) -> str:
    if not is_safe_address(written):
        raise ValueError("is neither https:// nor on this computer")
    return written


SafeAddress = Annotated[str, AfterValidator(_safe)]


class Description(BaseModel):
    """What a provider says of itself (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization_endpoint: SafeAddress
    token_endpoint: SafeAddress
    jwks_uri: SafeAddress
    userinfo_endpoint: SafeAddress | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)

    @property
    def takes_secret_in_form_alone(self) -> bool:
        methods = self.token_endpoint_auth_methods_supported
        return "client_secret_post" in methods and "client_secret_basic" not in methods


class Tokens(BaseModel):
    id_token: str
    access_token: str = ""


class Refusal(BaseModel):
    error: str = ""


class PublishedKeys(BaseModel):
    keys: tuple[dict[str, Any], ...]


class UserInfo(BaseModel):
    model_config = ConfigDict(extra="allow")

    sub: str


Answer = TypeVar("Answer", Description, Tokens, Refusal, PublishedKeys, UserInfo)


def read(kind: type[Answer], answer: httpx.Response, *, status: int = 200) -> Answer:
    """Raises ProviderFails for another status and for what is not of that kind."""
    place = answer.request.url.copy_with(query=None)
    if answer.status_code != status:
        raise ProviderFails(f"{place} answered {answer.status_code}")
    try:
        return kind.model_validate_json(answer.content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(step) for step in first["loc"])
        raise ProviderFails(f"{place} answered what cannot be read: {key} {first['msg']}") from None
