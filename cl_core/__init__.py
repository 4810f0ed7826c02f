"""Contrastive Loss Lab: losses of metric learning, to be seen, moved and trained."""
