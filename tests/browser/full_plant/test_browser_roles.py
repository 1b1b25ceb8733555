"""What each role sees, and that a request which no page offers is refused all the same."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright.sync_api", reason="pip install playwright to test in a browser")

from playwright.sync_api import Page, Route, expect

from db import people, saved_queries, teaching
from db.engine import session
from tests.browser.served import Opening
from tests.review.review_desk import ReviewDesk

VIEWER, REVIEWER, ENGINEER, ADMIN = "vera", "kim", "eva", "anna"
EVERYBODY = (VIEWER, REVIEWER, ENGINEER, ADMIN)
AREAS = [
    *("Queue", "Dashboard", "Cameras", "Alerts"),
    *("Search", "Reports", "Teach", "Models", "Jobs"),
]
SEND = """async ([path, fields, token]) => {
  const body = new URLSearchParams(fields);
  const headers = token ? { "X-CSRF-Token": token } : {};
  const answer = await fetch(path, { method: "POST", body, headers, redirect: "manual" });
  return [answer.type === "opaqueredirect" ? 303 : answer.status, await answer.text()];
}"""
ANSWER = {"finding": "4:1", "verdict": "confirmed"}
CHANGES: tuple[tuple[str, dict[str, str], str], ...] = (  # path, what is sent, who may
    ("/queue/review", ANSWER, REVIEWER),
    ("/findings/4/review", {"version": "1", "verdict": "confirmed"}, REVIEWER),
    ("/queue/undo", {"batch_id": "0" * 32}, REVIEWER),
    ("/frames/1/audit", {"judgement": "good"}, REVIEWER),
    ("/teach/give", {"frame": "2", "part": "bracket"}, ENGINEER),
    ("/teach/take-back", {"frame": "2", "part": "bracket"}, ENGINEER),
    ("/people", {"name": "eve", "role": "admin", "password": "eleven green bottles"}, ADMIN),
    ("/people/1/role", {"role": "admin"}, ADMIN),
    ("/people/1/disable", {}, ADMIN),
    ("/people/1/password", {"password": "eleven green bottles"}, ADMIN),
)


def written(desk: ReviewDesk) -> tuple[object, ...]:
    """All that the tried changes would change."""
    with session(desk.engine, read_only=True) as opened:
        return (
            [desk.reviews(finding_id) for finding_id in range(1, 5)],
            teaching.good_set(opened),
            teaching.candidates(opened, "bracket", limit=10),
            people.users(opened),
            saved_queries.saved_queries(opened),
        )


def token_of(page: Page) -> str:
    return page.locator("meta[name=csrf-token]").get_attribute("content") or ""


def force(page: Page, path: str, fields: dict[str, str], *, token: str) -> tuple[int, str]:
    """Sends what a form of this page would, whether there is such a form or not."""
    status, text = page.evaluate(SEND, [path, fields, token])
    return int(status), str(text)


@pytest.mark.parametrize("name", [ENGINEER, ADMIN])
def test_the_way_to_people_is_an_administrators(opened: Opening, name: str) -> None:
    page = opened(name, "/queue")
    tabs = page.get_by_role("navigation", name="Main").get_by_role("link")

    expect(tabs).to_have_text([*AREAS, "People"] if name == ADMIN else AREAS)
    answer = page.goto("/people")

    assert answer is not None
    assert answer.status == (200 if name == ADMIN else 403)
    if name != ADMIN:
        expect(page.locator("main")).to_contain_text("this takes the role admin")
        expect(page.get_by_role("link", name="To the queue")).to_be_visible()
        assert "Vera" not in page.locator("main").inner_text()


@pytest.mark.parametrize("name", [VIEWER, REVIEWER])
def test_only_who_may_review_is_offered_an_answer(opened: Opening, name: str) -> None:
    page = opened(name, "/queue")
    may = name != VIEWER

    expect(page.locator(".finding-card")).to_have_count(2)
    expect(page.get_by_role("button", name="Confirm finding 4")).to_have_count(int(may))
    expect(page.locator("[data-select]")).to_have_count(2 * may)
    page.goto("/findings/4")
    expect(page.get_by_role("button", name="Confirm")).to_have_count(int(may))
    page.goto("/frames/1")
    expect(page.get_by_role("button", name="Good part")).to_have_count(int(may))
    page.goto("/questions/findings?limit=5")
    expect(page.get_by_role("link", name="Export the selection")).to_have_count(int(may))
    expect(page.get_by_role("link", name="Table as CSV")).to_have_count(int(may))


@pytest.mark.parametrize("name", [REVIEWER, ENGINEER])
def test_only_engineers_are_offered_to_teach(opened: Opening, name: str) -> None:
    page = opened(name, "/teach?part=bracket")
    may = name == ENGINEER

    expect(page.locator(".picture-card")).to_have_count(1)
    give = page.get_by_role("button", name="Give to the good set: frame 2")
    expect(give).to_have_count(int(may))
    page.goto("/frames/2")
    expect(page.get_by_role("link", name="Teach: the good set of bracket")).to_have_count(int(may))


@pytest.mark.parametrize("path", ["/export", "/export/file?form=csv", "/questions/rate/table.csv"])
def test_a_viewer_takes_nothing_away(opened: Opening, path: str) -> None:
    page = opened(VIEWER, "/queue")

    answer = page.goto(path)

    assert answer is not None
    assert answer.status == 403
    expect(page.locator("main")).to_contain_text("this takes the role reviewer, you are viewer")


@pytest.mark.parametrize("name", [VIEWER, REVIEWER, ENGINEER])
def test_what_no_page_offers_is_refused_when_it_is_forced(
    desk: ReviewDesk, opened: Opening, name: str
) -> None:
    page = opened(name, "/queue")
    before = written(desk)
    rank = EVERYBODY.index(name)

    for path, fields, needed in CHANGES:
        if EVERYBODY.index(needed) <= rank:
            continue
        status, text = force(page, path, fields, token=token_of(page))
        assert status == 403, path
        assert "this takes the role" in text, path
        assert "Traceback" not in text

    assert written(desk) == before


def test_a_request_without_the_pages_token_is_refused(desk: ReviewDesk, opened: Opening) -> None:
    page = opened(ADMIN, "/queue")
    before = written(desk)

    for path, fields, _ in CHANGES:
        for token in ("", "csrf-of-kim"):
            assert force(page, path, fields, token=token)[0] == 403, (path, token)

    assert written(desk) == before


def test_a_form_on_another_site_changes_nothing(
    desk: ReviewDesk, opened: Opening, address: str
) -> None:
    page = opened(REVIEWER, "/queue")
    token, before = token_of(page), written(desk)
    elsewhere = address.replace("127.0.0.1", "localhost") + "/elsewhere"
    form = (
        f'<form method="post" action="{address}/queue/review">'
        f'<input name="csrf_token" value="{token}"><input name="finding" value="4:1">'
        '<input name="verdict" value="confirmed"><button>Win a prize</button></form>'
    )

    def answer(route: Route) -> None:
        route.fulfill(body=form, content_type="text/html")

    page.route(elsewhere, answer)
    page.goto(elsewhere)
    with page.expect_response("**/queue/review") as refused:
        page.get_by_role("button").click()

    assert refused.value.status == 403
    expect(page.locator("main")).to_contain_text("another site")
    assert written(desk) == before


def test_nobody_gets_anywhere_without_signing_in(opened: Opening) -> None:
    page = opened("", "/login")

    for path in ("/queue", "/findings/1", "/frames/1", "/dashboard", "/export", "/people"):
        page.goto(path)
        expect(page.locator("h1")).to_have_text("Sign in")
        expect(page.get_by_role("navigation", name="Main").get_by_role("link")).to_have_count(0)
    assert force(page, "/queue/review", ANSWER, token="csrf-of-kim")[0] in (303, 401, 403)
