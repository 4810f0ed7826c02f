"""Command `sweep` of the command line of the experiments: shipped sweeps made again, and sweeps of one's own."""

import argparse
import sys
import time
from concurrent.futures import Executor
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from cl_core.data.npz import DataError
from cl_core.experiments.sweeps import results
from cl_core.experiments.sweeps.job import SweepJob
from cl_core.experiments.sweeps.plan import Plan, Trial, title_of
from cl_core.experiments.sweeps.prepared import FOLDER, PREPARED
from cl_core.experiments.sweeps.summary import summarise
from cl_core.experiments.sweeps.trials import Outcome
from cl_core.losses import LOSSES
from cl_core.runtime import dask_cluster
from cl_core.training import RunSpec

POLL_SECONDS = 0.5


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line.

    Args:
        commands: the commands of the command line.
    """
    parser = commands.add_parser("sweep", help="tune a parameter of a loss; if stopped, it resumes where it was")
    parser.add_argument(
        "--prepared", nargs="+", choices=list(PREPARED), default=[], help="shipped sweeps to make again"
    )
    parser.add_argument("--loss", choices=list(LOSSES), default="supcon")
    parser.add_argument("--parameter", default="temperature", help="numeric parameter of the loss")
    parser.add_argument("--values", nargs="+", type=float, default=[0.02, 0.05, 0.1, 0.2, 0.5, 1.0])
    parser.add_argument("--other", default="", help="second parameter, or batch, rate, dim, steps or training_images")
    parser.add_argument("--other-values", nargs="+", type=float, default=[])
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--batch", type=int, help="by default that of the loss's recipe")
    parser.add_argument(
        "--steps", nargs="+", type=int, default=[400], help="training steps after which runs are measured"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, help="runs at a time; by default one per core or worker of a cluster")
    parser.add_argument("--out", type=Path, help="Parquet file of the result; of shipped sweeps the folder")
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run sweeps, and print what they found.

    Args:
        arguments: the parsed command line.

    Returns:
        Exit status: 0 if all were finished, 1 after a failure, 2 for settings that cannot be run, 130 after Ctrl-C.
    """
    try:
        plans = _plans(arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        executor = dask_cluster.make_executor(arguments.workers)
    except dask_cluster.ClusterError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        for path, plan in plans.items():
            if status := _run_plan(plan, path, executor, arguments.workers or int(executor.size)):
                return status
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
    return 0


def _plans(arguments: argparse.Namespace) -> dict[Path, Plan]:
    """Return the sweeps by the file of their result."""
    if arguments.prepared:
        folder = arguments.out or FOLDER
        return {folder / f"{key}.parquet": PREPARED[key].plan for key in arguments.prepared}
    recipe = LOSSES[arguments.loss].recipe
    base = RunSpec(
        dataset=arguments.dataset, loss=arguments.loss, encoder=recipe.encoder, dim=recipe.dim,
        unit_norm=recipe.unit_norm, batch=arguments.batch or recipe.batch, rate=recipe.rate,
    )  # fmt: skip
    plan = Plan(
        base, arguments.parameter, tuple(arguments.values), tuple(sorted(set(arguments.steps))), arguments.seeds,
        arguments.other, tuple(arguments.other_values),
    )  # fmt: skip
    return {arguments.out or Path(f"sweep-{plan.parameter}-{plan.base.loss}.parquet"): plan}


def _run_plan(plan: Plan, path: Path, executor: Executor, at_once: int) -> int:
    """Run what is missing of one sweep; return the exit status."""
    try:
        done = _finished(plan, path)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    outcomes = dict(done)
    if missing := len(plan.trials) - len(done):
        print(f"{path}: {len(done)} of {len(plan.trials)} runs are finished; {missing} to run")

    def save(trial: Trial, found: tuple[Outcome, ...]) -> None:
        outcomes[trial.key] = found
        results.save(plan, results.table_of(plan, outcomes), path)

    began = time.monotonic()
    job = SweepJob(executor, plan, done, at_once=at_once, lease=float("inf"), on_finished=save)
    with tqdm(total=100, unit="%", bar_format="{l_bar}{bar}| {elapsed} so far, {remaining} left") as bar:
        try:
            while not job.wait(POLL_SECONDS):
                bar.update(round(100 * job.progress().share - bar.n, 1))
        except KeyboardInterrupt:
            job.stop()
            bar.write("Stopped. Finished runs are kept; the same command resumes from there.")
            return 130
    progress = job.progress()
    if progress.phase == "failed":
        print(progress.failure, file=sys.stderr)
        return 1
    print(*_report(plan, results.table_of(plan, progress.outcomes)), sep="\n")
    print(f"{time.monotonic() - began:.0f} s. Result: {path}")
    return 0


def _finished(plan: Plan, path: Path) -> results.Outcomes:
    """Return the measurements that a file has of this sweep."""
    try:
        stored, table = results.load(path)
    except FileNotFoundError:
        return {}
    if stored != plan:
        raise DataError(f"{path} holds another sweep. Choose another file with --out, or delete it.")
    return results.outcomes_of(plan, table)


def _report(plan: Plan, table: pd.DataFrame) -> list[str]:
    """Return the result as lines of text."""
    title = title_of(plan.base.loss, plan.parameter)
    lines = []
    for (other, at), summary in summarise(table).items():
        setting = f"{plan.other_title} {other:g}, " if plan.other else ""
        span = f"{at:g} epochs" if plan.epochs else f"{at:g} steps"
        scores = ", ".join(f"{value:g}: {100 * each.value:.2f} %" for value, each in summary.estimates.items())
        tied = ", ".join(f"{value:g}" for value in summary.tied if value != summary.best)
        lines.append(
            f"{setting}{span}: best {title} {summary.best:g}"
            + (f", which can't be told apart from {tied}" if tied else "")
            + f" (kNN accuracy by {title}: {scores})"
        )
    return lines
