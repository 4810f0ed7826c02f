"""Page object of the moving embedding."""

import json
from typing import Any

import numpy as np
from playwright.sync_api import Page

from tests.browser.component import Component


class Embedding(Component):
    """The embedding on an open page."""

    kind, sign = "embedding", "frames"

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.canvas = self.root.locator(".cloud")
        self.scrubber = page.get_by_role("slider", name="Frame")

    def wait_until_still(self) -> None:
        """Wait until the newest frame is shown."""
        self.until("d.moving === 'false' && Number(d.frame) === Number(d.frames) - 1")

    def wait_until_drawn(self) -> None:
        """Wait until all that has been asked for by now is drawn: drawings are at most 30 ms apart."""
        self.page.evaluate("() => new Promise((done) => setTimeout(() => requestAnimationFrame(done), 80))")

    def positions(self) -> list[dict[str, Any]]:
        self.root.dispatch_event("describe")
        return json.loads(self.data("positions"))

    def coordinates(self) -> np.ndarray:
        return np.array([p["data"] for p in self.positions()])

    def screen(self) -> np.ndarray:
        return np.array([p["screen"] for p in self.positions()])

    def scrub(self, frame: int) -> None:
        """Move the time slider as a pointer would: input events, then one change."""
        self.scrubber.evaluate(
            """(e, frame) => {
                e.value = frame;
                e.dispatchEvent(new Event('input', { bubbles: true }));
                e.dispatchEvent(new Event('change', { bubbles: true }));
            }""",
            frame,
        )

    def add_frame(self) -> None:
        before = int(self.data("frames"))
        self.page.get_by_role("button", name="one frame", exact=True).click()
        self.until(f"Number(d.frames) > {before}")

    def corner_colour(self) -> list[int]:
        """Return the colour of the picture's corner."""
        return self.canvas.evaluate("e => [...e.getContext('2d').getImageData(4, e.height - 4, 1, 1).data]")

    def coloured_pixels(self) -> int:
        """Return how many pixels are not grey."""
        return self.canvas.evaluate(
            """e => {
                const { data } = e.getContext('2d').getImageData(0, 0, e.width, e.height);
                let n = 0;
                for (let i = 0; i < data.length; i += 4) n += Math.abs(data[i] - data[i + 2]) > 40;
                return n;
            }"""
        )
