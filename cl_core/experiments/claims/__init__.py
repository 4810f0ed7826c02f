"""The article's claims on its experiment, each decided from the results as far as their seeds allow."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import pandas as pd

from cl_core.experiments.claims.accuracy import (
    beats_the_baseline,
    best_on_both_sets,
    mining_matters,
    robust_at_large_batches,
)
from cl_core.experiments.claims.batch_size import batch_size_alone, falls_in_the_coupled_grid
from cl_core.experiments.claims.clusters import tightest_clusters, widest_clusters, worse_with_batch_size
from cl_core.experiments.claims.memory import semihard_needs_memory
from cl_core.experiments.claims.scores import Scores
from cl_core.experiments.evidence import Verdict

CLAIMS: Mapping[str, Callable[[Scores], Verdict]] = MappingProxyType(
    {
        "beats": beats_the_baseline,
        "best": best_on_both_sets,
        "mining": mining_matters,
        "falls": falls_in_the_coupled_grid,
        "batch": batch_size_alone,
        "robust": robust_at_large_batches,
        "tight": tightest_clusters,
        "wide": widest_clusters,
        "worse": worse_with_batch_size,
        "memory": semihard_needs_memory,
    }
)


def verdicts(results: pd.DataFrame) -> list[Verdict]:
    """Return the verdict of the results, as from `results.load`, on every claim, in the order of `CLAIMS`."""
    scores = Scores(results)
    return [claim(scores) for claim in CLAIMS.values()]
