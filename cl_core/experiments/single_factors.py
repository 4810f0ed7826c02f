"""Evidence from the decoupled grid: batch size, learning rate and number of steps, each varied alone."""

from collections.abc import Iterator, Mapping
from itertools import product

import pandas as pd

from cl_core.analysis.estimates import NO, YES, Estimate
from cl_core.experiments.evidence import Key, compare
from cl_core.experiments.grid import COMPARED, METHODS, RATES, STUDIES
from cl_core.experiments.table import BATCHES, EPOCHS, LARGE_BATCH, SMALL_BATCH, STEPS

BATCH_ALONE, RATE_ALONE, STEPS_ALONE = "batch size alone", "learning rate alone", "number of steps alone"
# steps at the largest batch size, for equal epochs and for equal steps
FEW_STEPS, MANY_STEPS = sorted({cell.steps for cell in STUDIES["decoupled"].cells if cell.batch == LARGE_BATCH})


def single_factor_rows(estimates: Mapping[Key, Estimate]) -> Iterator[dict[str, object]]:
    """Yield the comparisons of the decoupled grid in which one setting changes, on MNIST.

    Batch size and learning rate are compared at an equal number of steps. Comparisons without a cell are left out.

    Args:
        estimates: accuracies by method, batch size, learning rate and span.

    Yields:
        Rows of evidence; each `kind` is one of `BATCH_ALONE`, `RATE_ALONE` and `STEPS_ALONE`.
    """
    for method, rate in product(COMPARED, RATES):
        if (method, SMALL_BATCH, rate, STEPS) in estimates:
            comparison = f"{METHODS[method].title}, rate {rate:g}: batch {SMALL_BATCH} above {LARGE_BATCH:,}"
            small, large = (estimates[method, batch, rate, STEPS] for batch in (SMALL_BATCH, LARGE_BATCH))
            yield compare("mnist", BATCH_ALONE, comparison, small, large)
    for method, batch in product(COMPARED, BATCHES):
        if (method, batch, RATES[1], STEPS) in estimates:
            low, high = (estimates[method, batch, rate, STEPS] for rate in RATES[1:])
            comparison = f"{METHODS[method].title}, batch {batch:,}: rate {RATES[1]:g} above {RATES[2]:g}"
            yield compare("mnist", RATE_ALONE, comparison, low, high)
    for method, rate in product(COMPARED, RATES):
        if (method, LARGE_BATCH, rate, STEPS) in estimates:
            many, few = estimates[method, LARGE_BATCH, rate, STEPS], estimates[method, LARGE_BATCH, rate, EPOCHS]
            setting = f"{METHODS[method].title}, rate {rate:g}, batch {LARGE_BATCH:,}"
            comparison = f"{setting}: {MANY_STEPS} steps above {FEW_STEPS}"
            yield compare("mnist", STEPS_ALONE, comparison, many, few)


def describe_effects(evidence: pd.DataFrame) -> str:
    """Describe the effect of each setting: its mean, and in how many comparisons it is certain.

    Args:
        evidence: the rows of `single_factor_rows`.

    Returns:
        Plain text, one line for each setting.
    """
    titles = {
        BATCH_ALONE: f"{SMALL_BATCH} to {LARGE_BATCH:,}, same rate, {MANY_STEPS} steps",
        RATE_ALONE: f"{RATES[1]:g} to {RATES[2]:g}, same batch size, {MANY_STEPS} steps",
        STEPS_ALONE: f"{MANY_STEPS} to {FEW_STEPS}, which gives an equal number of epochs, "
        f"batch {LARGE_BATCH:,}, same rate",
    }
    lines = []
    for kind, title in titles.items():
        rows = evidence[evidence["kind"] == kind]
        known = rows[rows["difference"].notna()]
        line = f"{kind.capitalize()} ({title}), on MNIST, corrected: "
        if known.empty:
            lines.append(f"{line}not run.")
            continue
        falls, rises = ((rows["answer"] == answer).sum() for answer in (YES, NO))
        line += f"accuracy changes by {-100 * known['difference'].mean():+.2f} points on average; "
        line += f"it falls in {falls} and rises in {rises} of {len(rows)} settings"
        if falls:
            worst = known.sort_values("difference").iloc[-1]
            line += f", most for {worst['comparison'].split(':')[0]} ({-100 * worst['difference']:+.2f})"
        lines.append(f"{line}{f'; {len(rows) - len(known)} are not run' if len(known) < len(rows) else ''}.")
    return "\n".join(lines)
