"""Losses written out in plain PyTorch, without anything of this library: read on the page, printed as programs."""
