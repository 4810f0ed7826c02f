"""Speed of training, compared with a baseline loop and with the matrix products of the machine, and with the page open.

`python -m tests.benchmarks.training` takes some eight minutes on an idle machine and prints Markdown; `--write` also
saves it in `results`, and `--quick` measures less.
"""

import sys
from collections.abc import Callable, Sequence

from tests.benchmarks import cells, machine, report
from tests.benchmarks.baseline import ROWS
from tests.benchmarks.cells import BATCHES, FULL, QUICK, Cell, Plan, Trial
from tests.benchmarks.limited_process import GIB, MEMORY_LIMIT

LARGEST = BATCHES[-1]


def losses(plan: Plan, keys: Sequence[str] = tuple(ROWS), batches: Sequence[int] = BATCHES) -> str:
    """Return tables of steps per second by loss and batch size, and of their share of the limit of the machine."""
    measured = {}
    for key in keys:
        for batch in batches:
            _report_progress(f"{ROWS[key].title} ({ROWS[key].library}), B = {batch}")
            measured[key, batch] = cells.measure_cell(key, batch, plan)
    head = [f"B = {batch}" for batch in batches]
    speeds = report.table(
        ["loss", "pytorch-metric-learning", *head],
        [[ROWS[key].title, ROWS[key].library, *(_format_rates(measured[key, b]) for b in batches)] for key in keys],
    )
    # several rows of one loss have the same shapes, so one row is enough
    one_per_title = [key for key in keys if ROWS[key].title not in {ROWS[k].title for k in keys[: keys.index(key)]}]
    shares = report.table(
        ["loss", *head],
        [[ROWS[key].title, *(_format_shares(measured[key, b]) for b in batches)] for key in one_per_title],
    )
    return "\n\n".join([
        "Steps per second of processor time, ours / baseline loop (one thread each, in turns in one process; medians). "
        "The baseline loop is a DataLoader (no worker processes, shuffled) with the steps of torchvision's `ToTensor` "
        "and `Normalize` for each image, loss and miner of pytorch-metric-learning, and `torch.optim.Adam`, with the "
        f"same encoder. It may use {MEMORY_LIMIT // GIB} GiB.",
        speeds,
        "Share of the matrix products in the time of our step: the bare matrix products of the encoder in one step "
        "(outputs and gradients of its linear layers); in brackets with the products of the batch with itself.",
        shares,
    ])  # fmt: skip


def _format_rates(cell: Cell) -> str:
    if cell.theirs is None or cell.ratio is None:
        return f"{report.number(cell.ours)} / {cell.problem}"
    return f"{report.number(cell.ours)} / {report.number(cell.theirs)} = **{report.number(cell.ratio)}×**"


def _format_shares(cell: Cell) -> str:
    return f"{cell.ours / cell.products:.2f} ({cell.ours / cell.with_pairs:.2f})"


def memory(plan: Plan, keys: Sequence[str] = tuple(ROWS), batch: int = LARGEST) -> str:
    """Return a table of the memory that the first step adds to a process with data and encoder loaded."""
    rows = []
    for key in keys:
        _report_progress(f"memory of {ROWS[key].title} ({ROWS[key].library}), B = {batch}")
        trials = (cells.first_step(key, batch, plan.timeout, ours=ours) for ours in (True, False))
        rows.append([ROWS[key].title, ROWS[key].library, *map(_format_memory, trials)])
    return "\n\n".join([
        f"Memory that the first step at B = {batch} adds, with a limit of {MEMORY_LIMIT // GIB} GiB of address space.",
        report.table(["loss", "pytorch-metric-learning", "ours", "baseline loop"], rows),
    ])  # fmt: skip


def _format_memory(trial: Trial) -> str:
    return trial.problem or f"{trial.memory / 2**20:,.0f} MiB"


def page(plan: Plan) -> str:
    """Return a table of what the page costs a run, and of the time until its first frames."""
    from tests.benchmarks import page as page_benchmark  # only this needs playwright

    _report_progress("the page")
    result = page_benchmark.measure(plan)
    return "\n\n".join([
        f"The page with its defaults in headless Chromium on the same cores, in turns of {plan.window:.0f} s with the "
        "same run in one worker process without a page (wall clock, medians).",
        report.table(
            ["with the page open", "measured", "wanted"],
            [
                ["steps per second at maximum speed, drawing", report.number(result.steps), ""],
                ["steps per second without a page", report.number(result.headless), ""],
                ["share of the speed without a page", f"{result.share_kept:.0%}", "90 %"],
                ["frames per second that reached the browser", f"{result.frames:.1f}", "4"],
                ["from Start to the first new frame", f"{result.first_move:.2f} s", "2 s"],
                [f"from Start to {page_benchmark.GOAL:.0f} % kNN at maximum speed", f"{result.goal:.1f} s", "20 s"],
            ],
        ),
    ])  # fmt: skip


SECTIONS: dict[str, Callable[[Plan], str]] = {"losses": losses, "memory": memory, "page": page}


def run(plan: Plan, only: str | None = None) -> str:
    """Measure every section, or one; return Markdown that begins with the machine."""
    sections = [section(plan) for name, section in SECTIONS.items() if only in (None, name)]
    return "\n\n".join([f"{machine.describe()}.", *sections]) + "\n"


def _report_progress(subject: str) -> None:
    print(f"measuring {subject} ...", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = report.parser("training", __doc__)
    parser.add_argument("--quick", action="store_true", help="one short turn each")
    parser.add_argument("--only", choices=SECTIONS, help="measure one section")
    options = parser.parse_args(arguments)
    if options.only and options.write:
        parser.error("--write saves a run of all sections: it cannot be combined with --only")
    report.print_and_save(run(QUICK if options.quick else FULL, options.only), options.write)


if __name__ == "__main__":
    main()
