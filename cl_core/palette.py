"""One language of colours for every picture, to be told apart by colour-blind eyes."""

from collections.abc import Sequence
from typing import NamedTuple


class Palette(NamedTuple):
    """One colour a class, as #rrggbb: a list to be seen on light paper and one on dark."""

    light: Sequence[str]
    dark: Sequence[str]


# Ten colours as far apart as a search in OKLab could place them, the least of four distances counting: as they are,
# and as seen with protanopia, deuteranopia and tritanopia (matrices of Machado, Oliveira and Fernandes 2009). Each
# stands out from its paper by 3 to 1 at least (WCAG 2.2, 1.4.11).
# fmt: off
CLASS_COLOURS = Palette(
    light=(
        "#1103b9", "#63660d", "#cf7193", "#9c1aff", "#046ab2",
        "#959b09", "#993975", "#7c070f", "#6e93e1", "#5d1072",
    ),
    dark=(
        "#5474fd", "#f78908", "#f9aebc", "#ca2ebf", "#3ec175",
        "#d6f16f", "#ac7a93", "#f0112d", "#9af7ff", "#aea1fe",
    ),
)
# fmt: on

# What a pair is to its anchor, a force to a pair, and what a triplet is: after Okabe and Ito (2008).
POSITIVE = Palette(light=("#0072b2",), dark=("#56b4e9",))
NEGATIVE = Palette(light=("#d55e00",), dark=("#ff8a3d",))
EASY, SEMIHARD, HARD = "#009e73", "#e69f00", "#d55e00"
# Whoever sees no colours tells the kinds by how full a disc is: the harder, the fuller.
MARKS = {"easy": "○", "semihard": "◐", "hard": "●"}

# On a plane of the loss the boundary is to be told from a blue circle, an orange diamond and the ink of the text; the
# field recedes behind all of them, from the paper's colour to this one where the loss is highest.
BOUNDARY = Palette(light=("#b3004f",), dark=("#ff77b0",))
HIGHEST = Palette(light=("#97a2da",), dark=("#434f9b",))
