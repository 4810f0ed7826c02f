"""The page of triplets under AppTest: each part says what the core computes, at every corner of its controls."""

import time

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cl_core import charts, training
from cl_core.analysis.census import KINDS, census
from cl_core.components.triplet import Triplets, TripletState
from cl_core.data import datasets
from cl_core.palette import MARKS
from cl_core.training.pretrained import checkpoints, recordings
from cl_core.ui.pages.triplets.census import HARDEST_SHOWN, MARGINS
from cl_core.ui.pages.triplets.one_triplet import PRESETS, TASKS, kinds_of
from tests.pages.test_loss_pages import page, pictures, said
from tests.pages.test_training_page import click

WANTED = {
    "all three": ["hard", "semihard", "easy"],
    "easy": ["easy"],
    "semi-hard": ["semihard"],
    "hard": ["hard"],
    "tie": ["hard", "easy"],
    "duplicate": ["hard", "hard"],
    "margin too large": ["semihard", "hard"],
}


def scene_of(name: str) -> tuple[Triplets, TripletState]:
    preset = PRESETS[name]
    scene = Triplets(
        "", preset.anchor, preset.positive, preset.negatives, preset.margin, preset.distance, preset.space == "circle"
    )
    return scene, TripletState(preset.anchor, preset.positive, preset.negatives)


def counted(app: AppTest) -> AppTest:
    """The page once its census is there."""
    for _ in range(200):
        if app.metric or app.error:
            return app
        time.sleep(0.05)
        app.run()
    raise AssertionError(said(app))


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_of_the_kinds_they_are_named_for(name):
    scene, start = scene_of(name)
    assert kinds_of(scene, start, scene.distance) == WANTED[name]


def test_a_margin_that_cannot_be_met_is_met_nowhere_on_the_circle():
    scene, start = scene_of("margin too large")
    for angle in np.linspace(0, 2 * np.pi, 181):
        moved = TripletState(start.anchor, start.positive, ((float(np.cos(angle)), float(np.sin(angle))),))
        assert kinds_of(scene, moved, "euclidean") != ["easy"]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_what_its_scene_begins_with(pool, name):
    app = page("triplets", scene=name)
    header, _ = pictures(app)[0]
    preset = PRESETS[name]
    points = [list(point) for point in (preset.anchor, preset.positive, *preset.negatives)]
    assert np.allclose(header["points"], points) or header["circle"]
    assert preset.description in said(app)
    # chosen by hand, it brings its margin, distance and space
    app = page("triplets", scene="hard" if name != "hard" else "easy")
    app.button_group(key="scene").set_value(name).run()
    assert not app.exception
    header, _ = pictures(app)[0]
    assert (header["margin"], header["distance"]) == (preset.margin, preset.distance)
    assert header["circle"] == (preset.space == "circle")


@pytest.mark.parametrize("distance", ["sqeuclidean", "euclidean", "cosine"])
@pytest.mark.parametrize("margin", ["0.0", "2.0"])
def test_one_triplet_at_its_corners(pool, distance, margin):
    app = page("triplets", distance=distance, margin=margin, scene="duplicate")
    header, _ = pictures(app)[0]
    assert header["circle"] == (distance == "cosine")
    assert not app.exception
    click(app, "back")
    assert pictures(app)[0][0]["stream"] != header["stream"]


def test_tasks_notice_when_they_are_done():
    drag, untouched, apart = TASKS.values()
    scene, start = scene_of("all three")
    assert not drag(scene, start)
    assert not untouched(scene, start)
    # n3 drawn into the ring: d² = 0.49, between 0.36 and 0.56
    assert drag(scene, TripletState(start.anchor, start.positive, (*start.negatives[:2], (0.0, -0.7))))
    # the positive moved away, so that n2 is nearer than it
    moved = TripletState(start.anchor, (0.9, 0.0), start.negatives)
    assert untouched(scene, moved)
    assert not untouched(scene, TripletState(start.anchor, (0.9, 0.0), ((0.1, 0.0), (0.2, 0.0), (0.3, 0.0))))
    # d = 0.77: beyond sqrt(0.36 + 0.2) = 0.748, within 0.6 + 0.2
    assert apart(scene, TripletState(start.anchor, start.positive, (*start.negatives[:2], (0.77, 0.0))))
    assert not apart(scene, start)


@pytest.mark.parametrize("embedding", ["pixels", "untrained", "half-trained", "trained"])
@pytest.mark.parametrize("distance", ["sqeuclidean", "cosine"])
def test_a_real_batch_at_its_corners(pool, embedding, distance):
    for mining, margin, images in (("semihard_tfa", "0.0", "32"), ("batch_hard", "2.0", "64")):
        app = page(
            "triplets", part="a real batch", embedding=embedding, distance=distance, mining=mining, margin=margin,
            images=images, draw="99", embedded_by="supcon",
        )  # fmt: skip
        header, _ = pictures(app)[0]
        assert not app.warning
        assert not app.error
        assert len(app.dataframe[0].value) == 7
        assert "counts as hard" in said(app)
        assert header


def test_a_small_census_is_counted_at_once_and_says_what_was_counted(pool):
    app = counted(page("triplets", part="every triplet", counted="500", embedding="trained", embedded_by="supcon"))
    shot = training.snapshot(checkpoints.load("supcon", "trained"), 500)
    wanted = census(shot.z, shot.y, margins=[m for m in MARGINS if m != 0.2])
    shares = {metric.label: metric.value for metric in app.metric}
    for kind, count in zip(KINDS, (wanted.easy, wanted.semihard, wanted.hard), strict=True):
        assert shares[f"{MARKS[kind]} {charts.KINDS[kind]}"] == f"{count / wanted.total:.2%}"
        assert f"{count:,}" in said(app)
    assert f"{wanted.total:,}, each counted" in said(app)
    assert f"{wanted.share_of_top_anchors(0.05):.0%} of all triplets" in said(app)
    names = datasets.load("mnist").class_names
    worst = wanted.hardest(HARDEST_SHOWN)
    assert sum(f"anchor **{names[shot.y[a]]}**" in caption.value for a in worst[:1] for caption in app.caption) >= 1
    assert len(app.get("image")) == HARDEST_SHOWN
    # another margin is another census, and what was counted before is known at once
    app.slider(key="margin").set_value(1.0).run()
    other = counted(app)
    assert {metric.label: metric.value for metric in other.metric} != shares
    app.slider(key="margin").set_value(0.2).run()
    assert {metric.label: metric.value for metric in app.metric} == shares
    app.button_group(key="part_shown").set_value("hard").run()
    assert "that are hard" in said(app)


def test_a_large_census_waits_to_be_asked(pool):
    app = page("triplets", part="every triplet", counted="5000", embedding="untrained")
    assert not app.metric
    assert "None of them is listed" in said(app)
    assert not pool.submitted or "count_part" not in pool.submitted
    assert app.button(key="count_census").label == "Count all 11,227,500,000"
    click(app, "count_census")
    assert any(b.label == "Stop" for b in app.button)
    click(app, "stop_census")
    for _ in range(100):
        app.run()
        if "Stopped" in said(app):
            break
        time.sleep(0.05)
    assert any(b.label == "Go on" for b in app.button)


@pytest.mark.parametrize("part", ["a real batch", "every triplet", "over a run"])
def test_without_a_run_its_parts_say_where_to_start_one(pool, part):
    link = {"film": "my run"} if part == "over a run" else {"embedding": "my run"}
    app = page("triplets", part=part, **link)
    assert "no run of yours yet" in said(app)
    assert not app.error


@pytest.mark.parametrize("dataset", ["mnist", "rings"])
def test_ones_own_run_can_be_looked_at_in_every_part(pool, dataset):
    app = page("training", dataset=dataset, points="500")
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
            assert "each counted" in said(counted(app))


@pytest.mark.parametrize("film", recordings.RECORDINGS)
def test_each_film_is_shown_with_its_shares(pool, film):
    app = page("triplets", part="over a run", film=film, beside="hard" if film != "hard" else "semi-hard")
    titles = [header.get("title", "") for header, _ in pictures(app)]
    assert len(titles) == 4
    assert not app.error
    assert [link.proto.label for link in app.get("page_link")] == ["Train this very run"] * 2


def test_nonsense_in_a_link_is_said(pool):
    app = page("triplets", part="everything", counted="99999999", film="x", margin="-1", scene="<b>")
    words = " ".join(warning.value for warning in app.warning)
    for name in ("part", "counted", "film", "margin", "scene"):
        assert f"`{name}`" in words
    assert "<b>" not in words
