"""Claims on the accuracy of the losses: against the plain net, against each other, and at large batches."""

from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd

from cl_core.analysis.estimates import Estimate
from cl_core.experiments import table
from cl_core.experiments.claims.scores import Scores
from cl_core.experiments.evidence import (
    Key,
    Verdict,
    compare,
    decide_by_version,
    evidence_table,
    format_points,
    summarise,
)
from cl_core.experiments.grid import COMPARED, DATASETS, METHODS
from cl_core.experiments.table import ARTICLE, BATCHES, LARGE_BATCH, PUBLISHED, SMALL_BATCH, VERSIONS

BATCH_HARD, SEMI_HARD, NO_MINING = "triplet_hard", "triplet_semihard", "triplet_all"
BEST = ("max_margin", "sup_nt_xent")  # losses that the article calls the best


def _title(method: str) -> str:
    return METHODS[method].title


def beats_the_baseline(scores: Scores) -> Verdict:
    """Check whether every loss is above the baseline at batch 32, except the hard-mined triplet, which is not.

    Args:
        scores: estimates of the results.

    Returns:
        The verdict.
    """
    accuracy = scores.accuracy
    rows = []
    for dataset, kind, method in product(DATASETS, VERSIONS, COMPARED):
        loss, baseline = accuracy[dataset, method, SMALL_BATCH, kind], accuracy[dataset, "baseline", SMALL_BATCH, kind]
        if method == BATCH_HARD:
            rows.append(compare(dataset, kind, f"baseline above {_title(method)}", baseline, loss))
        else:
            rows.append(compare(dataset, kind, f"{_title(method)} above baseline", loss, baseline))
    evidence = evidence_table(rows)
    return Verdict(
        "beats",
        "At batch 32, every loss except the triplet loss with hard mining beats the baseline",
        decide_by_version(evidence),
        summarise(evidence, format_points),
        evidence,
    )


def best_on_both_sets(scores: Scores) -> Verdict:
    """Check whether max-margin and supervised NT-Xent are above every other loss at batch 32, on both data sets.

    Args:
        scores: estimates of the results.

    Returns:
        The verdict.
    """
    accuracy = scores.accuracy
    rows = []
    for dataset, kind, own, rival in product(DATASETS, VERSIONS, BEST, COMPARED):
        if rival not in BEST:
            first, second = (accuracy[dataset, method, SMALL_BATCH, kind] for method in (own, rival))
            rows.append(compare(dataset, kind, f"{_title(own)} above {_title(rival)}", first, second))
    evidence = evidence_table(rows)
    lines = [_ranking(accuracy, kind) for kind in (PUBLISHED, ARTICLE)]
    return Verdict(
        "best",
        "Max-margin and supervised NT-Xent are the best losses on both data sets",
        decide_by_version(evidence),
        "\n".join([*lines, summarise(evidence, format_points)]),
        evidence,
    )


def _ranking(accuracy: Mapping[Key, Estimate], kind: str) -> str:
    """Return the losses of one version at batch 32, best first, with their accuracies."""
    orders = []
    for dataset in DATASETS:
        estimates = {method: accuracy[dataset, method, SMALL_BATCH, kind] for method in COMPARED}
        known = sorted((-estimate.value, method) for method, estimate in estimates.items() if not estimate.missing)
        order = ", ".join(f"{_title(method)} {-100 * value:.2f}" for value, method in known)
        orders.append(f"on {table.title_of(dataset)}: {order or 'not run'}")
    return f"{table.KIND_TITLES[kind].capitalize()}, at batch {SMALL_BATCH}, best first: {'; '.join(orders)}."


def mining_matters(scores: Scores) -> Verdict:
    """Check whether semi-hard mining is above batch-hard mining, and above no mining at all, at every batch size.

    The article compares ways of mining with each other only. The triplet loss without mining is this project's control.

    Args:
        scores: estimates of the results.

    Returns:
        The verdict.
    """
    accuracy = scores.accuracy
    rows = []
    for dataset, kind, batch, rival in product(DATASETS, VERSIONS, BATCHES, (BATCH_HARD, NO_MINING)):
        first, second = accuracy[dataset, SEMI_HARD, batch, kind], accuracy[dataset, rival, batch, kind]
        comparison = f"{_title(SEMI_HARD)} above {_title(rival)} at batch {batch:,}"
        rows.append(compare(dataset, kind, comparison, first, second))
    evidence = evidence_table(rows)
    is_control = evidence["comparison"].str.contains(_title(NO_MINING), regex=False)
    lines = [
        "The article compares only semi-hard and hard mining. The triplet loss without mining is added here.",
        *(_control(evidence[is_control & (evidence["kind"] == kind)], kind) for kind in (PUBLISHED, ARTICLE)),
        summarise(evidence, format_points),
    ]
    return Verdict(
        "mining",
        "Mining matters, and semi-hard mining is the best",
        decide_by_version(evidence),
        "\n".join(lines),
        evidence,
    )


def _control(rows: pd.DataFrame, kind: str) -> str:
    """Return in how many places no mining has the higher mean, however close."""
    known = rows[rows["difference"].notna()]
    if known.empty:
        return f"{table.KIND_TITLES[kind].capitalize()}: there is no comparison with the loss without mining yet."
    higher = (known["difference"] < 0).sum()
    title = table.KIND_TITLES[kind].capitalize()
    return f"{title}: the mean without mining is higher in {higher} of {len(known)} comparisons."


def robust_at_large_batches(scores: Scores) -> Verdict:
    """Check whether supervised NT-Xent loses less accuracy than any other loss from batch 32 to 2,048.

    Args:
        scores: estimates of the results.

    Returns:
        The verdict.
    """
    accuracy = scores.accuracy
    rows = []
    for dataset, kind in product(DATASETS, VERSIONS):
        drops = {
            m: accuracy[dataset, m, SMALL_BATCH, kind].minus(accuracy[dataset, m, LARGE_BATCH, kind]) for m in COMPARED
        }
        own_drop = drops.pop("sup_nt_xent")
        for method, drop in drops.items():
            comparison = f"{_title(method)} loses more accuracy than supervised NT-Xent"
            rows.append(compare(dataset, kind, comparison, drop, own_drop))
    evidence = evidence_table(rows)
    own_drops = evidence[evidence["kind"] == PUBLISHED].groupby("dataset", sort=False)["second"].first()
    parts = [
        f"{'an unknown number of' if np.isnan(drop) else f'{100 * drop:.2f}'} points on {table.title_of(str(name))}"
        for name, drop in own_drops.items()
    ]
    lead = f"From batch {SMALL_BATCH} to {LARGE_BATCH:,} supervised NT-Xent loses {' and '.join(parts)}."
    return Verdict(
        "robust",
        "Supervised NT-Xent is the most robust at batch 2,048",
        decide_by_version(evidence),
        f"{lead}\n{summarise(evidence, format_points)}",
        evidence,
    )
