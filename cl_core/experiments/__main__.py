"""Command line of the experiment.

python -m cl_core.experiments run                         # every cell that has no result yet
python -m cl_core.experiments run --studies published --seeds 1
python -m cl_core.experiments run --cell published-mnist-npair-odd-b32-r0.001-n37500-s0 --results again
python -m cl_core.experiments show
python -m cl_core.experiments sweep --loss supcon --parameter temperature --values 0.05 0.1 0.5 --other batch ...
"""

import argparse
import fnmatch
import sys
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from cl_core.experiments import STUDIES, Cell, article, claims, findings, results, sweep_command, table
from cl_core.experiments.evidence import LABELS
from cl_core.experiments.sweep import estimate, sweep
from cl_core.losses.articles import CONTRASTING
from cl_core.runtime import dask_cluster


def select_cells(studies: list[str], seeds: int | None, pattern: str) -> list[Cell]:
    """Return the cells of some studies whose names match a pattern.

    Args:
        studies: keys of the studies.
        seeds: number of seeds; None for each study's own number.
        pattern: file name pattern of cell names.

    Returns:
        The cells; those of the first seed, of all studies, come before those of the second seed of any study.
    """
    cells = [cell for study in studies for cell in STUDIES[study].of_seeds(seeds)]
    return sorted((cell for cell in cells if fnmatch.fnmatch(cell.name, pattern)), key=lambda cell: cell.seed)


def run(arguments: argparse.Namespace) -> int:
    """Run every cell that has no result yet.

    Args:
        arguments: the parsed command line.

    Returns:
        Exit status: 0 if all cells were finished, 1 after a failure, 2 without a matching cell, 130 after Ctrl-C.
    """
    cells = select_cells(arguments.studies, arguments.seeds, arguments.cell)
    if not cells:
        print(f"no cell is called {arguments.cell!r} in {', '.join(arguments.studies)}", file=sys.stderr)
        return 2
    try:
        executor = dask_cluster.make_executor(arguments.workers)
    except dask_cluster.ClusterError as error:
        print(error, file=sys.stderr)
        return 1
    at_once = arguments.workers or executor.size
    _load_results(arguments.results)
    finished = results.finished_cells(cells, arguments.results)
    remaining = [cell for cell in cells if cell not in finished]
    seconds = sum(map(estimate, remaining))
    print(
        f"{len(finished)} of {len(cells)} cells are finished; {len(remaining)} to run, "
        f"about {seconds / 3600:.1f} hours of one processor, {seconds / 3600 / at_once:.1f} with {at_once} workers. "
        f"Results: {arguments.results}"
    )
    if arguments.dry:
        executor.shutdown()
        return 0
    with tqdm(
        total=round(seconds), unit="s", smoothing=0, bar_format="{l_bar}{bar}| {elapsed} so far, {remaining} left"
    ) as bar:

        def report_progress(cell: Cell, failure: str | None) -> None:
            bar.update(round(estimate(cell)))
            bar.write(failure or cell.name)

        try:
            report = sweep(remaining, executor, arguments.results, at_once=at_once, callback=report_progress)
        except KeyboardInterrupt:
            bar.write("Stopped. Finished cells are kept; the same command resumes from there.")
            return 130
        except OSError as error:
            bar.write(f"{error} Finished cells are kept; the same command resumes from there.", file=sys.stderr)
            return 1
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
    print(f"{len(report.finished)} finished, {len(report.failed)} failed")
    return 1 if report.failed else 0


def show(arguments: argparse.Namespace) -> int:
    """Print the table, the verdicts on the claims and the cells that were not run.

    Args:
        arguments: the parsed command line.

    Returns:
        Exit status: 0, or 1 if there are no results or a file is unreadable.
    """
    rows, faults = _load_results(arguments.results)
    if rows.empty:
        print(f"There are no results in {arguments.results}. This makes them: python -m cl_core.experiments run")
        return 1
    verdicts = claims.verdicts(rows)
    print(f"{CONTRASTING.reference}\n\n## What was found\n")
    print(*(f"{number}. {sentence}" for number, sentence in enumerate(findings.findings(verdicts), 1)), sep="\n")
    print(f"\n{findings.agreement(verdicts)}")
    print(f"\n## Accuracy by loss and batch size\n\n{table.markdown(rows)}\n")
    print(f"## {STUDIES['decoupled'].title}\n\n{table.markdown_decoupled(rows)}\n\n## The article's claims\n")
    for verdict in verdicts:
        titles = {kind: table.KIND_TITLES.get(kind, kind) for kind in verdict.answers}
        by_kind = ", ".join(f"{titles[kind]}: {LABELS[answer]}" for kind, answer in verdict.answers.items())
        print(f"- **{verdict.claim}: {verdict.label}** ({by_kind})", *verdict.explanation.splitlines(), sep="\n    ")
    print("\n## How the article's program differs from ours\n")
    for what, theirs, ours in article.DIFFERENCES:
        print(f"- {what}: {theirs}; as published here: {ours}")
    print("\nNot copied or not known:\n", *(f"- {sentence}" for sentence in article.UNKNOWN), sep="\n")
    print("\n## What was run\n")
    for key, names in table.missing_cells(rows).items():
        print(f"- {key}: {len(names)} cells not run" + (f", the first of them {names[0]}" if names else ""))
    print(f"\nMade by `python -m cl_core.experiments run` with {table.environment_of(rows)}.")
    return 1 if faults else 0


def _load_results(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """Load the results and print unreadable files with their folder, which `results.load` hides from web pages."""
    rows, faults = results.load(folder)
    for fault in faults:
        print(f"unreadable in {folder}: {fault}", file=sys.stderr)
    return rows, faults


def main() -> None:
    """Parse the command line and run the command."""
    parser = argparse.ArgumentParser(prog="python -m cl_core.experiments", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    run_parser = commands.add_parser(
        "run", help="run every cell that has no result yet; if stopped, it resumes where it was"
    )
    run_parser.add_argument("--studies", nargs="+", choices=list(STUDIES), default=list(STUDIES))
    run_parser.add_argument("--seeds", type=int, help="number of seeds, from 0 on; by default each study's own number")
    run_parser.add_argument("--cell", default="*", help="a cell's name, or a pattern of names")
    run_parser.add_argument(
        "--workers", type=int, help="cells at a time; by default one per core, or one per worker of a cluster"
    )
    run_parser.add_argument("--results", type=Path, default=results.SHIPPED, help="folder of results")
    run_parser.add_argument("--dry", action="store_true", help="only print what would be run")
    run_parser.set_defaults(command=run)
    show_parser = commands.add_parser("show", help="print the table, the verdicts on the claims, and what was not run")
    show_parser.add_argument("--results", type=Path, default=results.SHIPPED, help="folder of results")
    show_parser.set_defaults(command=show)
    sweep_command.add_parser(commands)
    arguments = parser.parse_args()
    sys.exit(arguments.command(arguments))


if __name__ == "__main__":
    main()
