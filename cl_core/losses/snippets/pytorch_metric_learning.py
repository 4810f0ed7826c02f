"""Programs that compute a loss with pytorch-metric-learning 2.9, for the losses that it has too.

By default it scales embeddings to unit length, uses plain distances and leaves zeros out of its means; the programs set
these options where this library differs. The app does not depend on it, so its programs are stored as text, in which
<name> is the place of a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cl_core.losses.base import Loss
from cl_core.losses.parameters import Value
from cl_core.losses.snippets.program import PRINT, loading_lines

DISTANCES: Mapping[Value, str] = {
    "euclidean": "LpDistance(normalize_embeddings=False)",
    "sqeuclidean": "LpDistance(normalize_embeddings=False, power=2)",
    "cosine": "CosineSimilarity()",
}
CONTRASTIVE = """\
distance = {distance}
f = ContrastiveLoss(pos_margin={pos}, neg_margin={neg}, distance=distance, reducer=DoNothingReducer())
parts = f(z, y).values()  # d of each positive pair and [m - d]_+ of each negative one, each from both ends
terms = torch.cat([part["losses"] for part in parts if torch.is_tensor(part["losses"])])
loss = terms.square().mean(){half}
"""
MINERS: Mapping[Value, str] = {
    "all": "",
    "all_nonzero": "",
    "hard": 'TripletMarginMiner(margin=<margin>, type_of_triplets="hard", distance=distance)',
    "semihard": 'TripletMarginMiner(margin=<margin>, type_of_triplets="semihard", distance=distance)',
    "batch_hard": "BatchHardMiner(distance=distance)",
}
MEAN_OVER_SELECTED = """\
loss = f(z, y) * len(y) / {selected}.sum().clamp(min=1)  # it counts the other anchors as 0
"""
NT_XENT = """\
f = NTXentLoss({arguments})
loss = f(z, {labels})  # it forms every pair of pairs: for small batches
"""
LENGTH_PENALTY = """\
a, p, *_ = get_all_pairs_indices(y)
square = z.square().sum(1)
loss = loss + <l2> * (square[a] + square[p]).mean()
"""
WITH_CLASS_WEIGHTS = """\
dim, classes = weight.shape[1], len(weight)
f = {constructor}
f.W.data = weight.T
loss = f(z, y)
"""


def of_batch(loss: Loss, theta: Mapping[str, Value]) -> str | None:
    """Generate the program for the batch in batch.npz.

    Args:
        loss: The loss.
        theta: Values of all its parameters.

    Returns:
        The program, or None if the library has no such loss.
    """
    body = _body(loss.key, theta)
    if body is None:
        return None
    body = re.sub(r"<(\w+)>", lambda match: repr(theta[match[1]]), body)
    lines = [f'"""{loss.title}, by pytorch-metric-learning."""\n\nimport numpy as np\nimport torch\n']
    for module, names in NAMES_BY_MODULE.items():
        if used := [name for name in names if re.search(rf"\b{name}\(", body)]:
            lines.append(f"from pytorch_metric_learning.{module} import {', '.join(used)}\n")
    tensors = ("z",) if loss.views else ("z", "y", "weight") if "weight" in body else ("z", "y")
    return f"{''.join(lines)}\n{loading_lines(*tensors)}\n{body}{PRINT}"


NAMES_BY_MODULE: Mapping[str, tuple[str, ...]] = {  # what a program may import
    "distances": ("CosineSimilarity", "DotProductSimilarity", "LpDistance"),
    "losses": (
        "ArcFaceLoss", "CircleLoss", "ContrastiveLoss", "CosFaceLoss", "LargeMarginSoftmaxLoss",
        "NormalizedSoftmaxLoss", "NTXentLoss", "SphereFaceLoss", "SupConLoss", "TripletMarginLoss",
    ),
    "miners": ("BatchHardMiner", "TripletMarginMiner"),
    "reducers": ("DoNothingReducer", "MeanReducer"),
    "utils.loss_and_miner_utils": ("get_all_pairs_indices",),
}  # fmt: skip


def _body(key: str, theta: Mapping[str, Value]) -> str | None:
    """Return the lines that compute `loss` from z, y and weight, with <name> in the place of each parameter."""
    match key:
        case "contrastive":
            cosine = theta["distance"] == "cosine"
            pos, neg = ("1", "1 - <margin>") if cosine else ("0", "<margin>")
            half = " / 2" if theta["half"] else ""
            return CONTRASTIVE.format(pos=pos, neg=neg, distance=DISTANCES[theta["distance"]], half=half)
        case "triplet":
            return _triplet(theta)
        case "npair":
            inner = "temperature=1, distance=DotProductSimilarity(normalize_embeddings=False)"
            return NT_XENT.format(arguments=inner, labels="y") + (LENGTH_PENALTY if theta["l2"] else "")
        case "nt_xent":
            views = "torch.arange(len(z) // 2, device=z.device).repeat(2)"
            return NT_XENT.format(arguments="temperature=<temperature>", labels=views)
        case "info_nce":
            return NT_XENT.format(arguments="temperature=<temperature>", labels="y")
        case "supcon" if theta["variant"] == "out":
            construction = "f = SupConLoss(temperature=<temperature>, reducer=MeanReducer())\n"
            selection = "has_positive = (y[:, None] == y).sum(1) > 1\n"
            return construction + selection + MEAN_OVER_SELECTED.format(selected="has_positive")
        case "circle" if theta["pool"] == "anchor":
            construction = "f = CircleLoss(m=<margin>, gamma=<scale>, reducer=MeanReducer())\n"
            selection = "n_same = (y[:, None] == y).sum(1)\nhas_both = (n_same > 1) & (n_same < len(y))\n"
            return construction + selection + MEAN_OVER_SELECTED.format(selected="has_both")
        case "circle_class":
            construction = "f = CircleLoss(m=<margin>, gamma=<scale>, reducer=MeanReducer())\n"
            labels = "torch.arange(len(weight), device=y.device)"
            return construction + f"loss = f(z, y, ref_emb=weight, ref_labels={labels})\n"
    if key not in _CONSTRUCTORS or theta.get("annealing"):
        return None
    return WITH_CLASS_WEIGHTS.format(constructor=_CONSTRUCTORS[key])


_CONSTRUCTORS: Mapping[str, str] = {
    "normface": "NormalizedSoftmaxLoss(classes, dim, temperature=1 / <scale>)",
    "l_softmax": "LargeMarginSoftmaxLoss(classes, dim, margin=<margin>)",
    "sphereface": "SphereFaceLoss(classes, dim, margin=<margin>)",
    "am_softmax": "CosFaceLoss(classes, dim, margin=<margin>, scale=<scale>)",
    "arcface": "ArcFaceLoss(classes, dim, margin=np.degrees(<margin>), scale=<scale>)",
}


def _triplet(theta: Mapping[str, Value]) -> str | None:
    mining = theta["mining"]
    if mining not in MINERS:
        return None
    reducer = "" if mining == "all_nonzero" else ", reducer=MeanReducer()"
    mined = f"mined = {MINERS[mining]}(z, y)\n" if MINERS[mining] else ""
    return (
        f"distance = {DISTANCES[theta['distance']]}\n"
        f"f = TripletMarginLoss(margin=<margin>, distance=distance{reducer})\n"
        f"{mined}loss = f(z, y{', mined' if mined else ''})\n"
    )
