"""The statements about parameters that the shipped sweeps decide.

A best value is chosen on all seeds but one and judged on the one that is left out, in turn: the value that is best on
the seeds that it is judged on would look better than it is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

import pandas as pd

from cl_core.analysis.estimates import CLOSE, NO, ONE_SEED, YES, Estimate
from cl_core.experiments.sweeps import prepared
from cl_core.experiments.sweeps.prepared import PREPARED
from cl_core.experiments.sweeps.summary import Setting, Summary, paired_difference, scores_by_seed, summarise
from cl_core.losses import LOSSES

COLUMNS = ("sweep", "comparison", "difference", "error", "answer")
MAX_LISTED = 4  # gains in an explanation; more have their range only
TEMPERATURES = tuple(key for key in PREPARED if key.startswith("temperature-"))
NT_XENT = tuple(key for key in TEMPERATURES if "-nt_xent-" in key)


@dataclass(frozen=True, eq=False)
class SweepVerdict:
    """The verdict of the shipped sweeps on one statement.

    Attributes:
        claim: the statement.
        holds: whether it holds; None if the spread over seeds leaves it open.
        explanation: why, with numbers; plain text.
        evidence: one row for each comparison, with the columns `COLUMNS`; differences of kNN accuracy, 0 to 1.
    """

    claim: str
    holds: bool | None
    explanation: str
    evidence: pd.DataFrame


Load = Callable[[str], pd.DataFrame]


def best_temperature_varies(load: Load = prepared.load) -> SweepVerdict:
    """Decide whether the best temperature varies with batch size and number of epochs.

    It varies between two settings if the temperature that is best in the first is certainly worse than the best one of
    the second in that second setting, or the other way round.

    Args:
        load: returns the table of a shipped sweep by its key.
    """
    rows: list[tuple[object, ...]] = []
    found: dict[str, list[str]] = {"batch": [], "epochs": []}
    for key in TEMPERATURES:
        plan, table = PREPARED[key].plan, load(key)
        summaries = summarise(table)
        for first, second in _neighbouring(summaries):
            kind = "batch" if first[1] == second[1] else "epochs"
            loss = max(
                (_loss_of_swapping(table, summaries, *pair) for pair in ((first, second), (second, first))),
                key=_certainty,
            )
            found[kind].append(loss.answer)
            best = f"best {summaries[first].best:g}, then {summaries[second].best:g}"
            rows.append(
                (
                    key,
                    f"{plan.setting_name(*first)} to {plan.setting_name(*second)}: {best}",
                    loss.value,
                    loss.error,
                    loss.answer,
                )
            )
    certain = {kind: answers.count(YES) for kind, answers in found.items()}
    by_kind = "; ".join(
        f"between {title}, it certainly changes in {certain[kind]} of {len(found[kind])} comparisons"
        for kind, title in (("batch", "batch sizes"), ("epochs", "numbers of epochs"))
    )
    explanation = (
        f"Compared within each loss and data set: {by_kind}. A change is certain if the temperature that is best in "
        "one setting is worse in the other by more than two standard errors of the paired difference."
    )
    evidence = pd.DataFrame(rows, columns=list(COLUMNS))
    return SweepVerdict(
        "The best temperature varies with batch size and number of epochs", all(certain.values()), explanation, evidence
    )


def tuning_improves_nt_xent(load: Load = prepared.load) -> SweepVerdict:
    """Decide whether a tuned temperature improves NT-Xent over its default.

    Args:
        load: returns the table of a shipped sweep by its key.
    """
    default = float(LOSSES["nt_xent"].parameters["temperature"].default)
    return _tuning_helps(
        f"A tuned temperature improves NT-Xent (default {default:g})", NT_XENT, default, load, minimum_share=0.5
    )


def xi_helps_with_few_images(load: Load = prepared.load) -> SweepVerdict:
    """Decide whether PCCL's temperature ratio, tuned, helps with few images, compared with a ratio of 1.

    Args:
        load: returns the table of a shipped sweep by its key.
    """
    return _tuning_helps(
        "PCCL's temperature ratio improves training on few images", ("xi-pccl",), 1.0, load, minimum_share=1.0
    )


CLAIMS: Mapping[str, Callable[..., SweepVerdict]] = MappingProxyType(
    {"varies": best_temperature_varies, "nt_xent": tuning_improves_nt_xent, "xi": xi_helps_with_few_images}
)
SWEEPS_OF_CLAIM: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"varies": TEMPERATURES, "nt_xent": NT_XENT, "xi": ("xi-pccl",)}
)


def tuned_gain(table: pd.DataFrame, setting: Setting, default: float) -> Estimate:
    """Return the gain of a tuned value over the default, judged on seeds that it was not chosen on.

    Args:
        table: measurements of a sweep.
        setting: the other value, and after how many epochs or steps.
        default: the value to compare with, which is one of the sweep's.

    Returns:
        Mean over seeds of the difference of kNN accuracies, with its standard error.
    """
    scores = scores_by_seed(table, setting)
    chosen = {seed: scores.drop(index=seed).mean().idxmax() for seed in scores.index}
    tuned = pd.Series({seed: scores.loc[seed, value] for seed, value in chosen.items()})
    return paired_difference(tuned, scores[default])


def _tuning_helps(claim: str, keys: Iterable[str], default: float, load: Load, *, minimum_share: float) -> SweepVerdict:
    """Return the verdict on tuning, which holds if the gain is certain in a large enough share of the settings.

    Args:
        claim: the statement.
        keys: shipped sweeps.
        default: the value to compare with.
        load: returns the table of a sweep.
        minimum_share: share of the settings in which the gain must be certain.
    """
    rows: list[tuple[str, str, float, float, str]] = []
    for key in keys:
        plan, table = PREPARED[key].plan, load(key)
        for setting, summary in summarise(table).items():
            gain = tuned_gain(table, setting, default)
            comparison = f"{plan.setting_name(*setting)}: best {summary.best:g}"
            rows.append((key, comparison, gain.value, gain.error, gain.answer))
    evidence = pd.DataFrame(rows, columns=list(COLUMNS))
    certain, worse, unclear = ((evidence["answer"] == answer).sum() for answer in (YES, NO, CLOSE))
    if len(rows) <= MAX_LISTED:
        listed = "; ".join(
            f"{comparison}: {100 * difference:+.2f} ± {100 * error:.2f}" for _, comparison, difference, error, _ in rows
        )
    else:
        listed = f"from {100 * evidence['difference'].min():+.2f} to {100 * evidence['difference'].max():+.2f}"
    explanation = (
        f"A value is chosen on all seeds but one and compared with {default:g} on that one. It is certainly better in "
        f"{certain} of {len(evidence)} settings, certainly worse in {worse}, and too close to call in {unclear}. Gain "
        f"in points of kNN accuracy: {listed}."
    )
    if certain >= minimum_share * len(evidence):
        holds: bool | None = True
    else:
        holds = None if (evidence["answer"] == ONE_SEED).any() else False
    return SweepVerdict(claim, holds, explanation, evidence)


def _neighbouring(summaries: Mapping[Setting, Summary]) -> list[tuple[Setting, Setting]]:
    """Return the pairs of settings that differ in batch size only, or in the number of epochs only."""
    settings = sorted(summaries)
    return [
        (first, second)
        for first, second in product(settings, settings)
        if first < second and (first[0] == second[0]) != (first[1] == second[1])
    ]


def _loss_of_swapping(
    table: pd.DataFrame, summaries: Mapping[Setting, Summary], here: Setting, there: Setting
) -> Estimate:
    """Return by how much the best value of `there` is worse than the best value of `here`, in `here`."""
    scores = scores_by_seed(table, here)
    return paired_difference(scores[summaries[here].best], scores[summaries[there].best])


def _certainty(loss: Estimate) -> float:
    return loss.value / loss.error if loss.error > 0 else 0.0
