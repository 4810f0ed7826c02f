"""Charts of the miners on one batch: bars of loss or gradient, and kinds of the picked triplets."""

from cl_core import charts
from cl_core.losses import miners


def test_miner_charts_hold_values_and_shares_of_kinds():
    values = charts.miner_rows({"a": 1.0, "b": 0.5}, "b")
    assert values.to_dict("records") == [
        {"miner": "a", "value": 1.0, "chosen": False},
        {"miner": "b", "value": 0.5, "chosen": True},
    ]
    rows = charts.pick_rows({"a": {"easy": 1, "semihard": 0, "hard": 3}, "b": dict.fromkeys(miners.KINDS, 0)}, "a")
    assert rows.set_index(["miner", "kind"])["share"].to_dict() == {
        ("a", "● hard"): 0.75,
        ("a", "◐ semi-hard"): 0.0,
        ("a", "○ easy"): 0.25,
        ("b", "● hard"): 0.0,
        ("b", "◐ semi-hard"): 0.0,
        ("b", "○ easy"): 0.0,
    }
    assert charts.miner_chart("loss", 2, "alternative text", (0.2, "line"))["description"] == "alternative text"
    assert charts.pick_chart(2, "alternative text")["description"] == "alternative text"
