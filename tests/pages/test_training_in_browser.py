"""A run in the visitor's browser on the training page, in Streamlit's AppTest: what Python sends and takes."""

from urllib.parse import urlencode

import pytest

from cl_core import ui
from cl_core.components.trainer.picture import run_key
from cl_core.losses import LOSSES
from cl_core.runtime.run import Run
from cl_core.runtime.visitor_run import VisitorRun
from cl_core.training import RunSpec
from cl_core.ui.link.controls import PACKED_LINK
from cl_core.ui.pages import training_in_browser
from cl_core.ui.server import lifespan
from cl_core.ui.widgets import browser_training
from tests.executors import IdleExecutor
from tests.pages.apptest import (
    click,
    component_headers,
    open_from_link,
    open_page,
    route_pages_through_app,
    warnings_of,
    widget_keys,
)
from tests.runs import SMALL
from tests.unit.components.test_handover import encoded, parts_of

SMALL_LINK = {"dataset": "blobs", "encoder": "mlp", "dim": "8", "batch": "32", "points": "500"}


@pytest.fixture
def browser(monkeypatch):
    """`browser(callback, value)`: what the component calls before the next run of the page."""
    callbacks, waiting = {}, []
    mount, begin = training_in_browser.trainer, ui.run_notes

    def mount_and_note(content, **named):
        callbacks.update(named)
        mount(content, **named)

    def call_and_begin():
        while waiting:
            name, *values = waiting.pop()
            callbacks[name](*values)
        return begin()

    monkeypatch.setattr(training_in_browser, "trainer", mount_and_note)
    monkeypatch.setattr(ui, "run_notes", call_and_begin)
    return lambda name, *values: waiting.append((name, *values))


def header_of(app):
    [header] = component_headers(app)
    return header


def test_page_opens_without_settings_in_the_link(pool, browser):
    app = open_page("training")
    assert not app.exception
    assert header_of(app)["axes"] == 2


def test_page_describes_the_run_and_computes_nothing(pool):
    app = open_page("training", **SMALL_LINK, loss="triplet", margin="0.35", rate="0.003", seed="5")
    header = header_of(app)
    assert header["choice"] == {"seed": 5, "rate": 0.003, "theta": {"margin": 0.35}}
    assert header["key"] == run_key(RunSpec(dataset="blobs", loss="triplet", dim=8, batch=32), 500)
    assert header["pace"] == {"interval": 400.0, "everyStep": False}
    assert set(header["files"]) == {"engine", "worker", "run", "images", "probes", "cloud"}
    assert isinstance(app.session_state.run, VisitorRun)
    assert not app.button  # they are in the browser
    assert not app.get("vega_lite_chart")


def test_programs_do_not_wait_for_tasks_of_minutes(pool, monkeypatch):
    monkeypatch.setattr(browser_training, "TIMEOUT", 20.0)
    lifespan.engine().long_queue = IdleExecutor()  # as if it were busy
    assert header_of(open_page("training", **SMALL_LINK, loss="npair", seed="77"))["files"]


def test_shipped_programs_need_no_worker(idle_executor, monkeypatch):
    monkeypatch.setattr(browser_training, "_training_images", lambda spec: b"")
    assert header_of(open_page("training", loss="supcon", seed="78"))["files"]
    assert idle_executor.submitted == ["getpid"]  # which starts the workers


def test_another_program_only_where_it_is_needed(pool):
    app = open_page("training", **SMALL_LINK, loss="triplet")
    first = header_of(app)
    app.slider(key="margin").set_value(0.5).run()
    app.select_slider(key="rate").set_value(0.01).run()
    second = header_of(app)
    assert (second["key"], second["files"]) == (first["key"], first["files"])
    assert second["choice"] == {"seed": 0, "rate": 0.01, "theta": {"margin": 0.5}}
    app.selectbox(key="mining").set_value("hard").run()
    third = header_of(app)
    assert third["key"] != first["key"]
    assert third["files"]["run"] != first["files"]["run"]
    assert third["files"]["images"] == first["files"]["images"]


@pytest.mark.parametrize("key", LOSSES)
def test_every_loss_trains_in_the_browser_or_the_page_says_why_not(pool, key):
    app = open_page("training", **(SMALL_LINK | {"loss": key, "batch": "128"}))  # few batches for the reference values
    if isinstance(app.session_state.run, VisitorRun):
        assert header_of(app)["choice"]["theta"].keys() <= LOSSES[key].parameters.keys()
    else:
        assert any("trains on the server" in info.value for info in app.info)


def test_large_batches_train_on_the_server_and_the_page_says_why(pool):
    app = open_page("training", **(SMALL_LINK | {"batch": "2048"}))
    assert isinstance(app.session_state.run, Run)
    assert "the limit is 1,024" in app.info[0].value


def test_link_chooses_the_server(pool):
    app = open_page("training", **SMALL_LINK, engine="server")
    assert isinstance(app.session_state.run, Run)
    assert not app.info
    app.selectbox(key="engine").set_value("browser").run()
    assert isinstance(app.session_state.run, VisitorRun)


def test_handover_fills_exports_and_is_asked_for_only_then(pool, browser):
    app = open_page("training", **SMALL_LINK)
    assert header_of(app)["wanted"] is False
    app.session_state["export_0"] = True
    header, buffers, _, state = parts_of(SMALL)
    browser("on_handover", {"id": "a", "step": 6, "text": encoded(header, buffers)})
    app.run()
    assert header_of(app)["wanted"] is True
    app.run()
    assert header_of(app)["known"] == ["a", 6]
    assert app.session_state.run.state.vector.tobytes() == state.vector.tobytes()
    assert app.session_state.run.progress().step == 6
    assert not app.exception


@pytest.mark.parametrize("reported", [None, {}, {"id": 3, "step": 6, "text": ""}, {"id": "a", "step": "6", "text": ""}])
def test_reports_of_no_meaning_are_ignored(pool, browser, reported):
    app = open_page("training", **SMALL_LINK)
    browser("on_handover", reported)
    browser("on_facts", reported)
    app.run()
    assert not app.exception
    assert app.session_state.run.state is None


def test_forged_run_is_refused_with_a_sentence_and_not_asked_for_again(pool, browser):
    app = open_page("training", **SMALL_LINK)
    browser("on_handover", {"id": "a", "step": 6, "text": "AAAA"})
    app.run()
    assert [error.value for error in app.error] == [
        "The server could not read your run. What your browser has sent cannot be read."
    ]
    assert header_of(app)["known"] == ["a", 6]


def test_run_that_arrives_late_does_not_replace_one_on_the_server(pool, browser):
    app = open_page("training", **SMALL_LINK)
    app.selectbox(key="engine").set_value("server").run()
    on_server = app.session_state.run
    header, buffers, *_ = parts_of(SMALL)
    browser("on_handover", {"id": "a", "step": 6, "text": encoded(header, buffers)})
    app.run()
    assert app.session_state.run is on_server


def test_new_seed_is_that_of_the_link(pool, browser):
    app = open_page("training", **SMALL_LINK)
    browser("on_reseed")
    app.run()
    app.run()
    assert app.session_state.seed == 1
    assert header_of(app)["choice"]["seed"] == 1


def test_server_takes_over_where_the_browser_cannot_train(pool, browser):
    app = open_page("training", **SMALL_LINK)
    browser("on_refused", "WebAssembly is not allowed here.")
    app.run()
    app.run()
    assert isinstance(app.session_state.run, Run)
    assert "WebAssembly is not allowed here." in app.info[0].value
    click(app, "play")
    assert not app.exception


def test_lesson_waits_for_facts_of_the_browser(pool, browser, monkeypatch):
    route_pages_through_app(monkeypatch)
    app = open_from_link(
        "training", lesson="ten-minutes-alone", step="3", loss="triplet", mining="hard", margin="1.0", **SMALL_LINK
    )
    conditions = header_of(app)["conditions"]
    assert conditions
    assert {condition["fact"] for condition in conditions} <= set(training_in_browser.FACTS)


@pytest.mark.parametrize("view", ["2D", "3D", "density"])
def test_density_is_drawn_by_the_browser_without_the_run(pool, view):
    header = header_of(open_page("training", **SMALL_LINK, view=view))
    assert (header["wanted"], header["density"]) == (False, view == "density")


PLANE = SMALL_LINK | {"loss": "am_softmax", "dim": "2"}


def test_class_weights_of_a_plane_can_be_hidden_by_link(pool):
    app = open_page("training", **PLANE)
    assert header_of(app)["show_regions"]
    assert header_of(app)["views"]["2"]["margin"], "AM-softmax has one"
    assert "regions" in widget_keys(app)
    assert not header_of(open_page("training", **PLANE, regions="false"))["show_regions"]
    assert not header_of(open_page("training", **PLANE | {"loss": "softmax"}))["views"]["2"]["margin"]


def test_switch_of_class_weights_is_there_only_where_there_are_some(pool):
    for link in (PLANE | {"dim": "3"}, PLANE | {"loss": "supcon"}):
        assert "regions" not in widget_keys(open_page("training", **link))


def test_nonsense_for_the_switch_of_class_weights_is_named(pool):
    app = open_from_link("training", **PLANE, regions="perhaps")
    assert header_of(app)["show_regions"]
    assert any("regions" in text for text in warnings_of(app))


def test_browser_hears_of_a_link_that_is_followed_on_the_page(pool, monkeypatch):
    route_pages_through_app(monkeypatch)
    app = open_from_link("training", **SMALL_LINK)
    turns = [header_of(app)["turn"]]
    app.run()
    turns.append(header_of(app)["turn"])
    app.query_params.clear()
    app.query_params[PACKED_LINK] = urlencode(SMALL_LINK | {"rate": "0.002"})
    app.run()
    turns.append(header_of(app)["turn"])
    assert turns[0] == turns[1] != turns[2]
