"""The finding's pictures compared: what the screen shows, read from its pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import numpy as np
import pytest

pytest.importorskip("playwright.sync_api", reason="pip install playwright to test in a browser")

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from db.engine import default_url
from inspect_pipeline.records import Evidence, Finding
from tests.browser.keyboard import press, tab_to
from tests.browser.served import Opening, served
from tests.integration.db.database_records import a_finding, failed
from tests.review.review_desk import ReviewDesk, review_desk

OBSERVED, GOLDEN, RESTORED = (200, 40, 120)  # greys that nothing else on the page has
NEAR = 6
WHOLE = "0 0 16 12"
MIDNIGHT = datetime(2026, 3, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReviewDesk]:
    """Findings 1 and 2, whose pictures are each of one grey: which one is seen is certain.

    Nobody answers here, so all tests look at the same desk.
    """
    folder = tmp_path_factory.mktemp("desk")
    with review_desk(default_url(folder / "findings.db"), folder) as opened:
        for number in range(2):
            opened.ledger.record(failed(number, in_greys(a_finding(number))))
        yield opened


@pytest.fixture(scope="module")
def address(desk: ReviewDesk) -> Iterator[str]:
    with served(desk.app) as there:
        yield there


@pytest.fixture
def page(opened: Opening) -> Page:
    """Finding 1, without its outline."""
    seen = opened("kim", "/findings/1", viewport={"width": 1280, "height": 1000})
    press(seen, "o")
    return seen


def in_greys(finding: Finding) -> Finding:
    old = finding.evidence
    evidence = Evidence(
        box=old.box,
        observed=np.full_like(old.observed, OBSERVED),
        golden=np.full_like(old.golden, GOLDEN),
        restored=np.full_like(old.restored, RESTORED),
        heat=old.heat,
    )
    return replace(finding, evidence=evidence)


def grey(drawing: Locator, across: float, down: float = 0.5) -> int:
    """What the screen shows at a share of the drawing's width and height."""
    with Image.open(BytesIO(drawing.screenshot(animations="disabled"))) as shot:
        seen = shot.convert("L")
        place = (int(across * (seen.width - 1)), int(down * (seen.height - 1)))
        found = seen.getpixel(place)
    assert isinstance(found, int)
    return found


def seen_at(drawing: Locator, *places: float) -> list[str]:
    """Which picture is seen at each share of the width."""
    names = {OBSERVED: "observed", GOLDEN: "golden", RESTORED: "restored"}
    found = [grey(drawing, place) for place in places]
    return [next((names[one] for one in names if abs(one - it) < NEAR), str(it)) for it in found]


def stage(page: Page) -> Locator:
    return page.locator("[data-stage] svg")


def view_boxes(page: Page) -> set[str]:
    """What part of the pictures each drawing shows: one, while they move in step."""
    drawings = page.locator("svg.zoomed")
    return set(drawings.evaluate_all("all => all.map((one) => one.getAttribute('viewBox'))"))


def view_box(page: Page) -> list[float]:
    (only,) = view_boxes(page)
    return [float(number) for number in only.split()]


def drag(
    page: Page, drawing: Locator, start: tuple[float, float], end: tuple[float, float]
) -> None:
    """From one share of the drawing to another, with the mouse."""
    box = drawing.bounding_box()
    assert box is not None
    for step, (across, down) in enumerate((start, end)):
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
        if step == 0:
            page.mouse.down()
    page.mouse.up()


def test_side_by_side_every_picture_stands_under_its_name(page: Page) -> None:
    panes = page.locator(".panes .pane")

    expect(panes).to_have_count(4)
    for name, level in (("Observed", OBSERVED), ("Golden", GOLDEN), ("Restored", RESTORED)):
        drawing = panes.filter(has=page.locator("figcaption b", has_text=name)).locator("svg")
        expect(drawing).to_have_attribute("aria-label", name)
        assert abs(grey(drawing, 0.5) - level) < NEAR


def test_the_line_of_the_slider_parts_observed_from_golden(page: Page) -> None:
    press(page, "2")
    expect(page.locator(".panes")).to_be_hidden()
    expect(page.locator("[data-stage-words]")).to_contain_text("golden on the right of the line")
    assert seen_at(stage(page), 0.3, 0.45, 0.55, 0.7) == ["observed"] * 2 + ["golden"] * 2

    drag(page, stage(page), (0.5, 0.3), (0.62, 0.3))
    assert seen_at(stage(page), 0.3, 0.55, 0.7) == ["observed", "observed", "golden"]

    page.locator("#other").select_option("restored")
    assert seen_at(stage(page), 0.3, 0.7) == ["observed", "restored"]


def test_the_slider_is_moved_by_keyboard(page: Page) -> None:
    press(page, "2")
    tab_to(page, page.locator("#amount"))
    press(page, "Home")
    assert seen_at(stage(page), 0.3, 0.7) == ["golden", "golden"]

    press(page, "End")
    assert seen_at(stage(page), 0.3, 0.7) == ["observed", "observed"]

    press(page, *["ArrowLeft"] * 10)
    expect(page.locator("#amount")).to_have_value("90")


def test_the_line_of_the_slider_stays_under_the_hand_in_a_zoomed_picture(page: Page) -> None:
    press(page, "2", "+", "+", "ArrowRight")
    assert view_box(page)[0] > 0
    assert seen_at(stage(page), 0.3, 0.45, 0.55, 0.7) == ["observed"] * 2 + ["golden"] * 2

    drag(page, stage(page), (0.5, 0.3), (0.62, 0.3))

    assert seen_at(stage(page), 0.3, 0.55, 0.7) == ["observed", "observed", "golden"]


def test_blink_shows_one_after_the_other_until_space_stops_it(opened: Opening) -> None:
    page = opened("kim", "/queue")
    page.clock.install(time=MIDNIGHT)
    page.goto("/findings/1")
    page.clock.pause_at(MIDNIGHT + timedelta(hours=1))
    press(page, "o", "3")

    seen = []
    for _ in range(3):
        seen += seen_at(stage(page), 0.5)
        page.clock.run_for(600)
    assert seen == ["golden", "observed", "golden"]

    press(page, " ")
    before = seen_at(stage(page), 0.5)
    page.clock.run_for(3000)
    assert seen_at(stage(page), 0.5) == before
    press(page, " ")
    assert seen_at(stage(page), 0.5) != before, "it goes on at once"


def test_the_overlay_is_as_strong_as_its_opacity(page: Page) -> None:
    press(page, "4")
    page.locator("#other").select_option("golden")
    expect(page.locator("[data-amount-words]")).to_have_text("Opacity")

    for opacity in (0, 25, 50, 100):
        page.locator("#amount").fill(str(opacity))
        mixed = OBSERVED + (GOLDEN - OBSERVED) * opacity / 100
        assert abs(grey(stage(page), 0.5) - mixed) < NEAR


def test_the_overlay_lays_the_discrepancy_over_the_picture_unless_another_is_chosen(
    page: Page,
) -> None:
    press(page, "4")
    above = page.locator("[data-above]")

    assert "as=veil" in (above.get_attribute("href") or "")
    expect(page.locator("#other")).to_have_value("heat")
    page.locator("#other").select_option("difference")
    assert "/difference" in (above.get_attribute("href") or "")


def test_zoom_and_pan_hold_for_every_picture_and_every_view(page: Page) -> None:
    assert view_boxes(page) == {WHOLE}
    press(page, "+", "+")
    zoomed = view_box(page)
    assert zoomed[2] == pytest.approx(16 / 1.6**2)
    assert zoomed[0] + zoomed[2] / 2 == pytest.approx(8), "the middle stays in the middle"

    press(page, "ArrowRight", "ArrowDown")
    moved = view_box(page)
    assert moved[0] == pytest.approx(zoomed[0] + zoomed[2] / 8)
    assert moved[1] == pytest.approx(zoomed[1] + zoomed[2] / 8)

    drag(page, page.locator(".panes svg").first, (0.4, 0.4), (0.6, 0.4))
    dragged = view_box(page)
    assert dragged[0] < moved[0], "what is dragged to the right shows what lies left"
    assert dragged[1:] == pytest.approx(moved[1:])

    press(page, "4")
    assert view_box(page) == dragged
    page.get_by_role("button", name="Whole picture").click()
    assert view_boxes(page) == {WHOLE}


def test_the_wheel_zooms_about_the_place_under_the_mouse(page: Page) -> None:
    drawing = page.locator(".panes svg").nth(2)
    at_pointer = """(svg, [x, y]) => {
      const point = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM().inverse());
      return [point.x, point.y];
    }"""
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    assert box is not None
    pointer = [round(box["x"] + 0.4 * box["width"]), round(box["y"] + 0.3 * box["height"])]
    page.mouse.move(*pointer)
    before = drawing.evaluate(at_pointer, pointer)

    page.mouse.wheel(0, -400)
    page.wait_for_function(
        f"document.querySelector('svg.zoomed').getAttribute('viewBox') !== '{WHOLE}'"
    )

    assert drawing.evaluate(at_pointer, pointer) == pytest.approx(before, abs=0.01)
    assert len(view_boxes(page)) == 1


def test_nobody_gets_lost_outside_the_picture_or_inside_a_pixel(page: Page) -> None:
    for _ in range(12):
        page.get_by_role("button", name="Zoom in").click()
    press(page, *["ArrowLeft"] * 100, *["ArrowUp"] * 80)
    assert view_box(page) == pytest.approx([0, 0, 16 / 24, 12 / 24])

    for _ in range(12):
        page.get_by_role("button", name="Zoom out").click()
    assert view_boxes(page) == {WHOLE}


def test_two_fingers_zoom_on_a_tablet(opened: Opening) -> None:
    page = opened("kim", "/findings/1", viewport={"width": 820, "height": 1180}, has_touch=True)
    drawing = page.locator(".panes svg").first
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    assert box is not None
    middle, height = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)

    for kind, apart in (("touchStart", 40), ("touchMove", 60), ("touchMove", 80)):
        fingers = [{"x": middle + side * apart, "y": height} for side in (-1, 1)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    page.wait_for_function(
        f"document.querySelector('svg.zoomed').getAttribute('viewBox') !== '{WHOLE}'"
    )
    assert view_box(page)[2] == pytest.approx(8, rel=0.1), "twice as far apart, twice as large"


def test_the_way_of_comparing_stays_for_the_next_finding(page: Page) -> None:
    press(page, "4")
    page.locator("#other").select_option("restored")
    page.locator("#amount").fill("70")
    page.locator("#amount").blur()

    press(page, "k")

    expect(page.locator("h1")).to_contain_text("Finding 2")
    expect(page.get_by_role("radio", name="Overlay")).to_be_checked()
    expect(page.locator("#other")).to_have_value("restored")
    expect(page.locator("#amount")).to_have_value("70")


def test_the_views_are_one_stop_of_the_keyboard_with_arrows_inside(page: Page) -> None:
    tab_to(page, page.get_by_role("radio", name="Side by side"))

    press(page, "ArrowRight")
    expect(page.get_by_role("radio", name="Slider")).to_be_checked()
    expect(stage(page)).to_be_visible()
    press(page, "ArrowLeft")
    expect(page.locator(".panes")).to_be_visible()


def test_the_outline_is_the_same_on_every_picture_and_can_be_hidden(opened: Opening) -> None:
    page = opened("kim", "/findings/1")
    outlines = page.locator(".panes .outline")
    drawn = set(outlines.evaluate_all("all => all.map((one) => one.getAttribute('d'))"))
    assert len(drawn) == 1
    expect(outlines).to_have_count(4)

    press(page, "o")

    expect(outlines.first).to_be_hidden()
    button = page.get_by_role("button", name="Outline")
    expect(button).to_have_attribute("aria-pressed", "false")


def test_without_scripts_the_pictures_stand_side_by_side(opened: Opening) -> None:
    page = opened("kim", "/findings/1", java_script_enabled=False)

    expect(page.locator(".panes .pane svg")).to_have_count(4)
    expect(page.locator(".viewer-bar")).to_be_hidden()
