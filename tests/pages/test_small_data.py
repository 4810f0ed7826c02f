"""Every page works with the smallest data set that is accepted, and with sets of unusual classes."""

import numpy as np
import pytest

from cl_core.training.files import run_file
from tests.archives import small_dataset, use_own_files, write_npz
from tests.pages.apptest import (
    FAST_RACE,
    FAST_TRAINING,
    click,
    component_headers,
    open_page,
    open_training_run,
    page_texts,
    run_until,
)

SMALLEST = [3, 3, 200, 200, 7, 9]  # labels: two classes of two images, two of one
OWN = {"dataset": "own_small", "dim": "2"}


@pytest.fixture
def small_file(tmp_path, monkeypatch):
    """The smallest data set, as the only file of the user's own."""
    arrays = small_dataset(train=6, test=6) | {"y_train": np.array(SMALLEST), "y_test": np.array(SMALLEST[::-1])}
    use_own_files(monkeypatch, write_npz(tmp_path / "small.npz", **arrays))


def own_run(**link):
    app = click(open_training_run(**(OWN | {"points": "500", "batch": "4"} | link)), "step")
    return run_until(app, lambda app: len(app.session_state.run.progress().frames) > 1)


def test_training_page_shows_and_saves_smallest_data(pool, small_file):
    app = own_run()
    for view in ("3D", "density", "2D"):
        app.button_group(key="view").set_value(view).run()
        assert not app.exception
        assert not app.error
    assert app.metric[0].value.endswith("%")
    progress, state = app.session_state.run.progress_and_state()
    saved = run_file.loads(run_file.dumps(progress, state, app.session_state.run.n))
    assert saved.frames[-1].points[2].shape == (6, 2)


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("boundaries", {"pairs": "my run"}),
        ("batch", {"stage": "my run", "anchor": "40"}),
        ("triplets", {"part": "a real batch", "embedding": "my run", "look": "40,41"}),
        ("triplets", {"part": "every triplet", "embedding": "my run"}),
        ("triplets", {"part": "over a run", "film": "my run"}),
    ],
)
def test_pages_show_own_run_of_smallest_data(pool, small_file, page, link):
    app = own_run()
    app.query_params.update(link)
    app.switch_page(f"pages/{page}.py").run()
    if "every triplet" in link.values():
        run_until(app, lambda app: app.session_state["census"].progress().phase != "counting")
    assert not app.exception
    assert not app.error
    assert component_headers(app) or app.get("vega_lite_chart")
    if page == "batch" or "a real batch" in link.values():
        assert "4 images instead of 48" in page_texts(app)


def test_race_runs_on_smallest_data(pool, small_file):
    app = open_page("compare", **(FAST_RACE | OWN | {"batch": "4", "batch_2": "4"}))
    run_until(app, lambda app: app.session_state.race.progress().step == 0)
    assert not app.error


def test_page_says_how_many_images_there_are_and_must_be(pool, tmp_path, monkeypatch):
    arrays = small_dataset(test=4)
    use_own_files(monkeypatch, write_npz(tmp_path / "small.npz", **arrays))
    app = open_page("training", **(FAST_TRAINING | OWN))
    (error,) = app.error
    assert "x_test has 4 images; at least 6 are needed" in error.value
