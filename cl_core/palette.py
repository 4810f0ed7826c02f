"""The colours of all charts and pictures, chosen to be told apart with colour-blind eyes."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple


class Palette(NamedTuple):
    """Colours as #rrggbb, one for each class or a single one, for two backgrounds.

    Attributes:
        light: colours on a light background.
        dark: colours on a dark background.
    """

    light: Sequence[str]
    dark: Sequence[str]


# Ten hues that people name alike, the same for a class on both backgrounds. A search within each name's range placed
# them far apart: any two differ by 14.8 or more in CAM02-UCS, with normal vision, deuteranopia, protanopia and
# tritanopia (Machado, Oliveira and Fernandes 2009). Digits that networks confuse have hues that differ much: 4, 7 and 9
# are purple, grey and pink, 3, 5 and 8 red, green and yellow.
HUES: Mapping[str, str] = MappingProxyType(
    {
        "blue": "#3e67ff",
        "orange": "#f87a1f",
        "cyan": "#55e4fe",
        "red": "#e31604",
        "purple": "#60349b",
        "green": "#4ab56e",
        "brown": "#6c4230",
        "grey": "#727572",
        "yellow": "#e6d95e",
        "pink": "#f199bd",
    }
)
CLASS_COLOURS = Palette(light=tuple(HUES.values()), dark=tuple(HUES.values()))
# Pale hues are bright on white, and dark ones on black: points have rings in a mixture of their hue and the text's
# colour, with a contrast of at least 3:1 with the background (WCAG 2.2, 1.4.11). Thin lines and text have it too.
INK = Palette(light=("#121722",), dark=("#e9ecf4",))  # the colours of text in .streamlit/config.toml
RING_INK = 0.45  # share of the text's colour in a ring; `colour.js` has the same


def _ringed(hues: Sequence[str], ink: str) -> tuple[str, ...]:
    mixed = [
        [
            round(a * (1 - RING_INK) + b * RING_INK)
            for a, b in zip(bytes.fromhex(hue[1:]), bytes.fromhex(ink[1:]), strict=True)
        ]
        for hue in hues
    ]
    return tuple(f"#{bytes(colour).hex()}" for colour in mixed)


CLASS_RINGS = Palette(
    light=_ringed(CLASS_COLOURS.light, INK.light[0]),
    dark=_ringed(CLASS_COLOURS.dark, INK.dark[0]),
)

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
