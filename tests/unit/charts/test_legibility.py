"""Charts can be read: labels do not overlap, large type is larger, and colours have the contrast that WCAG asks for."""

import json
import re

import pytest

from cl_core import charts
from cl_core.charts.large_type import FACTOR
from cl_core.training.frames import References
from tests.colours import contrast


@pytest.mark.parametrize(
    ("raw", "untrained", "sides"),
    [
        (0.91, 0.80, {("right", 9)}),
        (0.90, 0.89, {("right", 9), ("right", -8)}),
        (1.0, 0.99, {("right", 9), ("left", 9)}),
    ],
)
def test_labels_of_close_lines_do_not_overlap(raw: float, untrained: float, sides: set[tuple[str, int]]) -> None:
    """Errors whose ratio is 1.6 are 20 pixels apart; a label is 12 pixels high, and 8 or 9 pixels from its line."""
    layers = [part["mark"] for layer in charts.score_chart(raw, untrained)["layer"] for part in layer.get("layer", [])]
    assert {(mark["align"], mark["dy"]) for mark in layers if mark["type"] == "text"} == sides


def test_large_type_enlarges_type_and_height_and_keeps_data() -> None:
    chart = charts.loss_chart(References(4.84, 2.49, 0.9, 10))
    enlarged = charts.enlarge(chart)
    assert enlarged["height"] == round(chart["height"] * FACTOR)
    sizes = re.findall(r'"fontSize": ([\d.]+)', json.dumps(enlarged))
    assert sizes
    assert {float(size) for size in sizes} == {12 * FACTOR}
    assert json.dumps(4.84) in json.dumps(enlarged)


TEXT_CONTRAST, LINE_CONTRAST = 4.5, 3.0  # that WCAG asks for, of text and of graphics
BACKGROUNDS = ("#ffffff", "#11141b")


@pytest.mark.parametrize(("one", "other", "ratio"), [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48)])
def test_contrast_matches_known_pairs(one: str, other: str, ratio: float) -> None:
    """Black on white by definition; #777 on white is the well-known grey that just fails."""
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)


def line_colours() -> list[str]:
    from cl_core.charts import curves, experiments, race

    return [curves.SCORE, curves.DRAWN, curves.GUIDE, curves.CURSOR, *experiments.RATE_COLOURS,
            *(runner.colour for runner in race.RUN_STYLES)]  # fmt: skip


def test_line_colours_contrast_with_light_and_dark_background() -> None:
    for colour in line_colours():
        for background in BACKGROUNDS:
            assert contrast(colour, background) >= LINE_CONTRAST, (colour, background)


def test_colours_of_pairs_boundary_and_kinds_have_enough_contrast() -> None:
    from cl_core import palette
    from cl_core.charts.triplet_kinds import INK

    for role in (palette.POSITIVE, palette.NEGATIVE, palette.BOUNDARY):
        for shades, background in zip((role.light, role.dark), BACKGROUNDS, strict=True):
            assert all(contrast(colour, background) >= LINE_CONTRAST for colour in shades)
    for fill in (palette.EASY, palette.SEMIHARD, palette.HARD):
        assert contrast(INK, fill) >= TEXT_CONTRAST
