"""Controls that are the link: every widget's name, range and default come from the core, and its value from the URL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cl_core.losses import LOSSES
from cl_core.losses.base import Loss, Preset
from cl_core.losses.parameters import Choice, Param, Parameter, Theta, Value
from cl_core.ui.link.presentation import HIDE, LOCK, ROUTE, SWITCHES, names_in, note_rendered, presentation
from cl_core.ui.server import streamlit_compat

Link = Mapping[str, str]
FOLDED = "open"  # the name under which `lead_to` sends a whole link


@dataclass(frozen=True)
class Control:
    """One widget, bound to the query parameter of its name.

    `options` are what can be chosen; without them the value is a number from `low` to `high`, or a switch.
    """

    name: str
    label: str
    default: Any
    help: str = ""
    options: Sequence[Any] = ()
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    row: bool = False  # options side by side, all to be seen

    def render(self, *, disabled: bool = False, on_change: Callable[[], None] | None = None) -> Any:
        """Show the widget, unless the link hides it; its value."""
        how = presentation()
        note_rendered(self.name, free=how.is_free(self.name))
        if self.name in how.hide:
            return self._unseen()
        return self._widget(disabled=disabled or self.name in how.lock, on_change=on_change)

    def _unseen(self) -> Any:
        """The value without a widget, where pages and callbacks look for it, and in the address as a widget's is."""
        value = st.session_state.get(self.name)
        if value is None:
            value = self.parse(st.query_params.get(self.name))
        elif not self.accepts(value):
            value = self.default
        st.session_state[self.name] = value
        set_query_param(self.name, None if value == self.default else to_text(value))
        return value

    def _widget(self, *, disabled: bool, on_change: Callable[[], None] | None) -> Any:
        bound: dict[str, Any] = {
            "key": self.name, "help": self.help or None, "bind": "query-params", "disabled": disabled,
            "on_change": on_change,
        }  # fmt: skip
        if isinstance(self.default, bool):
            return st.toggle(self.label, self.default, **bound)
        if self.row:
            return st.segmented_control(
                self.label, self.options, default=self.default, required=True, label_visibility="collapsed", **bound
            )
        if self.options and isinstance(self.default, str):
            return st.selectbox(self.label, self.options, self.options.index(self.default), **bound)
        if self.options:
            return st.select_slider(self.label, self.options, self.default, **bound)
        kind = type(self.default)
        low, high, step = kind(self.low), kind(self.high), kind(self.step)
        if kind is int and high - low > 1000:
            return st.number_input(self.label, low, high, self.default, step, **bound)
        return st.slider(self.label, low, high, self.default, step, **bound)

    def parse(self, text: str | None) -> Any:
        """The value that a link gives; the default where it gives none that can be used."""
        if text is None or self.error_in(text) is not None:
            return self.default
        if isinstance(self.default, bool):
            return text.lower() == "true"
        if self.options:
            return next(option for option in self.options if str(option) == text)
        return type(self.default)(text)

    def error_in(self, text: str) -> str | None:
        """What is wrong with this value from a link, in words; None where it can be used."""
        if isinstance(self.default, bool):
            return None if text.lower() in ("true", "false") else "must be true or false"
        if self.options:
            known = ", ".join(map(str, self.options))
            return None if text in map(str, self.options) else f"must be one of {known}"
        try:
            fits = self.low <= type(self.default)(text) <= self.high
        except ValueError:
            fits = False
        return None if fits else f"must be a number from {self.low:g} to {self.high:g}"

    def accepts(self, value: Any) -> bool:
        """Whether this can be its value."""
        return value is not None and self.error_in(to_text(value)) is None

    def apply_link(self, link: Link) -> None:
        """A link has been opened: what was set before gives way to what it says, and to the default."""
        if self.name in st.session_state:
            st.session_state[self.name] = self.parse(link.get(self.name))


@dataclass(frozen=True)
class ShownPage:
    """The page that is shown: its name, its controls under a link, and whether there is something to play on it."""

    page: str
    controls_of: Callable[[Link], Sequence[Control]]
    plays: bool


def to_text(value: Any) -> str:
    """A value as a link has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def section(label: str, controls: Sequence[Control], *, expanded: bool = False) -> DeltaGenerator:
    """An expander for these controls; no more than room for them where the link hides them all."""
    if all(control.name in presentation().hide for control in controls):
        return st.container()
    return st.expander(label, expanded=expanded)


def _of_parameter(parameter: Parameter, suffix: str) -> Control:
    """The control of a parameter of a loss."""
    name, label = parameter.name + suffix, f"{parameter.name} ${parameter.symbol}$"
    match parameter.spec:
        case Param(low=low, high=high, step=step):
            return Control(name, label, parameter.default, parameter.help, low=low, high=high, step=step)
        case Choice(options=options):
            return Control(name, label, parameter.default, parameter.help, options)
    return Control(name, label, parameter.default, parameter.help)


def loss_parameters(loss: Loss, suffix: str = "") -> list[Control]:
    """The controls of a loss's own parameters, each name with `suffix` at its end."""
    return [_of_parameter(parameter, suffix) for parameter in loss.parameters.values()]


def loss_choice(default: str, suffix: str = "") -> Control:
    """The control that chooses a loss."""
    return Control(f"loss{suffix}", "loss", default, options=tuple(LOSSES))


def loss_of_link(choice: Control, link: Link) -> Loss:
    """The loss that a link names, or the default one."""
    return LOSSES[choice.parse(link.get(choice.name))]


@dataclass(frozen=True, eq=False)
class LossChoice:
    """A loss with its parameters, and what the names of its controls end with."""

    loss: Loss
    theta: Theta
    suffix: str = ""


def loss_controls(default: str, suffix: str = "") -> LossChoice:
    """Show the controls of one loss: which, what is published for it, and its parameters."""
    choice = loss_choice(default, suffix)

    def fit() -> None:
        set_to_defaults(loss_parameters(LOSSES[st.session_state[choice.name]], suffix))

    loss = LOSSES[choice.render(on_change=fit)]
    st.caption(f"**{loss.title}.** {loss.summary} {loss.paper.markdown}")
    parameters = loss_parameters(loss, suffix)
    if loss.presets and all(presentation().is_free(control.name) for control in parameters):
        with st.popover("Published values", icon=":material/history_edu:", width="stretch"):
            for i, preset in enumerate(loss.presets):
                values = ", ".join(f"{name} = {_short(value)}" for name, value in preset.theta.items())
                st.button(
                    f"**{preset.title}**: {values}", key=f"preset{suffix}_{i}", type="tertiary",
                    on_click=set_to_preset, args=(loss, preset, suffix),
                )  # fmt: skip
    return LossChoice(loss, loss.check({each.name.removesuffix(suffix): each.render() for each in parameters}), suffix)


def _short(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def set_to_defaults(controls: Sequence[Control], *, all_of_them: bool = False) -> None:
    """Put controls back to their defaults, before any of them is shown, whatever the address still says of them.

    What the link hides or locks stays as the link has it while that is a value of the control, unless `all_of_them`.
    """
    for control in controls:
        held = not all_of_them and not presentation().is_free(control.name)
        if held and control.accepts(st.session_state.get(control.name)):
            continue
        st.session_state[control.name] = control.default
        streamlit_compat.forget_query_param(control.name)


def set_to_preset(loss: Loss, preset: Preset, suffix: str = "") -> None:
    """Take a preset's values, and defaults for what it does not name."""
    for name, value in loss.check(preset.theta).items():
        st.session_state[name + suffix] = value


def set_query_param(name: str, text: str | None) -> None:
    """Say in the address what no widget says there; None says nothing of it."""
    if streamlit_compat.is_bound(name):
        return
    if text is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != text:
        st.query_params[name] = text


def forget_link() -> None:
    """For pages without controls: the next link to a page that has them decides all of them, named in it or not."""
    st.session_state.pop("link_notes", None)


def page_link(page: str, label: str, icon: str, link: Link) -> None:
    """A link to another page with everything that it is to show.

    It travels folded into one name: Streamlit drops from the address of a page what a widget of the page before was
    bound to, and both pages have a `loss`.
    """
    st.page_link(f"pages/{page}.py", label=label, icon=icon, query_params={FOLDED: urlencode(link)})


def unfold_link() -> None:
    """Where a link came folded, put it into the address as if the page had been opened with it."""
    text = st.query_params.get(FOLDED)
    if text is not None:
        streamlit_compat.replace_query_string(text, without=FOLDED)  # a link within the link is ignored
        forget_link()


def link_notes(page: str, controls_of: Callable[[Link], Sequence[Control]], *, plays: bool = False) -> list[str]:
    """What in the link that opened `page` could not be used, in words; looked at once, before any widget is.

    controls_of: every control there is on the page under a link; plays: whether the page has a run that can start.
    """
    unfold_link()
    st.session_state.shown = ShownPage(page, controls_of, plays)
    known: tuple[str, list[str]] | None = st.session_state.get("link_notes")
    if known is not None and known[0] == page:
        return known[1]
    link = st.query_params.to_dict()
    controls = controls_of(link)
    notes = _faults(link, controls)
    st.session_state.link_notes = (page, notes)
    st.session_state.plays_at_once = presentation().play
    if link:
        st.session_state.links_opened = st.session_state.get("links_opened", 0) + 1
        for control in controls:
            if control.name in link and control.error_in(link[control.name]) is not None:
                streamlit_compat.forget_query_param(
                    control.name
                )  # a widget might make something of it, and not the default
            control.apply_link(link)
    return notes


def _faults(link: Link, controls: Sequence[Control]) -> list[str]:
    named = {control.name: control for control in controls}
    notes = []
    for name, text in link.items():
        if name in (HIDE, LOCK):
            strange = [each for each in names_in(text) if each not in named]
            notes += [f"`{name}` names `{plain_text(each)}`, which is not a setting here" for each in strange]
        elif name in SWITCHES:
            if text.lower() not in ("true", "false"):
                notes.append(f"`{name}` must be true or false, not `{plain_text(text)}`; it is taken for false")
        elif name in ROUTE:
            continue  # the lesson itself says what is wrong with it
        elif name not in named:
            notes.append(f"`{plain_text(name)}` is not a setting here")
        elif (fault := named[name].error_in(text)) is not None:
            notes.append(f"`{name}` {fault}, not `{plain_text(text)}`; the default is used")
    return notes[:8]


def plain_text(text: str, longest: int = 40) -> str:
    """Text from a link, short and without anything that Markdown would understand."""
    return "".join(letter if letter.isalnum() or letter in " ._-+" else "?" for letter in text[:longest]) or " "
