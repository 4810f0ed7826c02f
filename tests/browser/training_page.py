"""Page object of the training page."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.app_page import wait_for
from tests.browser.embedding_component import Embedding

SMALL = "engine=server&dataset=blobs&encoder=mlp&dim=8&batch=32&points=500&pace=flat-out"  # a run that costs little


class TrainingPage(Embedding):
    """The training page, whose picture is the embedding."""

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def click(self, name: str) -> None:
        self.button(name).click()

    def ready(self) -> "TrainingPage":
        """Wait until the run has its first frame."""
        expect(self.button("Start")).to_be_enabled(timeout=60_000)
        self.until("Number(d.frames) > 0")
        return self

    def train(self, frames: int) -> None:
        """Start, and wait until there are more than so many frames."""
        self.click("Start")
        self.until(f"Number(d.frames) > {frames}")

    def pause(self) -> int:
        """Pause, wait until the last frame has arrived, and return the step of the run."""
        self.click("Pause")
        expect(self.button("Start")).to_be_visible()
        self.wait(lambda: self.data("step") == str(self.step()) and self.data("moving") == "false")
        self.page.wait_for_timeout(600)  # longer than a task of the run, which may have been under way
        self.wait(lambda: self.data("step") == str(self.step()) and self.data("moving") == "false")
        return self.step()

    def step(self) -> int:
        """Return the step that the page's text names."""
        found = re.search(r"step ([\d,]+)", self.page.get_by_text(re.compile(r"^\w+ ?step [\d,]+ ·")).inner_text())
        assert found
        return int(found[1].replace(",", ""))

    def metric(self, name: str) -> float:
        tile = self.page.get_by_test_id("stMetric").filter(has_text=name)
        return float(tile.get_by_test_id("stMetricValue").inner_text().rstrip("%"))

    def wait(self, condition: Callable[[], Any], seconds: float = 60.0) -> None:
        wait_for(self.page, condition, seconds)
