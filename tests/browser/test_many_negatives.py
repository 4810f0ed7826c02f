"""Many negatives at once, and easy pairs: from the cards of the start page to the frozen batch."""

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
