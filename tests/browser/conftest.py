"""A real server and a real browser, for what only they can show."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Error, Page

sync_api = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright")
sync_api.expect.set_options(timeout=30_000)  # five seconds are not enough on busy cores

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MEDIA: dict[str, Any] = {"color_scheme": "light", "reduced_motion": "no-preference"}  # what a window can be told later
PATIENCE = 60.0  # seconds for a server to answer


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Chromium, for the whole session."""
    path = next(filter(None, map(shutil.which, ("/usr/bin/chromium", *BROWSERS))), None)
    if path is None:
        words = f"no browser found: install one of {', '.join(BROWSERS)}"
        pytest.fail(words) if os.environ.get("CI") else pytest.skip(words)
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """`serve(script, *options) -> url`: Streamlit with that script, one server for each, ended with the session."""
    servers: dict[tuple[str, ...], tuple[subprocess.Popen[bytes], str]] = {}
    logs = tmp_path_factory.mktemp("servers")

    def start(script: str | Path, *options: str) -> str:
        wanted = (str(script), *options)
        if wanted not in servers:
            log = logs / f"{len(servers)}.log"
            process, url = _launch(ROOT / script, options, log)
            servers[wanted] = (process, url)
            _wait(process, url, log)
        return servers[wanted][1]

    yield start
    for process, _ in servers.values():
        process.terminate()
    for process, _ in servers.values():
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


class Server:
    """The app on a server that a test may end, and start again at the same address."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.port = _free_port()
        self.start()

    def start(self) -> None:
        self.process, self.url = _launch(ROOT / "app.py", (), self.log, self.port)
        _wait(self.process, self.url, self.log)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that no other file's tests use."""
    own = Server(tmp_path_factory.mktemp("server") / "log")
    yield own
    own.kill()


@pytest.fixture(scope="session")
def idle() -> "list[Page]":
    """Windows that no test uses now. One that has shown the app before shows it in a third of a new one's time."""
    return []


@pytest.fixture
def window(browser: "Browser", idle: "list[Page]") -> "Iterator[Callable[..., Page]]":
    """`window(width=390, height=844, reduced_motion="reduce") -> page`: one that shows and remembers nothing; with
    settings that cannot be changed later (`has_touch`) a new one. An error in any fails the test."""
    plain: list[Page] = []
    special: list[Page] = []
    errors: list[str] = []

    def threw(error: "Error") -> None:
        errors.append(str(error))

    def said(message: "ConsoleMessage") -> None:
        # on the way to a page of the course, Streamlit asks for its server's health below that page's own address first
        if message.type == "error" and "/_stcore/" not in message.location["url"]:
            errors.append(message.text)

    def opened(*, width: int = 1280, height: int = 900, **settings: Any) -> "Page":
        size: Any = {"width": width, "height": height}
        media = {name: settings.pop(name, usual) for name, usual in MEDIA.items()}
        if idle and not settings:
            page = idle.pop()
            page.set_viewport_size(size)
        else:
            page = browser.new_context(viewport=size, **settings).new_page()
        page.emulate_media(**media)
        (special if settings else plain).append(page)
        page.on("pageerror", threw)
        page.on("console", said)
        return page

    yield opened
    for page in plain + special:
        page.remove_listener("pageerror", threw)
        page.remove_listener("console", said)
        if page in special or page.is_closed():
            page.context.close()
        else:
            _forget(page)
            idle.append(page)
    assert not errors


@pytest.fixture
def visit(window: "Callable[..., Page]", serve: Callable[..., str]) -> "Callable[..., Page]":
    """`visit(script, query, *options) -> page`: the script in a window that has not seen it."""

    def visited(script: str, query: str, *options: str, **settings: Any) -> "Page":
        page = window(**settings)
        page.goto(f"{serve(script, *options)}/?{query}")
        return page

    return visited


def _forget(page: "Page") -> None:
    """Leave nothing in a window of what a test has done there."""
    if page.url.startswith("http"):
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
    page.goto("about:blank")
    page.context.clear_cookies()
    for other in page.context.pages:
        if other is not page:
            other.close()
    page.mouse.move(0, 0)
    page.mouse.up()  # of a test that failed with its hand on something


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _launch(
    script: Path, options: tuple[str, ...], log: Path, port: int | None = None
) -> tuple[subprocess.Popen[bytes], str]:
    port = port or _free_port()
    settings = {
        "server.port": port,
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "runner.postScriptGC": "false",
    }
    given = [f"--{name}={value}" for name, value in settings.items()]
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(script), *given, *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
    )
    return process, f"http://127.0.0.1:{port}"


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server at {url} does not answer:\n{log.read_text(errors='replace')}")
