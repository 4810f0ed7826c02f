"""Every page under Streamlit's AppTest, with workers that are no processes."""

import json
import time
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from cl_core.losses import LOSSES
from cl_core.training.frames import PACES
from tests import ROOT
from tests.executors import DyingExecutor

FAST = {"dataset": "blobs", "encoder": "mlp", "dim": "8", "batch": "32", "pace": "flat-out"}


def page(**link: str) -> AppTest:
    """The training page, opened from a link."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.query_params.update(link)
    app.run()
    app.switch_page("pages/training.py")
    return app.run()


def opened(**link: str) -> AppTest:
    return until(page(**(FAST | link)), lambda app: app.session_state.run.progress().frames)


def until(app: AppTest, seen: Callable[[AppTest], object], seconds: float = 60) -> AppTest:
    """Run the page again and again, as its ticks would, until something is seen."""
    end = time.monotonic() + seconds
    while not seen(app):
        assert time.monotonic() < end, [e.value for e in (*app.error, *app.warning, *app.info)]
        time.sleep(0.02)
        app.run()
        assert not app.exception
    return app.run()


def click(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def step(app: AppTest) -> int:
    return int(app.session_state.run.progress().step)


def test_the_start_page_leads_to_runs(pool):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not app.exception
    assert app.title[0].value == "Contrastive Loss Lab"
    assert len(app.get("page_link")) >= 6


@pytest.mark.parametrize("key", LOSSES)
def test_each_loss_has_its_sliders_and_trains(pool, key):
    app = opened(loss=key)
    assert not app.warning
    for parameter in LOSSES[key].parameters.values():
        assert parameter.name in app.session_state
    click(app, "start")
    until(app, lambda app: step(app) > 12)
    assert not app.exception
    assert not app.error


def test_start_pause_step_reset(pool):
    app = opened()
    first = app.session_state.run.progress().frames[0]
    click(app, "start")
    until(app, lambda app: step(app) > 20)
    click(app, "pause")
    until(app, lambda app: not app.session_state.run.busy)
    held = step(app)
    time.sleep(0.2)
    assert step(app.run()) == held
    click(app, "step")
    until(app, lambda app: not app.session_state.run.busy)
    assert step(app) == held + 1
    click(app, "reset")
    until(app, lambda app: app.session_state.run.progress().frames)
    again = app.session_state.run.progress().frames
    assert len(again) == 1
    assert again[0].points[2].tobytes() == first.points[2].tobytes()
    assert again[0].metrics == first.metrics


def test_new_seed_is_another_start(pool):
    app = opened()
    first = app.session_state.run.progress().frames[0].points[2]
    click(app, "new_seed")
    until(app, lambda app: app.session_state.run.progress().frames)
    assert app.session_state.seed == 1
    assert app.session_state.run.spec.seed == 1
    assert app.session_state.run.progress().frames[0].points[2].tobytes() != first.tobytes()


def test_new_settings_wait_for_start_and_the_run_stays_until_then(pool):
    app = opened()
    click(app, "start")
    until(app, lambda app: step(app) > 5)
    running = app.session_state.run
    app.slider(key="temperature").set_value(0.5).run()
    assert app.session_state.run is running
    assert any("settings have changed" in note.value for note in app.info)
    click(app, "start")
    assert app.session_state.run is not running
    assert app.session_state.run.spec.theta["temperature"] == 0.5


def test_settings_before_the_start_show_at_once(pool):
    app = opened()
    app.select_slider(key="dim").set_value(2).run()
    until(app, lambda app: app.session_state.run.progress().frames)
    assert app.session_state.run.spec.dim == 2
    assert set(app.session_state.run.progress().frames[0].points) == {2}


def test_another_loss_brings_its_own_defaults(pool):
    app = opened(loss="supcon", temperature="0.5")
    app.selectbox(key="loss").set_value("npair").run()
    assert app.session_state.unit_norm is False
    app.selectbox(key="loss").set_value("contrastive").run()
    assert app.session_state.margin == 1.0
    app.selectbox(key="loss").set_value("triplet").run()
    assert app.session_state.margin == 0.2
    assert not app.exception


def test_a_link_opens_what_it_says(pool):
    app = opened(
        loss="triplet", margin="0.35", mining="batch_hard", distance="cosine", batch="64", dim="3", seed="11",
        rate="0.003", unit_norm="false", optimiser="sgd", points="500", view="3D",
    )  # fmt: skip
    assert not app.warning
    run = app.session_state.run
    assert (run.spec.loss, run.spec.batch, run.spec.dim, run.spec.seed) == ("triplet", 64, 3, 11)
    assert dict(run.spec.theta) == {"margin": 0.35, "mining": "batch_hard", "distance": "cosine"}
    assert (run.spec.rate, run.spec.unit_norm, run.spec.optimiser, run.n) == (0.003, False, "sgd", 500)
    assert header(app)["dims"] == 3


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"loss": "bogus"}, "`loss` must be one of"),
        ({"batch": "9999999"}, "`batch` must be one of"),
        ({"temperature": "abc"}, "`temperature` must be a number from 0.01 to 1"),
        ({"temperature": "-5"}, "`temperature` must be a number"),
        ({"temperature": "nan"}, "`temperature` must be a number"),
        ({"seed": "1e99"}, "`seed` must be a number"),
        ({"seed": "-3"}, "`seed` must be a number"),
        ({"unit_norm": "perhaps"}, "`unit_norm` must be true or false"),
        ({"dataset": "../../etc/passwd"}, "`dataset` must be one of"),
        ({"colour": "<b>red</b>"}, "`colour` is not a setting"),
        ({"points": "100000000"}, "`points` must be one of"),
        ({"convention": "twice"}, "`convention` must be one of here, inside, base"),
        ({"loss": "normface", "convention": "twice"}, "`convention` is not a setting"),
        ({"loss": "nt_xent", "convention": "labels"}, "`convention` is not a setting"),
    ],
)
def test_nonsense_in_a_link_is_said_and_the_default_used(pool, link, words):
    app = until(page(**dict((FAST | link).items())), lambda app: app.session_state.run.progress().phase)
    assert not app.exception
    assert any(words in note.value for note in app.warning), [note.value for note in app.warning]
    assert not any("<" in note.value for note in app.warning)
    assert app.session_state.run.spec.batch <= 2048


def test_settings_that_do_not_go_together_are_said(pool):
    app = page(dataset="rings", encoder="cnn")
    assert not app.exception
    assert "choose the mlp" in app.error[0].value


def test_a_net_without_a_projector_says_how_many_dimensions_it_has(pool):
    app = page(dataset="blobs", encoder="plain_mlp", loss="softmax", dim="128")
    assert not app.exception
    assert "has 256 dimensions, not 128" in app.error[0].value
    app.select_slider(key="dim").set_value(256).run()
    assert not app.error
    assert app.session_state.run.spec.dim == 256


def test_another_definition_is_trained_and_another_loss_has_its_own(pool):
    app = opened(loss="softmax", convention="twice", encoder="plain_mlp", dim="256", rate="0.01")
    assert not app.warning
    assert app.session_state.run.spec.convention == "twice"
    assert "first article's classifiers" in " ".join(note.value for note in app.caption)
    click(app, "start")
    until(app, lambda app: step(app) > 20)
    click(app, "pause")
    until(app, lambda app: not app.session_state.run.busy)
    look = app.session_state.run.progress()
    assert (look.references.collapse, look.references.floor) == pytest.approx((2.3026, 1.4612), abs=1e-4)
    assert 1.46 < look.losses[-1] < look.losses[0] < 2.31  # of ten classes, between the floor and log 10
    app.selectbox(key="loss").set_value("npair").run()
    assert app.session_state.convention == "here"
    app.selectbox(key="convention").set_value("soft_labels").run()
    assert app.slider(key="l2").disabled  # which that definition does without
    app.selectbox(key="loss").set_value("supcon").run()
    app.selectbox(key="convention").set_value("all_anchors").run()
    app.selectbox(key="loss").set_value("circle").run()  # which has one of that name too
    assert app.session_state.convention == "here"
    assert not app.exception


def test_what_a_definition_lays_down_is_seen_on_its_sliders(pool):
    app = opened(loss="triplet", convention="tfa", mining="hard", margin="0.35")
    assert dict(app.session_state.run.spec.theta) == {"margin": 0.35, "mining": "semihard_tfa", "distance": "euclidean"}
    for name in ("mining", "distance"):
        assert app.session_state[name] == app.session_state.run.spec.theta[name]
        assert app.selectbox(key=name).disabled
    assert not app.slider(key="margin").disabled
    app.selectbox(key="convention").set_value("tfa_09").run()
    assert app.session_state.distance == "sqeuclidean"
    app.selectbox(key="convention").set_value("here").run()
    assert not app.selectbox(key="distance").disabled
    spec = app.session_state.run.spec
    assert spec.convention == "here"
    assert dict(spec.theta) == {**LOSSES["triplet"].defaults, "margin": 0.35}  # as the link then says
    assert not app.exception


def test_a_run_that_turns_to_nan_says_what_to_try(pool):
    app = opened(loss="npair", optimiser="sgd", rate="10.0")
    click(app, "start")
    until(app, lambda app: app.error)
    assert "learning rate" in app.error[0].value
    assert app.button(key="start").disabled
    assert app.session_state.run.progress().frames


def test_a_death_is_said_and_the_run_goes_on(monkeypatch, pool):
    dying = DyingExecutor(lambda task, nth: task == "train_chunk" and nth == 2)
    monkeypatch.setattr(pool, "submit", dying.submit)
    app = opened()
    click(app, "start")
    until(app, lambda app: step(app) > 10)
    assert any("A worker process died" in note.value for note in app.info)


def test_a_broken_data_file_is_said(monkeypatch, tmp_path, pool):
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04 and then nothing")
    monkeypatch.setenv("CL_LAB_DATA", str(tmp_path))
    app = until(page(dataset="own_torn"), lambda app: app.error)
    assert "torn.npz" in app.error[0].value


def test_the_cloud_holds_the_runs_own_frames(pool):
    app = opened()
    told = header(app)
    look = app.session_state.run.progress()
    assert told["n"] == 1000  # all the test points that the blobs have
    assert told["steps"] == [0]
    assert told["shares"][0] == pytest.approx([round(s, 4) for s in look.frames[0].views[2].shares])


def header(app: AppTest) -> dict:
    """What the page told the component."""
    data = app.get("bidi_component")[0].proto.bytes
    length = int.from_bytes(data[:4], "little")
    return json.loads(data[4 : 4 + length])


def test_the_curves_show_the_runs_own_numbers(pool):
    app = opened()
    click(app, "start")
    until(app, lambda app: step(app) > 10)
    click(app, "pause")
    until(app, lambda app: not app.session_state.run.busy)
    shown = {metric.label: metric.value for metric in app.metric}
    measured = app.session_state.run.progress().frames[-1].metrics
    assert shown["kNN"] == f"{measured.knn:.1%}"
    assert shown["spread"] == f"{measured.spread:.2f}"
    assert len(app.get("vega_lite_chart")) == 3


def test_density_view(pool):
    app = opened(view="density")
    assert not app.exception
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert [t["type"] for t in figure["data"]].count("contour") == 10


def test_every_pace_is_a_choice(pool):
    for pace in PACES:
        app = opened(pace=pace)
        assert not app.warning
        assert app.session_state.pace == pace


def test_visitors_do_not_share_a_run(pool):
    a, b = opened(), opened(seed="3")
    assert a.session_state.run is not b.session_state.run
