"""Helpers for the tests of the app's pages: showing an address, and waiting for its content."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

TIMEOUT = 90_000  # ms; computations take long on busy cores
IDLE = """() => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === 'notRunning'"""
# what the browser's back button does: Streamlit runs the app anew for the address, in the same session
NAVIGATE = """address => {
    history.pushState(null, '', `/${address}`);
    dispatchEvent(new PopStateEvent('popstate'));
}"""
STEADY = f"""() => {{
    const size = document.querySelectorAll('*').length;
    const steady = size === window.lastSize;
    window.lastSize = size;
    const loaded = [...document.images].every((image) => image.complete || image.loading === 'lazy');
    return steady && loaded && ({IDLE})();
}}"""


def navigate(page: Page, address: str) -> None:
    """Show another address of the app without loading Streamlit's front end again."""
    page.evaluate(NAVIGATE, address)


def wait_until_steady(page: Page) -> None:
    """Wait until the script has run, images are loaded, and nothing is added to the page any more."""
    page.evaluate("() => { window.lastSize = -1; }")
    page.wait_for_function(STEADY, timeout=TIMEOUT, polling=250)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=TIMEOUT)


def wait_for(page: Page, condition: Callable[[], Any], seconds: float = 60.0) -> None:
    """Wait until a condition, which is evaluated in Python, holds."""
    for _ in range(int(seconds / 0.1)):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"not seen in {seconds} s: {page.inner_text('body')[:2000]}")
