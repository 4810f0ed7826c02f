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
        summary="A triplet loss that takes hard negatives only pulls all digits into one point.",
        watch="the size of the cloud, and where the loss comes to rest.",
        failing=_run("triplet", {**_MINED, "mining": "hard"}),
        cured=_run("triplet", {**_MINED, "mining": "semihard"}),
        steps=40,
        symptom=Symptom("spread", lambda progress: progress.frames[-1].metrics.spread, "<", COLLAPSED, "collapsed",
                  since=5, form=".3f"),
        why="Early on, the hardest negatives are nearer than the positive. The quickest way to make such triplets "
            "cheaper is to shorten all distances. Once everything is one point, every triplet costs exactly the "
            "margin.",
        tell="The spread goes to 0 and the loss sticks at the margin, the line of coinciding points. kNN hides "
             "it, since it looks at the order of distances alone, however small they are.",
        cure="Semi-hard negatives: farther than the positive, but inside the margin. Nothing else is changed.",
    ),
    Failure(
        key="cold",
        title="Temperature too low",
        summary="At τ = 0.01 the loss is low even for classes that are barely apart.",
        watch="both losses, which are nearly the same, and the share of easy triplets, which is not.",
        failing=_run("supcon", {"temperature": 0.01}),
        cured=_run("supcon", {"temperature": 0.1}),
        steps=100,
        symptom=Symptom("easy triplets", lambda progress: progress.frames[-1].metrics.easy, "<", 0.5,
                  "barely apart", since=40, form=".0%"),
        why="Similarities are divided by τ, so a lead of 0.05 counts for as much as one of 0.5 does at τ = 0.1. "
            "The loss is met by tiny differences, only the nearest negatives feel anything, and the embedding "
            "stays in a narrow cone.",
        tell="kNN and the loss look as good as in the other run. But few triplets are easy at a margin of 0.2, and "
             "the spread stays small: between the classes there is no room for a threshold, noise or rounding.",
        cure="A temperature of 0.05 to 0.5; here 0.1. A loss that is met says nothing about how far apart the "
             "classes are.",
    ),
    Failure(
        key="hot",
        title="Temperature too high",
        summary="At τ = 1 all negatives weigh alike, near or far, and little is learnt from them.",
        watch="kNN against that of raw pixels, and how little the loss moves.",
        failing=_run("nt_xent", {"temperature": 1.0}),
        cured=_run("nt_xent", {"temperature": 0.1}),
        steps=110,
        symptom=Symptom("kNN against pixels", knn_above_pixels, "<", 0.0, "worse than pixels", since=110,
                  form="+.1%"),
        why="On unit vectors similarities lie between −1 and 1, so at τ = 1 no negative weighs more than e² = "
            "7.4 times another. The near ones, which are to be told apart, drown among the many far ones.",
        tell="The loss has no room: it can fall from 4.84 to 3.84 at best. After a hundred steps kNN is still "
             "below that of raw pixels. It gets there, much later.",
        cure="τ = 0.1. Then a negative at s = 0.5 weighs e⁵ = 148 times one at s = 0.",
    ),
    Failure(
        key="margin",
        title="A margin that cannot be met",
        summary="Unit vectors are at most 2 apart, and a margin of 2 asks for more than that.",
        watch="where the loss levels off: its floor is not 0.",
        failing=_run("triplet", {**_PLAIN, "margin": 2.0}),
        cured=_run("triplet", {**_PLAIN, "margin": 0.2}),
        steps=100,
        symptom=Symptom("loss, of collapse", recent_loss_ratio, ">", 0.25, "never met", since=60, form=".0%"),
        why="With plain distances on the unit sphere $d_{an}$ is 2 at most, so no triplet with $d_{ap}$ > 0 can "
            "ever be easy. Ten classes at their best are 1.49 apart, which leaves 0.51 of every triplet's loss. All "
            "triplets pull alike for ever, those that are fine too.",
        tell="The loss cannot come below 25% of its value at collapse however good the embedding is, and "
             "neighbours come out worse than with a small margin.",
        cure="A margin that leaves room: 0.2. Triplets that are fine then fall silent, and those that are not get "
             "the force.",
    ),
    Failure(
        key="unbounded",
        title="N-pair without normalisation",
        summary="Inner products grow with the length of embeddings, and nothing holds the length.",
        watch="the loss in its first ten steps.",
        failing=_run("npair", {}, rate=0.03),
        cured=_run("info_nce", {"temperature": 0.1}, rate=0.03),
        steps=100,
        symptom=Symptom("peak loss, of collapse", peak_loss_ratio, ">", 2.0, "out of bounds", form=",.0f"),
        why="Longer embeddings make larger products, and a product grows with both lengths. At a rate of 0.03 a "
            "few steps are enough: the loss is at thousands of times its value at collapse, and the net does "
            "not recover from what that does to it.",
        tell="The loss shoots far above its value at collapse, which is what a net has that does nothing. It "
             "then comes back to about that value, and kNN stays below that of the untrained net.",
        cure="Unit length, and a temperature to make up for it. That turns N-pair into InfoNCE, here with τ = 0.1; "
             "the same steps do it no harm. Raw products need smaller steps: at 0.001 they learn too.",
    ),
    Failure(
        key="flat",
        title="AM-softmax in 2-D",
        summary="A margin of 0.35 between ten classes, which a circle has no room for.",
        watch="how far the same loss comes down.",
        failing=_run("am_softmax", {"margin": 0.35, "scale": 30.0}, dim=2),
        cured=_run("am_softmax", {"margin": 0.35, "scale": 30.0}, dim=16),
        steps=100,
        symptom=Symptom("loss", recent_loss, ">", 4.8, "no room", since=60),
        why="Ten directions on a circle are 36° apart, which allows a margin of 1 − cos 36° = 0.191. At 0.35 "
            "every image loses against a neighbouring class even where it stands exactly at its own.",
        tell="The loss stays far above 5.47, which is left when the classes are spread evenly and every image "
             "stands at its own; the best arrangement that a search finds leaves 4.86. It looks like slow "
             "training, but patience does not help.",
        cure="More dimensions, here 16, where up to 1.11 could be met. In two, take a margin below 0.19.",
    ),
    Failure(
        key="unscaled",
        title="Class weights without a scale",
        summary="Cosines lie between −1 and 1, too close together for a softmax to be sure of anything.",
        watch="the loss against its floor; then kNN, which sees nothing wrong.",
        failing=_run("normface", {"scale": 1.0}),
        cured=_run("normface", {"scale": 20.0}),
        steps=60,
        symptom=Symptom("probability of the own class", lambda progress: exp(-recent_loss(progress)), "<", 0.26,
                  "never sure", since=40),
        why="Even of ten perfect classes the own one gets $e/(e+9e^{-1/9})$ = 25% only. So the loss "
            "ends at 1.38 and never rests: images that are long right pull nearly as hard as others. With a "
            "thousand classes it would be 0.3%.",
        tell="The loss sticks just above 1.38 and the probability $e^{-loss}$ at a quarter. The embedding may "
             "be good all the same: look at kNN before you throw it away.",
        cure="A scale s = 1/τ before the softmax: 20 here, 30 or 64 in the papers.",
    ),
    Failure(
        key="fast",
        title="Learning rate too high",
        summary="At a rate of 0.1 Adam leaps, and lands where nothing moves any more.",
        watch="the first ten steps of the loss, and what is left of the cloud.",
        failing=_run("softmax", {}, rate=0.1),
        cured=_run("softmax", {}, rate=1e-3),
        steps=60,
        symptom=Symptom("peak loss, of collapse", peak_loss_ratio, ">", 2.0, "diverged", form=",.0f"),
        why="Adam's first steps move every weight by about the rate, whatever the gradient; 0.1 is more than any "
            "weight of the net is to begin with. After a few leaps most of its units are silent, and nearly all "
            "images come out alike.",
        tell="Within three steps the loss is at hundreds of times its value at collapse. It falls back to about "
             "that value and stays there, with a kNN not far from guessing.",
        cure="A hundredth of it, 0.001. When in doubt take a third until the first steps fall.",
    ),
    Failure(
        key="alone",
        title="A batch without positives",
        summary="Of four random digits, half of the time no two are alike.",
        watch="how many steps change nothing, and what becomes of the picture.",
        failing=_run("supcon", {}, batch=4),
        cured=_run("supcon", {}, batch=16, images_per_class=2),
        steps=100,
        symptom=Symptom("images with a positive", positive_share, "<", 0.5, "too few to pull", since=20, form=".0%"),
        why="Four images of ten classes are all different with probability 0.9 · 0.8 · 0.7 = 50%. Such a batch "
            "has no positive pair and teaches nothing; most others have a single pair, and a different tale "
            "each time.",
        tell="About 27% of the images have a positive in their batch. Half of the steps are empty and the loss is "
             "exactly 0 there, which is easily taken for success. kNN falls below that of the untrained net.",
        cure="Batches drawn by class: here 16 images, 2 of each of 8 classes, so that every image has a positive, no "
             "step is empty, and the loss falls. A batch of 4 drawn by class has 2 of each of 2 classes: every image "
             "has its positive, but only two negatives. A batch of 128 random digits works as well.",
    ),
)  # fmt: skip
FAILURES: Mapping[str, Failure] = MappingProxyType({failure.key: failure for failure in _ALL})
