"""Programs that compute a loss with this library."""

from __future__ import annotations

from collections.abc import Mapping

from cl_core.losses.base import Loss
from cl_core.losses.parameters import Value
from cl_core.losses.snippets.program import PRINT, PRINT_POINT, call_text, keywords, loading_lines

LOCATION = ", by this app's library: keep this file in its folder, beside app.py."
WITH_CLASS_WEIGHTS = """\
classes, dim = weight.shape
{module}
f.load_state_dict({{{state}}})
"""


def of_batch(loss: Loss, theta: Mapping[str, Value]) -> str:
    """Generate the program that creates the module and calls it on the batch in batch.npz.

    Args:
        loss: The loss.
        theta: Values of all its parameters.

    Returns:
        The program.
    """
    key, values = f'"{loss.key}"', keywords(dict(theta))
    names = ["z"] if loss.views else ["z", "y"]
    if loss.classes:
        learnt = ["weight", "bias"] if loss.bias else ["weight"]
        names += learnt
        sizes = "num_classes=classes, embedding_dim=dim"
        module = call_text("losses.module", (key, sizes, values), before="f = ", after=".double()")
        construction = WITH_CLASS_WEIGHTS.format(module=module, state=", ".join(f'"{name}": {name}' for name in learnt))
    else:
        construction = call_text("losses.module", (key, values), before="f = ") + "\n"
    call = f"loss = f({', '.join(name for name in names if name in ('z', 'y'))})\n"
    head = f'"""{loss.title}{LOCATION}"""\n\nimport numpy as np\nimport torch\n\nfrom cl_core import losses\n\n'
    return f"{head}{loading_lines(*names)}\n{construction}{call}{PRINT}"


POINT = '''\
"""{title}{location}"""

import torch

from cl_core.losses import LOSSES
from cl_core.losses.contrast import Contrast
{imports}
s_p, s_n = (torch.tensor([s], dtype=torch.float64) for s in ({s_p!r}, {s_n!r}))
{measured}
pair = Contrast.of_pairs(x_p, x_n{length_argument})
{call}
d_p, d_n = torch.autograd.grad(loss, (x_p, x_n))
{chained}{end}'''


def of_point(loss: Loss, theta: Mapping[str, Value], s_n: float, s_p: float, length: float) -> str:
    """Generate the program that computes loss and derivatives for one positive pair and one negative pair.

    Args:
        loss: The loss.
        theta: Values of all its parameters.
        s_n: Cosine of the negative pair.
        s_p: Cosine of the positive pair.
        length: Length of the anchor's embedding.

    Returns:
        The program.
    """
    metric = loss.metric_of(theta)
    stretch = f" * {length!r}" if metric == "dot" and length != 1 else ""
    imports, chained = "", ""
    if metric in ("similarity", "dot"):
        measured = f"x_p, x_n = ((s{stretch}).requires_grad_() for s in (s_p, s_n))"
        if stretch:
            chained = f"d_p, d_n = d_p{stretch}, d_n{stretch}\n"
        else:
            measured = "x_p, x_n = s_p.requires_grad_(), s_n.requires_grad_()"
    else:
        imports = "from cl_core.losses.distances import from_similarity, slope_in_similarity\n"
        measured = f'x_p, x_n = (from_similarity(s, "{metric}").requires_grad_() for s in (s_p, s_n))'
        chained = (
            f'd_p, d_n = (d * slope_in_similarity(x, "{metric}") for d, x in ((d_p, x_p), (d_n, x_n)))'
            "  # by the chain rule\n"
        )
    length_argument = f", length={length!r}" if length != 1 else ""
    call = call_text(f'LOSSES["{loss.key}"]', ("pair", keywords(dict(theta))), before="loss = ", after=".total.sum()")
    return POINT.format(
        title=loss.title, location=LOCATION, imports=imports, s_p=s_p, s_n=s_n, measured=measured,
        call=call, chained=chained, length_argument=length_argument, end=PRINT_POINT,
    )  # fmt: skip
