"""Files of the page of training: what the trainer in the browser needs for each run, and the images."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from cl_core import charts
from cl_core.components import trainer
from cl_core.components.bundle import SHARED, bundle_javascript
from cl_core.components.trainer import picture
from cl_core.data import datasets
from cl_core.losses.base import NO_SCHEDULE, Loss
from cl_core.programs.sliders import all_choices
from cl_core.site import form
from cl_core.site.files import SiteFiles
from cl_core.training import RATE_RANGE, SEED_RANGE, RunSpec
from cl_core.training.batches import steps_per_epoch
from cl_core.training.frames import PACES, knn_of_pixels

DATASET = "mnist"
DIMS = (128, 2)  # that the page offers, the default first
PROBES = 1000  # test images in the picture
PACE = "slow"  # the default
NAME = "training"  # of the run in the browser
WORKER = SHARED.parent / "trainer" / "worker.js"
IMAGES, PROBE_IMAGES, CLOUD = "images.bin.gz", "probes.bin.gz", "cloud.bin"

Progress = Callable[[str], None]


def write(files: SiteFiles, engine: str, losses: Sequence[Loss], progress: Progress) -> None:
    """Write the files of the page but its own code.

    Args:
        files: where to.
        engine: address of the engine.
        losses: that can be trained, at least one.
        progress: called with the name of each run before its programs are compiled, which takes a second or two.
    """
    data = datasets.load(DATASET)
    rows = datasets.probe_indices(data, PROBES)
    shared = {
        "engine": engine,
        "worker": files.write(WORKER.name, bundle_javascript(WORKER)),
        "images": files.write(IMAGES, trainer.encode_examples(data.x_train, data.y_train)),
        "probes": files.write(PROBE_IMAGES, trainer.encode_examples(data.x_test[rows], data.y_test[rows])),
        "cloud": files.write(CLOUD, picture.cloud_message(DATASET, PROBES)),
    }
    headers = {}
    for loss in losses:
        for fixed in all_choices(loss):
            for dim in DIMS:
                name = f"{form.file_name(loss, fixed)}-{dim}"
                progress(name)
                spec = run_spec(loss, fixed, dim)
                run = files.write(f"runs/{name}.bin", trainer.encode(spec, PROBES))
                headers[name] = _header(spec, picture.Files(**shared, run=run))
    common, own = _split(headers)
    described = {
        "losses": [_described(loss) for loss in losses],
        "dims": DIMS,
        "ranges": {"rate": RATE_RANGE, "seed": SEED_RANGE},
        "paces": [{"name": name, "title": pace.title, **pace.for_browser()} for name, pace in PACES.items()],
        "pace": PACE,
        "common": common,
        "runs": own,
    }
    files.write("training.json", json.dumps(described, ensure_ascii=False))


def run_spec(loss: Loss, fixed: dict[str, Any], dim: int) -> RunSpec:
    """Return the run that the page trains with a loss, its choices and a number of dimensions: the loss's recipe."""
    return RunSpec(dataset=DATASET, loss=loss.key, theta=fixed, **{**asdict(loss.recipe), "dim": dim})


def _header(spec: RunSpec, files: picture.Files) -> dict[str, Any]:
    """Return the header of the trainer's message for a run."""
    shown = picture.Trainer(
        spec, PROBES, files, PACES[PACE], 2, knn_of_pixels(DATASET, PROBES), steps_per_epoch(spec),
        remarks=charts.curve_remarks(spec),
    )  # fmt: skip
    # a run that is stored in the browser cannot go on with the programs of another version of the site
    return {**picture.view_header(shown, NAME), "key": files.run}


def _split(headers: Mapping[str, dict[str, Any]]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the fields that all headers have in common, and by name the others of each."""
    first = next(iter(headers.values()))
    common = {field: value for field, value in first.items() if all(each[field] == value for each in headers.values())}
    own = {
        name: {field: value for field, value in header.items() if field not in common}
        for name, header in headers.items()
    }
    return common, own


def _described(loss: Loss) -> dict[str, Any]:
    """Return what the page says of a loss; the recipe's schedule takes the place of the slider for the annealing."""
    described = form.describe(loss)
    if loss.recipe.schedule != NO_SCHEDULE:
        described["controls"] = [each for each in described["controls"] if each["name"] != "annealing"]
    return described
