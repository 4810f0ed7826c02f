"""What a sweep found: means over seeds, the best value, and the values that cannot be told apart from it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
import pandas as pd

from cl_core.analysis.estimates import MIN_STANDARD_ERRORS, Estimate

SCORES = {"knn": "kNN accuracy", "map_r": "MAP@R"}  # column of a table -> title
Setting = tuple[float, float]  # the value of the other setting, and after how many epochs or steps


@dataclass(frozen=True, eq=False)
class Summary:
    """The values of the parameter at one setting of the rest.

    Attributes:
        estimates: mean over seeds by value of the parameter, with its standard error; values without a complete run
            are missing.
        best: the value with the highest mean; NaN if there is none.
        tied: the values whose mean is lower by two standard errors of the paired difference at most, `best` among
            them; all values if there is one seed only.
        failed: number of failed runs by value.
    """

    estimates: Mapping[float, Estimate]
    best: float
    tied: tuple[float, ...]
    failed: Mapping[float, int]

    @property
    def is_decided(self) -> bool:
        """Whether some value is certainly worse than the best."""
        return len(self.tied) < len(self.estimates)


def summarise(table: pd.DataFrame, score: str = "knn") -> dict[Setting, Summary]:
    """Summarise a sweep by setting.

    A failed run counts with a score of 0: a value at which runs diverge is a bad value.

    Args:
        table: its measurements, as from `table_of`.
        score: key of `SCORES`.

    Returns:
        By (other value, epochs or steps), in ascending order.
    """
    found: dict[Setting, Summary] = {}
    for setting in sorted(set(zip(table["other"].astype(float), table["at"].astype(float), strict=True))):
        rows = _rows_at(table, setting)
        failed = Counter(rows.loc[rows["failure"] != "", "value"])
        found[setting] = _summary(scores_by_seed(table, setting, score), failed)
    return found


def scores_by_seed(table: pd.DataFrame, setting: Setting, score: str = "knn") -> pd.DataFrame:
    """Return the scores at one setting by seed (rows) and value of the parameter (columns).

    Args:
        table: measurements, as from `table_of`.
        setting: value of the other setting, and number of epochs or steps.
        score: key of `SCORES`.

    Returns:
        The scores, 0 to 1; 0 for runs that failed, NaN for those that were not run.
    """
    rows = _rows_at(table, setting)
    return rows.assign(**{score: rows[score].fillna(0)}).pivot_table(index="seed", columns="value", values=score)


def _rows_at(table: pd.DataFrame, setting: Setting) -> pd.DataFrame:
    return table[(table["other"] == setting[0]) & (table["at"] == setting[1])]


def paired_difference(first: pd.Series, second: pd.Series) -> Estimate:
    """Return the mean difference of two series over the seeds that both have, with its standard error.

    Args:
        first: scores by seed.
        second: scores by seed.
    """
    differences = (first - second).dropna().to_numpy(float)
    n = len(differences)
    if not n:
        return Estimate(nan, missing="not run")
    error = float(np.std(differences, ddof=1)) / sqrt(n) if n > 1 else nan
    return Estimate(float(differences.mean()), error, n)


def _summary(scores: pd.DataFrame, failed: Mapping[float, int]) -> Summary:
    """Return the summary of scores by seed (rows) and value (columns)."""
    zero = pd.Series(0.0, scores.index)
    estimates = {float(value): paired_difference(scores[value], zero) for value in scores.columns}
    best = max(estimates, key=lambda value: estimates[value].value, default=nan)
    tied = []
    for value in estimates:
        difference = paired_difference(scores[best], scores[value])
        worse = difference.seeds > 1 and difference.value > MIN_STANDARD_ERRORS * difference.error
        if value == best or not worse:
            tied.append(value)
    return Summary(estimates, best, tuple(tied), failed)
