"""Helpers that run pages of the app in Streamlit's AppTest, without a browser, and read what the pages show."""

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from cl_core.components.envelope import unpack
from tests import ROOT

FAST_TRAINING = {
    "engine": "server",
    "dataset": "blobs",
    "encoder": "mlp",
    "dim": "8",
    "batch": "32",
    "pace": "flat-out",
}
FAST_RACE = {
    "engine": "server",
    "dataset": "blobs",
    "dim": "8",
    "batch": "32",
    "batch_2": "32",
    "pace": "flat-out",
}


# ---- opening pages


@cache
def _component_manager() -> BidiComponentManager:
    """Return the registry of components that all apps share, as all sessions of a server do.

    AppTest would make one for each app, and scan the metadata of every installed package: 0.1 s of processor time.
    """
    manager = BidiComponentManager()
    manager.discover_and_register_components(start_file_watching=False)
    return manager


def new_app(link: Mapping[str, str], context: Mapping[str, Any] | None = None) -> AppTest:
    """Return the app before its first run.

    Args:
        link: settings in its query string.
        context: what `st.context` tells of the browser.
    """
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app._bidi_component_manager = _component_manager()
    app.query_params.update(link)
    app.context.update(context or {})
    return app


def open_page(page: str, /, **link: str) -> AppTest:
    """Open the start page, and then the page of this name with the settings of a link."""
    app = new_app(link).run()
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def route_pages_through_app(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make AppTest run every page through `app.py`, as the server does.

    By itself AppTest finds the folder pages/ and runs the page's file alone.
    """
    original = PagesManager.__init__

    def init(self: PagesManager, *arguments: Any, **named: Any) -> None:
        PagesManager.uses_pages_directory = False
        original(self, *arguments, **named)

    monkeypatch.setattr(PagesManager, "__init__", init)


def open_from_link(page: str, context: Mapping[str, Any] | None = None, /, **link: str) -> AppTest:
    """Open a page by a link, as the first page of a session; needs `route_pages_through_app`.

    Args:
        page: name of the page; "" for the start page.
        context: what `st.context` tells of the browser.
        **link: settings in the query string.
    """
    app = new_app(link, context)
    if page:
        app._page_hash = calc_hash(page)
    app.run()
    assert not app.exception
    return app


def open_training_run(**link: str) -> AppTest:
    """Open the training page with a small run, and wait for its first frame."""
    page = open_page("training", **(FAST_TRAINING | link))
    return run_until(page, lambda app: app.session_state.run.progress().frames)


# ---- using pages


def run_until(app: AppTest, condition: Callable[[AppTest], object], seconds: float = 60) -> AppTest:
    """Rerun the page, as its periodic reruns do, until a condition holds; then run it once more.

    Reruns get rarer, down to four a second like those of a page: they slow down the training, which shares the process.
    """
    deadline, interval, next_rerun = time.monotonic() + seconds, 0.02, 0.0
    while not condition(app):
        assert time.monotonic() < deadline, [e.value for e in (*app.error, *app.warning, *app.info)]
        if time.monotonic() >= next_rerun:
            app.run()
            assert not app.exception
            next_rerun = time.monotonic() + interval
            interval = min(1.5 * interval, 0.25)
        else:
            time.sleep(0.01)
    return app.run()


def click(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


# ---- reading pages

UNSEEN = ("_visit", "_reload", "_phone_sidebar")  # components of which nothing can be seen


def current_step(app: AppTest) -> int:
    """Return the step of the run on the training page."""
    return int(app.session_state.run.progress().step)


def component_messages(app: AppTest) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return header and buffers of the message to each component of which something can be seen."""
    return [
        unpack(bytes(component.proto.bytes))
        for component in app.get("bidi_component")
        if not component.proto.component_name.endswith(UNSEEN)
    ]


def component_headers(app: AppTest) -> list[dict[str, Any]]:
    """Return the header of the message to each component."""
    return [header for header, _ in component_messages(app)]


def widget_keys(app: AppTest) -> set[str | None]:
    kinds = (app.slider, app.select_slider, app.selectbox, app.toggle, app.number_input, app.button_group, app.button)
    return {widget.key for kind in kinds for widget in kind}


def warnings_of(app: AppTest) -> list[str]:
    """Return all warnings; notes on the link share one box, as a list."""
    return [line.removeprefix("- ") for warning in app.warning for line in warning.value.splitlines()]


def shown_markdown(app: AppTest) -> list[Any]:
    """Return the Markdown elements but for the style sheet of the page."""
    return [element for element in app.markdown if not element.value.startswith("<style")]


def markdown_texts(app: AppTest) -> str:
    """Return all Markdown and captions of a page."""
    return "\n".join(element.value for element in (*shown_markdown(app), *app.caption))


def page_texts(app: AppTest) -> str:
    """Return all Markdown, captions, formulas, infos and warnings of a page."""
    return " ".join(
        element.value for element in (*shown_markdown(app), *app.caption, *app.latex, *app.info, *app.warning)
    )
