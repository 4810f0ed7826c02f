"""How a link presents a page, apart from its settings: hidden and locked controls, large type, autoplay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from cl_core.ui.server import streamlit_compat

HIDE, LOCK, BIG, PLAY = "hide", "lock", "big", "play"
SWITCHES = (BIG, PLAY)
LESSON, STEP, ROOM = "lesson", "step", "room"
ROUTE = (LESSON, STEP, ROOM)  # query parameters of a lesson, which are no settings of the page
MAX_LIST_LENGTH = 2000  # characters of a list that are read
LESSON_BAR_HEIGHT = 60  # pixels by which pictures are lower below the bar of a lesson
MAX_LIST_NAMES = 64  # names of a list that are read

BIG_TYPE = Path(__file__).with_name("big_type.css")
NO_SIDEBAR_STYLE = """<style>
[data-testid="stSidebar"], [data-testid="stExpandSidebarButton"], [data-testid="stSidebarCollapsedControl"] {
  display: none !important;
}
</style>"""


@dataclass(frozen=True)
class Presentation:
    """How a page is shown.

    Attributes:
        hide: names of controls that are not shown and take their value from the link.
        lock: names of controls that are shown disabled.
        big: whether the type is large, to be read from the back row of a classroom.
        play: whether a run starts when the link is opened.
    """

    hide: frozenset[str] = frozenset()
    lock: frozenset[str] = frozenset()
    big: bool = False
    play: bool = False

    def is_free(self, name: str) -> bool:
        """Return whether the visitor can see and change a control."""
        return name not in self.hide and name not in self.lock


def names_in(text: str) -> tuple[str, ...]:
    """Return the names of a comma-separated list in a link, without duplicates.

    Args:
        text: untrusted text, of which `MAX_LIST_LENGTH` characters and `MAX_LIST_NAMES` names are read.
    """
    listed = (name.strip() for name in text[:MAX_LIST_LENGTH].split(",")[:MAX_LIST_NAMES])
    return tuple(dict.fromkeys(name for name in listed if name))


def presentation_of_link(link: Mapping[str, str]) -> Presentation:
    """Return the presentation that a link asks for; invalid values count as absent."""
    hide, lock = (frozenset(names_in(link.get(name, ""))) for name in (HIDE, LOCK))
    big, play = (link.get(name, "").lower() == "true" for name in SWITCHES)
    return Presentation(hide, lock, big, play)


def adopt_presentation(page: str, link: Mapping[str, str]) -> None:
    """Take the presentation that a link to a page asks for, if it asks for one.

    What a link hides or locks stays so for the session: until another link to the page hides or locks, opens a step of
    a lesson, or the lesson is left. The size holds on every page, until another link has one.

    Args:
        page: name of the page.
        link: its query parameters.
    """
    if says_what_is_fixed(link):
        st.session_state.setdefault("presentations", {})[page] = presentation_of_link(link)
    _adopt_size(link)


def says_what_is_fixed(link: Mapping[str, str]) -> bool:
    """Return whether a link replaces what earlier links to its page have hidden and locked."""
    return not {HIDE, LOCK, LESSON}.isdisjoint(link)


def _adopt_size(link: Mapping[str, str]) -> None:
    if BIG in link:
        st.session_state.big_type = presentation_of_link(link).big


def forget_presentations() -> None:
    """Show all controls of all pages again, and let them be changed."""
    for name in (HIDE, LOCK):
        st.query_params.pop(name, None)
    st.session_state.pop("presentations", None)


def presentation() -> Presentation:
    """Return how the page is shown, by the links that the session has opened."""
    shown = st.session_state.get("shown")
    kept: Presentation = st.session_state.get("presentations", {}).get(shown and shown.page, Presentation())
    return replace(kept, big=bool(st.session_state.get("big_type")))


def is_embedded() -> bool:
    """Return whether the page is embedded in another one, such as a slide or a page of a course."""
    return bool(st.context.is_embedded)


def apply_styles() -> None:
    """Start a run of a page, in big type if its link says so; call it first, so that text does not change its size."""
    st.session_state.asked = {}
    st.session_state.shown = None
    _adopt_size(st.query_params)
    if presentation().big:
        style = BIG_TYPE.read_text(encoding="utf-8").replace("\n\n", "\n")
        # as Markdown, whose code the browser has from the first text on: `st.html` would move a page that is painted
        st.markdown(f"<style data-page>{style}</style>", unsafe_allow_html=True)


def note_rendered(name: str, *, free: bool) -> None:
    """Record that this run of the page has a control, and whether it can be changed in the sidebar.

    Args:
        name: name of the control.
        free: whether the visitor can change it; it counts for the sidebar only if it is rendered there.
    """
    st.session_state.setdefault("asked", {})[name] = free and streamlit_compat.in_sidebar()


def rendered_controls() -> Mapping[str, bool]:
    """Return the controls of this run of the page by name, with whether each can be changed in the sidebar."""
    rendered: Mapping[str, bool] = st.session_state.get("asked", {})
    return rendered


def hide_empty_sidebar() -> None:
    """Hide the sidebar if it has no control that can be changed; for embedded pages."""
    if not any(rendered_controls().values()):
        st.html(NO_SIDEBAR_STYLE)


def intro(title: str = "", text: str = "") -> None:
    """Show the title and the introduction of a page; nothing below the bar of a lesson, which has its own.

    Args:
        title: title, as Markdown.
        text: introduction, as Markdown.
    """
    if st.session_state.get("lesson_open") is not None:
        return
    if title:
        st.subheader(title)
    if text:
        st.markdown(text)


def show_link_notes(notes: Sequence[str]) -> None:
    """Show what in the link of a page was not used, or not as it was written, in one box over the page.

    Args:
        notes: Markdown; nothing is shown without any.
    """
    if notes:
        text = notes[0] if len(notes) == 1 else "\n".join(f"- {note}" for note in notes)
        with st.container(key="link_notes"):
            st.warning(text, icon=":material/link_off:")
            st.button("Close", key="close_link_notes", type="tertiary", on_click=_close_link_notes)


def _close_link_notes() -> None:
    page, _ = st.session_state.link_notes
    st.session_state.link_notes = (page, [])


def height(pixels: int) -> int:
    """Return the height of a picture, which is lower below the bar of a lesson.

    Args:
        pixels: height on a page without that bar, in CSS pixels.
    """
    return pixels - LESSON_BAR_HEIGHT if st.session_state.get("lesson_open") else pixels


def autoplays() -> bool:
    """Return whether to start playing now: true once after a link was opened that asks for it."""
    return bool(st.session_state.pop("plays_at_once", False))
