"""The article's five claims, each decided from the results, with as much certainty as their seeds allow."""

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
from cl_core.experiments.grid import DATASETS, METHODS, RATES, STUDIES
from cl_core.experiments.table import BATCHES, DIFFERENCE, EPOCHS, GRID, PLACE, PUBLISHED, RIGHT, STEPS

HARD = "triplet_hard"
LOSSES = ("max_margin", "triplet_semihard", HARD, "npair", "sup_nt_xent")  # that the article compares
MEMORY = 16e9 / 2**20  # MiB in the article's 16 GB
SMALL, LARGE = BATCHES[0], BATCHES[-1]
TOLD_APART = 0.8  # share of the best kNN accuracy below which an embedding counts as one of mixed classes
FEW, MANY = sorted({cell.steps for cell in STUDIES["decoupled"].cells if cell.batch == LARGE})  # by epochs, by steps


def _shares(results: pd.DataFrame, column: str = "accuracy") -> dict[Key, Estimate]:
    """A share of the test images by its place in the table."""
    every = table.summary(results, column)
    return estimates_of(every[every["kind"] != DIFFERENCE], PLACE)


def _title(method: str) -> str:
    return METHODS[method].title


def beats_the_baseline(results: pd.DataFrame) -> Verdict:
    """Every loss is above the baseline at batch 32, and the hard-mined triplet is not."""
    a = _shares(results)
    rows = []
    for dataset, kind, method in product(DATASETS, (PUBLISHED, RIGHT), LOSSES):
        own, plain = a[dataset, method, SMALL, kind], a[dataset, "baseline", SMALL, kind]
        if method == HARD:
            rows.append(compare(dataset, kind, f"baseline above {_title(method)}", plain, own))
        else:
            rows.append(compare(dataset, kind, f"{_title(method)} above baseline", own, plain))
    evidence = evidence_table(rows)
    return Verdict(
        "beats",
        "At batch 32, every loss but the hard-mined triplet beats the plain net",
        decide(evidence.loc[evidence["kind"] == PUBLISHED, "answer"]),
        summarise_both(evidence, format_points),
        evidence,
    )


def falls_with_batch_size(results: pd.DataFrame) -> Verdict:
    """Accuracy falls in the coupled grid, and it also does where nothing but the batch size changes.

    In the coupled grid the first batch size is compared with the last, or, where accuracy rises on the way, the two
    between which it does. Two embeddings of mixed classes say nothing of the batch size.
    """
    a, d = _shares(results), estimates_of(table.decoupled(results), GRID)
    mixed = _mixed(results)
    rows = []
    for dataset, kind, method in product(DATASETS, (PUBLISHED, RIGHT), LOSSES):
        at = {batch: a[dataset, method, batch, kind] for batch in BATCHES}
        blurs = {batch for batch in BATCHES if (dataset, method, batch, kind) in mixed}
        steps = [step for step in pairwise(BATCHES) if not blurs.issuperset(step)]
        rises = [step for step in steps if at[step[1]].minus(at[step[0]]).answer == YES]
        small, large = rises[0] if rises else (SMALL, LARGE)
        row = compare(dataset, kind, f"{_title(method)}: batch {small} above {large:,}", at[small], at[large])
        row["answer"] = MIXED if blurs.issuperset((small, large)) else row["answer"]
        rows.append(row)
    coupled = evidence_table(rows)
    alone = evidence_table(_alone(d))
    batch = alone[alone["kind"] == _BATCH]
    holds = decide(_clear([*coupled.loc[coupled["kind"] == PUBLISHED, "answer"], *batch["answer"]]))
    words = f"{summarise_both(coupled, format_points)}\n{_effects(alone)}"
    evidence = pd.concat([coupled, alone], ignore_index=True)
    return Verdict("falls", "Accuracy falls with the batch size", holds, words, evidence)


_BATCH, _RATE, _SPAN = "batch size alone", "learning rate alone", "number of steps alone"


def _alone(d: Mapping[Key, Estimate]) -> Iterable[dict[str, object]]:
    """Rows of the decoupled grid in which one thing changes: batch size, rate (at equal steps), number of steps."""
    for method, rate in product(LOSSES, RATES):
        if (method, SMALL, rate, STEPS) in d:
            words = f"{_title(method)}, rate {rate:g}: batch {SMALL} above {LARGE:,}"
            yield compare("mnist", _BATCH, words, d[method, SMALL, rate, STEPS], d[method, LARGE, rate, STEPS])
    for method, batch in product(LOSSES, BATCHES):
        if (method, batch, RATES[1], STEPS) in d:
            low, high = (d[method, batch, rate, STEPS] for rate in RATES[1:])
            words = f"{_title(method)}, batch {batch:,}: rate {RATES[1]:g} above {RATES[2]:g}"
            yield compare("mnist", _RATE, words, low, high)
    for method, rate in product(LOSSES, RATES):
        if (method, LARGE, rate, STEPS) in d:
            many, few = d[method, LARGE, rate, STEPS], d[method, LARGE, rate, EPOCHS]
            words = f"{_title(method)}, rate {rate:g}, batch {LARGE:,}: {MANY} steps above {FEW}"
            yield compare("mnist", _SPAN, words, many, few)


def _effects(alone: pd.DataFrame) -> str:
    """What each thing does by itself, on average and how surely; a line for each."""
    titles = {
        _BATCH: f"{SMALL} to {LARGE:,}, same rate, {MANY} steps",
        _RATE: f"{RATES[1]:g} to {RATES[2]:g}, same batch size, {MANY} steps",
        _SPAN: f"{MANY} to {FEW}, which is an equal number of epochs, batch {LARGE:,}, same rate",
    }
    lines = []
    for kind, title in titles.items():
        rows = alone[alone["kind"] == kind]
        known = rows[rows["difference"].notna()]
        line = f"{kind.capitalize()} ({title}), on MNIST, put right: "
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


def robust_at_large_batches(results: pd.DataFrame) -> Verdict:
    """From batch 32 to 2,048 supervised NT-Xent loses less accuracy than any other loss."""
    a = _shares(results)
    rows = []
    for dataset, kind in product(DATASETS, (PUBLISHED, RIGHT)):
        lost = {m: a[dataset, m, SMALL, kind].minus(a[dataset, m, LARGE, kind]) for m in LOSSES}
        own = lost.pop("sup_nt_xent")
        for method, other in lost.items():
            words = f"loss of {_title(method)} above that of supervised NT-Xent"
            rows.append(compare(dataset, kind, words, other, own))
    evidence = evidence_table(rows)
    own_losses = evidence[evidence["kind"] == PUBLISHED].groupby("dataset", sort=False)["second"].first()
    loses = [
        f"{'an unknown number of' if np.isnan(less) else f'{100 * less:.2f}'} points on {table.title_of(str(name))}"
        for name, less in own_losses.items()
    ]
    lead = f"From batch {SMALL} to {LARGE:,} supervised NT-Xent loses {' and '.join(loses)}."
    return Verdict(
        "robust",
        "Supervised NT-Xent is the most robust at batch 2,048",
        decide(evidence.loc[evidence["kind"] == PUBLISHED, "answer"]),
        f"{lead}\n{summarise_both(evidence, format_points)}",
        evidence,
    )


def semihard_needs_memory(results: pd.DataFrame) -> Verdict:
    """Training with semi-hard mining at batch 2,048 takes more than 16 GB."""
    numbers = estimates_of(table.summary(results.assign(memory=_memory(results)), "memory"), PLACE, share=False)
    limit = Estimate(MEMORY, 0.0, 99)
    rows = []
    for dataset in DATASETS:
        ours = numbers[dataset, "triplet_semihard", LARGE, PUBLISHED]
        row = compare(dataset, PUBLISHED, f"{_title('triplet_semihard')} at batch {LARGE:,} above 16 GB", ours, limit)
        if not ours.missing:  # one seed is enough: memory is no matter of luck
            row["answer"] = YES if ours.value > MEMORY else NO
        rows.append(row | {"seeds": ours.seeds})
    evidence = evidence_table(rows)
    known = evidence[evidence["first"].notna()]
    said = [
        f"{row['first']:,.0f} MiB on {table.title_of(row['dataset'])}, {row['first'] / MEMORY:.1%} of 16 GB"
        for _, row in known.iterrows()
    ]
    words = (
        f"Ours takes {' and '.join(said)}, without a list of triplets." if said else "Ours has not been measured yet."
    )
    words += f"\nAn array of all {LARGE:,}³ triplets in float32 alone would take {4 * LARGE**3 / 1e9:.1f} GB"
    small = len(known) > 0 and (known["first"] < MEMORY).all()
    words += ": the claim is about a way to write the loss, not about the loss." if small else "."
    return Verdict(
        "memory",
        "Semi-hard mining at batch 2,048 needs more than 16 GB",
        decide(evidence["answer"]) if len(known) else None,
        words,
        evidence,
    )


def _memory(results: pd.DataFrame) -> "pd.Series[float]":
    """Memory of the runs that could measure it."""
    column = results.get("memory", pd.Series(nan, results.index, dtype=float)).astype(float)
    return column.where(column > 0)


def tightest_clusters(results: pd.DataFrame) -> Verdict:
    """Max-margin and supervised NT-Xent have smaller compactness than the other losses, at every batch size.

    An embedding whose classes are mixed has no clusters: a loss that ends in one is no rival, and being one of the
    two itself it speaks against the claim.
    """
    column = results.get("compactness", pd.Series(nan, results.index, dtype=float)).astype(float)
    # as logarithms, since a spread grows with what it is a spread of
    logs = np.log(column.where(column > 0))
    numbers = estimates_of(table.summary(results.assign(compactness=logs), "compactness"), PLACE, share=False)
    mixed = _mixed(results)
    tight = ("max_margin", "sup_nt_xent")
    rows = []
    for dataset, kind, batch, own, method in product(DATASETS, (PUBLISHED, RIGHT), BATCHES, tight, LOSSES):
        if method not in tight:
            words = f"{_title(method)} wider than {_title(own)} at batch {batch:,}"
            rival, one = (dataset, method, batch, kind), (dataset, own, batch, kind)
            row = compare(dataset, kind, words, numbers[rival], numbers[one])
            row["answer"] = NO if one in mixed else MIXED if rival in mixed else row["answer"]
            rows.append(row)
    evidence = evidence_table(rows)
    evidence[["first", "second"]] = np.exp(evidence[["first", "second"]])
    best = []
    for dataset in DATASETS:
        places = {m: (dataset, m, SMALL, PUBLISHED) for m in LOSSES}
        means = {m: numbers[place].value for m, place in places.items() if place not in mixed}
        known = sorted((value, method) for method, value in means.items() if value == value)
        order = ", ".join(f"{_title(method)} {np.exp(value):.3f}" for value, method in known)
        best.append(f"at batch {SMALL} on {table.title_of(dataset)}: {order or 'not run'}")
    return Verdict(
        "tight",
        "Max-margin and supervised NT-Xent give the tightest clusters",
        decide(_clear(evidence.loc[evidence["kind"] == PUBLISHED, "answer"])),
        f"Compactness, tightest first, {'; '.join(best)}.\n{summarise_both(evidence, _ratio)}",
        evidence,
    )


def _clear(answers: Iterable[str]) -> list[str]:
    """Those of comparisons that say something."""
    return [answer for answer in answers if answer != MIXED]


def _mixed(results: pd.DataFrame) -> set[Key]:
    """Places of the table whose embedding does not tell the classes apart: far below the best kNN beside it."""
    knn = _shares(results, "knn")
    mixed: set[Key] = set()
    for dataset, batch, kind in product(DATASETS, BATCHES, (PUBLISHED, RIGHT)):
        places = [(dataset, method, batch, kind) for method in LOSSES]
        best = max((knn[place].value for place in places if not knn[place].missing), default=nan)
        mixed |= {place for place in places if knn[place].value < TOLD_APART * best}
    return mixed


def _ratio(row: pd.Series) -> str:
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
    """What the results say of every claim, in the article's order."""
    return [claim(results) for claim in CLAIMS.values()]
