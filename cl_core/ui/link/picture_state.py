"""What a picture was left at, in the link: points that were dragged, a place that is kept, an image that is chosen."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from cl_core.ui.link.controls import Control, Link, set_query_param

Places = tuple[tuple[float, ...], ...]

_NUMBER = re.compile(r"-?\d{1,3}(\.\d{1,16})?", re.ASCII)
_WIDTH = 22  # letters that a number and what follows it may take


@dataclass(frozen=True)
class PictureState(Control):
    """What no widget shows, and a picture tells: places of one or more numbers, as `0.5,0.25;-1,0`; "" for none.

    It belongs to a scope, by any name: in another one it is forgotten, since the third image of another batch is
    another image. What a link gives is of the scope that asks first.

    Attributes:
        places: the least and the most places there may be.
        numbers: the least and the most numbers in a place.
        whole: whether they are counted rather than measured.
    """

    places: tuple[int, int] = (1, 1)
    numbers: tuple[int, int] = (2, 2)
    whole: bool = False

    def error_in(self, text: str) -> str | None:
        """What is wrong with this text from a link, in words; None where it can be used."""
        if not text or self._places_in(text):
            return None
        kind = "whole numbers" if self.whole else "numbers"
        count, size = (f"{a}" if a == b else f"{a} to {b}" for a, b in (self.places, self.numbers))
        several = f", {count} times, with ; between" if self.places != (1, 1) else ""
        return f"must be {size} {kind} from {self.low:g} to {self.high:g}, with commas between{several}"

    def apply_link(self, link: Link) -> None:
        """A link has been opened: nothing is known any more but what it says."""
        st.session_state[self.name] = self.parse(link.get(self.name))
        st.session_state.pop(self._scope, None)

    def current(self, scope: str = "") -> Places:
        """What it was left at in this scope; empty where that is nothing."""
        values = st.session_state
        if values.setdefault(self._scope, scope) != scope:
            self.save((), scope)
        text = values.setdefault(self.name, self.parse(st.query_params.get(self.name)))
        set_query_param(self.name, text or None)
        return self._places_in(text)

    def save(self, places: Sequence[Sequence[float]], scope: str = "") -> None:
        """Remember it, and say it in the address; nothing, if it is what the picture begins with."""
        text = ";".join(",".join(_short(number) for number in place) for place in places)
        st.session_state[self._scope] = scope
        st.session_state[self.name] = text
        set_query_param(self.name, text or None)

    @property
    def _scope(self) -> str:
        return f"{self.name} of"

    def _places_in(self, text: str) -> Places:
        """The places that a text names; empty where it is none that can be used."""
        least, most = self.places
        if len(text) > _WIDTH * most * self.numbers[1]:
            return ()
        found = tuple(self._place_in(place) for place in text.split(";"))
        return found if least <= len(found) <= most and all(found) else ()

    def _place_in(self, text: str) -> tuple[float, ...]:
        written = text.split(",")
        least, most = self.numbers
        if not least <= len(written) <= most or not all(_NUMBER.fullmatch(number) for number in written):
            return ()
        found = tuple(float(number) for number in written)
        fits = all(self.low <= number <= self.high and (number.is_integer() or not self.whole) for number in found)
        return found if fits else ()


def _short(number: float) -> str:
    """As few digits as say exactly this number."""
    return np.format_float_positional(number + 0.0, precision=16, trim="-")


def mount_key(key: str) -> str:
    """The key, or group, of a picture that begins again with every link that is opened."""
    opened = st.session_state.get("links_opened", 0)
    return key if opened < 2 else f"{key}_{opened}"
