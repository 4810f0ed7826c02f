"""A class at once: forty sessions that train, others that move sliders, and a real browser.

`python -m tests.benchmarks.load` opens them on its own server for five minutes. It prints frames per session, the delay
of a slider, and processor time and memory of the server in Markdown. `--write` also saves it in `results`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import psutil
from playwright.async_api import Page, async_playwright

from cl_core.losses import LOSSES
from cl_core.runtime import temp_dirs
from tests.benchmarks import machine, report
from tests.benchmarks.serving import BROWSER_FLAGS, TIMEOUT, chromium, run_server
from tests.benchmarks.visitors import Visitor

ARRIVAL_INTERVAL = 0.25  # seconds between two visitors, as when a class opens a link
SLIDER_VISITORS = 2  # visitors of the boundaries page, who move a slider
SLIDER_PAUSE = 1.5  # seconds between two moves of a slider
MIB = 1 << 20


@dataclass(frozen=True)
class LoadResult:
    """Results of a load test.

    Attributes:
        seconds: length of the measurement.
        steps: that each session trained meanwhile.
        frames: that each session received meanwhile.
        answers: seconds from each move of a slider to the picture that follows.
        browser_frames: that each real browser drew meanwhile.
        memory: MiB of server and workers before the first visitor, and at start and end of the measurement.
        busy: processor seconds per second, of server and workers.
        slowest_link: link of the session with the fewest frames.
        errors: that the pages showed.
    """

    seconds: float
    steps: Sequence[int]
    frames: Sequence[int]
    answers: Sequence[float]
    browser_frames: Sequence[int]
    memory: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    busy: tuple[float, float]
    slowest_link: str
    errors: Sequence[str]


class ServerResources:
    """Memory and processor time of a server and its workers."""

    def __init__(self, pid: int) -> None:
        self._server = psutil.Process(pid)

    def memory(self) -> tuple[float, float]:
        """Return the MiB of the server, and of the workers."""
        workers = sum(worker.memory_info().rss for worker in self._workers())
        return self._server.memory_info().rss / MIB, workers / MIB

    def shared(self) -> float:
        """Return the MiB of files in the memory that the server and its workers share."""
        files = temp_dirs.SHARED_MEMORY.glob(f"{temp_dirs.PREFIX}{self._server.pid}-*/*")
        return sum(_size(file) for file in files) / MIB

    def busy(self) -> tuple[float, float]:
        """Return the processor seconds so far of the server, and of the workers."""
        return _seconds(self._server), sum(map(_seconds, self._workers()))

    def _workers(self) -> list[psutil.Process]:
        return self._server.children(recursive=True)


def _size(file: Path) -> int:
    with suppress(OSError):  # removed meanwhile
        return file.stat().st_size
    return 0


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def measure(url: str, pid: int, sessions: int, seconds: float, browsers: int) -> LoadResult:
    """Open all sessions and browsers, wait until all have frames, and measure for some seconds."""
    resources = ServerResources(pid)
    memory_before = resources.memory()
    links = [
        f"engine=server&loss={loss}&seed={seed}&play=true&pace=fast"
        for seed, loss in enumerate(islice(cycle(LOSSES), sessions))
    ]
    visitors = []
    for link in links:
        visitors.append(await Visitor(url, "training", link).open())
        await asyncio.sleep(ARRIVAL_INTERVAL)
    movers = [await Visitor(url, "boundaries", "loss=am_softmax").open() for _ in range(SLIDER_VISITORS)]
    async with _browsers(browsers) as pages:
        for i, page in enumerate(pages):
            await page.goto(f"{url}/training?engine=server&play=true&pace=fast&seed={1000 + i}")
            await page.locator(".embedding").wait_for(timeout=1000 * TIMEOUT)
        for visitor in visitors:
            await visitor.wait_for_frame(TIMEOUT)
        for visitor in movers:
            await visitor.wait_for_run(TIMEOUT)
        start, busy, memory = time.monotonic(), resources.busy(), resources.memory()
        frames_before = [await _frames_drawn(page) for page in pages]
        await asyncio.gather(asyncio.sleep(seconds), *(_move_slider(visitor, start + seconds) for visitor in movers))
        elapsed = time.monotonic() - start
        records = [visitor.record for visitor in visitors]
        result = LoadResult(
            seconds=elapsed,
            steps=[_growth(visitor.steps, start) for visitor in records],
            frames=[_growth(visitor.frames, start) for visitor in records],
            answers=[answer for visitor in movers for answer in visitor.record.answers],
            browser_frames=[await _frames_drawn(page) - n for page, n in zip(pages, frames_before, strict=True)],
            memory=(memory_before, memory, resources.memory()),
            busy=tuple(np.subtract(resources.busy(), busy) / elapsed),
            errors=[f"{visitor.query}: {error}" for visitor in (*visitors, *movers) for error in visitor.record.errors],
            slowest_link=min(visitors, key=lambda visitor: _growth(visitor.record.frames, start)).query,
        )
    for visitor in (*visitors, *movers):
        await visitor.close()
    return result


@asynccontextmanager
async def _browsers(number: int) -> AsyncIterator[list[Page]]:
    """Open empty pages of a real browser; start no browser for 0 pages."""
    if not number:
        yield []
        return
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=BROWSER_FLAGS)
        yield [await browser.new_page(viewport={"width": 1280, "height": 720}) for _ in range(number)]
        await browser.close()


async def _move_slider(visitor: Visitor, deadline: float) -> None:
    """Move a slider back and forth."""
    slider = visitor.widgets["margin"]
    values = cycle(np.linspace(slider.min, slider.max, 7)[1:])
    while time.monotonic() < deadline:
        await visitor.move_slider("margin", float(next(values)))
        await asyncio.sleep(SLIDER_PAUSE)


async def _frames_drawn(page: Page) -> int:
    return int(await page.locator(".embedding").get_attribute("data-frames") or 0)


def _growth(changes: Sequence[tuple[float, int]], start: float) -> int:
    """Return by how much a count has grown since `start`."""
    first = max((value for moment, value in changes if moment <= start), default=0)
    return changes[-1][1] - first if changes else 0


def markdown(result: LoadResult) -> str:
    """Return the results as a table."""
    rate = np.array(result.frames) / result.seconds
    steps = np.array(result.steps) / result.seconds
    median, percentile = 1000 * np.percentile(result.answers, [50, 95])
    (server, workers), (_, _), (server_after, workers_after) = result.memory
    rows = [
        ["sessions that train", f"{len(rate)}"],
        ["frames per second of all sessions", report.number(rate.sum())],
        ["frames per minute of one session: least, median, most", _least_median_most(60 * rate)],
        ["least / most", f"{rate.min() / rate.max():.2f}"],
        ["steps per second of one session: least, median, most (losses differ in cost)", _least_median_most(steps)],
        ["delay of a slider, ms: median, 95th percentile", f"{median:.0f}, {percentile:.0f}"],
        ["processors busy: server, workers", f"{result.busy[0]:.2f}, {result.busy[1]:.2f}"],
        ["memory of the server, MiB: empty, at the end", f"{server:,.0f}, {server_after:,.0f}"],
        ["memory of the workers, MiB: empty, at the end", f"{workers:,.0f}, {workers_after:,.0f}"],
        ["memory of the server per session, MiB", f"{(server_after - server) / (len(rate) + SLIDER_VISITORS):.1f}"],
        ["errors that a page showed", f"{len(result.errors)}"],
    ]  # fmt: skip
    if result.browser_frames:
        rows.append(
            [
                "frames per minute in a real browser",
                ", ".join(f"{60 * n / result.seconds:.0f}" for n in result.browser_frames),
            ]
        )
    return report.table(["", f"over {result.seconds:.0f} s"], rows)


def _least_median_most(values: np.ndarray) -> str:
    return ", ".join(report.number(value) for value in (values.min(), float(np.median(values)), values.max()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = report.parser("load", __doc__)
    parser.add_argument("--sessions", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=300.0, help="length of the measurement")
    parser.add_argument("--browsers", type=int, default=1, help="number of real browsers")
    options = parser.parse_args(arguments)
    with run_server() as (url, pid):
        result = asyncio.run(measure(url, pid, options.sessions, options.seconds, options.browsers))
    report.print_and_save(f"{machine.describe()}.\n\n{markdown(result)}", options.write)
    print(f"\nFewest frames: {result.slowest_link}", *dict.fromkeys(result.errors), sep="\n")


if __name__ == "__main__":
    main()
