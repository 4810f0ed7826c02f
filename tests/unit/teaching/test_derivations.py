"""Derivations: every rewriting has the same value, which is that of the loss in the picture; formulas fit a column."""

import itertools
import math

import pytest

from cl_core.analysis.one_anchor import pair_forces
from cl_core.charts.force_bars import force_rows, force_text
from cl_core.losses import LOSSES
from cl_core.teaching import derivations
from cl_core.teaching.derivations import DERIVATIONS, NEGATIVES, POSITIVES, Step

STEPS = [step for derivation in DERIVATIONS.values() for step in derivation.steps]
REWRITINGS = {"circle": [(0, 1)], "npair": [(0, 1), (1, 2)]}  # steps that only rewrite the one before


@pytest.mark.parametrize("step", [step for step in STEPS if step.value], ids=lambda step: step.title)
def test_printed_formula_has_the_value_of_the_loss_in_the_picture(step):
    value, pull, push = pair_forces(LOSSES[step.loss], step.theta, step.positives or POSITIVES[:1], NEGATIVES)
    assert math.isclose(step.value(), value, rel_tol=1e-9)
    assert all(force > 0 for force in pull)
    assert all(force <= 0 for force in push)


@pytest.mark.parametrize("key", REWRITINGS)
def test_rewriting_keeps_the_value(key):
    for first, second in REWRITINGS[key]:
        steps = DERIVATIONS[key].steps
        assert math.isclose(steps[first].value(), steps[second].value(), rel_tol=1e-12)


def test_sums_of_one_positive_are_the_formula_with_the_margin_between_them(monkeypatch):
    monkeypatch.setattr(derivations, "POSITIVES", POSITIVES[:1])
    assert math.isclose(derivations.two_sums(), derivations.am_one_plus(), rel_tol=1e-12)


def test_weights_end_the_balance_of_pull_and_push():
    def sums(step: Step) -> tuple[float, float]:
        _, pull, push = pair_forces(LOSSES[step.loss], step.theta, step.positives, NEGATIVES)
        return sum(pull), -sum(push)

    before, after = (sums(DERIVATIONS["circle"].steps[i]) for i in (2, 3))
    assert math.isclose(*before, rel_tol=1e-9)
    assert abs(after[0] - after[1]) > 1


def test_temperature_makes_the_forces_of_npair_differ_more():
    shares = []
    for step in (DERIVATIONS["npair"].steps[0], DERIVATIONS["npair"].steps[3]):
        _, _, push = pair_forces(LOSSES[step.loss], step.theta, step.positives, NEGATIVES)
        shares.append(push[0] / sum(push))
    assert shares[0] < 0.4 < 0.8 < shares[1]


def test_one_is_added_twice_where_the_sum_contains_the_positive():
    wrong = math.log(1 + sum(math.exp(s - POSITIVES[0]) for s in (POSITIVES[0], *NEGATIVES)))
    assert math.isclose(math.exp(wrong) - math.exp(derivations.npair_one_plus()), 1.0, rel_tol=1e-9)


def test_titles_are_unique_and_formulas_short():
    for derivation in DERIVATIONS.values():
        assert len({step.title for step in derivation.steps}) == len(derivation.steps)
    for formula in itertools.chain.from_iterable(step.formulas for step in STEPS):
        assert len(formula) < 110


def test_chart_of_forces_has_a_row_and_words_for_each_pair():
    rows = force_rows((0.5,), (0.4, -0.1), (1.5,), (-1.0, -0.5))
    assert rows.force.tolist() == [1.5, 1.0, 0.5]
    assert force_text(rows) == (
        "The force on each pair: 1.500 at sₚ = 0.5, 1.000 at sₙ = 0.4, 0.500 at sₙ = −0.1. "
        "Together 1.500 on positives and 1.500 on negatives."
    )
