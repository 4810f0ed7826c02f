"""What is taken away from a run says what the run does: tables, encoder and movie."""

import io
import json
import runpy
import subprocess
import sys
from dataclasses import asdict, fields, replace
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors.numpy import load

from cl_core import charts, training
from cl_core.analysis.metrics import Metrics
from cl_core.charts import gif, svg
from cl_core.charts.svg import TitledChart
from cl_core.data import datasets
from cl_core.palette import CLASS_COLOURS
from cl_core.training import RunSpec, State
from cl_core.training.files import safetensors, tables
from cl_core.training.frames import Frame, RunProgress, make_frame, references

SMALL = RunSpec(dataset="blobs", dim=8, batch=32)


def trained(spec: RunSpec = SMALL, steps: int = 6, n: int = 500) -> tuple[RunProgress, State]:
    """A run of so many steps with a frame at every other one."""
    state = training.start(spec)
    frames: list[Frame] = [make_frame(state, n)]
    losses = []
    while state.step < steps:
        state = training.advance(state, steps=2)
        losses.append(state.losses)
        frames.append(make_frame(state, n, frames[-1].views))
    found = references(spec, n)
    return RunProgress(
        spec, "paused", steps, 1.5, 0.0, tuple(frames), np.concatenate(losses), 1, found, None, None
    ), state


@pytest.mark.parametrize(("kind", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_an_embedding_reads_back_as_it_was(kind, read):
    _, state = trained()
    found = read(io.BytesIO(tables.embedding_file(state, 500, kind)))
    shot, data = training.snapshot(state, 500), datasets.load("blobs")
    assert list(found.columns) == ["row", "label", "class", *(f"z{i}" for i in range(8))]
    assert (found[[f"z{i}" for i in range(8)]].to_numpy(np.float32) == shot.z).all()
    assert (data.y_test[found["row"]] == found["label"]).all()
    assert [data.class_names[label] for label in found["label"]] == found["class"].tolist()
    again = training.embed(state, data.x_test[found["row"].to_numpy()]).numpy()
    assert (again == shot.z).all()


@pytest.mark.parametrize(("kind", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_a_history_reads_back_as_it_was(kind, read):
    look, _ = trained()
    found = read(io.BytesIO(tables.FORMATS[kind](tables.history_table(look))))
    assert found["step"].tolist() == list(range(7))
    assert np.isnan(found["loss"][0])
    assert (found["loss"].to_numpy(np.float32)[1:] == look.losses).all()
    names = [field.name for field in fields(Metrics)]
    measured = found.dropna(subset=["knn"]).set_index("step")
    assert measured.index.tolist() == [0, 2, 4, 6]
    for seen in look.frames:
        assert measured.loc[seen.step, names].to_dict() == asdict(seen.metrics)
        assert measured.loc[seen.step, "seconds"] == seen.seconds


ENCODERS = {
    "mlp": RunSpec(dim=3, batch=32),
    "lengths of their own": RunSpec(dim=8, batch=32, unit_norm=False),
    "no projector": RunSpec(encoder="plain_mlp", dim=256, batch=32),
    "unit features": RunSpec(encoder="unit_mlp", dim=8, batch=32, loss="softmax"),
    "cnn": RunSpec(encoder="cnn", dim=8, batch=32),
    "points": SMALL,
}


@pytest.mark.parametrize("name", ENCODERS)
def test_the_program_beside_the_encoder_embeds_as_the_run_does(name, tmp_path, monkeypatch, capsys):
    """One of them in a process that knows nothing of this project; the others here, where torch is loaded."""
    spec = ENCODERS[name]
    state = training.advance(training.start(spec), steps=1)
    (tmp_path / safetensors.FILE).write_bytes(safetensors.dumps(state))
    (tmp_path / "embed.py").write_text(safetensors.loading_program(spec))
    if spec is SMALL:
        x = np.array([[0.25, -0.5]], np.float32)
    else:
        x = datasets.load(spec.dataset).x_test[:1]
        Image.fromarray(x[0]).save(tmp_path / "image.png")
    if name == "mlp":
        monkeypatch.delenv("PYTHONPATH", raising=False)
        done = subprocess.run([sys.executable, "embed.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        printed = done.stdout
    else:
        monkeypatch.chdir(tmp_path)
        runpy.run_path("embed.py")
        printed = capsys.readouterr().out
    np.testing.assert_allclose([float(number) for number in printed.split()], training.embed(state, x)[0], atol=1e-6)


def test_an_encoder_file_says_what_it_is():
    _, state = trained()
    file = safetensors.dumps(state)
    about = json.loads(file[8 : 8 + int.from_bytes(file[:8], "little")])["__metadata__"]
    assert RunSpec(**json.loads(about["spec"])) == SMALL
    assert about["step"] == "6"
    weights = load(file)
    assert sum(array.size for array in weights.values()) * 4 == safetensors.estimated_size(SMALL)
    first = weights["body.1.weight"].ravel()
    assert (first == state.vector[: len(first)]).all()


def made(look: RunProgress, dark: bool = False) -> Image.Image:
    scene = gif.make_scene(look, 500, "PCA view", dark=dark)
    return Image.open(io.BytesIO(gif.join_images(gif.draw_images(scene, gif.frame_times(len(scene.points))))))


@pytest.mark.parametrize("dark", [False, True])
def test_a_movie_glides_through_every_frame_in_the_colours_of_the_classes(dark):
    look, _ = trained()
    film = made(look, dark)
    assert (film.format, film.size) == ("GIF", (gif.WIDTH, gif.HEIGHT))
    assert film.n_frames == 3 * gif.GLIDE + 1
    assert film.info["loop"] == 0
    pictures = []
    for i in range(film.n_frames):
        film.seek(i)
        pictures.append(np.array(film.convert("RGB")))
    assert film.info["duration"] == gif.END
    assert all((before != after).any() for before, after in pairwise(pictures))
    seen = {f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in np.unique(pictures[0].reshape(-1, 3), axis=0)}
    assert {*(CLASS_COLOURS.dark if dark else CLASS_COLOURS.light), *gif.PAPERS[dark]} <= seen


def test_a_long_run_makes_no_longer_a_movie_and_shows_its_first_and_last_frame():
    look, _ = trained()
    first, *_, last = look.frames
    many = tuple(replace(first, step=step) for step in range(700))
    scene = gif.make_scene(replace(look, frames=(*many, replace(last, step=700))), 500, "PCA view")
    assert len(gif.frame_times(len(scene.points))) == gif.MAX_IMAGES
    assert (scene.steps[0], scene.steps[-1]) == (0, 700)
    assert (scene.points[-1] == last.points[2]).all()


def test_where_a_point_is_drawn():
    points = np.array([[[0, 0], [4, 0], [4, 4]]], np.float32)
    scene = gif.GifScene("", points, np.arange(3), ("a", "b", "c"), (0,), (1.0,))
    picture = np.array(Image.open(io.BytesIO(gif.draw_images(scene, [0.0])[0])).convert("RGB"))
    places = []
    for colour in CLASS_COLOURS.light[:3]:
        hit = (picture == tuple(bytes.fromhex(colour[1:]))).all(axis=2)
        hit[gif.HEIGHT - 60 :] = False  # the legend
        places.append(np.argwhere(hit).mean(axis=0)[::-1])
    a, b, c = places
    assert a == pytest.approx([b[0] - (c - b)[1] * -1, b[1]], abs=1)  # as far apart across as up and down
    assert b[0] > a[0] + 300
    assert c[1] < b[1] - 300


def test_nothing_is_filmed_before_there_is_something_to_see():
    look, _ = trained()
    with pytest.raises(ValueError, match="from its first frame"):
        gif.make_scene(replace(look, frames=()), 500, "PCA view")
    with pytest.raises(ValueError, match="a picture or more"):
        gif.join_images([])


def test_curves_are_drawn_with_their_rows_and_lines():
    look, _ = trained()
    drawn = [
        TitledChart("Loss <&>", charts.loss_chart(look.references), charts.loss_rows(look.losses, 6)),
        TitledChart("Triplets", charts.triplet_chart(), charts.triplet_rows(look.frames, 6)),
    ]
    root = ElementTree.fromstring(svg.to_svg(drawn))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = {"".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Loss <&>", f"total collapse {look.references.collapse:.3g}"} <= texts
    line = next(path for path in root.iter() if path.get("stroke") == "#3f7fd9")
    assert line.get("d").count("C") == len(look.losses) - 1  # a smooth line from each step to the next
