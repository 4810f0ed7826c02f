"""A menu of classes, several of which can be chosen, whose labels are written into the query string."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from cl_core.training.config import parse_labels
from cl_core.ui.link.control import Control, set_query_param


@dataclass(frozen=True)
class ClassChoice(Control):
    """A menu of classes; its value is a text such as "7,8,9" of ascending labels, or "" for none.

    Attributes:
        names: returns the names of the classes of the data set on the page, in the order of their labels.
    """

    names: Callable[[], Sequence[str]] = field(default=tuple, compare=False)

    @property
    def is_menu(self) -> bool:
        """Whether it is a menu of texts: its value is in the session, and it writes the address."""
        return True

    def _widget(self, *, disabled: bool, on_change: Callable[[], None] | None) -> Any:
        names = dict(enumerate(self.names()))
        text = st.session_state.setdefault(self.name, self.parse(st.query_params.get(self.name)))
        labels = parse_labels(text)
        if unknown := [label for label in labels if label not in names]:
            st.caption(
                f":material/info: This data set has no class with the label {', '.join(map(str, unknown))}; it has "
                f"{len(names)} classes."
            )
        st.session_state[self._chosen] = [label for label in labels if label in names]

        def take() -> None:
            st.session_state[self.name] = ",".join(map(str, sorted(st.session_state[self._chosen])))
            if on_change is not None:
                on_change()

        chosen = st.multiselect(
            self.label, tuple(names), key=self._chosen, format_func=names.__getitem__, help=self.help or None,
            disabled=disabled, on_change=take, placeholder="none",
        )  # fmt: skip
        set_query_param(self.name, text or None)
        return ",".join(map(str, sorted(chosen)))

    @property
    def _chosen(self) -> str:
        """Key of the widget."""
        return f"{self.name}_labels"

    def error_in(self, text: str) -> str | None:
        """Validate a text from a link.

        Args:
            text: the value of the query parameter.

        Returns:
            What the text must be, to be completed to a sentence by the caller; None if it is valid.
        """
        try:
            parse_labels(text)
        except ValueError:
            return "must be labels of classes with commas between, such as 7,8,9"
        return None

    def parse(self, text: str | None) -> str:
        """Return the labels of a text from a link in ascending order; "" if there is none, or it is not valid."""
        if text is None or self.error_in(text) is not None:
            return ""
        return ",".join(map(str, parse_labels(text)))
