"""What pages say: titles and not keys, and none of the phrases that PHRASES forbids."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from google.protobuf.message import Message  # type: ignore[import-untyped]
from streamlit.testing.v1 import AppTest

from cl_core.data import datasets
from cl_core.experiments import METHODS
from cl_core.losses import LOSSES, variants
from cl_core.losses.miners import MINERS
from cl_core.losses.parameters import Choice
from cl_core.teaching.failures import FAILURES
from cl_core.training import OPTIMISERS, RunSpec
from cl_core.training.encoders import ENCODERS
from cl_core.training.frames import PACES, SCORES
from tests import ROOT
from tests.pages.apptest import component_headers, open_from_link, route_pages_through_app

# keys that are words of the field or of English, as they stand in a sentence
ENGLISH = {
    "all", "anchor", "article", "base", "baseline", "batch", "blend", "circle", "cold", "cosine", "degrees", "easy",
    "failure", "fast", "flat", "half", "hard", "here", "hot", "in", "inside", "labels", "margin", "mining", "nonzero",
    "out", "plain", "recall", "released", "rings", "blobs", "scale", "seed", "slow", "softmax", "temperature",
    "triplet",    "twice", "unbounded", "unscaled", "alone", "encoder", "loss", "rate", "dim", "schedule",
    "convention", "points",
    "optimiser", "theta", "distance", "variant", "pool", "contrastive", "annealing", "k", "xi", "l2", "euclidean",
    "dataset", "probe",
}  # fmt: skip
PHRASES = (  # regular expressions, of whole texts where they begin with ^
    r"A question to keep", r"thousand million", r"Semi-hard ones run out", r"Who pulls whom", r"stop pushing\?",
    r"\bcontent\b", r"keep the place", r"^drawn$", r"total collapse", r"^floor\b", r"\bthe floor\b", r"flat-out",
    r"every-step", r"points live", r"rows a step", r"cover the planes", r"it shows by", r", not [<>]", r"^Go on$",
    r"Take one back", r"Drop it", r"[Cc]ommit", r"takes no answer", r"^(Fold|Unfold|Leave|Go in)$", r"The way into",
    r"Ten minutes alone", r"in each other's way", r"not one anchor", r"hang together", r"nearest farther one",
    r"net and movie", r"made again and put right", r"\ban anchor\b.*\ba step\b",
)  # fmt: skip
IGNORED_FIELDS = {
    "id", "key", "form_id", "css", "js", "html_content", "icon", "url", "src", "link", "query_string",
    "page_script_hash",    "user_key", "language", "theme", "format", "session_id", "component_name",
    "registration", "url_pathname", "sprite",
}  # fmt: skip
TEXTS_OF_COMPONENTS = {"title", "alt", "axes", "words", "caption", "legend", "measures", "remarks", "names"}
PLACEHOLDER = re.compile(r"\{\w+\}")
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


def raw_keys() -> set[str]:
    """Return all keys that are no words, and that titles therefore stand for."""
    keys = {*LOSSES, *MINERS, *datasets.available(), *ENCODERS, *OPTIMISERS, *PACES, *SCORES, *METHODS, *FAILURES}
    keys |= {variant.key for each in variants.VARIANTS.values() for variant in each}
    keys |= {key for loss in LOSSES.values() for key in (*loss.schedules, *loss.parameters)}
    specs = [parameter.spec for loss in LOSSES.values() for parameter in loss.parameters.values()]
    keys |= {option for spec in specs if isinstance(spec, Choice) for option in spec.options}
    return {key for key in (*keys, *RunSpec.__dataclass_fields__) if key not in ENGLISH and "-" not in key}


RAW_KEY = re.compile(
    r"(?<![\w./=&?])(" + "|".join(sorted(map(re.escape, raw_keys()), key=len, reverse=True)) + r")(?![\w=/]|\.\w)"
)
PHRASE = re.compile("|".join(f"(?:{phrase})" for phrase in PHRASES), re.MULTILINE)


def texts_of(message: Message) -> Iterator[str]:
    """Yield all texts of an element that a visitor can see or hear."""
    for field, value in message.ListFields():
        if field.name in IGNORED_FIELDS or field.name.endswith(("_id", "_url", "_key", "hash")):
            continue
        for each in value if field.is_repeated else [value]:
            if isinstance(each, Message):
                yield from texts_of(each)
            elif isinstance(each, str):
                yield each


def texts_of_spec(spec: Any) -> Iterator[str]:
    """Yield titles, legends and descriptions of a Vega-Lite chart."""
    if isinstance(spec, Mapping):
        for name, value in spec.items():
            if name in ("title", "description", "text") and isinstance(value, str):
                yield value
            yield from texts_of_spec(value)
    elif isinstance(spec, list):
        for value in spec:
            yield from texts_of_spec(value)


def texts_in(value: Any) -> Iterator[str]:
    """Yield the texts of a part of a component's message."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_in(each)


def shown_texts(app: AppTest) -> Iterator[str]:
    """Yield every text of a page, without code and without addresses."""
    for element in app._tree:  # every node, in the order of the page
        proto = getattr(element, "proto", None)
        kind = getattr(element, "type", "")
        if not isinstance(proto, Message) or kind in ("code", "html", "bidi_component", "graphviz_chart", "empty"):
            continue
        for text in texts_of(proto):
            if text.startswith(("{", "<style")):
                continue
            yield CODE.sub("", text)
    for chart in app.get("vega_lite_chart"):
        yield from texts_of_spec(json.loads(chart.proto.spec))
    for header in component_headers(app):
        for name in TEXTS_OF_COMPONENTS & set(header):
            yield from (PLACEHOLDER.sub("", text) for text in texts_in(header[name]))
    for table in app.dataframe:
        yield from (str(text) for text in (*table.value.columns, *table.value.to_numpy().ravel()))


def pages() -> list[str]:
    """Return every page of the app, those that come later included."""
    return sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


def variations(app: AppTest) -> list[dict[str, str]]:
    """Return a link for each option of each menu of a page whose options stand side by side."""
    shown = app.session_state["shown"] if "shown" in app.session_state else None  # noqa: SIM401
    rows = [control for control in shown.controls_for_link({}) if control.row and control.is_menu] if shown else []
    return [{control.name: option} for control in rows for option in control.options if option != control.default]


@pytest.fixture(autouse=True)
def pages_run_through_app(monkeypatch, idle_executor):
    route_pages_through_app(monkeypatch)


def faults_of(app: AppTest) -> set[str]:
    """Return the texts of a page that have a raw key or a forbidden phrase."""
    return {
        f"{found[0]!r} in {text[:160]!r}"
        for text in shown_texts(app)
        for found in (RAW_KEY.search(text), PHRASE.search(text))
        if found
    }


@pytest.mark.parametrize("page", pages())
def test_page_says_titles_and_plain_words(page):
    name = "" if page == "start" else page
    app = open_from_link(name)
    found = faults_of(app)
    for link in variations(app):
        found |= faults_of(open_from_link(name, **link))
    assert not found, "\n".join(sorted(found))
