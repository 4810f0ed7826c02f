"""What a verdict is made of: numbers with their uncertainty, comparisons of two, and what many of them say together.

A difference counts once it exceeds two standard errors. With several seeds the standard error is that of their mean;
with one it is that of a share of 10,000 test images, a lower bound, since it knows nothing of other seeds.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import nan, sqrt

import pandas as pd

from cl_core.analysis.estimates import CLOSE, ERRORS, NO, ONE_SEED, YES, Estimate
from cl_core.experiments import table
from cl_core.experiments.table import FAILED, MEASURED, NOT_RUN, PUBLISHED, RIGHT

TEST_IMAGES = 10_000
NAMED = 5  # comparisons that words name, of each answer

MIXED = "its classes are mixed"
COLUMNS = ("dataset", "kind", "comparison", "first", "second", "difference", "error", "seeds", "answer")


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the results say of a claim.

    Attributes:
        key, claim: which, and in words.
        holds: None where cells are missing or the uncertainty allows no answer.
        words: the reasons, with their numbers; plain text, a line for each.
        evidence: a row for each comparison (`COLUMNS`): accuracies are shares, memory is in MiB, `error` is the
            standard error of the difference, `answer` one of "yes", "no" and the reasons why there is none.
    """

    key: str
    claim: str
    holds: bool | None
    explanation: str
    evidence: pd.DataFrame

    @property
    def label(self) -> str:
        """Whether it holds."""
        return {True: "holds", False: "does not hold", None: "cannot be said yet"}[self.holds]


Key = tuple[object, ...]


def estimates_of(summary: pd.DataFrame, keys: Sequence[str], *, share: bool = True) -> dict[Key, Estimate]:
    """The numbers of a summary by their keys; of a `share` of the test images one seed has a standard error too."""
    return {tuple(row[key] for key in keys): _number(row, share) for _, row in summary.iterrows()}


def _number(row: pd.Series, share: bool) -> Estimate:
    if row["state"] != MEASURED:
        return Estimate(nan, missing=row["state"])
    mean, seeds = float(row["mean"]), int(row["seeds"])
    if seeds > 1:
        return Estimate(mean, float(row["spread"]) / sqrt(seeds), seeds)
    return Estimate(mean, sqrt(mean * (1 - mean) / TEST_IMAGES) if share else nan, seeds)


def compare(dataset: str, kind: str, comparison: str, first: Estimate, second: Estimate) -> dict[str, object]:
    """A row of evidence: whether the first number is above the second."""
    gap = first.minus(second)
    values = (dataset, kind, comparison, first.value, second.value, gap.value, gap.error, gap.seeds, gap.answer)
    return dict(zip(COLUMNS, values, strict=True))


def evidence_table(rows: Iterable[dict[str, object]]) -> pd.DataFrame:
    """Evidence, from its rows."""
    return pd.DataFrame(list(rows), columns=list(COLUMNS))


def decide(answers: Iterable[str]) -> bool | None:
    """Of a claim that wants every answer to be yes: one no is enough against it, and without one all must be known."""
    known = set(answers)
    return False if NO in known else True if known == {YES} else None


def summarise_both(rows: pd.DataFrame, show: Callable[[pd.Series], str]) -> str:
    """What the results as published say, and then those put right."""
    kinds = (PUBLISHED, RIGHT)
    parts = [f"{kind.capitalize()}: {_said(rows[rows['kind'] == kind], show)}" for kind in kinds]
    if ((rows["seeds"] == 1) & rows["error"].notna()).any():
        parts.append("Where there is one seed, the error is that of 10,000 test images alone: a lower bound.")
    return "\n".join(parts)


def _said(rows: pd.DataFrame, show: Callable[[pd.Series], str]) -> str:
    """How often a comparison comes out as claimed, and what becomes of the others."""
    words = f"{(rows['answer'] == YES).sum()} of {len(rows)} comparisons come out as claimed"
    for answer, title in ((NO, "against it"), (CLOSE, CLOSE)):
        some = rows[rows["answer"] == answer]
        if len(some):
            words += f"; {title}: {', '.join(_named(row, show) for _, row in some.head(NAMED).iterrows())}"
            words += f" and {len(some) - NAMED} more" if len(some) > NAMED else ""
    for answer in (MIXED, ONE_SEED, FAILED, NOT_RUN):
        if count := (rows["answer"] == answer).sum():
            words += f"; {answer} in {count}"
    return f"{words}."


def _named(row: pd.Series, show: Callable[[pd.Series], str]) -> str:
    return f"{row['comparison']} on {table.title_of(row['dataset'])} ({show(row)})"


def format_points(row: pd.Series) -> str:
    """The difference of two shares with twice its standard error."""
    return f"{100 * row['difference']:+.2f} ± {100 * ERRORS * row['error']:.2f} points"
