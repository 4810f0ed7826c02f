"""Every page for those who see little, see no colours, or have no mouse: axe's rules, and the keyboard."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

SLOW = 90_000
RUN = "dataset=blobs&encoder=mlp&pace=flat-out"
VIEWS = {  # the address of each view, and what is there once it is
    "": "Contrastive Loss Lab",
    "triplets": ".triplet",
    "triplets?part=a+real+batch": ".ranking",
    "triplets?part=every+triplet&counted=500": "Few anchors make the trouble",
    "triplets?part=over+a+run": ".shares",
    "boundaries": ".plane",
    "boundaries?plane=angles&loss=l_softmax": ".wedge",
    "batch": ".batch",
    f"training?{RUN}": ".embedding[data-frames]",
    f"training?{RUN}&play=true": ".embedding[data-frames]",
    f"training?{RUN}&view=density": ".js-plotly-plot",
    f"compare?{RUN}": ".embedding[data-frames]",
    "experiments": "What the article claims",
    "experiments?part=one+thing+at+a+time": ".stVegaLiteChart",
    "experiments?part=pictures": ".stVegaLiteChart",
    "experiments?part=one+cell": "Run it again",
    "experiments?part=cost": "processor time in",
    "glossary": ".stGraphVizChart",
    "lessons": ".stHeading",
    "break_it": ".stHeading",
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
NOT_OURS = {  # rule and part of the selector of what Streamlit makes, and no theme can change
    ("scrollable-region-focusable", "katex-display"): "a long formula; browsers let the keyboard scroll such a box",
}


def violations(page: Page, only: Sequence[str] = ()) -> list[str]:
    """What breaks a rule on a page, as lines of rule, place and the HTML there."""
    wanted: dict[str, Any] = {"type": "rule", "values": list(only)} if only else {"type": "tag", "values": RULES}
    found = Axe().run(page, options={"runOnly": wanted, "resultTypes": ["violations"]}).response["violations"]
    lines = [(rule["id"], str(node["target"]), node["html"][:120]) for rule in found for node in rule["nodes"]]
    return [
        " | ".join((rule, place[-120:], html))
        for rule, place, html in lines
        if not any(rule == known and part in place for known, part in NOT_OURS)
    ]


def shown(page: Page, base: str, view: str) -> None:
    """Open a view, and wait until it is there."""
    page.goto(f"{base}/{view}")
    sign = VIEWS[view]
    place = page.locator(sign) if sign.startswith(".") else page.get_by_text(sign)
    expect(place.first).to_be_visible(timeout=SLOW)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=SLOW)
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.parametrize("view", VIEWS)
def test_no_rule_is_broken_in_light_or_dark(view: str, window: Callable[..., Page], serve: Callable[..., str]) -> None:
    page = window(height=720)
    shown(page, serve("app.py"), view)
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(DARK)
    page.wait_for_timeout(300)  # colours are faded over
    assert violations(page, ["color-contrast"]) == []


DARK = "() => getComputedStyle(document.querySelector('.stApp')).backgroundColor === 'rgb(17, 20, 27)'"

# what Tab has come to, through shadow roots; whether it shows that it has
FOCUSED = """() => {
  let at = document.activeElement;
  while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  window.seen ??= new Set();
  window.seen.add(at);
  const words = at.getAttribute('aria-label') || at.dataset.point || at.title || at.innerText || at.dataset.testid;
  return at === document.body ? '' : `${at.tagName.toLowerCase()} ${at.getAttribute('role') ?? ''} ${words ?? ''}`;
}"""
# all that can be moved and was not reached; in a group of radio buttons arrows lead on from one of them
MISSED = """() => {
  const roots = [document];
  for (const root of roots)
    for (const each of root.querySelectorAll('*')) if (each.shadowRoot) roots.push(each.shadowRoot);
  const wanted = 'a[href], button, input, select, textarea, [tabindex="0"], [role=slider]';
  const all = roots.flatMap((root) => [...root.querySelectorAll(wanted)]);
  const reached = (each) => {
    const group = each.closest('[role=radiogroup]');
    return group ? [...window.seen].some((one) => group.contains(one)) : window.seen.has(each);
  };
  return all.filter((each) => each.tabIndex >= 0 && !each.disabled && each.checkVisibility({visibilityProperty: true})
      && !reached(each) && !each.closest('[inert]')).map((each) => each.outerHTML.slice(0, 160));
}"""


def walked(page: Page, most: int = 250) -> list[str]:
    """What Tab comes to from the first link of a page until it leaves it."""
    page.evaluate("() => { window.seen = new Set(); }")
    page.get_by_test_id("stSkipToContent").focus()
    places: list[str] = []
    for _ in range(most):
        at = page.evaluate(FOCUSED)
        if not at:
            return places
        places.append(at)
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not leave the page: {places[-8:]}")


def test_tab_reaches_every_point_of_a_triplet_and_leaves_it(
    window: Callable[..., Page], serve: Callable[..., str]
) -> None:
    page = window(height=720)
    shown(page, serve("app.py"), "triplets")
    places = walked(page)
    assert page.evaluate(MISSED) == []
    for point in ("anchor", "positive", "negative"):
        assert any(point in place.lower() for place in places), (point, places)


def test_tab_reaches_run_picture_and_time_and_escape_closes_what_opened(
    window: Callable[..., Page], serve: Callable[..., str]
) -> None:
    page = window(height=720)
    shown(page, serve("app.py"), f"training?{RUN}")
    curve = page.locator(".stVegaLiteChart svg").first
    for step in (1, 2):  # time can be moved once there is some
        page.get_by_role("button", name="Step", exact=True).click()
        expect(page.get_by_text(re.compile(rf"^The loss is [\d.]+ at step {step};"))).to_have_count(1, timeout=SLOW)
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=SLOW)
        if step == 1:
            curve.evaluate("(drawn) => { drawn.known = true; }")
    # the words have followed the curve, which is still the same drawing
    assert curve.evaluate("(drawn) => drawn.known")
    expect(page.locator(".embedding .scrubber")).to_be_enabled(timeout=SLOW)
    places = walked(page)
    assert page.evaluate(MISSED) == []
    for name in ("Start", "Reset", "canvas", "Replay", "Frame", "Zoom in"):
        assert any(name in place for place in places), (name, places)
    share = page.get_by_role("button", name="Share").first
    share.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(share).to_be_focused()
