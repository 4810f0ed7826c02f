"""A widget that is bound to a query parameter: its value comes from the link and is shown in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from cl_core.ui.link.presentation import note_rendered, presentation
from cl_core.ui.server import streamlit_compat

Link = Mapping[str, str]  # query parameters by name


@dataclass(frozen=True)
class Control:
    """A widget that is bound to the query parameter of its name.

    Attributes:
        name: key of the widget, and name of the query parameter.
        label: label of the widget, as Markdown.
        default: default value, which links leave out; other values have the same type.
        help: tooltip, as Markdown.
        options: values to choose from; without them the value is a number, or a switch if the default is a bool.
        low: smallest number.
        high: largest number.
        step: step of the slider or the number input.
        row: whether the options stand side by side, instead of in a drop-down list or on a slider.
        aliases: other names that links may have for it.
        option_aliases: other names that links may have for its options -> option.
        titles: option -> what the menu shows for it; an option that is not in it is shown as it is. Links hold the
            option.
    """

    name: str
    label: str
    default: Any
    help: str = ""
    options: Sequence[Any] = ()
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    row: bool = False
    aliases: tuple[str, ...] = ()
    option_aliases: Mapping[str, str] = field(default_factory=dict, hash=False)
    titles: Mapping[Any, str] = field(default_factory=dict, hash=False)

    def render(self, *, disabled: bool = False, on_change: Callable[[], None] | None = None) -> Any:
        """Show the widget, unless the link hides it.

        Args:
            disabled: whether the widget is disabled; it is also if the link locks it.
            on_change: callback for a change by the visitor.

        Returns:
            The value.
        """
        view = presentation()
        note_rendered(self.name, free=view.is_free(self.name))
        if self.name in view.hide:
            return self._hidden_value()
        return self._widget(disabled=disabled or self.name in view.lock, on_change=on_change)

    def _hidden_value(self) -> Any:
        """Return the value without a widget, and set it in the session and the query string as a widget would."""
        value = st.session_state.get(self.name)
        if value is None:
            value = self.parse(st.query_params.get(self.name))
        elif not self.accepts(value):
            value = self.default
        st.session_state[self.name] = value
        set_query_param(self.name, None if value == self.default else to_text(value))
        return value

    @property
    def is_menu(self) -> bool:
        """Whether it is a menu of texts, which shows titles."""
        return bool(self.options) and isinstance(self.default, str)

    def title_of(self, option: Any) -> str:
        """Return what the menu shows for an option."""
        return self.titles.get(option, str(option))

    def _widget(self, *, disabled: bool, on_change: Callable[[], None] | None) -> Any:
        common: dict[str, Any] = {
            "key": self.name, "help": self.help or None, "disabled": disabled, "on_change": on_change,
        }  # fmt: skip
        if self.is_menu:
            return self._menu(**common)
        bound = {**common, "bind": "query-params"}
        if isinstance(self.default, bool):
            return st.toggle(self.label, self.default, **bound)
        if self.options:
            return st.select_slider(self.label, self.options, self.default, **bound)
        kind = type(self.default)
        low, high, step = kind(self.low), kind(self.high), kind(self.step)
        if kind is int and high - low > 1000:
            return st.number_input(self.label, low, high, self.default, step, **bound)
        return st.slider(self.label, low, high, self.default, step, **bound)

    def _menu(self, **common: Any) -> Any:
        """Show a menu of titles, and write the option into the query string.

        Streamlit would write the title of a bound menu. `persist_state` keeps the value, as a binding does, while the
        menu is not shown.
        """
        if self.name not in st.session_state:
            st.session_state[self.name] = self.parse(st.query_params.get(self.name))
        unbound = {**common, "format_func": self.title_of, "persist_state": "page"}
        if self.row:
            value = st.segmented_control(
                self.label, self.options, default=self.default, required=True, label_visibility="collapsed", **unbound
            )
        else:
            value = st.selectbox(self.label, self.options, self.options.index(self.default), **unbound)
        set_query_param(self.name, None if value == self.default else value)
        return value

    def parse(self, text: str | None) -> Any:
        """Parse a value from a link.

        Args:
            text: the value of the query parameter; None if the link does not have it.

        Returns:
            The value, or the default if the text is None or cannot be used.
        """
        if text is None or self.error_in(text) is not None:
            return self.default
        if isinstance(self.default, bool):
            return text.lower() == "true"
        if self.options:
            return next(option for option in self.options if str(option) == text)
        return type(self.default)(text)

    def error_in(self, text: str) -> str | None:
        """Validate a value from a link.

        Args:
            text: the value of the query parameter.

        Returns:
            What the value must be, to be completed to a sentence by the caller; None if it is valid.
        """
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
        """Return whether this is a valid value of the control."""
        return value is not None and self.error_in(to_text(value)) is None

    @property
    def session_keys(self) -> tuple[str, ...]:
        """Keys of the session state that hold the value and what belongs to it."""
        return (self.name,)

    def apply_link(self, link: Link) -> None:
        """Take the value of a link that has just been opened, or the default if the link does not name the control."""
        if self.default is not None:
            st.session_state[self.name] = self.parse(link.get(self.name))


def to_text(value: Any) -> str:
    """Return a value as the text of a query parameter."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def set_query_param(name: str, text: str | None) -> None:
    """Set a query parameter, unless a widget is bound to it.

    Args:
        name: name of the parameter.
        text: its value; None removes it.
    """
    if streamlit_compat.is_bound(name):
        return
    if text is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != text:
        st.query_params[name] = text
