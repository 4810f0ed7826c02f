"""The article's five claims, each decided from the results as far as their seeds allow."""

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise, product
from math import nan
from types import MappingProxyType

import numpy as np
import pandas as pd

from cl_core.analysis.estimates import NO, YES, Estimate
from cl_core.experiments import table
from cl_core.experiments.evidence import (
    MIXED,
    Key,
    Verdict,
    compare,
    decide,
    estimates_of,
    evidence_table,
    format_points,
    summarise_both,
)
from cl_core.experiments.grid import COMPARED, DATASETS, METHODS
from cl_core.experiments.single_factors import BATCH_ALONE, describe_effects, single_factor_rows
from cl_core.experiments.table import (
    BATCHES,
    COUPLED_KEYS,
    DECOUPLED_KEYS,
    DIFFERENCE,
    LARGE_BATCH,
    PUBLISHED,
    RIGHT,
    SMALL_BATCH,
)

BATCH_HARD = "triplet_hard"
MEMORY_LIMIT = 16e9 / 2**20  # the article's 16 GB, in MiB
MIXED_BELOW = 0.8  # share of the best kNN accuracy below which an embedding counts as one of mixed classes


def _share_estimates(results: pd.DataFrame, column: str = "accuracy") -> dict[Key, Estimate]:
    """Return estimates of a share of the test images, by place in the table."""
    rows = table.summary(results, column)
    return estimates_of(rows[rows["kind"] != DIFFERENCE], COUPLED_KEYS)


def _title(method: str) -> str:
    return METHODS[method].title


def beats_the_baseline(results: pd.DataFrame) -> Verdict:
    """Check whether every loss is above the baseline at batch 32, except the hard-mined triplet, which is not.

    Args:
        results: rows as from `results.load`.

    Returns:
        The verdict.
    """
    accuracy = _share_estimates(results)
    rows = []
    for dataset, kind, method in product(DATASETS, (PUBLISHED, RIGHT), COMPARED):
        loss, baseline = accuracy[dataset, method, SMALL_BATCH, kind], accuracy[dataset, "baseline", SMALL_BATCH, kind]
        if method == BATCH_HARD:
            rows.append(compare(dataset, kind, f"baseline above {_title(method)}", baseline, loss))
        else:
            rows.append(compare(dataset, kind, f"{_title(method)} above baseline", loss, baseline))
    evidence = evidence_table(rows)
    return Verdict(
        "beats",
        "At batch 32, every loss but the hard-mined triplet beats the plain net",
        decide(evidence.loc[evidence["kind"] == PUBLISHED, "answer"]),
        summarise_both(evidence, format_points),
        evidence,
    )


def falls_with_batch_size(results: pd.DataFrame) -> Verdict:
    """Check whether accuracy falls in the coupled grid, and also where only the batch size changes.

    In the coupled grid the smallest batch size is compared with the largest, or, where accuracy rises on the way, the
    two between which it does. Two embeddings of mixed classes are no evidence on the batch size.

    Args:
        results: rows as from `results.load`.

    Returns:
        The verdict.
    """
    accuracy, decoupled = _share_estimates(results), estimates_of(table.decoupled(results), DECOUPLED_KEYS)
    mixed = _mixed_places(results)
    rows = []
    for dataset, kind, method in product(DATASETS, (PUBLISHED, RIGHT), COMPARED):
        by_batch = {batch: accuracy[dataset, method, batch, kind] for batch in BATCHES}
        mixed_batches = {batch for batch in BATCHES if (dataset, method, batch, kind) in mixed}
        steps = [step for step in pairwise(BATCHES) if not mixed_batches.issuperset(step)]
        rises = [step for step in steps if by_batch[step[1]].minus(by_batch[step[0]]).answer == YES]
        small, large = rises[0] if rises else (SMALL_BATCH, LARGE_BATCH)
        row = compare(
            dataset, kind, f"{_title(method)}: batch {small} above {large:,}", by_batch[small], by_batch[large]
        )
        row["answer"] = MIXED if mixed_batches.issuperset((small, large)) else row["answer"]
        rows.append(row)
    coupled = evidence_table(rows)
    single_factors = evidence_table(single_factor_rows(decoupled))
    batch = single_factors[single_factors["kind"] == BATCH_ALONE]
    holds = decide(_without_mixed([*coupled.loc[coupled["kind"] == PUBLISHED, "answer"], *batch["answer"]]))
    explanation = f"{summarise_both(coupled, format_points)}\n{describe_effects(single_factors)}"
    evidence = pd.concat([coupled, single_factors], ignore_index=True)
    return Verdict("falls", "Accuracy falls with the batch size", holds, explanation, evidence)


def robust_at_large_batches(results: pd.DataFrame) -> Verdict:
    """Check whether supervised NT-Xent loses less accuracy than any other loss from batch 32 to 2,048.

    Args:
        results: rows as from `results.load`.

    Returns:
        The verdict.
    """
    accuracy = _share_estimates(results)
    rows = []
    for dataset, kind in product(DATASETS, (PUBLISHED, RIGHT)):
        drops = {
            m: accuracy[dataset, m, SMALL_BATCH, kind].minus(accuracy[dataset, m, LARGE_BATCH, kind]) for m in COMPARED
        }
        own_drop = drops.pop("sup_nt_xent")
        for method, drop in drops.items():
            comparison = f"loss of {_title(method)} above that of supervised NT-Xent"
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
        decide(evidence.loc[evidence["kind"] == PUBLISHED, "answer"]),
        f"{lead}\n{summarise_both(evidence, format_points)}",
        evidence,
    )


def semihard_needs_memory(results: pd.DataFrame) -> Verdict:
    """Check whether training with semi-hard mining at batch 2,048 takes more than 16 GB.

    Args:
        results: rows as from `results.load`.

    Returns:
        The verdict.
    """
    memory = estimates_of(
        table.summary(results.assign(memory=_memory(results)), "memory"), COUPLED_KEYS, is_share=False
    )
    limit = Estimate(MEMORY_LIMIT, 0.0, 99)
    rows = []
    for dataset in DATASETS:
        estimate = memory[dataset, "triplet_semihard", LARGE_BATCH, PUBLISHED]
        row = compare(
            dataset, PUBLISHED, f"{_title('triplet_semihard')} at batch {LARGE_BATCH:,} above 16 GB", estimate, limit
        )
        if not estimate.missing:  # one seed is enough: memory does not depend on chance
            row["answer"] = YES if estimate.value > MEMORY_LIMIT else NO
        rows.append(row | {"seeds": estimate.seeds})
    evidence = evidence_table(rows)
    known = evidence[evidence["first"].notna()]
    measured = [
        f"{row['first']:,.0f} MiB on {table.title_of(row['dataset'])}, {row['first'] / MEMORY_LIMIT:.1%} of 16 GB"
        for _, row in known.iterrows()
    ]
    explanation = (
        f"Ours takes {' and '.join(measured)}, without a list of triplets."
        if measured
        else "Ours has not been measured yet."
    )
    explanation += (
        f"\nAn array of all {LARGE_BATCH:,}³ triplets in float32 alone would take {4 * LARGE_BATCH**3 / 1e9:.1f} GB"
    )
    small = len(known) > 0 and (known["first"] < MEMORY_LIMIT).all()
    explanation += ": the claim is about a way to write the loss, not about the loss." if small else "."
    return Verdict(
        "memory",
        "Semi-hard mining at batch 2,048 needs more than 16 GB",
        decide(evidence["answer"]) if len(known) else None,
        explanation,
        evidence,
    )


def _memory(results: pd.DataFrame) -> "pd.Series[float]":
    """Return the memory of each run in MiB; NaN where it could not be measured."""
    column = results.get("memory", pd.Series(nan, results.index, dtype=float)).astype(float)
    return column.where(column > 0)


def tightest_clusters(results: pd.DataFrame) -> Verdict:
    """Check whether max-margin and supervised NT-Xent are more compact than the other losses at every batch size.

    An embedding of mixed classes has no clusters: another loss that ends in one is not compared, and one of these two
    that ends in one counts against the claim.

    Args:
        results: rows as from `results.load`.

    Returns:
        The verdict.
    """
    column = results.get("compactness", pd.Series(nan, results.index, dtype=float)).astype(float)
    # as logarithms, since the spread of compactness grows with its mean
    logs = np.log(column.where(column > 0))
    log_compactness = estimates_of(
        table.summary(results.assign(compactness=logs), "compactness"), COUPLED_KEYS, is_share=False
    )
    mixed = _mixed_places(results)
    tight = ("max_margin", "sup_nt_xent")
    rows = []
    for dataset, kind, batch, own, method in product(DATASETS, (PUBLISHED, RIGHT), BATCHES, tight, COMPARED):
        if method not in tight:
            comparison = f"{_title(method)} wider than {_title(own)} at batch {batch:,}"
            rival_place, own_place = (dataset, method, batch, kind), (dataset, own, batch, kind)
            row = compare(dataset, kind, comparison, log_compactness[rival_place], log_compactness[own_place])
            row["answer"] = NO if own_place in mixed else MIXED if rival_place in mixed else row["answer"]
            rows.append(row)
    evidence = evidence_table(rows)
    evidence[["first", "second"]] = np.exp(evidence[["first", "second"]])
    orders = []
    for dataset in DATASETS:
        places = {loss: (dataset, loss, SMALL_BATCH, PUBLISHED) for loss in COMPARED}
        means = {loss: log_compactness[place].value for loss, place in places.items() if place not in mixed}
        known = sorted((value, method) for method, value in means.items() if value == value)
        order = ", ".join(f"{_title(method)} {np.exp(value):.3f}" for value, method in known)
        orders.append(f"at batch {SMALL_BATCH} on {table.title_of(dataset)}: {order or 'not run'}")
    return Verdict(
        "tight",
        "Max-margin and supervised NT-Xent give the tightest clusters",
        decide(_without_mixed(evidence.loc[evidence["kind"] == PUBLISHED, "answer"])),
        f"Compactness, tightest first, {'; '.join(orders)}.\n{summarise_both(evidence, _format_pair)}",
        evidence,
    )


def _without_mixed(answers: Iterable[str]) -> list[str]:
    """Return the answers of the comparisons without mixed classes."""
    return [answer for answer in answers if answer != MIXED]


def _mixed_places(results: pd.DataFrame) -> set[Key]:
    """Return the places of the table with mixed classes: kNN accuracy far below the best of the same batch and kind."""
    knn = _share_estimates(results, "knn")
    mixed: set[Key] = set()
    for dataset, batch, kind in product(DATASETS, BATCHES, (PUBLISHED, RIGHT)):
        places = [(dataset, method, batch, kind) for method in COMPARED]
        best = max((knn[place].value for place in places if not knn[place].missing), default=nan)
        mixed |= {place for place in places if knn[place].value < MIXED_BELOW * best}
    return mixed


def _format_pair(row: pd.Series) -> str:
    return f"{row['first']:.3f} against {row['second']:.3f}"


CLAIMS: Mapping[str, Callable[[pd.DataFrame], Verdict]] = MappingProxyType(
    {
        "beats": beats_the_baseline,
        "falls": falls_with_batch_size,
        "robust": robust_at_large_batches,
        "memory": semihard_needs_memory,
        "tight": tightest_clusters,
    }
)


def verdicts(results: pd.DataFrame) -> list[Verdict]:
    """Return the verdict of the results on every claim, in the article's order."""
    return [claim(results) for claim in CLAIMS.values()]
