"""Every lesson with its steps, and the rooms that a teacher opens for them."""

import secrets
from urllib.parse import urlencode

import streamlit as st

from cl_core.teaching import lessons
from cl_core.teaching.lessons import Lesson
from cl_core.teaching.rooms import room_name
from cl_core.ui.link import controls
from cl_core.ui.link.control import Link
from cl_core.ui.link.share import page_address, qr_code
from cl_core.ui.pages.lesson_bar import NO_ROOM, link_of

LETTERS, DIGITS = "abcdefghkmnprstwxyz", "23456789"  # none that are taken for each other


def show_lessons() -> None:
    """The lessons, one below the other."""
    found, faults = lessons.available()
    room = st.session_state.get("room", "")
    if room:
        st.info(f"You are in room **{room}**: your answers are counted there.", icon=":material/meeting_room:")
    for fault in faults:
        st.warning(controls.plain_text(fault, 300), icon=":material/broken_image:")
    for lesson in found.values():
        with st.container(border=True):
            _lesson(lesson, room)


def _lesson(lesson: Lesson, room: str) -> None:
    n = len(lesson.steps)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"#### {lesson.title}\n{lesson.minutes:g} minutes, {n} steps", width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            first = link_of(lesson, 1, room)
            controls.page_link(lesson.steps[0].page, "Begin", ":material/play_arrow:", first)
            if st.button("Open a room", icon=":material/meeting_room:", key=f"room_{lesson.key}"):
                _open(lesson)
    if lesson.words:
        st.markdown(lesson.words)
    with st.expander("Steps", icon=":material/format_list_numbered:", expanded=True):
        begins = 0.0
        for number, step in enumerate(lesson.steps, 1):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f":small[{begins:g}-{begins + step.minutes:g}]", width=48)
                controls.page_link(step.page, f"{number}. {step.title}", ":material/arrow_forward:",
                                 link_of(lesson, number, room))  # fmt: skip
            begins += step.minutes


def new_name() -> str:
    """A short name for a room that can be read aloud."""
    return "-".join(secrets.choice(LETTERS) + secrets.choice(DIGITS) for _ in range(3))


def address_of(page: str, link: Link) -> str:
    """A page of the course with these settings, in full, as seen from another page of it."""
    course = page_address().rpartition("/")[0]
    return f"{course}/{'' if page == 'start' else page}?{urlencode(link, safe=',;')}"


@st.dialog("Open a room", width="large", icon=":material/meeting_room:")
def _open(lesson: Lesson) -> None:
    """The link into a room, for the class; whoever follows it is in that room until the end."""
    words, picture = st.columns([0.52, 0.48], gap="large")
    with words:
        st.markdown(
            f"**{lesson.title}.** Whoever follows the link sees the lesson, and everyone's answers after giving their "
            "own. Nobody is asked for a name, and nothing is kept beyond this server's memory."
        )
        proposed = st.session_state.setdefault("room_proposed", new_name())
        text = st.text_input("Name of the room", proposed, key="room_name", max_chars=24)
        name = room_name(text)
        if name is None:
            st.warning(NO_ROOM.replace("`room`", "A name"), icon=":material/edit:")
            return
        step = lesson.steps[0]
        link = link_of(lesson, 1, name)
        st.markdown("**Link for the class**")
        st.code(address_of(step.page, link), language=None, wrap_lines=True)
        controls.page_link(step.page, "Go in", ":material/login:", link)
    with picture:
        code = qr_code(address_of(step.page, link))
        if code is None:
            st.info("This link is too long for a QR code.", icon=":material/qr_code:")
        else:
            st.image(code, caption=f"The way into room {name}")
