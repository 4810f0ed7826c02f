"""The bar of a lesson above whatever page it leads to: where one is, what to try there, and whether it was done."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cl_core.teaching import lessons
from cl_core.teaching.lessons import Lesson, Step
from cl_core.teaching.rooms import room_name
from cl_core.ui.link import controls
from cl_core.ui.link.control import Link
from cl_core.ui.link.presentation import LESSON, ROOM, ROUTE, STEP
from cl_core.ui.widgets import page_state, question
from cl_core.ui.widgets.question import AskedQuestion

PULSE = 1.5  # seconds between two looks whether a step was done
NO_ROOM = "`room` must be 3 to 24 letters, digits and hyphens"

STYLE = """<style>
@media (min-width: 800px) {
  [data-testid="stMainBlockContainer"] { padding-left: 2.5rem; padding-right: 2.5rem; }
}
.st-key-lesson { background: color-mix(in srgb, currentColor 4%, transparent); padding: 0.4rem 0.9rem 0.8rem; }
.st-key-lesson [data-testid="stColumn"] { min-width: min(100%, 14.5rem); }
.st-key-lesson [data-testid="stPageLink"] a { background: none; }
.st-key-lesson .st-key-commit button { color: Canvas; } /* in a form Streamlit writes white, on whatever colour */
.st-key-lesson_next a { outline: 1px solid currentColor; }
</style>"""


@dataclass(frozen=True)
class LessonPosition:
    """Where in a lesson the visitor is: `number` counts steps from 1, and `room` is "" for none."""

    lesson: Lesson
    number: int
    room: str

    @property
    def step(self) -> Step:
        """The step itself."""
        return self.lesson.steps[self.number - 1]

    @property
    def key(self) -> str:
        """Its name, for what is remembered of it."""
        return f"{self.lesson.key}/{self.number}"


def link_of(lesson: Lesson, number: int, room: str) -> Link:
    """What leads to a step, counted from 1: the settings of its page, the step and the room."""
    route = {LESSON: lesson.key, STEP: str(number), **({ROOM: room} if room else {})}
    return {**lesson.steps[number - 1].link, **route}


@contextmanager
def lesson_bar(page: str) -> Iterator[None]:
    """Run a page below the bar of the lesson that one is in, if any."""
    here = _here()
    asks = here.step.question if here is not None and page == here.step.page else None
    st.session_state.question = AskedQuestion(asks, here.key, here.room) if here and asks else None
    st.session_state.lesson_open = None  # no bar of its own above this page
    if here is None:
        yield
        return
    tick = _bar(here, page)
    yield
    with tick:  # after the page, which tells what is so
        st.fragment(_tick, run_every=None if _done(here) else PULSE)(here)


def _here() -> LessonPosition | None:
    """Where the link says that one is, or where one was before; what it says wrongly is said."""
    link, state = st.query_params, st.session_state
    if ROOM in link:
        state.room = room_name(link[ROOM]) or ""
        if not state.room:
            _warn(f"{NO_ROOM}, not `{controls.plain_text(link[ROOM])}`; you are in no room")
    known, _ = lessons.available()
    if LESSON in link:
        state.lesson_at = (link[LESSON], 1)
        if link[LESSON] not in known:
            _warn(f"`{LESSON}`: there is no lesson `{controls.plain_text(link[LESSON])}`")
        elif STEP in link:
            state.lesson_at = (link[LESSON], _number(link[STEP], known[link[LESSON]]))
    key, number = state.get("lesson_at", ("", 1))
    if key not in known or number > len(known[key].steps):
        return None
    here = LessonPosition(known[key], number, state.get("room", ""))
    if state.get("lesson_step") != here.key:
        state.lesson_step = here.key
        page_state.clear_facts()
    return here


def _number(text: str, lesson: Lesson) -> int:
    n = len(lesson.steps)
    if text.isascii() and text.isdecimal() and len(text) < 4 and 1 <= int(text) <= n:
        return int(text)
    _warn(f"`{STEP}` must be a whole number from 1 to {n}, not `{controls.plain_text(text)}`; this is the first")
    return 1


def _warn(words: str) -> None:
    st.warning(words, icon=":material/link_off:")


def _bar(here: LessonPosition, page: str) -> DeltaGenerator:
    """The bar; where its tick is to be."""
    st.html(STYLE)
    step, n = here.step, len(here.lesson.steps)
    folded = bool(st.session_state.get("lesson_folded"))
    if page == step.page:
        st.session_state.lesson_open = not folded
    with st.container(border=True, key="lesson", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
            with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
                _steps(here)
                st.markdown(f"**{step.title}**", width="content")
                st.markdown(f":small[{step.minutes:g} min]", width="content")
                if here.room:
                    with st.container(width="content"):
                        question.room(here.room, st.session_state.question)
                tick = st.container(width="content", key="lesson_tick")
            with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
                if page != step.page:
                    _lead(here, here.number, "Back to this step", ":material/undo:")
                if here.number > 1:
                    _lead(here, here.number - 1, "Back", ":material/arrow_back:")
                if here.number < n:
                    with st.container(key="lesson_next", width="content"):
                        _lead(here, here.number + 1, "Next", ":material/arrow_forward:")
                if page == step.page:
                    words = "Unfold" if folded else "Fold"
                    st.button(words, key="lesson_fold", type="tertiary", on_click=_fold)
                st.button("Leave", key="lesson_leave", type="tertiary", on_click=_leave)
        if page == step.page and not folded:
            _words(here)
    return tick


def _words(here: LessonPosition) -> None:
    """What to try, and what is asked."""
    asked: AskedQuestion | None = st.session_state.question
    if asked is None:
        st.markdown(here.step.words)
        return
    bars = question.has_answered(asked) and asked.room and asked.question.choices
    words, answers, *last = st.columns([0.3, 0.38, 0.32] if bars else [0.42, 0.58], gap="medium")
    words.markdown(here.step.words)
    with answers:
        question.show(asked)
    if question.has_answered(asked):
        (last or [answers])[0].markdown(question.verdict(asked))


def _steps(here: LessonPosition) -> None:
    """Every step, to go to."""
    with st.popover(f"{here.number} of {len(here.lesson.steps)}", type="tertiary", key="lesson_steps"):
        st.markdown(f"**{here.lesson.title}** · {here.lesson.minutes:g} min")
        for number, step in enumerate(here.lesson.steps, 1):
            there = LessonPosition(here.lesson, number, here.room)
            icon = ":material/check_circle:" if _done(there) else ":material/radio_button_unchecked:"
            _lead(here, number, f"{number}. {step.title}", icon)


def _lead(here: LessonPosition, number: int, label: str, icon: str) -> None:
    controls.page_link(here.lesson.steps[number - 1].page, label, icon, link_of(here.lesson, number, here.room))


def _done(here: LessonPosition) -> bool:
    return here.key in st.session_state.setdefault("lesson_done", set())


def _tick(here: LessonPosition) -> None:
    """Whether the step was done: noticed, or said where there is nothing to notice."""
    if not _done(here):
        waits = here.step.done
        if waits and all(condition.holds(page_state.facts()) for condition in waits):
            _finish(here)
            st.rerun()
        if not waits:
            st.button("Done?", key="lesson_done_by_word", type="tertiary", on_click=_finish, args=(here,))
            return
    badge = ":green-badge[:material/check_circle: done]" if _done(here) else ":gray-badge[to do]"
    st.markdown(badge, width="content")


def _finish(here: LessonPosition) -> None:
    st.session_state.lesson_done = {*st.session_state.lesson_done, here.key}


def _fold() -> None:
    st.session_state.lesson_folded = not st.session_state.get("lesson_folded")


def _leave() -> None:
    """No lesson any more, and no room."""
    for name in ROUTE:
        st.query_params.pop(name, None)
    for name in ("lesson_at", "lesson_step", "room"):
        st.session_state.pop(name, None)
