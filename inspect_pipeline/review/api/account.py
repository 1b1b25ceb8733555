"""Who you are, and the tokens that you gave to programs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from db import keys
from db.keys import MAX_TOKEN_NAME, TokenRow
from db.words import Role
from inspect_pipeline.review.access import NotAllowed, Person, Viewer
from inspect_pipeline.review.api.fields import NO_NUL, Days
from inspect_pipeline.review.api.problems import ApiProblem
from inspect_pipeline.review.api.refusals import refusals, writing
from inspect_pipeline.review.desk import desk_of
from inspect_pipeline.review.fields import RowId
from inspect_pipeline.review.tokens import make_token
from inspect_pipeline.review.transactions import Reading, Writing

router = APIRouter(prefix="/api/v1", tags=["account"])


class Me(BaseModel):
    """Who asks, as what, and where."""

    name: str = Field(description="As your reviews are signed.")
    full_name: str
    role: Role = Field(description="What you may do with this sign-in or token.")
    plant: str
    timezone: str = Field(description="Days and shifts are counted in it; IANA name.")


class TokenOut(BaseModel):
    """A program's key; its secret is shown once, when it is made."""

    id: int
    name: str
    role: Role = Field(description="What the program may do, at most what its owner may.")
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: TokenRow) -> TokenOut:
        return cls(**asdict(row))


class TokenList(BaseModel):
    tokens: list[TokenOut] = Field(description="Newest first, with those that ended.")


class NewToken(BaseModel):
    token: TokenOut
    secret: str = Field(description="Send it as `Authorization: Bearer SECRET`. Not shown again.")


class TokenIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "line-1 report", "role": "viewer", "days": 90}],
        },
    )

    name: Annotated[str, Field(min_length=1, max_length=MAX_TOKEN_NAME, pattern=NO_NUL)] = Field(
        description="What it is for."
    )
    role: Role = Field(default=Role.VIEWER, description="At most your own.")
    days: Days = Field(default=90, description="It ends then; the plant may allow fewer.")


@router.get("/me", operation_id="get_me", summary="Who am I?", responses=refusals())
def get_me(request: Request, person: Viewer) -> Me:
    """What the token or the sign-in is good for."""
    desk = desk_of(request)
    return Me(
        name=person.name,
        full_name=person.full_name,
        role=person.role,
        plant=desk.plant_name,
        timezone=desk.zone.key,
    )


@router.get("/tokens", operation_id="list_tokens", summary="Your tokens", responses=refusals())
def list_tokens(person: Viewer, opened: Reading) -> TokenList:
    """Only your own, and never their secrets."""
    return TokenList(tokens=[TokenOut.of(row) for row in keys.tokens(opened, person.user_id)])


@router.post(
    "/tokens",
    operation_id="create_token",
    summary="Make a token for a program",
    status_code=201,
    responses=writing(),
)
def create_token(request: Request, person: Viewer, opened: Writing, asked: TokenIn) -> NewToken:
    """Takes a browser's session: a token cannot make another one."""
    _check_is_browser(person)
    desk = desk_of(request)
    if not person.role.covers(asked.role):
        raise ApiProblem.of_field("role", f"you are {person.role}: give no more", place="body")
    if asked.days > desk.settings.token_days:
        raise ApiProblem.of_field(
            "days", f"this plant allows at most {desk.settings.token_days}", place="body"
        )
    made = make_token(
        opened,
        person.user_id,
        name=asked.name,
        role=asked.role,
        at=desk.now(),
        lasts=timedelta(days=asked.days),
    )
    (row,) = (row for row in keys.tokens(opened, person.user_id) if row.id == made.token_id)
    return NewToken(token=TokenOut.of(row), secret=made.secret)


@router.delete(
    "/tokens/{token_id}",
    operation_id="revoke_token",
    summary="End a token",
    status_code=204,
    responses=refusals(404),
)
def revoke_token(
    request: Request,
    person: Viewer,
    opened: Writing,
    token_id: Annotated[RowId, Path(description="The id of a token of yours.")],
) -> None:
    """From now on it opens nothing; it stays in the list. Takes a browser's session."""
    _check_is_browser(person)
    keys.revoke_token(opened, token_id, user_id=person.user_id, at=desk_of(request).now())


def _check_is_browser(person: Person) -> None:
    """A token that leaked must not be able to outlive itself, nor to end others."""
    if person.csrf_token is None:
        raise NotAllowed("tokens are made and ended in a browser, by the person who signed in")
