"""Claims, findings and tables, computed from made-up results with every verdict."""

import argparse
import math
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pandas as pd
import pytest

from cl_core.analysis.estimates import Estimate
from cl_core.experiments import STUDIES, Cell, article, claims, results, single_factors, table
from cl_core.experiments.__main__ import show
from cl_core.experiments.claims.scores import Scores
from cl_core.experiments.evidence import Verdict, estimates_of
from cl_core.experiments.findings import agreement, findings
from cl_core.experiments.pipeline import DRAWN, Outcome
from cl_core.experiments.table import ARTICLE, DIFFERENCE, FAILED, MEASURED, NOT_RUN, PUBLISHED, RIGHT
from cl_core.losses.articles import CONTRASTING

Change = Callable[[Cell], "dict[str, float | str] | None"]


@cache
def outcome_of(cell: Cell) -> Outcome:
    """Return a made-up outcome: every claim holds, and seeds differ by 0.1 percentage points."""
    order = ("triplet_hard", "baseline", "triplet_all", "npair", "triplet_semihard", "max_margin", "sup_nt_xent")
    rank = order.index(cell.method) if cell.method in order else 3
    loss_with_batch = (0.01 if cell.method == "sup_nt_xent" else 0.05) * math.log2(cell.batch / 32) / 6
    accuracy = 0.8 + 0.02 * rank - loss_with_batch + 0.001 * (cell.seed - 1)
    compactness = {"max_margin": 0.05, "sup_nt_xent": 0.05, "triplet_semihard": 0.4, "triplet_hard": 0.4}
    single = cell.method == "baseline"
    angle = np.linspace(0, 2 * np.pi, DRAWN)
    return Outcome(
        accuracy_right=np.nan if single and cell.odd else accuracy + 0.004,
        accuracy_odd=np.nan if single and not cell.odd else accuracy,
        knn=accuracy - 0.001 * (not cell.odd), map_r=0.9 - loss_with_batch + 0.001 * cell.seed,
        spread=0.8, alignment=0.1, uniformity=-2.0,
        compactness=compactness.get(cell.method, 0.2) * (1 + 0.01 * cell.seed),
        loss=0.1, steps=cell.steps, seconds=10.0, seconds_two=5.0, failure="",
        memory=20_000.0 if cell.method == "triplet_semihard" and cell.batch == 2048 else 100.0,
        points=np.stack([np.cos(angle), np.sin(3 * angle)], 1).astype(np.float16),
    )  # fmt: skip


@cache
def row_of(cell: Cell) -> "dict[str, object]":
    return {**cell.row(), **vars(outcome_of(cell)), "made_machine": "a machine"}


def made_up(change: Change = lambda cell: {}, seeds: int | None = None) -> pd.DataFrame:
    """Return results of every cell; `change` gives other values for some, or None for those that were not run."""
    rows = []
    for study in STUDIES.values():
        for cell in study.of_seeds(seeds):
            values = change(cell)
            if values is not None:
                rows.append({**row_of(cell), **values})
    return pd.DataFrame(rows)


def judge(key: str, results: pd.DataFrame) -> Verdict:
    return claims.CLAIMS[key](Scores(results))


def write(folder, cells: list[Cell]) -> None:
    """Write files of made-up results."""
    for cell in cells:
        results.save(cell, outcome_of(cell), {"machine": "a machine", "numpy": "1.2.3"}, folder)


def table_row(results: pd.DataFrame, dataset: str, method: str, batch: int, kind: str) -> pd.Series:
    rows = table.summary(results)
    matches = (
        (rows["dataset"] == dataset) & (rows["method"] == method) & (rows["batch"] == batch) & (rows["kind"] == kind)
    )
    (row,) = (row for _, row in rows[matches].iterrows())
    return row


ARTICLES_OWN = ("published", "program")  # studies with the article's odd choices


def where(
    value: "dict[str, float | str] | None", studies: tuple[str, ...] = tuple(STUDIES), **fields: object
) -> Change:
    """Return a change: `value` for the cells of some studies with all of these fields, and nothing for the others."""
    return lambda cell: (
        value if cell.study in studies and all(getattr(cell, name) == field for name, field in fields.items()) else {}
    )


# for each claim, results with one contrary comparison, and results within the uncertainty
COUNTEREXAMPLES = {
    "beats": (
        where({"accuracy_odd": 0.5}, ("published",), method="npair", batch=32),  # below the baseline
        where({"accuracy_odd": 0.821}, ARTICLES_OWN, method="npair", batch=32),  # equal to it, within its spread
    ),
    "best": (
        where({"accuracy_odd": 0.99}, ("program",), method="npair", batch=32, dataset="mnist"),
        where({"accuracy_odd": 0.9}, ARTICLES_OWN, method="npair", batch=32, dataset="mnist"),  # as max-margin
    ),
    "mining": (
        where({"accuracy_odd": 0.99}, ("program",), method="triplet_all", batch=2048),
        where({"accuracy_odd": 0.88}, ARTICLES_OWN, method="triplet_all", batch=32),
    ),
    "falls": (
        where({"accuracy_odd": 0.99}, ("published",), method="npair", batch=2048),
        where({"accuracy_odd": 0.86}, ARTICLES_OWN, method="npair", batch=2048),
    ),
    "batch": (
        where({"accuracy_right": 0.99}, method="npair", batch=2048, steps=600, study="decoupled"),
        where({"accuracy_right": 0.85}, method="npair", study="decoupled"),
    ),
    "robust": (
        where({"accuracy_odd": 0.5}, ("published",), method="sup_nt_xent", batch=2048),
        lambda cell: (
            {"accuracy_odd": 0.9 - 0.01 * (cell.batch == 2048) + 0.001 * cell.seed * (cell.batch == 32)}
            if cell.method == "npair" and cell.study in ARTICLES_OWN
            else {}
        ),
    ),
    "tight": (
        where({"compactness": 0.01}, ("published",), method="npair", batch=256),
        where({"compactness": 0.0505}, ARTICLES_OWN, method="npair", batch=256),
    ),
    "wide": (
        where({"compactness": 0.9}, ("program",), method="npair", batch=256),
        where({"compactness": 0.404}, ARTICLES_OWN, method="npair", batch=256),
    ),
    "worse": (
        where({"map_r": 0.99}, ("published",), method="sup_nt_xent", batch=2048),
        where({"map_r": 0.901}, ARTICLES_OWN, method="sup_nt_xent", batch=2048),
    ),
    "memory": (
        where({"memory": 150.0}, method="triplet_semihard", batch=2048, dataset="mnist"),
        where({"memory": 0.0}, method="triplet_semihard", batch=2048, dataset="mnist"),  # could not be measured there
    ),
}
REQUIRED_CELLS = {
    "beats": {"method": "triplet_semihard", "batch": 32, "dataset": "fashion_mnist"},
    "best": {"method": "npair", "batch": 32, "dataset": "mnist"},
    "mining": {"method": "triplet_all", "batch": 256, "dataset": "fashion_mnist"},
    "falls": {"method": "max_margin", "batch": 2048, "dataset": "fashion_mnist"},
    "batch": {"method": "npair", "batch": 2048, "rate": 0.001},
    "robust": {"method": "triplet_hard", "batch": 32, "dataset": "mnist"},
    "tight": {"method": "max_margin", "batch": 256, "dataset": "mnist"},
    "wide": {"method": "triplet_semihard", "batch": 256, "dataset": "mnist"},
    "worse": {"method": "npair", "batch": 2048, "dataset": "mnist"},
    "memory": {"method": "triplet_semihard", "batch": 2048, "dataset": "mnist"},
}


@pytest.mark.parametrize("key", claims.CLAIMS)
def test_claim_holds_on_supporting_results(key):
    verdict = judge(key, made_up())
    assert verdict.holds is True, verdict.explanation
    assert verdict.key == key
    assert verdict.label == "holds"
    assert any(digit in verdict.explanation for digit in "0123456789")


@pytest.mark.parametrize("key", claims.CLAIMS)
def test_claim_fails_with_one_contrary_comparison(key):
    verdict = judge(key, made_up(COUNTEREXAMPLES[key][0]))
    assert verdict.holds is False, verdict.explanation
    assert "no" in set(verdict.evidence["answer"])
    # also when other cells were not run
    missing = where(None, method="max_margin", batch=256, dataset="fashion_mnist")
    contrary = COUNTEREXAMPLES[key][0]
    verdict = judge(key, made_up(lambda cell: missing(cell) if missing(cell) is None else contrary(cell)))
    assert verdict.holds is False


@pytest.mark.parametrize("key", claims.CLAIMS)
def test_claim_is_undecided_within_the_uncertainty(key):
    assert judge(key, made_up(COUNTEREXAMPLES[key][1])).holds is None


@pytest.mark.parametrize("key", claims.CLAIMS)
@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (None, NOT_RUN),
        ({"failure": "At step 3 the numbers ran out of range"}, FAILED),
        (
            {
                "accuracy_odd": np.nan,
                "accuracy_right": np.nan,
                "compactness": np.nan,
                "memory": np.nan,
                "map_r": np.nan,
            },
            FAILED,
        ),
    ],
)
def test_claim_is_undecided_with_a_missing_or_failed_cell(key, value, answer):
    verdict = judge(key, made_up(where(value, **REQUIRED_CELLS[key])))
    assert verdict.holds is None, verdict.explanation
    assert answer in set(verdict.evidence["answer"])


def test_all_claims_are_undecided_without_results():
    no_results = made_up().iloc[:0]
    assert [verdict.holds for verdict in claims.verdicts(no_results)] == [None] * len(claims.CLAIMS)
    assert all("not known yet" in sentence and "0 of" in sentence for sentence in findings(claims.verdicts(no_results)))
    assert set(table.summary(no_results)["state"]) == {NOT_RUN}
    assert set(table.decoupled(no_results)["state"]) == {NOT_RUN}


def test_one_seed_uses_the_binomial_error_and_says_so():
    results = made_up(seeds=1)
    verdict = judge("beats", results)
    row = verdict.evidence.iloc[0]
    p, q = row["first"], row["second"]
    assert math.isclose(row["error"], math.sqrt(p * (1 - p) / 10_000 + q * (1 - q) / 10_000))
    assert "a lower bound" in verdict.explanation
    # the uncertainty of cluster widths is unknown with one seed
    tightest = judge("tight", results)
    assert tightest.holds is None
    assert set(tightest.evidence["answer"]) == {"one seed only"}


def test_estimates_use_mean_spread_and_two_standard_errors_of_seeds():
    rows = [0.9, 0.91, 0.92]
    results = made_up(lambda cell: {"accuracy_odd": rows[cell.seed]} if cell.method == "npair" else {})
    row = table_row(results, "mnist", "npair", 32, PUBLISHED)
    assert math.isclose(row["mean"], 0.91)
    assert math.isclose(row["spread"], 0.01)
    assert row["seeds"] == 3
    assert table.format_score(row) == "91.00 ± 1.00"
    (number,) = estimates_of(pd.DataFrame([row]), ["method"]).values()
    assert math.isclose(number.error, 0.01 / math.sqrt(3))
    a = Estimate(0.9, 0.003, 3)
    assert a.minus(Estimate(0.889, 0.004, 3)).answer == "yes"
    assert a.minus(Estimate(0.891, 0.004, 3)).answer == "too close to call"
    assert a.minus(Estimate(0.911, 0.004, 3)).answer == "no"


def test_failed_results_are_named_and_never_counted_as_zero():
    change = where({"failure": "it diverged", "accuracy_odd": 0.1}, method="npair", batch=256, dataset="mnist")
    results = made_up(change)
    row = table_row(results, "mnist", "npair", 256, PUBLISHED)
    assert (row["state"], row["failed"]) == (FAILED, 3)
    assert np.isnan(row["mean"])
    assert table.format_score(row) == "failed"
    some = made_up(lambda cell: change(cell) if cell.seed == 1 else {})
    row = table_row(some, "mnist", "npair", 256, PUBLISHED)
    assert (row["state"], row["seeds"], row["failed"]) == (MEASURED, 2, 1)
    assert table.format_score(row).endswith("1 failed")


def test_corrected_cell_differs_only_where_the_loss_was_odd():
    results = made_up()
    for method, study in (("baseline", "right"), ("npair", "right"), ("max_margin", "published"), ("circle", "second")):
        cell = table.cell_of("mnist", method, 256, RIGHT)
        assert (cell.study, cell.odd) == (study, study == "published")
        row = table_row(results, "mnist", method, 256, RIGHT)
        assert row["seeds"] == STUDIES[study].seeds
        assert math.isclose(row["mean"], np.mean([
            outcome_of(replace(cell, seed=seed)).accuracy_right for seed in range(STUDIES[study].seeds)
        ]))  # fmt: skip
    # differences compare equal seeds: of the baseline, only the first
    row = table_row(results, "mnist", "baseline", 256, DIFFERENCE)
    assert row["seeds"] == 1
    assert math.isclose(row["mean"], 0.004, abs_tol=1e-9)


def test_cells_with_another_number_of_steps_are_ignored():
    results = made_up(seeds=1)
    short = results[results["study"] == "published"].assign(steps=10, accuracy_odd=0.0)
    both = pd.concat([results, short], ignore_index=True)
    pd.testing.assert_frame_equal(table.summary(both), table.summary(results))


def test_decoupled_grid_separates_batch_size_rate_and_steps():
    def change(cell: Cell) -> dict[str, float | str]:
        if cell.study != "decoupled":
            return {}
        few_steps = cell.batch == 2048 and cell.steps == single_factors.FEW_STEPS
        return {"accuracy_right": 0.9 - 0.1 * few_steps - 0.05 * (cell.rate > 0.005) + 0.02 * (cell.batch == 2048)}

    assert judge("falls", made_up(change)).holds is True  # it falls, but not because of the batch size
    verdict = judge("batch", made_up(change))
    assert verdict.holds is False
    batch, rate, steps = verdict.explanation.splitlines()[-3:]
    assert "accuracy changes by +2.00 points on average; it falls in 0 and rises in 12 of 12" in batch
    assert "accuracy changes by -5.00 points on average; it falls in 12" in rate
    assert "accuracy changes by -10.00 points on average; it falls in 12" in steps


def test_mixed_classes_do_not_count_as_tight_clusters():
    mixed = {"compactness": 0.01, "knn": 0.5}
    verdict = judge("tight", made_up(where(mixed, method="triplet_hard", batch=32)))
    assert verdict.holds is True
    # 2 data sets, 3 versions, 2 competitors
    assert (verdict.evidence["answer"] == "classes are mixed").sum() == 12
    assert "Triplet, batch-hard 0.01" not in verdict.explanation
    # tight and separated classes: a competitor
    separated = {"compactness": 0.01, "knn": 0.8}
    assert judge("tight", made_up(where(separated, method="triplet_hard", batch=32))).holds is False
    # a rise between two mixed cells is no evidence against the fall of the others
    change = where(mixed | {"accuracy_odd": 0.3, "accuracy_right": 0.3}, method="triplet_hard")
    rising = made_up(lambda cell: change(cell) and change(cell) | {"accuracy_odd": 0.3 + 0.1 * (cell.batch > 256)})
    rows = judge("falls", rising).evidence
    assert set(rows.loc[rows["comparison"].str.startswith("Triplet, batch-hard"), "answer"]) == {"classes are mixed"}
    # one of the two that is mixed itself is not tight
    assert judge("tight", made_up(where(mixed, method="max_margin", batch=32))).holds is False


def test_verdict_counts_both_nets_of_the_article_and_not_what_was_put_right():
    """Where only one of them is decided it decides; where they disagree the claim does not hold."""
    claim = partial(judge, "best")
    assert claim(made_up()).answers == {PUBLISHED: True, ARTICLE: True, RIGHT: True}
    not_run = claim(made_up(where(None, ("program",))))
    assert (not_run.holds, not_run.answers[ARTICLE]) == (True, None)
    only_program = claim(made_up(where(None, ("published", "right"))))
    assert (only_program.holds, only_program.answers[PUBLISHED]) == (True, None)
    contrary = claim(made_up(where({"accuracy_odd": 0.5}, ("program",), method="max_margin", batch=32)))
    assert (contrary.holds, contrary.answers[PUBLISHED], contrary.answers[ARTICLE]) == (False, True, False)
    put_right = claim(made_up(where({"accuracy_right": 0.5}, ("published",), method="max_margin", batch=32)))
    assert (put_right.holds, put_right.answers[RIGHT]) == (True, False)


def test_rise_on_the_way_is_named_and_does_not_count():
    verdict = judge("falls", made_up(where({"accuracy_odd": 0.3}, ("program",), method="npair", batch=256)))
    assert verdict.holds is True
    assert "Multi-class N-pair from 256 to 2,048 on MNIST (article's network)" in verdict.explanation


def test_mining_says_how_often_no_mining_has_the_higher_mean():
    change = where({"accuracy_odd": 0.99}, ("program",), method="triplet_all", dataset="mnist")
    explanation = judge("mining", made_up(change)).explanation
    assert "As published: the mean without mining is higher in 0 of 6 comparisons." in explanation
    assert "Article's network: the mean without mining is higher in 3 of 6 comparisons." in explanation


FINDINGS = {  # by which sentence, and results that turn it round
    0: ("every contrastive loss except the triplet loss", "not every comparison with the baseline", "beats"),
    1: ("Accuracy falls as batch size", "Accuracy does not always fall as batch size", "falls"),
    2: ("Semi-hard mining is the best", "Semi-hard mining is not the best", "mining"),
}


def found(results: pd.DataFrame) -> list[str]:
    """Return the findings from the verdicts that they need."""
    scores = Scores(results)
    return findings([claims.CLAIMS[key](scores) for key in ("beats", "falls", "batch", "mining")])


@pytest.mark.parametrize("index", FINDINGS)
def test_findings_follow_their_verdicts(index):
    holds, fails, key = FINDINGS[index]
    assert holds in found(made_up())[index]
    assert fails in found(made_up(COUNTEREXAMPLES[key][0]))[index]
    unknown = found(made_up(COUNTEREXAMPLES[key][1]))[index]
    assert re.search(r"not known yet whether .*: \d+ of \d+ comparisons are decided", unknown)


def test_findings_have_the_numbers_of_the_results():
    losses, batch, mining = found(made_up())
    # in steps of two points, N-pair is two steps above the baseline and supervised NT-Xent five
    assert "by 4.0 to 10.0 points on MNIST and 4.0 to 10.0 points on Fashion-MNIST" in losses
    assert "corrected, 10 of 10 comparisons still support this" in losses
    # four losses lose five points and one loses one
    assert "(4.2 points on average)" in batch
    assert "The batch size alone lowers it too" in batch
    assert "4.0 points lower at batch 2,048 than at 32" in batch  # without the batch-hard loss
    assert "8.0 to 8.0 points above hard mining" in mining
    assert "without any mining is better in 0 of 12 comparisons" in mining
    rises = where({"accuracy_right": 0.99}, method="npair", batch=2048, steps=600)
    assert "The batch size alone does not lower it" in found(made_up(rises))[1]


def test_agreement_counts_the_claims_that_both_nets_decide():
    """All but the claims on memory and on the batch size alone, which were tested on one net."""
    assert "on 8 of 8 claims." in agreement(claims.verdicts(made_up()))
    contrary = where({"accuracy_odd": 0.5}, ("program",), method="max_margin", batch=32, dataset="mnist")
    # it is not above the baseline, not the best, rises with the batch size, and so is more robust than NT-Xent
    assert "on 4 of 8 claims" in agreement(claims.verdicts(made_up(contrary)))
    nothing = agreement(claims.verdicts(made_up(where(None, ("program",)))))
    assert "on 0 of 0 claims. 8 more are not decided" in nothing


def test_every_version_has_its_own_methods():
    summary = table.summary(made_up())
    for kind in table.KINDS:
        assert tuple(summary.loc[summary["kind"] == kind, "method"].unique()) == table.methods_of(kind)
    assert table.methods_of(ARTICLE) == table.ROWS[:7]
    with pytest.raises(ValueError, match="the article's program has no circle"):
        table.cell_of("mnist", "circle", 32, ARTICLE)
    assert table.cell_of("mnist", "npair", 2048, ARTICLE).name == "program-mnist-npair-odd-b2048-r0.2-n600-s0"
    row = table_row(made_up(), "mnist", "npair", 256, ARTICLE)
    assert (row["seeds"], row["state"]) == (3, MEASURED)


@pytest.mark.slow  # the whole table
def test_show_prints_table_verdicts_missing_cells_and_unreadable_files(tmp_path, capsys):
    cells = [cell for cell in STUDIES["published"].cells if cell.dataset == "mnist"]
    write(tmp_path, cells)
    assert show(argparse.Namespace(results=tmp_path)) == 0
    output = capsys.readouterr().out
    assert "### MNIST, as published" in output
    assert "### MNIST, article's network" in output
    assert "## What was found" in output
    assert CONTRASTING.url in output
    assert all(difference.program in output for difference in article.DIFFERENCES)
    assert "| MLP baseline " in output
    assert f"{100 * outcome_of(cells[0]).accuracy_odd:.2f} (1 seed)" in output
    assert "not run" in output
    assert "does not hold" in output or "not decided yet" in output
    assert f"published: {126 - len(cells)} cells not run" in output
    assert "numpy 1.2.3" in output
    assert "a machine" in output
    (tmp_path / f"{cells[0].name}.parquet").write_bytes(b"no parquet")
    assert show(argparse.Namespace(results=tmp_path)) == 1
    assert "damaged" in capsys.readouterr().err
    assert show(argparse.Namespace(results=tmp_path / "nowhere")) == 1
    assert "There are no results" in capsys.readouterr().out
