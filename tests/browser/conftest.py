"""Fixtures of the browser tests: one browser, a server for the app and one for the harness, and windows to reuse."""

import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests import hosts
from tests.browser.harness import EMPTY
from tests.browser.servers import Server
from tests.unit.components.test_javascript import skip_or_fail

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
PHONE = {"device_scale_factor": 2, "has_touch": True, "is_mobile": True}
SHOW_SCENE = """query => {  // what the browser's back button does: Streamlit runs the script anew for another address
    history.replaceState(null, '', `/${query}`);
    dispatchEvent(new PopStateEvent('popstate'));
}"""
CLEAR_STATE = """async () => {  // components keep the state of their groups on the window
    for (const key of Object.getOwnPropertySymbols(globalThis))
        if (Symbol.keyFor(key)?.startsWith('contrastive-loss-lab/')) delete globalThis[key];
    window.restoreClock?.();  // of tests that let time pass by frames
    localStorage.clear();
    sessionStorage.clear();
    for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
}"""
COMPONENT = '[data-testid="stBidiComponentIsolated"]'


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a browser test that fails run once more: on busy cores a real browser may answer late.

    The report names each one, with R, so that a test that needs it again is mended.
    """
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Chromium, for the whole session."""
    path = next(filter(None, map(shutil.which, ("/usr/bin/chromium", *BROWSERS))), None)
    if path is None:
        skip_or_fail(f"no browser found: install one of {', '.join(BROWSERS)}")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def firefox() -> str:
    """Return the path of Firefox, which Playwright does not drive: a test gives it an address only."""
    path = hosts.firefox()
    if path is None:
        skip_or_fail("no Firefox found: install firefox-esr")
    return str(path)


@pytest.fixture(scope="session")
def app_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app on a server, for the whole session."""
    server = Server("app.py", tmp_path_factory.mktemp("app") / "log")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def harness_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The harness on a server, which shows scenes of single components."""
    server = Server("tests/browser/harness.py", tmp_path_factory.mktemp("harness") / "log")
    yield server
    server.stop()


class Windows:
    """Windows of one browser, kept for later tests: one that has shown a page shows it again in a third of the time.

    Args:
        browser: where they are opened.
    """

    def __init__(self, browser: "Browser") -> None:
        self.browser = browser
        self.unused: dict[str, list[Page]] = {}

    def take(self, use: str, **settings: Any) -> "Page":
        """Return a window that was used like this before, or a new one with settings that cannot be changed later."""
        pages = self.unused.get(use)
        return pages.pop() if pages else self.browser.new_context(**settings).new_page()

    def give_back(self, use: str, page: "Page") -> None:
        self.unused.setdefault(use, []).append(page)


@pytest.fixture(scope="session")
def windows(browser: "Browser") -> Windows:
    return Windows(browser)


@pytest.fixture
def watch() -> "Iterator[Callable[[Page], None]]":
    """`watch(page)`: an error in that window from now on fails the test."""
    pages: list[Page] = []
    errors: list[str] = []

    def on_error(error: "Error") -> None:
        errors.append(str(error))

    def on_message(message: "ConsoleMessage") -> None:
        # on the way to a page of the course, Streamlit asks for its server's health below that page's own address first
        if message.type == "error" and "/_stcore/" not in message.location["url"]:
            errors.append(f"{message.text} {message.location['url']}")

    def watch_page(page: "Page") -> None:
        page.on("pageerror", on_error)
        page.on("console", on_message)
        pages.append(page)

    yield watch_page
    for page in pages:
        page.remove_listener("pageerror", on_error)
        page.remove_listener("console", on_message)
    assert not errors


@pytest.fixture
def open_window(windows: Windows, watch: "Callable[[Page], None]") -> "Iterator[Callable[..., Page]]":
    """`open_window(width=390, height=844) -> page`: a blank window without stored state."""
    pages: list[Page] = []

    def open_(**settings: Any) -> "Page":
        page = windows.take("app")
        page.context.new_cdp_session(page).send("Page.resetNavigationHistory")  # it ends at fifty entries
        _set_up(page, **settings)
        watch(page)
        pages.append(page)
        return page

    yield open_
    for page in pages:
        if page.is_closed():
            page.context.close()
            continue
        if page.url.startswith("http"):
            page.evaluate(CLEAR_STATE)
        page.goto("about:blank")
        page.context.clear_cookies()
        for other in page.context.pages:
            if other is not page:
                other.close()
        _release_mouse(page)
        windows.give_back("app", page)


@pytest.fixture
def open_page(open_window: "Callable[..., Page]", app_server: Server) -> "Callable[..., Page]":
    """`open_page("boundaries?loss=circle", height=800) -> page`: that address of the app, in a window of its own."""

    def open_(address: str = "", **settings: Any) -> "Page":
        page = open_window(**settings)
        page.goto(f"{app_server.url}/{address}")
        return page

    return open_


@pytest.fixture
def show_scene(
    windows: Windows, watch: "Callable[[Page], None]", harness_server: Server
) -> "Iterator[Callable[..., Page]]":
    """`show_scene("plane", "scale=8", phone=True) -> page`: a component, in a window that later tests use again.

    A second scene of the same test replaces the first. Only another scene is loaded, not another page: Streamlit's
    front end takes most of a page's time.
    """
    shown: dict[str, Page] = {}

    def show(component: str, query: str = "", *, phone: bool = False, type_size: str = "", **settings: Any) -> "Page":
        use = "phone" if phone else "scene"
        page = shown.get(use)
        if page is None:
            page = windows.take(use, **PHONE if phone else {})
            watch(page)
            shown[use] = page
        else:
            _clear_scene(page)
        _set_up(page, **settings)
        if not page.url.startswith(harness_server.url):
            page.goto(harness_server.url)
            page.get_by_text(EMPTY).wait_for(timeout=60_000)
        page.evaluate("size => { document.documentElement.style.fontSize = size; }", type_size)
        page.evaluate(SHOW_SCENE, f"?component={component}&{quote(query, safe='=&,')}")
        return page

    yield show
    for use, page in shown.items():
        try:
            _clear_scene(page)
            _release_mouse(page)
        except sync_api.Error:  # of a test that failed: later ones get a new window
            page.context.close()
        else:
            windows.give_back(use, page)


def _set_up(page: "Page", *, width: int = 1280, height: int = 900, dark: bool = False, motion: bool = False) -> None:
    """Set what may differ between the tests that use a window.

    Args:
        page: the window.
        width: of the viewport, in CSS pixels.
        height: likewise.
        dark: whether the dark theme is preferred.
        motion: whether pictures may move; most tests are not about that, and drawing each frame costs time.
    """
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="no-preference" if motion else "reduce")


def _clear_scene(page: "Page") -> None:
    page.evaluate(SHOW_SCENE, "")
    page.get_by_text(EMPTY).wait_for()
    page.wait_for_function(f"() => !document.querySelector('{COMPONENT}')", polling=20)
    page.evaluate(CLEAR_STATE)


def _release_mouse(page: "Page") -> None:
    """Move the mouse away, and release the button, which a failed test may have left pressed."""
    page.mouse.move(0, 0)
    page.mouse.up()
