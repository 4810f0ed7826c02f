"""Fuzzed links: on every page they give warnings and defaults, never an exception and never more work."""

import os
import random
from typing import Any
from urllib.parse import urlencode

import pytest

from cl_core.runtime import race_limits
from tests import ROOT
from tests.executors import IdleExecutor
from tests.pages.apptest import open_from_link, route_pages_through_app, warnings_of

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
LINKS_PER_PAGE = int(os.environ.get("FUZZED_LINKS", "6"))  # to each page
MAX_WARNINGS = 8
MAX_TASKS = race_limits.MAX_RUNS  # runs of the largest race
MAX_WARNING_LENGTH = 1000  # characters, as a warning lists all options

HOSTILE_VALUES = (
    "", " ", "nan", "-inf", "1e999", "-1", "0", "1_000", "1e3", "9" * 5000, "0x10", "٣", "true", "TRUE", "None",
    "<script>alert(1)</script>", "](javascript:alert(1))", "`$\\frac`", "\x00\x1b[31m\r\n", "\u202e\u200b\ufeff",
    "💥" * 300, "a" * 100_000, "../../etc/passwd", "{}", "{0.__class__}", "0,0;" * 5000, "0,0;0,0;0,0", "1e-320",
    ",,,,", "my run", "%00%ff",
)  # fmt: skip
STRANGE_NAMES = (
    "", "run", "link_notes", "shown", "asked", "embed", "embed_options", "key", "__class__", "a b", "💥", "x" * 3000,
    "loss_3",
)  # fmt: skip


@pytest.fixture(autouse=True)
def pages_run_through_app(monkeypatch):
    route_pages_through_app(monkeypatch)


def fuzzed_link(generator: random.Random, controls: list[Any]) -> dict[str, Any]:
    """Return a link with valid and invalid settings of a page, and with names that the page does not have."""
    known = [control.name for control in controls]
    link = {name: generator.choice(HOSTILE_VALUES) for name in generator.sample(STRANGE_NAMES, 2)}
    for control in generator.sample(controls, min(len(controls), 6)):
        valid = [*map(str, control.options), f"{control.low:g}", f"{control.high:g}", "true"]
        invalid = [*HOSTILE_VALUES, f"{control.high * 1e6 + 1:g}"]
        link[control.name] = generator.choice(valid if generator.random() < 0.5 else invalid)
    for name in ("hide", "lock"):
        names = [*generator.sample(known, min(len(known), 3)), generator.choice(HOSTILE_VALUES)]
        link[name] = ",".join(names) if generator.random() < 0.7 else ",".join(map(str, range(10_000)))
    link |= {name: generator.choice(HOSTILE_VALUES) for name in ("big", "play") if generator.random() < 0.5}
    if generator.random() < 0.3:
        link = {"open": urlencode(link | {"open": urlencode({"open": "open=open"})})}
    return link


def open_fuzzed_links(page: str, n: int, idle_executor: IdleExecutor, seed: int = 0) -> None:
    """Open a page by `n` fuzzed links: warnings and defaults, no exception, and no more tasks than the largest race."""
    generator = random.Random(f"{page} {seed}")
    shown = open_from_link("" if page == "start" else page).session_state["shown"]
    if shown is None:  # a page without controls ignores all settings
        for _ in range(max(n // 6, 1)):
            link: dict[str, Any] = {name: generator.choice(HOSTILE_VALUES) for name in STRANGE_NAMES if name}
            assert not open_from_link("", **link).exception
        return
    for _ in range(n):
        link = fuzzed_link(generator, list(shown.controls_for_link({})))
        submitted = len(idle_executor.submitted)
        app = open_from_link(page, **link)
        warnings = app.session_state["link_notes"][1]
        assert len(warnings) <= MAX_WARNINGS, link
        assert all(len(warning) <= MAX_WARNING_LENGTH and warning.isprintable() for warning in warnings), link
        values = {c.name: app.session_state[c.name] for c in shown.controls_for_link({}) if c.name in app.session_state}
        for control in shown.controls_for_link({name: str(value) for name, value in values.items()}):
            if control.default is not None and control.name in app.session_state:
                assert control.accepts(app.session_state[control.name]), (control.name, link)
        assert len(idle_executor.submitted) - submitted <= MAX_TASKS, idle_executor.submitted[submitted:]
        assert warnings_of(app) or not warnings
        app.run()
        assert not app.exception, link
        idle_executor.fail_pending()


@pytest.mark.parametrize("page", PAGES)
def test_fuzzed_links_give_warnings_and_defaults_but_no_exception(idle_executor, page):
    open_fuzzed_links(page, LINKS_PER_PAGE, idle_executor)
