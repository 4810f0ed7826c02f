"""Room: pictures fill the window and grow with large type, nothing scrolls sideways, labels cover nothing."""

import json
from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from cl_core.losses import LOSSES
from tests.browser.app_page import navigate, wait_for, wait_until_steady
from tests.browser.test_access import VIEWS

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
Box = tuple[float, float, float, float]

DESKTOP, BEAMER = {"width": 1440, "height": 900}, {"width": 1920, "height": 1080}
TABLET, PHONE = {"width": 820, "height": 1180}, {"width": 390, "height": 844}
WINDOWS = {"desktop": DESKTOP, "beamer": BEAMER, "tablet": TABLET, "phone": PHONE}
RUN = "training?dataset=blobs&dim=8&batch=32&encoder=mlp"
RACE = "compare?contenders=4&dataset=blobs&dim=8" + "".join(f"&batch{suffix}=32" for suffix in ("", "_2", "_3", "_4"))
PAGES = {**VIEWS, RUN: ".embedding[data-frames]", RACE: ".stMarkdown table"}
SIDEWAYS = """() => {
    const main = document.querySelector('[data-testid="stMain"]');
    return Math.max(main.scrollWidth - main.clientWidth, document.documentElement.scrollWidth - innerWidth);
}"""


def size(place: Locator) -> tuple[float, float]:
    """Return width and height of an element, in CSS pixels."""
    box = place.bounding_box()
    assert box is not None
    return box["width"], box["height"]


def sides(page: Page, count: int) -> list[Box]:
    """Return the squares of the planes on a page, once they have stopped moving."""
    planes = page.locator(".plane[data-moving=false]")
    expect(planes).to_have_count(count, timeout=90_000)
    wait_until_steady(page)
    return [tuple(shapes(planes.nth(k))["frame"]) for k in range(count)]


def shapes(plane: Locator) -> dict[str, Any]:
    plane.dispatch_event("describe")
    found: dict[str, Any] = json.loads(plane.get_attribute("data-shapes") or "null")
    return found


def width_of(box: Box) -> float:
    return box[2] - box[0]


def overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def show(page: Page, view: str) -> None:
    """Show a view in a window that shows the app already."""
    navigate(page, view)
    sign = PAGES[view]
    place = page.locator(sign) if sign.startswith(".") else page.get_by_text(sign)
    expect(place.first).to_be_attached(timeout=90_000)
    wait_until_steady(page)


@pytest.mark.parametrize("big", ["", "&big=true"])
def test_training_cloud_has_room_and_its_charts_are_beside_it(open_page: Open, big: str) -> None:
    page = open_page(RUN + big, **DESKTOP)
    cloud = page.locator(".trainer canvas.cloud")
    expect(page.locator(".trainer .embedding[data-frames]")).to_be_attached(timeout=120_000)
    wait_for(page, lambda: size(cloud)[0] >= 700 and size(cloud)[1] >= 600)
    charts = page.locator(".trainer .curves").bounding_box()
    assert charts is not None
    assert charts["width"] >= 300
    assert charts["y"] < DESKTOP["height"] / 2, "seen without scrolling"


@pytest.mark.parametrize(
    ("view", "picture", "least"),
    [
        ("boundaries", ".plane .sheet", 520),
        ("boundaries?plane=angles&loss=l_softmax", ".wedge .stage", 320),
        ("batch?two=false", ".batch .stage", 480),
        ("triplets?part=one+triplet", ".triplet .scene .stage", 360),
    ],
)
def test_pictures_grow_with_the_window(open_page: Open, view: str, picture: str, least: float) -> None:
    page = open_page(view, **DESKTOP)
    place = page.locator(picture).first
    expect(place).to_be_visible(timeout=90_000)
    wait_until_steady(page)
    height = size(place)[1]
    assert height >= least
    page.set_viewport_size({"width": 1920, "height": 1080})
    wait_for(page, lambda: size(place)[1] >= 1.15 * height, seconds=20)


@pytest.mark.parametrize("window", WINDOWS)
def test_large_type_does_not_shrink_planes(open_page: Open, window: str) -> None:
    page = open_page("boundaries", **WINDOWS[window])
    for view, count in (("boundaries", 1), ("boundaries?two=true", 2)):
        navigate(page, view)
        usual = width_of(sides(page, count)[0])
        navigate(page, f"{view}{'&' if '?' in view else '?'}big=true")
        page.wait_for_function("() => getComputedStyle(document.documentElement).fontSize === '20px'")
        assert width_of(sides(page, count)[0]) >= usual
        navigate(page, f"{view}{'&' if '?' in view else '?'}big=false")


@pytest.mark.parametrize("window", ["desktop", "beamer"])
def test_compared_planes_have_one_size_and_one_baseline(open_page: Open, window: str) -> None:
    page = open_page("boundaries?two=true&loss=circle&loss_2=am_softmax&pairs=trained", **WINDOWS[window])
    for loss, loss_2 in (("circle", "am_softmax"), ("nt_xent", "contrastive"), ("l_softmax", "triplet")):
        navigate(page, f"boundaries?two=true&loss={loss}&loss_2={loss_2}&pairs=trained&place=0.2,0.6")
        first, second = sides(page, 2)
        assert width_of(first) == pytest.approx(width_of(second), abs=0.5)
        assert first[1::2] == pytest.approx(second[1::2], abs=0.5)


def test_race_of_four_has_one_legend_large_clouds_and_short_names(open_page: Open) -> None:
    page = open_page(RACE, **DESKTOP)
    clouds = page.locator(".arena canvas.cloud")
    expect(page.locator(".arena .embedding[data-frames]")).to_have_count(4, timeout=120_000)
    wait_for(page, lambda: all(min(size(cloud)) >= 300 for cloud in clouds.all()))
    expect(page.locator(".arena .legend:visible")).to_have_count(1)
    page.locator(".arena .legend button").first.click()  # in all clouds
    expect(page.locator(".arena .legend button[aria-pressed=true]:visible")).to_have_count(1)
    for name in page.locator(".arena .name").all():
        assert name.get_attribute("title") == name.inner_text()
        assert name.evaluate("e => getComputedStyle(e).textOverflow") == "ellipsis"
        assert size(name)[1] < 30, "on one line"


@pytest.mark.parametrize("window", ["phone", "tablet"])
def test_no_page_scrolls_sideways(open_page: Open, window: str) -> None:
    page = open_page("", **WINDOWS[window])
    wide = {}
    for view in PAGES:
        show(page, view)
        if (by := page.evaluate(SIDEWAYS)) > 0:
            wide[view] = by
    assert not wide


def test_phone_has_settings_below_the_picture_until_another_page_is_shown(open_page: Open) -> None:
    page = open_page("boundaries", **PHONE)
    before = sides(page, 1)[0]
    expect(page.locator(".phone-sidebar")).to_be_attached()
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar).to_be_hidden()
    page.get_by_role("button", name="Expand sidebar").click()
    expect(sidebar).to_be_visible()
    margin = page.get_by_role("slider", name="margin")
    margin.scroll_into_view_if_needed()
    wait_for(page, lambda: 300 < (sidebar.bounding_box() or {"y": 0})["y"] < 500)
    page.wait_for_timeout(500)  # until it has slid in
    box = sidebar.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= PHONE["height"] + 1
    wait_for(page, lambda: sides(page, 1)[0][1] > 50 and sides(page, 1)[0][3] < box["y"])
    assert width_of(sides(page, 1)[0]) == width_of(before), "the whole picture is above the settings"
    margin.press("ArrowRight")
    page.wait_for_url(lambda url: "margin=" in url)
    expect(sidebar).to_be_visible()
    page.get_by_role("link", name="Glossary", exact=True).click()
    expect(page.get_by_role("heading", name="Glossary")).to_be_visible(timeout=90_000)
    expect(sidebar).to_be_hidden()


def test_formulas_in_the_sidebar_fit_or_scroll(open_page: Open) -> None:
    page = open_page(f"{RUN}&loss=l_softmax", **DESKTOP)
    formula = page.get_by_test_id("stSidebar").locator(".katex-display").first
    expect(formula).to_be_visible(timeout=90_000)
    outer, inner, overflow = formula.evaluate("e => [e.clientWidth, e.scrollWidth, getComputedStyle(e).overflowX]")
    assert outer <= 310
    assert inner <= outer or overflow == "auto"


@pytest.mark.parametrize("window", ["desktop", "phone"])
@pytest.mark.parametrize("big", ["big=false", "big=true"])
def test_labels_of_planes_cover_no_mark_and_no_other_label(open_page: Open, window: str, big: str) -> None:
    page = open_page(f"boundaries?{big}", **WINDOWS[window])
    expect(page.locator(".plane .title")).to_be_visible(timeout=90_000)
    covered = []
    for loss in LOSSES:
        navigate(page, f"boundaries?loss={loss}&{big}")
        expect(page.locator(".plane .title")).to_have_text(LOSSES[loss].title, timeout=90_000)
        sides(page, 1)
        drawn = shapes(page.locator(".plane"))
        labels = [(label["text"], tuple(label["box"])) for label in drawn["labels"]]
        marks = [(mark["label"], tuple(mark["box"])) for mark in drawn["marks"]]
        pairs = [*combinations(labels, 2), *((label, mark) for label in labels for mark in marks)]
        covered += [(loss, a, b) for (a, box), (b, other) in pairs if overlap(box, other)]
        if (window, big) != ("phone", "big=true"):  # large type has no room for each name in 306 pixels
            assert {name for name, _ in marks} <= {name for name, _ in labels}, loss
    assert not covered


@pytest.mark.parametrize("window", WINDOWS)
def test_share_and_export_have_one_place_and_cover_nothing(open_page: Open, window: str) -> None:
    page = open_page("", **WINDOWS[window])
    places = set()
    for view in PAGES:
        show(page, view)
        tools = [page.get_by_role("button", name="Share", exact=True)]
        if view.startswith("training"):
            tools.append(page.get_by_role("button", name="Export", exact=True))
        for number, tool in enumerate(tools):
            box = tool.bounding_box()
            assert box is not None, view
            places.add((number, round(box["x"]), round(box["y"])))
            on_top = tool.evaluate(
                """e => {
                    const { left, top, width, height } = e.getBoundingClientRect();
                    return e.contains(document.elementFromPoint(left + width / 2, top + height / 2));
                }"""
            )
            assert on_top, view
            for heading in page.get_by_role("heading").all():
                other = heading.bounding_box()
                assert other is None or other["y"] >= box["y"] + box["height"] - 1, view
    assert len(places) == 2, places


def test_link_says_that_embed_was_not_understood_and_the_dialog_explains_it(open_page: Open) -> None:
    page = open_page("boundaries?embed=1", **DESKTOP)
    expect(page.get_by_text("embed must be true, not 1")).to_be_visible(timeout=90_000)
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_text("embed must be true, not 1")).to_be_hidden()
    page.get_by_role("button", name="Share", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("For slides and course pages").click()
    expect(dialog.get_by_text("the page is shown without the list of pages")).to_be_visible()
    expect(dialog.locator("code").filter(has_text="embed=true").first).to_be_visible()


def test_notes_of_a_link_do_not_move_the_page(open_page: Open) -> None:
    page = open_page("boundaries?margn=0.3&nothing=1", **DESKTOP)
    expect(page.get_by_text("is not a setting of this page").first).to_be_visible(timeout=90_000)
    with_notes = sides(page, 1)[0]
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_text("is not a setting of this page")).to_have_count(0)
    assert sides(page, 1)[0] == with_notes
