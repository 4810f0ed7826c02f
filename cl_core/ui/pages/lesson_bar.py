"""Bar of the current lesson above a page: which step it is, what to try there, and whether it was done."""

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
from cl_core.ui.link.presentation import LESSON, ROOM, ROUTE, STEP, forget_presentations
from cl_core.ui.link.reading import plain_text
from cl_core.ui.server import streamlit_compat
from cl_core.ui.widgets import page_state, question
from cl_core.ui.widgets.question import AskedQuestion

POLL_SECONDS = 1.5  # between two checks whether a step was done
NO_ROOM = "`room` must be 3 to 24 letters, digits and hyphens"

STYLE = """<style>
.st-key-lesson { background: color-mix(in srgb, currentColor 4%, transparent); padding: 0.4rem 0.9rem 0.8rem; }
.st-key-lesson [data-testid="stColumn"] { min-width: min(100%, 14.5rem); }
.st-key-lesson [data-testid="stPageLink"] a { background: none; }
.st-key-lesson .st-key-commit button { color: Canvas; } /* in a form Streamlit writes white, on whatever colour */
.st-key-lesson_next a { outline: 1px solid currentColor; }
</style>"""


@dataclass(frozen=True)
class LessonPosition:
    """Where in a lesson the visitor is.

    Attributes:
        lesson: the lesson.
        number: the step, counted from 1.
        room: name of the room; "" for none.
    """

    lesson: Lesson
    number: int
    room: str

    @property
    def step(self) -> Step:
        """The step at this position."""
        return self.lesson.steps[self.number - 1]

    @property
    def key(self) -> str:
        """Key of the step in the session state and in rooms."""
        return f"{self.lesson.key}/{self.number}"


def link_of(lesson: Lesson, number: int, room: str) -> Link:
    """Return the link to a step: the settings of its page, the step and the room.

    Args:
        lesson: the lesson.
        number: the step, counted from 1.
        room: name of the room; "" for none.
    """
    route = {LESSON: lesson.key, STEP: str(number), **({ROOM: room} if room else {})}
    return {**lesson.steps[number - 1].link, **route}


@contextmanager
def lesson_bar(page: str) -> Iterator[None]:
    """Run a page below the bar of the current lesson, if there is one.

    Args:
        page: name of the page, as in its address; "start" for the first one.

    Yields:
        Nothing; the badge that says whether the step is done is drawn afterwards, when the page has set its facts.
    """
    position = _current_position()
    question_asked = position.step.question if position is not None and page == position.step.page else None
    st.session_state.question = (
        AskedQuestion(question_asked, position.key, position.room) if position and question_asked else None
    )
    st.session_state.lesson_open = None  # None: no bar above this page
    here = position is not None and page == position.step.page and not _is_done(position)
    page_state.await_conditions(position.step.done if position is not None and here else ())
    if position is None:
        yield
        return
    badge_slot = _show_bar(position, page)
    yield
    with badge_slot:  # after the page, which sets the facts
        st.fragment(_show_done_badge, run_every=None if _is_done(position) else POLL_SECONDS)(position)


def _current_position() -> LessonPosition | None:
    """Return the position that the link names, or else the previous one; warn about errors in the link."""
    link, state = st.query_params, st.session_state
    if ROOM in link:
        state.room = room_name(link[ROOM]) or ""
        if not state.room:
            _warn(f"{NO_ROOM}, not `{plain_text(link[ROOM])}`; you are not in a room")
    known, _ = lessons.available()
    if LESSON in link:
        state.lesson_at = (link[LESSON], 1)
        if link[LESSON] not in known:
            _warn(f"`{LESSON}`: there is no lesson `{plain_text(link[LESSON])}`")
        elif STEP in link:
            state.lesson_at = (link[LESSON], _step_number(link[STEP], known[link[LESSON]]))
    key, number = state.get("lesson_at", ("", 1))
    if key not in known or number > len(known[key].steps):
        return None
    position = LessonPosition(known[key], number, state.get("room", ""))
    if state.get("lesson_step") != position.key:
        state.lesson_step = position.key
        page_state.clear_facts()
    return position


def _step_number(text: str, lesson: Lesson) -> int:
    n_steps = len(lesson.steps)
    if text.isascii() and text.isdecimal() and len(text) < 4 and 1 <= int(text) <= n_steps:
        return int(text)
    _warn(f"`{STEP}` must be a whole number from 1 to {n_steps}, not `{plain_text(text)}`; step 1 is shown")
    return 1


def _warn(message: str) -> None:
    st.warning(message, icon=":material/link_off:")


def _show_bar(position: LessonPosition, page: str) -> DeltaGenerator:
    """Show the bar; return the container for the badge that says whether the step is done."""
    st.html(STYLE)
    step, n_steps = position.step, len(position.lesson.steps)
    collapsed = bool(st.session_state.get("lesson_folded"))
    if page == step.page:
        st.session_state.lesson_open = not collapsed
    with st.container(border=True, key="lesson", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
            with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
                _show_step_menu(position)
                st.markdown(f"**{step.title}**", width="content")
                st.markdown(f":small[{step.minutes:g} min]", width="content")
                if position.room:
                    with st.container(width="content"):
                        question.room(position.room, st.session_state.question)
                badge_slot = st.container(width="content", key="lesson_tick")
            with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
                if page != step.page:
                    _show_step_link(position, position.number, "Back to this step", ":material/undo:")
                if position.number > 1:
                    _show_step_link(position, position.number - 1, "Back", ":material/arrow_back:")
                if position.number < n_steps:
                    with st.container(key="lesson_next", width="content"):
                        _show_step_link(position, position.number + 1, "Next", ":material/arrow_forward:")
                if page == step.page:
                    label = "Expand" if collapsed else "Collapse"
                    st.button(label, key="lesson_fold", type="tertiary", on_click=_toggle_collapsed)
                st.button("Exit lesson", key="lesson_leave", type="tertiary", on_click=_exit_lesson)
        if page == step.page and not collapsed:
            _show_task(position)
    return badge_slot


def _show_task(position: LessonPosition) -> None:
    """Show what to try, the question and, once it is answered, the verdict."""
    asked: AskedQuestion | None = st.session_state.question
    if asked is None:
        st.markdown(position.step.words)
        return
    show_bars = question.has_answered(asked) and asked.room and asked.question.choices
    task, answers, *rest = st.columns([0.3, 0.38, 0.32] if show_bars else [0.42, 0.58], gap="medium")
    task.markdown(position.step.words)
    with answers:
        question.show(asked)
    if question.has_answered(asked):
        (rest or [answers])[0].markdown(question.verdict(asked))


def _show_step_menu(position: LessonPosition) -> None:
    """Show a menu of all steps."""
    with st.popover(f"{position.number} of {len(position.lesson.steps)}", type="tertiary", key="lesson_steps"):
        st.markdown(f"**{position.lesson.title}** · {position.lesson.minutes:g} min")
        for number, step in enumerate(position.lesson.steps, 1):
            target = LessonPosition(position.lesson, number, position.room)
            icon = ":material/check_circle:" if _is_done(target) else ":material/radio_button_unchecked:"
            _show_step_link(position, number, f"{number}. {step.title}", icon)


def _show_step_link(position: LessonPosition, number: int, label: str, icon: str) -> None:
    controls.page_link(
        position.lesson.steps[number - 1].page, label, icon, link_of(position.lesson, number, position.room)
    )


def _is_done(position: LessonPosition) -> bool:
    return position.key in st.session_state.setdefault("lesson_done", set())


def _show_done_badge(position: LessonPosition) -> None:
    """Show whether the step is done: found from the page's facts, or a button if the step has no conditions."""
    if not _is_done(position):
        conditions = position.step.done
        if conditions and all(condition.holds(page_state.facts()) for condition in conditions):
            _mark_done(position)
            streamlit_compat.rerun()
        if not conditions:
            st.button("Mark as done", key="lesson_done_by_word", type="tertiary", on_click=_mark_done, args=(position,))
            return
    badge = ":green-badge[:material/check_circle: done]" if _is_done(position) else ":gray-badge[to do]"
    st.markdown(badge, width="content")


def _mark_done(position: LessonPosition) -> None:
    st.session_state.lesson_done = {*st.session_state.lesson_done, position.key}


def _toggle_collapsed() -> None:
    st.session_state.lesson_folded = not st.session_state.get("lesson_folded")


def _exit_lesson() -> None:
    """Forget the lesson and the room."""
    for name in ROUTE:
        st.query_params.pop(name, None)
    for name in ("lesson_at", "lesson_step", "room"):
        st.session_state.pop(name, None)
    forget_presentations()  # the controls that its steps have hidden
