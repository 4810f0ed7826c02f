"""Contrastive and metric-learning losses: mathematics, training, and pictures of both."""

__version__ = "0.2.0"
