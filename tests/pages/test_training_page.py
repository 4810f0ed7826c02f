"""The training page in Streamlit's AppTest, with a thread in place of worker processes."""

import time

import numpy as np
import pytest

from cl_core.losses import LOSSES
from cl_core.losses.articles import CONTRASTING
from cl_core.training.files import run_file
from cl_core.training.frames import PACES
from cl_core.ui.pages import training_controls
from tests.executors import DyingExecutor
from tests.pages.apptest import (
    FAST_TRAINING,
    click,
    component_headers,
    component_messages,
    current_step,
    markdown_texts,
    new_app,
    open_page,
    open_training_run,
    run_until,
    widget_keys,
)


def test_start_page_links_to_other_pages(pool):
    app = new_app({}).run()
    assert not app.exception
    assert app.title[0].value == "Contrastive Loss Lab"
    assert len(app.get("page_link")) >= 6


@pytest.mark.parametrize("key", LOSSES)
def test_each_loss_has_its_controls_and_trains(pool, key):
    app = open_training_run(loss=key)
    assert not app.warning
    for parameter in LOSSES[key].parameters.values():
        assert parameter.name in app.session_state
    click(app, "play")
    run_until(app, lambda app: current_step(app) > 12)
    assert not app.exception
    assert not app.error


def test_start_pause_step_and_reset(pool):
    app = open_training_run()
    first = app.session_state.run.progress().frames[0]
    click(app, "play")
    run_until(app, lambda app: current_step(app) > 20)
    click(app, "play")
    run_until(app, lambda app: not app.session_state.run.busy)
    paused_at = current_step(app)
    time.sleep(0.2)
    assert current_step(app.run()) == paused_at
    click(app, "step")
    run_until(app, lambda app: not app.session_state.run.busy)
    assert current_step(app) == paused_at + 1
    click(app, "reset")
    run_until(app, lambda app: app.session_state.run.progress().frames)
    frames = app.session_state.run.progress().frames
    assert len(frames) == 1
    assert frames[0].points[2].tobytes() == first.points[2].tobytes()
    assert frames[0].metrics == first.metrics


def test_new_seed_gives_other_initial_embedding(pool):
    app = open_training_run()
    first = app.session_state.run.progress().frames[0].points[2]
    click(app, "new_seed")
    run_until(app, lambda app: app.session_state.run.progress().frames)
    assert app.session_state.seed == 1
    assert app.session_state.run.spec.seed == 1
    assert app.session_state.run.progress().frames[0].points[2].tobytes() != first.tobytes()


def test_rate_and_sliders_are_applied_to_a_run_that_goes_on(pool):
    app = open_training_run()
    click(app, "play")
    run_until(app, lambda app: current_step(app) > 5)
    running = app.session_state.run
    collapse = running.progress().references.collapse
    app.slider(key="temperature").set_value(0.5).run()
    app.select_slider(key="rate").set_value(0.003).run()
    assert running.spec.theta["temperature"] == 0.1
    assert app.button(key="play").label == "Pause"
    click(app, "apply")
    assert app.session_state.run is running
    assert (running.spec.rate, running.spec.theta["temperature"]) == (0.003, 0.5)
    assert "apply" not in widget_keys(app)
    run_until(app, lambda app: running.progress().references.collapse != collapse)
    step = current_step(app)
    run_until(app, lambda app: current_step(app) > step + 5)
    click(app, "play")
    run_until(app, lambda app: not running.busy)
    (change,) = running.progress().changes
    assert (change.rate, dict(change.theta)) == (0.003, {"temperature": 0.5})
    assert 5 < change.step <= current_step(app)
    assert f"After step {change.step:,} the settings were changed: learning rate 0.003" in markdown_texts(app)
    saved = run_file.loads(run_file.dumps(*running.progress_and_state(), running.n))
    assert saved.changes == (change,)
    assert saved.state.spec == running.spec


def test_changed_settings_take_effect_at_restart(pool):
    app = open_training_run()
    click(app, "play")
    run_until(app, lambda app: current_step(app) > 5)
    running = app.session_state.run
    app.select_slider(key="dim").set_value(16).run()
    assert app.session_state.run is running
    assert app.button(key="play").label == "Pause"
    assert "Settings changed" in markdown_texts(app)
    assert "apply" not in widget_keys(app)  # a net of another size needs a start of its own
    click(app, "restart")
    assert app.session_state.run is not running
    assert app.session_state.run.spec.dim == 16
    assert app.session_state.run.playing


def test_settings_take_effect_at_once_before_first_start(pool):
    app = open_training_run()
    app.select_slider(key="dim").set_value(2).run()
    run_until(app, lambda app: app.session_state.run.progress().frames)
    assert app.session_state.run.spec.dim == 2
    assert set(app.session_state.run.progress().frames[0].points) == {2}


def test_choosing_a_loss_sets_its_defaults(pool):
    app = open_training_run(loss="supcon", temperature="0.5")
    app.selectbox(key="loss").set_value("npair").run()
    assert app.session_state.unit_norm is False
    app.selectbox(key="loss").set_value("contrastive").run()
    assert app.session_state.margin == 1.0
    app.selectbox(key="loss").set_value("triplet").run()
    assert app.session_state.margin == 0.2
    assert not app.exception


def test_link_sets_run_and_view(pool):
    app = open_training_run(
        loss="triplet", margin="0.35", mining="batch_hard", distance="cosine", batch="64", dim="3", seed="11",
        rate="0.003", unit_norm="false", optimiser="sgd", points="500", view="3D",
    )  # fmt: skip
    assert not app.warning
    run = app.session_state.run
    assert (run.spec.loss, run.spec.batch, run.spec.dim, run.spec.seed) == ("triplet", 64, 3, 11)
    assert dict(run.spec.theta) == {"margin": 0.35, "mining": "batch_hard", "distance": "cosine"}
    assert (run.spec.rate, run.spec.unit_norm, run.spec.optimiser, run.n) == (0.003, False, "sgd", 500)
    assert component_headers(app)[0]["dims"] == 3


def html_texts(app):
    return " ".join(element.proto.body for element in app.get("html"))


def test_collapse_value_of_small_batches_is_that_of_batches_with_positives(pool):
    app = open_training_run(loss="supcon", batch="4")
    assert "If all points coincide it is 1.1, the lowest possible loss" in html_texts(app)
    assert "The other batches have a loss of 1.1 if all points coincide." in markdown_texts(app)
    click(app, "play")
    run_until(app, lambda app: current_step(app) > 20)
    assert any("Take two or more images of each class" in warning.value for warning in app.warning)


def test_tiny_floor_is_zero_and_start_above_collapse_is_explained(pool):
    app = open_training_run(loss="arcface")
    assert "the lowest possible loss 0." in html_texts(app)
    assert "starts above its value for coinciding points" not in markdown_texts(app)
    click(app, "play")
    run_until(app, lambda app: current_step(app) > 5)
    assert "because the class weights are random at first" in markdown_texts(app)


def test_link_draws_batches_by_class_until_another_loss_is_chosen(pool):
    app = open_training_run(batch="8", images_per_class="4")
    assert not app.warning
    assert app.session_state.run.spec.images_per_class == 4
    assert training_controls.link_of(app.session_state.run.spec)["images_per_class"] == "4"
    assert "have no valid term" not in markdown_texts(app)
    click(app, "play")
    run_until(app, lambda app: current_step(app) > 10)
    assert app.session_state.run.progress().empty == 0
    app.selectbox(key="loss").set_value("triplet").run()
    assert app.session_state.images_per_class == 0
    app.selectbox(key="loss").set_value("nt_xent").run()
    assert "images_per_class" not in widget_keys(app)
    assert [error.value for error in app.error if "class" in error.value] == []
    assert not app.exception


def test_link_trains_on_a_part_of_the_training_set_until_all_are_chosen(pool):
    app = open_training_run(training_images="1000")
    assert not app.warning
    run = app.session_state.run
    assert run.spec.training_images == 1000
    assert run.progress().references.epoch_steps == 1000 // run.spec.batch
    assert training_controls.link_of(run.spec)["training_images"] == "1000"
    app.selectbox(key="loss").set_value("triplet").run()
    assert app.session_state.run.spec.training_images == 1000
    app.selectbox(key="training_images").set_value("all").run()
    assert app.session_state.run.spec.training_images == 0
    assert training_controls.link_of(app.session_state.run.spec)["training_images"] == "all"
    assert not app.exception


@pytest.mark.parametrize(("text", "n"), [("all", 0), ("0", 0), ("3,000", 3000), ("10000", 0)])
def test_training_images_of_a_link_are_read_as_they_are_meant(pool, text, n):
    """The blobs have 4,000 training points, so 10,000 are all of them."""
    app = open_training_run(dataset="blobs", training_images=text)
    assert app.session_state.run.spec.training_images == n
    notes = [warning.value for warning in app.warning if "default is used" in warning.value]
    assert notes == []


def test_classes_that_the_data_set_does_not_have_give_error_with_limits(pool):
    app = open_page("training", **(FAST_TRAINING | {"batch": "128", "images_per_class": "2"}))
    assert "take at least 13 images of each class, or a batch of at most 20" in app.error[0].value
    app.select_slider(key="images_per_class").set_value(16).run()
    assert not app.error
    assert app.session_state.run.spec.images_per_class == 16


@pytest.mark.parametrize(
    ("link", "expected"),
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
        ({"training_images": "700"}, "`training_images` must be one of all, 30000, 10000, 3000, 1000"),
        ({"classes_left_out": "seven"}, "`classes_left_out` must be labels of classes with commas between"),
        ({"wrong_labels": "1.5"}, "`wrong_labels` must be a number from 0 to 0.9"),
        ({"images_per_class": "3"}, "`images_per_class` must be one of 0, 2, 4"),
        ({"loss": "nt_xent", "images_per_class": "2"}, "`images_per_class` is not a setting"),
        ({"loss": "normface", "convention": "twice"}, "`convention` is not a setting"),
        ({"loss": "nt_xent", "convention": "labels"}, "`convention` is not a setting"),
    ],
)
def test_invalid_link_value_gives_warning_and_default(pool, link, expected):
    app = run_until(open_page("training", **(FAST_TRAINING | link)), lambda app: app.session_state.run.progress().phase)
    assert not app.exception
    assert any(expected in warning.value for warning in app.warning), [warning.value for warning in app.warning]
    assert not any("<" in warning.value for warning in app.warning)
    assert app.session_state.run.spec.batch <= 2048


def test_incompatible_settings_give_error(pool):
    app = open_page("training", dataset="rings", encoder="cnn")
    assert not app.exception
    assert "choose the MLP" in app.error[0].value


def test_encoder_without_projector_asks_for_its_dimension(pool):
    app = open_page("training", dataset="blobs", encoder="plain_mlp", loss="softmax", dim="128")
    assert not app.exception
    assert "has 256 dimensions, not 128" in app.error[0].value
    app.select_slider(key="dim").set_value(256).run()
    assert not app.error
    assert app.session_state.run.spec.dim == 256


def test_variant_is_trained_and_reset_when_loss_changes(pool):
    app = open_training_run(loss="softmax", convention="twice", encoder="plain_mlp", dim="256", rate="0.01")
    assert not app.warning
    assert app.session_state.run.spec.convention == "twice"
    assert f"The classifiers of {CONTRASTING.markdown}" in " ".join(caption.value for caption in app.caption)
    click(app, "play")
    run_until(app, lambda app: current_step(app) > 20)
    click(app, "play")
    run_until(app, lambda app: not app.session_state.run.busy)
    progress = app.session_state.run.progress()
    assert (progress.references.collapse, progress.references.floor) == pytest.approx((2.3026, 1.4612), abs=1e-4)
    assert 1.46 < progress.losses[-1] < progress.losses[0] < 2.31  # between the floor and log 10, for ten classes
    app.selectbox(key="loss").set_value("npair").run()
    assert app.session_state.convention == "here"
    app.selectbox(key="convention").set_value("soft_labels").run()
    assert app.slider(key="l2").disabled  # this variant has no such term
    app.selectbox(key="loss").set_value("supcon").run()
    app.selectbox(key="convention").set_value("all_anchors").run()
    app.selectbox(key="loss").set_value("circle").run()  # has a variant of the same name
    assert app.session_state.convention == "here"
    assert not app.exception


def test_parameters_fixed_by_variant_are_shown_and_disabled(pool):
    app = open_training_run(loss="triplet", convention="tfa", mining="hard", margin="0.35")
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
    assert dict(spec.theta) == {**LOSSES["triplet"].defaults, "margin": 0.35}  # which the link then holds
    assert not app.exception


def test_diverging_run_shows_error_with_advice(pool):
    app = open_training_run(loss="npair", optimiser="sgd", rate="10.0")
    click(app, "play")
    run_until(app, lambda app: app.error)
    assert "learning rate" in app.error[0].value
    assert app.button(key="play").disabled
    assert app.session_state.run.progress().frames


def test_worker_death_is_reported_and_run_continues(monkeypatch, pool):
    dying = DyingExecutor(lambda task, nth: task == "train_chunk" and nth == 2)
    monkeypatch.setattr(pool, "submit", dying.submit)
    app = open_training_run()
    click(app, "play")
    run_until(app, lambda app: current_step(app) > 10)
    assert any("A worker process died" in info.value for info in app.info)


def test_damaged_data_file_gives_error(monkeypatch, tmp_path, pool):
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04 and then nothing")
    monkeypatch.setenv("CL_LAB_DATA", str(tmp_path))
    app = run_until(open_page("training", dataset="own_torn"), lambda app: app.error)
    assert "torn.npz" in app.error[0].value


def test_embedding_component_receives_frames_of_the_run(pool):
    app = open_training_run()
    header = component_headers(app)[0]
    progress = app.session_state.run.progress()
    assert header["n"] == 1000  # all test points of the data set
    assert header["steps"] == [0]
    assert header["shares"][0] == pytest.approx([round(share, 4) for share in progress.frames[0].views[2].shares])


def test_metrics_and_charts_show_numbers_of_the_run(pool):
    app = open_training_run()
    click(app, "play")
    run_until(app, lambda app: current_step(app) > 10)
    click(app, "play")
    run_until(app, lambda app: not app.session_state.run.busy)
    shown = {metric.label: metric.value for metric in app.metric}
    measured = app.session_state.run.progress().frames[-1].metrics
    assert shown["kNN"] == f"{measured.knn:.1%}"
    assert shown["spread"] == f"{measured.spread:.2f}"
    assert len(app.get("vega_lite_chart")) == 3


def test_density_is_a_view_of_the_moving_picture(pool):
    shown = {}
    for view in ("2D", "3D", "density"):
        (header,) = (each for each in component_headers(open_training_run(view=view)) if "density" in each)
        shown[view] = (header["dims"], header["density"])
    assert shown == {"2D": (2, False), "3D": (3, False), "density": (2, True)}


def test_class_weights_move_with_the_frames_of_the_server(pool):
    link = {"loss": "l_softmax", "dim": "2"}
    app = open_training_run(**link)
    ((header, buffers),) = (each for each in component_messages(app) if "density" in each[0])
    regions = buffers["regions"].reshape(len(header["steps"]), -1, 5)
    assert np.isfinite(regions[..., :3]).all()
    assert (regions[0] != regions[-1]).any()
    assert header["show_regions"]
    ((header, _),) = (
        each for each in component_messages(open_training_run(**link, regions="false")) if "density" in each[0]
    )
    assert not header["show_regions"]


def test_every_pace_can_be_set_by_link(pool):
    for pace in PACES:
        app = open_training_run(pace=pace)
        assert not app.warning
        assert app.session_state.pace == pace


def test_sessions_do_not_share_a_run(pool):
    a, b = open_training_run(), open_training_run(seed="3")
    assert a.session_state.run is not b.session_state.run


def test_data_of_a_run_can_be_made_harder(pool):
    app = open_training_run(dataset="blobs", wrong_labels="0.2", classes_left_out="4,3", training_images="100")
    spec = app.session_state.run.spec
    assert (spec.wrong_labels, spec.classes_left_out, spec.training_images) == (0.2, "3,4", 100)
    assert training_controls.link_of(spec)["classes_left_out"] == "3,4"
    menu = app.multiselect(key="classes_left_out_labels")
    assert menu.options == list("ABCDEFGHIJ")
    assert menu.value == [3, 4]
    menu.set_value([4, 0]).run()
    assert app.session_state.run.spec.classes_left_out == "0,4"
    assert app.query_params["classes_left_out"] == "0,4"
    app.multiselect(key="classes_left_out_labels").set_value([]).run()
    assert app.session_state.run.spec.classes_left_out == ""
    assert "classes_left_out" not in app.query_params


def test_classes_that_the_data_set_lacks_are_dropped_with_a_sentence(pool):
    app = open_training_run(dataset="rings", classes_left_out="1,7")
    assert app.session_state.run.spec.classes_left_out == "1"
    assert any("no class with the label 7; it has 5 classes" in caption.value for caption in app.caption)


def test_hidden_choice_of_classes_is_that_of_the_link(pool):
    app = open_training_run(dataset="blobs", classes_left_out="1,7", hide="classes_left_out")
    assert app.session_state.run.spec.classes_left_out == "1,7"
    assert not app.multiselect


def test_too_many_classes_left_out_are_explained(pool):
    app = open_page("training", engine="server", dataset="rings", classes_left_out="0,1,2,3")
    assert any("fewer than two classes" in error.value for error in [*app.error, *app.warning])
