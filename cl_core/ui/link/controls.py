"""A page's controls: those of a loss, defaults and presets, and the links that set them.

Names, ranges and defaults of a loss's controls come from the loss, and values from the query string.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cl_core.losses import LOSSES
from cl_core.losses.base import Loss, Preset
from cl_core.losses.parameters import Choice, Param, Parameter, Theta
from cl_core.ui.link.control import Control, Link, to_text
from cl_core.ui.link.page_settings import (
    ShownPage,
    current_link,
    enter_page,
    leave_page,
    link_parameters,
    note_address,
    restore_settings,
    save_settings,
    saved_settings,
)
from cl_core.ui.link.presentation import (
    BIG,
    HIDE,
    LOCK,
    adopt_presentation,
    presentation,
    presentation_of_link,
    says_what_is_fixed,
)
from cl_core.ui.link.reading import MAX_NOTES, notes_on_embed, read_link
from cl_core.ui.server import streamlit_compat

LOSS_TITLES = {loss.key: loss.title for loss in LOSSES.values()}
PACKED_LINK = "open"  # query parameter in which `page_link` sends the whole query string of another page


def section(label: str, controls: Sequence[Control], *, expanded: bool = False) -> DeltaGenerator:
    """Return an expander for some controls, or a plain container if the link hides all of them.

    Args:
        label: label of the expander.
        controls: the controls that the caller renders in it.
        expanded: whether the expander is open at first.

    Returns:
        The container to render the controls in.
    """
    if all(control.name in presentation().hide for control in controls):
        return st.container()
    return st.expander(label, expanded=expanded)


def _parameter_control(parameter: Parameter, suffix: str) -> Control:
    name = parameter.name + suffix
    aliases = tuple(alias + suffix for alias in parameter.aliases)
    control = Control(name, parameter.label, parameter.default, parameter.help, aliases=aliases)
    match parameter.spec:
        case Param(low=low, high=high, step=step):
            return replace(control, low=low, high=high, step=step)
        case Choice(options=options, titles=titles):
            return replace(control, options=options, titles=titles)
    return control


def loss_parameters(loss: Loss, suffix: str = "") -> list[Control]:
    """Return the controls of a loss's parameters.

    Args:
        loss: the loss.
        suffix: end of the controls' names, which tells several losses of a page apart.

    Returns:
        One control for each parameter, in the order of the loss's signature.
    """
    return [_parameter_control(parameter, suffix) for parameter in loss.parameters.values()]


def loss_choice(default: str, suffix: str = "") -> Control:
    """Return the control that chooses a loss.

    Args:
        default: key of the default loss.
        suffix: end of the control's name.
    """
    return Control(
        f"loss{suffix}", "loss", default, options=tuple(LOSSES), option_aliases=loss_aliases(), titles=LOSS_TITLES
    )


@cache
def loss_aliases() -> dict[str, str]:
    """Return the key of each loss by its other names: its title, the parts of it, and its aliases."""
    aliases = {}
    for loss in LOSSES.values():
        for name in (loss.title, *re.split(r"[()]", loss.title), *loss.aliases):
            aliases[name.strip()] = loss.key
    return {name: key for name, key in aliases.items() if name}


def loss_of_link(choice: Control, link: Link) -> Loss:
    """Return the loss that a link names, or else the default of `choice`."""
    return LOSSES[choice.parse(link.get(choice.name))]


@dataclass(frozen=True, eq=False)
class LossChoice:
    """A loss with the values of its parameters.

    Attributes:
        loss: the loss.
        theta: checked values of its parameters.
        suffix: end of the names of its controls.
    """

    loss: Loss
    theta: Theta
    suffix: str = ""


def loss_controls(default: str, suffix: str = "") -> LossChoice:
    """Show the controls of one loss: its choice, its published values and its parameters.

    Args:
        default: key of the default loss.
        suffix: end of the controls' names.

    Returns:
        The chosen loss with its parameters.
    """
    choice = loss_choice(default, suffix)

    def reset_parameters() -> None:
        set_to_defaults(loss_parameters(LOSSES[st.session_state[choice.name]], suffix))

    loss = LOSSES[choice.render(on_change=reset_parameters)]
    st.caption(f"**{loss.title}.** {loss.summary} {loss.paper.markdown}")
    parameters = loss_parameters(loss, suffix)
    if loss.presets and all(presentation().is_free(control.name) for control in parameters):
        with st.popover("Published values", icon=":material/history_edu:", width="stretch"):
            for i, preset in enumerate(loss.presets):
                st.button(
                    f"**{preset.title}**: {loss.theta_text(preset.theta)}", key=f"preset{suffix}_{i}", type="tertiary",
                    on_click=set_to_preset, args=(loss, preset, suffix),
                )  # fmt: skip
    return LossChoice(
        loss, loss.check({control.name.removesuffix(suffix): control.render() for control in parameters}), suffix
    )


def set_to_defaults(controls: Sequence[Control], *, all_of_them: bool = False) -> None:
    """Set controls to their defaults and remove them from the query string; call it before any of them is rendered.

    Args:
        controls: the controls.
        all_of_them: whether to include controls that the link hides or locks; else they keep their value as long as it
            is valid.
    """
    for control in controls:
        fixed = not all_of_them and not presentation().is_free(control.name)
        if fixed and control.accepts(st.session_state.get(control.name)):
            continue
        st.session_state[control.name] = control.default
        streamlit_compat.forget_query_param(control.name)


def set_to_preset(loss: Loss, preset: Preset, suffix: str = "") -> None:
    """Set a loss's controls to the values of a preset, or to the default where the preset has none.

    Args:
        loss: the loss.
        preset: one of its presets.
        suffix: end of the controls' names.
    """
    for name, value in loss.check(preset.theta).items():
        st.session_state[name + suffix] = value


def forget_link() -> None:
    """Leave the page with controls that was shown last; for pages without controls.

    The next page with controls then reads its link, if it has one.
    """
    st.session_state.pop("link_notes", None)
    leave_page()


def opened_by_link(page: str) -> bool:
    """Return whether the visitor has just followed a link to a page that has settings; call it before `link_notes`.

    They may have been on that page before, as where one step of a lesson follows another.

    Args:
        page: name of the page.
    """
    is_new = (st.session_state.get("link_notes") or ("",))[0] != page
    return is_new and _has_settings(link_parameters())


def _has_settings(link: Iterable[str]) -> bool:
    return any(name not in (HIDE, LOCK, BIG) for name in link)


def page_link(page: str, label: str, icon: str, link: Link) -> None:
    """Show a link to another page with settings.

    The settings are packed into one query parameter: Streamlit drops parameters that a widget of the page before was
    bound to, and both pages have a `loss`.

    Args:
        page: name of the page's file, without its ending.
        label: label of the link, as Markdown.
        icon: icon, such as ":material/login:".
        link: query parameters of the page.
    """
    st.page_link(f"pages/{page}.py", label=label, icon=icon, query_params={PACKED_LINK: urlencode(link)})


def unfold_link() -> None:
    """Replace the query string by the link that is packed in it, if there is one, as if the page had been opened so."""
    text = st.query_params.get(PACKED_LINK)
    if text is not None:
        streamlit_compat.replace_query_string(text, without=PACKED_LINK)  # a packed link within it is ignored
        forget_link()


def link_notes(page: str, controls_for_link: Callable[[Link], Sequence[Control]], *, plays: bool = False) -> list[str]:
    """Apply the link that opened a page, and return notes on what in it cannot be used.

    The link is read once, when the page is opened. A visitor who comes without settings finds the page as they left it.
    Call it before any control is rendered.

    Args:
        page: name of the page.
        controls_for_link: function from a link to the controls that the page has under it.
        plays: whether the page has a run that can start.

    Returns:
        Notes as Markdown, `MAX_NOTES` at most.
    """
    unfold_link()
    st.session_state.shown = ShownPage(page, controls_for_link, plays)
    cached: tuple[str, list[str]] | None = st.session_state.get("link_notes")
    if cached is not None and cached[0] == page:
        if streamlit_compat.is_history_navigation():  # an earlier address of this page
            _write_address({**st.query_params, **_fixed_settings(page)})
            for control in controls_for_link(st.query_params):
                if control.is_menu:  # the others are bound to the address, or keep what was set in a picture
                    control.apply_link(st.query_params)
        else:
            save_settings(st.session_state.shown)
        note_address()
        return cached[1]
    enter_page(st.session_state.shown)
    parameters = link_parameters()
    reading = read_link(parameters, controls_for_link)
    notes = [*notes_on_embed(streamlit_compat.values_of_embed()), *reading.notes][:MAX_NOTES]
    st.session_state.link_notes = (page, notes)
    st.session_state.plays_at_once = presentation_of_link(reading.link).play
    adopt_presentation(page, reading.link)
    if not _has_settings(parameters) and saved_settings(page) is not None:
        _return_to(page)
        note_address()
        return notes
    link = {**reading.link, **({} if says_what_is_fixed(reading.link) else _fixed_settings(page))}
    _write_address(link)  # widgets and pages read it: it has to have the names and the spelling of this page
    if parameters:
        st.session_state.links_opened = st.session_state.get("links_opened", 0) + 1
        for control in controls_for_link(link):
            control.apply_link(link)
    note_address()
    return notes


def _return_to(page: str) -> None:
    """Show a page as the visitor left it, and write its settings into the address.

    What is hidden and locked is not written: the browser would take it to the next page, which may have such names too.
    """
    restore_settings(page)
    _write_address(current_link(st.session_state.shown))


def _write_address(link: Link) -> None:
    """Write settings into the address, unless it has just these."""
    address = {name: st.query_params.get_all(name) for name in st.query_params}
    if address != {name: [text] for name, text in link.items()}:
        streamlit_compat.replace_query_string(urlencode(link))


def _fixed_settings(page: str) -> Link:
    """Return the values of the controls of a page that stay hidden or locked since an earlier link."""
    fixed, saved = presentation(), saved_settings(page) or {}
    return {name: to_text(value) for name, value in saved.items() if not fixed.is_free(name)}
