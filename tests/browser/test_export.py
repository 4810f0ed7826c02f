"""Downloads of the training page, and the upload of a run file."""

import io
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image, ImageSequence
from playwright.sync_api import Page, expect
from safetensors.numpy import load

from cl_core.charts import gif
from cl_core.training.files import run_file
from tests.browser.servers import Server
from tests.browser.training_page import SMALL, TrainingPage

pytestmark = pytest.mark.browser


def download(training: TrainingPage, trigger: Callable[[], None]) -> tuple[str, bytes]:
    """Trigger a download, and return the name and the content of the file."""
    with training.page.expect_download(timeout=60_000) as event:
        trigger()
    return event.value.suggested_filename, Path(event.value.path()).read_bytes()


def test_every_export_downloads_and_a_run_file_restores_its_run(
    open_page: Callable[..., Page], app_server: Server, tmp_path: Path
) -> None:
    page = open_page(f"training?{SMALL}", height=800)
    training = TrainingPage(page).ready()
    training.train(8)
    step = training.pause()
    frames, knn, coordinates = training.data("frames"), training.metric("kNN"), training.coordinates()

    name, picture = download(
        training, lambda: training.root.get_by_role("button", name="Save as a picture").press("Enter")
    )
    assert name == f"pca-view-of-500-test-points-step-{step}.png"
    colours = Image.open(io.BytesIO(picture)).convert("RGB").getcolors(10**6)
    assert colours is not None
    assert len(colours) > 20

    training.button("Export").press("Enter")
    name, file = download(training, lambda: training.click("Embedding as CSV"))
    assert name == "blobs-supcon-embedding.csv"
    assert pd.read_csv(io.BytesIO(file)).shape == (500, 11)
    name, file = download(training, lambda: training.click("Embedding as Parquet"))
    assert pd.read_parquet(io.BytesIO(file)).shape == (500, 11)
    name, file = download(training, lambda: training.click("History as CSV"))
    assert len(pd.read_csv(io.BytesIO(file))) == step + 1
    name, file = download(training, lambda: training.click("History as Parquet"))
    assert len(pd.read_parquet(io.BytesIO(file))) == step + 1
    name, file = download(training, lambda: training.click("Encoder as safetensors"))
    assert load(file)["projector.2.weight"].shape == (8, 256)
    name, saved_run = download(training, lambda: training.click("Run file"))
    assert name == "blobs-supcon-run.npz"
    assert run_file.loads(saved_run).state.step == step

    name, file = download(training, lambda: training.click("Curves as SVG"))
    assert file.startswith(b"<svg")
    assert b"all points coincide" in file

    training.click("Make a movie")
    movie = page.get_by_role("button", name="Movie as GIF")
    expect(movie).to_be_visible(timeout=60_000)
    name, file = download(training, movie.click)
    pictures = list(ImageSequence.Iterator(Image.open(io.BytesIO(file))))
    assert len(pictures) == len(gif.frame_times(int(frames)))

    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04[click](http://example.com)")
    (tmp_path / name.replace(".gif", ".npz")).write_bytes(saved_run)
    page.goto(f"{app_server.url}/training?loss=triplet")  # a new session
    training = TrainingPage(page).ready()
    training.button("Export").press("Enter")
    chooser = page.locator("input[type=file]")
    chooser.set_input_files(tmp_path / "bad.npz")
    expect(page.get_by_text("This file can't be opened")).to_be_visible()
    chooser.set_input_files(tmp_path / name.replace(".gif", ".npz"))
    training.until(f"d.step === '{step}' && d.frames === '{frames}'")
    assert abs(training.coordinates() - coordinates).max() < 1e-3
    training.wait(lambda: training.metric("kNN") == knn)
    page.wait_for_url("**dataset=blobs**")
    assert "loss=triplet" not in page.url
    expect(training.button("Start")).to_be_enabled()  # and not "Start with these settings"
    training.click("Step")
    training.until(f"d.step === '{step + 1}'")
