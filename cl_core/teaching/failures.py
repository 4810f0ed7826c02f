"""Reproducible training failures: settings with which a run goes wrong, the symptom, and the cure.

Each failure has two runs with the same initial weights and the same order of images, which differ only in what the cure
changes. Its symptom is a number that is available during any training, with a bound that the failing run crosses and
the cured one does not. The bounds were set from runs with seeds 0 to 4.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from math import exp
from types import MappingProxyType
from typing import Any

from cl_core import losses
from cl_core.pretrained.recordings import COLLAPSED
from cl_core.teaching.symptoms import (
    Symptom,
    knn_above_pixels,
    peak_loss_ratio,
    positive_share,
    recent_loss,
    recent_loss_ratio,
)
from cl_core.training import RunSpec


@dataclass(frozen=True, eq=False)
class Failure:
    """A way in which training goes wrong. All texts are shown on a page, as Markdown with LaTeX.

    Attributes:
        key: name in a link.
        title: title of its card.
        summary: one sentence for its card.
        watch: what to look at while the runs train; it completes the sentence "Watch ...".
        failing: settings of the run that fails.
        cured: settings of the run that does not.
        steps: number of steps after which the failure is visible.
        symptom: number by which it is recognised, of either run.
        why: what happens, and why.
        tell: description of the symptom.
        cure: what to do.
    """

    key: str
    title: str
    summary: str
    watch: str
    failing: RunSpec
    cured: RunSpec
    steps: int
    symptom: Symptom
    why: str
    tell: str
    cure: str

    def runs(self, seed: int) -> tuple[RunSpec, RunSpec]:
        """Return the settings of both runs with another seed.

        Args:
            seed: seed of both runs.

        Returns:
            The failing run and the cured run.
        """
        return replace(self.failing, seed=seed), replace(self.cured, seed=seed)

    @property
    def changes(self) -> Mapping[str, tuple[Any, Any]]:
        """Each setting that the cure changes: its values before and after; None if a run does not have the setting."""
        before, after = _settings(self.failing), _settings(self.cured)
        return {
            name: (before.get(name), after.get(name))
            for name in {**before, **after}
            if before.get(name) != after.get(name)
        }


def _settings(spec: RunSpec) -> dict[str, Any]:
    """Return all settings of a run by name, with the parameters of the loss among them."""
    return {field.name: getattr(spec, field.name) for field in fields(spec) if field.name != "theta"} | dict(spec.theta)


def _run(loss: str, theta: Mapping[str, Any], **other: Any) -> RunSpec:
    """Return the settings of a run by its loss's recipe, with the given ones changed."""
    return RunSpec(loss=loss, theta=theta, **(asdict(losses.get(loss).recipe) | other))


_MINED = {"margin": 1.0, "distance": "sqeuclidean"}
_PLAIN = {"distance": "euclidean", "mining": "all"}

_ALL = (
    Failure(
        key="hard_collapse",
        title="Hard mining collapses",
        summary="A triplet loss with hard negatives only pulls all digits into one point.",
        watch="the size of the cloud, and the value at which the loss stops.",
        failing=_run("triplet", {**_MINED, "mining": "hard"}),
        cured=_run("triplet", {**_MINED, "mining": "semihard"}),
        steps=40,
        symptom=Symptom("spread", lambda progress: progress.frames[-1].metrics.spread, "<", COLLAPSED, "collapsed",
                  since=5, form=".3f"),
        why="Early in training, the hardest negatives are nearer than the positive. The quickest way to reduce the "
            "loss of such triplets is to shorten all distances. Once all points coincide, the loss of every triplet is "
            "exactly the margin.",
        tell="The spread goes to 0, and the loss stays at the margin, its value if all points coincide. The kNN score "
             "hides this, because it depends only on the order of the distances, however small they are.",
        cure="Take semi-hard negatives: farther than the positive, but inside the margin. Nothing else is changed.",
    ),
    Failure(
        key="cold",
        title="Temperature too low",
        summary="At τ = 0.01 the loss is low even if the classes are barely apart.",
        watch="both losses, which are nearly equal, and the shares of easy triplets, which are not.",
        failing=_run("supcon", {"temperature": 0.01}),
        cured=_run("supcon", {"temperature": 0.1}),
        steps=100,
        symptom=Symptom("easy triplets", lambda progress: progress.frames[-1].metrics.easy, "<", 0.5,
                  "barely apart", since=40, form=".0%"),
        why="Similarities are divided by τ, so a difference of 0.05 counts as much as one of 0.5 does at τ = 0.1. "
            "Tiny differences are enough for a low loss. Only the nearest negatives have a force, and all embeddings "
            "stay in a narrow cone.",
        tell="kNN and the loss look as good as in the other run. But few triplets are easy at a margin of 0.2, and "
             "the spread stays small. The classes are so close together that noise or rounding can mix them up.",
        cure="Take a temperature of 0.05 to 0.5; here it is 0.1. A low loss says nothing about how far apart the "
             "classes are.",
    ),
    Failure(
        key="hot",
        title="Temperature too high",
        summary="At τ = 1 near and far negatives have nearly the same weight, and the network learns little.",
        watch="the kNN score against that of raw pixels, and how little the loss changes.",
        failing=_run("nt_xent", {"temperature": 1.0}),
        cured=_run("nt_xent", {"temperature": 0.1}),
        steps=110,
        symptom=Symptom("kNN against pixels", knn_above_pixels, "<", 0.0, "worse than pixels", since=110,
                  form="+.1%"),
        why="Similarities of unit vectors lie between −1 and 1, so at τ = 1 no negative has more than e² = 7.4 times "
            "the weight of another. The few near negatives, which matter, count little against the many far ones.",
        tell="The loss can hardly change: at best it falls from 4.84 to 3.84. After a hundred steps kNN is still below "
             "that of raw pixels. It exceeds it only much later.",
        cure="Take τ = 0.1. Then a negative at s = 0.5 has e⁵ = 148 times the weight of one at s = 0.",
    ),
    Failure(
        key="margin",
        title="A margin that cannot be met",
        summary="Unit vectors are at most 2 apart, and a margin of 2 demands more than that.",
        watch="the value at which the loss levels off: it is not 0.",
        failing=_run("triplet", {**_PLAIN, "margin": 2.0}),
        cured=_run("triplet", {**_PLAIN, "margin": 0.2}),
        steps=100,
        symptom=Symptom("loss / loss at collapse", recent_loss_ratio, ">", 0.25, "margin never met", since=60,
                  form=".0%"),
        why="With plain distances on the unit sphere $d_{an}$ is at most 2, so no triplet with $d_{ap}$ > 0 can "
            "ever be easy. Ten classes are at best 1.49 apart, so every triplet keeps a loss of 0.51. All triplets "
            "always have the same force, even those that are ranked correctly.",
        tell="The loss cannot fall below 25% of its value at collapse, however good the embedding is. The kNN score is "
             "worse than with a small margin.",
        cure="Take a margin that can be met: 0.2. Then triplets that meet it have no force, and all of the force acts "
             "on the others.",
    ),
    Failure(
        key="unbounded",
        title="N-pair without normalisation",
        summary="Inner products grow with the length of the embeddings, and nothing limits that length.",
        watch="the loss in the first ten steps.",
        failing=_run("npair", {}, rate=0.03),
        cured=_run("info_nce", {"temperature": 0.1}, rate=0.03),
        steps=100,
        symptom=Symptom("peak loss / loss at collapse", peak_loss_ratio, ">", 2.0, "diverged", form=",.0f"),
        why="Longer embeddings have larger inner products, which grow with both lengths. At a learning rate of 0.03 a "
            "few steps are enough: the loss reaches thousands of times its value at collapse, and the network does not "
            "recover from these steps.",
        tell="The loss jumps far above its value at collapse. Then it returns to about that value, and kNN stays below "
             "that of the untrained network.",
        cure="Normalise the embeddings to unit length, and add a temperature. That turns N-pair into InfoNCE, here "
             "with τ = 0.1, which trains well at the same rate. Raw inner products need a lower rate: at 0.001 they "
             "learn too.",
    ),
    Failure(
        key="flat",
        title="AM-softmax in 2-D",
        summary="A margin of 0.35 between ten classes, for which a circle has no room.",
        watch="how far the loss falls in each run.",
        failing=_run("am_softmax", {"margin": 0.35, "scale": 30.0}, dim=2),
        cured=_run("am_softmax", {"margin": 0.35, "scale": 30.0}, dim=16),
        steps=100,
        symptom=Symptom("loss", recent_loss, ">", 4.8, "no room", since=60),
        why="Ten directions on a circle are 36° apart, which allows a margin of 1 − cos 36° = 0.191. At 0.35 an image "
            "violates the margin even if its embedding points exactly along the weight of its class.",
        tell="The loss stays far above 5.47, its value if the classes are spread evenly and every image lies exactly "
             "on its class weight. The best arrangement that a search finds has 4.86. It looks like slow training, but "
             "more steps do not help.",
        cure="Take more dimensions, here 16, where a margin of up to 1.11 can be met. In two dimensions, take a margin "
             "below 0.19.",
    ),
    Failure(
        key="unscaled",
        title="Class weights without a scale",
        summary="Cosines lie between −1 and 1: too close together for a softmax to give any class a high probability.",
        watch="the loss against its lowest possible value, and then kNN, which looks normal.",
        failing=_run("normface", {"scale": 1.0}),
        cured=_run("normface", {"scale": 20.0}),
        steps=60,
        symptom=Symptom("probability of the correct class", lambda progress: exp(-recent_loss(progress)), "<", 0.26,
                  "too low", since=40),
        why="Even if ten classes are separated perfectly, the correct class gets a probability of only "
            "$e/(e+9e^{-1/9})$ = 25%. So the loss cannot fall below 1.38, and images that are already correct keep "
            "nearly the same force as the others. With a thousand classes the probability would be 0.3%.",
        tell="The loss stays just above 1.38, and the probability $e^{-loss}$ near a quarter. The embedding may still "
             "be good: look at kNN before you discard it.",
        cure="Multiply the cosines by a scale s = 1/τ before the softmax: 20 here, 30 or 64 in the papers.",
    ),
    Failure(
        key="fast",
        title="Learning rate too high",
        summary="At a learning rate of 0.1, Adam's first steps are so large that the network stops learning.",
        watch="the loss in the first ten steps, and the size of the cloud.",
        failing=_run("softmax", {}, rate=0.1),
        cured=_run("softmax", {}, rate=1e-3),
        steps=60,
        symptom=Symptom("peak loss / loss at collapse", peak_loss_ratio, ">", 2.0, "diverged", form=",.0f"),
        why="Adam's first steps change every weight by about the learning rate, whatever the gradient. 0.1 is more "
            "than any initial weight of the network. After a few such steps most units output 0, and nearly all images "
            "get the same embedding.",
        tell="Within three steps the loss is hundreds of times its value at collapse. It falls back to about that "
             "value and stays there, and kNN is little better than guessing.",
        cure="Take a hundredth of that rate, 0.001. If you are not sure, divide the rate by three until the loss falls "
             "in the first steps.",
    ),
    Failure(
        key="alone",
        title="A batch without positives",
        summary="In half of all batches of four random digits, no two digits are equal.",
        watch="how many steps change nothing, and whether the classes separate.",
        failing=_run("supcon", {}, batch=4),
        cured=_run("supcon", {}, batch=16, images_per_class=2),
        steps=100,
        symptom=Symptom("images with a positive", positive_share, "<", 0.5, "too few", since=20, form=".0%"),
        why="Four images of ten classes are all different with probability 0.9 · 0.8 · 0.7 = 50%. Such a batch has no "
            "positive pair, so it has no gradient. Most other batches have a single pair, so their gradients vary "
            "strongly.",
        tell="About 27% of the images have a positive in their batch. In half of the steps the loss is exactly 0, "
             "which looks like success, but such a step changes nothing. kNN falls below that of the untrained "
             "network.",
        cure="Draw batches by class: here 16 images, 2 of each of 8 classes. Then every image has a positive, no step "
             "is empty, and the loss falls. A batch of 4 drawn by class has 2 images of each of 2 classes: every image "
             "has a positive, but only two negatives. A batch of 128 random digits works as well.",
    ),
)  # fmt: skip
FAILURES: Mapping[str, Failure] = MappingProxyType({failure.key: failure for failure in _ALL})
