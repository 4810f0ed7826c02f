"""Comparisons of two estimates, and the verdict on a claim that many of them support.

A difference counts once it exceeds two standard errors. With several seeds the standard error is that of their mean;
with one seed it is that of a share of 10,000 test images. The latter is a lower bound, because it does not include the
variation between seeds.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan, sqrt
from typing import Any

import pandas as pd

from cl_core.analysis.estimates import CLOSE, MIN_STANDARD_ERRORS, NO, ONE_SEED, YES, Estimate
from cl_core.experiments import table
from cl_core.experiments.table import FAILED, MEASURED, NOT_RUN, RIGHT, VERSIONS

TEST_IMAGES = 10_000
MAX_NAMED = 5  # comparisons listed for each answer

MIXED = "classes are mixed"
LABELS = {True: "holds", False: "does not hold", None: "not decided yet"}
COLUMNS = ("dataset", "kind", "comparison", "first", "second", "difference", "error", "seeds", "answer")


@dataclass(frozen=True, eq=False)
class Verdict:
    """The verdict of the results on one claim.

    Attributes:
        key: key of the claim in `claims.CLAIMS`.
        claim: the claim as a sentence.
        answers: whether it holds, by the `kind` of the evidence; None where cells are missing or the uncertainty allows
            no answer.
        explanation: the reasons with their numbers; plain text, one reason a line.
        evidence: one row for each comparison, with the columns `COLUMNS`. Accuracies are shares, memory is in MiB,
            `error` is the standard error of the difference, and `answer` is "yes", "no" or the reason why there is no
            answer.
    """

    key: str
    claim: str
    answers: Mapping[str, bool | None]
    explanation: str
    evidence: pd.DataFrame

    @property
    def holds(self) -> bool | None:
        """Whether the claim holds wherever it is decided; corrected results do not test what the article claims."""
        decided = {answer for kind, answer in self.answers.items() if kind != RIGHT} - {None}
        return all(decided) if decided else None

    @property
    def label(self) -> str:
        """Whether the claim holds, as text."""
        return LABELS[self.holds]


Key = tuple[object, ...]


def estimates_of(summary: pd.DataFrame, keys: Sequence[str], *, is_share: bool = True) -> dict[Key, Estimate]:
    """Return the estimate of each row of a summary.

    Args:
        summary: rows with `mean`, `spread`, `seeds` and `state`, as from `table.summary`.
        keys: columns whose values identify a row.
        is_share: whether the means are shares of the test images; then a single seed has a binomial standard error.

    Returns:
        Estimates by the values of `keys`. A row that was not measured gives NaN, with its state as `missing`.
    """
    return {tuple(row[key] for key in keys): _estimate(row, is_share) for row in summary.to_dict("records")}


def _estimate(row: Mapping[Hashable, Any], is_share: bool) -> Estimate:
    if row["state"] != MEASURED:
        return Estimate(nan, missing=row["state"])
    mean, seeds = float(row["mean"]), int(row["seeds"])
    if seeds > 1:
        return Estimate(mean, float(row["spread"]) / sqrt(seeds), seeds)
    return Estimate(mean, sqrt(mean * (1 - mean) / TEST_IMAGES) if is_share else nan, seeds)


def compare(dataset: str, kind: str, comparison: str, first: Estimate, second: Estimate) -> dict[str, object]:
    """Return a row of evidence: whether the first estimate is above the second.

    Args:
        dataset: key of the data set.
        kind: one of `table.VERSIONS`, or the one setting that varies in the decoupled grid.
        comparison: the comparison as a phrase.
        first: the estimate that should be larger.
        second: the estimate that should be smaller.

    Returns:
        Values by `COLUMNS`.
    """
    gap = first.minus(second)
    values = (dataset, kind, comparison, first.value, second.value, gap.value, gap.error, gap.seeds, gap.answer)
    return dict(zip(COLUMNS, values, strict=True))


def evidence_table(rows: Iterable[dict[str, object]]) -> pd.DataFrame:
    """Return rows of evidence, as from `compare`, as a table with the columns `COLUMNS`."""
    return pd.DataFrame(list(rows), columns=list(COLUMNS))


def decide(answers: Iterable[str]) -> bool | None:
    """Decide a claim that requires every answer to be yes.

    Args:
        answers: the answers of its comparisons.

    Returns:
        False if any answer is no, else True if all are yes, else None. Without answers it is None.
    """
    known = set(answers)
    return False if NO in known else True if known == {YES} else None


def decide_by_version(rows: pd.DataFrame) -> dict[str, bool | None]:
    """Decide a claim for each of `table.VERSIONS`; comparisons with mixed classes do not count.

    Args:
        rows: rows of evidence.

    Returns:
        Whether the claim holds, as from `decide`, by version.
    """
    counted = rows[rows["answer"] != MIXED]
    return {kind: decide(counted.loc[counted["kind"] == kind, "answer"]) for kind in VERSIONS}


def summarise(rows: pd.DataFrame, format_row: Callable[[pd.Series], str]) -> str:
    """Describe the comparisons of each version.

    Args:
        rows: rows of evidence.
        format_row: formats the numbers of one row.

    Returns:
        Plain text of a line for each version, and one more if the standard error of any comparison is that of a single
        seed.
    """
    parts = [
        f"{table.KIND_TITLES[kind].capitalize()}: {_summarise(rows[rows['kind'] == kind], format_row)}"
        for kind in VERSIONS
    ]
    if ((rows["seeds"] == 1) & rows["error"].notna()).any():
        parts.append(
            "With a single seed, the error comes from the 10,000 test images only. It is a lower bound, because runs "
            "with other seeds also differ."
        )
    return "\n".join(parts)


def _summarise(rows: pd.DataFrame, format_row: Callable[[pd.Series], str]) -> str:
    """Return how many comparisons support the claim, and what the other answers are."""
    text = f"{(rows['answer'] == YES).sum()} of {len(rows)} comparisons support the claim"
    for answer, title in ((NO, "these contradict it"), (CLOSE, CLOSE)):
        matching = rows[rows["answer"] == answer]
        if len(matching):
            text += (
                f"; {title}: {', '.join(_describe(row, format_row) for _, row in matching.head(MAX_NAMED).iterrows())}"
            )
            text += f" and {len(matching) - MAX_NAMED} more" if len(matching) > MAX_NAMED else ""
    for answer in (MIXED, ONE_SEED, FAILED, NOT_RUN):
        if count := (rows["answer"] == answer).sum():
            text += f"; {answer} in {count}"
    return f"{text}."


def _describe(row: pd.Series, format_row: Callable[[pd.Series], str]) -> str:
    return f"{row['comparison']} on {table.title_of(row['dataset'])} ({format_row(row)})"


def format_points(row: pd.Series) -> str:
    """Return the difference of two shares and twice its standard error, in percentage points."""
    return f"{100 * row['difference']:+.2f} ± {100 * MIN_STANDARD_ERRORS * row['error']:.2f} points"
