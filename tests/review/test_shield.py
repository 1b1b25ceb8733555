"""Headers, sizes, and what is said when something goes wrong: nothing leaks."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI, HTTPException
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from db.engine import session
from db.errors import (
    DatabaseError,
    DatabaseUnreachable,
    EvidenceDamaged,
    EvidenceMissing,
    RecordRefused,
    ReviewConflict,
    UnknownRecord,
)
from db.words import Role
from inspect_pipeline.review.shield import MAX_BODY_BYTES, SECURITY_HEADERS
from inspect_pipeline.review.transactions import Reading, Writing
from tests.review.browsers import PASSWORD, Browser

SignedIn = Callable[[Role], Browser]
SECRET = "/srv/plant/findings.db"
SQL = "INSERT INTO lines (line_id) VALUES ('L9')"


def raising(error: Exception) -> Callable[[], None]:
    def handler() -> None:
        raise error

    return handler


def test_every_kind_of_answer_has_the_headers(app: FastAPI, browser: Browser) -> None:
    app.add_api_route("/broken", raising(ValueError(SECRET)))
    paths = ["/login", "/", "/nothing", "/healthz", "/static/style.css", "/broken", "/api/v1/none"]

    for path in paths:
        answer = browser.get(path, follow=False)
        assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
        assert "server" not in answer.headers
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_private_pages_are_not_kept_and_our_own_files_are_asked_for_again(
    signed_in: SignedIn,
) -> None:
    browser = signed_in(Role.ADMIN)

    for path in ("/account", "/people", "/login", "/nothing"):
        assert browser.get(path).headers["cache-control"] == "no-store"
    kept = browser.get("/static/style.css")
    assert kept.headers["cache-control"] == "no-cache"
    again = browser.get("/static/style.css", headers={"If-None-Match": kept.headers["etag"]})
    assert again.status_code == 304


def test_under_https_browsers_are_told_to_stay_there(app: FastAPI) -> None:
    from inspect_pipeline.review.app import create_app
    from plant_config.review import Review

    desk = app.state.desk
    https = create_app(
        desk.engine, desk.store, Review(https=True), now=desk.now, passwords=desk.passwords
    )

    answer = Browser(https, base_url="https://testserver").get("/login")

    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in Browser(app).get("/login").headers


PAGES = ["/login", "/account", "/people", "/nothing"]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_inline_script_or_style(signed_in: SignedIn, path: str) -> None:
    html = signed_in(Role.ADMIN).get(path).text

    assert re.search(r"<script(?![^>]*\bsrc=)", html) is None
    assert re.search(r"<style|\sstyle=|\son[a-z]+=", html) is None
    assert re.search(r"(src|href|action)=\"(?!/|#)", html) is None  # nothing from elsewhere


KNOWN = [
    (UnknownRecord("there is no finding 7"), 404, "there is no finding 7"),
    (ReviewConflict("Rita said false alarm"), 409, "Rita said false alarm"),
    (RecordRefused("area: expected mm2"), 422, "area: expected mm2"),
    (EvidenceMissing(f"{SECRET} is missing"), 404, "There is nothing here"),
    (EvidenceDamaged(f"{SECRET} is damaged"), 500, "Something went wrong on our side"),
    (DatabaseUnreachable(f"{SECRET} is gone"), 503, "The database does not answer"),
    (DatabaseError(f"{SECRET}: odd"), 500, "Something went wrong on our side"),
    (ValueError(SECRET), 500, "Something went wrong on our side"),
    (HTTPException(404, "no such question"), 404, "no such question"),
    (HTTPException(404), 404, "There is nothing here"),
]


@pytest.mark.parametrize(("error", "status", "said"), KNOWN, ids=lambda one: str(one)[:30])
def test_an_error_is_told_in_words_that_leak_nothing(
    app: FastAPI,
    browser: Browser,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    status: int,
    said: str,
) -> None:
    caplog.set_level(logging.INFO)
    for path in ("/broken", "/api/v1/broken"):
        app.add_api_route(path, raising(error))

    page, problem = browser.get("/broken"), browser.get("/api/v1/broken")
    notice = browser.get("/broken", headers={"HX-Request": "true"})

    for answer in (page, problem, notice):
        assert answer.status_code == status
        assert said in answer.text
        assert SECRET not in answer.text
        assert "Traceback" not in answer.text
    assert problem.headers["content-type"] == "application/problem+json"
    number = problem.json()["id"]
    assert f"problem {number}: GET '/api/v1/broken' answered {status}" in caplog.text
    assert notice.headers["hx-retarget"] == "#notices"
    assert "<html" not in notice.text


def test_what_the_driver_said_stays_in_the_log(app: FastAPI, browser: Browser) -> None:
    """A refusal that comes from the tables names the database's address."""

    def twice(opened: Writing) -> None:
        opened.execute(text(SQL))
        opened.execute(text(SQL))

    app.add_api_route("/api/v1/twice", twice)

    problem = browser.get("/api/v1/twice")

    assert problem.status_code == 422
    assert problem.json()["detail"] == "Something in the request is not as it should be."
    assert "sqlite" not in problem.text


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
def test_a_request_is_one_transaction(app: FastAPI, browser: Browser, engine: Engine) -> None:
    def half(opened: Writing) -> None:
        opened.execute(text(SQL))
        raise UnknownRecord("and then it was not there")

    def whole(opened: Writing) -> None:
        opened.execute(text(SQL))

    def count(opened: Reading) -> int:
        return len(opened.execute(text("SELECT line_id FROM lines")).all())

    for path, handler in (("/half", half), ("/whole", whole), ("/count", count)):
        app.add_api_route(f"/api/v1{path}", handler)

    assert browser.get("/api/v1/half").status_code == 404
    assert browser.get("/api/v1/count").json() == 0
    assert browser.get("/api/v1/whole").status_code == 200
    assert browser.get("/api/v1/count").json() == 1


def test_a_database_that_stops_answering_is_503_with_a_time_to_come_back(
    app: FastAPI, browser: Browser
) -> None:
    def gone(opened: Reading) -> None:
        raise OperationalError("SELECT 1", {}, Exception(f"{SECRET} vanished"))

    app.add_api_route("/gone", gone)

    answer = browser.get("/gone")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert SECRET not in answer.text


def test_a_field_that_does_not_fit_is_named(app: FastAPI, browser: Browser) -> None:
    def handler(limit: int) -> int:
        return limit

    app.add_api_route("/api/v1/list", handler)
    app.add_api_route("/list", handler)

    problem = browser.get("/api/v1/list?limit=<script>")
    page = browser.get("/list?limit=<script>")

    assert problem.status_code == page.status_code == 422
    assert problem.json()["fields"][0]["field"] == "query.limit"
    assert "<script>" not in problem.text
    assert "query.limit" in page.text


def test_a_wrong_method_and_a_wrong_address_have_pages(signed_in: SignedIn) -> None:
    browser = signed_in(Role.VIEWER)

    assert browser.get("/logout").status_code == 405
    assert browser.get("/nothing").status_code == 404
    assert "Sign out" in browser.get("/nothing").text  # the way back stays


OVERSIZED = "x" * (MAX_BODY_BYTES + 1)


def chunks() -> Iterator[bytes]:
    """Says no length beforehand."""
    for _ in range(MAX_BODY_BYTES // 65_536 + 2):
        yield b"x" * 65_536


def test_a_body_that_is_too_large_is_refused_said_or_counted(browser: Browser) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    said = browser.client.post("/login", content=f"name={OVERSIZED}", headers=form)
    counted = browser.client.post("/login", content=chunks(), headers=form)

    assert (said.status_code, counted.status_code) == (413, 413)
    assert f"at most {MAX_BODY_BYTES} bytes" in said.text
    assert browser.sign_in("rita").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2f%2e%2e%2f%2e%2e%2fpyproject.toml",
        "/static//etc/passwd",
        "/static/..\\app.py",
        "/static/",
        "/static/style.css%00.png",
    ],
)
def test_no_file_but_ours_is_served(browser: Browser, path: str) -> None:
    answer = browser.get(path)

    assert answer.status_code == 404
    assert "import" not in answer.text


def test_our_files_are_served(browser: Browser) -> None:
    for name in ("style.css", "dark.css", "app.js", "htmx.min.js", "mark.svg"):
        assert browser.get(f"/static/{name}").status_code == 200


def test_a_watchdog_is_told_that_all_is_well(browser: Browser, engine: Engine) -> None:
    assert browser.get("/healthz").json() == {"status": "ok"}
    with session(engine) as opened:
        opened.execute(text("SELECT 1"))


@pytest.mark.parametrize(("theme", "kept"), [("dark", "dark"), ("light", "light"), ("x", "auto")])
def test_the_choice_of_colours_is_kept_without_script(
    browser: Browser, theme: str, kept: str
) -> None:
    form = browser.get("/login?next=/account").text
    assert '<input type="hidden" name="next" value="/login?next=/account">' in form
    back = browser.post("/theme", {"theme": theme, "next": "/login?next=/account"}, follow=False)

    assert back.headers["location"] == "/login?next=/account"
    assert f'data-theme="{kept}"' in browser.get("/login").text
    assert ("/static/dark.css" in browser.get("/login").text) is (kept != "light")


def test_names_that_look_like_html_are_shown_as_they_are(signed_in: SignedIn) -> None:
    admin = signed_in(Role.ADMIN)
    admin.post(
        "/people",
        {
            "name": "eve",
            "full_name": "<script>alert(1)</script>\"'",
            "role": "viewer",
            "password": PASSWORD,
        },
    )

    html = admin.get("/people").text

    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;" in html
    assert "<script>alert" not in html
