"""Embeddings of real test images, prepared once, so that a page shows real pairs before anything is trained.

Each file of `assets/prepared` holds one loss: the same test images as its recipe's run embeds them untrained,
half-trained and trained. `assets/steps.json` says how soon each loss's recipe gets where.
"""

import json
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cl_core import losses
from cl_core.analysis import metrics
from cl_core.data import datasets, npz
from cl_core.losses.base import NO_SCHEDULE
from cl_core.training import encoders, loop
from cl_core.training.config import RunSpec
from cl_core.training.loop import State

STAGES = ("untrained", "half-trained", "trained")
IMAGES = 300  # of each stage
PROBES = 2000  # test images that kNN is measured on, as on the training page
TRAINED = 1000  # steps
EVERY = 10  # steps between two measurements
PATIENCE = 2000  # steps, then a goal counts as not reached
GOALS = (0.95, 0.97, 0.98)  # kNN


@dataclass(frozen=True, eq=False)
class PretrainedEmbedding:
    """One embedding of fixed test images, and what made it.

    Attributes:
        spec, step: the run, and how far it was.
        knn: kNN accuracy of the first `PROBES` probe images, leave one out.
        rows: (n,) int64, which test images (see `datasets.probe`).
        z: (n, dim) float32, their embeddings; of those from a file, with the digits of a float16.
        y: (n,) int64, their labels.
        weight, bias: (C, dim) and (C,) float32, what a loss with class weights has learnt; None where it has none.
    """

    spec: RunSpec
    step: int
    knn: float
    rows: NDArray[np.int64]
    z: NDArray[np.float32]
    y: NDArray[np.int64]
    weight: NDArray[np.float32] | None
    bias: NDArray[np.float32] | None


def recipe_run(loss: str, seed: int = 0) -> RunSpec:
    """A loss's own run: MNIST, its default parameters, and the recipe in its file."""
    return RunSpec(loss=loss, seed=seed, **asdict(losses.get(loss).recipe))


def embedding_of_state(state: State, n: int = IMAGES) -> PretrainedEmbedding:
    """What a run of one's own makes of the first `n` probe images."""
    shot = loop.snapshot(state, max(n, PROBES))
    knn, _ = metrics.neighbour_scores(torch.from_numpy(shot.z[:PROBES]), torch.from_numpy(shot.y[:PROBES]))
    rows = datasets.probe_indices(datasets.load(state.spec.dataset), n)
    return PretrainedEmbedding(
        state.spec, state.step, knn, rows, shot.z[:n].copy(), shot.y[:n], *loop.class_weights(state)
    )


def load(loss: str, stage: str) -> PretrainedEmbedding:
    """The embedding of one of `STAGES` in a loss's own run; shared by every reader, so its arrays are read-only.

    Raises ValueError for an unknown loss or stage, and archive.DataError, in words, for a missing or damaged file.
    """
    losses.get(loss)
    if stage not in STAGES:
        raise ValueError(f"there is no stage {stage!r}; there are: {', '.join(STAGES)}")
    return _read(_path(loss))[stage]


def _path(loss: str) -> Path:
    return datasets.ASSETS / "prepared" / f"{loss}.npz"


@lru_cache(maxsize=64)
def _read(path: Path) -> Mapping[str, PretrainedEmbedding]:
    """Every stage in the file at `path`."""
    mend = (
        f"To mend it: `git checkout -- assets/prepared/{path.name}`, "
        f"or `python -m cl_core.training.pretrained embeddings --only embeddings --losses {path.stem}`"
    )
    return npz.load_asset(path, _unpacked, mend)


def _packed(stages: Mapping[str, PretrainedEmbedding]) -> dict[str, NDArray[Any]]:
    """The arrays of a file: images, labels and specification once, the rest for each stage."""
    first = stages[STAGES[0]]
    about = {
        "spec": asdict(first.spec),
        "stages": {name: {"step": stage.step, "knn": stage.knn} for name, stage in stages.items()},
    }
    arrays: dict[str, NDArray[Any]] = {
        "about": np.array(json.dumps(about)),
        "rows": first.rows.astype(np.uint16),
        "y": first.y.astype(np.uint8),
    }
    for name, stage in stages.items():
        for part in ("z", "weight", "bias"):
            if (array := getattr(stage, part)) is not None:
                arrays[f"{part} {name}"] = array.astype(np.float16)
    return arrays


def _unpacked(arrays: Mapping[str, NDArray[Any]]) -> Mapping[str, PretrainedEmbedding]:
    """The stages in the arrays of a file; KeyError, TypeError or ValueError where something is amiss."""
    about = json.loads(str(arrays["about"]))
    spec = RunSpec(**about["spec"])
    rows, y = arrays["rows"].astype(np.int64), arrays["y"].astype(np.int64)
    stages = {}
    for name in STAGES:
        z, weight, bias = (
            arrays[key].astype(np.float32) if key in arrays else None
            for key in (f"{part} {name}" for part in ("z", "weight", "bias"))
        )
        if z is None or (weight is None) == losses.get(spec.loss).classes:
            raise ValueError(f"embeddings or class weights of {name} are missing")
        if not len(rows) == len(y) == len(z) or any(w is not None and w.shape[1:] != (spec.dim,) for w in (z, weight)):
            raise ValueError(f"rows, labels, embeddings and class weights of {name} don't go together")
        for array in (rows, y, z, weight, bias):
            if array is not None:
                array.setflags(write=False)
        stages[name] = PretrainedEmbedding(spec, **about["stages"][name], rows=rows, z=z, y=y, weight=weight, bias=bias)
    return stages


@dataclass(frozen=True)
class Measurement:
    """A run at one measurement, and the processor's seconds that its steps took until then."""

    embedding: PretrainedEmbedding
    seconds: float


def train_and_measure(spec: RunSpec, least: int = 0, most: int = PATIENCE) -> list[Measurement]:
    """A run looked at every `EVERY` steps until it has reached all of `GOALS` and done `least` steps, or `most`.

    Raises RuntimeError where the run fails.
    """
    state = loop.start(spec)
    run = [Measurement(embedding_of_state(state), 0.0)]
    while state.step < most and (state.step < least or all(moment.embedding.knn < GOALS[-1] for moment in run)):
        began = time.process_time()
        state = loop.advance(state, steps=EVERY)
        seconds = run[-1].seconds + time.process_time() - began
        if state.failure:
            raise RuntimeError(f"{spec.loss}, seed {spec.seed}: {state.failure}")
        run.append(Measurement(embedding_of_state(state), seconds))
    return run


def choose_stages(run: Sequence[Measurement]) -> dict[str, PretrainedEmbedding]:
    """What is kept of a run: "trained" is its step `TRAINED`.

    "half-trained" is the first measured step at which kNN errs at most half as often as it did untrained: digits have
    come together by then, and most losses still have much to pull at. (The last step, where it never comes to that.)
    """
    seen = [moment.embedding for moment in run]
    half = next((each for each in seen if 1 - each.knn <= (1 - seen[0].knn) / 2), seen[-1])
    trained = next(each for each in seen if each.step >= TRAINED)
    return dict(zip(STAGES, (seen[0], half, trained), strict=True))


def goals_reached(run: Sequence[Measurement]) -> dict[str, Any]:
    """When a run first reaches each of `GOALS`: steps, and the processor's seconds; None for never."""
    first = [next((moment for moment in run if moment.embedding.knn >= goal), None) for goal in GOALS]
    return {
        "seed": run[0].embedding.spec.seed,
        "steps": [moment and moment.embedding.step for moment in first],
        "seconds": [moment and round(moment.seconds, 2) for moment in first],
    }


def steps_table() -> str:
    """How soon each loss gets there, as a Markdown table made of `assets/steps.json`."""
    kept = json.loads((datasets.ASSETS / "steps.json").read_text(encoding="utf-8"))
    goals = [f"{100 * goal:.0f} %" for goal in kept["goals"]]
    lines = [
        f"{kept['machine']}. Steps until kNN accuracy among {kept['probes']:,} test images, measured every "
        f"{kept['every']} steps, first reaches a goal within {kept['patience']:,}: median (lowest to highest) "
        f"of seeds. Seconds are one processor's, training alone, until {goals[0]} and {goals[1]}.",
        "",
        f"| loss | recipe | {' | '.join(goals)} | seconds |",
        "|---|---|" + "---:|" * (len(goals) + 1),
    ]
    for loss, entry in kept["losses"].items():
        runs = entry["runs"]
        steps = [_spread([run["steps"][i] for run in runs], "{:,}") for i in range(len(goals))]
        seconds = [_spread([run["seconds"][i] for run in runs], "{:.1f}").split(" (")[0] for i in range(2)]
        spec = RunSpec(**entry["spec"])
        lines.append(
            f"| {losses.get(loss).title} | {_in_words(spec)} | {' | '.join(steps)} | {seconds[0]}, {seconds[1]} |"
        )
    return "\n".join(lines) + "\n"


def _in_words(spec: RunSpec) -> str:
    """What of a recipe one would set by hand."""
    words = [
        encoders.ENCODERS[spec.encoder].title,
        f"B = {spec.batch}",
        f"rate {spec.rate:g}",
        "unit length" if spec.unit_norm else "free length",
    ]
    if spec.schedule != NO_SCHEDULE:
        words.append(f"schedule `{spec.schedule}`")
    return ", ".join(words)


def _spread(values: Sequence[float | None], form: str) -> str:
    """Median and range; how many there are, where some are missing."""
    there = sorted(value for value in values if value is not None)
    if not there:
        return "never"
    if len(there) < len(values):
        return f"{form.format(there[0])} at best; {len(there)} of {len(values)} seeds"
    middle, low, high = (form.format(value) for value in (median(there), there[0], there[-1]))
    return middle if low == high else f"{middle} ({low} to {high})"


def machine_description() -> str:
    """Processor and versions, in words."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    processor = next(names, "") or platform.processor() or platform.machine()
    return f"{processor}; Python {platform.python_version()}, torch {torch.__version__}, one thread"


def make(chosen: Sequence[str], seeds: int, only: str | None) -> None:
    """Write what was asked for, loss by loss, and say how it goes."""
    path = datasets.ASSETS / "steps.json"
    (datasets.ASSETS / "prepared").mkdir(exist_ok=True)
    known: dict[str, Any] = {"machine": machine_description(), "goals": GOALS}
    known |= {"probes": PROBES, "every": EVERY, "patience": PATIENCE}
    known["losses"] = json.loads(path.read_text(encoding="utf-8"))["losses"] if path.exists() else {}
    began = time.monotonic()
    for done, loss in enumerate(chosen, start=1):
        least, most = (0 if only == "steps" else TRAINED), (TRAINED if only == "embeddings" else PATIENCE)
        runs = [train_and_measure(recipe_run(loss), least, most)]
        said = []
        if only != "steps":
            kept = choose_stages(runs[0])
            np.savez_compressed(_path(loss), allow_pickle=False, **_packed(kept))
            said += [f"{name} {each.step}: {each.knn:.3f}" for name, each in kept.items()]
        if only != "embeddings":
            runs += [train_and_measure(recipe_run(loss, seed), 0, most) for seed in range(1, seeds)]
            known["losses"][loss] = {"spec": asdict(recipe_run(loss)), "runs": [goals_reached(run) for run in runs]}
            known["losses"] = {key: known["losses"][key] for key in losses.LOSSES if key in known["losses"]}
            path.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
            said += ["steps " + " ".join(str(run["steps"]) for run in known["losses"][loss]["runs"])]
        spent = time.monotonic() - began
        left = spent / done * (len(chosen) - done)
        print(f"{loss:14} {', '.join(said)}  ({spent:.0f} s, about {left:.0f} s to go)", flush=True)
