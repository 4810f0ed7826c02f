"""Derivations in steps: from the fraction of AM-softmax to the circle, and the N-pair loss as a fraction.

Every step that rewrites a loss computes its value as its formula is printed, for the same few pairs of one anchor.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cl_core.losses.parameters import Value

POSITIVES, NEGATIVES = (0.7, 0.5, 0.2), (0.6, 0.4, 0.1, -0.2, -0.5)  # similarities of one anchor's pairs
SCALE, MARGIN_P, MARGIN_N, OPTIMUM_P, OPTIMUM_N = 8.0, 0.75, 0.25, 1.25, -0.25
MARGIN = MARGIN_P - MARGIN_N
TEMPERATURE = 0.1
GENERAL: Mapping[str, Value] = {"scale": SCALE, "pacing": 1.0}


@dataclass(frozen=True)
class Step:
    """A step of a derivation.

    Attributes:
        title: what happens in it.
        text: why, as Markdown.
        formulas: its formulas in LaTeX, one a line.
        loss: key of the loss that its picture shows.
        theta: parameters of that loss; defaults for those that are missing.
        positives: similarities of the positives that its picture shows as bars; without them it is a plane.
        value: computes the first formula as it is printed, for these pairs.
        circle: whether a plane shows the circle, its centre and the box, besides the boundary.
    """

    title: str
    text: str
    formulas: tuple[str, ...]
    loss: str
    theta: Mapping[str, Value] = field(default_factory=dict)
    positives: tuple[float, ...] = ()
    value: Callable[[], float] | None = None
    circle: bool = False


@dataclass(frozen=True)
class Derivation:
    """A derivation.

    Attributes:
        title: its title.
        question: what it answers.
        steps: its steps.
    """

    title: str
    question: str
    steps: tuple[Step, ...]


def _terms(factor: float, similarities: tuple[float, ...], shift: float = 0.0) -> float:
    return sum(math.exp(factor * (s - shift)) for s in similarities)


def am_fraction() -> float:
    """Compute -log(e^(g (s_p - m)) / (e^(g (s_p - m)) + sum_n e^(g s_n))) of the first positive."""
    own = math.exp(SCALE * (POSITIVES[0] - MARGIN))
    return -math.log(own / (own + _terms(SCALE, NEGATIVES)))


def am_one_plus() -> float:
    """Compute log(1 + sum_n e^(g (s_n - s_p + m))) of the first positive."""
    return math.log(1 + _terms(SCALE, NEGATIVES, POSITIVES[0] - MARGIN))


def two_sums() -> float:
    """Compute log(1 + sum_n e^(g (s_n - Delta_n)) sum_p e^(-g (s_p - Delta_p)))."""
    return math.log(1 + _terms(SCALE, NEGATIVES, MARGIN_N) * _terms(-SCALE, POSITIVES, MARGIN_P))


def weighted_sums() -> float:
    """Compute the same with the weights a_n = [s_n - O_n]_+ and a_p = [O_p - s_p]_+ beside g."""
    sum_n = sum(math.exp(SCALE * max(s - OPTIMUM_N, 0) * (s - MARGIN_N)) for s in NEGATIVES)
    sum_p = sum(math.exp(-SCALE * max(OPTIMUM_P - s, 0) * (s - MARGIN_P)) for s in POSITIVES)
    return math.log(1 + sum_n * sum_p)


def npair_one_plus() -> float:
    """Compute log(1 + sum_n e^(s_n - s_p)) of the first positive."""
    return math.log(1 + sum(math.exp(s - POSITIVES[0]) for s in NEGATIVES))


def npair_common() -> float:
    """Compute log((e^(s_p) + sum_n e^(s_n)) / e^(s_p)) of the first positive."""
    own = math.exp(POSITIVES[0])
    return math.log((own + _terms(1, NEGATIVES)) / own)


def npair_fraction(temperature: float = 1.0) -> float:
    """Compute -log(e^(s_p / tau) / (e^(s_p / tau) + sum_n e^(s_n / tau))) of the first positive."""
    own = math.exp(POSITIVES[0] / temperature)
    return -math.log(own / (own + _terms(1 / temperature, NEGATIVES)))


ONE = POSITIVES[:1]
DERIVATIONS: Mapping[str, Derivation] = {
    "circle": Derivation(
        "From AM-softmax to the circle",
        "Why is the boundary of circle loss a circle, when that of AM-softmax is a line?",
        (
            Step(
                "AM-softmax is a fraction",
                "The share of the positive among all candidates, as in a classifier, with a margin $m$ subtracted from "
                "its similarity. The boundary is a line: one pair is right when $s_p$ exceeds $s_n$ by $m$.",
                (
                    r"\ell=-\log\frac{e^{\gamma(s_p-m)}}{e^{\gamma(s_p-m)}+\sum_n e^{\gamma s_n}}",
                    r"\text{boundary:}\quad s_p-s_n=m",
                ),
                "am_softmax",
                {"margin": MARGIN, "scale": SCALE},
                value=am_fraction,
            ),
            Step(
                "Divide by the numerator",
                "Turn the fraction over and divide. What is left is one plus a sum: each negative adds a term that "
                "grows with its similarity. The push on all negatives together is as strong as the pull on the "
                "positive, however good that is already.",
                (r"\ell=\log\Big(1+\sum_n e^{\gamma(s_n-s_p+m)}\Big)",),
                "am_softmax",
                {"margin": MARGIN, "scale": SCALE},
                ONE,
                am_one_plus,
            ),
            Step(
                "Allow many positives",
                "An exponential of a difference is a product. So the sum over negatives is multiplied by a sum over "
                r"positives, and the margin divided between them: $m=\Delta_p-\Delta_n$. With one positive it is the "
                "formula of the step before.",
                (r"\ell=\log\Big(1+\sum_n e^{\gamma(s_n-\Delta_n)}\sum_p e^{-\gamma(s_p-\Delta_p)}\Big)",),
                "circle_general",
                {**GENERAL, "pacing": 0.0},
                POSITIVES,
                two_sums,
            ),
            Step(
                "Give each pair a weight",
                "A pair that is near its optimum needs no force; one that is far off needs more. So each pair gets "
                "a weight, its distance from the optimum. Compare the bars with those of the step before: the pull and "
                "the push are no longer equally strong.",
                (
                    r"\ell=\log\Big(1+\sum_n e^{\gamma\alpha_n(s_n-\Delta_n)}"
                    r"\sum_p e^{-\gamma\alpha_p(s_p-\Delta_p)}\Big)",
                    r"\alpha_p=[O_p-s_p]_+,\quad\alpha_n=[s_n-O_n]_+",
                ),
                "circle_general",
                GENERAL,
                POSITIVES,
                weighted_sums,
            ),
            Step(
                "Write down the boundary",
                r"With one positive and one negative, the loss is $\log 2$ where the exponents cancel out. Left of "
                r"$s_n=O_n$ the weight $\alpha_n$ is zero, so the boundary is the straight line $s_p=\Delta_p$ there.",
                (
                    r"\alpha_n(s_n-\Delta_n)=\alpha_p(s_p-\Delta_p)",
                    r"(s_n-O_n)(s_n-\Delta_n)+(s_p-O_p)(s_p-\Delta_p)=0",
                ),
                "circle_general",
                GENERAL,
            ),
            Step(
                "Complete the squares: a circle",
                "Both similarities are squared, with the same factor: this is a circle. It goes through the corners of "
                r"the rectangle from $(O_n,O_p)$ to $(\Delta_n,\Delta_p)$, so its centre is the middle. With the "
                r"paper's $O_p=1+m$, $O_n=-m$, $\Delta_p=1-m$, $\Delta_n=m$ the centre is $(0,1)$ and $C=2m^2$.",
                (
                    r"\left(s_n-\tfrac{O_n+\Delta_n}2\right)^2+\left(s_p-\tfrac{O_p+\Delta_p}2\right)^2=C",
                    r"C=\tfrac14\left((O_n-\Delta_n)^2+(O_p-\Delta_p)^2\right)",
                ),
                "circle_general",
                GENERAL,
                circle=True,
            ),
        ),
    ),
    "npair": Derivation(
        "The N-pair loss as a fraction",
        "Is the N-pair loss another idea than softmax, or the same in other symbols?",
        (
            Step(
                "Many negatives at once",
                "The N-pair loss compares one positive with all negatives of the anchor, where a triplet has a single "
                "one. The bars are the forces: all negatives are pushed, the most similar ones most.",
                (r"\ell=\log\Big(1+\sum_n e^{s_n-s_p}\Big)",),
                "npair",
                {},
                ONE,
                npair_one_plus,
            ),
            Step(
                "One is the positive divided by itself",
                r"Take $e^{-s_p}$ out of the sum, and write the one as $e^{s_p}/e^{s_p}$. The sum must not contain the "
                "positive itself: if it does, as in some texts, one is added twice.",
                (r"\ell=\log\frac{e^{s_p}+\sum_n e^{s_n}}{e^{s_p}}",),
                "npair",
                {},
                ONE,
                npair_common,
            ),
            Step(
                "Turn the fraction over",
                "The logarithm of a fraction is minus that of its inverse. This is cross-entropy: the share of the "
                "positive among all candidates. The boundary is where both are equally similar.",
                (
                    r"\ell=-\log\frac{e^{s_p}}{e^{s_p}+\sum_n e^{s_n}}",
                    r"\text{boundary:}\quad s_p=s_n",
                ),
                "npair",
                value=npair_fraction,
            ),
            Step(
                "Length one, and a temperature",
                r"Similarities of vectors of length 1 lie between $-1$ and $1$, so shares can differ by a factor of "
                r"$e^2$ at most. A small temperature $\tau$ makes them differ more: this is InfoNCE, and NT-Xent where "
                "the positive is another view of the same image. Compare the bars with those of the first step.",
                (r"\ell=-\log\frac{e^{s_p/\tau}}{e^{s_p/\tau}+\sum_n e^{s_n/\tau}}",),
                "info_nce",
                {"temperature": TEMPERATURE},
                ONE,
                lambda: npair_fraction(TEMPERATURE),
            ),
        ),
    ),
}
