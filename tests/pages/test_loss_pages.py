"""The boundaries page and the frozen batch in AppTest show what the library computes."""

import math
from pathlib import Path

import numpy as np
import pytest

from cl_core.analysis import similarity_plane
from cl_core.analysis.wedge import wedge_angles
from cl_core.losses import LOSSES, snippets
from cl_core.pretrained import embeddings
from tests.pages.apptest import (
    click,
    component_messages,
    open_page,
    open_training_run,
    page_texts,
    run_until,
    warnings_of,
)


@pytest.mark.parametrize("key", LOSSES)
def test_boundaries_page_shows_plane_controls_and_formula_of_loss(pool, key):
    app = open_page("boundaries", loss=key)
    assert not app.warning
    loss = LOSSES[key]
    header, buffers = component_messages(app)[0]
    plane = similarity_plane.similarity_plane(loss, {}, length=4.0)
    assert header["title"] == loss.title
    assert np.allclose(buffers["value"], plane.value.ravel(), rtol=1e-6)
    assert np.allclose(buffers["force_x"], -plane.d_x.ravel(), rtol=1e-6)
    assert np.allclose(buffers["force_y"], -plane.d_y.ravel(), rtol=1e-6)
    for parameter in loss.parameters.values():
        assert parameter.name in app.session_state
        assert parameter.help in page_texts(app)
    assert loss.formula_at(loss.defaults).split(r",\quad")[0] in page_texts(app)
    assert loss.paper.url in page_texts(app)
    assert all(misreading in page_texts(app) for misreading in loss.misreadings)


@pytest.mark.parametrize("key", [key for key, loss in LOSSES.items() if loss.classes])
def test_angle_plane_of_class_weight_loss_matches_library(pool, key):
    app = open_page("boundaries", loss=key, plane="angles")
    (wedge, _), (angles, _) = component_messages(app)
    assert wedge["title"] == angles["title"] == LOSSES[key].title
    assert angles["unit"] == "°"
    table = np.array([math.nan if degrees is None else degrees for degrees in wedge["table"]])
    assert np.allclose(table, wedge_angles(LOSSES[key], {}), rtol=1e-6, equal_nan=True)


@pytest.mark.parametrize("stage", embeddings.STAGES)
@pytest.mark.parametrize("key", ["circle", "am_softmax", "contrastive"])
def test_real_pairs_are_drawn_on_the_plane_and_counted(pool, key, stage):
    app = open_page("boundaries", loss=key, pairs=stage)
    header, buffers = component_messages(app)[0]
    violated = buffers["point_violated"]
    assert len(buffers["points"]) == 2 * len(violated) > 0
    assert f"**{int(violated.sum()):,} of {len(violated):,}**" in page_texts(app)
    assert header["scale"] > 0


def test_trained_embedding_has_fewer_violations(pool):
    shares = []
    for stage in embeddings.STAGES:
        _, buffers = component_messages(open_page("boundaries", loss="am_softmax", pairs=stage))[0]
        shares.append(buffers["point_violated"].mean())
    assert shares[0] > shares[1] > shares[2]


def test_second_loss_has_its_own_plane_and_controls(pool):
    app = open_page("boundaries", loss="supcon", two="true", loss_2="arcface", margin_2="0.3", temperature="0.2")
    (first, _), (second, _) = component_messages(app)
    assert (first["title"], second["title"]) == (LOSSES["supcon"].title, LOSSES["arcface"].title)
    app.slider(key="margin_2").set_value(0.1).run()
    boundary = similarity_plane.similarity_plane(LOSSES["arcface"], {"margin": 0.1}).boundary
    header, buffers = component_messages(app)[1]
    counts = [curve["count"] for curve in header["curves"]]
    assert np.allclose(buffers["curves"].reshape(-1, 2)[-counts[-1] :], boundary, atol=1e-6, equal_nan=True)


def test_loss_sets_its_defaults_and_preset_its_values(pool):
    app = open_page("boundaries", loss="circle", margin="0.4")
    app.selectbox(key="loss").set_value("arcface").run()
    assert app.session_state.margin == 0.5
    assert app.session_state.scale == 64.0
    app.selectbox(key="loss").set_value("circle").run()
    app.button(key="preset_0").click().run()  # face recognition
    assert (app.session_state.margin, app.session_state.scale) == (0.25, 256.0)


def test_preset_values_lie_within_their_sliders():
    for loss in LOSSES.values():
        for preset in loss.presets:
            for name, value in loss.check(preset.theta).items():
                spec = loss.parameters[name].spec
                if hasattr(spec, "low"):
                    assert spec.low <= value <= spec.high, (loss.key, preset.title, name)


@pytest.mark.parametrize("name", ["boundaries", "batch"])
def test_invalid_link_values_give_harmless_warnings(pool, name):
    app = open_page(name, loss="circle", margin="9", scale="nan", steps="1e9", pairs="all", colour="[x](javascript:1)")
    assert not app.exception
    warnings = " ".join(warning.value for warning in app.warning)
    assert "`margin` must be a number from 0.05 to 0.5" in warnings
    assert "`scale` must be a number" in warnings
    assert "is not a setting of this page" in warnings
    assert "javascript:1" not in warnings.replace("?x??javascript?1?", "")
    assert app.session_state.margin == 0.25


@pytest.mark.parametrize("key", LOSSES)
def test_gradient_step_moves_the_frozen_batch(pool, key):
    app = open_page("batch", loss=key, two="false", images="32")
    header, buffers = component_messages(app)[0]
    assert header["title"] == LOSSES[key].title
    assert header["n"] == 32
    before = float(app.metric[0].value)
    weights = buffers["weights"]
    assert np.isfinite(weights).all()
    assert np.abs(weights).max() > 0
    click(app, "apply")
    assert not app.exception
    assert app.session_state.steps == 1
    after = float(app.metric[0].value)
    assert app.metric[0].delta
    assert math.isclose(after - before, float(app.metric[0].delta), abs_tol=2e-4)
    # with frozen weights the loss may rise, and after a step other triplets are semi-hard
    downhill = LOSSES[key].landmarks(**LOSSES[key].defaults).lowest is None and key != "triplet"
    assert after < before or not downhill
    moved, _ = component_messages(app)[0], None
    assert not np.allclose(moved[1]["points"], buffers["points"])


def test_two_losses_share_images_and_draw_chooses_the_batch(pool):
    app = open_page("batch", loss="supcon", loss_2="am_softmax")
    (_, first), (_, second) = component_messages(app)
    assert (first["rows"] == second["rows"]).all()
    assert len(second["weights"]) == 48 * 10
    app.slider(key="draw").set_value(5).run()
    assert (component_messages(app)[0][1]["rows"] != first["rows"]).any()


def test_printed_programs_give_the_displayed_loss(pool, tmp_path, monkeypatch, capsys):
    files = []
    batch_file = snippets.batch_file
    monkeypatch.setattr(snippets, "batch_file", lambda *batch: files.append(batch_file(*batch)) or files[-1])
    app = open_page("batch", loss="circle", loss_2="arcface", steps="2")
    monkeypatch.chdir(tmp_path)
    displayed = [float(metric.value) for metric in app.metric if metric.label == "loss"]
    programs = [code.value for code in app.code if "batch.npz" in code.value]
    assert len(files) == len(displayed) == 2
    assert len(programs) == 6  # ours, plain and pytorch-metric-learning of both
    for i, program in enumerate(programs):
        Path("batch.npz").write_bytes(files[i // 3])
        exec(compile(program, "snippet", "exec"), {})
        printed = float(capsys.readouterr().out.split()[-1])
        assert math.isclose(printed, displayed[i // 3], abs_tol=1e-4)  # four digits on the screen


def test_variants_show_their_own_value(pool):
    app = open_page("batch", loss="supcon", two="false")
    choice = app.selectbox(key="definition")
    assert len(choice.options) > 1
    choice.set_value(choice.options[1]).run()
    assert not app.exception
    assert "instead of" in page_texts(app)
    app.selectbox(key="loss").set_value("npair").run()  # has no variant of that name
    assert not app.exception
    assert app.selectbox(key="definition").value == "here"
    assert "instead of" in page_texts(open_page("batch", loss="supcon", two="false", definition=choice.options[1]))


def test_boundaries_page_shows_pairs_of_the_sessions_run(pool):
    app = open_training_run(loss="am_softmax", dataset="mnist", dim="8")
    click(app, "play")
    run_until(app, lambda app: app.session_state.run.progress().step > 3)
    click(app, "play")
    run_until(app, lambda app: not app.session_state.run.busy)
    run = app.session_state.run
    app.switch_page("pages/boundaries.py").run()
    app.selectbox(key="loss").set_value("am_softmax").run()
    app.segmented_control(key="pairs").set_value("my run").run()
    assert not app.exception
    assert f"for {run.progress().step:,} steps" in page_texts(app)
    assert len(component_messages(app)[0][1]["point_violated"]) == embeddings.IMAGES


def test_without_a_run_the_page_says_so(pool):
    assert "You have no run yet" in page_texts(open_page("boundaries", pairs="my run"))
    assert "You have no run yet" in page_texts(open_page("batch", stage="my run"))


def test_failing_worker_gives_error_on_boundaries_page(pool):
    app = open_training_run(dataset="blobs")
    pool.shutdown()
    app.switch_page("pages/boundaries.py").run()
    app.segmented_control(key="pairs").set_value("my run").run()
    assert not app.exception
    assert "could not be embedded" in app.error[0].value


@pytest.mark.parametrize(("name", "link"), [("boundaries", {"pairs": "trained"}), ("batch", {})])
def test_damaged_embedding_file_gives_error(pool, monkeypatch, tmp_path, name, link):
    (tmp_path / "broken.npz").write_bytes(b"no archive")
    monkeypatch.setattr(embeddings, "path_of", lambda loss: tmp_path / "broken.npz")
    app = open_page(name, **link)
    assert not app.exception
    assert "broken.npz" in app.error[0].value


def test_general_circle_explains_the_frozen_weights_with_numbers(pool):
    texts = page_texts(open_page("boundaries", loss="circle_general", scale="16.0"))
    assert "**weights frozen**: $s_n=-0.25$, $s_p=1.00$, loss 0.313, after 0.134 on the way" in texts
    assert "**true gradient**: $s_n=0.00$, $s_p=1.00$, loss 0.127" in texts


def test_switch_of_the_gradient_changes_forces_and_target_but_not_the_value(pool):
    messages = [
        component_messages(open_page("boundaries", loss="circle_general", gradient=gradient))[0]
        for gradient in ("frozen", "true")
    ]
    (frozen, frozen_buffers), (true, true_buffers) = messages
    assert np.array_equal(frozen_buffers["value"], true_buffers["value"])
    assert not np.allclose(frozen_buffers["force_x"], true_buffers["force_x"])
    assert [(mark["x"], mark["y"]) for mark in (frozen["marks"][0], true["marks"][0])] == [(-0.25, 1.0), (0.0, 1.0)]


def test_general_circle_has_its_presets_and_notes_nonsense(pool):
    app = open_page("boundaries", loss="circle_general", pacing="3", optimum_n="-0.4")
    assert any("`pacing` must be a number from 0 to 1" in warning for warning in warnings_of(app))
    assert (app.session_state.pacing, app.session_state.optimum_n) == (1.0, -0.4)
    click(app, "preset_2")  # PCCL
    assert (app.session_state.margin_p, app.session_state.margin_n) == (0.0, 0.0)
    click(app, "preset_3")  # AM-softmax
    assert app.session_state.pacing == 0.0
    assert "a circle with an infinite radius" in page_texts(app)
