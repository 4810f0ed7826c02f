"""A whole class at once: forty sessions that train, others that move sliders, and a real browser.

`python -m tests.benchmarks.load` opens them on a server of its own for five minutes and prints, in Markdown, each
session's frames, the delay of a slider, and what the server took of the machine. `--write` also keeps it in `results`.
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
from tests.benchmarks.serving import FLAGS, PATIENCE, chromium, served
from tests.benchmarks.visitors import Visitor

APART = 0.25  # seconds between two who come, as when a class is told to open a link
SLIDERS = 2  # visitors of the boundaries, who move a slider
PAUSE = 1.5  # seconds between two moves of one of them
WANTED = 0.3  # seconds for an answer, of 95 in 100
MIB = 1 << 20


@dataclass(frozen=True)
class Class:
    """What forty, or how many there were, had.

    Attributes:
        seconds: that were measured.
        steps: of each session in that time.
        frames: of each session in that time.
        answers: seconds from each move of a slider to the picture that follows.
        witnesses: frames that each real browser drew in that time.
        memory: MiB of server and workers before anybody came, when the time began and at its end.
        busy: processor seconds a second, of server and workers.
        slowest: the link of whoever had the fewest frames.
        faults: whatever a page showed that it should not have.
    """

    seconds: float
    steps: Sequence[int]
    frames: Sequence[int]
    answers: Sequence[float]
    witnesses: Sequence[int]
    memory: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    busy: tuple[float, float]
    slowest: str
    faults: Sequence[str]


class Machine:
    """What the server's process and its workers take."""

    def __init__(self, pid: int) -> None:
        self._server = psutil.Process(pid)

    def memory(self) -> tuple[float, float]:
        """MiB of the server, and of the workers."""
        workers = sum(each.memory_info().rss for each in self._workers())
        return self._server.memory_info().rss / MIB, workers / MIB

    def shared(self) -> float:
        """MiB in the memory that the server and its workers share as files."""
        files = temp_dirs.SHARED_MEMORY.glob(f"{temp_dirs.PREFIX}{self._server.pid}-*/*")
        return sum(_size(each) for each in files) / MIB

    def busy(self) -> tuple[float, float]:
        """Processor seconds so far of the server, and of the workers."""
        return _seconds(self._server), sum(map(_seconds, self._workers()))

    def _workers(self) -> list[psutil.Process]:
        return self._server.children(recursive=True)


def _size(file: Path) -> int:
    with suppress(OSError):  # gone meanwhile
        return file.stat().st_size
    return 0


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def measure(url: str, pid: int, sessions: int, seconds: float, browsers: int) -> Class:
    """Let so many come to the server at `url`, wait until all are there, and look on for so many seconds."""
    taken = Machine(pid)
    before = taken.memory()
    links = [
        f"loss={loss}&seed={seed}&play=true&pace=fast" for seed, loss in enumerate(islice(cycle(LOSSES), sessions))
    ]
    class_ = []
    for link in links:
        class_.append(await Visitor(url, "training", link).come())
        await asyncio.sleep(APART)
    movers = [await Visitor(url, "boundaries", "loss=am_softmax").come() for _ in range(SLIDERS)]
    async with _browsers(browsers) as pages:
        for i, page in enumerate(pages):
            await page.goto(f"{url}/training?play=true&pace=fast&seed={1000 + i}")
            await page.locator(".embedding").wait_for(timeout=1000 * PATIENCE)
        for each in class_:
            await each.moves(PATIENCE)
        for each in movers:
            await each.settled(PATIENCE)
        began, busy, memory = time.monotonic(), taken.busy(), taken.memory()
        drawn = [await _drawn(page) for page in pages]
        await asyncio.gather(asyncio.sleep(seconds), *(_move(each, began + seconds) for each in movers))
        took = time.monotonic() - began
        seen = [each.seen for each in class_]
        found = Class(
            seconds=took,
            steps=[_growth(each.steps, began) for each in seen],
            frames=[_growth(each.frames, began) for each in seen],
            answers=[answer for each in movers for answer in each.seen.answers],
            witnesses=[await _drawn(page) - n for page, n in zip(pages, drawn, strict=True)],
            memory=(before, memory, taken.memory()),
            busy=tuple(np.subtract(taken.busy(), busy) / took),
            faults=[f"{each.query}: {fault}" for each in (*class_, *movers) for fault in each.seen.faults],
            slowest=min(class_, key=lambda each: _growth(each.seen.frames, began)).query,
        )
    for each in (*class_, *movers):
        await each.go()
    return found


@asynccontextmanager
async def _browsers(number: int) -> AsyncIterator[list[Page]]:
    """So many empty pages of a real browser; none is started for none."""
    if not number:
        yield []
        return
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield [await opened.new_page(viewport={"width": 1280, "height": 720}) for _ in range(number)]
        await opened.close()


async def _move(visitor: Visitor, until: float) -> None:
    """Move a slider back and forth."""
    slider = visitor.widgets["margin"]
    places = cycle(np.linspace(slider.min, slider.max, 7)[1:])
    while time.monotonic() < until:
        await visitor.move("margin", float(next(places)))
        await asyncio.sleep(PAUSE)


async def _drawn(page: Page) -> int:
    return int(await page.locator(".embedding").get_attribute("data-frames") or 0)


def _growth(moments: Sequence[tuple[float, int]], since: float) -> int:
    """By how much a count has grown since then."""
    first = max((value for when, value in moments if when <= since), default=0)
    return moments[-1][1] - first if moments else 0


def markdown(found: Class) -> str:
    """What was measured, as a table."""
    rate = np.array(found.frames) / found.seconds
    steps = np.array(found.steps) / found.seconds
    usual, late = 1000 * np.percentile(found.answers, [50, 95])
    (server, workers), (_, _), (server_after, workers_after) = found.memory
    rows = [
        ["sessions that train", f"{len(rate)}"],
        ["frames a second of all", report.number(rate.sum())],
        ["frames a minute of one: least, median, most", _three(60 * rate)],
        ["least against most", f"{rate.min() / rate.max():.2f}"],
        ["steps a second of one: least, median, most (losses differ in cost)", _three(steps)],
        ["answer to a slider, ms: median, 95th percentile", f"{usual:.0f}, {late:.0f}"],
        ["processors busy: server, workers", f"{found.busy[0]:.2f}, {found.busy[1]:.2f}"],
        ["memory of the server, MiB: empty, at the end", f"{server:,.0f}, {server_after:,.0f}"],
        ["memory of the workers, MiB: empty, at the end", f"{workers:,.0f}, {workers_after:,.0f}"],
        ["the server's memory for each session, MiB", f"{(server_after - server) / (len(rate) + SLIDERS):.1f}"],
        ["errors that a page showed", f"{len(found.faults)}"],
    ]  # fmt: skip
    if found.witnesses:
        rows.append(
            ["frames a minute in a real browser", ", ".join(f"{60 * n / found.seconds:.0f}" for n in found.witnesses)]
        )
    return report.table(["", f"over {found.seconds:.0f} s"], rows)


def _three(values: np.ndarray) -> str:
    return ", ".join(report.number(each) for each in (values.min(), float(np.median(values)), values.max()))


def main(words: Sequence[str] | None = None) -> None:
    """The command."""
    parser = report.parser("load", __doc__)
    parser.add_argument("--sessions", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=300.0, help="that are measured")
    parser.add_argument("--browsers", type=int, default=1, help="real ones beside them")
    asked = parser.parse_args(words)
    with served() as (url, pid):
        found = asyncio.run(measure(url, pid, asked.sessions, asked.seconds, asked.browsers))
    report.say(f"{machine.describe()}.\n\n{markdown(found)}", asked.write)
    print(f"\nFewest frames: {found.slowest}", *dict.fromkeys(found.faults), sep="\n")


if __name__ == "__main__":
    main()
