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

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

sync_api = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright")

ROOT = Path(__file__).parents[2]
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


@pytest.fixture
def visit(browser: "Browser", serve: Callable[..., str]) -> "Iterator[Callable[..., Page]]":
    """`visit(script, query, *options) -> page`: the script in a new window; an error in any fails the test."""
    contexts, errors = [], []

    def visited(
        script: str, query: str, *options: str, width: int = 1280, height: int = 900, **settings: Any
    ) -> "Page":
        context = browser.new_context(viewport={"width": width, "height": height}, **settings)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.goto(f"{serve(script, *options)}/?{query}")
        return page

    yield visited
    for context in contexts:
        context.close()
    assert not errors


def _launch(script: Path, options: tuple[str, ...], log: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
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
