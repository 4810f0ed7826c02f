"""Accessibility of every page: axe's rules in both themes, and the keyboard."""

import re
from collections.abc import Callable, Iterator, Sequence

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from tests.browser.app_page import TIMEOUT, navigate, wait_until_steady
from tests.browser.component import POLLING
from tests.browser.conftest import Windows
from tests.browser.servers import Server

pytestmark = pytest.mark.browser

RUN = "engine=server&dataset=blobs&encoder=mlp&pace=flat-out"
VIEWS = {  # the address of each view, and a text or a selector that it has once it is shown
    "": "Contrastive Loss Lab",
    "triplets?part=one+triplet": ".triplet",
    "triplets?part=a+real+batch": ".ranking",
    "triplets?part=every+triplet&counted=500": "A few anchors cause most violations",
    "triplets?part=over+a+run": ".shares",
    "boundaries": ".plane",
    "boundaries?plane=angles&loss=l_softmax": ".wedge",
    "derivations": ".plane",
    "derivations?derivation=npair": ".stVegaLiteChart",
    "batch": ".batch",
    "retrieval": ".points[data-points]",
    "retrieval?points=three+classes&regions=am_softmax": ".points[data-points]",
    "retrieval?part=nearest+neighbours": ".neighbours[data-first]",
    "retrieval?part=a+threshold": "All thresholds",
    "sweep?sweep=xi-pccl": "What it decides",
    "sweep?part=own": "Start the sweep",
    f"training?{RUN}": ".embedding[data-frames]",
    f"training?{RUN}&play=true": "Pause",
    f"training?{RUN}&view=density": ".embedding[data-density=true]",
    f"compare?{RUN}": ".embedding[data-frames]",
    "compare?dataset=blobs": ".arena .embedding[data-frames]",
    "break_it?failure=hot": ".arena .embedding[data-frames]",
    "experiments": "Accuracy of every loss and batch size",
    "experiments?part=one+thing+at+a+time": ".stVegaLiteChart",
    "experiments?part=pictures": "projected on the first two principal axes of their embedding",
    "experiments?part=one+cell": "Run it again",
    "experiments?part=cost": "processor time in",
    "glossary": ".stGraphVizChart",
    "lessons": "A lesson guides you through the app",
    "break_it?failure=none": ".st-key-break_hard_collapse",
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
STREAMLIT_VIOLATIONS = {  # rule and part of the selector or the HTML of what Streamlit renders, and no theme can change
    ("scrollable-region-focusable", "katex-display"): "a long formula; browsers let the keyboard scroll such a box",
    ("list", "stSidebarNavItems"): "the menu of pages: the lists of its sections lie in a list, without items between",
    ("listitem", '<li class="st-emotion-cache'): "the pages of such a section",
}
DARK = "() => getComputedStyle(document.querySelector('.stApp')).backgroundColor === 'rgb(17, 20, 27)'"
# colours fade over after a change of the theme, also in shadow roots
FADED = """() => {
    const roots = [...document.querySelectorAll('*')].map((each) => each.shadowRoot).filter(Boolean);
    return [document, ...roots].every((root) => !root.getAnimations().some((each) => each instanceof CSSTransition));
}"""
AXE = """async ([type, values]) => {
    const { violations } = await axe.run({ runOnly: { type, values }, resultTypes: ['violations'] });
    const line = (rule, node) => [rule, String(node.target), node.html.slice(0, 120)];
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => line(id, node)));
}"""


def violations(page: Page, only: Sequence[str] = ()) -> list[str]:
    """Return what breaks a rule on a page, as lines of rule, selector and HTML."""
    if page.evaluate("() => typeof axe === 'undefined'"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(AXE, ["rule", list(only)] if only else ["tag", RULES])
    return [
        " | ".join((rule, selector[-120:], html))
        for rule, selector, html in found
        if not any(rule == known and part in selector + html for known, part in STREAMLIT_VIOLATIONS)
    ]


@pytest.fixture(scope="module")
def shared_page(windows: Windows, app_server: Server) -> Iterator[Page]:
    """One window for all views: these tests leave nothing behind that another view would show."""
    page = windows.browser.new_context(viewport={"width": 1280, "height": 720}, reduced_motion="reduce").new_page()
    page.goto(app_server.url)
    yield page
    page.context.close()


@pytest.fixture
def show(shared_page: Page, watch: Callable[[Page], None]) -> Callable[[str], Page]:
    """`show("triplets") -> page`: a view in the light theme, as soon as it is complete."""

    def show_(view: str) -> Page:
        watch(shared_page)
        shared_page.emulate_media(color_scheme="light")
        navigate(shared_page, view)
        sign = VIEWS[view]
        place = shared_page.locator(sign) if sign.startswith(".") else shared_page.get_by_text(sign)
        expect(place.first).to_be_visible(timeout=TIMEOUT)
        wait_until_steady(shared_page)
        expect(shared_page.get_by_test_id("stException")).to_have_count(0)
        return shared_page

    return show_


@pytest.mark.parametrize("view", VIEWS)
def test_view_breaks_no_accessibility_rule_in_either_theme(view: str, show: Callable[[str], Page]) -> None:
    page = show(view)
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(DARK, polling=POLLING)
    page.wait_for_timeout(100)  # components are told of the theme after the page
    page.wait_for_function(FADED, polling=POLLING)
    assert violations(page, ["color-contrast"]) == []  # the only rule that a theme can break


# Describe the focused element, also in shadow roots, and remember it; "" once focus has left the page.
FOCUSED = """() => {
  let at = document.activeElement;
  while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  window.focused ??= new Set();
  window.focused.add(at);
  const name = at.getAttribute('aria-label') || at.dataset.point || at.title || at.innerText || at.dataset.testid;
  return at === document.body ? '' : `${at.tagName.toLowerCase()} ${at.getAttribute('role') ?? ''} ${name ?? ''}`;
}"""
# All controls that Tab has not reached; in a group of radio buttons arrow keys lead from one to the others.
MISSED = """() => {
  const roots = [document];
  for (const root of roots)
    for (const each of root.querySelectorAll('*')) if (each.shadowRoot) roots.push(each.shadowRoot);
  const wanted = 'a[href], button, input, select, textarea, [tabindex="0"], [role=slider]';
  const all = roots.flatMap((root) => [...root.querySelectorAll(wanted)]);
  const reached = (each) => {
    const group = each.closest('[role=radiogroup]');
    return group ? [...window.focused].some((one) => group.contains(one)) : window.focused.has(each);
  };
  return all.filter((each) => each.tabIndex >= 0 && !each.disabled && each.checkVisibility({visibilityProperty: true})
      && !reached(each) && !each.closest('[inert]')).map((each) => each.outerHTML.slice(0, 160));
}"""


def tab_stops(page: Page, most: int = 250) -> list[str]:
    """Press Tab from the first link of a page until focus leaves it, and return what was focused."""
    page.evaluate("() => { window.focused = new Set(); }")
    page.get_by_test_id("stSkipToContent").focus()
    stops: list[str] = []
    for _ in range(most):
        focused = page.evaluate(FOCUSED)
        if not focused:
            return stops
        stops.append(focused)
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not leave the page: {stops[-8:]}")


def test_tab_reaches_every_point_of_a_triplet_and_leaves_the_page(show: Callable[[str], Page]) -> None:
    page = show("triplets?part=one+triplet")  # without it, the part that was shown last
    stops = tab_stops(page)
    assert page.evaluate(MISSED) == []
    for point in ("anchor", "positive", "negative"):
        assert any(point in stop.lower() for stop in stops), (point, stops)


def test_tab_reaches_all_training_controls_and_escape_closes_the_dialog(show: Callable[[str], Page]) -> None:
    page = show(f"training?{RUN}")
    page.get_by_role("button", name="Reset").click()  # other views have trained the same run
    curve = page.locator(".stVegaLiteChart svg").first
    for step in (1, 2):  # the time slider is enabled from the second frame on
        page.get_by_role("button", name="Step", exact=True).click()
        expect(page.get_by_text(re.compile(rf"^The loss is [\d.]+ at step {step};"))).to_have_count(1, timeout=TIMEOUT)
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=TIMEOUT)
        if step == 1:
            curve.evaluate("(element) => { element.known = true; }")
    # the alternative text has followed the curve, which is still the same element
    assert curve.evaluate("(element) => element.known")
    expect(page.locator(".embedding .scrubber")).to_be_enabled(timeout=TIMEOUT)
    stops = tab_stops(page)
    assert page.evaluate(MISSED) == []
    for name in ("Start", "Reset", "canvas", "Replay", "Frame", "Zoom in"):
        assert any(name in stop for stop in stops), (name, stops)
    share = page.get_by_role("button", name="Share").first
    share.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(share).to_be_focused()
