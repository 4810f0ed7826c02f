"""Every figure of every page has an alternative text that holds its numbers."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1.element_tree import Block, Element

from cl_core.components.envelope import unpack
from cl_core.ui.widgets.chart import SCREEN_READER_ONLY
from tests.pages.apptest import FAST_RACE, FAST_TRAINING, open_page, run_until

TEXT_ONLY = {"timeline", "ranking", "visit", "reload"}  # components of text and controls, without a picture

VIEWS: list[tuple[str, dict[str, str], set[str]]] = [  # page, link, and types of figures that it must have
    ("start", {}, set()),
    ("triplets", {}, {"bidi_component"}),
    ("triplets", {"part": "a real batch"}, {"vega_lite_chart", "bidi_component"}),
    ("triplets", {"part": "over a run"}, {"bidi_component"}),
    ("triplets", {"part": "every triplet", "counted": "500"}, {"vega_lite_chart", "image"}),
    ("boundaries", {}, {"bidi_component"}),
    ("boundaries", {"plane": "angles", "loss": "l_softmax"}, {"vega_lite_chart", "bidi_component"}),
    ("batch", {}, {"vega_lite_chart", "bidi_component"}),
    ("training", FAST_TRAINING, {"vega_lite_chart", "bidi_component"}),
    ("training", FAST_TRAINING | {"view": "density"}, {"vega_lite_chart", "bidi_component"}),
    ("compare", FAST_RACE, {"bidi_component"}),
    ("experiments", {}, {"vega_lite_chart"}),
    ("experiments", {"part": "one thing at a time"}, {"vega_lite_chart"}),
    ("experiments", {"part": "pictures"}, {"vega_lite_chart"}),
    ("experiments", {"part": "one cell"}, {"plotly_chart"}),
    ("glossary", {}, {"graphviz_chart"}),
    ("lessons", {}, set()),
    ("break_it", {}, set()),
]


def elements_of(block: Element | Block) -> Iterator[tuple[Element, Element | None]]:
    """Yield all elements of a page, each with the element that follows it in its container."""
    children = list(block.children.values()) if isinstance(block, Block) else []
    for i, node in enumerate(children):
        if isinstance(node, Block):
            yield from elements_of(node)
        else:
            after = children[i + 1] if i + 1 < len(children) else None
            yield node, after if isinstance(after, Element) else None


def alt_text_of(figure: Element, after: Element | None) -> str | None:
    """Return the alternative text of a figure; None for an element that is no figure."""
    proto: Any = figure.proto
    match figure.type:
        case "vega_lite_chart":
            text_beside = (
                after.proto.body
                if after is not None and after.type == "html" and SCREEN_READER_ONLY in after.proto.body
                else ""
            )
            return f"{json.loads(proto.spec).get('description', '')} {re.sub('<[^>]*>', '', text_beside)}".strip()
        case "plotly_chart" | "graphviz_chart":
            return str(proto.alt)
        case "image":
            return " ".join(image.alt for image in proto.imgs)
        case "bidi_component":
            header, _ = unpack(bytes(proto.bytes))
            name = proto.component_name.rpartition("_")[2]
            return None if name in TEXT_ONLY else str(header.get("alt", ""))
    return None


@pytest.mark.parametrize(("name", "link", "expected"), VIEWS)
def test_every_figure_of_every_page_has_alt_text_with_numbers(
    pool: object, name: str, link: dict[str, str], expected: set[str]
) -> None:
    page = open_page(name, **link)
    app = run_until(page, lambda app: expected <= {element.type for element, _ in elements_of(app._tree[0])})
    if name == "compare":  # its pictures are empty until the first frame
        run_until(app, lambda app: app.session_state.race.progress().step >= 0)
    for figure, after in elements_of(app._tree[0]):
        text = alt_text_of(figure, after)
        if text is None:
            continue
        assert text, figure.type
        assert figure.type == "graphviz_chart" or re.search(r"\d", text), (figure.type, text)
