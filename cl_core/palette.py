"""The colours of all charts and pictures, chosen to be told apart with colour-blind eyes."""

from collections.abc import Sequence
from typing import NamedTuple


class Palette(NamedTuple):
    """Colours as #rrggbb, one for each class or a single one, for two backgrounds.

    Attributes:
        light: colours on a light background.
        dark: colours on a dark background.
    """

    light: Sequence[str]
    dark: Sequence[str]


# Ten colours as far apart as a search in OKLab could place them. The distance of two colours is the least of four: with
# normal vision, protanopia, deuteranopia and tritanopia (matrices of Machado, Oliveira and Fernandes 2009). Each has a
# contrast of at least 3:1 with its background (WCAG 2.2, 1.4.11).
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

# Positive and negative pairs and their forces, and the kinds of triplets: after Okabe and Ito (2008).
POSITIVE = Palette(light=("#0072b2",), dark=("#56b4e9",))
NEGATIVE = Palette(light=("#d55e00",), dark=("#ff8a3d",))
EASY, SEMIHARD, HARD = "#009e73", "#e69f00", "#d55e00"
# Tells the kinds apart without colours: the harder, the fuller the disc.
KIND_SYMBOLS = {"easy": "○", "semihard": "◐", "hard": "●"}

# On a plane of the loss the boundary must differ from a blue circle, an orange diamond and the colour of the text. The
# field of loss values stays behind all of them: from the background's colour to HIGHEST, where the loss is highest.
BOUNDARY = Palette(light=("#b3004f",), dark=("#ff77b0",))
HIGHEST_LOSS = Palette(light=("#97a2da",), dark=("#434f9b",))
