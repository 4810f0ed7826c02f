"""Lessons page: every lesson with its steps, and the dialog in which a teacher opens a room."""

import secrets
from urllib.parse import urlencode

import streamlit as st

from cl_core.teaching import lessons
from cl_core.teaching.lessons import Lesson
from cl_core.teaching.rooms import room_name
from cl_core.ui.link import controls
from cl_core.ui.link.control import Link
from cl_core.ui.link.reading import plain_text
from cl_core.ui.link.share import page_address, qr_code
from cl_core.ui.pages.lesson_bar import NO_ROOM, link_of

LETTERS, DIGITS = "abcdefghkmnprstwxyz", "23456789"  # without characters that look alike


def show_lessons() -> None:
    """Show all lessons, one below the other, and a warning for each lesson file that could not be read."""
    known, faults = lessons.available()
    room = st.session_state.get("room", "")
    if room:
        st.info(f"You are in room **{room}**: your answers are counted there.", icon=":material/meeting_room:")
    for fault in faults:
        st.warning(plain_text(fault, 300), icon=":material/broken_image:")
    for lesson in known.values():
        with st.container(border=True):
            _show_lesson(lesson, room)


def _show_lesson(lesson: Lesson, room: str) -> None:
    n_steps = len(lesson.steps)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"#### {lesson.title}\n{lesson.minutes:g} minutes, {n_steps} steps", width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            first_link = link_of(lesson, 1, room)
            controls.page_link(lesson.steps[0].page, "Start lesson", ":material/play_arrow:", first_link)
            if st.button("Open a room", icon=":material/meeting_room:", key=f"room_{lesson.key}"):
                _show_room_dialog(lesson)
    if lesson.words:
        st.markdown(lesson.words)
    with st.expander("Steps", icon=":material/format_list_numbered:", expanded=True):
        start_minute = 0.0
        for number, step in enumerate(lesson.steps, 1):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f":small[{start_minute:g}-{start_minute + step.minutes:g}]", width=48)
                controls.page_link(step.page, f"{number}. {step.title}", ":material/arrow_forward:",
                                 link_of(lesson, number, room))  # fmt: skip
            start_minute += step.minutes


def new_room_name() -> str:
    """Return a short random name for a room that is easy to read aloud."""
    return "-".join(secrets.choice(LETTERS) + secrets.choice(DIGITS) for _ in range(3))


def address_of(page: str, link: Link) -> str:
    """Return the full URL of a page of the course.

    Args:
        page: name of the page, as in its address; "start" for the first one.
        link: its query parameters.
    """
    base = page_address().rpartition("/")[0]
    return f"{base}/{'' if page == 'start' else page}?{urlencode(link, safe=',;')}"


@st.dialog("Open a room", width="large", icon=":material/meeting_room:")
def _show_room_dialog(lesson: Lesson) -> None:
    """Show the link into a room for the class; visitors who follow it stay in that room until they exit the lesson."""
    left, right = st.columns([0.52, 0.48], gap="large")
    with left:
        st.markdown(
            f"**{lesson.title}.** Everyone who opens the link sees the lesson, and sees all answers after giving their "
            "own. Answers are anonymous. They are kept only in this server's memory, and never saved to a file."
        )
        proposal = st.session_state.setdefault("room_proposed", new_room_name())
        text = st.text_input("Name of the room", proposal, key="room_name", max_chars=24)
        name = room_name(text)
        if name is None:
            st.warning(NO_ROOM.replace("`room`", "A name"), icon=":material/edit:")
            return
        step = lesson.steps[0]
        link = link_of(lesson, 1, name)
        st.markdown("**Link for the class**")
        st.code(address_of(step.page, link), language=None, wrap_lines=True)
        controls.page_link(step.page, "Enter room", ":material/login:", link)
    with right:
        code = qr_code(address_of(step.page, link))
        if code is None:
            st.info("This link is too long for a QR code.", icon=":material/qr_code:")
        else:
            st.image(code, caption=f"Scan to join room {name}")
