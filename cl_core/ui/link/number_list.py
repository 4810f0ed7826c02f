"""A field for a list of numbers, which is written into the query string."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any

import streamlit as st

from cl_core.data.errors import ExplainedError
from cl_core.ui.link.control import Control, set_query_param

MAX_LENGTH = 300  # characters


@dataclass(frozen=True)
class NumberList(Control):
    """A field for numbers with commas between; its value is the text, "" for those that the page proposes.

    Attributes:
        most: largest number of numbers.
        placeholder: what an empty field shows.
    """

    most: int = 15
    placeholder: str = ""

    @property
    def is_menu(self) -> bool:
        """Whether its value is in the session, and it writes the address itself."""
        return True

    def _widget(self, *, disabled: bool, on_change: Callable[[], None] | None) -> Any:
        text = st.session_state.setdefault(self.name, self.parse(st.query_params.get(self.name)))
        st.session_state[self._typed] = text

        def take() -> None:
            st.session_state[self.name] = st.session_state[self._typed].strip()
            if on_change is not None:
                on_change()

        st.text_input(
            self.label, key=self._typed, help=self.help or None, disabled=disabled, on_change=take,
            placeholder=self.placeholder, max_chars=MAX_LENGTH,
        )  # fmt: skip
        set_query_param(self.name, text if text and self.error_in(text) is None else None)
        return text

    @property
    def _typed(self) -> str:
        """Key of the widget."""
        return f"{self.name}_typed"

    def numbers(self, text: str) -> tuple[float, ...]:
        """Return the numbers of a text, ascending and each once.

        Args:
            text: what was typed.

        Raises:
            ValueError: when a part is no number or out of range, or when there are too many of them.
        """
        parts = [part for part in re.split(r"[,;\s]+", text.strip()) if part]
        try:
            numbers = sorted({float(part) for part in parts})
        except ValueError:
            raise ExplainedError(f"{self.label}: “{text[:40]}” must be numbers with commas between") from None
        wrong = [number for number in numbers if not isfinite(number) or not self.low <= number <= self.high]
        if wrong:
            raise ExplainedError(f"{self.label}: {wrong[0]:g} must lie between {self.low:g} and {self.high:g}")
        if len(numbers) > self.most:
            raise ExplainedError(f"{self.label}: {len(numbers)} numbers are too many; at most {self.most}")
        return tuple(numbers)

    def error_in(self, text: str) -> str | None:
        """Validate a text from a link.

        Args:
            text: the value of the query parameter.

        Returns:
            What the text must be, to be completed to a sentence by the caller; None if it is valid.
        """
        try:
            if len(text) <= MAX_LENGTH:
                self.numbers(text)
                return None
        except ValueError:
            pass
        return f"must be at most {self.most} numbers from {self.low:g} to {self.high:g}, with commas between"

    def parse(self, text: str | None) -> str:
        """Return a text from a link; "" if there is none, or it is not valid."""
        return text if text is not None and self.error_in(text) is None else ""
