"""From the cards of the start page: many negatives and easy pairs of a batch, and gradient steps of a triplet."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("card", "caption"),
    [
        ("Many negatives at once", "38 under Multi-class N-pair, 1 under Triplet margin"),
        ("What easy pairs carry", "Easy pairs carry 71% under AM-softmax, 19% under Circle loss of the gradient"),
    ],
)
def test_card_leads_to_two_losses_and_their_comparison_in_words(
    open_page: Callable[..., Page], card: str, caption: str
) -> None:
    page = open_page("")
    page.get_by_role("link", name=card, exact=True).click()
    page.wait_for_url(re.compile("/batch[?]"))
    expect(page.get_by_text(caption)).to_be_visible(timeout=60_000)
    expect(page.locator(".batch")).to_have_count(2)


def test_gradient_steps_of_a_triplet_show_before_and_after(open_page: Callable[..., Page]) -> None:
    page = open_page("")
    page.get_by_role("link", name="Easy, semi-hard, hard", exact=True).click()
    triplet = page.locator(".triplet")
    expect(triplet).to_have_attribute("data-live", "true", timeout=60_000)
    changes = page.locator(".changes")
    expect(changes).to_have_text("Each step moves every point by 0.01 times its arrow.")
    before = triplet.get_attribute("data-points") or ""
    step = page.get_by_role("button", name="Gradient step", exact=True)
    step.focus()
    page.keyboard.press("Enter")
    expect(changes).to_have_text(re.compile("^After 1 step: loss 0.223 → 0.1[0-9]+, δₐₚ 0.36 → 0.3[0-9]$"))
    page.get_by_role("button", name="Play", exact=True).click()
    expect(step).to_be_disabled(timeout=30_000)  # nothing moves any more
    expect(changes).to_have_text(re.compile("loss 0.223 → 0.000.*n1 hard → easy, n2 semi-hard → easy"))
    expect(triplet).to_have_attribute("data-loss", "0")
    page.wait_for_url(re.compile("[?&]at="))
    page.get_by_role("button", name="Undo steps", exact=True).click()
    expect(triplet).to_have_attribute("data-points", before)
