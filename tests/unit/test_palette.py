"""Class colours: told apart by every eye, readable on both backgrounds, and the same in Python and JavaScript."""

import re
import tomllib
from itertools import combinations

import numpy as np
import pytest
from colorspacious import cspace_convert

from cl_core.palette import CLASS_COLOURS, CLASS_RINGS, HUES, INK, RING_INK
from tests import ROOT
from tests.colours import contrast

LEAST_DISTANCE = 14.0  # CAM02-UCS; the ten of Petroff (2021, arXiv:2107.02270) reach 14.5, the former ten 10.9
RING_CONTRAST = 3.0  # WCAG 2.2, 1.4.11
CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]


def uniform(colours: tuple[str, ...], deficiency: str | None) -> np.ndarray:
    """Return CAM02-UCS coordinates of colours as seen with a complete colour vision deficiency (Machado 2009)."""
    rgb = np.array([list(bytes.fromhex(colour[1:])) for colour in colours]) / 255
    if deficiency:
        space = {"name": "sRGB1+CVD", "cvd_type": deficiency, "severity": 100}
        rgb = np.clip(cspace_convert(rgb, space, "sRGB1"), 0, 1)
    return cspace_convert(rgb, "sRGB1", "CAM02-UCS")


def least_distance(colours: tuple[str, ...], deficiency: str | None) -> float:
    return min(float(np.linalg.norm(a - b)) for a, b in combinations(uniform(colours, deficiency), 2))


@pytest.mark.parametrize("deficiency", [None, "deuteranomaly", "protanomaly", "tritanomaly"])
def test_any_two_class_colours_are_far_apart(deficiency: str | None) -> None:
    for colours in (CLASS_COLOURS.light, CLASS_COLOURS.dark):
        assert least_distance(tuple(colours), deficiency) >= LEAST_DISTANCE


def test_distance_matches_the_published_one_of_petroff() -> None:
    """Petroff reports a least distance of about 14.5 for ten colours over all severities of two deficiencies."""
    petroff = (
        "#3f90da",
        "#ffa90e",
        "#bd1f01",
        "#94a4a2",
        "#832db6",
        "#a96b59",
        "#e76300",
        "#b9ac70",
        "#717581",
        "#92dadd",
    )
    distances = [least_distance(petroff, deficiency) for deficiency in (None, "deuteranomaly", "protanomaly")]
    assert min(distances) == pytest.approx(14.5, abs=1.0)


def test_rings_contrast_with_the_page() -> None:
    for theme in ("light", "dark"):
        background = CONFIG[theme]["backgroundColor"]
        assert all(contrast(ring, background) >= RING_CONTRAST for ring in getattr(CLASS_RINGS, theme))


def test_a_class_has_one_hue_with_one_name_in_both_themes() -> None:
    assert len(HUES) == 10
    assert tuple(CLASS_COLOURS.light) == tuple(CLASS_COLOURS.dark) == tuple(HUES.values())


def test_rings_are_mixed_as_in_the_browser_with_the_colour_of_the_page_text() -> None:
    source = (ROOT / "cl_core" / "components" / "_shared" / "colour.js").read_text()
    assert [float(share) for share in re.findall(r"RING_INK = ([\d.]+);", source)] == [RING_INK]
    assert (INK.light[0], INK.dark[0]) == (CONFIG["light"]["textColor"], CONFIG["dark"]["textColor"])
