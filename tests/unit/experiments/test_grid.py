"""The grid of the experiment: the article's cells as published and corrected, and the decoupled study."""

import re
from collections import Counter
from dataclasses import replace
from itertools import product

import pytest
from torch import nn

from cl_core import training
from cl_core.experiments import METHODS, STUDIES, Cell
from cl_core.experiments.grid import FIRST_ARTICLE, SECOND_ARTICLE
from cl_core.losses import LOSSES, variants
from cl_core.training import RunSpec
from cl_core.training.encoders import ENCODERS

ALL_CELLS = [cell for study in STUDIES.values() for cell in study.of_seeds()]
PUBLISHED = [(32, 0.001), (256, 0.01), (2048, 0.2)]  # batch sizes and learning rates of the article
DATASETS = ("mnist", "fashion_mnist")


def combination_counts(study, *names):
    """Count each combination of fields among a study's cells for one seed."""
    return Counter(tuple(getattr(cell, name) for name in names) for cell in STUDIES[study].cells)


def test_cell_has_the_spec_of_its_training_run():
    cell = Cell("published", "fashion_mnist", "npair", 256, 0.01, 4680, 20, 2, odd=True)
    assert cell.spec == RunSpec(
        dataset="fashion_mnist", loss="npair", encoder="unit_mlp", dim=128, batch=256, rate=0.01, seed=2,
        convention="soft_labels",
    )  # fmt: skip
    baseline = Cell("right", "mnist", "baseline", 32, 0.001, 37500, 20, 0, odd=False)
    assert baseline.spec == RunSpec("mnist", "softmax", encoder="plain_mlp", dim=256, batch=32, rate=0.001)
    program = {"dim": 256, "optimiser": "keras_adam", "drop_last": False}
    theirs = replace(cell, study="program")
    assert theirs.spec == replace(cell.spec, encoder="article", **program)
    theirs = replace(baseline, study="program")
    assert theirs.spec == replace(baseline.spec, encoder="plain_article", **program)


@pytest.mark.parametrize("key", METHODS)
def test_methods_differ_in_their_loss_only(key):
    """Same encoder but for the baseline's missing projector, same optimiser, same schedule unless a paper has one."""
    method = METHODS[key]
    for odd in (True, False):
        spec = Cell("published", "mnist", key, 256, 0.01, 1, 1, 3, odd).spec
        assert (spec.optimiser, spec.batch, spec.rate, spec.seed, spec.loss) == ("adam", 256, 0.01, 3, method.loss)
        assert (ENCODERS[spec.encoder].projector is not nn.Identity) == (method.stages == 2)
        assert spec.unit_norm == (key != "l_softmax")  # whose margin also concerns lengths
        assert spec.schedule == ("sphereface" if key == "l_softmax" else "none")
        assert spec.convention == (method.odd if odd else variants.OURS)
        assert not LOSSES[spec.loss].views
    theta = {"max_margin": {"margin": 1.0}, "sup_nt_xent": {"temperature": 0.5}}.get(key, {})  # the article's
    theta |= {"margin": 1.0, "distance": "sqeuclidean"} if key.startswith("triplet") else {}
    assert theta.items() <= dict(spec.theta).items()


def test_published_variants_and_miners():
    published = {key: (method.loss, method.odd) for key, method in METHODS.items() if method.odd != variants.OURS}
    assert published == {
        "baseline": ("softmax", "twice"),
        "npair": ("npair", "soft_labels"),
        "sup_nt_xent": ("supcon", "base"),
    }
    mining = [dict(METHODS[key].theta)["mining"] for key in METHODS if key.startswith("triplet")]
    assert mining == ["semihard_tfa", "batch_hard", "all"]


def test_every_cell_has_its_own_file_name():
    names = [cell.name for cell in ALL_CELLS]
    assert len(ALL_CELLS) == 2 * 3 * 42 + 18 + 24 + 90
    assert len(set(ALL_CELLS)) == len({name.lower() for name in names}) == len(ALL_CELLS)
    for name in names:
        assert re.fullmatch(r"[a-z][a-z0-9_.-]{1,100}", name)
        assert ".." not in name
    assert names[0] == "published-mnist-baseline-odd-b32-r0.001-n37500-s0"


def test_every_cell_has_a_valid_spec():
    for cell in ALL_CELLS:
        assert cell.spec.seed == cell.seed
        assert cell.steps > 0
        assert cell.epochs > 0
        assert variants.get_variant(cell.spec.loss, cell.spec.convention).key == cell.spec.convention


def test_cells_of_seeds_are_ordered_by_seed_and_differ_only_in_it():
    published = STUDIES["published"]
    cells = list(published.of_seeds())
    assert [cell.seed for cell in cells] == [seed for seed in range(3) for _ in published.cells]
    assert list(published.of_seeds(1)) == list(published.cells)
    assert [cell.name.removesuffix("-s2") for cell in cells[-len(published.cells) :]] == [
        cell.name.removesuffix("-s0") for cell in published.cells
    ]
    assert {key: study.seeds for key, study in STUDIES.items()} == {
        "published": 3, "program": 3, "right": 1, "second": 1, "decoupled": 1
    }  # fmt: skip


@pytest.mark.parametrize(
    ("study", "methods", "odd", "epochs"),
    [
        ("published", ("baseline", *FIRST_ARTICLE), True, 20),
        ("program", ("baseline", *FIRST_ARTICLE), True, 20),
        ("right", ("baseline", "npair", "sup_nt_xent"), False, 20),
        ("second", SECOND_ARTICLE, False, 5),
    ],
)
def test_coupled_grids_have_every_combination(study, methods, odd, epochs):
    expected = product(DATASETS, methods, PUBLISHED)
    assert combination_counts(study, "dataset", "method", "batch", "rate") == Counter(
        (d, m, b, r) for d, m, (b, r) in expected
    )
    for cell in STUDIES[study].cells:
        assert (cell.study, cell.odd, cell.epochs) == (study, odd, epochs)
        assert cell.steps == epochs * (60_000 // cell.batch + (study == "program" and 60_000 % cell.batch > 0))
        assert cell.steps == epochs * training.steps_per_epoch(cell.spec)


def test_decoupled_grid_has_equal_epochs_and_equal_steps_at_every_rate():
    cells = STUDIES["decoupled"].cells
    methods = ("baseline", "max_margin", "triplet_semihard", "npair", "sup_nt_xent")
    rates = (0.0003, 0.001, 0.01)
    expected = product(methods, (32, 256, 2048), rates)
    assert combination_counts("decoupled", "method", "batch", "rate") == dict.fromkeys(expected, 2)
    for batch, epoch in ((32, 1875), (256, 234), (2048, 29)):
        assert Counter(cell.steps for cell in cells if cell.batch == batch) == {600: 15, 5 * epoch: 15}
    assert {(cell.study, cell.dataset, cell.odd, cell.epochs) for cell in cells} == {("decoupled", "mnist", False, 5)}
