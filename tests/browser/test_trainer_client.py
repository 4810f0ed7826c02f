"""A run that the visitor's browser trains: client.js, its worker and its storage, on a page without a picture."""

import functools
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from playwright.sync_api import Page, Route

from cl_core.components import trainer
from cl_core.components.bundle import SHARED, bundle_javascript
from cl_core.data import datasets
from cl_core.programs.engine.build import WASM
from cl_core.training import RunSpec
from cl_core.training.frames import next_frame_steps
from tests import ROOT
from tests.browser.browser_training import wait_until_stored
from tests.browser.test_site import QuietHandler

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

SPEC = RunSpec(dataset="rings", loss="supcon", batch=64, dim=8)
N = 200
NO_MEMORY = "WebAssembly.Memory.prototype.grow = () => { throw new RangeError('no memory'); };\n"
FULL = """{
    const { put } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (...entry) {
        const request = put.apply(this, entry);
        request.addEventListener("success", () => this.transaction.abort(), { once: true });
        return request;
    };
}
"""  # as where the quota is used up: nothing of a transaction is stored
FORBIDDEN = "IDBFactory.prototype.open = () => { throw new Error('storage is forbidden'); };\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a run."""
    folder = tmp_path_factory.mktemp("trainer")
    data = datasets.load(SPEC.dataset)
    rows = datasets.probe_indices(data, N)
    worker = bundle_javascript(SHARED.parent / "trainer" / "worker.js")
    (folder / "page.js").write_text(bundle_javascript(ROOT / "tests" / "javascript" / "trainer" / "page.js"))
    (folder / "worker.js").write_text(worker)
    (folder / "worker_without_storage.js").write_text(FORBIDDEN + worker)
    (folder / "run.bin").write_bytes(trainer.encode(SPEC, N))
    (folder / "images.bin.gz").write_bytes(trainer.encode_examples(data.x_train, data.y_train))
    (folder / "probes.bin.gz").write_bytes(trainer.encode_examples(data.x_test[rows], data.y_test[rows]))
    (folder / "index.html").write_text(
        '<!doctype html><link rel="icon" href="data:,"><script type="module" src="page.js"></script>'
    )
    shutil.copyfile(WASM, folder / WASM.name)
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(QuietHandler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def open_lab(browser: "Browser", address: str, watch: Callable[[Page], None]) -> Iterator[Callable[..., Page]]:
    """`open_lab() -> page`: the page of a run that has a first frame, in a browser without stored state."""
    contexts = []

    def open_(query: str = "", before: Callable[[Page], None] = lambda _: None) -> Page:
        contexts.append(browser.new_context())
        page = contexts[-1].new_page()
        watch(page)
        before(page)
        page.goto(address + query)
        wait(page, "run.frames.length")
        return page

    yield open_
    for context in contexts:
        context.close()


def wait(page: Page, condition: str) -> None:
    """Wait until an expression of the fields of `lab` is true."""
    page.wait_for_function(f"() => globalThis.lab && (({{ run }}) => {condition})(lab)", polling=20, timeout=60_000)


def of(page: Page, expression: str) -> Any:
    return page.evaluate(f"() => (({{ run }}) => {expression})(lab)")


def tell(page: Page, order: str) -> None:
    page.evaluate(f"() => {{ lab.run.{order}; }}")


def pause(page: Page) -> int:
    """Pause, and return the step."""
    tell(page, "pause()")
    wait(page, 'run.phase === "paused"')
    step: int = of(page, "run.step")
    return step


def load_again(page: Page) -> None:
    """Load the page again, and wait until its run is there."""
    page.reload()
    wait(page, 'run.phase === "paused"')


def begin_worker_with(page: Page, script: str) -> None:
    """Let workers of the page run a script first."""

    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=script + response.text())

    page.route("**/worker.js", answer)


def count_requests(page: Page, pattern: str) -> list[str]:
    requests: list[str] = []

    def go_on(route: Route) -> None:
        requests.append(route.request.url)
        route.continue_()

    page.route(pattern, go_on)
    return requests


def test_run_is_played_paused_stepped_changed_and_reset(open_lab: Callable[..., Page]) -> None:
    page = open_lab()
    wait(page, 'run.phase === "paused"')
    assert of(page, "[run.step, run.started, run.losses.length, run.rate, run.failure]") == [0, False, 0, 0, ""]
    assert of(page, "run.references.floor < run.references.collapse")
    tell(page, "stepOnce()")
    wait(page, 'run.step === 1 && run.phase === "paused"')
    assert of(page, "[run.started, run.losses.length, run.loaded]") == [True, 1, 1]
    tell(page, "setPace({ interval: 50, everyStep: false })")
    tell(page, "play()")
    wait(page, "run.step > 40 && run.rate > 0")
    assert of(page, "run.phase") == "running"
    tell(page, "change({ rate: 0.01 })")
    tell(page, "change({ theta: { temperature: 0.2 } })")
    wait(page, "run.changes.at(-1)?.theta.temperature === 0.2")
    step = pause(page)
    changes = of(page, "run.changes")
    assert changes[-1]["rate"] == 0.01
    assert 40 < changes[-1]["step"] <= step
    page.wait_for_timeout(300)
    assert of(page, "[run.step, run.losses.length, run.rate]") == [step, step, 0]
    assert of(page, "run.frames.at(-1).seconds") == of(page, "run.seconds") > 0
    steps = of(page, "run.frames.map(({ step }) => step)")
    assert steps == sorted(set(steps))
    assert set(steps) - {step} <= {0, *next_frame_steps(SPEC, 0, 500)}  # a pause adds a frame, nothing else does
    state = page.evaluate("lab.snapshot()")
    assert state["step"] == step
    assert {"vector", "seconds", "empty"} < {*state}
    tell(page, "stepOnce()")
    wait(page, f"run.step === {step + 1}")
    tell(page, "reset()")
    wait(page, 'run.step === 0 && run.phase === "paused"')
    assert of(page, "[run.frames.length, run.losses.length, run.changes.length, run.started]") == [1, 0, 0, False]
    assert of(page, "[run.choice.rate, run.choice.theta.temperature]") == [0.01, 0.2]
    assert page.evaluate("lab.changes") > 10
    page.reload()
    wait(page, "run.frames.length")
    assert of(page, "run.step") == 0  # what was reset does not come back


def test_seed_begins_anew_and_pace_may_show_every_step(open_lab: Callable[..., Page]) -> None:
    page = open_lab()
    tell(page, "setPace({ interval: 0, everyStep: true })")
    tell(page, "play()")
    wait(page, "run.step > 60")
    step = pause(page)
    assert of(page, "run.frames.map(({ step }) => step)") == list(range(step + 1))
    first = of(page, "run.losses.slice(0, 20)")
    tell(page, "change({ seed: 4 })")
    wait(page, 'run.step === 0 && run.phase === "paused"')
    tell(page, "play()")
    wait(page, "run.step > 20")
    assert of(page, "run.losses.slice(0, 20)") != first


@pytest.mark.parametrize("when", ["paused", "running", "hidden"])
def test_run_comes_back_after_a_reload_and_goes_on_with_the_same_bits(when: str, open_lab: Callable[..., Page]) -> None:
    page = open_lab()
    requests = count_requests(page, "**/*.bin.gz")
    tell(page, "setPace({ interval: 100, everyStep: false })")
    tell(page, "play()")
    wait(page, "run.step > 30")
    tell(page, "change({ rate: 0.002 })")
    wait(page, "run.changes.length")
    changed = of(page, "run.changes[0].step")
    if when == "paused":
        stored = pause(page)
    elif when == "running":
        stored = changed + 1  # a state is stored every few seconds
    else:
        stored = of(page, "run.step")
        page.evaluate(
            "() => { Object.defineProperty(document, 'hidden', { value: true });"
            " document.dispatchEvent(new Event('visibilitychange')); }"
        )
    wait_until_stored(page, stored)
    requests.clear()
    page.reload()
    wait(page, "run.frames.length")
    page.evaluate("lab.open({ rate: 0.002 })")  # the address of a page has the settings as they were last
    wait(page, 'run.phase === "paused"')
    found = of(page, "run.step")
    assert found >= stored
    assert requests == []  # the examples are stored
    assert of(page, "[run.losses.length, run.started, run.changes[0].step]") == [found, True, changed]
    assert of(page, "run.frames.at(-1).step") == found
    tell(page, "play()")
    wait(page, f"run.step > {found} + 60")
    pause(page)

    whole = open_lab()
    train_to(whole, changed, found + 60)
    assert of(page, f"run.losses.slice(0, {found + 60})") == of(whole, f"run.losses.slice(0, {found + 60})")
    theirs = {frame["step"]: frame for frame in whole.evaluate("lab.frames()")}
    common = [frame for frame in page.evaluate("lab.frames()") if frame["step"] <= found + 60]
    assert len(common) > 10
    assert [frame for frame in common if frame != theirs[frame["step"]]] == []


def train_to(page: Page, changed: int, end: int) -> None:
    """Train step by step, which draws a frame at each, with a change of the rate after one of them."""
    page.evaluate(
        """async ([changed, end]) => {
            const { run } = lab;
            const until = (done) => new Promise((resolve) => {
                const look = () => done() && (run.removeEventListener("change", look), resolve());
                run.addEventListener("change", look);
                look();
            });
            for (let step = 1; step <= end; step++) {
                run.stepOnce();
                await until(() => run.step === step && run.phase === "paused");
                if (step === changed) run.change({ rate: 0.002 });
            }
        }""",
        [changed, end],
    )


def test_other_settings_do_not_get_the_stored_run(open_lab: Callable[..., Page]) -> None:
    page = open_lab()
    tell(page, "play()")
    wait(page, "run.step > 10")
    step = pause(page)
    wait_until_stored(page, step)
    for other in ("{ seed: 5 }", "{ theta: { temperature: 0.3 } }", "{}, 'another program'"):
        page.evaluate(f"lab.open({other})")
        wait(page, 'run.phase === "paused"')
        assert of(page, "run.step") == 0
    assert page.evaluate("lab.open()")
    wait(page, 'run.phase === "paused"')
    assert of(page, "run.step") == step  # those were not trained, so nothing was stored in its place


def test_run_works_where_storage_is_forbidden(open_lab: Callable[..., Page]) -> None:
    warnings: list[str] = []

    def listen(page: Page) -> None:
        page.on("console", lambda message: warnings.append(message.text) if message.type == "warning" else None)

    page = open_lab("?forbidden", listen)
    tell(page, "play()")
    wait(page, "run.step > 20")
    step = pause(page)
    assert step > 20
    tell(page, "stepOnce()")
    wait(page, f'run.step === {step + 1} && run.phase === "paused"')
    assert len([text for text in warnings if "storage is forbidden" in text]) >= 1
    load_again(page)
    assert of(page, "run.step") == 0


def test_run_goes_on_where_storage_is_full_and_what_was_stored_stays(open_lab: Callable[..., Page]) -> None:
    page = open_lab()
    tell(page, "play()")
    wait(page, "run.step > 20")
    stored = pause(page)
    wait_until_stored(page, stored)
    warnings: list[str] = []
    page.on("console", lambda message: warnings.append(message.text) if message.type == "warning" else None)
    page.evaluate(f"() => {FULL}")
    tell(page, "play()")
    wait(page, f"run.step > {stored} + 20")
    assert pause(page) > stored
    tell(page, "stepOnce()")
    wait(page, 'run.phase === "paused"')
    page.wait_for_timeout(500)  # a second warning would come with what is stored after that step
    assert len([text for text in warnings if "stores nothing" in text]) == 1
    load_again(page)
    assert of(page, "[run.step, run.frames.at(-1).step]") == [stored, stored]


def test_files_that_find_no_room_are_downloaded_again(open_lab: Callable[..., Page]) -> None:
    page = open_lab("", lambda page: begin_worker_with(page, FULL))
    tell(page, "stepOnce()")
    wait(page, "run.step === 1")
    wait_until_stored(page, 1)  # by the page, which has room here
    requests = count_requests(page, "**/*.bin.gz")
    load_again(page)
    assert of(page, "run.step") == 1
    tell(page, "stepOnce()")
    wait(page, "run.step === 2")
    assert len(requests) == 2


def test_memory_that_is_refused_fails_the_run_and_leaves_it_in_the_storage(open_lab: Callable[..., Page]) -> None:
    page = open_lab()
    tell(page, "play()")
    wait(page, "run.step > 20")
    step = pause(page)
    wait_until_stored(page, step)
    begin_worker_with(page, NO_MEMORY)
    page.reload()
    wait(page, 'run.phase === "failed"')
    refused = re.fullmatch(
        r"The run could not be opened \(the browser could not provide (\d+) MB of memory\)\.", of(page, "run.failure")
    )
    assert refused
    assert 0 < int(refused[1]) < 20
    assert of(page, "[run.step, run.frames.at(-1).step]") == [step, step]  # it can still be looked at
    page.unroute("**/worker.js")
    load_again(page)
    assert of(page, "run.step") == step
    tell(page, "stepOnce()")
    wait(page, f"run.step === {step + 1}")


@pytest.mark.parametrize("fault", ["cut", "damaged", "lost connection"])
def test_examples_that_do_not_arrive_are_loaded_again_by_play(
    fault: str, open_lab: Callable[..., Page], folder: Path
) -> None:
    file = (folder / "images.bin.gz").read_bytes()
    damaged = file[:5000] + bytes(100) + file[5100:]

    def answer(route: Route) -> None:
        if fault == "lost connection":
            route.abort("connectionreset")
        else:
            route.fulfill(body=file[: len(file) // 2] if fault == "cut" else damaged)

    page = open_lab("", lambda page: page.route("**/images*", answer))
    wait(page, "run.failure")
    text = "could not be loaded (Failed to fetch)" if fault == "lost connection" else "is incomplete or damaged"
    assert of(page, "run.failure") == f"A file of examples {text}. Press Start to try again."
    assert of(page, "[run.phase, run.loaded, run.step]") == ["paused", 0, 0]
    tell(page, "play()")
    wait(page, 'lab.phases.includes("running")')
    wait(page, "run.failure")  # it is still not there
    assert of(page, "run.phase") == "paused"
    page.unroute("**/images*")
    tell(page, "play()")
    wait(page, "run.step > 10")
    assert of(page, "[run.failure, run.phase, run.loaded]") == ["", "running", 1]


def test_stored_file_that_is_damaged_is_loaded_again(open_lab: Callable[..., Page]) -> None:
    page = open_lab()
    tell(page, "stepOnce()")
    wait(page, "run.step === 1")
    wait_until_stored(page, 1)
    damaged = page.evaluate(
        """() => new Promise((resolve) => {
            indexedDB.open("contrastive-loss-lab").onsuccess = ({ target: { result: database } }) => {
                const files = database.transaction("files", "readwrite").objectStore("files");
                files.getAll().onsuccess = ({ target: { result } }) => {
                    for (const file of result) files.put({ ...file, bytes: file.bytes.slice(0, 1000) });
                    files.transaction.oncomplete = () => resolve(result.map(({ key }) => key.split("/").at(-1)).sort());
                };
            };
        })"""
    )
    assert damaged == ["images.bin.gz", "probes.bin.gz"]
    requests = count_requests(page, "**/*.bin.gz")
    load_again(page)
    tell(page, "stepOnce()")
    wait(page, "run.step === 2")
    assert len(requests) == 2


def test_run_that_is_played_before_its_examples_are_there_starts_with_them(open_lab: Callable[..., Page]) -> None:
    held: list[Route] = []
    page = open_lab("", lambda page: page.route("**/images*", lambda route: held.append(route)))
    tell(page, "play()")
    wait(page, 'run.phase === "running"')
    page.wait_for_timeout(300)
    assert of(page, "[run.step, run.loaded]") == [0, 0]
    tell(page, "pause()")
    wait(page, 'run.phase === "paused"')
    tell(page, "play()")
    held[0].continue_()
    wait(page, "run.step > 10")
    assert len(held) == 1


def test_worker_that_is_gone_fails_and_the_stored_run_can_be_opened(open_lab: Callable[..., Page]) -> None:
    page = open_lab()
    tell(page, "play()")
    wait(page, "run.step > 20")
    step = pause(page)
    tell(page, "setPace({ interval: 1000, everyStep: true })")
    tell(page, "play()")
    page.evaluate("lab.workers.at(-1).terminate()")
    asked = page.evaluate("lab.run.snapshot().catch(({ message }) => message)")
    assert asked == "The training in your browser has stopped: it does not answer. Press Reset to start again."
    assert of(page, "[run.phase, run.failure]") == ["failed", asked]
    assert page.evaluate("lab.run.snapshot().catch(({ message }) => message)") == asked
    page.evaluate("lab.open()")
    wait(page, 'run.phase === "paused"')
    assert of(page, "run.step") == step
    page.evaluate("lab.workers.at(-1).dispatchEvent(new ErrorEvent('error', { message: 'no memory' }))")
    assert "no memory" in of(page, "run.failure")
    tell(page, "reset()")
    wait(page, 'run.phase === "paused"')
    assert of(page, "[run.step, run.failure]") == [0, ""]
    tell(page, "stepOnce()")
    wait(page, "run.step === 1")


def test_computer_that_slept_neither_loses_its_worker_nor_hurries(open_lab: Callable[..., Page]) -> None:
    page = open_lab("", lambda page: page.clock.install())
    tell(page, "setPace({ interval: 100, everyStep: true })")
    tell(page, "play()")
    wait(page, "run.step > 5")
    before = of(page, "run.step")
    page.clock.fast_forward("08:00:00")
    wait(page, f"run.step > {before} + 10")
    assert of(page, "run.phase") == "running"
    assert 3 < of(page, "run.rate") < 30


def test_picture_that_goes_leaves_its_run_and_close_ends_it(open_lab: Callable[..., Page]) -> None:
    page = open_lab()
    tell(page, "play()")
    wait(page, "run.step > 5")
    first = of(page, "run.frames.length")
    wait(page, f"run.frames.length > {first}")
    tell(page, "close()")
    step = of(page, "run.step")
    page.wait_for_timeout(300)
    assert of(page, "run.step") == step
    assert "closed" in page.evaluate("lab.run.snapshot().catch(({ message }) => message)")
    assert np.isfinite(of(page, "run.losses")).all()
