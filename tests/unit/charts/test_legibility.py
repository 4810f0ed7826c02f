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
def test_names_of_lines_close_together_do_not_collide(
    raw: float, untrained: float, sides: set[tuple[str, int]]
) -> None:
    """From one error to another 1.6 times as large are 20 pixels; a name is 12 high and stands 8 or 9 from its line."""
    layers = [part["mark"] for layer in charts.score_chart(raw, untrained)["layer"] for part in layer.get("layer", [])]
    assert {(mark["align"], mark["dy"]) for mark in layers if mark["type"] == "text"} == sides


def test_big_type_enlarges_type_and_height_and_leaves_the_data_alone() -> None:
    usual = charts.loss_chart(References(4.84, 2.49, 0.9, 10))
    big = charts.enlarge(usual)
    assert big["height"] == round(usual["height"] * FACTOR)
    sizes = re.findall(r'"fontSize": ([\d.]+)', json.dumps(big))
    assert sizes
    assert {float(size) for size in sizes} == {12 * FACTOR}
    assert json.dumps(4.84) in json.dumps(big)


SMALL, LINES = 4.5, 3.0  # contrasts that WCAG asks of text, and of what is drawn
PAPERS = ("#ffffff", "#11141b")


@pytest.mark.parametrize(("one", "other", "ratio"), [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48)])
def test_the_contrast_is_that_of_known_pairs(one: str, other: str, ratio: float) -> None:
    """Black on white by definition; #777 on white is the well-known grey that just fails."""
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)


def lines() -> list[str]:
    from cl_core.charts import curves, experiments, race

    return [curves.SCORE, curves.DRAWN, curves.GUIDE, curves.CURSOR, *experiments.RATE_COLOURS,
            *(runner.colour for runner in race.RUN_STYLES)]  # fmt: skip


def test_lines_of_charts_stand_out_from_either_paper() -> None:
    for colour in lines():
        for paper in PAPERS:
            assert contrast(colour, paper) >= LINES, (colour, paper)


def test_pairs_boundary_and_names_in_areas_can_be_read() -> None:
    from cl_core import palette
    from cl_core.charts.triplet_kinds import INK

    for each in (palette.POSITIVE, palette.NEGATIVE, palette.BOUNDARY):
        for shades, paper in zip((each.light, each.dark), PAPERS, strict=True):
            assert all(contrast(colour, paper) >= LINES for colour in shades)
    for fill in (palette.EASY, palette.SEMIHARD, palette.HARD):
        assert contrast(INK, fill) >= SMALL
