"""Whose address counts at the sign-in: the browser's, where a proxy that is trusted says it."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from inspect_pipeline.review.gate import TRIES_OF_PAIR
from inspect_pipeline.service.cli.serving import welcome
from inspect_pipeline.service.serving import server_config
from plant_config.review import Review

PROXY, SECOND_PROXY = "10.0.0.2", "10.1.0.7"
TRUSTING = Review(trusted_proxies=(PROXY, "10.1.0.0/16"))


def tries(app: FastAPI, settings: Review, *, sender: str, forwarded: list[str]) -> list[int]:
    """What wrong passwords for one account are answered, one after another."""
    config = server_config(app, settings)
    config.load()
    client = TestClient(config.loaded_app, client=(sender, 40_000))
    form = {"name": "vera", "password": "wrong"}
    return [
        client.post("/login", data=form, headers={"X-Forwarded-For": said}).status_code
        for said in forwarded
    ]


def browsers(count: int) -> list[str]:
    return [f"192.168.1.{number}" for number in range(1, count + 1)]


@pytest.mark.parametrize("sender", [PROXY, SECOND_PROXY])
def test_browsers_behind_a_trusted_proxy_are_told_apart(app: FastAPI, sender: str) -> None:
    many = browsers(TRIES_OF_PAIR + 2)

    assert set(tries(app, TRUSTING, sender=sender, forwarded=many)) == {401}


def test_one_browser_behind_a_trusted_proxy_waits_whatever_it_says_itself(app: FastAPI) -> None:
    one = [f"{lie}, 192.168.1.9" for lie in browsers(TRIES_OF_PAIR + 1)]

    assert tries(app, TRUSTING, sender=PROXY, forwarded=one) == [401] * TRIES_OF_PAIR + [429]


def test_the_browser_is_whoever_came_to_the_first_of_several_trusted_proxies(app: FastAPI) -> None:
    many = [f"{browser}, {SECOND_PROXY}" for browser in browsers(TRIES_OF_PAIR + 2)]

    assert set(tries(app, TRUSTING, sender=PROXY, forwarded=many)) == {401}


@pytest.mark.parametrize(
    ("settings", "sender"), [(TRUSTING, "10.0.0.3"), (Review(), PROXY), (Review(), "127.0.0.1")]
)
def test_nobody_else_is_believed_to_be_somebody_else(
    app: FastAPI, settings: Review, sender: str
) -> None:
    many = browsers(TRIES_OF_PAIR + 1)

    answers = tries(app, settings, sender=sender, forwarded=many)

    assert answers == [401] * TRIES_OF_PAIR + [429]


def test_serving_behind_a_proxy_that_nobody_named_says_what_follows() -> None:
    unnamed = " ".join(welcome(Review(https=True)))
    named = " ".join(welcome(Review(https=True, trusted_proxies=(PROXY,))))

    assert "without trusted_proxies all browsers count as one" in unnamed
    assert "trusted_proxies" not in named
