"""What a visitor takes away from the training page, in a real browser, and how a run comes back."""

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
from tests.browser.test_training_page import OWN, Stage

pytestmark = pytest.mark.browser


def downloaded(stage: Stage, press: Callable[[], None]) -> tuple[str, bytes]:
    """Name and content of the file that comes of it."""
    with stage.page.expect_download(timeout=60_000) as coming:
        press()
    return coming.value.suggested_filename, Path(coming.value.path()).read_bytes()


def test_everything_can_be_taken_away_and_a_run_comes_back(
    window: Callable[..., Page], serve: Callable[..., str], tmp_path: Path
) -> None:
    page = window(height=800)
    page.goto(f"{serve('app.py', OWN)}/training?dataset=blobs&dim=8&batch=32&points=500&pace=flat-out")
    stage = Stage(page).ready()
    stage.click("Start")
    stage.until("Number(d.frames) > 8")
    step = stage.pause()
    frames, knn, coordinates = stage.data("frames"), stage.metric("kNN"), stage.coordinates()

    name, picture = downloaded(stage, lambda: stage.root.get_by_role("button", name="Save as a picture").press("Enter"))
    assert name == f"pca-view-of-500-test-points-step-{step}.png"
    colours = Image.open(io.BytesIO(picture)).convert("RGB").getcolors(10**6)
    assert colours is not None
    assert len(colours) > 20

    stage.button("Export").press("Enter")
    name, file = downloaded(stage, lambda: stage.click("Embedding as CSV"))
    assert name == "blobs-supcon-embedding.csv"
    assert pd.read_csv(io.BytesIO(file)).shape == (500, 11)
    name, file = downloaded(stage, lambda: stage.click("Embedding as Parquet"))
    assert pd.read_parquet(io.BytesIO(file)).shape == (500, 11)
    name, file = downloaded(stage, lambda: stage.click("History as CSV"))
    assert len(pd.read_csv(io.BytesIO(file))) == step + 1
    name, file = downloaded(stage, lambda: stage.click("History as Parquet"))
    assert len(pd.read_parquet(io.BytesIO(file))) == step + 1
    name, file = downloaded(stage, lambda: stage.click("Encoder as safetensors"))
    assert load(file)["projector.2.weight"].shape == (8, 256)
    name, kept = downloaded(stage, lambda: stage.click("Run file"))
    assert name == "blobs-supcon-run.npz"
    assert run_file.loads(kept).state.step == step

    name, file = downloaded(stage, lambda: stage.click("Curves as SVG"))
    assert file.startswith(b"<svg")
    assert b"total collapse" in file

    stage.click("Make a movie")
    coming = page.get_by_role("button", name="Movie as GIF")
    expect(coming).to_be_visible(timeout=60_000)
    name, file = downloaded(stage, coming.click)
    pictures = list(ImageSequence.Iterator(Image.open(io.BytesIO(file))))
    assert len(pictures) == len(gif.frame_times(int(frames)))

    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04[click](http://example.com)")
    (tmp_path / name.replace(".gif", ".npz")).write_bytes(kept)
    page.goto(f"{serve('app.py', OWN)}/training?loss=triplet")
    stage = Stage(page).ready()
    stage.button("Export").press("Enter")
    chooser = page.locator("input[type=file]")
    chooser.set_input_files(tmp_path / "bad.npz")
    expect(page.get_by_text("This file can't be opened")).to_be_visible()
    chooser.set_input_files(tmp_path / name.replace(".gif", ".npz"))
    stage.until(f"d.step === '{step}' && d.frames === '{frames}'")
    assert abs(stage.coordinates() - coordinates).max() < 1e-3
    stage.wait(lambda: stage.metric("kNN") == knn)
    page.wait_for_url("**dataset=blobs**")
    assert "loss=triplet" not in page.url
    expect(stage.button("Start")).to_be_enabled()  # and not "Start with these settings"
    stage.click("Step")
    stage.until(f"d.step === '{step + 1}'")
