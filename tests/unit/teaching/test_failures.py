"""Each failure fails and each cure cures, on several seeds; and what their words say in numbers is so."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from cl_core import losses, training
from cl_core.teaching.failures import FAILURES, Failure
from cl_core.training import RunSpec, State, frames
from cl_core.training.frames import RunProgress
from cl_core.ui.pages import training_controls
from cl_core.ui.pages.failures import ICONS, link_to_run

SEEDS = range(3)
IMAGES = 500
EVERY = pytest.mark.parametrize("failure", FAILURES.values(), ids=list(FAILURES))


def look_at(state: State) -> RunProgress:
    """A run as a page sees it, with its newest frame alone."""
    lines = frames.references(state.spec, IMAGES)
    seen = () if state.failure else (frames.make_frame(state, IMAGES),)
    return RunProgress(
        state.spec, "paused", state.step, 0.0, 0.0, seen, state.losses, state.empty, lines, None, state.failure
    )


# kNN accuracy that the failing run stays below and the cured one comes above; the others' words say that it is no sign
KNN = {"hot": (0.83, 0.86), "margin": (0.88, 0.9), "unbounded": (0.6, 0.8), "flat": (0.8, 0.9), "fast": (0.4, 0.8),
       "alone": (0.68, 0.9)}  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("key", FAILURES)
def test_it_fails_as_its_sign_says_and_the_cure_cures(key, seed):
    failure = FAILURES[key]
    fails, cured = (look_at(training.advance(training.start(spec), steps=failure.steps)) for spec in failure.runs(seed))
    sign = failure.symptom
    assert sign.is_present(fails) is True, sign.value(fails)
    assert sign.is_present(cured) is False, sign.value(cured)
    assert cured.failure is None
    if key in KNN:  # what the words say of it beside the sign
        low, high = KNN[key]
        assert fails.frames[-1].metrics.knn < low
        assert cured.frames[-1].metrics.knn > high


@EVERY
def test_a_sign_says_nothing_too_early_and_everything_once_numbers_are_out_of_range(failure):
    sign = failure.symptom
    opened = look_at(training.start(failure.cured))
    assert sign.is_present(opened) is not True
    assert sign.since <= failure.steps
    nothing = replace(opened, frames=(), references=None)
    assert math.isnan(sign.value(nothing))
    assert sign.is_present(nothing) is None
    assert sign.value(replace(opened, failure="At step 3 ...")) == math.inf
    assert sign.format_value(math.inf) == "out of range"


@EVERY
def test_its_words_are_there(failure):
    for words in (failure.title, failure.summary, failure.watch, failure.why, failure.tell, failure.cure):
        assert len(words) > 10
    for words in (failure.summary, failure.watch, failure.why, failure.tell, failure.cure):
        assert words.endswith(".")
        assert "\N{EM DASH}" not in words
    assert failure.symptom.verdict
    assert failure.key in ICONS


@EVERY
def test_the_two_runs_can_race_and_differ_in_little(failure):
    assert 1 <= len(failure.changes) <= 4
    assert failure.failing != failure.cured
    for before, after in failure.changes.values():
        assert before != after
    for spec, seeded in zip((failure.failing, failure.cured), failure.runs(7), strict=True):
        assert seeded == replace(spec, seed=7)


@EVERY
@pytest.mark.parametrize("place", [0, 1])
def test_a_run_opens_on_the_training_page_as_it_is(failure, place):
    spec = failure.runs(3)[place]
    link = link_to_run(spec)
    read = {}
    for control in training_controls.controls_for_link(link):
        if control.name in link:
            assert control.error_in(link[control.name]) is None, control.name
            read[control.name] = control.parse(link[control.name])
    theta = {name: read.pop(name) for name in spec.theta}
    assert RunSpec(theta=theta, **{name: read[name] for name in read if name != "points"}) == spec


def ends(failure: Failure) -> tuple[float, float]:
    lines = frames.references(failure.failing, IMAGES)
    return lines.collapse, lines.floor


def test_the_numbers_of_high_temperature():
    assert np.round(ends(FAILURES["hot"]), 2).tolist() == [4.84, 3.84]
    assert np.round([math.exp(2), math.exp(5)], 1).tolist() == [7.4, 148.4]


def test_the_numbers_of_a_margin_that_cannot_be_met():
    apart = math.sqrt(2 * 10 / 9)  # corners of a simplex of ten
    collapse, floor = ends(FAILURES["margin"])
    assert (round(apart, 2), collapse) == (1.49, 2.0)
    assert floor == pytest.approx(2 - apart)
    assert floor / collapse > FAILURES["margin"].symptom.bound  # however good the embedding is


def test_the_numbers_of_weights_without_scale():
    collapse, floor = ends(FAILURES["unscaled"])
    assert (round(collapse, 2), round(floor, 2)) == (2.3, 1.38)
    assert math.exp(-floor) == pytest.approx(math.e / (math.e + 9 * math.exp(-1 / 9)))
    assert math.exp(-floor) < FAILURES["unscaled"].symptom.bound
    thousand = losses.floor_value("normface", {"scale": 1.0}, torch.arange(1000), 1000)
    assert round(100 * math.exp(-thousand), 1) == 0.3


def test_a_circle_has_no_room_for_the_margin():
    """From the even arrangement downhill: what is left is well above what sixteen dimensions come to."""
    weights = torch.arange(10, dtype=torch.float64) * (2 * math.pi / 10)
    images = weights.clone().requires_grad_()
    weights.requires_grad_()

    def left() -> torch.Tensor:
        cosines = torch.cos(images[:, None] - weights[None, :])
        return cross_entropy(30 * (cosines - 0.35 * torch.eye(10)), torch.arange(10))

    assert round(left().item(), 2) == 5.47
    optimiser = torch.optim.Adam([images, weights], lr=0.02)
    for _ in range(1000):
        optimiser.zero_grad()
        left().backward()
        optimiser.step()
    assert left().item() > FAILURES["flat"].symptom.bound
    assert round(1 - math.cos(2 * math.pi / 10), 3) == 0.191
