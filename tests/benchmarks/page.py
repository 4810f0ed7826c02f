"""What drawing costs a run: the real page in a real browser, in turns with a run that nobody looks at."""

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
from tests.benchmarks.serving import PATIENCE, browser, served

STEADY = 500  # steps after which frames lie as far apart as they ever will
GOAL = 97.0  # per cent of kNN

# Notes what the page says, and when, at every change: its step, the frames that have come, the step of the one that is
# shown and the run it is of, the kNN accuracy in per cent, and clicks.
RECORDER = """(root) => {
    window.notes = [];
    let last = "";
    const text = (selector) => [...document.querySelectorAll(selector)].map((e) => e.textContent);
    const number = (words) => Number((words ?? "").replace(/[^0-9.]/g, ""));
    const note = (clicked) => {
        const said = text("[data-testid=stMarkdownContainer] strong").find((words) => /^step [0-9,]+$/.test(words));
        const seen = {
            step: number(said),
            frames: Number(root.dataset.frames),
            shown: Number(root.dataset.step),
            run: root.dataset.stream,
            knn: number(text("[data-testid=stMetricValue]")[0]),
            clicked,
        };
        const key = JSON.stringify(seen);
        if (key !== last) window.notes.push({ ...seen, t: performance.now() / 1000 });
        last = key;
    };
    document.addEventListener("click", () => note(true), true);
    setInterval(() => note(false), 25);
    note(false);
}"""


@dataclass(frozen=True)
class Drawn:
    """What was measured of the page.

    Attributes:
        headless: steps a second of the wall clock in one worker, with no page.
        steps: with the page open and drawing.
        frames: that came to the browser a second.
        first_move: seconds from a click on Start to the first frame that differs.
        goal: seconds from a click on Start, flat out, to `GOAL` per cent of kNN.
    """

    headless: float
    steps: float
    frames: float
    first_move: float
    goal: float

    @property
    def kept(self) -> float:
        """The share of its headless speed that a run keeps."""
        return self.steps / self.headless


def measure(plan: Plan) -> Drawn:
    """Measure the page, in a server and a browser of their own."""
    with served() as (url, _), browser() as opened:
        first_move = _first_move(Visit(opened, f"{url}/training"), plan.starts)
        return _drawn(Visit(opened, f"{url}/training?pace=flat-out"), plan, first_move)


def _first_move(visit: "Visit", starts: int) -> float:
    took = []
    for _ in range(starts):
        visit.reset()
        before = visit.press("start")
        visit.until("notes.at(-1).shown > 0")
        took.append(next(note["t"] for note in visit.notes(before) if note["shown"] > 0) - before)
        visit.press("pause")
        time.sleep(1)
    return median(took)


def _drawn(visit: "Visit", plan: Plan, first_move: float) -> Drawn:
    clicked = visit.press("start")
    visit.until(f"notes.some((note) => note.knn >= {GOAL})")
    goal = next(note["t"] for note in visit.notes(clicked) if note["knn"] >= GOAL) - clicked
    visit.until(f"notes.at(-1).step >= {STEADY}")
    with _alone() as alone:
        seen, headless = [], []
        for _ in range(plan.windows):
            time.sleep(1)
            seen.append(visit.rates(plan.window))
            visit.press("pause")
            time.sleep(1.5)  # the last frame is drawn, and all is quiet
            headless.append(alone(plan.window))
            visit.press("start")
    steps, frames = (median(values) for values in zip(*seen, strict=True))
    return Drawn(median(headless), steps, frames, first_move, goal)


class Visit:
    """A visitor's page, with notes of everything that it says."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        page.goto(url)
        root = page.locator(".embedding")
        root.wait_for(timeout=1000 * PATIENCE)
        root.evaluate(RECORDER)
        self.until("notes.at(-1).frames === 1")

    def press(self, key: str) -> float:
        """Click a button of the run; when, by the page's clock."""
        self.page.locator(f".st-key-{key} button:visible").click()
        return max(note["t"] for note in self.notes() if note["clicked"])

    def reset(self) -> None:
        """Put a new run on the page, and wait until all is quiet."""
        before = self.notes()[-1]["run"]
        self.press("reset")
        self.until(f"notes.at(-1).run !== {json.dumps(before)} && notes.at(-1).frames === 1")
        time.sleep(1)

    def until(self, condition: str) -> None:
        """Wait for a condition in JavaScript on `notes`, the oldest first."""
        self.page.wait_for_function(f"() => {condition}", timeout=1000 * PATIENCE, polling=50)

    def notes(self, since: float = 0.0) -> list[dict[str, Any]]:
        """What was noted since then."""
        notes: list[dict[str, Any]] = json.loads(self.page.evaluate("() => JSON.stringify(window.notes)"))
        return [note for note in notes if note["t"] >= since]

    def rates(self, seconds: float) -> tuple[float, float]:
        """Steps and frames a second over the next so many seconds."""
        began = self.page.evaluate("() => performance.now() / 1000")
        self.page.wait_for_timeout(1000 * seconds)
        notes = self.notes(began)
        return slope(notes, "step"), slope(notes, "frames")


def slope(notes: list[dict[str, Any]], name: str) -> float:
    """Growth a second of one of the things noted: the line through the moments at which it grew.

    A count that comes in chunks, on a page that looks four times a second, is exact to a chunk at either end of a
    window; the line through all of its moments is many times better.
    """
    moments: list[tuple[float, float]] = []
    for earlier, note in pairwise(notes):
        if note[name] > earlier[name]:
            moments.append((note["t"], note[name]))
    if len(moments) < 3:
        raise RuntimeError(f"the page's {name} moved {len(moments)} times only, which is too little to tell its speed")
    t, value = np.array(moments).T
    return float(np.polyfit(t - t[0], value, 1)[0])


@contextmanager
def _alone() -> Iterator[Any]:
    """`alone(seconds)`: steps a second of the default run in one worker, without a page."""
    pool = ProcessPool()
    state = training.advance(training.start(RunSpec()), steps=STEADY)

    def alone(seconds: float) -> float:
        nonlocal state
        before, began = state.step, time.perf_counter()
        state = pool.submit(training.advance, state, seconds=seconds).result()
        return (state.step - before) / (time.perf_counter() - began)

    try:
        alone(1.0)
        yield alone
    finally:
        pool.shutdown(cancel_futures=True)
