"""Sharing a view: its link and QR code, with what is to be hidden, locked, large or playing where it is opened."""

from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

import segno
import streamlit as st

from cl_core.ui.link.controls import Control, Link, ShownPage, to_text
from cl_core.ui.link.presentation import (
    BIG,
    HIDE,
    LOCK,
    PLAY,
    embedded,
    hide_empty_sidebar,
    presentation,
    rendered_controls,
)

LARGEST = 18  # version of the largest QR code that a camera reads across a room: 89 by 89 modules
SIDE = 380  # pixels, about, of the code
QUIET = 4  # modules of white around it
EMBED = {"embed": "true"}
HEIGHT = 720  # pixels of the frame in a slide


def share_view() -> None:
    """The way to share what is shown, at the sidebar's end; what every page ends with."""
    if embedded():
        hide_empty_sidebar()
        return
    shown: ShownPage | None = st.session_state.get("shown")
    if shown is not None:
        label, icon = "Share this view", ":material/share:"
        if st.sidebar.button(label, icon=icon, width="stretch", key="share"):
            _dialog(shown)


def present(shown: ShownPage) -> Link:
    """Everything the page is set to that is not its default, as a link has it."""
    now = {
        str(name): to_text(value) for name, value in st.session_state.items() if isinstance(value, str | int | float)
    }
    by_address = {control.name: control for control in shown.controls_of(now) if control.default is None}
    for name in by_address:  # what has no default is no widget's
        now.pop(name, None)
        if name in st.query_params:
            now[name] = st.query_params[name]
    found = {}
    for control in shown.controls_of(now):
        text = now.get(control.name)
        if text is not None and control.error_in(text) is None and control.parse(text) != control.default:
            found[control.name] = text
    return found


def page_address() -> str:
    """Where the page is, without what it is set to."""
    return (st.context.url or "").split("?")[0].split("#")[0]


def link_to(link: Link) -> str:
    """The page with these settings, in full."""
    return f"{page_address()}?{urlencode(link, safe=',;')}" if link else page_address()


def snippet(link: Link, title: str) -> str:
    """What to write into a page or a slide that is to hold this one."""
    source = escape(link_to({**link, **EMBED}), quote=True)
    title = escape(f"Contrastive Loss Lab, {title}", quote=True)
    return f'<iframe src="{source}" title="{title}"\n  width="100%" height="{HEIGHT}" style="border: 0"></iframe>'


def qr_code(text: str) -> str | None:
    """The QR code of a text as an address that holds a PNG of it, dark on white; None where it would be too fine."""
    try:
        code = segno.make(text, error="l", micro=False)
    except segno.DataOverflowError:
        return None
    if int(code.version) > LARGEST:
        return None
    scale = round(SIDE / code.symbol_size(border=QUIET)[0])
    # an address of its own would be gone while it is still on its way, when one changes the choices quickly
    return str(code.png_data_uri(scale=scale, border=QUIET, dark="#000000", light="#ffffff"))


@st.dialog("Share this view", width="large", icon=":material/share:")
def _dialog(shown: ShownPage) -> None:
    """The link as its reader is to find it."""
    link = present(shown)
    choices, picture = st.columns([0.52, 0.48], gap="large")
    with choices:
        link = {**link, **_choices(shown)}
        st.markdown("**Link**")
        st.code(link_to(link), language=None, wrap_lines=True)
    with picture:
        code = qr_code(link_to(link))
        if code is None:
            st.info(
                "This link is too long for a QR code that a camera can read across a room.", icon=":material/qr_code:"
            )
        else:
            st.image(code, caption="QR code of the link")
    with st.expander("For slides and course pages", icon=":material/slideshow:"):
        st.caption("The page alone, in a frame: without the course around it, and without a sidebar it does not need.")
        st.code(snippet(link, shown.page), language="html", wrap_lines=True)


def _choices(shown: ShownPage) -> Link:
    """What is chosen of how the page is to be shown."""
    now = presentation()
    names = _names([control for control in shown.controls_of(present(shown)) if control.name in rendered_controls()])
    found: dict[str, str] = {}
    for name, label, before, words in (
        (HIDE, "Hide", now.hide, "not shown at all; what the page tells stays"),
        (LOCK, "Lock", now.lock, "shown, and not to be moved"),
    ):
        chosen = st.multiselect(
            label, list(names), [each for each in names if each in before], format_func=names.__getitem__, help=words,
            key=f"share_{name}", placeholder="no controls",
        )  # fmt: skip
        kept = [each for each in chosen if each not in found.get(HIDE, "").split(",")]
        if kept:
            found[name] = ",".join(kept)
    switches = [(BIG, "Big type, for the back row", now.big)]
    if shown.plays:
        switches.append((PLAY, "Starts playing", now.play))
    for name, label, on in switches:
        if st.toggle(label, on, key=f"share_{name}"):
            found[name] = "true"
    return found


def _names(controls: Sequence[Control]) -> dict[str, str]:
    """What controls are called where no formulas can be; with their name in the link where two have the same words."""
    words = {control.name: control.label.split(" $")[0] for control in controls}
    twice = {each for each in words.values() if list(words.values()).count(each) > 1}
    return {name: name if each in twice else each for name, each in words.items()}
