"""A class whose browsers train: two hundred sessions, and four real browsers among them.

`python -m tests.benchmarks.class_in_browsers` opens them on its own server. The sessions speak the protocol only: each
opens the training page and moves a slider now and then, as a student does whose own browser trains; the training itself
costs the server nothing, so they leave it out. The real browsers do train, flat out, first without the sessions and
then beside them. It prints the server's processor time and memory, the delay of a slider, and the browsers' speed.
`--write` also saves it in `results`.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np
from playwright.async_api import Page, async_playwright

from cl_core.losses import LOSSES
from cl_core.programs.sliders import sliders
from tests.benchmarks import machine, report
from tests.benchmarks.load import ServerResources
from tests.benchmarks.serving import BROWSER_FLAGS, TIMEOUT, chromium, run_server
from tests.benchmarks.visitors import Visitor

ARRIVAL_INTERVAL = 0.25  # seconds between two visitors, as when a class opens a link
SLIDER_PAUSE = 30.0  # seconds between two moves of a student's slider, on average


@dataclass(frozen=True)
class ClassResult:
    """Results of the test.

    Attributes:
        sessions: number of sessions.
        seconds: length of each measurement.
        alone: steps a second of each real browser without the sessions.
        beside: the same beside them.
        answers: seconds from each move of a slider to the page that follows.
        busy: processor seconds per second of server and workers, while the class is there.
        memory: MiB of server and workers before the first visitor and at the end.
        errors: that the pages showed.
    """

    sessions: int
    seconds: float
    alone: Sequence[float]
    beside: Sequence[float]
    answers: Sequence[float]
    busy: tuple[float, float]
    memory: tuple[tuple[float, float], tuple[float, float]]
    errors: Sequence[str]


async def measure(url: str, pid: int, sessions: int, seconds: float, browsers: int) -> ClassResult:
    """Measure the browsers' speed, open all sessions, and measure it again with the server's load."""
    resources = ServerResources(pid)
    empty = resources.memory()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=BROWSER_FLAGS)
        pages = [await browser.new_page(viewport={"width": 1280, "height": 720}) for _ in range(browsers)]
        for seed, page in enumerate(pages):
            await page.goto(f"{url}/training?play=true&pace=flat-out&points=500&seed={seed}")
        for page in pages:
            await _wait_until_training(page)
        alone = await _speeds(pages, seconds)
        losses = [loss for loss in LOSSES.values() if sliders(loss)]
        links = [f"loss={loss.key}&seed={seed}" for seed, loss in enumerate(islice(cycle(losses), sessions))]
        visitors = []
        for link in links:
            visitors.append(await Visitor(url, "training", link).open())
            await asyncio.sleep(ARRIVAL_INTERVAL)
        for visitor in visitors:
            await visitor.wait_for_run(TIMEOUT)
        busy, start = resources.busy(), time.monotonic()
        moving = [asyncio.create_task(_move_slider(visitor, start + seconds)) for visitor in visitors]
        beside = await _speeds(pages, seconds)
        await asyncio.gather(*moving)
        elapsed = time.monotonic() - start
        used = np.subtract(resources.busy(), busy) / elapsed
        result = ClassResult(
            sessions=len(visitors),
            seconds=seconds,
            alone=alone,
            beside=beside,
            answers=[answer for visitor in visitors for answer in visitor.record.answers],
            busy=(float(used[0]), float(used[1])),
            memory=(empty, resources.memory()),
            errors=[f"{visitor.query}: {error}" for visitor in visitors for error in visitor.record.errors],
        )
        for visitor in visitors:
            await visitor.close()
        await browser.close()
    return result


async def _wait_until_training(page: Page) -> None:
    deadline = time.monotonic() + TIMEOUT
    while await _step(page) < 3:
        if time.monotonic() > deadline:
            raise TimeoutError("a browser does not train")
        await asyncio.sleep(0.2)


async def _step(page: Page) -> int:
    trainer = page.locator(".trainer")
    return int(await trainer.get_attribute("data-step", timeout=1000 * TIMEOUT) or 0)


async def _speeds(pages: Sequence[Page], seconds: float) -> list[float]:
    """Return the steps a second of each page over some seconds."""
    before = [(await _step(page), time.monotonic()) for page in pages]
    await asyncio.sleep(seconds)
    after = [(await _step(page), time.monotonic()) for page in pages]
    return [(b - a) / (end - start) for (a, start), (b, end) in zip(before, after, strict=True)]


async def _move_slider(visitor: Visitor, deadline: float) -> None:
    """Move the first slider of the loss now and then."""
    name = next(name for name in sliders(LOSSES[visitor.query.partition("&")[0].removeprefix("loss=")]))
    slider = visitor.widgets[name]
    chance = random.Random(visitor.query)
    while True:
        pause = chance.uniform(0.0, 2 * SLIDER_PAUSE)
        if time.monotonic() + pause > deadline:
            return
        await asyncio.sleep(pause)
        await visitor.move_slider(name, chance.uniform(slider.min, slider.max))


def markdown(result: ClassResult) -> str:
    """Return the results as a table."""
    median, percentile = 1000 * np.percentile(result.answers, [50, 95])
    (server, workers), (server_after, workers_after) = result.memory
    ratios = [beside / alone for beside, alone in zip(result.beside, result.alone, strict=True)]
    rows = [
        ["sessions of the training page", f"{result.sessions}"],
        ["processors busy: server, workers", f"{result.busy[0]:.2f}, {result.busy[1]:.2f}"],
        ["moves of a slider", f"{len(result.answers)}"],
        [
            "delay of a slider until the server has answered, ms: median, 95th percentile",
            f"{median:.0f}, {percentile:.0f}",
        ],
        ["memory of the server, MiB: empty, at the end", f"{server:,.0f}, {server_after:,.0f}"],
        ["memory of the server per session, MiB", f"{(server_after - server) / result.sessions:.1f}"],
        ["memory of the workers, MiB: empty, at the end", f"{workers:,.0f}, {workers_after:,.0f}"],
        ["steps a second of each real browser, without the sessions", _listed(result.alone)],
        ["steps a second of each real browser, beside them", _listed(result.beside)],
        ["beside / without", ", ".join(f"{ratio:.2f}" for ratio in ratios)],
        ["errors that a page showed", f"{len(result.errors)}"],
    ]
    return report.table(["", f"over {result.seconds:.0f} s"], rows)


def _listed(values: Sequence[float]) -> str:
    return ", ".join(report.number(value) for value in values)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = report.parser("class_in_browsers", __doc__)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=120.0, help="length of each measurement")
    parser.add_argument("--browsers", type=int, default=4, help="number of real browsers")
    options = parser.parse_args(arguments)
    with run_server() as (url, pid):
        result = asyncio.run(measure(url, pid, options.sessions, options.seconds, options.browsers))
    report.print_and_save(f"{machine.describe()}.\n\n{markdown(result)}", options.write)
    print(*dict.fromkeys(result.errors), sep="\n")


if __name__ == "__main__":
    main()
