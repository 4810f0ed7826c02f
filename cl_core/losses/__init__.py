"""All losses in teaching order, each as a module to train with and as a line in a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from cl_core.contrast import Contrast, from_similarity, of_labels, of_two_views
from cl_core.losses.contrastive import contrastive
from cl_core.losses.info_nce import info_nce
from cl_core.losses.npair import npair
from cl_core.losses.nt_xent import nt_xent
from cl_core.losses.supcon import supcon
from cl_core.losses.triplet import triplet
from cl_core.spec import Loss, Value

LOSSES: dict[str, Loss] = {
    "contrastive": contrastive,
    "triplet": triplet,
    "npair": npair,
    "nt_xent": nt_xent,
    "supcon": supcon,
    "info_nce": info_nce,
}

LONG = 1e6  # squared length of embeddings at which a softmax over inner products is decided


class LossModule(nn.Module):
    """A loss with its parameters fixed: `f(embeddings, labels)` is the mean over the batch's valid terms.

    embeddings: (B, D) floating; labels: (B,) integers, or None for a loss on views. Invalid input is a ValueError.
    After a call `n_terms` is the number of valid terms; with none the value is exactly 0.
    """

    def __init__(self, key: str, theta: Mapping[str, Any]) -> None:
        super().__init__()
        self.key = key
        self.theta: dict[str, Value] = get(key).check(theta)
        self.n_terms = 0

    def forward(self, embeddings: Tensor, labels: Tensor | None = None) -> Tensor:
        """Mean loss of the batch, a scalar."""
        loss = get(self.key)
        terms = loss.function(loss.contrast(embeddings, labels, self.theta), **self.theta)
        self.n_terms = terms.n_terms
        return terms.mean()

    def extra_repr(self) -> str:
        """Key and parameters."""
        return ", ".join([self.key, *(f"{name}={value!r}" for name, value in self.theta.items())])


def get(key: str) -> Loss:
    """The loss of that key; ValueError with the known keys if there is none."""
    if key not in LOSSES:
        raise ValueError(f"there is no loss {key!r}; there are: {', '.join(LOSSES)}")
    return LOSSES[key]


def module(key: str, **parameters: Any) -> LossModule:
    """A loss as a torch module; ValueError on an unknown key, unknown parameter or value without a meaning."""
    return LossModule(key, parameters)


def collapse_value(key: str, theta: Mapping[str, Any], labels: Tensor) -> float:
    """What the loss shows when every embedding is the same point (similarity 1, distance 0).

    labels: (B,), of which a loss on views looks at the number only. Where only ties would count and ties do not
    (semi-hard triplets), it is the value just before that point.
    """
    loss = get(key)
    checked = loss.check(theta)
    positive, negative = _masks(loss, labels)
    value = from_similarity(torch.ones(positive.shape, dtype=torch.float64), loss.metric_of(checked))
    terms = loss.function(Contrast(value, positive, negative, symmetric=True), **checked)
    if terms.n_terms == 0:
        hair = torch.linspace(0, 1e-9, value.numel(), dtype=value.dtype).reshape(value.shape)
        terms = loss.function(Contrast(value + (hair + hair.T), positive, negative, symmetric=True), **checked)
    return float(terms.mean())


def floor_value(key: str, theta: Mapping[str, Any], labels: Tensor) -> float:
    """What the loss shows when classes are perfect: positives coincide, classes at the corners of a simplex.

    Then s = -1 / (C - 1) between C classes and d = sqrt(2C / (C - 1)). Inner products are taken in the limit of long
    embeddings. labels: (B,), of which a loss on views looks at the number only.
    """
    loss = get(key)
    checked = loss.check(theta)
    positive, negative = _masks(loss, labels)
    classes = len(labels) // 2 if loss.views else len(labels.unique())
    s = torch.ones(positive.shape, dtype=torch.float64)
    s[negative] = -1 / max(classes - 1, 1)
    value = from_similarity(s, loss.metric_of(checked))
    if loss.metric_of(checked) == "dot":
        value = value * LONG
    return float(loss.function(Contrast(value, positive, negative, symmetric=True), **checked).mean())


def _masks(loss: Loss, labels: Tensor) -> tuple[Tensor, Tensor]:
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
