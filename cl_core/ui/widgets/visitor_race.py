"""A race in the visitor's browser: what the session knows of it, and how a page shows it."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from cl_core.components.arena import report
from cl_core.components.arena.message import Arena, Contender, Label
from cl_core.components.arena.mount import arena
from cl_core.data.npz import DataError
from cl_core.runtime.race import Race, frame_steps, seeds_of
from cl_core.runtime.visitor_race import VisitorRace
from cl_core.training import RunSpec
from cl_core.training.frames import Pace
from cl_core.ui.widgets import page_state
from cl_core.ui.widgets.browser_training import browser_training, note_refusal
from cl_core.ui.widgets.playback_buttons import next_seed
from cl_core.ui.widgets.refresh_rate import NUMBERS_INTERVAL, crowding
from cl_core.ui.widgets.start_request import requested_start
from cl_core.ui.widgets.turns import next_turn, turn_of

MAX_OFFERED = 8  # races of a page whose reports are taken: the browser may still show one of earlier settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RaceSettings:
    """What a page wants to race.

    Attributes:
        slot: name of the race in the session, and in the browser.
        specs: one for each contender.
        n: number of probe images in each frame.
        seeds: runs of each contender.
        waits: whether these settings wait for the visitor's start where a race of others was started; else they take
            its place at once.
    """

    slot: str
    specs: Sequence[RunSpec]
    n: int
    seeds: int = 1
    waits: bool = True

    @property
    def key(self) -> str:
        """Return a text that is the same for two races just when they are one."""
        described = ([asdict(spec) for spec in self.specs], self.n, self.seeds, turn_of(self.slot))
        return hashlib.sha256(repr(described).encode()).hexdigest()[:32]


def forget_race(slot: str) -> None:
    """Drop the session's race, wherever it goes on: the page opens another one.

    Args:
        slot: name of the race in the session.
    """
    race = st.session_state.pop(slot, None)
    if isinstance(race, Race):
        race.close()
    st.session_state.pop(f"{slot}_offered", None)
    next_turn(slot)


def race_in_browser(settings: RaceSettings) -> VisitorRace:
    """Return the session's race in the browser as it was reported last, in the place of one on the server."""
    race = st.session_state.get(settings.slot)
    if isinstance(race, Race):
        forget_race(settings.slot)
        race = None
    offered: dict[str, VisitorRace] = st.session_state.setdefault(f"{settings.slot}_offered", {})
    key = settings.key
    if key not in offered:
        made = [browser_training(spec, settings.n) for spec in settings.specs]
        steps = [each.epoch_steps for each in made]
        offered[key] = VisitorRace(key, settings.specs, settings.n, settings.seeds, made[0].knn_raw, steps)
        others = [other for other in offered if other not in (key, race and race.key)]
        for other in others[:-MAX_OFFERED]:
            del offered[other]
    if race is None or not (settings.waits and race.started):
        race = offered[key]
        st.session_state[settings.slot] = race
    return race


def show_arena(
    settings: RaceSettings, race: VisitorRace, labels: Sequence[Label], pace: Pace, *, group: str, height: int,
    words: Mapping[str, str], until: int | None = None, tells: bool = True,
    regions: bool = True,
) -> None:  # fmt: skip
    """Show the race of the browser; the step that the visitor looks at is `<slot>_looked_at` in the session state.

    Args:
        settings: the race that the page wants.
        race: the race that the browser shows, from `race_in_browser`.
        labels: of the contenders of `settings`.
        pace: how fast it goes.
        group: name of the group of pictures that share the step that is shown.
        height: of a cloud, in CSS pixels.
        words: texts on the controls that differ from those of the trainer.
        until: step at which the race rests; None for none.
        tells: whether the clouds have text alternatives with scores.
        regions: whether class weights and their regions are drawn, where there are any.
    """
    slot, key = settings.slot, settings.key
    content = Arena(
        key=key,
        contenders=[
            Contender(spec, browser_training(spec, settings.n).files, label)
            for spec, label in zip(settings.specs, labels, strict=True)
        ],
        seeds=seeds_of(settings.specs[0], settings.seeds),
        n=settings.n,
        frame_steps=frame_steps(settings.specs, settings.seeds),
        pace=pace,
        group=group,
        height=height,
        interval=NUMBERS_INTERVAL * crowding(),
        known=race.known,
        start=requested_start(slot),
        until=until,
        turn=str(turn_of(slot)) if settings.waits else key,
        tells=tells,
        regions=regions,
        words=words,
    )
    looked_at = arena(
        content,
        key=f"{slot}_arena",
        on_report=lambda reported: _take_report(slot, reported),
        on_reseed=next_seed,
        on_refused=note_refusal,
    )
    shown = race.known and race.known[0]
    st.session_state[f"{slot}_looked_at"] = looked_at[1] if looked_at and looked_at[0] == shown else None
    page_state.set_facts(step=max(race.progress().step, 0), playing="yes" if race.playing else "no")


def _take_report(slot: str, reported: Any) -> None:
    """Take what the browser has reported of its race; ignore what cannot be so."""
    if isinstance(st.session_state.get(slot), Race):
        return  # the server has taken over
    offered: Mapping[str, VisitorRace] = st.session_state.get(f"{slot}_offered", {})
    try:
        found = report.decode(reported)
        race = offered.get(found.key)
        if race is None:
            raise DataError("a race is reported that this session does not know")
        race.take(found)
    except ValueError:
        logger.warning("what a browser has reported of a race is ignored", exc_info=True)
        return
    st.session_state[slot] = race
