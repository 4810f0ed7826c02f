"""The page of the experiment: a cell is chosen, run in reduced form, and opened on the live page."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cl_core.experiments import table
from cl_core.experiments.pipeline import DRAWN
from tests.browser.app_page import TIMEOUT

pytestmark = pytest.mark.browser


def test_chosen_cell_runs_reduced_and_opens_live_with_its_settings(open_page: Callable[..., Page]) -> None:
    page = open_page("triplets?part=a+real+batch")  # another page with a `part` in its query string
    expect(page.get_by_text("Easy, semi-hard and hard triplets")).to_be_visible(timeout=TIMEOUT)
    page.get_by_role("link", name="Reproduced comparison").click()
    # the finding and the table with an alternative text for each number; folded, a badge for each of the ten claims
    claims = page.get_by_text("The article's 10 claims, one by one")
    claims.click(timeout=TIMEOUT)
    badges = re.compile("^(check_circle|cancel|help) ?(holds|does not hold|not decided yet)$")
    expect(page.get_by_text(badges)).to_have_count(10)
    table = page.locator('[aria-label^="MNIST, as published"]').first
    expect(table).to_be_visible(timeout=TIMEOUT)
    assert re.search(r"MLP baseline: \d\d\.\d\d", table.get_attribute("aria-label") or "")
    page.get_by_text("Where these numbers come from").click()
    expect(page.get_by_text(re.compile("results, made by"))).to_be_visible(timeout=TIMEOUT)
    # choose a cell with the keyboard only
    page.get_by_role("radio", name="One run").click()
    method = page.get_by_role("combobox", name="method")
    method.click(timeout=TIMEOUT)
    method.fill("baseline")
    page.keyboard.press("Enter")
    expect(page.get_by_text("MLP baseline on MNIST, batch 32")).to_be_visible(timeout=TIMEOUT)
    page.get_by_role("slider", name="batch size").focus()
    page.keyboard.press("End")
    expect(page.get_by_text("MLP baseline on MNIST, batch 2,048")).to_be_visible(timeout=TIMEOUT)
    page.wait_for_url(re.compile("method=baseline.*batch=2048|batch=2048.*method=baseline"))
    page.get_by_role("button", name=re.compile("Run a short version")).click()
    expect(page.get_by_text("A short run has only a fraction of the steps")).to_be_visible(timeout=TIMEOUT)
    # the same run on the live page
    page.get_by_role("link", name="Watch this run").click()
    expect(page.get_by_role("button", name="Start")).to_be_visible(timeout=TIMEOUT)
    expect(page.get_by_text("could not be used")).to_have_count(0)
    for setting in ("loss=softmax", "batch=2048", "rate=0.2", "encoder=plain_mlp"):
        expect(page).to_have_url(re.compile(re.escape(setting)))
    expect(page.get_by_role("button", name="Start")).to_be_enabled(timeout=TIMEOUT)


def test_points_of_all_methods_are_drawn_while_one_waits(open_page: Callable[..., Page]) -> None:
    page = open_page("experiments?part=pictures&picture=points")
    charts = page.locator("[data-testid=stVegaLiteChart] svg")
    expect(charts).to_have_count(len(table.methods_of("published")), timeout=TIMEOUT)
    expect(charts.last.locator("[class*=mark-symbol] path")).to_have_count(3 * DRAWN)
