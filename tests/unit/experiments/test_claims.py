"""Claims and tables, computed from made-up results with every verdict."""

import argparse
import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from cl_core.analysis.estimates import Estimate
from cl_core.experiments import STUDIES, Cell, claims, results, single_factors, table
from cl_core.experiments.__main__ import show
from cl_core.experiments.evidence import estimates_of
from cl_core.experiments.pipeline import DRAWN, Outcome
from cl_core.experiments.table import DIFFERENCE, FAILED, MEASURED, NOT_RUN, PUBLISHED, RIGHT

Change = Callable[[Cell], "dict[str, float | str] | None"]


@cache
def outcome_of(cell: Cell) -> Outcome:
    """Return a made-up outcome: every claim holds, and seeds differ by 0.1 percentage points."""
    order = ("triplet_hard", "baseline", "triplet_all", "npair", "triplet_semihard", "max_margin", "sup_nt_xent")
    rank = order.index(cell.method) if cell.method in order else 3
    loss_with_batch = 0.01 if cell.method == "sup_nt_xent" else 0.05
    accuracy = 0.8 + 0.02 * rank - loss_with_batch * math.log2(cell.batch / 32) / 6 + 0.001 * (cell.seed - 1)
    single = cell.method == "baseline"
    angle = np.linspace(0, 2 * np.pi, DRAWN)
    return Outcome(
        accuracy_right=np.nan if single and cell.odd else accuracy + 0.004,
        accuracy_odd=np.nan if single and not cell.odd else accuracy,
        knn=accuracy - 0.001 * (not cell.odd), map_r=0.9, spread=0.8, alignment=0.1, uniformity=-2.0,
        compactness=(0.05 if cell.method in ("max_margin", "sup_nt_xent") else 0.2) * (1 + 0.01 * cell.seed),
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


AT_32 = {"batch": 32, "study": "published"}


def where(value: "dict[str, float | str] | None", **fields: object) -> Change:
    """Return a change: `value` for the cells with all of these fields, and nothing for the others."""
    return lambda cell: value if all(getattr(cell, name) == field for name, field in fields.items()) else {}


COUNTEREXAMPLES = {
    "beats": (
        where({"accuracy_odd": 0.5}, method="npair", **AT_32),  # below the baseline
        where({"accuracy_odd": 0.821}, method="npair", **AT_32) ,  # equal to the baseline, within its spread
    ),
    "falls": (
        where({"accuracy_odd": 0.99}, method="npair", batch=2048, study="published"),
        where({"accuracy_right": 0.85}, method="npair", study="decoupled"),  # the batch size alone has no effect
    ),
    "robust": (
        where({"accuracy_odd": 0.5}, method="sup_nt_xent", batch=2048, study="published"),
        lambda cell: {"accuracy_odd": 0.9 - 0.01 * (cell.batch == 2048) + 0.001 * cell.seed * (cell.batch == 32)}
        if cell.method == "npair" and cell.study == "published"
        else {},
    ),
    "memory": (
        where({"memory": 150.0}, method="triplet_semihard", batch=2048, dataset="mnist"),
        where({"memory": 0.0}, method="triplet_semihard", batch=2048, dataset="mnist"),  # could not be measured there
    ),
    "tight": (
        where({"compactness": 0.01}, method="npair", batch=256, study="published"),
        where({"compactness": 0.0505}, method="npair", batch=256, study="published"),
    ),
}  # fmt: skip
REQUIRED_CELLS = {
    "beats": {"method": "triplet_semihard", "batch": 32, "dataset": "fashion_mnist"},
    "falls": {"method": "max_margin", "batch": 2048, "dataset": "fashion_mnist"},
    "robust": {"method": "triplet_hard", "batch": 32, "dataset": "mnist"},
    "memory": {"method": "triplet_semihard", "batch": 2048, "dataset": "mnist"},
    "tight": {"method": "max_margin", "batch": 256, "dataset": "mnist"},
}


@pytest.mark.parametrize("key", claims.CLAIMS)
def test_claim_holds_on_supporting_results(key):
    verdict = claims.CLAIMS[key](made_up())
    assert verdict.holds is True, verdict.explanation
    assert verdict.key == key
    assert verdict.label == "holds"
    assert any(digit in verdict.explanation for digit in "0123456789")


@pytest.mark.parametrize("key", claims.CLAIMS)
def test_claim_fails_with_one_contrary_comparison(key):
    verdict = claims.CLAIMS[key](made_up(COUNTEREXAMPLES[key][0]))
    assert verdict.holds is False, verdict.explanation
    assert "no" in set(verdict.evidence["answer"])
    # also when other cells were not run
    missing = where(None, method="max_margin", batch=32, dataset="fashion_mnist")
    contrary = COUNTEREXAMPLES[key][0]
    verdict = claims.CLAIMS[key](made_up(lambda cell: missing(cell) if missing(cell) is None else contrary(cell)))
    assert verdict.holds is False


@pytest.mark.parametrize("key", claims.CLAIMS)
def test_claim_is_undecided_within_the_uncertainty(key):
    assert claims.CLAIMS[key](made_up(COUNTEREXAMPLES[key][1])).holds is None


@pytest.mark.parametrize("key", claims.CLAIMS)
@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (None, NOT_RUN),
        ({"failure": "At step 3 the numbers ran out of range"}, FAILED),
        ({"accuracy_odd": np.nan, "accuracy_right": np.nan, "compactness": np.nan, "memory": np.nan}, FAILED),
    ],
)
def test_claim_is_undecided_with_a_missing_or_failed_cell(key, value, answer):
    verdict = claims.CLAIMS[key](made_up(where(value, **REQUIRED_CELLS[key])))
    assert verdict.holds is None, verdict.explanation
    assert answer in set(verdict.evidence["answer"])


def test_all_claims_are_undecided_without_results():
    no_results = made_up().iloc[:0]
    assert [verdict.holds for verdict in claims.verdicts(no_results)] == [None] * 5
    assert set(table.summary(no_results)["state"]) == {NOT_RUN}
    assert set(table.decoupled(no_results)["state"]) == {NOT_RUN}


def test_one_seed_uses_the_binomial_error_and_says_so():
    results = made_up(seeds=1)
    verdict = claims.beats_the_baseline(results)
    row = verdict.evidence.iloc[0]
    p, q = row["first"], row["second"]
    assert math.isclose(row["error"], math.sqrt(p * (1 - p) / 10_000 + q * (1 - q) / 10_000))
    assert "a lower bound" in verdict.explanation
    # the uncertainty of cluster widths is unknown with one seed
    tightest = claims.tightest_clusters(results)
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

    verdict = claims.falls_with_batch_size(made_up(change))
    assert verdict.holds is False  # as published it falls, but not because of the batch size
    batch, rate, steps = verdict.explanation.splitlines()[-3:]
    assert "accuracy changes by +2.00 points on average; it falls in 0 and rises in 12 of 12" in batch
    assert "accuracy changes by -5.00 points on average; it falls in 12" in rate
    assert "accuracy changes by -10.00 points on average; it falls in 12" in steps


def test_mixed_classes_do_not_count_as_tight_clusters():
    mixed = {"compactness": 0.01, "knn": 0.5}
    verdict = claims.tightest_clusters(made_up(where(mixed, method="triplet_hard", batch=32)))
    assert verdict.holds is True
    assert (verdict.evidence["answer"] == "its classes are mixed").sum() == 8  # 2 data sets, 2 kinds, 2 competitors
    assert "Triplet, batch-hard 0.01" not in verdict.explanation
    # tight and separated classes: a competitor
    separated = {"compactness": 0.01, "knn": 0.8}
    assert claims.tightest_clusters(made_up(where(separated, method="triplet_hard", batch=32))).holds is False
    # a rise between two mixed cells is no evidence against the fall of the others
    change = where(mixed | {"accuracy_odd": 0.3, "accuracy_right": 0.3}, method="triplet_hard")
    rising = made_up(lambda cell: change(cell) and change(cell) | {"accuracy_odd": 0.3 + 0.1 * (cell.batch > 256)})
    rows = claims.falls_with_batch_size(rising).evidence
    assert set(rows.loc[rows["comparison"].str.startswith("Triplet, batch-hard"), "answer"]) == {
        "its classes are mixed"
    }
    # one of the two that is mixed itself is not tight
    assert claims.tightest_clusters(made_up(where(mixed, method="max_margin", batch=32))).holds is False


@pytest.mark.slow  # the whole table
def test_show_prints_table_verdicts_missing_cells_and_unreadable_files(tmp_path, capsys):
    cells = [cell for cell in STUDIES["published"].cells if cell.dataset == "mnist"]
    write(tmp_path, cells)
    assert show(argparse.Namespace(results=tmp_path)) == 0
    output = capsys.readouterr().out
    assert "### MNIST, as published" in output
    assert "| MLP baseline " in output
    assert f"{100 * outcome_of(cells[0]).accuracy_odd:.2f} (1 seed)" in output
    assert "not run" in output
    assert "does not hold" in output or "cannot be said yet" in output
    assert f"published: {126 - len(cells)} cells not run" in output
    assert "numpy 1.2.3" in output
    assert "a machine" in output
    (tmp_path / f"{cells[0].name}.parquet").write_bytes(b"no parquet")
    assert show(argparse.Namespace(results=tmp_path)) == 1
    assert "damaged" in capsys.readouterr().err
    assert show(argparse.Namespace(results=tmp_path / "nowhere")) == 1
    assert "There are no results" in capsys.readouterr().out
