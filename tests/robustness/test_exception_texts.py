"""The text of an exception never reaches a page; visitors read a sentence of this project, and the log has the rest."""

import ast
import logging
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future
from dataclasses import dataclass, field
from typing import Any

import pytest

from cl_core.data.errors import ExplainedError
from cl_core.runtime import errors, retry
from cl_core.runtime.dask_cluster import ClusterError
from cl_core.training.files import run_file
from tests import ROOT
from tests.executors import ThreadExecutor, pages_with, task_name
from tests.pages.apptest import (
    FAST_RACE,
    FAST_TRAINING,
    click,
    open_page,
    open_training_run,
    page_texts,
    run_until,
)
from tests.runs import CLASS_WEIGHTS, trained

TEXT = "selected index k out of range"


# ---- what the sources do with exceptions


OWN_ERRORS = {"DataError", "ExplainedError", "LessonError", "NpzError", "RoomError", "SpillLostError", "ClusterError"}
# functions that may be given an exception: they log its text or hand it on, or answer a question about it
SAFE_FUNCTIONS = (
    "describe_error", "plain_reason", "isinstance", "is_out_of_memory", "set_exception", "record_failure", "_finding",
    "logger.error", "logger.warning",
)  # fmt: skip
FORMATTING_MODULES = {  # module: why it may make a text of an exception
    "cl_core/data/npz.py": "for the log",
    "cl_core/experiments/__main__.py": "a command line",
    "cl_core/experiments/sweep_command.py": "a command line",
    "cl_core/teaching/lessons.py": "of a LessonError, and for the line and column at which a file is no TOML",
    "cl_core/training/config.py": "of a loss's own checks",
}


def handlers(source: str) -> Iterator[ast.ExceptHandler]:
    """Yield the handlers that name the exception they catch, unless all they catch are errors of this project."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler) and node.name is not None and node.type is not None:
            types = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if not {ast.unparse(kind).split(".")[-1] for kind in types} <= OWN_ERRORS:
                yield node


def formatted_errors(source: str) -> Iterator[int]:
    """Yield the lines in which an exception that may be foreign is put into a text, or is given to any function."""
    for handler in handlers(source):
        for node in ast.walk(handler):
            operands: list[ast.expr] = []
            if isinstance(node, ast.FormattedValue):
                operands = [node.value]
            elif isinstance(node, ast.Call) and not ast.unparse(node.func).endswith(SAFE_FUNCTIONS):
                operands = [*node.args, *(keyword.value for keyword in node.keywords)]
            if any(isinstance(operand, ast.Name) and operand.id == handler.name for operand in operands):
                yield handler.lineno


def test_only_known_modules_make_texts_of_exceptions():
    paths = [*(ROOT / "cl_core").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"]
    found = {path.relative_to(ROOT).as_posix() for path in paths if list(formatted_errors(path.read_text()))}
    assert found == set(FORMATTING_MODULES)


def test_pages_describe_every_error_that_they_catch():
    paths = [*(ROOT / "cl_core" / "ui" / "pages").rglob("*.py"), *(ROOT / "cl_core" / "ui" / "widgets").glob("*.py")]
    caught = 0
    for path in (*paths, *(ROOT / "pages").glob("*.py")):
        source = path.read_text()
        assert "format_exc" not in source, path
        assert "st.exception" not in source, path
        for handler in ast.walk(ast.parse(source)):
            if isinstance(handler, ast.ExceptHandler) and handler.name is not None:
                nodes = list(ast.walk(handler))
                uses = [node for node in nodes if isinstance(node, ast.Name) and node.id == handler.name]
                calls = [node for node in nodes if isinstance(node, ast.Call)]
                described = [call for call in calls if ast.unparse(call.func).endswith("describe_error")]
                assert len(uses) == len(described) > 0, (path, handler.lineno)
                caught += 1
    assert caught >= 9


@pytest.mark.parametrize(
    "source",
    [
        "st.error(str(e))",
        "st.error(f'{e}')",
        "st.error(e)",
        "return str(e)[:9]",
        "st.error(f'{type(e).__name__}: {e}')",
    ],
)
def test_formatted_exceptions_are_found(source):
    assert list(formatted_errors(f"def f():\n  try: g()\n  except (ValueError, DataError) as e: {source}"))


# ---- what pages show when a task fails


@dataclass
class FailingExecutor(ThreadExecutor):
    """Fails tasks of some names with a RuntimeError, as torch does."""

    names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def submit(self, task: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        if task_name(task, arguments) not in self.names:
            return super().submit(task, *arguments, **named)
        future: Future[Any] = Future()
        future.set_exception(RuntimeError(TEXT))
        return future


@pytest.fixture
def failing(monkeypatch):
    executor = FailingExecutor()
    with pages_with(executor, monkeypatch):
        yield executor
    executor.shutdown()


def assert_explained(app, caplog, advice):
    """Check that a page has failed in words, and that the exception's text is in the log and nowhere on the page."""
    assert not app.exception
    shown = " ".join([page_texts(app), *(element.value for element in (*app.error, *app.text, *app.toast))])
    everything = str(app.main) + str(app.sidebar)
    assert "index k" not in shown
    assert "index k" not in everything
    assert "RuntimeError" not in everything
    assert advice in shown
    assert TEXT in caplog.text


@pytest.mark.parametrize("task", ["start_run", "train_chunk", "draw_frame"])
def test_training_page_explains_a_failed_task(failing, caplog, task):
    failing.names = {task}
    app = open_page("training", **FAST_TRAINING)
    if task != "start_run":
        run_until(app, lambda app: app.session_state.run.progress().frames)
        click(app, "play")
    run_until(app, lambda app: app.error)
    assert_explained(app, caplog, "Reset repeats the run")


def test_race_page_explains_a_failed_task(failing, caplog):
    failing.names = {"start_run"}
    app = run_until(open_page("compare", **FAST_RACE), lambda app: app.error)
    assert_explained(app, caplog, "Reset repeats the run")


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("boundaries", {"pairs": "my run"}),
        ("batch", {"stage": "my run"}),
        ("triplets", {"part": "a real batch", "embedding": "my run"}),
    ],
)
def test_pages_of_an_own_run_explain_a_failed_task(failing, caplog, page, link):
    failing.names = {"embedding_of_state"}
    app = open_training_run()
    app.query_params.update(link)
    app.switch_page(f"pages/{page}.py").run()
    assert_explained(app, caplog, "Train your run for another step")


def test_census_explains_a_failed_task(failing, caplog):
    failing.names = {"count_part"}
    app = run_until(
        open_page("triplets", part="every triplet", embedding="pixels", margin="0.35", counted="500"),
        lambda app: app.session_state["census"].progress().phase == "failed",
    )
    assert_explained(app, caplog, "Count again with fewer images")


@pytest.mark.parametrize("task", ["draw_images", "join_images"])
def test_movie_explains_a_failed_task(failing, caplog, task):
    app = open_training_run()
    app.session_state.export_0 = True
    failing.names = {task}
    click(app.run(), "make_movie")
    run_until(app, lambda app: app.session_state["movie"].done)
    assert_explained(app, caplog, "Make the movie again")


def test_opening_a_file_explains_a_failed_task(failing, caplog):
    progress, state = trained(CLASS_WEIGHTS)
    app = open_training_run()
    app.session_state.export_0 = True
    app.run()
    failing.names = {"loads"}
    app.file_uploader[0].upload("run.npz", run_file.dumps(progress, state, 500)).run()
    assert_explained(app, caplog, "An error occurred")


def test_rerun_of_a_cell_explains_a_failed_task(failing, caplog):
    failing.names = {"cell_task"}
    app = open_page("experiments", part="one cell")
    click(app, "reduced_start")
    run_until(app, lambda app: app.session_state["reduced_run"] is None)
    assert_explained(app, caplog, "Start it again")


FOREIGN_ERRORS = [
    RuntimeError(TEXT), ValueError(TEXT), KeyError(TEXT), OSError(5, TEXT), AssertionError(TEXT), TimeoutError(TEXT),
    BrokenExecutor(TEXT), CancelledError(TEXT), MemoryError(TEXT), UnicodeDecodeError("utf-8", b"", 0, 1, TEXT),
    RuntimeError(f"{TEXT}: can't allocate memory"), ConnectionError(TEXT),
]  # fmt: skip


@pytest.mark.parametrize("error", FOREIGN_ERRORS, ids=lambda error: type(error).__name__)
def test_text_of_a_foreign_error_goes_to_the_log(caplog, error):
    with caplog.at_level(logging.ERROR):
        described = errors.describe_error(error)
    assert TEXT not in described
    assert type(error).__name__ not in described
    assert described.endswith(".")
    assert TEXT in caplog.text
    if not isinstance(error, Exception):
        return
    outcome = retry.RetryPolicy().record_failure(error, 3)
    assert outcome is None or TEXT not in outcome


@pytest.mark.parametrize("error", [ExplainedError("It is so."), ClusterError("It is so.")])
def test_own_error_is_shown_as_it_is(error):
    assert errors.describe_error(error) == "It is so."
