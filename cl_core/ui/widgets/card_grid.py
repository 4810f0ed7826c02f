"""A grid of cards, with as many in a row as the window has room for: `page.css` sets it."""

import re

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def card_grid(name: str) -> DeltaGenerator:
    """Begin a grid; every container within it is a card.

    Args:
        name: name of the grid, of which its Streamlit key is made: one of a kind on its page.

    Returns:
        The container, to use with `with`.
    """
    return st.container(key=f"cards_{re.sub(r'[^a-z]+', '_', name.lower())}")
