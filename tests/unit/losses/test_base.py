"""A loss is described by its signature, and the description is complete and checked."""

import dataclasses
import inspect
import operator
import pickle
from typing import Annotated

import pytest
import torch

from cl_core.losses import LOSSES
from cl_core.losses.base import Paper, loss
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.distances import METRICS
from cl_core.losses.parameters import Choice, Flag, Param

PAPER = Paper("A. Author", 2001, "A Title", "A Venue", "https://example.org")


@loss(title="A loss", formula="x", paper=PAPER, metric="similarity", no_boundary="It is made up.")
def made_up(
    c: Contrast,
    scale: Annotated[float, Param("s", 1.0, 64.0, 1.0, "how sharp", log=True, domain="> 0")] = 20.0,
    times: Annotated[int, Param("m", 1, 4, 1, "how often", domain="range")] = 2,
    pool: Annotated[str, Choice("p", ("anchor", "batch"), "what is one group")] = "anchor",
    half: Annotated[bool, Flag("h", "half of it")] = False,
) -> Terms:
    """It only stands for one.

    And this is not its summary.
    """
    return Terms(c.value.sum(1) * scale * times, c.n_positive)


def test_loss_reads_its_description_from_its_signature():
    assert made_up.key == "made_up"
    assert made_up.summary == "It only stands for one."
    assert made_up.defaults == {"scale": 20.0, "times": 2, "pool": "anchor", "half": False}
    assert [p.kind for p in made_up.parameters.values()] == ["number", "integer", "choice", "flag"]
    assert made_up.parameters["scale"].symbol == "s"
    assert made_up.parameters["scale"].help == "how sharp"
    assert made_up.parameters["times"].corners == (1, 2, 4)
    assert made_up.parameters["pool"].corners == ("anchor", "batch")
    assert [p.range_text() for p in made_up.parameters.values()] == [
        "1 to 64 (log)",
        "1 to 4",
        "anchor, batch",
        "yes or no",
    ]
    assert made_up.metric_of({}) == "similarity"


def test_check_fills_in_defaults_and_keeps_types():
    assert made_up.check({}) == made_up.defaults
    checked = made_up.check({"times": 3.0, "scale": torch.tensor(4)})
    assert checked == {"scale": 4.0, "times": 3, "pool": "anchor", "half": False}
    assert type(checked["times"]) is int
    assert type(checked["scale"]) is float


@pytest.mark.parametrize(
    ("theta", "word"),
    [
        ({"scale": 0}, "greater than 0"),
        ({"scale": "20"}, "number"),
        ({"scale": [20]}, "number"),
        ({"scale": float("inf")}, "finite"),
        ({"times": 2.5}, "whole"),
        ({"times": 5}, "between 1 and 4"),
        ({"times": True}, "number"),
        ({"pool": "class"}, "anchor, batch"),
        ({"pool": 1}, "anchor, batch"),
        ({"half": "yes"}, "True or False"),
        ({"halve": True}, "scale, times, pool, half"),
    ],
)
def test_check_rejects_invalid_parameters_with_a_readable_error(theta, word):
    with pytest.raises(ValueError, match=word):
        made_up.check(theta)


def test_calling_a_loss_checks_its_parameters():
    c = Contrast.of_pairs(torch.ones(3), torch.zeros(3))
    assert made_up(c, times=3).total.tolist() == [60.0] * 3
    with pytest.raises(ValueError, match="whole"):
        made_up(c, times=1.5)


def test_loss_is_immutable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        made_up.key = "other"
    with pytest.raises(TypeError):
        made_up.parameters["new"] = None


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"boundary": lambda x_p, x_n: x_n - x_p},
        {"level": 0.0},
        {"boundary": lambda x_p, x_n: x_n - x_p, "level": 0.0, "no_boundary": "none"},
    ],
)
def test_loss_needs_a_boundary_with_its_level_or_a_reason_for_none(extra):
    with pytest.raises(ValueError, match="boundary"):
        loss(title="t", formula="f", paper=PAPER, metric="dot", **extra)


@pytest.mark.parametrize("key", LOSSES)
def test_every_loss_has_a_complete_description(key):
    found = LOSSES[key]
    assert found.title
    assert found.formula
    assert found.summary.endswith(".")
    assert found.metric in METRICS
    assert found.metric_of(found.defaults) in METRICS
    assert found.paper.url.startswith("https://")
    assert 1980 < found.paper.year < 2030
    assert (found.boundary is None) == bool(found.no_boundary)
    assert list(found.parameters) == list(inspect.signature(found.function).parameters)[1:]
    for p in found.parameters.values():
        assert p.help
        assert p.check(p.default) == p.default
        assert all(p.check(corner) == corner for corner in p.corners)
        if isinstance(p.spec, Param):
            assert p.spec.low <= p.default <= p.spec.high
            assert 0 < p.spec.step <= (p.spec.high - p.spec.low) / 2
            assert p.spec.low > 0 or not p.spec.log


def test_metric_is_the_distance_parameter_if_there_is_one():
    assert LOSSES["triplet"].metric_of({"distance": "cosine"}) == "cosine"
    assert LOSSES["triplet"].metric_of({}) == "sqeuclidean"
    assert LOSSES["supcon"].metric_of({}) == "similarity"


def test_checked_parameters_are_read_only_and_not_checked_again():
    theta = LOSSES["circle"].check({"margin": 0.4})
    assert LOSSES["circle"].check(theta) is theta
    assert theta == {"margin": 0.4, "scale": 32.0, "pool": "anchor"}
    assert hash(theta) == hash(LOSSES["circle"].check({"margin": 0.4}))
    copy = pickle.loads(pickle.dumps(theta))
    assert (copy, copy.loss) == (theta, "circle")
    for change in (
        lambda: theta.update(margin=1),
        lambda: theta.pop("margin"),
        lambda: operator.setitem(theta, "a", 1),
    ):
        with pytest.raises(TypeError, match="read-only"):
            change()
    with pytest.raises(ValueError, match="no parameter 'pool'"):  # those of another loss are checked
        LOSSES["circle_class"].check(theta)
