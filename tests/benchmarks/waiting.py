"""What visitors wait for: the app's first sight, another page, pictures, a run's first moved frame; and bytes.

`python -m tests.benchmarks.waiting` prints Markdown; `--write` also saves it in `results`. With `--before FOLDER`,
another checkout of the project is measured in turns with this one.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from urllib.parse import urlparse

import numpy as np
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests import ROOT
from tests.benchmarks import held_sliders, machine, report
from tests.benchmarks.serving import BROWSER_FLAGS, TIMEOUT, chromium, run_server

ROUNDS = 3
MOVES = 30  # of the slider in a visit
SLOW_LINE = {"offline": False, "downloadThroughput": 200_000, "uploadThroughput": 200_000, "latency": 50}  # 1.6 Mbit/s
SETTLED = 2.0  # seconds without a byte, after which a page has everything
HEADING = '[data-testid="stMain"] :is(h1, h2, h3)'
KINDS = ("scripts and style sheets of Streamlit", "fonts of Streamlit", "files of the app", "messages of the app")
WAITS = {
    "title": "start page: title seen, s",
    "slow": "start page at 1.6 Mbit/s: title seen, s",
    "switch": "to another page (Boundaries): picture seen, s",
    "slider": "a held slider (circle loss, margin) to the drawn picture, ms",
    "cloud": "training page: cloud seen, s",
    "moved": "Start to the first moved frame, s",
}


class Traffic:
    """Bytes that a page has received, by kind, as they passed through the network.

    Args:
        page: a page that has loaded nothing yet.
    """

    def __init__(self, page: Page) -> None:
        self.bytes = dict.fromkeys(KINDS, 0)
        self.requests = 0
        self.last = time.monotonic()
        self._kinds: dict[str, str] = {}
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.session.send("Network.enable")
        self.session.on("Network.responseReceived", self._answered)
        self.session.on("Network.loadingFinished", self._finished)
        self.session.on("Network.webSocketFrameReceived", self._message)

    def _answered(self, event: Mapping) -> None:
        path = urlparse(event["response"]["url"]).path
        font = path.endswith((".woff2", ".woff", ".ttf"))
        ours = path.startswith("/media/") or "/component/" in path
        self._kinds[event["requestId"]] = KINDS[2 if ours else 1 if font else 0]

    def _finished(self, event: Mapping) -> None:
        self.requests += 1
        self._add(self._kinds.get(event["requestId"], KINDS[0]), event["encodedDataLength"])

    def _message(self, event: Mapping) -> None:
        response = event["response"]  # data of binary messages are in base64
        size = len(response["payloadData"]) * (1 if response["opcode"] == 1 else 0.75)
        self._add(KINDS[3], round(size))

    def _add(self, kind: str, size: float) -> None:
        self.bytes[kind] += int(size)
        self.last = time.monotonic()

    def settle(self, page: Page) -> None:
        """Wait until nothing has come for a while."""
        while time.monotonic() - self.last < SETTLED:
            page.wait_for_timeout(100)


def measure(browser: Browser, url: str) -> tuple[dict[str, float], dict[str, float]]:
    """Visit a server once, in windows without a cache.

    Returns:
        Waits by the names of `WAITS`, and bytes of the start page by kind, with the number of "requests".
    """
    waits: dict[str, float] = {}
    address, picture, key = held_sliders.PICTURES["plane: circle"]
    page = _new_page(browser)
    traffic = Traffic(page)
    waits["title"] = _seconds_until(page, url, HEADING)
    traffic.settle(page)
    received: dict[str, float] = {**traffic.bytes, "requests": traffic.requests}
    start = time.perf_counter()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Boundaries").click()
    page.locator(".plane[data-live=true]").wait_for(timeout=1000 * TIMEOUT)
    waits["switch"] = time.perf_counter() - start
    page.context.close()

    page = _new_page(browser)
    Traffic(page).session.send("Network.emulateNetworkConditions", SLOW_LINE)
    waits["slow"] = _seconds_until(page, url, HEADING)
    page.context.close()

    page = _new_page(browser)
    waits["slider"] = float(np.median(held_sliders.measure(page, f"{url}/{address}", picture, key, MOVES).drawn))
    page.context.close()

    page = _new_page(browser)
    waits["cloud"] = _seconds_until(page, f"{url}/training", ":is(.trainer, .embedding):is([data-frames='1'])")
    page.wait_for_timeout(3000)  # until the page is at rest, as a visitor who reads first
    start = time.perf_counter()
    page.get_by_role("button", name="Start", exact=True).click()
    cloud = page.locator(".embedding").first
    cloud.and_(page.locator(":not([data-step='0'])")).wait_for(timeout=1000 * TIMEOUT)
    waits["moved"] = time.perf_counter() - start
    page.context.close()
    return waits, received


def _new_page(browser: Browser) -> Page:
    return browser.new_context(viewport={"width": 1440, "height": 900}).new_page()


def _seconds_until(page: Page, url: str, selector: str) -> float:
    start = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator(selector).first.wait_for(timeout=1000 * TIMEOUT)
    return time.perf_counter() - start


def run(before: Path | None = None, rounds: int = ROUNDS) -> str:
    """Measure this checkout, and another one in turns with it; return Markdown."""
    checkouts = {"before": before, "now": ROOT} if before else {"now": ROOT}
    waits: dict[str, dict[str, list[float]]] = {name: {wait: [] for wait in WAITS} for name in checkouts}
    received: dict[str, dict[str, float]] = {}
    with ExitStack() as stack:
        urls = {name: stack.enter_context(run_server(root=root or ROOT))[0] for name, root in checkouts.items()}
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium(), args=BROWSER_FLAGS)
        for url in urls.values():
            measure(browser, url)  # the first visit compiles and loads what later ones find
        for _ in range(rounds):
            for name, url in urls.items():
                measured, received[name] = measure(browser, url)
                for wait, value in measured.items():
                    waits[name][wait].append(value)
        browser.close()
    rows = [[title, *(f"{median(waits[name][wait]):.2f}" for name in checkouts)] for wait, title in WAITS.items()]
    kinds = [*KINDS, "requests"]
    rows += [[f"start page: {kind}", *_counts(received, kind)] for kind in kinds]
    rows.append(
        ["start page: bytes in all", *(f"{sum(received[name][kind] for kind in KINDS):,.0f}" for name in checkouts)]
    )
    return "\n\n".join([
        f"{machine.describe()}.",
        f"Headless Chromium at 1440x900 with an empty cache, on the server's machine; medians of {rounds} visits"
        + (", in turns with the state before." if before else "."),
        report.table(["", *checkouts], rows),
    ]) + "\n"  # fmt: skip


def _counts(received: Mapping[str, Mapping[str, float]], kind: str) -> list[str]:
    return [f"{counts[kind]:,.0f}" for counts in received.values()]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = report.parser("waiting", __doc__)
    parser.add_argument("--before", type=Path, metavar="FOLDER", help="another checkout, measured in turns")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of visits")
    options = parser.parse_args(arguments)
    report.print_and_save(run(options.before, options.rounds), options.write)


if __name__ == "__main__":
    main()
