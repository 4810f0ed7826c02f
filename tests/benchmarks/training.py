"""Speed of training, against the usual loop, against the machine's matrix products, and with the page open.

`python -m tests.benchmarks.training` measures everything in some eight minutes on a quiet machine and prints Markdown;
`--write` also keeps it in `results`, and `--quick` measures less.
"""

import sys
from collections.abc import Callable, Sequence

from tests.benchmarks import cells, machine, report
from tests.benchmarks.apart import GIB, LIMIT
from tests.benchmarks.cells import BATCHES, FULL, QUICK, Cell, Plan, Trial
from tests.benchmarks.usual import ROWS

LARGEST = BATCHES[-1]


def losses(plan: Plan, keys: Sequence[str] = tuple(ROWS), batches: Sequence[int] = BATCHES) -> str:
    """Steps a second of every loss at every batch size, and the share of the machine's own limit."""
    measured = {}
    for key in keys:
        for batch in batches:
            _say(f"{ROWS[key].title} ({ROWS[key].library}), B = {batch}")
            measured[key, batch] = cells.cell(key, batch, plan)
    head = [f"B = {batch}" for batch in batches]
    speeds = report.table(
        ["loss", "pytorch-metric-learning", *head],
        [[ROWS[key].title, ROWS[key].library, *(_speed(measured[key, b]) for b in batches)] for key in keys],
    )
    # both rows of a loss have the same shapes, so one says it all
    shown = [key for key in keys if ROWS[key].title not in {ROWS[k].title for k in keys[: keys.index(key)]}]
    shares = report.table(
        ["loss", *head], [[ROWS[key].title, *(_share(measured[key, b]) for b in batches)] for key in shown]
    )
    return "\n\n".join([
        "Steps a second, ours / the usual loop's (one thread each, in turns in one process; medians, in processor "
        f"time). The usual loop is a DataLoader (no worker processes, shuffled) with the steps of torchvision's "
        "`ToTensor` and `Normalize` an image, the loss (and miner) of pytorch-metric-learning, and "
        f"`torch.optim.Adam`, with the same net. It may use {LIMIT // GIB} GiB.",
        speeds,
        "Share of the machine's matrix-product limit: the time of the bare matrix products of the net in one step "
        "(values and gradients of its linear layers), of the time of the step; in brackets with the products of "
        "the batch against itself.",
        shares,
    ])  # fmt: skip


def _speed(cell: Cell) -> str:
    if cell.theirs is None or cell.ratio is None:
        return f"{report.number(cell.ours)} / {cell.trouble}"
    return f"{report.number(cell.ours)} / {report.number(cell.theirs)} = **{report.number(cell.ratio)}×**"


def _share(cell: Cell) -> str:
    return f"{cell.ours / cell.products:.2f} ({cell.ours / cell.with_pairs:.2f})"


def memory(plan: Plan, keys: Sequence[str] = tuple(ROWS), batch: int = LARGEST) -> str:
    """What the first step adds to the memory of a process that has data and net already."""
    rows = []
    for key in keys:
        _say(f"memory of {ROWS[key].title} ({ROWS[key].library}), B = {batch}")
        trials = (cells.first_step(key, batch, plan.patience, ours=ours) for ours in (True, False))
        rows.append([ROWS[key].title, ROWS[key].library, *map(_memory, trials)])
    return "\n\n".join([
        f"Memory that the first step at B = {batch} adds, within an address space of {LIMIT // GIB} GiB.",
        report.table(["loss", "pytorch-metric-learning", "ours", "the usual loop"], rows),
    ])  # fmt: skip


def _memory(trial: Trial) -> str:
    return trial.trouble or f"{trial.memory / 2**20:,.0f} MiB"


def page(plan: Plan) -> str:
    """What the page costs a run, and how soon one sees something."""
    from tests.benchmarks import page as browser  # only this needs playwright

    _say("the page")
    drawn = browser.measure(plan)
    return "\n\n".join([
        f"The page, with its defaults, in headless Chromium on the same cores; in turns of {plan.window:.0f} s with "
        "the same run in one worker process and no page (wall clock, medians).",
        report.table(
            ["with the page open", "measured", "wanted"],
            [
                ["steps a second, flat out, drawing", report.number(drawn.steps), ""],
                ["steps a second without a page", report.number(drawn.headless), ""],
                ["share that is kept", f"{drawn.kept:.0%}", "90 %"],
                ["frames a second that came to the browser", f"{drawn.frames:.1f}", "4"],
                ["from Start to the first frame that moved", f"{drawn.first_move:.2f} s", "2 s"],
                [f"from Start to {browser.GOAL:.0f} % kNN, flat out", f"{drawn.goal:.1f} s", "20 s"],
            ],
        ),
    ])  # fmt: skip


SECTIONS: dict[str, Callable[[Plan], str]] = {"losses": losses, "memory": memory, "page": page}


def run(plan: Plan, only: str | None = None) -> str:
    """Measure and write down: the machine, then every section, or one."""
    sections = [section(plan) for name, section in SECTIONS.items() if only in (None, name)]
    return "\n\n".join([f"{machine.describe()}.", *sections]) + "\n"


def _say(what: str) -> None:
    print(f"measuring {what} ...", file=sys.stderr, flush=True)


def main(words: Sequence[str] | None = None) -> None:
    """The command."""
    parser = report.parser("training", __doc__)
    parser.add_argument("--quick", action="store_true", help="one short turn each, for a first look")
    parser.add_argument("--only", choices=SECTIONS, help="measure one section")
    asked = parser.parse_args(words)
    if asked.only and asked.write:
        parser.error("what is kept is one run of everything: --write does not go with --only")
    report.say(run(QUICK if asked.quick else FULL, asked.only), asked.write)


if __name__ == "__main__":
    main()
