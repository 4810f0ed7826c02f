"""Contrastive Loss Lab: the loss functions of metric learning, to look at, to adjust and to train with."""
