"""Artefacts that are trained once and shipped in assets: embeddings, checkpoints and recorded runs."""
