"""Take pictures of the app anew, with Chromium.

python -m tests.docs.screenshots              # the README's, in assets/screenshots: about two minutes
python -m tests.docs.screenshots cards        # the start page's, in assets/cards: about five minutes
python -m tests.docs.screenshots cards race   # only that card
"""

import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from time import monotonic, sleep
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, urlencode

from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from cl_core.ui.pages.start_cards import CARDS, PICTURE_SIZE, picture_path
from tests import ROOT

FOLDER = ROOT / "assets" / "screenshots"
SIZE: ViewportSize = {"width": 1360, "height": 940}
CHROMIUM = "/usr/bin/chromium"
COLOURS = 256  # of a palette image, which has a third of the bytes
SERVER_SECONDS = 60

# file name: link to the view, and a text that is on the page once the view is worth a picture
VIEWS = {
    "training": ("training?loss=supcon&play=true", r"step 1,[0-9]{3}"),
    "boundaries": ("boundaries?loss=circle&pairs=half-trained", "boundary"),
    "triplets": ("triplets", "n1 is hard"),
    "race": ("compare?play=true", r"step 6[0-9]{2}"),
}


class CardView(NamedTuple):
    """What a card shows of its page.

    Attributes:
        selector: CSS selector of the elements whose middles are shown side by side.
        number: of these elements.
        middle: height of what is shown, from 0 at the top to 1 at the bottom of the element.
        across: likewise from 0 at the left to 1 at the right.
        step: training step that the clouds must have reached.
        settings: settings in addition to those of the card's link, or in their place.
        click: name of a button that is pressed first, as a regular expression.
    """

    selector: str
    number: int = 1
    middle: float = 0.5
    across: float = 0.5
    step: int = 0
    settings: str = ""
    click: str = ""


CLOUD, CHART = ".embedding .stage", '[data-testid="stVegaLiteChart"]'
CARD_VIEWS = {
    "triplets": CardView(".triplet .stage"),
    "census": CardView(CHART, settings="counted=1000"),
    "used-up": CardView(".shares .stage", middle=0.2),
    "boundaries": CardView(".plane .sheet", middle=0.0),
    "general-circle": CardView(".plane .sheet", middle=0.0),
    "derivation": CardView(CHART, settings="derivation_step=4", middle=0.0),
    "angles": CardView(".wedge .stage"),
    "batch": CardView(".batch .stage"),
    "points": CardView(".points .stage", middle=0.4),
    "fan": CardView(".batch .stage", 2),
    "easy": CardView(CHART, 2, across=0.0),
    "retrieval": CardView(".neighbours .tiles", across=0.0),
    "threshold": CardView(CHART, middle=0.4, across=1.0),
    "supcon": CardView(CLOUD, step=400, settings="play=true"),
    "hardest": CardView(CLOUD, step=30, settings="play=true"),
    "semihard": CardView(CLOUD, step=300, settings="play=true"),
    "plane": CardView(CLOUD, step=400, settings="play=true"),
    "unlabelled": CardView(CLOUD, step=100, settings="play=true"),
    "fashion": CardView(CLOUD, step=400, settings="play=true"),
    "race": CardView(CLOUD, 2, step=150, settings="play=true"),
    "margins": CardView(CLOUD, 2, step=300, settings="play=true"),
    "sweep": CardView(CHART, middle=0.0, across=0.0),
    "few": CardView(CHART, middle=0.0, across=0.0),
    "failures": CardView(CLOUD, 2, step=40, click="ollaps"),
    "experiment": CardView(CHART, middle=0.3),
}
CARD_QUALITY = 28  # of WebP
CARD_TIMEOUT = 120_000  # ms


def main() -> None:
    """Start the app and take the pictures that the command line names."""
    with _app() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        match sys.argv[1:]:
            case ["cards", *keys]:
                _take_cards(browser, url, keys)
            case _:
                _take_views(browser, url)


@contextmanager
def _app() -> Iterator[str]:
    """Start the app and return its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.headless=true"]
    server = subprocess.Popen([*command, f"--server.port={port}", "--browser.gatherUsageStats=false"], cwd=ROOT)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url)
        yield url
    finally:
        server.terminate()
        server.wait()


def _take_views(browser: Browser, url: str) -> None:
    """Take the README's pictures."""
    FOLDER.mkdir(exist_ok=True)
    for name, (link, text) in VIEWS.items():
        page = browser.new_context(viewport=SIZE).new_page()
        page.goto(f"{url}/{link}")
        _save(page, name, text)
        page.context.close()


def _take_cards(browser: Browser, url: str, keys: Sequence[str]) -> None:
    """Take the pictures of some cards, or of all, in both themes."""
    cards = {key: card for group in CARDS.values() for key, card in group.items()}
    for key in keys or cards:
        page, _, query = cards[key].link.partition("?")
        view = CARD_VIEWS[key]
        settings = dict(parse_qsl(query)) | dict(parse_qsl(view.settings))
        address = f"{url}/{page}?{urlencode(settings)}"
        for theme in ("light", "dark"):
            _save_card(browser, address, key, view, theme)
            print(f"{key}, {theme}: {picture_path(key, dark=theme == 'dark').stat().st_size:,} bytes", flush=True)


def _save_card(browser: Browser, address: str, key: str, view: CardView, theme: Literal["light", "dark"]) -> None:
    """Save the middles of some elements, in the shape of a card's picture."""
    page = browser.new_context(viewport=SIZE, color_scheme=theme).new_page()
    page.goto(address)
    if view.click:
        page.get_by_role("button", name=re.compile(view.click)).click(timeout=CARD_TIMEOUT)
    elements = page.locator(view.selector)
    elements.nth(view.number - 1).wait_for(timeout=CARD_TIMEOUT)
    if view.step:
        reached = f"element => Number(element.parentElement.dataset.step) >= {view.step}"
        end = monotonic() + CARD_TIMEOUT / 1000
        while not elements.first.evaluate(reached) and monotonic() < end:
            page.wait_for_timeout(200)
    else:
        page.wait_for_timeout(3_000)
    page.locator(".tools").evaluate_all("tools => { for (const each of tools) each.style.visibility = 'hidden'; }")
    width, height = PICTURE_SIZE
    picture = Image.new("RGB", PICTURE_SIZE)
    for i in range(view.number):
        image = Image.open(BytesIO(elements.nth(i).screenshot(timeout=CARD_TIMEOUT))).convert("RGB")
        share = (width // view.number, height)
        picture.paste(
            ImageOps.fit(image, share, Image.Resampling.LANCZOS, centering=(view.across, view.middle)),
            (i * share[0], 0),
        )
    path = picture_path(key, dark=theme == "dark")
    path.parent.mkdir(exist_ok=True)
    picture.save(path, quality=CARD_QUALITY, method=6)
    page.context.close()


def _wait_for(url: str) -> None:
    """Wait until the server answers."""
    end = monotonic() + SERVER_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health"):
                return
        except urllib.error.URLError:
            if monotonic() > end:
                raise
            sleep(0.2)


def _save(page: Page, name: str, text: str) -> None:
    """Save a picture of a page as soon as it shows a text (a regular expression) and has come to rest."""
    page.get_by_text(re.compile(text)).first.wait_for(timeout=180_000)
    page.wait_for_timeout(3_000)
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
