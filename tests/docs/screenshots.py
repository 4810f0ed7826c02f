"""Take the README's pictures anew: `python -m tests.docs.screenshots`, which needs Chromium and about two minutes."""

import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from io import BytesIO
from time import monotonic, sleep

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

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


def main() -> None:
    """Start the app, take every picture and write it to assets/screenshots."""
    FOLDER.mkdir(exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.headless=true"]
    server = subprocess.Popen([*command, f"--server.port={port}", "--browser.gatherUsageStats=false"], cwd=ROOT)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            for name, (link, text) in VIEWS.items():
                page = browser.new_context(viewport=SIZE).new_page()
                page.goto(f"{url}/{link}")
                _save(page, name, text)
                page.close()
    finally:
        server.terminate()
        server.wait()


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
