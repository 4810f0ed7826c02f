"""All losses in teaching order, each as a module to train with and as a line in a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator, Tensor, nn

from cl_core.contrast import Contrast, from_similarity, of_labels, of_two_views
from cl_core.losses.am_softmax import am_softmax
from cl_core.losses.arcface import arcface
from cl_core.losses.circle import circle
from cl_core.losses.circle_class import circle_class
from cl_core.losses.contrastive import contrastive
from cl_core.losses.info_nce import info_nce
from cl_core.losses.l_softmax import l_softmax
from cl_core.losses.normface import normface
from cl_core.losses.npair import npair
from cl_core.losses.nt_xent import nt_xent
from cl_core.losses.pccl import pccl
from cl_core.losses.pccl_released import pccl_released
from cl_core.losses.softmax import softmax
from cl_core.losses.sphereface import sphereface
from cl_core.losses.supcon import supcon
from cl_core.losses.triplet import triplet
from cl_core.parameters import Value
from cl_core.spec import Loss

LOSSES: dict[str, Loss] = {
    "contrastive": contrastive,
    "triplet": triplet,
    "npair": npair,
    "nt_xent": nt_xent,
    "supcon": supcon,
    "info_nce": info_nce,
    "softmax": softmax,
    "normface": normface,
    "l_softmax": l_softmax,
    "sphereface": sphereface,
    "am_softmax": am_softmax,
    "arcface": arcface,
    "circle": circle,
    "circle_class": circle_class,
    "pccl": pccl,
    "pccl_released": pccl_released,
}

LONG = 1e6  # squared length of embeddings at which a softmax over inner products is decided


class LossModule(nn.Module):
    """A loss with its parameters fixed: `f(embeddings, labels)` is the mean over the batch's valid terms.

    embeddings: (B, D) floating; labels: (B,) integers, or None for a loss on views. Invalid input is a ValueError.
    After a call `n_terms` is the number of valid terms; with none the value is exactly 0.
    A loss with class weights holds them as `weight` (C, D), and `softmax` a `bias` (C,) too; both are learnt.
    """

    weight: Tensor | None
    bias: Tensor | None

    def __init__(self, key: str, theta: Mapping[str, Any], num_classes: int | None, embedding_dim: int | None) -> None:
        super().__init__()
        self.key = key
        self.theta: dict[str, Value] = dict(get(key).check(theta))  # a schedule changes one of them
        self.n_terms = 0
        shape = _weight_shape(get(key), num_classes, embedding_dim)
        self.register_parameter("weight", nn.Parameter(torch.empty(shape)) if shape else None)
        self.register_parameter("bias", nn.Parameter(torch.empty(shape[0])) if shape and get(key).bias else None)
        self.reset_parameters()

    def reset_parameters(self, dice: Generator | None = None) -> None:
        """Class weights as if drawn anew: directions at random, lengths about 1; a bias of 0."""
        if self.weight is not None:
            nn.init.normal_(self.weight, std=self.weight.shape[1] ** -0.5, generator=dice)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, embeddings: Tensor, labels: Tensor | None = None) -> Tensor:
        """Mean loss of the batch, a scalar."""
        loss = get(self.key)
        contrast = loss.contrast(embeddings, labels, self.theta, self.weight, self.bias)
        terms = loss.function(contrast, **self.theta)
        self.n_terms = terms.n_terms
        return terms.mean()

    def extra_repr(self) -> str:
        """Key and parameters."""
        shape = () if self.weight is None else tuple(self.weight.shape)
        return ", ".join([self.key, *map(str, shape), *(f"{name}={value!r}" for name, value in self.theta.items())])


def _weight_shape(loss: Loss, num_classes: int | None, embedding_dim: int | None) -> tuple[int, int] | None:
    """Shape of a loss's class weights, None where it has none; ValueError where the two do not fit together."""
    if not loss.classes:
        if num_classes is not None or embedding_dim is not None:
            raise ValueError(f"{loss.key} has no class weights, so it takes no num_classes and no embedding_dim")
        return None
    for name, size in (("num_classes", num_classes), ("embedding_dim", embedding_dim)):
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ValueError(
                f"{loss.key} learns one weight a class and needs {name}, a whole number from 1, not {size!r}"
            )
    assert num_classes
    assert embedding_dim
    return num_classes, embedding_dim


def get(key: str) -> Loss:
    """The loss of that key; ValueError with the known keys if there is none."""
    if key not in LOSSES:
        raise ValueError(f"there is no loss {key!r}; there are: {', '.join(LOSSES)}")
    return LOSSES[key]


def module(
    key: str, *, num_classes: int | None = None, embedding_dim: int | None = None, **parameters: Any
) -> LossModule:
    """A loss as a torch module; ValueError on an unknown key, unknown parameter or value without a meaning.

    A loss with class weights needs `num_classes` and `embedding_dim`; the others take neither.
    """
    return LossModule(key, parameters, num_classes, embedding_dim)


def collapse_value(key: str, theta: Mapping[str, Any], labels: Tensor, classes: int | None = None) -> float:
    """What the loss shows when every embedding, and every class weight, is the same point (similarity 1, distance 0).

    labels: (B,), of which a loss on views looks at the number only. classes: of a loss with class weights, by default
    as many as labels differ. Where only ties would count and ties do not (semi-hard triplets), it is the value just
    before that point.
    """
    loss = get(key)
    checked = loss.check(theta)
    positive, negative = _masks(loss, labels, classes)
    value = from_similarity(torch.ones(positive.shape, dtype=torch.float64), loss.metric_of(checked))
    terms = loss.function(Contrast(value, positive, negative, symmetric=not loss.classes), **checked)
    if terms.n_terms == 0:
        hair = torch.linspace(0, 1e-9, value.numel(), dtype=value.dtype).reshape(value.shape)
        terms = loss.function(Contrast(value + (hair + hair.T), positive, negative, symmetric=True), **checked)
    return float(terms.mean())


def floor_value(key: str, theta: Mapping[str, Any], labels: Tensor, classes: int | None = None) -> float:
    """What the loss shows when classes are perfect: positives coincide, classes at the corners of a simplex.

    Then s = -1 / (C - 1) between C classes and d = sqrt(2C / (C - 1)). Where length counts, it is taken in the limit of
    long embeddings. labels, classes: as for `collapse_value`.
    """
    loss = get(key)
    checked = loss.check(theta)
    positive, negative = _masks(loss, labels, classes)
    among = positive.shape[1] if loss.classes else len(labels.unique())
    corners = len(labels) // 2 if loss.views else among
    s = torch.ones(positive.shape, dtype=torch.float64)
    s[negative] = -1 / max(corners - 1, 1)
    value = from_similarity(s, loss.metric_of(checked))
    if loss.metric_of(checked) == "dot":
        value = value * LONG
    contrast = Contrast(value, positive, negative, symmetric=not loss.classes, length=LONG)
    return float(loss.function(contrast, **checked).mean())


def _masks(loss: Loss, labels: Tensor, classes: int | None) -> tuple[Tensor, Tensor]:
    if loss.classes:  # one row says what every row says
        own = torch.zeros(1, classes or len(labels.unique()), dtype=torch.bool)
        own[0, 0] = True
        return own, ~own
    return of_two_views(len(labels)) if loss.views else of_labels(labels, len(labels))


def table() -> str:
    """All losses as a Markdown table: title, key, formula, parameters with range and default, paper."""
    lines = ["| loss | key | formula | parameters | paper |", "|---|---|---|---|---|"]
    for key, loss in LOSSES.items():
        parameters = "<br>".join(
            f"`{p.name}` ${p.symbol}$ = {p.default}: {p.range_text()}" for p in loss.parameters.values()
        )
        formula = loss.formula.replace("|", r"\vert ")
        lines.append(f"| {loss.title} | `{key}` | ${formula}$ | {parameters} | {loss.paper.markdown} |")
    return "\n".join(lines) + "\n"
