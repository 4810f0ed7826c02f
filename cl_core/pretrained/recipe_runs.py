"""Train every loss by its recipe: measure the steps that it needs, and write the shipped embeddings and table.

The engine trains, as in a browser: a visitor who follows a loss's link sees the same kNN accuracy at the same step.
`assets/prepared` gets the embeddings of three stages (see `embeddings`), `assets/steps.json` the number of steps after
which kNN accuracy first reaches each of `GOALS`.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import islice
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from cl_core import losses
from cl_core.data import datasets
from cl_core.losses.base import NO_SCHEDULE
from cl_core.pretrained import embeddings
from cl_core.pretrained.embeddings import PretrainedEmbedding
from cl_core.pretrained.processes import in_processes
from cl_core.programs.trainer import Trainer
from cl_core.training import RunSpec, State, encoders
from cl_core.training.machine import machine_description

TRAINED_STEPS = 1000  # of the stage "trained"
MEASURE_EVERY = 10  # steps between two measurements
MAX_GOAL_STEPS = 2000  # steps after which a goal counts as not reached
GOALS = (0.95, 0.97, 0.98)  # kNN accuracy


@dataclass(frozen=True)
class Measurement:
    """One measurement of a run.

    Attributes:
        embedding: embedding and kNN accuracy at the step of the measurement.
        seconds: processor time of the training steps until then.
    """

    embedding: PretrainedEmbedding
    seconds: float


def train_and_measure(spec: RunSpec, min_steps: int = 0, max_steps: int = MAX_GOAL_STEPS) -> list[Measurement]:
    """Train a run and measure it every `MEASURE_EVERY` steps, until it has reached all of `GOALS`.

    Args:
        spec: settings of the run.
        min_steps: number of steps to do even if all goals are reached.
        max_steps: number of steps after which training stops in any case.

    Returns:
        The measurements, from step 0 on.

    Raises:
        RuntimeError: when the run fails.
    """
    trainer = Trainer(spec, embeddings.KNN_IMAGES)
    state = trainer.start()
    run = [Measurement(_embedding(trainer, state), 0.0)]
    while state.step < max_steps and (
        state.step < min_steps or all(measurement.embedding.knn < GOALS[-1] for measurement in run)
    ):
        began = time.process_time()
        state = trainer.advance(state, MEASURE_EVERY)
        seconds = run[-1].seconds + time.process_time() - began
        if state.failure:
            raise RuntimeError(f"{spec.loss}, seed {spec.seed}: {state.failure}")
        run.append(Measurement(_embedding(trainer, state), seconds))
    return run


def _embedding(trainer: Trainer, state: State) -> PretrainedEmbedding:
    return embeddings.embedding_of_snapshot(state, *trainer.embed(state, embeddings.KNN_IMAGES))


def choose_stages(run: Sequence[Measurement]) -> dict[str, PretrainedEmbedding]:
    """Choose the embeddings of a run that are shipped.

    "trained" is step `TRAINED_STEPS`. "half-trained" is the first measured step at which kNN errs at most half as often
    as untrained: by then digits form groups, and most losses still have large gradients. If there is no such step, it
    is the last one.

    Args:
        run: the measurements of a run of at least `TRAINED_STEPS` steps, from step 0 on.

    Returns:
        The embedding of each of `embeddings.STAGES`.
    """
    measured = [measurement.embedding for measurement in run]
    half = next((embedding for embedding in measured if 1 - embedding.knn <= (1 - measured[0].knn) / 2), measured[-1])
    trained = next(embedding for embedding in measured if embedding.step >= TRAINED_STEPS)
    return dict(zip(embeddings.STAGES, (measured[0], half, trained), strict=True))


def goals_reached(run: Sequence[Measurement]) -> dict[str, Any]:
    """Return when a run first reached each of `GOALS`.

    Args:
        run: the measurements of the run.

    Returns:
        The seed, and for each goal the steps and the processor seconds; None for a goal that was not reached.
    """
    first = [next((measurement for measurement in run if measurement.embedding.knn >= goal), None) for goal in GOALS]
    return {
        "seed": run[0].embedding.spec.seed,
        "steps": [measurement and measurement.embedding.step for measurement in first],
        "seconds": [measurement and round(measurement.seconds, 2) for measurement in first],
    }


def steps_table() -> str:
    """Return the content of `assets/steps.json`, the steps and seconds of each loss, as a Markdown table."""
    results = json.loads((datasets.ASSETS / "steps.json").read_text(encoding="utf-8"))
    goals = [f"{100 * goal:.0f} %" for goal in results["goals"]]
    lines = [
        f"{results['machine']}. Steps until kNN accuracy among {results['probes']:,} test images, measured every "
        f"{results['every']} steps, first reaches a goal within {results['patience']:,}: median (lowest to highest) "
        f"of seeds. Seconds are one processor's, training alone, until {goals[0]} and {goals[1]}.",
        "",
        f"| loss | recipe | {' | '.join(goals)} | seconds |",
        "|---|---|" + "---:|" * (len(goals) + 1),
    ]
    for loss, entry in results["losses"].items():
        runs = entry["runs"]
        steps = [_median_and_range([run["steps"][i] for run in runs], "{:,}") for i in range(len(goals))]
        seconds = [_median_and_range([run["seconds"][i] for run in runs], "{:.1f}").split(" (")[0] for i in range(2)]
        spec = RunSpec(**entry["spec"])
        lines.append(
            f"| {losses.get(loss).title} | {_recipe_settings(spec)} | {' | '.join(steps)} "
            f"| {seconds[0]}, {seconds[1]} |"
        )
    return "\n".join(lines) + "\n"


def _recipe_settings(spec: RunSpec) -> str:
    """Return the settings of a recipe, as a list for the table."""
    settings = [
        encoders.ENCODERS[spec.encoder].title,
        f"B = {spec.batch}",
        f"rate {spec.rate:g}",
        "unit length" if spec.unit_norm else "free length",
    ]
    if spec.schedule != NO_SCHEDULE:
        settings.append(f"schedule `{spec.schedule}`")
    return ", ".join(settings)


def _median_and_range(values: Sequence[float | None], template: str) -> str:
    """Format median and range of the values of several seeds; if some are None, the smallest and their number."""
    present = sorted(value for value in values if value is not None)
    if not present:
        return "never"
    if len(present) < len(values):
        return f"{template.format(present[0])} at best; {len(present)} of {len(values)} seeds"
    middle, low, high = (template.format(value) for value in (median(present), present[0], present[-1]))
    return middle if low == high else f"{middle} ({low} to {high})"


class Outcome(NamedTuple):
    """What is shipped of a run.

    Attributes:
        goals: see `goals_reached`.
        stages: see `choose_stages`; None of a run that is too short for them.
    """

    goals: dict[str, Any]
    stages: dict[str, PretrainedEmbedding] | None


def outcome(job: tuple[RunSpec, int, int]) -> Outcome:
    """Train and measure a run; arguments as those of `train_and_measure`."""
    run = train_and_measure(*job)
    return Outcome(goals_reached(run), choose_stages(run) if run[-1].embedding.step >= TRAINED_STEPS else None)


def make(loss_keys: Sequence[str], seeds: int, only: str | None, workers: int) -> None:
    """Train losses by their recipes, write the results into assets, and print the progress.

    Args:
        loss_keys: keys of `losses.LOSSES`.
        seeds: number of runs of each loss in `steps.json`, with seeds from 0.
        only: "embeddings" or "steps" to write only these; None for both.
        workers: number of processes.

    Raises:
        RuntimeError: when a run fails.
    """
    path = datasets.ASSETS / "steps.json"
    (datasets.ASSETS / "prepared").mkdir(exist_ok=True)
    machine = machine_description(f"wasmtime {version('wasmtime')}")
    results: dict[str, Any] = {"machine": machine, "goals": GOALS}
    results |= {"probes": embeddings.KNN_IMAGES, "every": MEASURE_EVERY, "patience": MAX_GOAL_STEPS}
    results["losses"] = json.loads(path.read_text(encoding="utf-8"))["losses"] if path.exists() else {}
    began = time.monotonic()
    max_steps = TRAINED_STEPS if only == "embeddings" else MAX_GOAL_STEPS
    runs_of_loss = 1 if only == "embeddings" else seeds
    jobs = [
        (embeddings.recipe_run(loss, seed), 0 if seed or only == "steps" else TRAINED_STEPS, max_steps)
        for loss in loss_keys
        for seed in range(runs_of_loss)
    ]
    outcomes = in_processes(outcome, jobs, workers)
    for done, loss in enumerate(loss_keys, start=1):
        runs = list(islice(outcomes, runs_of_loss))
        report = []
        if only != "steps" and (stages := runs[0].stages):
            np.savez_compressed(embeddings.path_of(loss), allow_pickle=False, **embeddings.arrays_of(stages))
            report += [f"{name} {embedding.step}: {embedding.knn:.3f}" for name, embedding in stages.items()]
        if only != "embeddings":
            results["losses"][loss] = {
                "spec": asdict(embeddings.recipe_run(loss)),
                "runs": [run.goals for run in runs],
            }
            results["losses"] = {key: results["losses"][key] for key in losses.LOSSES if key in results["losses"]}
            path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
            report += ["steps " + " ".join(str(run.goals["steps"]) for run in runs)]
        elapsed = time.monotonic() - began
        remaining = elapsed / done * (len(loss_keys) - done)
        print(f"{loss:14} {', '.join(report)}  ({elapsed:.0f} s, about {remaining:.0f} s to go)", flush=True)
