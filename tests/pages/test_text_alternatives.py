"""Every figure of every page says in words, with its numbers, what it shows."""

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1.element_tree import Block, Element

from cl_core import charts
from cl_core.analysis import similarity_plane
from cl_core.charts.large_type import FACTOR
from cl_core.components.envelope import unpack
from cl_core.losses import LOSSES
from cl_core.training.frames import References
from cl_core.ui.widgets.chart import SCREEN_READER_ONLY
from tests.colours import contrast
from tests.pages.apptest import FAST_RACE, FAST_TRAINING, open_page, run_until

TEXT_ONLY = {"timeline", "ranking"}  # components that are made of text and controls, and hold no picture

VIEWS: list[tuple[str, dict[str, str], set[str]]] = [  # page, link, and what figures there are at least
    ("start", {}, set()),
    ("triplets", {}, {"bidi_component"}),
    ("triplets", {"part": "a real batch"}, {"vega_lite_chart", "bidi_component"}),
    ("triplets", {"part": "over a run"}, {"bidi_component"}),
    ("triplets", {"part": "every triplet", "counted": "500"}, {"vega_lite_chart", "image"}),
    ("boundaries", {}, {"bidi_component"}),
    ("boundaries", {"plane": "angles", "loss": "l_softmax"}, {"vega_lite_chart", "bidi_component"}),
    ("batch", {}, {"vega_lite_chart", "bidi_component"}),
    ("training", FAST_TRAINING, {"vega_lite_chart", "bidi_component"}),
    ("training", FAST_TRAINING | {"view": "density"}, {"vega_lite_chart", "plotly_chart"}),
    ("compare", FAST_RACE, {"bidi_component"}),
    ("experiments", {}, {"vega_lite_chart"}),
    ("experiments", {"part": "one thing at a time"}, {"vega_lite_chart"}),
    ("experiments", {"part": "pictures"}, {"vega_lite_chart"}),
    ("experiments", {"part": "one cell"}, {"plotly_chart"}),
    ("glossary", {}, {"graphviz_chart"}),
    ("lessons", {}, set()),
    ("break_it", {}, set()),
]


def elements(block: Element | Block) -> Iterator[tuple[Element, Element | None]]:
    """Everything on a page, each with what follows it in its container."""
    inside = list(block.children.values()) if isinstance(block, Block) else []
    for i, node in enumerate(inside):
        if isinstance(node, Block):
            yield from elements(node)
        else:
            after = inside[i + 1] if i + 1 < len(inside) else None
            yield node, after if isinstance(after, Element) else None


def words_of(figure: Element, after: Element | None) -> str | None:
    """What a figure says to those who do not see it; None of what is no figure."""
    proto: Any = figure.proto
    match figure.type:
        case "vega_lite_chart":
            beside = (
                after.proto.body
                if after is not None and after.type == "html" and SCREEN_READER_ONLY in after.proto.body
                else ""
            )
            return f"{json.loads(proto.spec).get('description', '')} {re.sub('<[^>]*>', '', beside)}".strip()
        case "plotly_chart" | "graphviz_chart":
            return str(proto.alt)
        case "image":
            return " ".join(each.alt for each in proto.imgs)
        case "bidi_component":
            header, _ = unpack(bytes(proto.bytes))
            name = proto.component_name.rpartition("_")[2]
            return None if name in TEXT_ONLY else str(header.get("alt", ""))
    return None


@pytest.mark.parametrize(("name", "link", "least"), VIEWS)
def test_every_figure_of_every_page_has_words_with_numbers(
    pool: object, name: str, link: dict[str, str], least: set[str]
) -> None:
    app = run_until(open_page(name, **link), lambda app: least <= {each.type for each, _ in elements(app._tree[0])})
    if name == "compare":  # its pictures stand empty until the first frame
        run_until(app, lambda app: app.session_state.race.progress().step >= 0)
    for each, after in elements(app._tree[0]):
        words = words_of(each, after)
        if words is None:
            continue
        assert words, each.type
        assert each.type == "graphviz_chart" or re.search(r"\d", words), (each.type, words)


@pytest.fixture
def curve() -> pd.DataFrame:
    """Rows of a race: one contender at steps 0 and 10, with a spread of 2 in a hundred at the second."""
    rows = {"kind": "A", "step": [0, 10], "value": [0.5, 0.25], "low": [0.5, 0.27], "high": [0.5, 0.23]}
    return pd.concat([pd.DataFrame(rows), pd.DataFrame({"kind": ["cursor"], "step": [10]})])


def test_words_have_the_numbers_of_the_step_that_is_looked_at(curve: pd.DataFrame) -> None:
    losses = np.array([4.0, 2.0, 3.0], np.float32)
    words = charts.loss_alt(References(4.84, 2.49, 0.9, 10), losses, 3)
    assert words == (
        "The loss is 3 at step 3; it began at 4, its least is 2 at step 2. Total collapse is 4.84, the floor 2.49."
    )
    assert charts.loss_alt(References(4.84, 5.0, 0.9, 10), losses[:0], 0) == (
        "No loss yet at step 0. Total collapse is 4.84."
    )
    assert charts.race_alt(curve, "knn", 10).endswith("at step 10: A 75.0% ± 2.0%.")
    assert charts.race_alt(curve, "knn", 9).endswith("at step 9: A 50.0%.")
    assert charts.race_alt(curve, charts.LOSS, 10).endswith("A 0.250 ± 0.020.")
    angles = {"degrees": np.array([0.0, 180.0]), "psi": np.array([1.0, -3.0]),
              "multiplied": np.array([1.0, 1.0]), "cos": np.array([1.0, -1.0])}  # fmt: skip
    assert charts.psi_alt(angles, (0, 90)) == "At 0, 90 degrees: ψ 1.00, -1.00; cos mθ 1.00, 1.00; cos θ 1.00, 0.00."


def test_a_plane_says_where_its_boundary_is() -> None:
    loss = LOSSES["circle"]
    field = charts.similarity_field(loss, {"margin": 0.25}, similarity_plane.similarity_plane(loss, {"margin": 0.25}))
    # on the circle of radius sqrt(2) m about (0, 1): 1 - 0.25 sqrt(2) at s_n = 0
    assert "0.65 at 0" in field.alt


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
