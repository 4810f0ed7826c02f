"""Hostile and absurd links: on every page they give notes and defaults, never an exception and never more work."""

import os
import random
from typing import Any
from urllib.parse import urlencode

import pytest

from cl_core.runtime import race
from tests import ROOT
from tests.executors import IdleExecutor
from tests.pages.test_links import linked, notes, through_app

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
LINKS = int(os.environ.get("FUZZED_LINKS", "6"))  # for each page
MOST_NOTES = 8
MOST_WORK = race.CONTENDER_RANGE[1] * race.SEED_COUNT_RANGE[1]  # runs of the largest race
LONGEST_NOTE = 1000  # letters, with all the options there are

HOSTILE = (
    "", " ", "nan", "-inf", "1e999", "-1", "0", "1_000", "1e3", "9" * 5000, "0x10", "٣", "true", "TRUE", "None",
    "<script>alert(1)</script>", "](javascript:alert(1))", "`$\\frac`", "\x00\x1b[31m\r\n", "\u202e\u200b\ufeff",
    "💥" * 300, "a" * 100_000, "../../etc/passwd", "{}", "{0.__class__}", "0,0;" * 5000, "0,0;0,0;0,0", "1e-320",
    ",,,,", "my run", "%00%ff",
)  # fmt: skip
STRANGE = (
    "", "run", "link_notes", "shown", "asked", "embed", "embed_options", "key", "__class__", "a b", "💥", "x" * 3000,
    "loss_3",
)  # fmt: skip


@pytest.fixture(autouse=True)
def course(monkeypatch):
    through_app(monkeypatch)


def fuzzed(dice: random.Random, controls: list[Any]) -> dict[str, Any]:
    """A link of some settings of a page, right and wrong, and of others that it has not."""
    known = [control.name for control in controls]
    link = {name: dice.choice(HOSTILE) for name in dice.sample(STRANGE, 2)}
    for control in dice.sample(controls, min(len(controls), 6)):
        right = [*map(str, control.options), f"{control.low:g}", f"{control.high:g}", "true"]
        wrong = [*HOSTILE, f"{control.high * 1e6 + 1:g}"]
        link[control.name] = dice.choice(right if dice.random() < 0.5 else wrong)
    for name in ("hide", "lock"):
        some = [*dice.sample(known, min(len(known), 3)), dice.choice(HOSTILE)]
        link[name] = ",".join(some) if dice.random() < 0.7 else ",".join(map(str, range(10_000)))
    link |= {name: dice.choice(HOSTILE) for name in ("big", "play") if dice.random() < 0.5}
    if dice.random() < 0.3:
        link = {"open": urlencode(link | {"open": urlencode({"open": "open=open"})})}
    return link


def follow(page: str, n: int, idle_executor: IdleExecutor, seed: int = 0) -> None:
    """Open a page by so many links of its own dice: notes and defaults, no exception, and no more work than a race."""
    dice = random.Random(f"{page} {seed}")
    shown = linked("" if page == "start" else page).session_state["shown"]
    if shown is None:  # a page without controls: any setting will do
        for _ in range(max(n // 6, 1)):
            link: dict[str, Any] = {name: dice.choice(HOSTILE) for name in STRANGE if name}
            assert not linked("", **link).exception
        return
    for _ in range(n):
        link = fuzzed(dice, list(shown.controls_for_link({})))
        asked = len(idle_executor.submitted)
        app = linked(page, **link)
        told = app.session_state["link_notes"][1]
        assert len(told) <= MOST_NOTES, link
        assert all(len(note) <= LONGEST_NOTE and note.isprintable() for note in told), link
        values = {c.name: app.session_state[c.name] for c in shown.controls_for_link({}) if c.name in app.session_state}
        for control in shown.controls_for_link({name: str(value) for name, value in values.items()}):
            if control.default is not None and control.name in app.session_state:
                assert control.accepts(app.session_state[control.name]), (control.name, link)
        assert len(idle_executor.submitted) - asked <= MOST_WORK, idle_executor.submitted[asked:]
        assert notes(app) or not told
        app.run()
        assert not app.exception, link
        idle_executor.fail_pending()


@pytest.mark.parametrize("page", PAGES)
def test_whatever_a_link_says_a_page_stays_a_page(idle_executor, page):
    follow(page, LINKS, idle_executor)
