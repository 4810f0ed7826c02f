"""Time from a slider to its new planes: the boundaries page with two losses, compared with charts of plotly.

`python -m tests.benchmarks.planes` prints Markdown; `--write` also saves it in `results`. Processor time is that of all
threads of the server process.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from tests.benchmarks import machine, report
from tests.benchmarks.serving import TIMEOUT, open_browser, run_server

OURS = "/boundaries?two=true&loss=circle&loss_2=am_softmax"
MOVES = 100
QUIET_SECONDS = 0.4  # without a change of the page, after which a picture is at rest
WANTED_MILLISECONDS = 60.0  # milliseconds

# Records the time of the last change of any element, and of the last key.
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
class SliderTimes:
    """Times of each move of a slider, in milliseconds.

    Attributes:
        server: processor time of the server.
        at_rest: from the key to a picture at rest.
    """

    server: Sequence[float]
    at_rest: Sequence[float]


def measure(moves: int = MOVES) -> dict[str, SliderTimes]:
    """Move the slider of the margin back and forth on both pages."""
    results: dict[str, SliderTimes] = {}
    with run_server() as (ours, our_server), run_server("tests/benchmarks/plotly_planes.py") as (theirs, their_server):
        with open_browser() as page:
            results["ours"] = _measure_moves(page, ours + OURS, our_server, moves, ".plane")
        with open_browser() as page:
            results["plotly"] = _measure_moves(page, theirs, their_server, moves, ".js-plotly-plot")
    return results


def _measure_moves(page: Page, url: str, server: int, moves: int, picture: str) -> SliderTimes:
    page.goto(url)
    page.locator(picture).nth(1).wait_for(timeout=1000 * TIMEOUT)
    time.sleep(3)
    page.evaluate(RECORDER)
    slider = page.get_by_role("slider", name="margin").first
    slider.focus()
    server_times, rest_times = [], []
    for move in range(moves + 3):
        before = _processor_time(server)
        slider.press("ArrowRight" if move % 8 < 4 else "ArrowLeft")
        _wait_until_at_rest(page)
        if move >= 3:  # the first three are for warm-up
            server_times.append(1000 * (_processor_time(server) - before))
            rest_times.append(page.evaluate("() => window.drawn - window.pressed"))
    return SliderTimes(server_times, rest_times)


def _wait_until_at_rest(page: Page) -> None:
    """Wait until the page has changed after the key, and then not changed for `QUIET_SECONDS`."""
    condition = f"window.drawn > window.pressed && performance.now() - window.drawn > {1000 * QUIET_SECONDS}"
    page.wait_for_function(f"() => {condition}", timeout=1000 * TIMEOUT, polling=50)


def _processor_time(process: int) -> float:
    """Return the processor seconds of all threads of a process."""
    tasks = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def run(moves: int = MOVES) -> str:
    """Measure both pages; return Markdown."""
    results = measure(moves)
    rows = [
        [
            title,
            *(report.number(float(np.percentile(results[key].server, share))) for share in (50, 95)),
            *(report.number(float(np.percentile(results[key].at_rest, share))) for share in (50, 95)),
        ]
        for key, title in (("ours", "boundaries page"), ("plotly", "the same with `st.plotly_chart`"))
    ]
    server, rest = (
        np.median(getattr(results["plotly"], part)) / np.median(getattr(results["ours"], part))
        for part in ("server", "at_rest")
    )
    return "\n\n".join([
        f"{machine.describe()}.",
        f"{moves} steps of the slider of the margin, with two losses side by side: processor time of the server "
        f"(wanted: {WANTED_MILLISECONDS:.0f} ms at the 95th percentile), and time from the key to a picture at rest. "
        "On the boundaries page this includes an animation of a quarter of a second.",
        report.table(["milliseconds", "server, median", "server, 95 %", "at rest, median", "at rest, 95 %"], rows),
        f"Plotly takes {server:.1f} times our server time and {rest:.1f} times the wait, without an animation: it "
        "draws each picture anew, with a flash, and resets the zoom.",
    ]) + "\n"  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = report.parser("planes", __doc__)
    parser.add_argument("--moves", type=int, default=MOVES, help="of the slider, on each page")
    options = parser.parse_args(arguments)
    report.print_and_save(run(options.moves), options.write)


if __name__ == "__main__":
    main()
