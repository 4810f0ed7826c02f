"""How a link presents a page, beside what its controls are set to: what is hidden or locked, how large the type is."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from cl_core.ui.server import streamlit_compat

HIDE, LOCK, BIG, PLAY = "hide", "lock", "big", "play"
SWITCHES = (BIG, PLAY)
LESSON, STEP, ROOM = "lesson", "step", "room"
ROUTE = (LESSON, STEP, ROOM)  # where in a lesson a link leads, which is no setting of its page
LONGEST = 2000  # letters of a list that are read
BELOW = 60  # pixels that a picture gives to what a lesson says above it
MOST = 64  # names of a list that are read

BIG_TYPE = """<style>
html { font-size: 20px !important; }
[data-testid="stMainBlockContainer"] { padding-left: 2.5rem; padding-right: 2.5rem; }
[data-testid="stMetricLabel"], [data-testid="stMetricLabel"] * {
  font-size: 0.75rem; overflow: visible; white-space: normal;
}
</style>"""
ON_PRIMARY = """<style>
/* no theme says it, and white is not to be read on what is bright enough for dark paper */
[data-testid="stBaseButton-primary"]:enabled { color: light-dark(#ffffff, #11141b) !important; }
</style>"""
NARROW = """<style>
/* on a tablet held upright, beside the sidebar: two columns stand one below the other, three or four two by two */
@media (640px < width < 1000px) {
  [data-testid="stMain"] [data-testid="stHorizontalBlock"] > [data-testid="stColumn"] {
    min-width: calc(50% - 1rem);
  }
  [data-testid="stHorizontalBlock"]:has(> [data-testid="stColumn"]:nth-child(2):last-child)
    > [data-testid="stColumn"][data-testid="stColumn"] { min-width: 100%; }
  [data-testid="stMain"] [data-testid="stColumn"] [data-testid="stHorizontalBlock"] > [data-testid="stColumn"] {
    min-width: 5rem;
  }
}
</style>"""
NO_SIDEBAR = """<style>
[data-testid="stSidebar"], [data-testid="stExpandSidebarButton"], [data-testid="stSidebarCollapsedControl"] {
  display: none !important;
}
</style>"""


@dataclass(frozen=True)
class Presentation:
    """How a page is shown.

    Attributes:
        hide: names of controls that are not shown and have the value that the link gives.
        lock: names of controls that are shown and cannot be moved.
        big: type for the back row.
        play: a run starts when the link is opened.
    """

    hide: frozenset[str] = frozenset()
    lock: frozenset[str] = frozenset()
    big: bool = False
    play: bool = False

    def is_free(self, name: str) -> bool:
        """Whether the visitor can see and move a control."""
        return name not in self.hide and name not in self.lock


def names_in(text: str) -> tuple[str, ...]:
    """The names of a list in a link, each once; of a very long one the first."""
    listed = (name.strip() for name in text[:LONGEST].split(",")[:MOST])
    return tuple(dict.fromkeys(name for name in listed if name))


def presentation_of_link(link: Mapping[str, str]) -> Presentation:
    """What a link asks for; what it says wrongly of it does not count."""
    hide, lock = (frozenset(names_in(link.get(name, ""))) for name in (HIDE, LOCK))
    big, play = (link.get(name, "").lower() == "true" for name in SWITCHES)
    return Presentation(hide, lock, big, play)


def presentation() -> Presentation:
    """How the page is to be shown now, by the address that it was opened with."""
    return presentation_of_link(st.query_params)


def embedded() -> bool:
    """Whether the page stands in another one, as a slide or a course's page."""
    return bool(st.context.is_embedded)


def apply_styles() -> None:
    """Begin a run of a page, with its type; called first, so that nothing is seen to grow."""
    st.session_state.asked = {}
    st.session_state.shown = None
    st.html(ON_PRIMARY + NARROW)
    if presentation().big:
        st.html(BIG_TYPE)


def note_rendered(name: str, *, free: bool) -> None:
    """Remember that this run of the page has a control, and whether it is to be moved in the sidebar."""
    st.session_state.setdefault("asked", {})[name] = free and streamlit_compat.in_sidebar()


def rendered_controls() -> Mapping[str, bool]:
    """The names of the controls that the page has now, and whether each is to be moved in the sidebar."""
    found: Mapping[str, bool] = st.session_state.get("asked", {})
    return found


def hide_empty_sidebar() -> None:
    """Put the sidebar away of a page that stands in another one, if nothing is to be moved there."""
    if not any(rendered_controls().values()):
        st.html(NO_SIDEBAR)


def intro(title: str = "", words: str = "") -> None:
    """What a page is about; nothing below the bar of a lesson, which says it."""
    if st.session_state.get("lesson_open") is not None:
        return
    if title:
        st.subheader(title)
    if words:
        st.markdown(words)


def height(pixels: int) -> int:
    """How tall a picture is to be that has so much room for itself: less of it below the words of a lesson."""
    return pixels - BELOW if st.session_state.get("lesson_open") else pixels


def autoplays() -> bool:
    """Whether what plays on this page is to start now: once after a link was opened that says so."""
    return bool(st.session_state.pop("plays_at_once", False))
