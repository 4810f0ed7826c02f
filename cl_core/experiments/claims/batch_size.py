"""Claims on the batch size: in the article's grid, where the rate rises with it, and alone."""

from itertools import pairwise, product

from cl_core.analysis.estimates import YES
from cl_core.experiments import table
from cl_core.experiments.claims.scores import Scores
from cl_core.experiments.evidence import (
    MIXED,
    Verdict,
    compare,
    decide,
    decide_by_version,
    evidence_table,
    format_points,
    summarise,
)
from cl_core.experiments.grid import COMPARED, DATASETS, METHODS
from cl_core.experiments.single_factors import BATCH_ALONE, describe_effects, single_factor_rows
from cl_core.experiments.table import BATCHES, LARGE_BATCH, SMALL_BATCH, VERSIONS


def falls_in_the_coupled_grid(scores: Scores) -> Verdict:
    """Check whether accuracy falls along the article's grid, where batch size and learning rate rise together.

    The smallest batch size is compared with the largest; a rise on the way is reported, and does not count. Two
    embeddings of mixed classes are no evidence on the batch size.

    Args:
        scores: estimates of the results.

    Returns:
        The verdict.
    """
    accuracy, mixed = scores.accuracy, scores.mixed
    rows, rises = [], []
    for dataset, kind, method in product(DATASETS, VERSIONS, COMPARED):
        estimates = {batch: accuracy[dataset, method, batch, kind] for batch in BATCHES}
        mixed_batches = {batch for batch in BATCHES if (dataset, method, batch, kind) in mixed}
        comparison = f"{METHODS[method].title}: batch {SMALL_BATCH} above {LARGE_BATCH:,}"
        row = compare(dataset, kind, comparison, estimates[SMALL_BATCH], estimates[LARGE_BATCH])
        row["answer"] = MIXED if mixed_batches.issuperset((SMALL_BATCH, LARGE_BATCH)) else row["answer"]
        rows.append(row)
        rises += [
            f"{METHODS[method].title} from {small} to {large:,} on {table.title_of(dataset)} "
            f"({table.KIND_TITLES[kind]})"
            for small, large in pairwise(BATCHES)
            if estimates[large].minus(estimates[small]).answer == YES and not mixed_batches.issuperset((small, large))
        ]
    evidence = evidence_table(rows)
    lines = [summarise(evidence, format_points)] + [f"Between two batch sizes it rises: {', '.join(rises)}."] * bool(
        rises
    )
    return Verdict(
        "falls",
        "Accuracy falls as batch size and learning rate rise together",
        decide_by_version(evidence),
        "\n".join(lines),
        evidence,
    )


def batch_size_alone(scores: Scores) -> Verdict:
    """Check whether accuracy falls with the batch size where the rate and the number of steps stay the same.

    Args:
        scores: estimates of the results.

    Returns:
        The verdict; its evidence also has the comparisons in which the rate or the number of steps varies alone.
    """
    evidence = evidence_table(single_factor_rows(scores.decoupled))
    return Verdict(
        "batch",
        "A larger batch alone lowers accuracy, which the article does not claim",
        {BATCH_ALONE: decide(evidence.loc[evidence["kind"] == BATCH_ALONE, "answer"])},
        "The article's table may suggest this. But in that table the learning rate rises with the batch size, and the "
        f"number of steps falls.\n{describe_effects(evidence)}",
        evidence,
    )
