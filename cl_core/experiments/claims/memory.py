"""The claim on memory."""

from cl_core.analysis.estimates import NO, YES, Estimate
from cl_core.experiments import table
from cl_core.experiments.claims.scores import Scores
from cl_core.experiments.evidence import Verdict, compare, decide, evidence_table
from cl_core.experiments.grid import DATASETS, METHODS
from cl_core.experiments.table import LARGE_BATCH, PUBLISHED

MEMORY_LIMIT = 16e9 / 2**20  # the article's 16 GB, in MiB


def semihard_needs_memory(scores: Scores) -> Verdict:
    """Check whether training with semi-hard mining at batch 2,048 takes more than 16 GB.

    Args:
        scores: estimates of the results.

    Returns:
        The verdict.
    """
    limit = Estimate(MEMORY_LIMIT, 0.0, 99)
    rows = []
    for dataset in DATASETS:
        estimate = scores.memory[dataset, "triplet_semihard", LARGE_BATCH, PUBLISHED]
        comparison = f"{METHODS['triplet_semihard'].title} at batch {LARGE_BATCH:,} above 16 GB"
        row = compare(dataset, PUBLISHED, comparison, estimate, limit)
        if not estimate.missing:  # one seed is enough: memory does not depend on chance
            row["answer"] = YES if estimate.value > MEMORY_LIMIT else NO
        rows.append(row | {"seeds": estimate.seeds})
    evidence = evidence_table(rows)
    known = evidence[evidence["first"].notna()]
    measured = [
        f"{row['first']:,.0f} MiB on {table.title_of(row['dataset'])} ({row['first'] / MEMORY_LIMIT:.1%} of 16 GB)"
        for _, row in known.iterrows()
    ]
    explanation = (
        f"This implementation takes {' and '.join(measured)}, because it does not list the triplets."
        if measured
        else "This implementation has not been measured yet."
    )
    explanation += (
        f"\nAn array of all {LARGE_BATCH:,}³ triplets in float32 alone would take {4 * LARGE_BATCH**3 / 1e9:.1f} GB"
    )
    small = len(known) > 0 and (known["first"] < MEMORY_LIMIT).all()
    explanation += ". So the claim is true of an implementation, but not of the loss itself." if small else "."
    return Verdict(
        "memory",
        "Semi-hard mining at batch 2,048 needs more than 16 GB",
        {PUBLISHED: decide(evidence["answer"])},
        explanation,
        evidence,
    )
