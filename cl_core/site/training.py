"""Files of the page of training: what the worker in the browser needs for each run, and the images."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.components import embedding, trainer
from cl_core.components.envelope import pack, unpack
from cl_core.data import datasets
from cl_core.losses import LOSSES
from cl_core.losses.base import Loss
from cl_core.programs.frames import frame_program
from cl_core.programs.program import Program
from cl_core.programs.sliders import all_choices
from cl_core.training import RunSpec

DATASET = "mnist"
DIMS = (128, 2)  # that the page offers, the default first
PROBES = 1000  # test images in the picture
HEIGHT = 560  # pixels, of the picture
PACES = (("fast", "fast", 100), ("slow", "slow", 400), ("flat-out", "as fast as it can", 0))  # ms between two frames
IMAGES, PROBE_IMAGES = "images.bin.gz", "probes.bin.gz"

Progress = Callable[[str], None]


def trainable(losses: Iterable[str]) -> list[Loss]:
    """Return those of some losses that the page trains.

    A loss of two views needs distorted images, which only the app makes.
    """
    return [LOSSES[key] for key in losses if not LOSSES[key].views]


def write(folder: Path, losses: Iterable[str], describe: Callable[[Loss], dict[str, Any]], progress: Progress) -> None:
    """Write all files of the page but those that it shares with the page of boundaries.

    Args:
        folder: where to.
        losses: keys of the losses to train.
        describe: returns what the page says of a loss.
        progress: called with the name of each run before its programs are compiled, which takes a second or two.
    """
    runs = folder / "runs"
    runs.mkdir(exist_ok=True)
    entries = trainable(losses)
    frame = lru_cache(_frame_program)  # losses share them
    for loss in entries:
        for fixed in all_choices(loss):
            for dim in DIMS:
                name = "-".join([loss.key, *(str(value).lower() for value in fixed.values()), str(dim)])
                progress(name)
                spec = run_spec(loss, fixed, dim)
                (runs / f"{name}.bin").write_bytes(trainer.encode(spec, frame(dim, spec.unit_norm)))
    data = datasets.load(DATASET)
    rows = datasets.probe_indices(data, PROBES)
    _write_images(folder / IMAGES, data.x_train, data.y_train)
    _write_images(folder / PROBE_IMAGES, data.x_test[rows], data.y_test[rows])
    (folder / "cloud.bin").write_bytes(cloud_message())
    described = {
        "losses": [{**describe(loss), "noBoundary": "", "unitNorm": loss.recipe.unit_norm} for loss in entries],
        "dims": DIMS,
        "rate": RunSpec().rate,
        "paces": [{"name": name, "title": title, "interval": interval} for name, title, interval in PACES],
    }
    (folder / "training.json").write_text(json.dumps(described, ensure_ascii=False), encoding="utf-8")


def run_spec(loss: Loss, fixed: dict[str, Any], dim: int) -> RunSpec:
    """Return the run that the page trains with a loss, its choices and a number of dimensions."""
    return RunSpec(dataset=DATASET, loss=loss.key, theta=fixed, dim=dim, unit_norm=loss.recipe.unit_norm)


def cloud_message() -> bytes:
    """Return the message of the picture before its first frame: labels, names and small images of all points."""
    data = datasets.load(DATASET)
    rows = datasets.probe_indices(data, PROBES)
    cloud = embedding.Cloud(
        stream="",
        points=[],
        steps=[],
        labels=data.y_test[rows],
        class_names=data.class_names,
        title="",
        rows=rows,
        sprite=datasets.sprite_sheet(data, rows),
        sprite_columns=ceil(sqrt(len(rows))),
        sprite_size=(data.shape[1], data.shape[0]),
        placeholder="Getting ready …",
    )
    header, buffers = unpack(embedding.encode(cloud, 0, 0, height=HEIGHT))
    titles = {"whole": f"Embedding of {PROBES:,} test images", "projected": f"PCA view of {PROBES:,} test images"}
    return pack({**header, "titles": titles}, buffers)


def _frame_program(dim: int, unit_norm: bool) -> Program:
    return frame_program(RunSpec(dataset=DATASET, dim=dim, unit_norm=unit_norm), PROBES)


def _write_images(path: Path, pixels: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
    """Write labels, then pixels."""
    raw = labels.astype(np.uint8).tobytes() + pixels.tobytes()
    path.write_bytes(gzip.compress(raw, 6, mtime=0))
