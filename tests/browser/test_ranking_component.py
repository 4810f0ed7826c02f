"""Ranking component: kinds of negatives follow the chosen positive, and Python gets the choice."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from cl_core.components.ranking import WORDS, Ranking
from tests.browser.component import Component
from tests.browser.scenes.ranking import scene

pytestmark = pytest.mark.browser

Open = Callable[..., "RankingView"]


class RankingView(Component):
    """The ranking component on an open page."""

    kind, sign = "ranking", "anchor"

    def tile(self, index: int) -> Locator:
        return self.root.locator(f'.tile[data-index="{index}"]')

    def images(self, selector: str) -> list[int]:
        """Return the images of a strip, in order."""
        found = self.root.locator(f"{selector} .tile").evaluate_all("all => all.map((e) => Number(e.dataset.index))")
        return [int(index) for index in found]

    def zones(self) -> dict[str, list[int]]:
        return {kind: self.images(f'.zone[data-kind="{kind}"]') for kind in ("hard", "semihard", "easy")}

    def expect_data(self, name: str, value: object) -> None:
        expect(self.root).to_have_attribute(f"data-{name}", str(value))

    def expect_python(self, anchor: int, positive: int | None) -> None:
        expect(self.page.get_by_text(f"python sees {anchor} and {positive};")).to_be_visible(timeout=30_000)

    def run_count(self) -> int:
        found = re.search(r"runs: (\d+)", self.page.get_by_text("python sees").inner_text())
        assert found
        return int(found[1])

    def expect_agreement_with(self, batch: Ranking, positive: int) -> None:
        """Compare all that is shown with kinds that plain loops compute from the batch."""
        a, d = int(self.data("anchor")), batch.distances
        self.expect_data("positive", positive)
        order = sorted(range(len(d)), key=lambda j: (d[a, j], j))
        positives = [j for j in order if batch.labels[j] == batch.labels[a] and j != a]
        negatives = [j for j in order if batch.labels[j] != batch.labels[a]]
        near, far = d[a, positive], d[a, positive] + batch.margin
        assert self.images(".positives") == positives
        zones = {
            "hard": [n for n in negatives if d[a, n] <= near],
            "semihard": [n for n in negatives if near < d[a, n] < far],
            "easy": [n for n in negatives if d[a, n] > near and d[a, n] >= far],
        }
        assert self.zones() == zones
        for kind, found in zones.items():
            expect(self.root.locator(f'.zone[data-kind="{kind}"] .count')).to_have_text(
                f"{len(found)} of {len(negatives)}"
            )
        picked = set(np.flatnonzero(batch.picked[a, positive]).tolist())
        elsewhere = set(np.flatnonzero(batch.picked[a].any(0)).tolist()) - picked
        assert self.picks("here") == picked
        assert self.picks("elsewhere") == elsewhere
        checked = self.root.locator('.positives [aria-checked="true"]')
        expect(checked).to_have_count(1)
        expect(checked).to_have_attribute("data-index", str(positive))

    def picks(self, where: str) -> set[int]:
        found = self.root.locator(f'.zone .tile[data-pick="{where}"]')
        return set(found.evaluate_all("all => all.map((e) => Number(e.dataset.index))"))


@pytest.fixture
def open_scene(show_scene: Callable[..., Page]) -> Open:
    def open_(query: str = "", **settings: Any) -> RankingView:
        page = show_scene("ranking", query, **settings)
        expect(page.locator(".ranking[data-anchor]")).to_have_count(1, timeout=60_000)
        expect(page.get_by_text("python sees")).to_be_visible()
        return RankingView(page)

    return open_


def test_kinds_and_picks_follow_the_chosen_positive(open_scene: Open) -> None:
    batch = scene(48, 0, 0.2, "semihard", "digits", 9)
    view = open_scene("anchor=9")
    nearest, middle, farthest = view.images(".positives")
    view.expect_agreement_with(batch, nearest)  # the nearest positive for which the miner picks a negative
    runs = view.run_count()
    view.tile(farthest).click()
    view.expect_agreement_with(batch, farthest)
    assert view.run_count() == runs, "kinds change without a run of the script"
    view.expect_python(9, farthest)
    assert view.run_count() == runs + 1
    facts = view.root.locator(".foot")
    expect(facts).to_contain_text(
        f"{batch.class_names[batch.labels[farthest]]}, d² = {batch.distances[9, farthest]:.4f}"
    )
    n = view.zones()["semihard"][0]
    view.tile(n).hover()
    expect(facts).to_contain_text(f"semi-hard · loss {0.2 + batch.distances[9, farthest] - batch.distances[9, n]:.4f}")
    expect(facts).to_contain_text(f"picked · test image {batch.rows[n]}")
    before = len(view.zones()["semihard"])  # first, as the answer may be quick
    view.page.get_by_role("slider", name="margin").press("ArrowRight")
    view.until(f"d.semihard != '{before}'")
    view.expect_agreement_with(scene(48, 0, 0.25, "semihard", "digits", 9), farthest)  # the chosen positive stays
    view.page.locator("label").filter(has_text="show").click()
    expect(view.root).to_have_count(0)
    view.page.locator("label").filter(has_text="show").click()
    view.expect_data("positive", farthest)
    view.expect_data("anchor", 9)
    assert middle in view.images(".positives")


def test_keys_choose_positive_negative_and_anchor(open_scene: Open) -> None:
    batch = scene(32, 1, 0.4, "semihard_tfa", "digits", 3)
    view = open_scene("anchor=3&n=32&seed=1&margin=0.4&miner=semihard_tfa", width=700)
    positives = view.images(".positives")
    for _ in range(40):
        view.page.keyboard.press("Tab")
        if view.root.evaluate("e => e.getRootNode().activeElement?.getAttribute('aria-checked') === 'true'"):
            break
    expect(view.tile(positives[0])).to_be_focused()
    view.page.keyboard.press("End")
    view.expect_agreement_with(batch, positives[-1])
    view.page.keyboard.press("ArrowLeft")
    view.expect_agreement_with(batch, positives[-2])
    expect(view.tile(positives[-2])).to_be_focused()
    expect(view.root.get_by_role("radio", checked=True)).to_be_focused()
    announcement = view.root.locator(".spoken")
    expect(announcement).to_contain_text(f"Positive at d² = {batch.distances[3, positives[-2]]:.4f}: ")
    view.expect_python(3, positives[-2])
    view.page.keyboard.press("Tab")
    negatives = [n for zone in view.zones().values() for n in zone]
    expect(view.tile(negatives[0])).to_be_focused()
    view.page.keyboard.press("ArrowRight")
    view.page.keyboard.press("ArrowDown")
    negative_below = view.root.evaluate("e => Number(e.getRootNode().activeElement.dataset.index)")
    first_box, box_below = view.tile(negatives[1]).bounding_box(), view.tile(negative_below).bounding_box()
    assert first_box is not None
    assert box_below is not None
    assert box_below["y"] > first_box["y"]
    assert box_below["x"] == pytest.approx(first_box["x"], abs=1)
    expect(view.root.get_by_role("button", name=WORDS["make"])).to_be_visible()
    view.page.keyboard.press("Enter")
    view.expect_data("anchor", negative_below)
    chosen = int(view.data("positive"))
    view.expect_agreement_with(batch, chosen)
    expect(view.tile(chosen)).to_be_focused()
    view.expect_python(negative_below, None)


def test_phone_layout_and_taps(open_scene: Open) -> None:
    view = open_scene("anchor=9&n=64", width=390, height=800, phone=True, dark=True)
    view.expect_data("dark", "true")
    n = view.zones()["easy"][0]
    view.tile(n).tap()
    view.expect_data("kept", n)
    view.expect_data("anchor", 9)
    button = view.root.get_by_role("button", name=WORDS["make"])
    expect(button).to_be_in_viewport()  # sticky at the lower edge of the viewport while the tiles are scrolled
    button.tap()
    view.expect_data("anchor", n)
    view.expect_python(n, None)
    view.tile(view.images(".positives")[-1]).dblclick()
    expect(button).to_be_hidden()
    assert int(view.data("anchor")) != n
    overflowing = view.root.evaluate(
        "e => [...e.querySelectorAll('*')].filter((c) => c.scrollWidth > c.clientWidth + 1 && "
        "!c.matches('i, span, b, .tile, .spoken')).map((c) => c.className)"
    )
    assert overflowing == []
    assert view.page.evaluate("document.documentElement.scrollWidth") <= 390
    smallest_font = view.root.evaluate(
        "e => Math.min(...[...e.querySelectorAll('.value, strong, p, span:not(.face):not(.check), b')].filter("
        "(c) => c.textContent.trim()).map((c) => parseFloat(getComputedStyle(c).fontSize)))"
    )
    assert smallest_font >= 14


def test_distances_that_differ_by_rounding_are_ties(open_scene: Open) -> None:
    batch = scene(48, 0, 0.2, "semihard", "line", 9)
    view = open_scene("anchor=9&which=line")
    view.expect_agreement_with(batch, 19)  # at 1; at 1.2 there is a tie with the margin
    tied = np.flatnonzero(batch.distances[9] == batch.distances[9, 19] + batch.margin).tolist()
    assert tied
    assert set(tied) < set(view.zones()["easy"])
    view.tile(29).click()
    view.expect_agreement_with(batch, 29)


def test_batches_without_positives_negatives_or_picks_say_so(open_scene: Open) -> None:
    view = open_scene("which=alone")
    expect(view.root.get_by_text(WORDS["noPositives"])).to_be_visible()
    expect(view.root.locator(".negatives")).to_be_hidden()
    view = open_scene("which=one&n=12")
    expect(view.root.get_by_text(WORDS["noNegatives"])).to_be_visible()
    expect(view.root.locator(".zone").first).to_be_hidden()
    view = open_scene("which=point&miner=semihard_tfa")  # all distances tie: every negative is hard
    assert {kind: len(found) for kind, found in view.zones().items()} == {"hard": 43, "semihard": 0, "easy": 0}
    expect(view.root.get_by_text(WORDS["semihardEmpty"])).to_be_visible()
    expect(view.root.get_by_text(WORDS["easyEmpty"])).to_be_visible()
    view = open_scene("which=plain&margin=0")
    expect(view.root.get_by_text(WORDS["semihardNever"])).to_be_visible()
    expect(view.root.get_by_text(WORDS["picksNothing"])).to_be_visible()
    expect(view.root.locator(".anchor .face")).to_have_text("0")
