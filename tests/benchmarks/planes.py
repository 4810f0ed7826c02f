"""Time from a slider to its new planes: the boundaries page with two losses, against the same drawn by plotly.

`python -m tests.benchmarks.planes` prints Markdown; `--write` also keeps it in `results`. Processor time is that of the
server's process, all threads.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from tests.benchmarks import machine, report
from tests.benchmarks.serving import PATIENCE, browser, served

OURS = "/boundaries?two=true&loss=circle&loss_2=am_softmax"
MOVES = 100
QUIET = 0.4  # seconds without work after which a change counts as done
BAR = 60.0  # milliseconds

# Notes when anything on the page that draws was given something new.
RECORDER = """() => {
    window.drawn = 0;
    const note = () => { window.drawn = performance.now(); };
    const roots = [...document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')].map((e) => e.shadowRoot);
    for (const root of [document.querySelector('[data-testid="stMain"]'), ...roots]) {
        new MutationObserver(note).observe(root, { subtree: true, childList: true, attributes: true });
    }
    window.pressed = 0;
    window.first = 0;
    document.addEventListener("keydown", () => { window.pressed = performance.now(); }, true);
}"""


@dataclass(frozen=True)
class Moves:
    """Milliseconds of each move of a slider: the server's processor time, and from the key to a picture at rest."""

    server: Sequence[float]
    rest: Sequence[float]


def measure(moves: int = MOVES) -> dict[str, Moves]:
    """Move the margin back and forth on both pages, in turns."""
    found: dict[str, Moves] = {}
    with served() as (ours, our_server), served("tests/benchmarks/plotly_planes.py") as (theirs, their_server):
        with browser() as page:
            found["ours"] = _moved(page, ours + OURS, our_server, moves, ".plane")
        with browser() as page:
            found["plotly"] = _moved(page, theirs, their_server, moves, ".js-plotly-plot")
    return found


def _moved(page: Page, url: str, server: int, moves: int, picture: str) -> Moves:
    page.goto(url)
    page.locator(picture).nth(1).wait_for(timeout=1000 * PATIENCE)
    time.sleep(3)
    page.evaluate(RECORDER)
    slider = page.get_by_role("slider", name="margin").first
    slider.focus()
    spent, rest = [], []
    for move in range(moves + 3):
        before = _processor_time(server)
        slider.press("ArrowRight" if move % 8 < 4 else "ArrowLeft")
        _rests(page)
        if move >= 3:  # the first ones warm up
            spent.append(1000 * (_processor_time(server) - before))
            rest.append(page.evaluate("() => window.drawn - window.pressed"))
    return Moves(spent, rest)


def _rests(page: Page) -> None:
    """Wait until nothing on the page has changed for a while since the key was pressed."""
    condition = f"window.drawn > window.pressed && performance.now() - window.drawn > {1000 * QUIET}"
    page.wait_for_function(f"() => {condition}", timeout=1000 * PATIENCE, polling=50)


def _processor_time(process: int) -> float:
    """Seconds that all threads of a process have run."""
    tasks = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def run(moves: int = MOVES) -> str:
    """Measure and write down."""
    found = measure(moves)
    rows = [
        [
            title,
            *(report.number(float(np.percentile(found[key].server, share))) for share in (50, 95)),
            *(report.number(float(np.percentile(found[key].rest, share))) for share in (50, 95)),
        ]
        for key, title in (("ours", "the boundary page"), ("plotly", "the same with `st.plotly_chart`"))
    ]
    server, rest = (
        np.median(getattr(found["plotly"], part)) / np.median(getattr(found["ours"], part))
        for part in ("server", "rest")
    )
    return "\n\n".join([
        f"{machine.describe()}.",
        f"A step of the margin's slider, two losses side by side, {moves} times: the server's processor time (wanted: "
        f"{BAR:.0f} ms at the 95th percentile), and the time from the key to a picture at rest, which for the boundary "
        "page holds its quarter of a second of movement.",
        report.table(["milliseconds", "server, median", "server, 95 %", "at rest, median", "at rest, 95 %"], rows),
        f"Plotly takes {server:.1f} times our server's time and {rest:.1f} times the wait, which holds no movement: it "
        "draws each picture anew, in a flash, and forgets the zoom.",
    ]) + "\n"  # fmt: skip


def main(words: Sequence[str] | None = None) -> None:
    """The command."""
    parser = report.parser("planes", __doc__)
    parser.add_argument("--moves", type=int, default=MOVES, help="of the slider, on each page")
    asked = parser.parse_args(words)
    report.say(run(asked.moves), asked.write)


if __name__ == "__main__":
    main()
