"""Where the contenders of a race stand, in words: a difference within the spread over seeds is called none."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from cl_core.analysis.estimates import ONE_SEED, YES, Estimate


@dataclass(frozen=True)
class Standing:
    """Where contenders stand in one score.

    Attributes:
        title: of the score.
        means: of each contender over its seeds, a share; NaN of one without any.
        spreads: sample standard deviation over the seeds; NaN of fewer than two.
        words: what can be said of it; plain text.
    """

    title: str
    means: tuple[float, ...]
    spreads: tuple[float, ...]
    summary: str

    def format_score(self, place: int) -> str:
        """A contender's score as it is written, in per cent."""
        mean, spread = self.means[place], self.spreads[place]
        if np.isnan(mean):
            return "none"
        return f"{mean:.1%}" if np.isnan(spread) else f"{100 * mean:.1f} ± {100 * spread:.1f} %"


def rank(title: str, names: Sequence[str], values: Sequence[Sequence[float]]) -> Standing:
    """The standing of contenders called `names`, by the `values` of their score, one for each seed."""
    known = [np.array([value for value in own if not np.isnan(value)]) for own in values]
    means = tuple(float(own.mean()) if len(own) else nan for own in known)
    spreads = tuple(float(own.std(ddof=1)) if len(own) > 1 else nan for own in known)
    ranked = sorted((i for i, own in enumerate(known) if len(own)), key=lambda i: -means[i])
    numbers = {i: Estimate(means[i], spreads[i] / sqrt(len(known[i])), len(known[i])) for i in ranked}
    return Standing(title, means, spreads, f"{title}: {_verdict(names, ranked, numbers)}")


def _verdict(names: Sequence[str], ranked: Sequence[int], numbers: dict[int, Estimate]) -> str:
    """What the first of the ranked contenders has over the others, if anything."""
    if len(ranked) < 2:
        return "there are no two to compare."
    if len({number.value for number in numbers.values()}) == 1:
        return "the same for all."
    first, *others = ranked
    answers = {i: numbers[first].minus(numbers[i]).answer for i in others}
    if ONE_SEED in answers.values():
        order = ", ".join(names[i] for i in ranked)
        return f"{order}, in this order. One seed cannot tell a difference of losses from luck: race more seeds."
    behind = [names[i] for i, answer in answers.items() if answer == YES]
    level = [names[first], *(names[i] for i, answer in answers.items() if answer != YES)]
    seeds = min(number.seeds for number in numbers.values())
    words = []
    if behind:
        words.append(
            f"{names[first]} is ahead of {_listed(behind)}, by more than the spread over {seeds} seeds explains."
        )
    if len(level) > 1:
        words.append(f"No difference between {_listed(level)}: it lies within the spread over {seeds} seeds.")
    return " ".join(words)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
