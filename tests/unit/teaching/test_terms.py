"""Terms of the glossary: every number in a text is computed, and every claim on the way to it."""

import math
import re
from collections.abc import Callable

import pytest
import torch

from cl_core.analysis import metrics
from cl_core.analysis.pairs import pair_similarities, violates_boundary
from cl_core.losses import LOSSES, collapse_value, floor_value, module
from cl_core.losses.contrast import Contrast
from cl_core.pretrained import embeddings, recordings
from cl_core.teaching.failures import FAILURES
from cl_core.teaching.terms import TERMS

COMPUTED: dict[str, Callable[[], list[str]]] = {}  # key of a term -> function that computes all numbers of its text
LABELS = torch.arange(256) % 10


def numbers_of(key):
    """Note that a function computes the numbers of a term's text, in their order (decorator)."""

    def note(compute):
        COMPUTED[key] = compute
        return compute

    return note


def numbers_in(text):
    return re.findall(r"\d+(?:\.\d+)?", text)


def pair(x):
    return torch.tensor([x], dtype=torch.float64)


@numbers_of("collapse")
def collapse():
    one_negative = module("info_nce")(torch.ones(3, 2), torch.tensor([0, 0, 1]))
    assert math.isclose(collapse_value("triplet", {"mining": "hard", "margin": 0.7}, LABELS), 0.7)
    supcon = collapse_value("supcon", {}, LABELS)
    return [
        f"{math.exp(supcon):.0f}",
        f"{supcon:.2f}",
        "256",
        f"{math.exp(one_negative):.0f}",
        f"{one_negative:.3f}",
        "0",
    ]


@numbers_of("stuck")
def stuck():
    run = recordings.load("hard")
    later = run.losses[run.steps >= run.collapsed]
    assert abs(later / run.spec.theta["margin"] - 1).max() < 0.001
    return [f"{run.collapsed}", f"{run.spec.theta['margin']:.2f}"]


@numbers_of("gamma")
def gamma():
    values = [collapse_value("circle", {"scale": scale}, LABELS) for scale in (8.0, 32.0, 256.0, 512.0)]
    assert values == sorted(values)
    # multiplying all logits: without its logarithm of the number of pairs, the value is proportional
    pairs = module("circle", scale=1e-9)(torch.ones(256, 2, dtype=torch.float64), LABELS)
    logits = [math.log(math.expm1(values[i])) if values[i] < 30 else values[i] for i in range(4)]
    offset = math.log(math.expm1(pairs))
    assert math.isclose((logits[3] - offset) / (logits[1] - offset), 512 / 32, rel_tol=1e-3)
    x = torch.linspace(-1, 1, 50, dtype=torch.float64)
    sides = [LOSSES["circle"](Contrast.of_pairs(x, x.flip(0)), scale=s).total > math.log(2) for s in (32.0, 256.0)]
    assert torch.equal(*sides)  # the boundary does not depend on it
    return ["256", f"{values[1]:.1f}", "32", f"{values[2]:.1f}", "256"]


@numbers_of("accuracy")
def accuracy():
    assert LOSSES["am_softmax"].defaults["margin"] == 0.35
    shares = []
    for stage in embeddings.STAGES:
        e = embeddings.load("am_softmax", stage)
        points = pair_similarities(e.z, e.y, e.weight)
        by_margin = 1 - violates_boundary(LOSSES["am_softmax"], {}, points).mean()
        cosines = (
            torch.nn.functional.normalize(torch.tensor(e.z)) @ torch.nn.functional.normalize(torch.tensor(e.weight)).T
        )
        by_cosine = (cosines.argmax(1) == torch.tensor(e.y)).double().mean()
        handicapped = cosines - 0.35 * torch.nn.functional.one_hot(torch.tensor(e.y), 10)
        assert math.isclose((handicapped.argmax(1) == torch.tensor(e.y)).double().mean(), by_margin, abs_tol=1e-9)
        shares += [f"{100 * by_margin:.1f}", f"{100 * by_cosine:.1f}"]
    return ["0.35", *shares]


@numbers_of("knn")
def knn():
    run = recordings.load("hard")
    assert run.spread[-1] < recordings.COLLAPSED
    z, y = torch.randn(60, 4, generator=torch.Generator().manual_seed(0)), torch.arange(60) % 3
    assert metrics.neighbour_scores(z, y) == metrics.neighbour_scores(1e-3 * z, y)  # whatever the size
    return [f"{metrics.NEIGHBOURS}", f"{100 * run.knn[-1]:.1f}"]


@numbers_of("floor")
def floor():
    return ["0", "256", "0.1", f"{floor_value('supcon', {'temperature': 0.1}, LABELS):.2f}"]


@numbers_of("spread")
def spread():
    u = torch.nn.functional.normalize(torch.randn(500, 8, generator=torch.Generator().manual_seed(0)))
    spreads = [x.var(dim=0, correction=0).sum().sqrt().item() for x in (u, torch.cat([u, -u]), u[:1].repeat(9, 1))]
    assert 0.9 < spreads[0] <= spreads[1]
    return [f"{spreads[1]:.0f}", f"{spreads[2]:.0f}", f"{recordings.COLLAPSED:g}"]


@numbers_of("margin")
def margin():
    asked = []
    for key, theta in (("triplet", {"distance": "sqeuclidean"}), ("am_softmax", {})):
        loss, s_p = LOSSES[key], torch.linspace(-1, 1, 2001, dtype=torch.float64)
        x_p, x_n = (2 - 2 * s if key == "triplet" else s for s in (s_p, 0 * s_p))
        asked.append(s_p[loss.boundary(x_p, x_n, **{**loss.defaults, **theta, "margin": 0.4}) <= 1e-9][0])
    return ["0.4", "0", f"{asked[0]:.2f}", f"{asked[1]:.2f}"]


@numbers_of("temperature")
def temperature():
    found = []
    for tau in (0.07, 0.5):
        s_n = torch.tensor([[0.5, 0.3]], dtype=torch.float64, requires_grad=True)
        loss = LOSSES["supcon"](Contrast.of_pairs(pair(0.9), s_n), temperature=tau).total.sum()
        push = torch.autograd.grad(loss, s_n)[0][0]
        found += [f"{tau:g}", f"{push[0] / push[1]:.1f}"]
    return [found[0], "0.5", found[1], "0.3", found[2], found[3]]


@numbers_of("scale")
def scale():
    at_best = math.exp(-floor_value("normface", {"scale": 1.0}, LABELS))
    return ["1", "20", f"{1 / 20:g}", "1", f"{100 * at_best:.0f}"]


@numbers_of("boundary")
def boundary():
    found = {key: float(LOSSES[key](Contrast.of_pairs(pair(0.3), pair(0.3))).total) for key in ("info_nce", "softmax")}
    assert all(math.isclose(value, LOSSES[key].level) for key, value in found.items())
    below = LOSSES["info_nce"](Contrast.of_pairs(pair(0.4), pair(0.3))).total
    assert below < found["info_nce"]
    assert LOSSES["triplet"].level == 0
    return [f"{math.exp(found['info_nce']):.0f}", f"{found['info_nce']:.3f}"]


@numbers_of("cosine")
def cosine():
    u = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], dtype=torch.float64)
    distances = (u - u[0]).norm(dim=1)
    assert torch.allclose(distances**2, 2 - 2 * u @ u[0])
    s = [f"{abs(value):.0f}" for value in u @ u[0]]
    return ["1", "2", "2", "2", *s, f"{distances[0]:.0f}", f"{distances[1]:.2f}", f"{distances[2]:.0f}"]


@numbers_of("batch")
def batch():
    found = []
    for rows in (32, 256):
        value = collapse_value("supcon", {}, torch.arange(rows) % 10)
        found += [f"{math.exp(value):.0f}", f"{value:.2f}", f"{rows}"]
    return found


@numbers_of("anchor")
def anchor():
    f = module("supcon")
    assert f(torch.eye(4), torch.arange(4)) == 0
    assert f.n_terms == 0
    return []


@numbers_of("divergence")
def divergence():
    failure = FAILURES["unbounded"]
    assert not failure.failing.unit_norm
    assert failure.cured.unit_norm
    return []


@numbers_of("rate")
def rate():
    failure = FAILURES["fast"]
    return [f"{failure.failing.rate:g}", f"{failure.cured.rate:g}"]


@numbers_of("kinds")
def kinds():
    return []  # the definitions are those of the miners, which have their own tests


@numbers_of("embedding")
def embedding():
    return ["2", "3"]  # the two views of the training page


@pytest.mark.parametrize("key", TERMS)
def test_every_number_of_a_term_is_computed(key):
    assert key in COMPUTED
    assert numbers_in(TERMS[key].text) == COMPUTED[key]()


def test_no_numbers_are_computed_of_a_term_that_is_gone():
    assert COMPUTED.keys() == TERMS.keys()


@pytest.mark.parametrize("key", TERMS)
def test_term_is_short_and_leads_to_a_picture(key):
    term = TERMS[key]
    assert term.key == key
    assert key not in LOSSES  # both share one search
    assert 20 < len(term.text.split()) < 95
    assert term.pictures
    assert all(picture.link and 0 < len(picture.label) <= 27 for picture in term.pictures)  # fits into a card
    assert len({word.casefold() for word in term.words}) == len(term.words)
