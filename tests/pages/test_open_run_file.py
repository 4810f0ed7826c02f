"""Opening a saved run on the training page, under Streamlit's AppTest."""

from dataclasses import replace

from streamlit.testing.v1 import AppTest

from cl_core.training.files import run_file
from tests.pages.apptest import open_training_run
from tests.runs import CLASS_WEIGHTS, SMALL, trained


def training_page() -> AppTest:
    """Open the training page with its exports open and its run at the first frame."""
    app = open_training_run(points="500")
    app.session_state.export_0 = True
    return app.run()


def test_uploaded_run_opens_and_sets_the_controls(pool):
    progress, state = trained(CLASS_WEIGHTS)
    app = training_page()
    before = app.session_state.run
    app.file_uploader[0].upload("run.npz", run_file.dumps(progress, state, 500)).run()
    run = app.session_state.run
    assert run is not before
    assert (run.spec, run.n, run.progress().step) == (CLASS_WEIGHTS, 500, 6)
    assert {name: app.session_state[name] for name in ("loss", "dim", "optimiser")} == {
        "loss": "am_softmax", "dim": 8, "optimiser": "sgd",
    }  # fmt: skip
    assert not app.error
    assert not app.exception


def test_uploaded_run_beyond_the_controls_is_refused(pool):
    spec = replace(SMALL, batch=30)
    progress, state = trained(spec)
    app = training_page()
    before = app.session_state.run
    app.file_uploader[0].upload("run.npz", run_file.dumps(progress, state, 500)).run()
    assert app.session_state.run is before
    assert app.error[0].value == "This file can't be opened."
    assert "batch size must be one of 4, 8, 16" in app.text[0].value
