"""Measurements of embeddings and losses: metrics, census, similarity plane, gradients, projection."""
