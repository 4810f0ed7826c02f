"""Claims on the clusters: how tight they are, and what becomes of them as the batch grows."""

from itertools import product

import numpy as np
import pandas as pd

from cl_core.analysis.estimates import NO
from cl_core.experiments import table
from cl_core.experiments.claims.scores import Scores
from cl_core.experiments.evidence import (
    MIXED,
    Verdict,
    compare,
    decide_by_version,
    evidence_table,
    format_points,
    summarise,
)
from cl_core.experiments.grid import COMPARED, DATASETS, METHODS
from cl_core.experiments.table import BATCHES, LARGE_BATCH, PUBLISHED, SMALL_BATCH, VERSIONS

TIGHT = ("max_margin", "sup_nt_xent")  # losses whose clusters the article calls tight
TRIPLETS = ("triplet_semihard", "triplet_hard")


def tightest_clusters(scores: Scores) -> Verdict:
    """Check whether max-margin and supervised NT-Xent are more compact than the other losses at every batch size.

    An embedding of mixed classes has no clusters: another loss that ends in one is not compared, and one of these two
    that ends in one counts against the claim.

    Args:
        scores: estimates of the results.

    Returns:
        The verdict.
    """
    log_compactness, mixed = scores.log_compactness, scores.mixed
    rows = []
    for dataset, kind, batch, own, rival in product(DATASETS, VERSIONS, BATCHES, TIGHT, COMPARED):
        if rival not in TIGHT:
            places = (dataset, rival, batch, kind), (dataset, own, batch, kind)
            comparison = f"{METHODS[rival].title} wider than {METHODS[own].title} at batch {batch:,}"
            row = compare(dataset, kind, comparison, *(log_compactness[place] for place in places))
            row["answer"] = NO if places[1] in mixed else MIXED if places[0] in mixed else row["answer"]
            rows.append(row)
    return _verdict("tight", "Max-margin and supervised NT-Xent give the tightest clusters", rows, scores)


def widest_clusters(scores: Scores) -> Verdict:
    """Check whether the triplet losses are less compact than every other loss at every batch size.

    Embeddings of mixed classes have no clusters, and are not compared.

    Args:
        scores: estimates of the results.

    Returns:
        The verdict.
    """
    log_compactness, mixed = scores.log_compactness, scores.mixed
    rows = []
    for dataset, kind, batch, own, rival in product(DATASETS, VERSIONS, BATCHES, TRIPLETS, COMPARED):
        if rival not in TRIPLETS:
            places = (dataset, own, batch, kind), (dataset, rival, batch, kind)
            comparison = f"{METHODS[own].title} wider than {METHODS[rival].title} at batch {batch:,}"
            row = compare(dataset, kind, comparison, *(log_compactness[place] for place in places))
            row["answer"] = MIXED if mixed.intersection(places) else row["answer"]
            rows.append(row)
    return _verdict("wide", "The triplet losses give the widest clusters", rows, scores)


def worse_with_batch_size(scores: Scores) -> Verdict:
    """Check whether MAP@R falls along the article's grid: more neighbours are of another class.

    Two embeddings of mixed classes are not compared.

    Args:
        scores: estimates of the results.

    Returns:
        The verdict.
    """
    map_r = scores.map_r
    log_compactness, mixed = scores.log_compactness, scores.mixed
    rows, wider = [], []
    for dataset, kind, method in product(DATASETS, VERSIONS, COMPARED):
        places = (dataset, method, SMALL_BATCH, kind), (dataset, method, LARGE_BATCH, kind)
        comparison = f"{METHODS[method].title}: batch {SMALL_BATCH} above {LARGE_BATCH:,}"
        row = compare(dataset, kind, comparison, *(map_r[place] for place in places))
        row["answer"] = MIXED if mixed.issuperset(places) else row["answer"]
        rows.append(row)
        if kind == PUBLISHED and not mixed.intersection(places):
            wider.append(log_compactness[places[1]].value - log_compactness[places[0]].value)
    evidence = evidence_table(rows)
    known = [change for change in wider if not np.isnan(change)]
    lines = ["Measured by MAP@R, which falls when the nearest images belong to other classes."]
    if known:
        wide = sum(change > 0 for change in known)
        lines.append(
            f"{PUBLISHED.capitalize()}: in {wide} of {len(known)} cases the clusters are also wider at batch "
            f"{LARGE_BATCH:,}."
        )
    return Verdict(
        "worse",
        "The clusters get worse as batch size and learning rate rise together",
        decide_by_version(evidence),
        "\n".join([*lines, summarise(evidence, format_points)]),
        evidence,
    )


def _verdict(key: str, claim: str, rows: list[dict[str, object]], scores: Scores) -> Verdict:
    """Return a verdict on compactness, which leads with the losses in order."""
    evidence = evidence_table(rows)
    evidence[["first", "second"]] = np.exp(evidence[["first", "second"]])
    orders = []
    for dataset in DATASETS:
        places = {loss: (dataset, loss, SMALL_BATCH, PUBLISHED) for loss in COMPARED}
        means = {m: scores.log_compactness[place].value for m, place in places.items() if place not in scores.mixed}
        known = sorted((value, method) for method, value in means.items() if value == value)
        order = ", ".join(f"{METHODS[method].title} {np.exp(value):.3f}" for value, method in known)
        orders.append(f"on {table.title_of(dataset)}: {order or 'not run'}")
    lead = f"Compactness at batch {SMALL_BATCH}, tightest first, {'; '.join(orders)}."
    return Verdict(key, claim, decide_by_version(evidence), f"{lead}\n{summarise(evidence, _format_pair)}", evidence)


def _format_pair(row: pd.Series) -> str:
    return f"{row['first']:.3f} against {row['second']:.3f}"
