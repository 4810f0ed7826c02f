"""Speed of a run on the training page in a real browser, in turns with a run without a page."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
from playwright.sync_api import Page

from cl_core import training
from cl_core.runtime.process_pool import ProcessPool
from cl_core.training import RunSpec
from tests.benchmarks.cells import Plan
from tests.benchmarks.serving import TIMEOUT, open_browser, run_server

STEADY_STEP = 500  # after this step frames are as far apart as they get
GOAL = 97.0  # per cent of kNN

# Records at every change of the page: time, step, number of received frames, step and run of the shown frame, kNN
# accuracy in per cent, and clicks.
RECORDER = """(root) => {
    window.notes = [];
    let last = "";
    const text = (selector) => [...document.querySelectorAll(selector)].map((e) => e.textContent);
    const number = (text) => Number((text ?? "").replace(/[^0-9.]/g, ""));
    const note = (clicked) => {
        const stepText = text("[data-testid=stMarkdownContainer] strong").find((t) => /^step [0-9,]+$/.test(t));
        const state = {
            step: number(stepText),
            frames: Number(root.dataset.frames),
            shown: Number(root.dataset.step),
            run: root.dataset.stream,
            knn: number(text("[data-testid=stMetricValue]")[0]),
            clicked,
        };
        const key = JSON.stringify(state);
        if (key !== last) window.notes.push({ ...state, t: performance.now() / 1000 });
        last = key;
    };
    document.addEventListener("click", () => note(true), true);
    setInterval(() => note(false), 25);
    note(false);
}"""


@dataclass(frozen=True)
class PageResult:
    """Results of the training page, in wall-clock time.

    Attributes:
        headless: steps per second in one worker without a page.
        steps: steps per second with the page open and drawing.
        frames: frames per second that reached the browser.
        first_move: seconds from a click on Start to the first new frame.
        goal: seconds from a click on Start to `GOAL` per cent of kNN accuracy, at maximum speed.
    """

    headless: float
    steps: float
    frames: float
    first_move: float
    goal: float

    @property
    def share_kept(self) -> float:
        """Return the speed with a page divided by the speed without."""
        return self.steps / self.headless


def measure(plan: Plan) -> PageResult:
    """Measure the page on its own server, in its own browser."""
    with run_server() as (url, _), open_browser() as page:
        first_move = _first_move(TrainingPage(page, f"{url}/training"), plan.starts)
        return _measure_speed(TrainingPage(page, f"{url}/training?engine=server&pace=flat-out"), plan, first_move)


def _first_move(page: "TrainingPage", starts: int) -> float:
    seconds = []
    for _ in range(starts):
        page.reset()
        clicked = page.press("play")
        page.wait_until("notes.at(-1).shown > 0")
        seconds.append(next(note["t"] for note in page.notes(clicked) if note["shown"] > 0) - clicked)
        page.press("play")
        time.sleep(1)
    return median(seconds)


def _measure_speed(page: "TrainingPage", plan: Plan, first_move: float) -> PageResult:
    clicked = page.press("play")
    page.wait_until(f"notes.some((note) => note.knn >= {GOAL})")
    goal = next(note["t"] for note in page.notes(clicked) if note["knn"] >= GOAL) - clicked
    page.wait_until(f"notes.at(-1).step >= {STEADY_STEP}")
    with _headless_run() as headless_rate:
        rates, headless_rates = [], []
        for _ in range(plan.windows):
            time.sleep(1)
            rates.append(page.rates(plan.window))
            page.press("play")
            time.sleep(1.5)  # until the last frame is drawn
            headless_rates.append(headless_rate(plan.window))
            page.press("play")
    steps, frames = (median(values) for values in zip(*rates, strict=True))
    return PageResult(median(headless_rates), steps, frames, first_move, goal)


class TrainingPage:
    """A training page in a browser, with a record of all its changes."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        page.goto(url)
        root = page.locator(".embedding")
        root.wait_for(timeout=1000 * TIMEOUT)
        root.evaluate(RECORDER)
        self.wait_until("notes.at(-1).frames === 1")

    def press(self, key: str) -> float:
        """Click a button of the run; return the time of the click by the clock of the page."""
        self.page.locator(f".st-key-{key} button:visible").click()
        return max(note["t"] for note in self.notes() if note["clicked"])

    def reset(self) -> None:
        """Reset the run, and wait until its first frame is shown."""
        old_run = self.notes()[-1]["run"]
        self.press("reset")
        self.wait_until(f"notes.at(-1).run !== {json.dumps(old_run)} && notes.at(-1).frames === 1")
        time.sleep(1)

    def wait_until(self, condition: str) -> None:
        """Wait for a condition in JavaScript on `notes`, the recorded changes in order of time."""
        self.page.wait_for_function(f"() => {condition}", timeout=1000 * TIMEOUT, polling=50)

    def notes(self, since: float = 0.0) -> list[dict[str, Any]]:
        """Return the changes recorded since a time."""
        notes: list[dict[str, Any]] = json.loads(self.page.evaluate("() => JSON.stringify(window.notes)"))
        return [note for note in notes if note["t"] >= since]

    def rates(self, seconds: float) -> tuple[float, float]:
        """Return steps and frames per second over the next `seconds`."""
        start = self.page.evaluate("() => performance.now() / 1000")
        self.page.wait_for_timeout(1000 * seconds)
        notes = self.notes(start)
        return slope(notes, "step"), slope(notes, "frames")


def slope(notes: list[dict[str, Any]], name: str) -> float:
    """Return the growth per second of a recorded count: the slope of a line through all moments at which it grew.

    The count grows in chunks, and the page polls four times per second. The difference of two counts would have an
    error of a chunk at both ends of a window; the error of the line through all moments is much smaller.
    """
    changes: list[tuple[float, float]] = []
    for earlier, note in pairwise(notes):
        if note[name] > earlier[name]:
            changes.append((note["t"], note[name]))
    if len(changes) < 3:
        raise RuntimeError(f"the page's {name} moved {len(changes)} times only, which is too few for its speed")
    t, value = np.array(changes).T
    return float(np.polyfit(t - t[0], value, 1)[0])


@contextmanager
def _headless_run() -> Iterator[Any]:
    """Yield `rate(seconds)`: steps per second of the default run in one worker, without a page."""
    pool = ProcessPool()
    state = training.advance(training.start(RunSpec()), steps=STEADY_STEP)

    def rate(seconds: float) -> float:
        nonlocal state
        first_step, start = state.step, time.perf_counter()
        state = pool.submit(training.advance, state, seconds=seconds).result()
        return (state.step - first_step) / (time.perf_counter() - start)

    try:
        rate(1.0)
        yield rate
    finally:
        pool.shutdown(cancel_futures=True)
