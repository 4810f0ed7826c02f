"""Losses in plain PyTorch, independent of the rest of this library; shown on pages and printed in example programs.

`pairs`, `sets` and `classes` compute the loss of a batch, `points` that of one positive and one negative pair.
"""
