"""Assembly of a program: the source of a plain function, the sources of what it calls, and one call.

The sources are those of this library, printed unchanged.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from torch import Tensor

from cl_core.losses.variants.base import BATCH

SHAPES = {"z": "(B, D)", "y": "(B,)", "weight": "(C, D)", "bias": "(C,)"}
IMPORTS = (  # a line, and the pattern of the code that needs it
    ("import math\n", r"\bmath\."),
    ("from collections.abc import Callable\n", r"\bCallable\b"),
    ("\n", r"\bmath\.|\bCallable\b"),
    ("import numpy as np\n", r"\bnp\."),
    ("import torch\n", r"\btorch\."),
    ("from torch import Tensor\n", r"\bTensor\b"),
)
MAX_LINE = 120  # characters of a line of a program
FUNCTIONAL = ("cross_entropy", "normalize", "softplus")  # imported from torch.nn.functional if they are called


def of_batch(call: partial[Tensor], title: str) -> str:
    """Generate the program that calls a function on the batch in batch.npz and prints the result.

    Args:
        call: A function of tensors of the batch, with its parameters bound.
        title: What the program computes, for its docstring.

    Returns:
        The program.
    """
    names = [name for name in inspect.signature(call.func).parameters if name in BATCH]
    return _program(title, _sources(call), f"{loading_lines(*names)}{_call_text(call, names)}\n{PRINT}")


def of_point(call: partial[Tensor], title: str, s_n: float, s_p: float) -> str:
    """Generate the program that calls a function on two cosines and prints the loss and its two derivatives.

    Args:
        call: A function of s_p and s_n, with its parameters bound.
        title: What the program computes, for its docstring.
        s_n: Cosine of the negative pair.
        s_p: Cosine of the positive pair.

    Returns:
        The program.
    """
    end = (
        f"s_p, s_n = (torch.tensor(s, dtype=torch.float64, requires_grad=True) for s in ({s_p!r}, {s_n!r}))\n"
        f"{_call_text(call, ['s_p', 's_n'])}\n"
        "d_p, d_n = torch.autograd.grad(loss, (s_p, s_n))\n"
        f"{PRINT_POINT}"
    )
    return _program(title, _sources(call), end)


PRINT = 'print(f"{loss.item():.10g}")\n'
PRINT_POINT = (
    'print(f"loss    {loss.item():.10g}")\nprint(f"dL/ds_p {d_p.item():.10g}")\nprint(f"dL/ds_n {d_n.item():.10g}")\n'
)


def loading_lines(*names: str) -> str:
    """Return the lines that read tensors of a batch, by name, from batch.npz."""
    lines = [f'{name} = torch.from_numpy(batch["{name}"])  # {SHAPES[name]}\n' for name in names]
    return 'batch = np.load("batch.npz")\n' + "".join(lines)


def keywords(values: dict[str, Any]) -> str:
    """Return values as keyword arguments in a call: margin=0.2, distance=squared."""
    return ", ".join(f"{name}={_literal(value)}" for name, value in values.items())


def call_text(function: str, arguments: Sequence[str], *, before: str = "", after: str = "") -> str:
    """Return a line with a call, or several lines if it would be longer than `MAX_LINE` characters.

    Args:
        function: what is called.
        arguments: its arguments, in which commas only separate; empty texts are left out.
        before: what stands before the call on its line.
        after: what stands behind it.
    """
    listed = ", ".join(filter(None, arguments))
    line = f"{before}{function}({listed}){after}"
    if len(line) <= MAX_LINE:
        return line
    inner = f"    {listed}"
    if len(inner) > MAX_LINE:  # one argument a line, as a formatter does
        inner = "\n".join(f"    {argument}," for argument in listed.split(", "))
    return f"{before}{function}(\n{inner}\n){after}"


def _literal(value: Any) -> str:
    if callable(value):
        return str(value.__name__)
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _call_text(call: partial[Tensor], names: Sequence[str]) -> str:
    return call_text(call.func.__name__, (*names, keywords(call.keywords)), before="loss = ")


def _sources(call: partial[Tensor]) -> list[str]:
    """Return the sources of the called function and of all functions of this library that it needs, those first.

    Every word of a source counts as a name that it needs, so a docstring of a plain function must not contain the name
    of another one (in small letters).
    """
    sources: dict[Callable[..., Any], str] = {}

    def collect(function: Any) -> None:
        if function in sources:
            return
        source = inspect.getsource(function)
        for word in re.findall(r"\w+", source):
            other = function.__globals__.get(word)
            if inspect.isfunction(other) and other.__module__.startswith("cl_core.") and other is not function:
                collect(other)
        sources[function] = source

    for value in call.keywords.values():
        if callable(value):
            collect(value)
    collect(call.func)
    return list(sources.values())


def _program(title: str, sources: list[str], end: str) -> str:
    text = "\n\n".join((*sources, end))
    imports = "".join(line for line, pattern in IMPORTS if re.search(pattern, text))
    functional = [name for name in FUNCTIONAL if re.search(rf"\b{name}\(", text)]
    if functional:
        imports += f"from torch.nn.functional import {', '.join(functional)}\n"
    return f'"""{title}."""\n\n{imports}\n\n{text}'
