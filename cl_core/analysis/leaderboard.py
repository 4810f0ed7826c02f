"""The ranking of a race's contenders by one score; a difference within the spread over seeds counts as none."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from cl_core.analysis.estimates import ONE_SEED, YES, Estimate


@dataclass(frozen=True)
class Standing:
    """The ranking of contenders by one score.

    Attributes:
        title: of the score.
        means: mean over the seeds of each contender, 0 to 1; NaN for a contender without a score.
        spreads: sample standard deviation over the seeds of each contender; NaN for fewer than two seeds.
        summary: the comparison as plain text.
    """

    title: str
    means: tuple[float, ...]
    spreads: tuple[float, ...]
    summary: str

    def format_score(self, contender: int) -> str:
        """Return a contender's mean and spread as text, in per cent."""
        mean, spread = self.means[contender], self.spreads[contender]
        if np.isnan(mean):
            return "none"
        return f"{mean:.1%}" if np.isnan(spread) else f"{100 * mean:.1f} ± {100 * spread:.1f} %"


def rank(title: str, names: Sequence[str], values: Sequence[Sequence[float]]) -> Standing:
    """Rank contenders by a score.

    Args:
        title: of the score.
        names: of the contenders.
        values: scores of each contender, one for each seed, 0 to 1; NaN for a missing one.

    Returns:
        The standing, its rows in the order of `names`.
    """
    known = [np.array([value for value in scores if not np.isnan(value)]) for scores in values]
    means = tuple(float(scores.mean()) if len(scores) else nan for scores in known)
    spreads = tuple(float(scores.std(ddof=1)) if len(scores) > 1 else nan for scores in known)
    ranked = sorted((i for i, scores in enumerate(known) if len(scores)), key=lambda i: -means[i])
    estimates = {i: Estimate(means[i], spreads[i] / sqrt(len(known[i])), len(known[i])) for i in ranked}
    return Standing(title, means, spreads, f"{title}: {_summary(names, ranked, estimates)}")


def _summary(names: Sequence[str], ranked: Sequence[int], estimates: dict[int, Estimate]) -> str:
    """Say which contenders the best one is ahead of, and which it does not differ from."""
    if len(ranked) < 2:
        return "there are no two runs to compare."
    if len({estimate.value for estimate in estimates.values()}) == 1:
        return "the same for all."
    first, *others = ranked
    answers = {i: estimates[first].minus(estimates[i]).answer for i in others}
    if ONE_SEED in answers.values():
        order = ", ".join(names[i] for i in ranked)
        return f"{order}, in this order. With one seed the difference may be chance: race with more seeds."
    behind = [names[i] for i, answer in answers.items() if answer == YES]
    level = [names[first], *(names[i] for i, answer in answers.items() if answer != YES)]
    seeds = min(estimate.seeds for estimate in estimates.values())
    sentences = []
    if behind:
        sentences.append(
            f"{names[first]} is ahead of {_joined(behind)}, by more than the variation over {seeds} seeds."
        )
    if len(level) > 1:
        sentences.append(
            f"No clear difference between {_joined(level)}: it is within the variation over {seeds} seeds."
        )
    return " ".join(sentences)


def _joined(names: Sequence[str]) -> str:
    """Join names with commas and a last "and"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
