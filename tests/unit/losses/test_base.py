"""A loss reads its description from its signature; the description is complete, and parameters are checked."""

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


@loss(title="A loss", formula="x", paper=PAPER, metric="similarity", no_boundary="It is an example.")
def example_loss(
    c: Contrast,
    scale: Annotated[float, Param("s", 1.0, 64.0, 1.0, "how sharp", log=True, domain="> 0")] = 20.0,
    times: Annotated[int, Param("m", 1, 4, 1, "how often", domain="range")] = 2,
    pool: Annotated[str, Choice("p", ("anchor", "batch"), "what is one group")] = "anchor",
    half: Annotated[bool, Flag("h", "half of it")] = False,
) -> Terms:
    """Sum the values of an anchor.

    This second paragraph is not part of the summary.
    """
    return Terms(c.value.sum(1) * scale * times, c.n_positive)


def test_loss_reads_its_description_from_its_signature():
    assert example_loss.key == "example_loss"
    assert example_loss.summary == "Sum the values of an anchor."
    assert example_loss.defaults == {"scale": 20.0, "times": 2, "pool": "anchor", "half": False}
    assert [p.kind for p in example_loss.parameters.values()] == ["number", "integer", "choice", "flag"]
    assert example_loss.parameters["scale"].symbol == "s"
    assert example_loss.parameters["scale"].help == "how sharp"
    assert example_loss.parameters["times"].corners == (1, 2, 4)
    assert example_loss.parameters["pool"].corners == ("anchor", "batch")
    assert [p.range_text() for p in example_loss.parameters.values()] == [
        "1 to 64 (log)",
        "1 to 4",
        "anchor, batch",
        "yes or no",
    ]
    assert example_loss.metric_of({}) == "similarity"


def test_check_fills_in_defaults_and_keeps_types():
    assert example_loss.check({}) == example_loss.defaults
    checked = example_loss.check({"times": 3.0, "scale": torch.tensor(4)})
    assert checked == {"scale": 4.0, "times": 3, "pool": "anchor", "half": False}
    assert type(checked["times"]) is int
    assert type(checked["scale"]) is float


@pytest.mark.parametrize(
    ("theta", "message"),
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
def test_check_rejects_invalid_parameters_with_a_readable_error(theta, message):
    with pytest.raises(ValueError, match=message):
        example_loss.check(theta)


def test_calling_a_loss_checks_its_parameters():
    c = Contrast.of_pairs(torch.ones(3), torch.zeros(3))
    assert example_loss(c, times=3).total.tolist() == [60.0] * 3
    with pytest.raises(ValueError, match="whole"):
        example_loss(c, times=1.5)


def test_loss_is_immutable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        example_loss.key = "other"
    with pytest.raises(TypeError):
        example_loss.parameters["new"] = None


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
    entry = LOSSES[key]
    assert entry.title
    assert entry.formula
    assert entry.summary.endswith(".")
    assert entry.metric in METRICS
    assert entry.metric_of(entry.defaults) in METRICS
    assert entry.paper.url.startswith("https://")
    assert 1980 < entry.paper.year < 2030
    assert (entry.boundary is None) == bool(entry.no_boundary)
    assert list(entry.parameters) == list(inspect.signature(entry.function).parameters)[1:]
    for p in entry.parameters.values():
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
    with pytest.raises(ValueError, match="no parameter 'pool'"):  # parameters of another loss are checked again
        LOSSES["circle_class"].check(theta)
