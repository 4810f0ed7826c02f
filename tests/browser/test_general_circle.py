"""The general circle, from the start page: its boundary fades from a line to a circle, and its weights are read out."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.app_page import wait_for
from tests.browser.test_live_pictures import curve, shapes

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
SLOW = 60_000


def open_from_start_page(open_page: Open) -> tuple[Page, Locator]:
    page = open_page("")
    page.locator(".st-key-card_general-circle").get_by_role("link", name="From a line to a circle").click()
    plane = page.locator(".plane").first
    expect(plane.locator(".title")).to_have_text("Circle loss, general form", timeout=SLOW)
    expect(plane).to_have_attribute("data-live", "true", timeout=SLOW)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=SLOW)
    return page, plane


def press(page: Page, label: str, key: str) -> None:
    page.get_by_role("slider", name=re.compile(re.escape(label))).press(key)


def is_line(plane: Locator) -> bool:
    s_n, s_p = curve(plane, "boundary").T
    return np.allclose((s_p - s_n)[np.isfinite(s_p)], 0.5, atol=1e-5)


def is_circle(plane: Locator) -> bool:
    s_n, s_p = curve(plane, "boundary").T
    arc = s_n > -0.25
    return np.allclose(np.hypot(s_n, s_p - 1)[arc], 0.25 * 2**0.5, atol=1e-5)


def target_of(plane: Locator) -> list[float]:
    return next(mark["point"] for mark in shapes(plane)["marks"] if mark["label"] == "target")


def test_boundary_fades_from_the_line_to_the_circle(open_page: Open) -> None:
    page, plane = open_from_start_page(open_page)
    text = page.locator(".stMain")
    expect(text).to_contain_text("Constant weights move the optima away")
    press(page, "self-pacing", "Home")
    wait_for(page, lambda: is_line(plane))
    expect(text).to_contain_text("a circle with an infinite radius")
    press(page, "self-pacing", "End")
    wait_for(page, lambda: is_circle(plane))
    expect(text).to_contain_text("Its squared radius is")
    expect(page).not_to_have_url(re.compile("pacing"))  # links leave defaults out


def test_held_slider_moves_the_boundary_at_once(open_page: Open) -> None:
    page, plane = open_from_start_page(open_page)
    slider = page.get_by_role("slider", name=re.compile("self-pacing"))
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    heights = []
    for shift in range(-60, 61, 30):
        page.mouse.move(x + shift, y)
        page.wait_for_timeout(150)
        s_n, s_p = curve(plane, "boundary").T
        heights.append(float(s_p[np.nanargmin(np.abs(s_n + 0.9))]))
    page.mouse.up()
    assert heights == sorted(heights)  # from the line, at -0.4, up to s_p = 1 - m left of O_n
    assert heights[-1] > heights[0] + 0.2


def test_weights_are_read_out_and_drawn(open_page: Open) -> None:
    _, plane = open_from_start_page(open_page)
    roles = [each["role"] for each in shapes(plane)["curves"]]
    assert roles.count("weight") == 2
    sheet = plane.locator(".sheet")
    sheet.focus()
    for _ in range(3):
        sheet.press("ArrowRight")
    s_n, s_p = float(plane.get_attribute("data-x") or ""), float(plane.get_attribute("data-y") or "")
    expected = {"weightX": 0.5 + 0.5 * max(s_n + 0.25, 0), "weightY": 0.5 + 0.5 * (1.25 - s_p)}
    for cell, weight in expected.items():
        shown = plane.locator(f'[data-cell="{cell}"] dd').inner_text()
        assert abs(float(shown) - weight) < 1e-3
    expect(plane.locator('[data-cell="weightX"] dt')).to_have_text("αₙ")


def test_preset_of_the_papers_four_and_of_pccl(open_page: Open) -> None:
    page, plane = open_from_start_page(open_page)
    page.get_by_role("button", name="Published values").click()
    page.get_by_role("button", name="PCCL: no margins").click()
    wait_for(page, lambda: np.isclose(curve(plane, "boundary"), 0.0, atol=1e-3).all(axis=1).any())  # through (0, 0)
    page.keyboard.press("Escape")
    press(page, "optimum of positives", "End")
    expect(page.locator(".stMain")).to_contain_text("Its squared radius is")
    expect(page).to_have_url(re.compile("optimum_p=2"))


def test_derivation_leads_from_the_start_page_to_the_circle(open_page: Open) -> None:
    page = open_page("")
    page.locator(".st-key-card_derivation").get_by_role("link", name="From softmax to the circle").click()
    expect(page.get_by_role("heading", name="1. AM-softmax is a fraction")).to_be_visible(timeout=SLOW)
    for title in ("2. Divide by the numerator", "3. Allow many positives", "4. Give each pair a weight"):
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_role("heading", name=title)).to_be_visible(timeout=SLOW)
        expect(page.locator(".stVegaLiteChart")).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile("derivation_step=4"))
    for title in ("5. Write down the boundary", "6. Complete the squares: a circle"):
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_role("heading", name=title)).to_be_visible(timeout=SLOW)
    page.get_by_role("link", name="Move the circle's optima and margins").click()
    expect(page.locator(".plane .title")).to_have_text("Circle loss, general form", timeout=SLOW)


def test_frozen_weights_and_the_true_gradient_side_by_side(open_page: Open) -> None:
    page, plane = open_from_start_page(open_page)
    press(page, "self-pacing", "End")
    wait_for(page, lambda: is_circle(plane))
    expect(page.get_by_text("Why are the weights frozen?")).to_be_visible()
    page.get_by_role("link", name="Compare both side by side").click()
    planes = page.locator(".plane")
    expect(planes).to_have_count(2, timeout=SLOW)
    expect(planes.nth(1)).to_have_attribute("data-live", "true", timeout=SLOW)
    wait_for(page, lambda: np.allclose(target_of(planes.first), [-0.25, 1.0], atol=1e-5))
    wait_for(page, lambda: np.allclose(target_of(planes.last), [0.0, 1.0], atol=1e-5))
    expect(page).to_have_url(re.compile("gradient_2=true"))
