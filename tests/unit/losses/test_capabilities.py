"""Losses work outside the app, as the table in their README says: see capabilities.py."""

import ast
import re

import pytest

from tests import ROOT
from tests.docs import generated
from tests.unit.losses.capabilities import CAPABILITIES, CASES, outcome

_, _, _TABLE = generated.LOSSES.read_text(encoding="utf-8").partition("<!-- generated:capabilities -->")
HEADER, *ROWS = re.findall(r"^\| (?:loss|`\w+`) \|.*$", _TABLE.partition("<!-- /generated -->")[0], re.MULTILINE)
SLOW = ("compile",)


def cells(row):
    return [cell.strip() for cell in row.strip("|").split("|")]


STATED = {key.strip("`"): dict(zip(cells(HEADER)[1:], stated, strict=True)) for key, *stated in map(cells, ROWS)}


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize(
    "capability", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in CAPABILITIES]
)
def test_every_loss_and_miner_has_the_capability_that_the_table_states(case, capability):
    assert outcome(capability, case) in STATED[case.key][capability].split("<br>"), "run: python -m tests.docs"


CREATORS = {"arange", "as_tensor", "empty", "eye", "full", "linspace", "ones", "rand", "randn", "tensor", "zeros"}
FAST_FORMS = {  # what only `is_fast` lets in, and what is computed from labels on the CPU
    "_fast_total", "_positives", "_sum_over_ranges", "apply_rows", "_terms_at_collapse", "floor_value", "has_terms",
    "_masks", "__init__",
}  # fmt: skip


def test_no_tensor_is_created_without_its_device():
    """Fake tensors show it for the losses as they are called; this for every line of them."""
    without_device = []
    for path in sorted((ROOT / "cl_core" / "losses").rglob("*.py")):
        for scope in ast.walk(ast.parse(path.read_text())):
            if isinstance(scope, ast.FunctionDef) and scope.name not in FAST_FORMS:
                without_device += [
                    f"{path.name}:{call.lineno} torch.{call.func.attr} in {scope.name}"
                    for call in ast.walk(scope)
                    if isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Attribute)
                    and call.func.attr in CREATORS
                    and isinstance(call.func.value, ast.Name)
                    and call.func.value.id == "torch"
                    and not any(keyword.arg == "device" for keyword in call.keywords)
                ]
    assert without_device == []
