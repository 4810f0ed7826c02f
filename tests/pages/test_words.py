"""What the app says: titles and not keys, and none of the phrases that PHRASES forbids.

Pages are read as they open. What appears after a click is read where it is kept: in the data of the lessons, failures,
terms, losses and the experiment, in the literals of the source (error messages among them), and in the components.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import cache
from importlib import import_module
from typing import Any

import pytest
from google.protobuf.message import Message  # type: ignore[import-untyped]
from streamlit.testing.v1 import AppTest

from cl_core.charts import loss_family
from cl_core.components.trainer import picture
from cl_core.data import datasets
from cl_core.experiments import METHODS, STUDIES, article, claims, findings, results, table
from cl_core.experiments.evidence import LABELS
from cl_core.losses import LOSSES, variants
from cl_core.losses.miners import MINERS
from cl_core.losses.parameters import Choice
from cl_core.pretrained import retrieval_reports
from cl_core.teaching import lessons
from cl_core.teaching.failures import FAILURES
from cl_core.teaching.terms import TERMS
from cl_core.training import OPTIMISERS, RunSpec
from cl_core.training.encoders import ENCODERS
from cl_core.training.frames import PACES, SCORES
from cl_core.training.setting_texts import SETTING_TITLES, setting_text
from cl_core.ui.pages.retrieval import networks
from cl_core.ui.pages.training_controls import RATES
from tests import ROOT
from tests.pages.apptest import component_headers, open_from_link, route_pages_through_app
from tests.pages.component_texts import component_files, texts_of_file, texts_of_html, texts_of_javascript

# keys that are words of the field or of English, as they stand in a sentence
ENGLISH = {
    "all", "anchor", "article", "base", "baseline", "batch", "blend", "circle", "cold", "cosine", "degrees", "easy",
    "failure", "fast", "flat", "half", "hard", "here", "hot", "in", "inside", "labels", "margin", "mining", "nonzero",
    "out", "plain", "recall", "released", "rings", "blobs", "scale", "seed", "slow", "softmax", "temperature",
    "triplet",    "twice", "unbounded", "unscaled", "alone", "encoder", "loss", "rate", "dim", "schedule",
    "convention", "points",
    "optimiser", "theta", "distance", "variant", "pool", "contrastive", "annealing", "k", "xi", "l2", "euclidean",
    "dataset", "probe", "gradient", "frozen", "true", "pacing",
}  # fmt: skip
PHRASES = (  # regular expressions, of whole lines where they begin with ^
    # unclear phrases that pages used to have
    r"A question to keep", r"thousand million", r"Semi-hard ones run out", r"Who pulls whom", r"stop pushing\?",
    r"\b(is|are) content\b", r"\bcontent (too|with)\b", r"^content$", r"keep the place", r"^drawn$", r"total collapse",
    r"^floor\b", r"\bthe floor\b", r"flat-out", r"every-step", r"points live", r"rows a step", r"cover the planes",
    r"it shows by", r", not [<>]", r"^Go on$", r"Take one back", r"Drop it", r"[Cc]ommit",
    r"takes no answer", r"^(Fold|Unfold|Leave|Go in)$", r"The way into", r"Ten minutes alone",
    r"in each other's way", r"not one anchor", r"hang together", r"nearest farther one", r"net and movie",
    r"made again and put right", r"\ban anchor\b.*\ba step\b", r"definition: here", r"^variant L\b", r"^pool G\b",
    r"^made:",
    # unusual words and short forms that were replaced by common ones
    r"\bput right\b", r"\bodd choices\b", r"\bplain net\b", r"\bcomes? apart\b", r"\branked rightly\b",
    r"\bagain and again\b", r"\bweighs? alike\b", r"\bcomes? out (alike|as)\b", r"\btrains? on from\b",
    r"\b(goes|go|went) on from\b", r"\bheld still\b", r"\btaken for\b", r"\bFrozen weights lead\b",
    r"\bone's own class\b", r"\bthe own (class|angle)\b", r"\bprice of (length|long)",
    r"\bfeels? (nothing|anything)\b", r"\blets? go\b", r"\bdrowns?\b", r"\bleaps\b", r"\bstands? still\b",
    r"\bcannot be said\b", r"\b[Pp]ieces? of work\b", r"\b[Bb]eg[ia]ns? anew\b", r"makes the same run",
    r"\bhas failed here\b", r"\bhas not enough\b", r"not a setting here", r"its name here", r"\bdo not compare\b",
    r"\bis no (folder|TOML)\b", r"unless told otherwise", r"\brun die\b", r"\blook at each other\b",
    r"\bone (pair|group) an? ", r"\bsteps a second\b", r"\bno bad luck\b", r"\bcosts? nothing\b", r"\bfalls? silent\b",
    r"\bnever rests\b", r"\bIt pushes\b", r"\bhandicaps?\b", r"\bline of (collapse|coinciding)\b", r"\b[Ww]hoever\b",
    r"\bat the door\b", r"\bcomes to nothing\b", r"\bdead run\b",
)  # fmt: skip
IGNORED_FIELDS = {
    "id", "key", "form_id", "css", "js", "html_content", "icon", "url", "src", "link", "query_string",
    "page_script_hash",    "user_key", "language", "theme", "format", "session_id", "component_name",
    "registration", "url_pathname", "sprite",
}  # fmt: skip
TEXTS_OF_COMPONENTS = {"title", "alt", "axes", "words", "caption", "legend", "measures", "remarks", "names"}
EXPONENT = re.compile(r"(?<![\w/+])\d+(?:\.\d+)?e[-+]?\d+(?![\w/+])")  # a number as programs write it
RATE_TEXTS = {str(rate) for rate in RATES}  # of a slider that writes its options into the link
PLACEHOLDER = re.compile(r"\{\w+\}")
STYLE = re.compile(r"<style|<div|<p style|@property|\{[^}]*:[^}]*;")  # literals with style sheets
INTERNAL = {  # keys with a space, and terms that people search for
    table.RIGHT, "total collapse",
}  # fmt: skip
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
    for frame in app.dataframe:
        yield from (str(text) for text in (*frame.value.columns, *frame.value.to_numpy().ravel()))


def pages() -> list[str]:
    """Return every page of the app, those that come later included."""
    return sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


def variations(app: AppTest) -> list[dict[str, str]]:
    """Return a link for each option of each menu of a page whose options stand side by side."""
    shown = app.session_state["shown"] if "shown" in app.session_state else None  # noqa: SIM401
    rows = [control for control in shown.controls_for_link({}) if control.row and control.is_menu] if shown else []
    return [{control.name: option} for control in rows for option in control.options if option != control.default]


@cache
def report_at_once(loss, stage):
    """What a worker would make of a network, as a future that is done."""
    future = Future()
    future.set_result(retrieval_reports.report(loss, stage))
    return future


@pytest.fixture(autouse=True)
def pages_run_through_app(monkeypatch, idle_executor):
    route_pages_through_app(monkeypatch)
    monkeypatch.setattr(networks, "_future", report_at_once)


def faults_in(texts: Iterable[str], patterns: Sequence[re.Pattern[str]]) -> set[str]:
    """Return the raw keys and forbidden phrases of texts, each with what stands around it."""
    found = ((text, match) for text in texts for pattern in patterns if (match := pattern.search(text)))
    return {f"{match[0]!r} in {text[max(match.start() - 80, 0) : match.end() + 80]!r}" for text, match in found}


def faults_of(app: AppTest) -> set[str]:
    """Return the raw keys, the forbidden phrases and the numbers with an exponent of a page."""
    found = list(shown_texts(app))
    return faults_in(found, (RAW_KEY, PHRASE)) | faults_in(set(found) - RATE_TEXTS, (EXPONENT,))


@pytest.mark.parametrize("page", pages())
def test_page_says_titles_and_plain_words(page):
    name = "" if page == "start" else page
    app = open_from_link(name)
    found = faults_of(app)
    for link in variations(app):
        found |= faults_of(open_from_link(name, **link))
    assert not found, "\n".join(sorted(found))


def texts_of_lessons() -> Iterator[str]:
    """Yield what every step of every lesson says, its question and its answer among it."""
    known, _ = lessons.available()
    for lesson in known.values():
        yield from (lesson.title, lesson.words)
        for step in lesson.steps:
            yield from (step.title, step.words)
            if step.question:
                yield from (step.question.words, *step.question.choices, step.question.answer)


def texts_of_teaching() -> Iterator[str]:
    """Yield what the failures say before and after they are visible, and the terms of the glossary."""
    for failure in FAILURES.values():
        yield from (failure.title, failure.summary, failure.watch, failure.why, failure.tell, failure.cure)
        yield from (failure.symptom.name, failure.symptom.verdict)
        for index, spec in enumerate((failure.failing, failure.cured)):
            changes = {name: values[index] for name, values in failure.changes.items() if values[index] is not None}
            yield from (setting_text(spec.loss, name, value) for name, value in changes.items())
    for term in TERMS.values():
        yield from (term.title, term.text, *(shown.label for shown in term.pictures))
    for family in loss_family.FAMILIES:
        yield from (family.title, family.description)


def texts_of_losses() -> Iterator[str]:
    """Yield what the pages say of losses, their parameters, their variants, miners and encoders."""
    for loss in LOSSES.values():
        yield from (loss.title, loss.short_title, loss.summary, loss.no_boundary, *loss.relations, *loss.misreadings)
        for parameter in loss.parameters.values():
            yield from (parameter.title, parameter.help, parameter.text_of(parameter.default))
        for preset in loss.presets:
            yield from (preset.title, loss.theta_text(preset.theta))
    for variant in (variant for group in variants.VARIANTS.values() for variant in group):
        yield from (variant.title, variant.description)
    for miner in MINERS.values():
        yield from (miner.title, miner.help)
    for encoder in ENCODERS.values():
        yield from (encoder.title, encoder.help)
    yield from SETTING_TITLES.values()


def texts_of_experiment() -> Iterator[str]:
    """Yield the method, the findings, and each claim with its verdict, explanation and evidence."""
    yield from article.METHOD
    yield from article.UNKNOWN
    for difference in article.DIFFERENCES:
        yield from difference
    yield from (*LABELS.values(), *table.KIND_TITLES.values(), *(method.title for method in METHODS.values()))
    for study in STUDIES.values():
        yield from (study.title, study.question)
    verdicts = claims.verdicts(results.load(results.SHIPPED)[0])
    yield from (*findings.findings(verdicts), findings.agreement(verdicts))
    for verdict in verdicts:
        yield from (verdict.claim, verdict.label, *verdict.explanation.splitlines())
        yield from (*verdict.evidence["comparison"], *verdict.evidence["answer"])


def texts_of_components() -> Iterator[str]:
    """Yield the words that Python sends to the components, whether they are shown at once or not."""
    for module in sorted(path.parent.name for path in (ROOT / "cl_core" / "components").glob("*/message.py")):
        words = getattr(import_module(f"cl_core.components.{module}.message"), "WORDS", {})
        yield from (PLACEHOLDER.sub("", text) for text in words.values())
    yield from (PLACEHOLDER.sub("", text) for text in texts_in({**picture.WORDS}))


@pytest.mark.parametrize(
    "texts",
    [texts_of_lessons, texts_of_teaching, texts_of_losses, texts_of_experiment, texts_of_components],
    ids=lambda texts: texts.__name__,
)
def test_text_that_appears_after_a_click_says_titles_and_plain_words(texts):
    found = [CODE.sub("", text) for text in texts()]
    assert len(found) > 30
    faults = faults_in(found, (RAW_KEY, PHRASE))
    assert not faults, "\n".join(sorted(faults))


@pytest.mark.parametrize("name", component_files())
def test_component_says_titles_and_plain_words(name):
    faults = faults_in(texts_of_file(name), (RAW_KEY, PHRASE))
    assert not faults, "\n".join(sorted(faults))


def test_texts_of_components_are_found():
    found = {text for name in component_files() for text in texts_of_file(name)}
    assert {"Scores appear with the first frame.", "Loss and its parameters", "kNN in the full space"} <= found
    assert any("Press Reset to start again" in text for text in found)
    program = """a.textContent = "Go"; // "a comment" of three words
        say(`step ${n} of ${m}`, 'not "quoted" here'); b.title = x ? "one" : "two"; import "./x.js"; /* "no text" */"""
    assert list(texts_of_javascript(program)) == ["step  of ", 'not "quoted" here', "Go"]
    assert list(texts_of_html('<p title="A b">c <i>d</i></p>')) == ["A b", "c ", "d"]


def literals_of(source: str) -> Iterator[str]:
    """Yield the string literals of a Python program that have a space, without docstrings and the values in them."""
    nodes = list(ast.walk(ast.parse(source)))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    parts = {
        id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in ast.walk(node) if part is not node
    }
    for node in nodes:
        if isinstance(node, ast.JoinedStr) and id(node) not in parts:
            yield "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Constant) and id(node) not in docstrings | parts:
            yield from (text for text in [node.value] if isinstance(text, str) and " " in text.strip())


@pytest.mark.parametrize("folder", ["cl_core", "pages"])
def test_no_literal_of_the_source_has_a_forbidden_phrase(folder):
    """Error messages, help texts and notices are literals, wherever they are shown."""
    texts = {text for path in (ROOT / folder).rglob("*.py") for text in literals_of(path.read_text(encoding="utf-8"))}
    faults = faults_in((text for text in texts - INTERNAL if not STYLE.search(text)), (PHRASE,))
    assert not faults, "\n".join(sorted(faults))


def test_literals_of_a_program_are_found():
    program = '"""Doc string."""\nraise ValueError(f"no {kind!r} here", "two words", "word")'
    assert sorted(literals_of(program)) == ["no  here", "two words"]


@pytest.mark.parametrize("name", ["README.md", "assets/lessons/README.md"])
def test_document_uses_plain_words(name):
    faults = faults_in([CODE.sub("", (ROOT / name).read_text(encoding="utf-8"))], (PHRASE,))
    assert not faults, "\n".join(sorted(faults))


def test_small_setting_is_written_without_an_exponent():
    assert setting_text("supcon", "rate", 1e-5) == "learning rate 0.00001"
