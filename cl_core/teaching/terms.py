"""Words of the field and of this app, each with the picture that shows what it means.

Every number in a text is computed in tests/unit/teaching/test_terms.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Picture:
    """A page of the app that shows a term.

    Attributes:
        label: What to look at there; text of the link.
        page: Name of the page, as in the URL.
        link: Settings of the page by name.
    """

    label: str
    page: str
    link: Mapping[str, str]


@dataclass(frozen=True)
class Term:
    """A term, its meaning, and where to see it.

    Attributes:
        key: Unique name.
        title: The term itself.
        words: Other words for it that people search for.
        text: Its meaning; Markdown.
        pictures: Where to see it, the best one first.
    """

    key: str
    title: str
    words: tuple[str, ...]
    text: str
    pictures: tuple[Picture, ...]


_HARD_RUN = Picture("A run that collapses", "triplets", {"part": "over a run", "film": "hard"})

_ALL = (
    Term(
        "collapse", "Collapse",
        ("collapse value", "total collapse", "collapsed", "one point", "same output", "constant output",
         "identical embeddings", "representation collapse", "0.693", "5.54"),
        "All embeddings become one point. Every loss has a certain value then, which the loss chart marks as *all "
        "points coincide*: the margin for a triplet loss, ln 255 = 5.54 for SupCon with 256 rows, ln 2 = 0.693 for "
        "InfoNCE with one negative. If the loss stays on that line, the network does not separate anything, and the "
        "*spread* is near 0.",
        (_HARD_RUN,
         Picture("The same, live", "training", {"loss": "triplet", "mining": "hard", "margin": "1.0"})),
    ),
    Term(
        "stuck", "Stuck",
        ("plateau", "stalled", "flat loss", "constant loss", "not decreasing", "does not decrease", "not converging",
         "not learning", "does not learn", "no progress", "stays at its margin", "loss does not go down"),
        "A loss is stuck if it does not change although training goes on. Its value shows why. On the line *all points "
        "coincide* the embeddings have collapsed, as in this run: from step 14 on its loss is its margin, 1.00. At the "
        "lowest possible value there is nothing left to learn. In between, the margin may be one that cannot be met, "
        "or the scale too small. In the triplet picture a *point* is stuck if it has a loss, but no gradient.",
        (_HARD_RUN,
         Picture("Stuck, and cured", "break_it", {"failure": "hard_collapse"})),
    ),
    Term(
        "gamma", "γ, the scale of circle loss",
        ("gamma", "γ", "\\gamma", "circle scale", "large loss", "huge loss", "loss too large", "loss in the hundreds"),
        "Circle loss grows with γ, which multiplies all its logits. If all points coincide, 256 rows of ten classes "
        "have a loss of 36.6 at γ = 32 and of 232.6 at γ = 256. So a large loss does not mean a bad embedding, and "
        "losses at different γ cannot be compared. The boundary does not depend on γ.",
        (Picture("Collapsed at γ = 256", "training", {"loss": "circle", "scale": "256.0", "batch": "256"}),
         Picture("Two γ, one boundary", "boundaries",
                 {"two": "true", "loss": "circle", "margin": "0.25", "scale": "32.0", "loss_2": "circle",
                  "margin_2": "0.25", "scale_2": "256.0"})),
    ),
    Term(
        "accuracy", "Accuracy",
        ("train accuracy", "training accuracy", "low accuracy", "accuracy low at first", "zero accuracy",
         "accuracy 0", "below chance", "logits", "margin logits", "classification accuracy"),
        "The training pages compute accuracy from neighbours (kNN), not from logits. If you compute it from the logits "
        "of a loss with a margin, it is low at first, because the margin lowers only the logit of the correct class. "
        "For AM-softmax (m = 0.35) this gives 0.0% untrained, while the plain cosines give 8.7%; half-trained 54.7% "
        "against 87.3%; trained 94.7% against 97.3%. This is not an error: compute accuracy without the margin.",
        (Picture("Untrained: none meets it", "boundaries",
                  {"loss": "am_softmax", "margin": "0.35", "pairs": "untrained"}),
         Picture("Trained: most meet it", "boundaries", {"loss": "am_softmax", "margin": "0.35", "pairs": "trained"})),
    ),
    Term(
        "knn", "kNN accuracy",
        ("knn", "k nearest neighbours", "nearest neighbour", "nearest neighbor", "neighbours", "neighbors", "recall",
         "retrieval", "score"),
        "The share of images whose class is the majority among their 5 nearest neighbours. It depends on the order of "
        "the distances and not on their size, so it can hide a collapse: the collapsed run below ends at 91.2%.",
        (Picture("Watch it rise", "training", {"loss": "supcon"}),
         _HARD_RUN),
    ),
    Term(
        "floor", "Lowest possible loss",
        ("floor", "lowest loss", "minimum loss", "loss not zero", "never reaches zero", "loss never 0",
         "best possible loss"),
        "The loss if every class is one point and all classes are equally far apart. It is often not 0: SupCon with "
        "256 rows of ten classes at τ = 0.1 stops at 3.20, because the positives of an anchor compete.",
        (Picture("Between the two lines", "training",
                  {"loss": "supcon", "batch": "256", "temperature": "0.1"}),),
    ),
    Term(
        "spread", "Spread",
        ("variance", "standard deviation", "size of the cloud", "uniformity"),
        "How widely the embeddings are spread: the square root of the sum of their variances. For unit vectors it is "
        "at most 1, and 0 if all points coincide. Pictures are scaled to fit, so look at the number: below 0.05 this "
        "app calls a run collapsed.",
        (_HARD_RUN,),
    ),
    Term(
        "margin", "Margin m",
        ("margin", "m", "slack", "gap"),
        "By how much a positive must be better than a negative before the force of the loss stops. Its unit depends on "
        "the loss. A margin of 0.4 requires at $s_n=0$ that $s_p=0.20$ if it is in d², and 0.40 if it is in cosine.",
        (Picture("0.4 in d² and in cosine", "boundaries",
                  {"two": "true", "loss": "triplet", "margin": "0.4", "distance": "sqeuclidean", "mining": "all",
                   "loss_2": "am_softmax", "margin_2": "0.4"}),
         Picture("The margin as a ring", "triplets", {"part": "one triplet", "scene": "semi-hard"})),
    ),
    Term(
        "temperature", "Temperature τ",
        ("temperature", "tau", "τ", "\\tau", "sharpness", "softness"),
        "It divides similarities before the softmax. With a small τ the nearest negatives have most of the weight: at "
        "0.07 a negative at s = 0.5 has 17.4 times the weight of one at s = 0.3; at 0.5 it has 1.5 times the weight.",
        (Picture("Weights at τ = 0.07", "batch", {"loss": "supcon", "two": "false", "temperature": "0.07"}),
         Picture("Too low, and cured", "break_it", {"failure": "cold"})),
    ),
    Term(
        "scale", "Scale s",
        ("scale", "s", "logit scale", "inverse temperature", "1 / temperature"),
        "It multiplies cosines before the softmax: s = 1/τ, so 20 is a τ of 0.05. At a scale of 1, that is without a "
        "scale, the correct class of ten gets a probability of only 25%, even if the classes are separated perfectly.",
        (Picture("A scale of 1, and of 20", "break_it", {"failure": "unscaled"}),),
    ),
    Term(
        "kinds", "Hard, semi-hard and easy",
        ("hard", "semi-hard", "semihard", "semi hard", "easy", "hard negative", "hard negatives", "hardest negative",
         "mining", "miner", "triplet mining", "negative mining"),
        "Kinds of triplets. *Hard*: the negative is no farther than the positive. *Semi-hard*: it is farther, but not "
        "by the margin. *Easy*: it is farther by the margin or more, so there is no loss. Mining chooses which "
        "triplets to learn from.",
        (Picture("One negative of each kind", "triplets", {"part": "one triplet", "scene": "all three"}),
         Picture("What miners choose", "triplets", {"part": "a real batch"})),
    ),
    Term(
        "anchor", "Anchor, positive, negative",
        ("anchor", "positive", "negative", "positives", "negatives", "pair", "pairs", "query", "triple"),
        "An anchor is the image that is compared with others. Its positives are images of its class or other views of "
        "it, and its negatives are all other images. An anchor without a positive in the batch has no loss: SupCon has "
        "no term for it.",
        (Picture("Drag all three", "triplets", {"part": "one triplet", "scene": "all three"}),
         Picture("A batch without positives", "break_it", {"failure": "alone"})),
    ),
    Term(
        "boundary", "Decision boundary",
        ("boundary", "decision", "s_n", "s_p", "plane", "violation"),
        "The line on which a positive at $s_p$ is just good enough against a negative at $s_n$. On its correct side a "
        "hinge has no loss, and a softmax loss is less than ln 2 = 0.693.",
        (Picture("The circle of circle loss", "boundaries", {"loss": "circle"}),),
    ),
    Term(
        "cosine", "Cosine, distance and unit length",
        ("cosine", "cosine similarity", "similarity", "distance", "euclidean", "squared distance", "normalize",
         "normalise", "normalization", "normalisation", "l2 norm", "unit norm", "unit vectors", "unit length",
         "sphere"),
        "Vectors of length 1 lie on a sphere, where $d^2=2-2s$: similarities s of 1, 0 and −1 are distances of 0, 1.41 "
        "and 2. So d, d² and s give the same order, but the same margin has a different meaning in each.",
        (Picture("Points on the unit circle", "triplets", {"part": "one triplet", "space": "circle"}),),
    ),
    Term(
        "batch", "Batch size",
        ("batch", "batch size", "large batch", "small batch", "mini-batch", "minibatch", "rows"),
        "The number of images per training step. Losses that compare with the whole batch grow with it: if all points "
        "coincide, SupCon is ln 31 = 3.43 for 32 rows and ln 255 = 5.54 for 256. So compare scores, and not losses.",
        (Picture("Batches of 32 and 256", "compare",
                  {"contenders": "2", "loss": "supcon", "batch": "32", "loss_2": "supcon", "batch_2": "256"}),
         Picture("One fixed batch", "batch", {"loss": "supcon"})),
    ),
    Term(
        "divergence", "Divergence",
        ("nan", "inf", "infinity", "diverge", "diverges", "explode", "exploding", "exploding loss", "overflow",
         "loss goes up", "loss increases"),
        "The loss grows far above its value for coinciding points, up to infinity or NaN. Usual causes are inner "
        "products of embeddings without normalisation, and a learning rate that is too high.",
        (Picture("Without normalisation", "break_it", {"failure": "unbounded"}),),
    ),
    Term(
        "rate", "Learning rate",
        ("learning rate", "rate", "lr", "step size", "optimizer", "optimiser", "adam"),
        "How far one step changes the weights. At 0.1 Adam makes the network diverge within a few steps; at 0.001 the "
        "same run learns.",
        (Picture("A rate of 0.1, and of 0.001", "break_it", {"failure": "fast"}),),
    ),
    Term(
        "embedding", "Embedding",
        ("embedding", "embeddings", "embedding space", "representation", "feature", "features", "feature vector",
         "encoder", "pca", "projection"),
        "The vector that a network computes for an image. Contrastive losses use only the distances between these "
        "vectors. Pictures show the 2 or 3 directions of largest variance (PCA); scores use all dimensions.",
        (Picture("Shown without projection", "training",
                  {"loss": "contrastive", "dim": "2", "unit_norm": "false"}),),
    ),
)  # fmt: skip
TERMS: Mapping[str, Term] = MappingProxyType({term.key: term for term in _ALL})
