"""Who comes by an identity provider: accounts that are linked, roles that follow, doors shut."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select
from typer.testing import CliRunner, Result

from db import people
from db.engine import session
from db.models import User
from db.words import Role
from inspect_pipeline.service.cli import build_app
from tests.fakes import WallClock
from tests.review.browsers import PASSWORD
from tests.review.by_provider import ProviderDesk, sign_in
from tests.review.little_provider import LittleProvider

BOTH = ["sqlite", "postgresql"]


def links(engine: Engine) -> dict[str, tuple[str | None, str | None]]:
    """Issuer and subject of every account."""
    with session(engine, read_only=True) as opened:
        chosen = select(User.name, User.oidc_issuer, User.oidc_subject)
        return {name: (issuer, subject) for name, issuer, subject in opened.execute(chosen)}


def role_of(desk: ProviderDesk, name: str = "jane") -> Role:
    account = desk.account(name)
    assert account is not None
    return account.role


def test_the_same_person_has_the_same_account_whatever_the_name_is_today(
    provider_desk: ProviderDesk, provider: LittleProvider
) -> None:
    sign_in(provider_desk.browser())
    provider.person |= {"preferred_username": "jane.roe", "name": "Jane Roe"}

    page = sign_in(provider_desk.browser())

    assert "Jane Roe" in page.text
    assert 'Signed in as <span class="mono">jane</span>' in page.text
    linked = {name: link for name, link in links(provider_desk.engine).items() if link[0]}
    assert linked == {"jane": (provider.issuer, provider.person["sub"])}


@pytest.mark.parametrize("database_kind", BOTH)
def test_a_local_account_is_not_taken_over_by_its_name(
    provider_desk: ProviderDesk, provider: LittleProvider
) -> None:
    provider.person["preferred_username"] = "Anna"
    provider.person["groups"] = ["quality-leads"]
    before = links(provider_desk.engine)
    browser = provider_desk.browser()

    page = sign_in(browser)

    assert page.status_code == 403
    assert "There is an account anna already, and it is not linked to you" in page.text
    assert "sign in with its password" in page.text
    assert browser.cookie() is None
    assert links(provider_desk.engine) == before
    assert browser.sign_in("anna", PASSWORD).url.path == "/account"


def linked(desk: ProviderDesk, *words: str) -> Result:
    url = desk.engine.url.render_as_string(hide_password=False)
    return CliRunner().invoke(build_app(), ["users", "link", *words, "--db", url])


def test_an_administrator_links_an_account_that_is_there(
    provider_desk: ProviderDesk, provider: LittleProvider
) -> None:
    provider.person |= {"preferred_username": "anna", "groups": ["quality-leads"]}
    subject = provider.person["sub"]
    assert f"knows you as {subject}" in sign_in(provider_desk.browser()).text

    told = linked(provider_desk, "anna", subject, "--issuer", provider.issuer)

    assert told.output == f"anna signs in as {subject} of {provider.issuer}\n"
    assert 'Signed in as <span class="mono">anna</span>' in sign_in(provider_desk.browser()).text
    assert provider_desk.browser().sign_in("anna", PASSWORD).url.path == "/account"


def test_nobody_is_linked_twice_or_to_no_provider(
    provider_desk: ProviderDesk, provider: LittleProvider
) -> None:
    sign_in(provider_desk.browser())
    before = links(provider_desk.engine)
    of_jane = provider.person["sub"]

    for words, reason in (
        (["anna", of_jane, "--issuer", provider.issuer], "linked to the account jane already"),
        (["anna", "", "--issuer", provider.issuer], "'' is no subject of a provider"),
        (["anna", "4711"], "which provider? Name it with --issuer"),
        (["nobody", "4711", "--issuer", provider.issuer], "there is no account 'nobody'"),
    ):
        told = linked(provider_desk, *words)
        assert told.exit_code != 0
        assert reason in f"{told.output} {told.exception}"
    assert links(provider_desk.engine) == before


def test_nor_is_the_account_of_somebody_else_at_the_provider(
    provider_desk: ProviderDesk, provider: LittleProvider
) -> None:
    sign_in(provider_desk.browser())
    provider.person["sub"] = "somebody else"

    assert "There is an account jane already" in sign_in(provider_desk.browser()).text


def test_a_password_does_not_open_an_account_of_the_provider(provider_desk: ProviderDesk) -> None:
    browser = provider_desk.browser()
    page = sign_in(browser)
    assert "the password is changed there" in page.text
    assert 'action="/account/password"' not in page.text

    changed = browser.post(
        "/account/password", {"current": "", "new": PASSWORD, "repeated": PASSWORD}
    )

    assert changed.status_code == 422
    browser.post("/logout")
    assert browser.sign_in("jane", "").status_code == 401
    assert browser.sign_in("jane", PASSWORD).status_code == 401


def test_a_disabled_account_stays_out(provider_desk: ProviderDesk, clock: WallClock) -> None:
    browser = provider_desk.browser()
    sign_in(browser)
    account = provider_desk.account("jane")
    assert account is not None
    with session(provider_desk.engine) as opened:
        people.disable(opened, account.id, at=clock())
    assert browser.get("/account").url.path == "/login"

    page = sign_in(browser)

    assert page.status_code == 403
    assert "Your account jane is disabled: ask an administrator." in page.text
    assert browser.get("/account").url.path == "/login"


ROLES = {
    "viewer": ["mill"],
    "reviewer": ["quality"],
    "engineer": ["process"],
    "admin": ["quality-leads", "it"],
}
GIVEN = [
    ("groups", ["quality"], Role.REVIEWER),
    ("groups", ["mill", "it", "quality"], Role.ADMIN),
    ("groups", "process", Role.ENGINEER),
    ("groups", ["Quality", " quality"], None),
    ("groups", [["quality"], 7, None, {"quality": 1}], None),
    ("groups", {"quality": True}, None),
    ("groups", "quality it", None),
    ("groups", None, None),
    ("realm_access.roles", ["mill"], Role.VIEWER),
    ("https://mill.example/roles", ["mill"], Role.VIEWER),
]


@pytest.mark.parametrize(("claim", "words", "role"), GIVEN, ids=str)
def test_the_words_of_a_claim_give_the_highest_role(
    provider_desk: ProviderDesk,
    provider: LittleProvider,
    claim: str,
    words: object,
    role: Role | None,
) -> None:
    del provider.person["groups"]
    outer, _, inner = claim.partition(".")
    provider.claims = {outer: {inner: words}} if outer == "realm_access" else {claim: words}

    page = sign_in(provider_desk.browser(roles=ROLES, roles_claim=claim))

    if role is None:
        assert page.status_code == 403
        assert "You have no role here: ask an administrator to be let in." in page.text
        assert provider_desk.account("jane") is None
    else:
        assert role_of(provider_desk) is role


def test_the_role_follows_at_each_sign_in(
    provider_desk: ProviderDesk, provider: LittleProvider
) -> None:
    seen = []
    for words in (["quality"], ["quality-leads"], ["quality"]):
        provider.person["groups"] = words
        sign_in(provider_desk.browser())
        seen.append(role_of(provider_desk))
    provider.person["groups"] = []

    page = sign_in(provider_desk.browser())

    assert seen == [Role.REVIEWER, Role.ADMIN, Role.REVIEWER]
    assert page.status_code == 403
    assert role_of(provider_desk) is Role.REVIEWER
    sign_in(provider_desk.browser(default_role="viewer"))
    assert role_of(provider_desk) is Role.VIEWER


def test_without_words_the_first_role_is_the_default_and_administrators_change_it(
    provider_desk: ProviderDesk,
) -> None:
    app = provider_desk.app(roles={}, default_role="viewer")
    browser = provider_desk.browser_at(app)
    sign_in(browser)
    assert role_of(provider_desk) is Role.VIEWER
    account = provider_desk.account("jane")
    assert account is not None
    admin = provider_desk.browser_at(app)
    admin.sign_in("anna")
    assert f'action="/people/{account.id}/role"' in admin.get("/people").text
    admin.post(f"/people/{account.id}/role", {"role": "engineer"})
    browser.post("/logout")

    sign_in(browser)

    assert role_of(provider_desk) is Role.ENGINEER


def test_where_roles_come_along_the_page_does_not_offer_to_change_them(
    provider_desk: ProviderDesk,
) -> None:
    app = provider_desk.app()
    browser = provider_desk.browser_at(app)
    sign_in(browser)
    account = provider_desk.account("jane")
    assert account is not None
    admin = provider_desk.browser_at(app)
    admin.sign_in("anna")

    page = admin.get("/people").text
    refused = admin.post(f"/people/{account.id}/password", {"password": PASSWORD})

    assert f'action="/people/{account.id}/role"' not in page
    assert f'action="/people/{account.id}/password"' not in page
    assert f'action="/people/{account.id}/disable"' in page
    assert "at the identity provider" in page
    assert refused.status_code == 422
    assert "signs in through the identity provider" in refused.text


UNFIT_NAMES = ["J\u00f6rg M\u00fcller", "", "<b>", "a" * 65, None, 7]


@pytest.mark.parametrize("name", UNFIT_NAMES)
def test_a_name_that_no_account_can_have_is_said_so(
    provider_desk: ProviderDesk, provider: LittleProvider, name: object
) -> None:
    provider.claims["preferred_username"] = name

    page = sign_in(provider_desk.browser())

    assert page.status_code == 403
    assert "no account can have that name" in page.text
    assert "<b>&#39;" not in page.text


def test_another_claim_may_give_the_name(
    provider_desk: ProviderDesk, provider: LittleProvider
) -> None:
    provider.person["email"] = "Jane@Mill.example"

    sign_in(provider_desk.browser(name_claim="email"))

    assert provider_desk.account("jane@mill.example") is not None
