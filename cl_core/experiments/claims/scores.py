"""Estimates at the places of the table, which the claims share, and which places have mixed classes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import nan

import numpy as np
import pandas as pd

from cl_core.analysis.estimates import Estimate
from cl_core.experiments import table
from cl_core.experiments.evidence import Key, estimates_of
from cl_core.experiments.grid import COMPARED, DATASETS
from cl_core.experiments.table import BATCHES, COUPLED_KEYS, DECOUPLED_KEYS, DIFFERENCE, VERSIONS

MIXED_BELOW = 0.8  # share of the best kNN accuracy below which an embedding counts as one of mixed classes


@dataclass(frozen=True, eq=False)
class Scores:
    """Estimates of the results, each computed once.

    A place of the table is (data set, method, batch size, version).

    Attributes:
        results: rows as from `results.load`.
    """

    results: pd.DataFrame

    @cached_property
    def accuracy(self) -> Mapping[Key, Estimate]:
        """Accuracy of the classifiers, by place."""
        return _by_place(table.summary(self.results))

    @cached_property
    def map_r(self) -> Mapping[Key, Estimate]:
        """MAP@R of the embeddings, by place."""
        return _by_place(table.summary(self.results, "map_r"), is_share=False)

    @cached_property
    def log_compactness(self) -> Mapping[Key, Estimate]:
        """Logarithm of compactness, whose spread over seeds grows with its mean, by place."""
        logs = np.log(self._positive("compactness"))
        return _by_place(table.summary(self.results.assign(logs=logs), "logs"), is_share=False)

    @cached_property
    def memory(self) -> Mapping[Key, Estimate]:
        """Growth of memory in MiB, by place."""
        column = self._positive("memory")
        return _by_place(table.summary(self.results.assign(memory=column), "memory"), is_share=False)

    @cached_property
    def decoupled(self) -> Mapping[Key, Estimate]:
        """Accuracy in the decoupled grid, by method, batch size, rate and span."""
        return estimates_of(table.decoupled(self.results), DECOUPLED_KEYS)

    @cached_property
    def mixed(self) -> frozenset[Key]:
        """Places with mixed classes: kNN accuracy is far below the best of the same data set, batch and version."""
        knn = _by_place(table.summary(self.results, "knn"))
        mixed: set[Key] = set()
        for dataset, batch, kind in product(DATASETS, BATCHES, VERSIONS):
            places = [(dataset, method, batch, kind) for method in COMPARED]
            best = max((knn[place].value for place in places if not knn[place].missing), default=nan)
            mixed |= {place for place in places if knn[place].value < MIXED_BELOW * best}
        return frozenset(mixed)

    def _positive(self, name: str) -> "pd.Series[float]":
        """Return a column as floats; NaN where it is not positive, as where it could not be measured."""
        column = self.results.get(name, pd.Series(nan, self.results.index, dtype=float)).astype(float)
        return column.where(column > 0)


def _by_place(summary: pd.DataFrame, *, is_share: bool = True) -> dict[Key, Estimate]:
    """Return the estimates of a summary by place, without differences between versions."""
    return estimates_of(summary[summary["kind"] != DIFFERENCE], COUPLED_KEYS, is_share=is_share)
