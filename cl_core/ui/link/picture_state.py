"""State that is set in a picture and stored in the query string: dragged points, a pinned place, a chosen image."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from cl_core.ui.link.control import Control, Link, set_query_param

Places = tuple[tuple[float, ...], ...]

_NUMBER = re.compile(r"-?\d{1,6}(\.\d{1,16})?", re.ASCII)
_NUMBER_LENGTH = 22  # most characters of a number with its separator


@dataclass(frozen=True)
class PictureState(Control):
    """State set in a picture, stored in the query string as places of one or more numbers.

    Its text is such as `0.5,0.25;-1,0`, or "" for none. It belongs to a scope, named by any text, and is dropped in
    another scope, because the third image of another batch is another image. The value from a link belongs to the scope
    that is asked for first.

    Attributes:
        places: smallest and largest number of places.
        numbers: smallest and largest number of numbers in a place.
        whole: whether the numbers must be integers.
    """

    places: tuple[int, int] = (1, 1)
    numbers: tuple[int, int] = (2, 2)
    whole: bool = False

    def error_in(self, text: str) -> str | None:
        """Validate a text from a link.

        Args:
            text: the value of the query parameter.

        Returns:
            What the text must be, to be completed to a sentence by the caller; None if it is valid.
        """
        if not text or self._places_in(text):
            return None
        kind = "whole numbers" if self.whole else "numbers"
        count, size = (f"{a}" if a == b else f"{a} to {b}" for a, b in (self.places, self.numbers))
        repetition = f", {count} times, with ; between" if self.places != (1, 1) else ""
        return f"must be {size} {kind} from {self.low:g} to {self.high:g}, with commas between{repetition}"

    @property
    def session_keys(self) -> tuple[str, ...]:
        """Keys of the session state that hold the text and its scope."""
        return (self.name, self._scope)

    def apply_link(self, link: Link) -> None:
        """Take the value of a link that has just been opened, in whichever scope is asked for first."""
        st.session_state[self.name] = self.parse(link.get(self.name))
        st.session_state.pop(self._scope, None)

    def current(self, scope: str = "") -> Places:
        """Return the places in a scope; a change of scope drops them.

        Args:
            scope: name of the scope, such as that of the batch on the page.

        Returns:
            The places; empty if none are set.
        """
        session = st.session_state
        if session.setdefault(self._scope, scope) != scope:
            self.save((), scope)
        text = session.setdefault(self.name, self.parse(st.query_params.get(self.name)))
        set_query_param(self.name, text or None)
        return self._places_in(text)

    def save(self, places: Sequence[Sequence[float]], scope: str = "") -> None:
        """Store places in the session and the query string.

        Args:
            places: the places; empty for the picture's initial state.
            scope: name of the scope that they belong to.
        """
        text = ";".join(",".join(_short(number) for number in place) for place in places)
        st.session_state[self._scope] = scope
        st.session_state[self.name] = text
        set_query_param(self.name, text or None)

    @property
    def _scope(self) -> str:
        return f"{self.name} of"

    def _places_in(self, text: str) -> Places:
        """Parse a text; empty if it is not valid."""
        least, most = self.places
        if len(text) > _NUMBER_LENGTH * most * self.numbers[1]:
            return ()
        places = tuple(self._place_in(place) for place in text.split(";"))
        return places if least <= len(places) <= most and all(places) else ()

    def _place_in(self, text: str) -> tuple[float, ...]:
        parts = text.split(",")
        least, most = self.numbers
        if not least <= len(parts) <= most or not all(_NUMBER.fullmatch(part) for part in parts):
            return ()
        numbers = tuple(float(part) for part in parts)
        fits = all(self.low <= number <= self.high and (number.is_integer() or not self.whole) for number in numbers)
        return numbers if fits else ()


def _short(number: float) -> str:
    """Return the shortest decimal that parses to exactly this number."""
    return np.format_float_positional(number + 0.0, precision=16, trim="-")


def mount_key(key: str) -> str:
    """Return a Streamlit key that changes with every link that is opened, so that the picture is mounted anew.

    Args:
        key: key of a component, or group of pictures.

    Returns:
        `key` itself until a second link is opened in the session.
    """
    opened = st.session_state.get("links_opened", 0)
    return key if opened < 2 else f"{key}_{opened}"
