"""The answers of the shipped lessons are right: each one, and each number in its explanation, is computed."""

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch

from cl_core.analysis import gradients
from cl_core.analysis.estimates import CLOSE, NO, YES
from cl_core.analysis.point_scene import point_scene
from cl_core.experiments.sweeps import claims
from cl_core.losses import LOSSES, collapse_value, module
from cl_core.losses.contrast import Contrast
from cl_core.pretrained import embeddings, recordings
from cl_core.teaching import lessons
from cl_core.training import RunSpec, advance, frames, start
from cl_core.ui.pages import batch
from cl_core.ui.pages.retrieval import three_points
from cl_core.ui.pages.start_cards import LOSS_CARDS

AVAILABLE = {path.stem: lessons.parse(path.stem, path.read_text()) for path in sorted(lessons.FOLDER.glob("*.toml"))}
QUESTIONS = {
    (key, i): step.question
    for key, lesson in AVAILABLE.items()
    for i, step in enumerate(lesson.steps, 1)
    if step.question is not None and step.question.right is not None
}
ANSWERS: dict[tuple[str, int], Callable[..., Any]] = {}  # (lesson, step) -> function that computes the right answer


def answers(lesson, step):
    """Note that a function computes the answer to a step's question: a part of the right choice, or a place."""

    def note(compute):
        ANSWERS[lesson, step] = compute
        return compute

    return note


def values(*x):
    return torch.tensor(x, dtype=torch.float64)


def frozen_batch(key, **theta):
    """Return the forces of a loss on the batch that its page shows first."""
    start = batch._load_start(embeddings.load("supcon", "half-trained"), batch.IMAGES.default, batch.DRAW.default)
    return gradients.batch_forces(LOSSES[key], LOSSES[key].check(theta), start.batch)


def test_cards_of_the_frozen_batch_say_what_it_shows():
    counts = [
        frozen_batch(key, **theta).negatives for key, theta in (("npair", {}), ("triplet", {"mining": "batch_hard"}))
    ]
    assert f"from {counts[0]:.0f} others at once" in LOSS_CARDS["fan"].text
    assert counts[1] == 1
    easy = [frozen_batch(key).shares["easy"] for key in ("am_softmax", "circle")]
    assert (
        f"carry {easy[0]:.0%} of the gradient under AM-softmax, and {easy[1]:.0%} under circle"
        in LOSS_CARDS["easy"].text
    )


@answers("fifty-minutes", 4)
def shape_of_the_boundary_of_circle_loss(text):
    margin = 0.25
    angle = torch.linspace(-math.pi / 4, math.pi / 2, 20, dtype=torch.float64)  # from s_n = -m to s_p = 1
    radius = math.sqrt(2) * margin
    on_arc = Contrast.of_pairs(1 - radius * angle.cos(), radius * angle.sin())
    assert torch.allclose(LOSSES["circle"](on_arc, margin=margin).total, values(math.log(2)))
    square = torch.cartesian_prod(*[torch.linspace(-1, 1, 41, dtype=torch.float64)] * 2)
    lowest = LOSSES["circle"](Contrast.of_pairs(square[:, 1], square[:, 0]), margin=margin).total.argmin()
    assert square[lowest].tolist() == pytest.approx([0, 1], abs=1e-9)
    assert "of radius $\\sqrt2\\,m$ around $s_n=0$, $s_p=1$, where the value is lowest" in text
    return "arc"


@answers("fifty-minutes", 5)
def place_where_circle_loss_crosses_s_n_0(text):
    s_p = torch.linspace(-1, 1, 20001, dtype=torch.float64)
    losses = {
        scale: LOSSES["circle"](Contrast.of_pairs(s_p, 0 * s_p), margin=0.25, scale=scale).total
        for scale in (8.0, 512.0)
    }
    crossings = [round(s_p[loss <= math.log(2)][0].item(), 3) for loss in losses.values()]
    assert crossings[0] == crossings[1]  # the scale does not move it
    assert f"s_p=1-\\sqrt2\\,m={crossings[0]}$" in text
    return 0.0, crossings[0]


@answers("fifty-minutes", 6)
def weight_of_a_near_negative(text):
    ratios = []
    for temperature in (0.07, 0.5):
        s_n = values([0.5, 0.3]).requires_grad_()
        loss = LOSSES["supcon"](Contrast.of_pairs(values(0.8), s_n), temperature=temperature).total.sum()
        push = torch.autograd.grad(loss, s_n)[0][0]
        ratios.append((push[0] / push[1]).item())
    assert f"{ratios[0]:.1f}" in text
    assert f"only {ratios[1]:.1f}" in text
    return f"About {ratios[0]:.0f} times"


@answers("fifty-minutes", 7)
def why_easy_pairs_carry_less_under_circle_loss(text):
    shares = {key: frozen_batch(key).shares["easy"] for key in ("am_softmax", "circle")}
    assert f"it is {shares['circle']:.0%} against {shares['am_softmax']:.0%}" in text
    # one pair a side: the slopes are as the distances from the optima, whatever the loss
    margin, s_p, s_n = LOSSES["circle"].defaults["margin"], values(0.9).requires_grad_(), values(0.4).requires_grad_()
    slopes = torch.autograd.grad(LOSSES["circle"](Contrast.of_pairs(s_p, s_n)).total.sum(), [s_p, s_n])
    assert float(-slopes[0] / slopes[1]) == pytest.approx((1 + margin - 0.9) / (0.4 + margin))
    return "distance from its optimum"


@answers("fifty-minutes", 8)
def step_of_the_collapse(text):
    run = recordings.load("hard")
    assert run.spec == RunSpec(loss="triplet", theta={"mining": "hard", "margin": 1.0}, batch=128)
    assert run.collapsed < int(re.search(r"first (\d+) steps", text)[1])
    return "Before step 30" if run.collapsed < 30 else None


@answers("fifty-minutes", 10)
def winner_of_the_race(text):
    thetas = {"A": {"mining": "hard", "margin": 1.0}, "B": {"mining": "semihard", "margin": 1.0}, "C": None}
    scores = {}
    for letter, theta in thetas.items():
        spec = RunSpec(loss="triplet" if theta else "supcon", theta=theta or {}, batch=128)
        metrics = frames.make_frame(advance(start(spec), steps=50), 500).metrics  # images of a race
        scores[letter] = metrics.knn
        assert (metrics.spread < recordings.COLLAPSED) == (letter == "A")
    assert sorted(scores, key=scores.get) == ["A", "B", "C"]  # C leads, and B is second
    assert scores["B"] - scores["A"] < 0.05  # not far behind
    return "C: "


@answers("fifty-minutes", 11)
def cause_of_a_loss_at_its_margin(text):
    y = torch.arange(40) % 4
    for margin in (0.2, 1.0):
        assert math.isclose(collapse_value("triplet", {"margin": margin, "mining": "all"}, y), margin)
    z = torch.ones(40, 3, dtype=torch.float64, requires_grad=True)
    pull = torch.autograd.grad(module("triplet", mining="all")(z, y), z)[0]
    assert pull.abs().max() == 0  # neither positives nor negatives pull
    rate, steps = float(re.search(r"at (0\.\d+)", text)[1]), int(re.search(r"about (\d+) steps", text)[1])
    for mining, collapses in (("hard", True), ("semihard", False)):
        spec = RunSpec(loss="triplet", theta={"mining": mining, "margin": 1.0}, batch=128, rate=rate)
        spread = frames.make_frame(advance(start(spec), steps=steps), 500).metrics.spread
        assert (spread < recordings.COLLAPSED) == collapses
    return "one point"


@answers("ten-minutes-alone", 2)
def place_where_the_triplet_loss_crosses_s_n_0(text):
    s_p = torch.linspace(-1, 1, 20001, dtype=torch.float64)
    loss = LOSSES["triplet"](Contrast.of_pairs(2 - 2 * s_p, 2 + 0 * s_p), margin=0.4, mining="all").total  # d² = 2 - 2s
    crossing = round(s_p[loss <= 1e-9][0].item(), 3)
    assert f"{crossing:g} and not 0.4" in text
    return 0.0, crossing


@answers("ten-minutes-alone", 3)
def value_where_hard_mining_ends(text):
    run = recordings.load("hard")
    assert abs(run.losses[-20:] - 1).max() < 1e-3
    return "1, its margin"


@answers("softmax-to-circle", 7)
def centre_of_the_general_circle(text):
    square = torch.cartesian_prod(*[torch.linspace(-1, 1, 41, dtype=torch.float64)] * 2)
    settings = {"optimum_p": 1.25, "optimum_n": -0.25, "margin_p": 0.75, "margin_n": 0.25, "pacing": 1.0}
    lowest = LOSSES["circle_general"](Contrast.of_pairs(square[:, 1], square[:, 0]), **settings).total.argmin()
    s_n, s_p = (round(x, 9) + 0.0 for x in square[lowest].tolist())
    assert f"/2={s_n:g}$ and" in text
    assert f"/2={s_p:g}$." in text
    return f"({s_n:g}, {s_p:g})"


@answers("softmax-to-circle", 8)
def gain_of_a_tuned_temperature_ratio(text):
    few, *_ = claims.xi_helps_with_few_images().evidence.to_dict("records")
    assert "images 50:" in few["comparison"]
    assert "smaller than" in text
    return {YES: "Yes", CLOSE: "No difference", NO: "worse"}[few["answer"]]


@answers("softmax-to-circle", 9)
def correct_classes_and_wrong_neighbours(text):
    preset = three_points.PRESETS["three points"]
    facts = point_scene(preset.points, preset.labels, preset.weights, 0.0, "cosine")
    n = len(preset.points)
    assert facts.classified.all()
    assert len(set(preset.labels)) == 2
    assert f"{n} of {n} are classified correctly, {facts.retrieved.sum()} of {n} retrieved" in text
    return "Not necessarily"


def test_every_answer_is_computed():
    assert ANSWERS.keys() == QUESTIONS.keys()


@pytest.mark.slow  # two of them train
@pytest.mark.parametrize(("lesson", "step"), QUESTIONS)
def test_answer_of_lesson_is_right(lesson, step):
    question = QUESTIONS[lesson, step]
    computed = ANSWERS[lesson, step](question.answer)
    if isinstance(computed, str):
        assert [computed in choice for choice in question.choices].index(True) == question.right
    else:
        assert question.right == pytest.approx(computed, abs=1e-3)
