"""Time from the move of a slider that is held to the drawn picture, which the browser computes: by kind of picture.

`python -m tests.benchmarks.held_sliders` prints Markdown; `--write` also saves it in `results`. The parts of the
picture's time are from a second round of moves under the browser's profiler.
"""

import math
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from playwright.sync_api import Page

from tests.benchmarks import machine, report
from tests.benchmarks.serving import TIMEOUT, open_browser, run_server

MOVES = 100
WARM_UP = 10  # moves, in which the browser optimises engine and drawing
WANTED = {"median": 16, "95 %": 33}  # milliseconds
WAY = 60  # pixels that the slider's thumb is moved to either side
PARTS = {"engine": "compute", "copying": "run", "drawing": "drawNow"}  # and their functions; the rest is "preparing"
SAMPLING = 200  # microseconds between two samples of the profiler

# title -> address, picture and slider
PICTURES: Mapping[str, tuple[str, str, str]] = {
    "plane: circle": ("boundaries?loss=circle", ".plane", "margin"),
    "plane: AM-softmax": ("boundaries?loss=am_softmax", ".plane", "margin"),
    "plane: triplet": ("boundaries?loss=triplet", ".plane", "margin"),
    "plane: SupCon": ("boundaries?loss=supcon", ".plane", "temperature"),
    "plane: PCCL": ("boundaries?loss=pccl", ".plane", "margin"),
    "wedge and plane of angles: ArcFace": ("boundaries?loss=arcface&plane=angles", ".wedge", "margin"),
    "frozen batch: SupCon, 48 images": ("batch?loss=supcon&two=false", ".batch", "temperature"),
    "the same after 5 steps": ("batch?loss=supcon&two=false&steps=5", ".batch", "temperature"),
    "one triplet": ("triplets?distance=euclidean", ".triplet", "margin"),
}

# Notes for each move when the pointer's event was made and handled, when the slider had its new value (before any
# picture sees it), and, once `watch` has been called, when all pictures were drawn and when the next frame begins.
RECORDER = """(() => {
    window.moves = [];
    let move = null;
    const isSlider = ({ target }) => target instanceof HTMLInputElement && target.type === "range";
    const observe = (note) => new MutationObserver((changes) => { if (move && changes.some(isSlider)) note(); })
        .observe(document, { subtree: true, attributes: true, attributeFilter: ["value"] });
    addEventListener("pointermove", ({ timeStamp }) => {
        move = { made: timeStamp, handled: performance.now() };
    }, true);
    observe(() => { move.set = performance.now(); });
    window.watch = () => observe(() => {
        const ended = { ...move, drawn: performance.now() };
        move = null;
        requestAnimationFrame(() => window.moves.push({ ...ended, frame: performance.now() }));
    });
})()"""


@dataclass(frozen=True)
class MoveTimes:
    """Times of each move of a slider in milliseconds, and the means of the picture's parts.

    Attributes:
        event: from the move to its event.
        slider: Streamlit's own work, until the slider has its new value.
        picture: from there until all pictures of the page have been drawn.
        frame: from there to the next frame.
        parts: "engine", "copying" of numbers from it, "preparing" of what is drawn, and "drawing".
    """

    event: np.ndarray
    slider: np.ndarray
    picture: np.ndarray
    frame: np.ndarray
    parts: Mapping[str, float]

    @property
    def drawn(self) -> np.ndarray:
        """From the move to the drawn pictures."""
        return self.event + self.slider + self.picture


def measure(page: Page, url: str, picture: str, key: str, moves: int = MOVES) -> MoveTimes:
    """Move a slider of a page without letting it go."""
    page.add_init_script(RECORDER)
    page.goto(url)
    page.wait_for_selector(f"{picture}[data-live=true]", timeout=1000 * TIMEOUT)
    time.sleep(2)
    page.evaluate("() => window.watch()")
    slider = page.locator(f".st-key-{key} input[type=range]").locator("xpath=../..")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    _move(page, x, y, WARM_UP)
    page.evaluate("() => { window.moves.length = 0; }")
    _move(page, x, y, moves)
    noted = page.evaluate("() => window.moves")
    profiler = page.context.new_cdp_session(page)
    profiler.send("Profiler.enable")
    profiler.send("Profiler.setSamplingInterval", {"interval": SAMPLING})
    profiler.send("Profiler.start")
    _move(page, x, y, moves)
    profile = profiler.send("Profiler.stop")["profile"]
    profiled = page.evaluate("() => window.moves.length") - len(noted)
    page.mouse.up()
    at = {name: np.array([each[name] for each in noted]) for name in ("made", "handled", "set", "drawn", "frame")}
    return MoveTimes(
        at["handled"] - at["made"], at["set"] - at["handled"], at["drawn"] - at["set"], at["frame"] - at["drawn"],
        {part: total / profiled for part, total in _parts(profile).items()},
    )  # fmt: skip


def _move(page: Page, x: float, y: float, moves: int) -> None:
    for move in range(moves):
        page.mouse.move(x + WAY * math.sin(move / 7), y)
        time.sleep(0.045)


def _parts(profile: Mapping) -> dict[str, float]:
    """Return the milliseconds of the parts of all pictures: by the functions that were running, or had called them."""
    nodes = {node["id"]: node for node in profile["nodes"]}
    parents = {child: node["id"] for node in profile["nodes"] for child in node.get("children", [])}
    parts: dict[str, float] = defaultdict(float)
    for sample, microseconds in zip(profile["samples"], profile["timeDeltas"], strict=True):
        calls = set()
        at = sample
        while at in parents:
            calls.add(nodes[at]["callFrame"]["functionName"])
            at = parents[at]
        if "#follow" in calls:
            part = next((part for part, function in PARTS.items() if function in calls), "preparing")
            parts[part] += microseconds / 1000
    return parts


def run(moves: int = MOVES) -> str:
    """Measure all pictures; return Markdown."""
    rows = []
    with run_server() as (server, _):
        for title, (address, picture, key) in PICTURES.items():
            with open_browser() as page:
                times = measure(page, f"{server}/{address}", picture, key, moves)
            medians = [np.median(each) for each in (times.event, times.slider, times.picture)]
            parts = [times.parts.get(part, 0.0) for part in ("engine", "copying", "preparing", "drawing")]
            sums = [np.median(times.drawn), np.percentile(times.drawn, 95), np.median(times.frame)]
            rows.append([title, *(report.number(float(each)) for each in (*medians, *parts, *sums))])
    head = [
        "milliseconds", "event", "slider", "picture", "engine", "copying", "preparing", "drawing",
        "drawn, median", "drawn, 95 %", "next frame",
    ]  # fmt: skip
    wanted = " and ".join(f"{most} ms ({share})" for share, most in WANTED.items())
    return "\n\n".join([
        f"{machine.describe()}.",
        f"{moves} moves of a slider that is held, in headless Chromium: from the move to its event, until Streamlit's "
        "slider has its new value, and until all pictures of the page have been drawn (medians); of the last the parts "
        "(means, under the profiler, which slows them). Their sum is the time from the move to the drawn picture "
        f"(wanted: {wanted}). The browser shows it with its next frame.",
        report.table(head, rows),
    ]) + "\n"  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = report.parser("held_sliders", __doc__)
    parser.add_argument("--moves", type=int, default=MOVES, help="of each slider")
    options = parser.parse_args(arguments)
    report.print_and_save(run(options.moves), options.write)


if __name__ == "__main__":
    main()
