"""Every figure of every page says in words, with its numbers, what it shows."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1.element_tree import Block, Element

from cl_core.components.envelope import unpack
from cl_core.ui.widgets.chart import SCREEN_READER_ONLY
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
