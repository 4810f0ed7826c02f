"""The page of the experiment in a real browser: a cell is picked, run here in small, and followed to the live page."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

SLOW = 90_000


def test_a_cell_is_picked_run_here_in_small_and_followed_to_the_live_page(visit: Callable[..., Page]) -> None:
    page = visit("app.py", "")
    base = page.url.split("?")[0].rstrip("/")
    page.goto(f"{base}/triplets?part=a+real+batch")  # another page with a `part`
    expect(page.get_by_text("which triplets teach?")).to_be_visible(timeout=SLOW)
    page.get_by_role("link", name="The experiment").click()
    # the table, each number and each gap in words, and what becomes of the five claims
    expect(page.get_by_text(re.compile("results, made by"))).to_be_visible(timeout=SLOW)
    badges = re.compile("^(check_circle|cancel|help) ?(holds|does not hold|cannot be said yet)$")
    expect(page.get_by_text(badges)).to_have_count(5)
    tiles = page.locator('[aria-label^="MNIST, as published"]').first
    expect(tiles).to_be_visible(timeout=SLOW)
    assert re.search(r"MLP baseline: \d\d\.\d\d", tiles.get_attribute("aria-label") or "")
    # a cell, by keys alone
    page.get_by_role("radio", name="one cell").click()
    method = page.get_by_role("combobox", name="method")
    method.click(timeout=SLOW)
    method.fill("baseline")
    page.keyboard.press("Enter")
    expect(page.get_by_text("MLP baseline on MNIST, batch 32")).to_be_visible(timeout=SLOW)
    page.get_by_role("slider", name="batch size").focus()
    page.keyboard.press("End")
    expect(page.get_by_text("MLP baseline on MNIST, batch 2,048")).to_be_visible(timeout=SLOW)
    page.wait_for_url(re.compile("method=baseline.*batch=2048|batch=2048.*method=baseline"))
    page.get_by_role("button", name=re.compile("Run a reduced cell")).click()
    expect(page.get_by_text("A reduced cell shows the way, not the end")).to_be_visible(timeout=SLOW)
    # the very same run, live
    page.get_by_role("link", name="Watch this run").click()
    expect(page.get_by_role("button", name="Start")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("could not be used")).to_have_count(0)
    for setting in ("loss=softmax", "batch=2048", "rate=0.2", "encoder=plain_mlp"):
        assert setting in page.url
    expect(page.get_by_role("button", name="Start")).to_be_enabled(timeout=SLOW)
