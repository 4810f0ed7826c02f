"""Page object of the training page while the visitor's browser trains."""

import json
import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.app_page import wait_for
from tests.browser.component import Component
from tests.browser.embedding_component import Embedding

SMALL = "batch=32&dim=8&points=500&training_images=1000&pace=flat-out"  # a run that costs little


STORED_STEP = """() => new Promise((resolve) => {
    indexedDB.open("contrastive-loss-lab").onsuccess = ({ target: { result: database } }) => {
        database.transaction("runs").objectStore("runs").index("time").openCursor(null, "prev").onsuccess =
            ({ target: { result } }) => {
                database.close();
                resolve(result?.value.snapshot.step ?? 0);
            };
    };
})"""  # of the run that was stored last


def wait_until_stored(page: Page, step: int) -> None:
    """Wait until the browser has stored the run at a step, or at a later one."""
    wait_for(page, lambda: page.evaluate(STORED_STEP) >= step)


class BrowserTraining(Component):
    """The trainer on the training page.

    Args:
        page: the page.
    """

    kind, sign = "trainer", "frames"

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        expect(self.root).to_be_visible(timeout=120_000)  # programs that no one has needed before are compiled
        self.until("Number(d.frames) > 0")
        self.cloud = Embedding(page)

    def run_button(self, name: str) -> Locator:
        """Return a button of the run, by a pattern of its text."""
        return self.root.locator("[data-run]").filter(has_text=re.compile(f"^\\s*({name})\\s*$"))

    def start(self) -> None:
        self.run_button("Start|Resume").click()

    def train(self, frames: int) -> None:
        """Start, and wait until there are more than so many frames."""
        self.start()
        self.until(f"Number(d.frames) > {frames}")

    def pause(self) -> int:
        """Pause, and return the step at which the run rests."""
        self.run_button("Pause").click()
        self.until("d.phase === 'paused'")
        self.cloud.wait_until_still()
        return int(self.number("step"))

    def reload(self) -> "BrowserTraining":
        """Load the page again, once the state at which the run rests is stored."""
        wait_until_stored(self.page, int(self.number("step")))
        self.page.reload()
        return BrowserTraining(self.page)

    def measure(self, name: str) -> float:
        text = self.root.locator(f'[data-measure="{name}"] dd').inner_text()
        return float(text.rstrip("%"))

    def run(self) -> dict[str, Any]:
        """Return what was computed: losses, frames, references, changes."""
        self.root.dispatch_event("describe")
        return json.loads(self.data("run"))

    def expect_state(self, text: str) -> None:
        expect(self.root.locator(".state")).to_contain_text(text)

    def wait(self, condition: Any) -> None:
        wait_for(self.page, condition)
