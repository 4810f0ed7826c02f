"""The command line of the experiment.

python -m cl_core.experiments run                         # everything that has no result yet
python -m cl_core.experiments run --studies published --seeds 1
python -m cl_core.experiments run --cell published-mnist-npair-odd-b32-r0.001-n37500-s0 --results again
python -m cl_core.experiments show
"""

import argparse
import fnmatch
import sys
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from cl_core.experiments import STUDIES, Cell, claims, results, table
from cl_core.experiments.sweep import estimate, sweep
from cl_core.runtime import dask_cluster


def chosen(studies: list[str], seeds: int | None, pattern: str) -> list[Cell]:
    """Cells of some studies whose names fit a pattern; the first seed of all studies before the second of any."""
    every = [cell for study in studies for cell in STUDIES[study].of_seeds(seeds)]
    return sorted((cell for cell in every if fnmatch.fnmatch(cell.name, pattern)), key=lambda cell: cell.seed)


def run(asked: argparse.Namespace) -> int:
    """Run what has no result yet."""
    cells = chosen(asked.studies, asked.seeds, asked.cell)
    if not cells:
        print(f"no cell is called {asked.cell!r} in {', '.join(asked.studies)}", file=sys.stderr)
        return 2
    try:
        executor = dask_cluster.make_executor(asked.workers)
    except dask_cluster.ClusterError as error:
        print(error, file=sys.stderr)
        return 1
    at_once = asked.workers or executor.size
    _results(asked.results)
    there = results.finished_cells(cells, asked.results)
    left = [cell for cell in cells if cell not in there]
    work = sum(map(estimate, left))
    print(
        f"{len(there)} of {len(cells)} cells are there; {len(left)} to run, about {work / 3600:.1f} hours of one "
        f"processor, {work / 3600 / at_once:.1f} with {at_once} workers. Results: {asked.results}"
    )
    if asked.dry:
        executor.shutdown()
        return 0
    with tqdm(
        total=round(work), unit="s", smoothing=0, bar_format="{l_bar}{bar}| {elapsed} so far, {remaining} left"
    ) as bar:

        def told(cell: Cell, failure: str | None) -> None:
            bar.update(round(estimate(cell)))
            bar.write(failure or cell.name)

        try:
            report = sweep(left, executor, asked.results, at_once=at_once, told=told)
        except KeyboardInterrupt:
            bar.write("Stopped. What was finished is kept; the same command goes on from there.")
            return 130
        except OSError as error:
            bar.write(f"{error} What was finished is kept; the same command goes on from there.", file=sys.stderr)
            return 1
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
    print(f"{len(report.finished)} finished, {len(report.failed)} failed")
    return 1 if report.failed else 0


def show(asked: argparse.Namespace) -> int:
    """Print the table and what it says."""
    found, faults = _results(asked.results)
    if found.empty:
        print(f"There are no results in {asked.results}. This makes them: python -m cl_core.experiments run")
        return 1
    print(f"## Accuracy by loss and batch size\n\n{table.markdown(found)}\n")
    print(f"## {STUDIES['decoupled'].title}\n\n{table.markdown_decoupled(found)}\n\n## The article's claims\n")
    for verdict in claims.verdicts(found):
        print(f"- **{verdict.claim}: {verdict.label}**", *verdict.explanation.splitlines(), sep="\n    ")
    print("\n## What was run\n")
    for key, names in table.missing_cells(found).items():
        print(f"- {key}: {len(names)} cells not run" + (f", the first of them {names[0]}" if names else ""))
    print(f"\nMade by `python -m cl_core.experiments run` with {table.environment_of(found)}.")
    return 1 if faults else 0


def _results(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """As `store.load`, which names files alone, as a page's visitors are not to know where they lie."""
    found, faults = results.load(folder)
    for fault in faults:
        print(f"unreadable in {folder}: {fault}", file=sys.stderr)
    return found, faults


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m cl_core.experiments", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    runs = commands.add_parser("run", help="run every cell that has no result yet; stopped, it goes on where it was")
    runs.add_argument("--studies", nargs="+", choices=list(STUDIES), default=list(STUDIES))
    runs.add_argument("--seeds", type=int, help="the first so many; each study has its own number")
    runs.add_argument("--cell", default="*", help="a cell's name, or a pattern of names")
    runs.add_argument("--workers", type=int, help="cells at a time; by default one a core, or all of a cluster's")
    runs.add_argument("--results", type=Path, default=results.SHIPPED, help="folder of results")
    runs.add_argument("--dry", action="store_true", help="only say what there would be to do")
    runs.set_defaults(command=run)
    shows = commands.add_parser("show", help="print the table, what it says of the claims, and what was not run")
    shows.add_argument("--results", type=Path, default=results.SHIPPED, help="folder of results")
    shows.set_defaults(command=show)
    asked = parser.parse_args()
    sys.exit(asked.command(asked))


if __name__ == "__main__":
    main()
