"""Distances are rounded to a grid, on which equal distances tie whatever the order of additions was."""

import torch

from cl_core.losses import miners


def test_round_to_grid_makes_ties_equal_and_passes_gradient():
    a = torch.tensor([0.1 + 0.2, 0.7 + 0.1, 1e-20, 4.0], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([0.3, 0.8, 0.0, 4.0], dtype=torch.float64)
    assert not torch.equal(a, b)
    assert torch.equal(miners.round_to_grid(a), miners.round_to_grid(b))
    assert torch.equal(miners.round_to_grid(a) * miners.GRID, (a * miners.GRID).round())
    assert (miners.round_to_grid(a) - a).abs().max() <= 2**-41
    assert torch.autograd.grad((3 * miners.round_to_grid(a)).sum(), a)[0].tolist() == [3.0] * 4


def test_negative_farther_by_exactly_the_margin_is_easy_on_the_grid():
    # 0.1 + 0.2 is more than 0.3 as floats are added
    d_ap, d_an, margin = (torch.tensor([x], dtype=torch.float64) for x in (0.1, 0.3, 0.2))
    assert miners.semihard(d_ap, d_an, margin.item()).item()
    d_ap, d_an, margin = (miners.round_to_grid(x) for x in (d_ap, d_an, margin))
    assert miners.easy(d_ap, d_an, margin.item()).item()
