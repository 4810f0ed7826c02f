"""Dialog that shares a view: its link, QR code and iframe, with hidden or locked controls, large type, autoplay."""

from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

import segno
import streamlit as st

from cl_core.ui.link.control import Control, Link
from cl_core.ui.link.page_settings import ShownPage, current_link
from cl_core.ui.link.presentation import (
    BIG,
    HIDE,
    LOCK,
    PLAY,
    hide_empty_sidebar,
    is_embedded,
    presentation,
    rendered_controls,
)

MAX_QR_VERSION = 18  # largest QR code that a camera reads across a room: 89 by 89 modules
QR_PIXELS = 380  # approximate width of the QR code
QR_BORDER = 4  # white modules around it
EMBED_PARAMS = {"embed": "true"}
FRAME_HEIGHT = 720  # CSS pixels of the iframe in a slide


def share_view(page: str) -> None:
    """Show the button that opens the dialog, at the top of the window; call it at the end of every page.

    Args:
        page: name of the page, for one without controls.
    """
    if is_embedded():
        hide_empty_sidebar()
        return
    shown: ShownPage = st.session_state.get("shown") or ShownPage(page, lambda _: (), plays=False)
    if st.button("Share", icon=":material/share:", help="The link to this view, and its QR code", key="share"):
        _dialog(shown)


def page_address() -> str:
    """Return the URL of the page without its query string."""
    return (st.context.url or "").split("?")[0].split("#")[0]


def link_to(link: Link) -> str:
    """Return the full URL of the page with these query parameters."""
    return f"{page_address()}?{urlencode(link, safe=',;')}" if link else page_address()


def snippet(link: Link, title: str) -> str:
    """Return the HTML of an iframe that embeds the page.

    Args:
        link: query parameters of the page.
        title: title of the page.
    """
    source = escape(link_to({**link, **EMBED_PARAMS}), quote=True)
    title = escape(f"Contrastive Loss Lab, {title}", quote=True)
    return f'<iframe src="{source}" title="{title}"\n  width="100%" height="{FRAME_HEIGHT}" style="border: 0"></iframe>'


def qr_code(text: str) -> str | None:
    """Return a QR code, black on white, as the data URI of a PNG.

    Args:
        text: content of the code.

    Returns:
        The URI; None if the code would need more than version `MAX_QR_VERSION`.
    """
    try:
        code = segno.make(text, error="l", micro=False)
    except segno.DataOverflowError:
        return None
    if int(code.version) > MAX_QR_VERSION:
        return None
    scale = round(QR_PIXELS / code.symbol_size(border=QR_BORDER)[0])
    # a data URI, as the URL of a file could expire before the browser loads it, when the choices change quickly
    return str(code.png_data_uri(scale=scale, border=QR_BORDER, dark="#000000", light="#ffffff"))


@st.dialog("Share this view", width="large", icon=":material/share:")
def _dialog(shown: ShownPage) -> None:
    """Show the dialog with the choices, the link and its QR code."""
    link = current_link(shown)
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
        st.caption(
            "With `embed=true` in its link, the page is shown without the list of pages, and without the sidebar if "
            "none of its controls can be changed."
        )
        st.code(link_to({**link, **EMBED_PARAMS}), language=None, wrap_lines=True)
        st.caption("HTML code that embeds the page in another page:")
        st.code(snippet(link, shown.page), language="html", wrap_lines=True)


def _choices(shown: ShownPage) -> Link:
    """Show the choices of how the page is presented, and return them as query parameters."""
    current = presentation()
    labels = _plain_labels(
        [control for control in shown.controls_for_link(current_link(shown)) if control.name in rendered_controls()]
    )
    link: dict[str, str] = {}
    for name, label, selected, help_text in (
        (HIDE, "Hide", current.hide, "controls that are not shown; they keep their values"),
        (LOCK, "Lock", current.lock, "controls that are shown, but cannot be changed"),
    ):
        chosen = st.multiselect(
            label, list(labels), [control for control in labels if control in selected],
            format_func=labels.__getitem__, help=help_text, key=f"share_{name}", placeholder="no controls",
        )  # fmt: skip
        listed = [control for control in chosen if control not in link.get(HIDE, "").split(",")]
        if listed:
            link[name] = ",".join(listed)
    switches = [(BIG, "Large type", current.big)]
    if shown.plays:
        switches.append((PLAY, "Start automatically", current.play))
    for name, label, on in switches:
        if st.toggle(label, on, key=f"share_{name}"):
            link[name] = "true"
    return link


def _plain_labels(controls: Sequence[Control]) -> dict[str, str]:
    """Return the controls' labels without formulas, by name; two that would be equal are replaced by the names."""
    labels = {control.name: control.label.split(" (")[0] for control in controls}
    ambiguous = {label for label in labels.values() if list(labels.values()).count(label) > 1}
    return {name: name if label in ambiguous else label for name, label in labels.items()}
