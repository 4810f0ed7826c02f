"""The training page with the engine in the visitor's browser."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from cl_core.training import advance
from cl_core.training.files import run_file
from tests.browser.app_page import wait_for
from tests.browser.browser_training import SMALL, BrowserTraining
from tests.browser.servers import Server, worker_times
from tests.browser.training_page import TrainingPage

pytestmark = pytest.mark.browser

Open = Callable[..., BrowserTraining]
RATE_AFTER = 0.003  # the learning rate that follows the recipe's on its slider
ENCODED = ("content-encoding", "content-length")  # headers of a body as it was sent, not as it is read


@pytest.fixture
def open_training(open_page: Callable[..., Page]) -> Open:
    """`open_training("loss=triplet") -> training`, each in a window of its own."""

    def open_(query: str = SMALL, **settings: bool) -> BrowserTraining:
        return BrowserTraining(open_page(f"training?{query}", height=800, **settings))

    return open_


def test_start_pause_scrub_step_and_reset(open_training: Open, app_server: Server) -> None:
    training = open_training(motion=True)
    expect(training.run_button("Start")).to_be_enabled()
    before = sum(worker_times(app_server).values())
    first = training.run()["frames"][0]
    training.train(12)
    training.wait(lambda: training.measure("kNN") > 75)
    paused_at = training.pause()
    training.page.wait_for_timeout(800)
    assert training.number("step") == paused_at
    assert training.cloud.number("step") == paused_at

    newest = training.measure("kNN")  # of the newest frame; the numbers follow the time slider
    training.cloud.scrubber.focus()
    training.page.keyboard.press("Home")
    training.cloud.until("d.step === '0' && d.live === 'false'")
    training.wait(lambda: training.measure("kNN") < newest)
    training.root.get_by_role("button", name="Live").click()
    training.wait(lambda: training.measure("kNN") == newest)

    training.run_button("Step").click()
    training.until(f"Number(d.step) === {paused_at + 1} && d.phase === 'paused'")
    training.run_button("Reset").click()
    training.until("d.step === '0' && d.frames === '1'")
    assert training.run()["frames"] == [first]
    assert sum(worker_times(app_server).values()) - before < 0.3, "the server's workers have trained"


def test_slider_and_rate_change_a_run_while_it_goes_on(open_training: Open) -> None:
    training = open_training(SMALL.replace("flat-out", "slow"))
    training.train(3)
    collapse = training.run()["references"]["collapse"]
    slider = training.page.get_by_test_id("stSidebar").get_by_role("slider", name=re.compile("temperature"))
    slider.focus()
    for _ in range(5):
        training.page.keyboard.press("ArrowRight")
    training.run_button("Apply").click()
    training.wait(lambda: training.run()["references"]["collapse"] != collapse)
    training.wait(lambda: [change["theta"]["temperature"] for change in training.run()["changes"]][-1:] == [0.15])
    frames = training.number("frames")
    training.until(f"Number(d.frames) > {frames + 1} && d.phase === 'running'")  # the same run goes on
    expect(training.root.locator(".changed")).to_be_hidden()
    training.page.wait_for_url("**temperature=0.15**")
    training.pause()


def test_rate_changes_a_run_and_the_server_trains_on_with_it(
    open_training: Open, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    whole = open_training(f"{SMALL}&seed=4")
    whole.train(14)
    whole.pause()

    training = open_training(f"{SMALL.replace('flat-out', 'slow')}&seed=4")
    training.train(3)
    page = training.page
    frames = training.number("frames")
    page.get_by_test_id("stSidebar").get_by_role("slider", name="learning rate").press("ArrowRight")
    training.run_button("Apply").click()
    training.wait(lambda: training.run()["changes"])
    training.until(f"Number(d.frames) > {frames + 3} && d.phase === 'running'")  # the same run goes on
    expect(training.root.locator(".changed")).to_be_hidden()
    training.root.locator(".curves").scroll_into_view_if_needed()  # what cannot be seen is not drawn
    expect(training.root.locator(".curves .changes line").first).to_be_attached()
    step = training.pause()
    changed = training.run()
    ours, theirs = changed["losses"], whole.run()["losses"]
    (change,) = changed["changes"]
    assert (change["rate"], change["theta"]) == (RATE_AFTER, {"temperature": 0.1})
    at = change["step"]
    assert 0 < at < step
    assert ours[: at + 1] == theirs[: at + 1]  # the step after a change has its loss from before it
    assert [loss for loss, other in zip(ours[at + 1 : step], theirs[at + 1 :], strict=False) if loss == other] == []

    file = export_run(page)
    saved = run_file.loads(file)
    assert saved.state.spec.rate == RATE_AFTER
    assert [(change.step, change.rate) for change in saved.changes] == [(at, RATE_AFTER)]
    assert saved.losses.tolist() == ours
    on_server = open_on_server(open_page, tmp_path / "run.npz", file)
    on_server.click("Step")
    on_server.until(f"d.step === '{step + 1}'")
    page.bring_to_front()
    training.run_button("Step").click()
    training.until(f"Number(d.step) === {step + 1} && d.phase === 'paused'")
    by_pytorch = advance(saved.state, steps=2).losses[-2:]
    assert training.run()["losses"][step] == pytest.approx(float(by_pytorch[0]), rel=1e-5)
    again = run_file.loads(export_run(on_server.page))
    assert again.losses[step] == pytest.approx(float(by_pytorch[0]), rel=1e-6)
    assert again.state.spec.rate == RATE_AFTER


def test_other_settings_wait_for_start(open_training: Open) -> None:
    training = open_training()
    training.train(2)
    training.pause()
    run = training.run()["id"]
    batch = training.page.get_by_test_id("stSidebar").get_by_role("slider", name="batch size")
    batch.focus()
    training.page.keyboard.press("ArrowRight")
    expect(training.root.locator(".changed")).to_be_visible()
    assert training.run()["id"] == run
    training.run_button("Restart").click()
    training.until("d.phase === 'running' && Number(d.frames) > 2")
    assert training.run()["id"] != run


def test_reload_comes_back_to_the_run_and_trains_on_to_the_same_numbers(open_training: Open) -> None:
    whole = open_training(f"{SMALL}&seed=4")
    whole.train(20)
    whole.pause()

    training = open_training(f"{SMALL}&seed=4")
    training.train(6)
    paused_at = training.pause()
    training = training.reload()
    training.until(f"Number(d.step) === {paused_at} && d.phase === 'paused'")
    expect(training.run_button("Resume")).to_be_visible()
    training.train(20)
    training.pause()
    ours, theirs = training.run(), whole.run()
    steps = min(len(ours["losses"]), len(theirs["losses"]))
    assert ours["losses"][:steps] == theirs["losses"][:steps]
    frames = [{frame["step"]: frame["codes"] for frame in run["frames"]} for run in (ours, theirs)]
    common = sorted(set(frames[0]) & set(frames[1]))
    assert len(common) > 12
    assert [frames[0][step] for step in common[:12]] == [frames[1][step] for step in common[:12]]


def test_reload_comes_back_to_a_run_whose_changed_settings_wait(open_training: Open) -> None:
    training = open_training()
    training.train(6)
    step = training.pause()
    run = training.run()
    sidebar = training.page.get_by_test_id("stSidebar")
    for change in ("batch size", "temperature"):  # needs other programs, could be applied
        sidebar.get_by_role("slider", name=change).press("ArrowRight")
        expect(training.root.locator(".changed")).to_be_visible()
        training.page.wait_for_url(re.compile(change.split()[0]))
        training = training.reload()
        training.until(f"Number(d.step) === {step} && d.phase === 'paused'")
        expect(training.root.locator(".changed")).to_be_visible()
        again = training.run()
        assert (again["id"], again["losses"]) == (run["id"], run["losses"])
    training.run_button("Restart").click()
    training.until("d.phase === 'running' && Number(d.frames) > 2")
    assert training.run()["id"] != run["id"]
    # the page has the settings of the new run: that one comes back, and not the first
    step = training.pause()
    training = training.reload()
    training.until(f"Number(d.step) === {step} && d.phase === 'paused'")
    expect(training.root.locator(".changed")).to_be_hidden()
    # settings wait, a link is followed instead, and its page is loaded again: the link counts
    training.page.get_by_test_id("stSidebar").get_by_role("slider", name="batch size").press("ArrowRight")
    expect(training.root.locator(".changed")).to_be_visible()
    training.page.goto(f"{training.page.url.partition('?')[0]}?{SMALL}&loss=circle")
    training = BrowserTraining(training.page)
    training.page.reload()
    training = BrowserTraining(training.page)
    assert training.data("step") == "0"
    expect(training.root.locator(".changed")).to_be_hidden()


def test_run_is_still_there_after_another_page_and_that_page_can_use_it(open_training: Open) -> None:
    training = open_training()
    training.train(5)
    page = training.page
    page.get_by_role("link", name="Triplets").click()
    expect(
        page.get_by_role("radio", name="Over a run").or_(page.get_by_text("Over a run", exact=True)).first
    ).to_be_visible()
    page.get_by_role("link", name="Live training").click()
    training = BrowserTraining(page)
    training.until("Number(d.frames) > 5 && d.phase === 'paused'")
    step = int(training.number("step"))
    page.goto(f"{page.url.partition('/training')[0]}/triplets?part=over a run&film=my run")
    expect(page.get_by_text(f"Your run, step {step:,}")).to_be_visible(timeout=60_000)


def test_link_that_starts_does_so_once(open_training: Open) -> None:
    training = open_training(f"{SMALL}&play=true")
    training.until("Number(d.frames) > 3")
    training.pause()
    page = training.page
    page.get_by_role("link", name="Start", exact=True).click()
    expect(page.get_by_role("heading", name="Contrastive Loss Lab")).to_be_visible()
    page.get_by_role("link", name="Live training").click()
    training = BrowserTraining(page)
    step = training.number("step")
    page.wait_for_timeout(1500)
    assert (training.data("phase"), training.number("step")) == ("paused", step)


def test_exports_have_the_run_of_the_browser_and_the_server_goes_on_with_it(
    open_training: Open, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    training = open_training()
    training.train(8)
    step = training.pause()
    file = export_run(training.page)
    saved = run_file.loads(file)
    run = training.run()
    assert saved.state.step == step
    assert saved.losses.tolist() == run["losses"]
    assert [frame.step for frame in saved.frames] == [frame["step"] for frame in run["frames"]]
    points = np.array(run["frames"][-1]["codes"]).reshape(-1, 2)
    drawn = saved.frames[-1].points[2]
    assert np.corrcoef(points.ravel(), drawn.ravel())[0, 1] > 0.9999

    on_server = open_on_server(open_page, tmp_path / "run.npz", file)
    on_server.click("Step")
    on_server.until(f"d.step === '{step + 1}'")


def export_run(page: Page) -> bytes:
    """Download the run file of the page's run."""
    page.get_by_role("button", name="Export").press("Enter")
    button = page.get_by_role("button", name="Run file")
    expect(button).to_be_enabled(timeout=60_000)
    with page.expect_download() as event:
        button.click()
    page.keyboard.press("Escape")
    return Path(event.value.path()).read_bytes()


def open_on_server(open_page: Callable[..., Page], path: Path, file: bytes) -> TrainingPage:
    """Open a run file in another window, where the server trains it on."""
    path.write_bytes(file)
    page = open_page(f"training?{SMALL}&seed=3", height=800)
    BrowserTraining(page)
    page.get_by_role("button", name="Export").press("Enter")
    page.locator("input[type=file]").set_input_files(path)
    on_server = TrainingPage(page)
    on_server.until(f"d.step === '{run_file.loads(file).state.step}'")
    page.wait_for_url("**engine=server**")
    return on_server


def test_two_browsers_show_the_same_frames_of_one_link(open_training: Open) -> None:
    runs = []
    for _ in range(2):
        training = open_training(f"{SMALL}&loss=triplet&mining=semihard&seed=7")
        training.train(15)
        training.pause()
        runs.append(training.run()["frames"][:15])
    assert runs[0] == runs[1]


def test_server_takes_over_where_the_browser_has_no_engine(browser: Browser, app_server: Server) -> None:
    page = browser.new_page()  # of its own: the script stays
    page.add_init_script("delete globalThis.WebAssembly; delete globalThis.Worker;")
    page.goto(f"{app_server.url}/training?{SMALL}")
    expect(page.get_by_text("This run trains on the server.")).to_be_visible(timeout=60_000)
    training = TrainingPage(page).ready()
    training.train(3)
    page.close()  # else the script would run in later tests too


FAULTS = {  # what is done to a file on its way -> what the page says of it
    "memory": ("worker", r"The run could not be opened \(the browser could not provide \d+ MB of memory\)\."),
    "policy": ("worker", r"The engine cannot run here: .*Content Security Policy"),
    "damaged program": ("run", r"The run could not be opened \(The program is damaged\.\)\."),
    "cut run": ("run", "."),
    "cut engine": ("engine", r"The engine cannot run here: .*"),
}


def spoil(route: Route, fault: str) -> None:
    """Answer a request with a fault of `FAULTS`."""
    response = route.fetch()
    body = response.body()
    headers = {name: value for name, value in response.headers.items() if name not in ENCODED}
    if fault == "memory":
        body = b"WebAssembly.Memory.prototype.grow = () => { throw new RangeError('no memory'); };\n" + body
    elif fault == "policy":
        headers["content-security-policy"] = "script-src 'self'"  # without 'wasm-unsafe-eval'
    elif fault == "damaged program":
        middle = len(body) // 2
        body = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
    else:
        body = body[: len(body) // 2]
    route.fulfill(status=response.status, headers=headers, body=body)


@pytest.mark.parametrize("fault", FAULTS)
def test_server_takes_over_after_a_fault_and_the_page_says_why(
    fault: str, browser: Browser, app_server: Server
) -> None:
    file, reason = FAULTS[fault]
    page = browser.new_page()  # of its own: it gets files with faults
    page.route(f"**/component/**/{file}-*", lambda route: spoil(route, fault))
    page.goto(f"{app_server.url}/training?{SMALL}")
    expect(page.get_by_text("This run trains on the server.")).to_contain_text(
        re.compile(f"Your browser could not train: {reason}", re.IGNORECASE), timeout=120_000
    )
    TrainingPage(page).ready()
    page.close()


def test_class_weights_space_and_density(open_training: Open) -> None:
    training = open_training(f"{SMALL}&loss=am_softmax&view=3D")
    training.cloud.until("d.dims === '3'")
    training.train(5)
    training.pause()
    training.page.get_by_text("density", exact=True).click()
    training.cloud.until("d.density === 'true' && d.dims === '2'")
    training.train(10)  # it follows the run
    step = training.pause()
    training.cloud.until(f"d.live === 'true' && Number(d.step) === {step}")
    # it is drawn of the frame that is looked at
    newest = training.cloud.coloured_pixels()
    training.cloud.scrub(0)
    training.cloud.until("d.step === '0'")
    assert abs(newest - training.cloud.coloured_pixels()) > 100


def test_nt_xent_trains_on_two_views(open_training: Open) -> None:
    training = open_training("loss=nt_xent&encoder=cnn&batch=32&dim=8&points=500&training_images=1000&pace=fast")
    training.train(4)
    wait_for(training.page, lambda: len(training.run()["losses"]) > 3)
    losses = training.run()["losses"]
    assert np.isfinite(losses).all()
    training.pause()


def test_diverged_run_says_what_to_try(open_training: Open) -> None:
    training = open_training(f"{SMALL}&loss=npair&optimiser=sgd&rate=10.0&unit_norm=false")
    training.start()
    training.until("d.phase === 'failed'")
    expect(training.root.locator(".notice").first).to_contain_text("learning rate")
    expect(training.run_button("Start|Resume")).to_be_disabled()
    training.run_button("Reset").click()
    training.until("d.phase === 'paused' && d.step === '0'")


def test_movie_is_made_of_the_frames_of_the_browser(open_training: Open) -> None:
    training = open_training()
    training.train(4)
    training.pause()
    page = training.page
    page.get_by_role("button", name="Export").press("Enter")
    page.get_by_role("button", name="Make a movie").click()
    movie = page.get_by_role("button", name="Movie as GIF")
    expect(movie).to_be_visible(timeout=60_000)
    with page.expect_download() as event:
        movie.click()
    assert io.BytesIO(Path(event.value.path()).read_bytes()).read(6) == b"GIF89a"
