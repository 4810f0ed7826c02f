"""The page of triplets in AppTest: each part shows what the library computes, also at extreme settings."""

import time

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cl_core import charts, training
from cl_core.analysis.census import KINDS, census
from cl_core.components.triplet import Triplets, TripletState
from cl_core.data import datasets
from cl_core.palette import KIND_SYMBOLS
from cl_core.pretrained import checkpoints, recordings
from cl_core.ui.pages.triplets.census import HARDEST_SHOWN, MARGINS
from cl_core.ui.pages.triplets.one_triplet import PRESETS, TASKS, kinds_of
from tests.pages.apptest import click, component_messages, open_page, page_texts

KINDS_OF_PRESET = {
    "all three": ["hard", "semihard", "easy"],
    "easy": ["easy"],
    "semi-hard": ["semihard"],
    "hard": ["hard"],
    "tie": ["hard", "easy"],
    "duplicate": ["hard", "hard"],
    "margin too large": ["semihard", "hard"],
}


def scene_and_state(name: str) -> tuple[Triplets, TripletState]:
    preset = PRESETS[name]
    scene = Triplets(
        "", preset.anchor, preset.positive, preset.negatives, preset.margin, preset.distance, preset.space == "circle"
    )
    return scene, TripletState(preset.anchor, preset.positive, preset.negatives)


def run_until_counted(app: AppTest) -> AppTest:
    """Run the page until its census is counted."""
    for _ in range(200):
        if app.metric or app.error:
            return app
        time.sleep(0.05)
        app.run()
    raise AssertionError(page_texts(app))


@pytest.mark.parametrize("name", PRESETS)
def test_preset_has_triplets_of_the_kinds_in_its_name(name):
    scene, start = scene_and_state(name)
    assert kinds_of(scene, start, scene.distance) == KINDS_OF_PRESET[name]


def test_margin_too_large_is_met_nowhere_on_the_circle():
    scene, start = scene_and_state("margin too large")
    for angle in np.linspace(0, 2 * np.pi, 181):
        moved = TripletState(start.anchor, start.positive, ((float(np.cos(angle)), float(np.sin(angle))),))
        assert kinds_of(scene, moved, "euclidean") != ["easy"]


@pytest.mark.parametrize("name", PRESETS)
def test_scene_starts_with_points_and_settings_of_its_preset(pool, name):
    app = open_page("triplets", scene=name)
    header, _ = component_messages(app)[0]
    preset = PRESETS[name]
    points = [list(point) for point in (preset.anchor, preset.positive, *preset.negatives)]
    assert np.allclose(header["points"], points) or header["circle"]
    assert preset.description in page_texts(app)
    # choosing the scene sets margin, distance and space
    app = open_page("triplets", scene="hard" if name != "hard" else "easy")
    app.button_group(key="scene").set_value(name).run()
    assert not app.exception
    header, _ = component_messages(app)[0]
    assert (header["measured"]["margin"], header["distance"]) == ([preset.margin], preset.distance)
    assert header["circle"] == (preset.space == "circle")


@pytest.mark.parametrize("distance", ["sqeuclidean", "euclidean", "cosine"])
@pytest.mark.parametrize("margin", ["0.0", "2.0"])
def test_one_triplet_at_extreme_settings(pool, distance, margin):
    app = open_page("triplets", distance=distance, margin=margin, scene="duplicate")
    header, _ = component_messages(app)[0]
    assert header["circle"] == (distance == "cosine")
    assert not app.exception
    click(app, "back")
    assert component_messages(app)[0][0]["stream"] != header["stream"]


def test_tasks_are_done_when_their_condition_holds():
    semihard_task, other_kind_task, distance_task = TASKS.values()
    scene, start = scene_and_state("all three")
    assert not semihard_task(scene, start)
    assert not other_kind_task(scene, start)
    # n3 moved into the ring: d² = 0.49, between 0.36 and 0.56
    assert semihard_task(scene, TripletState(start.anchor, start.positive, (*start.negatives[:2], (0.0, -0.7))))
    # the positive moved away, so that n2 is nearer than the positive
    moved = TripletState(start.anchor, (0.9, 0.0), start.negatives)
    assert other_kind_task(scene, moved)
    assert not other_kind_task(scene, TripletState(start.anchor, (0.9, 0.0), ((0.1, 0.0), (0.2, 0.0), (0.3, 0.0))))
    # d = 0.77: beyond sqrt(0.36 + 0.2) = 0.748, within 0.6 + 0.2
    assert distance_task(scene, TripletState(start.anchor, start.positive, (*start.negatives[:2], (0.77, 0.0))))
    assert not distance_task(scene, start)


@pytest.mark.parametrize("embedding", ["pixels", "untrained", "half-trained", "trained"])
@pytest.mark.parametrize("distance", ["sqeuclidean", "cosine"])
def test_real_batch_at_extreme_settings(pool, embedding, distance):
    for mining, margin, images in (("semihard_tfa", "0.0", "32"), ("batch_hard", "2.0", "64")):
        app = open_page(
            "triplets", part="a real batch", embedding=embedding, distance=distance, mining=mining, margin=margin,
            images=images, draw="99", embedded_by="supcon",
        )  # fmt: skip
        header, _ = component_messages(app)[0]
        assert not app.warning
        assert not app.error
        assert len(app.dataframe[0].value) == 7
        assert "counts as hard" in page_texts(app)
        assert header


def test_small_census_is_counted_at_once_and_described(pool):
    app = run_until_counted(
        open_page("triplets", part="every triplet", counted="500", embedding="trained", embedded_by="supcon")
    )
    snapshot = training.snapshot(checkpoints.load("supcon", "trained"), 500)
    counts = census(snapshot.z, snapshot.y, margins=[m for m in MARGINS if m != 0.2])
    shares = {metric.label: metric.value for metric in app.metric}
    for kind, count in zip(KINDS, (counts.easy, counts.semihard, counts.hard), strict=True):
        assert shares[f"{KIND_SYMBOLS[kind]} {charts.KINDS[kind]}"] == f"{count / counts.total:.2%}"
        assert f"{count:,}" in page_texts(app)
    assert f"{counts.total:,} in total" in page_texts(app)
    assert f"{counts.share_of_top_anchors(0.05):.0%} of all triplets" in page_texts(app)
    names = datasets.load("mnist").class_names
    worst = counts.hardest(HARDEST_SHOWN)
    assert sum(f"anchor **{names[snapshot.y[a]]}**" in caption.value for a in worst[:1] for caption in app.caption) >= 1
    assert len(app.get("image")) == HARDEST_SHOWN
    # another margin needs another census; the first one is cached
    app.slider(key="margin").set_value(1.0).run()
    app = run_until_counted(app)
    assert {metric.label: metric.value for metric in app.metric} != shares
    app.slider(key="margin").set_value(0.2).run()
    assert {metric.label: metric.value for metric in app.metric} == shares
    app.button_group(key="part_shown").set_value("hard").run()
    assert "that are hard" in page_texts(app)


def test_large_census_waits_for_button_and_can_be_stopped(pool):
    app = open_page("triplets", part="every triplet", counted="5000", embedding="untrained")
    assert not app.metric
    assert "counted exactly, but not listed" in page_texts(app)
    assert not pool.submitted or "count_part" not in pool.submitted
    assert app.button(key="count_census").label == "Count all 11,227,500,000"
    click(app, "count_census")
    assert any(b.label == "Stop" for b in app.button)
    click(app, "stop_census")
    for _ in range(100):
        app.run()
        if "Stopped" in page_texts(app):
            break
        time.sleep(0.05)
    assert any(b.label == "Resume" for b in app.button)


@pytest.mark.parametrize("part", ["a real batch", "every triplet", "over a run"])
def test_parts_without_a_run_link_to_training(pool, part):
    link = {"film": "my run"} if part == "over a run" else {"embedding": "my run"}
    app = open_page("triplets", part=part, **link)
    assert "You have no run yet" in page_texts(app)
    assert not app.error


@pytest.mark.parametrize("dataset", ["mnist", "rings"])
def test_run_of_the_session_is_shown_in_every_part(pool, dataset):
    app = open_page("training", dataset=dataset, points="500", engine="server")
    for _ in range(100):
        run = app.session_state["run"]
        if run.progress().frames:
            break
        time.sleep(0.1)
    for part, link in (
        ("a real batch", {"embedding": "my run"}),
        ("every triplet", {"embedding": "my run", "counted": "500"}),
        ("over a run", {"film": "my run"}),
    ):
        app.query_params.clear()
        app.query_params.update({"part": part, **link})
        app.session_state["link_notes"] = None
        app.switch_page("pages/triplets.py").run()
        assert not app.exception
        assert not app.error
        if part == "every triplet":
            assert "in total" in page_texts(run_until_counted(app))


@pytest.mark.parametrize("film", recordings.RECORDINGS)
def test_recording_is_shown_with_its_shares(pool, film):
    app = open_page("triplets", part="over a run", film=film, beside="hard" if film != "hard" else "semi-hard")
    titles = [header.get("title", "") for header, _ in component_messages(app)]
    assert len(titles) == 4
    assert not app.error
    assert [link.proto.label for link in app.get("page_link")] == ["Train this run live"] * 2


def test_invalid_link_values_give_warnings(pool):
    app = open_page("triplets", part="everything", counted="99999999", film="x", margin="-1", scene="<b>")
    warnings = " ".join(warning.value for warning in app.warning)
    for name in ("part", "counted", "film", "margin", "scene"):
        assert f"`{name}`" in warnings
    assert "<b>" not in warnings
