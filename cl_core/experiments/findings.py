"""What the experiment found, in three sentences that its verdicts choose and its numbers fill."""

from collections.abc import Mapping, Sequence

import pandas as pd

from cl_core.analysis.estimates import NO, YES
from cl_core.experiments import table
from cl_core.experiments.claims.accuracy import BATCH_HARD, NO_MINING
from cl_core.experiments.evidence import MIXED, Verdict
from cl_core.experiments.grid import METHODS
from cl_core.experiments.single_factors import BATCH_ALONE
from cl_core.experiments.table import ARTICLE, LARGE_BATCH, PUBLISHED, RIGHT, SMALL_BATCH


def findings(verdicts: Sequence[Verdict]) -> list[str]:
    """Return what was found on the losses, on the batch size and on mining.

    Args:
        verdicts: the verdicts on all claims.

    Returns:
        Three sentences. One that the results do not decide says so. Numbers are those as published and of the article's
        program, unless the sentence says otherwise.
    """
    by_key = {verdict.key: verdict for verdict in verdicts}
    return [_on_losses(by_key["beats"]), _on_batch_size(by_key), _on_mining(by_key["mining"])]


def agreement(verdicts: Sequence[Verdict]) -> str:
    """Return how often the net of the article's program leads to the verdict that this project's net leads to.

    Args:
        verdicts: the verdicts on all claims.

    Returns:
        A sentence.
    """
    pairs = [(v.answers[PUBLISHED], v.answers[ARTICLE]) for v in verdicts if ARTICLE in v.answers]
    decided = [pair for pair in pairs if None not in pair]
    same = sum(ours == theirs for ours, theirs in decided)
    lead = f"The article's network and this project's lead to the same verdict on {same} of {len(decided)} claims"
    undecided = len(pairs) - len(decided)
    return f"{lead}. {undecided} more are not decided for both networks yet." if undecided else f"{lead}."


def _on_losses(beats: Verdict) -> str:
    if beats.holds is None:
        return _undecided(f"contrastive training beats the baseline at batch {SMALL_BATCH}", beats)
    right = beats.evidence[beats.evidence["kind"] == RIGHT]
    remaining = (
        f"With the article's unusual choices corrected, {(right['answer'] == YES).sum()} of {len(right)} comparisons "
        "still support this"
    )
    rows = beats.evidence[beats.evidence["kind"] != RIGHT]
    if not beats.holds:
        lead = f"At batch {SMALL_BATCH} not every comparison with the baseline supports the article"
        return f"{lead}: {(rows['answer'] == NO).sum()} of {len(rows)} contradict it. {remaining}."
    gains = [
        f"{_span(group['difference'])} points on {table.title_of(str(dataset))}"
        for dataset, group in rows[~_is_about(rows, BATCH_HARD)].dropna().groupby("dataset", sort=False)
    ]
    lead = f"At batch {SMALL_BATCH} every contrastive loss except the triplet loss with hard mining beats the baseline"
    return f"{lead}, by {' and '.join(gains)}. {remaining}."


def _on_batch_size(by_key: Mapping[str, Verdict]) -> str:
    falls, alone = by_key["falls"], by_key["batch"]
    for verdict in (falls, alone):
        if verdict.holds is None:
            return _undecided("a larger batch lowers accuracy", verdict)
    rows = falls.evidence[(falls.evidence["kind"] != RIGHT) & (falls.evidence["answer"] != MIXED)]
    drop = 100 * rows["difference"].mean()
    change = -100 * alone.evidence.loc[alone.evidence["kind"] == BATCH_ALONE, "difference"].mean()
    grid = "as batch size and learning rate rise together, as in the article"
    lead = f"Accuracy {'falls' if falls.holds else 'does not always fall'} {grid} ({drop:.1f} points on average)"
    cause = "The batch size alone lowers it too" if alone.holds else "The batch size alone does not lower it"
    side = (
        f"{abs(change):.1f} points {'higher' if change > 0 else 'lower'} at batch {LARGE_BATCH:,} than at {SMALL_BATCH}"
    )
    return f"{lead}. {cause}: at the same rate and number of steps, accuracy is on average {side}."


def _on_mining(mining: Verdict) -> str:
    rows = mining.evidence[mining.evidence["kind"] != RIGHT].dropna(subset="difference")
    control, hard = (rows[_is_about(rows, method)] for method in (NO_MINING, BATCH_HARD))
    if mining.holds is None or control.empty or hard.empty:
        return _undecided("mining matters", mining)
    higher = (control["difference"] < 0).sum()
    best = "is" if mining.holds else "is not"
    return (
        f"Semi-hard mining {best} the best choice for the triplet loss. It is {_span(hard['difference'])} points above "
        f"hard mining, but the loss without any mining is better in {higher} of {len(control)} comparisons."
    )


def _is_about(rows: pd.DataFrame, method: str) -> "pd.Series[bool]":
    return rows["comparison"].str.contains(METHODS[method].title, regex=False)


def _undecided(question: str, verdict: Verdict) -> str:
    rows = verdict.evidence[verdict.evidence["kind"] != RIGHT]
    decided = rows["answer"].isin([YES, NO]).sum()
    return f"It is not known yet whether {question}: {decided} of {len(rows)} comparisons are decided."


def _span(differences: "pd.Series[float]") -> str:
    """Return the smallest and the largest of some differences of shares, in percentage points."""
    return f"{100 * differences.min():.1f} to {100 * differences.max():.1f}"
