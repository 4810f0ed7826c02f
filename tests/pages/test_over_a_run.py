"""The page of triplets over a run, under Streamlit's AppTest."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cl_core import training
from cl_core.components.envelope import unpack
from cl_core.data import datasets
from cl_core.pretrained import recordings
from cl_core.pretrained.recordings import IMAGES, RECORDINGS
from cl_core.training import frames
from cl_core.training.frames import Frame, References, RunProgress
from cl_core.ui.pages import training_controls
from cl_core.ui.pages.triplets import over_a_run


@pytest.fixture
def no_recording_files(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "ASSETS", tmp_path)
    recordings._read.cache_clear()
    yield
    recordings._read.cache_clear()


def triplets_over_a_run() -> None:
    from cl_core.ui.pages.triplets import over_a_run

    over_a_run.controls_in_sidebar()
    over_a_run.show()


@pytest.fixture
def open_page(monkeypatch):
    """A function that opens the page with settings, and returns it with the arguments of its page links."""
    links = []
    monkeypatch.setattr(over_a_run.controls, "page_link", lambda *link: links.append(link))

    def run(session=None, **settings) -> tuple[AppTest, list[tuple]]:
        app = AppTest.from_function(triplets_over_a_run, default_timeout=60)
        for name, value in {**settings, **(session or {})}.items():
            app.session_state[name] = value
        app.run()
        assert not app.exception
        return app, links

    return run


def picture_headers(app: AppTest) -> list[dict]:
    """The message headers of the pictures, in page order."""
    return [unpack(bytes(component.proto.bytes))[0] for component in app.get("bidi_component")]


def test_page_opens_with_the_semihard_recording_alone(open_page):
    app, links = open_page()
    cloud, shares = picture_headers(app)
    assert cloud["group"] == shares["group"] != ""
    assert cloud["stream"] == shares["stream"] == "film/semi-hard"
    assert "Semi-hard mining, m = 1" in app.markdown[0].value
    assert len(links) == 1


@pytest.mark.parametrize("name", RECORDINGS)
def test_training_link_has_the_spec_of_the_recording(open_page, name):
    _, links = open_page(film=name)
    page_name, _, _, link = links[0]
    assert page_name == training_controls.PAGE
    known = {control.name: control for control in training_controls.controls_for_link(link)}
    assert set(link) <= set(known)
    assert all(known[key].error_in(text) is None for key, text in link.items())
    read = {key: known[key].parse(text) for key, text in link.items()}
    theta = {key: read.pop(key) for key in RECORDINGS[name].theta}
    read["training_images"] = training_controls.count_of_images(read["training_images"])
    assert read.pop("points") == IMAGES
    assert training.RunSpec(theta=theta, **read) == RECORDINGS[name]


def test_two_recordings_share_one_timeline(open_page):
    app, links = open_page(film="semi-hard", beside="hard")
    pictures = picture_headers(app)
    assert [picture["stream"] for picture in pictures] == ["film/semi-hard"] * 2 + ["film/hard"] * 2
    assert len({picture["group"] for picture in pictures}) == 1
    assert [picture["timeline"] for picture in pictures if "timeline" in picture] == [True, False]
    assert len(links) == 2
    assert len(picture_headers(open_page(film="hard", beside="hard")[0])) == 2, "the same recording is not shown twice"


def test_without_an_own_run_the_page_says_so_and_links_to_training(open_page):
    app, links = open_page(film="my run")
    assert "You have no run yet" in app.info[0].value
    assert [link[0] for link in links] == ["training"]


def test_missing_recording_file_is_reported_on_the_page(open_page, no_recording_files):
    app, _ = open_page(film="hard")
    assert "no such file" in app.error[0].value


class PausedRun:
    """A run that is paused at its third frame."""

    name, n, busy = "r1", IMAGES, False
    spec = RECORDINGS["semi-hard"]
    renewed = 0

    def renew_lease(self, times: float = 1.0) -> None:
        self.renewed += 1

    def progress(self) -> RunProgress:
        state, values = training.start(self.spec), []
        made: list[Frame] = []
        for _ in range(3):
            made.append(frames.make_frame(state, self.n, made[-1].views if made else None))
            state = training.advance(state, steps=1)
            values.append(state.losses[0])
        lines = References(1.0, 0.0, 0.9, 468)
        known = np.array(values[:2], np.float32)
        return RunProgress(self.spec, "paused", 2, 0.1, 0.0, tuple(made), known, 0, lines, None, None)


def test_own_run_is_shown_with_its_triplet_shares_and_losses(open_page):
    run = PausedRun()
    app, _ = open_page(session={"run": run}, film="my run")
    assert run.renewed
    header, buffers = unpack(bytes(app.get("bidi_component")[1].proto.bytes))
    assert buffers["steps"].tolist() == [0, 1, 2]
    progress = run.progress()
    m = progress.frames[2].metrics
    np.testing.assert_allclose(buffers["shares"][6:], [m.easy, m.semihard, m.hard], rtol=1e-6)
    np.testing.assert_array_equal(buffers["losses"], [*progress.losses, progress.losses[-1]])
    assert "m = 0.2" in header["title"]


@pytest.mark.parametrize("name", RECORDINGS)
def test_recording_summary_states_the_numbers_of_the_recording(name):
    recording, summary = recordings.load(name), over_a_run.recording_summary(recordings.load(name))
    if recording.collapsed is None:
        peak = recording.shares[:, 1].argmax()
        assert f"{recording.shares[-1, 1]:.1%} at step {recording.steps[-1]}" in summary
        assert f"{recording.shares[peak, 1]:.0%} of all triplets at step {recording.steps[peak]}," in summary
    else:
        assert f"from step {recording.collapsed} on" in summary
        within = float(summary.split("stays within ")[1].split("%")[0]) / 100
        off = np.abs(recording.losses[recording.steps >= recording.collapsed] / recording.collapse - 1)
        assert off.max() <= within < off.max() + 0.0011
