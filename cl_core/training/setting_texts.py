"""Names and values of a run's settings as pages, tables and sentences show them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from cl_core.data import datasets
from cl_core.losses import LOSSES, variants
from cl_core.losses.base import NO_SCHEDULE
from cl_core.training.config import OPTIMISERS
from cl_core.training.encoders import ENCODERS

SETTING_TITLES: Mapping[str, str] = MappingProxyType(  # field of `RunSpec` -> title
    {
        "dataset": "data set",
        "loss": "loss",
        "training_images": "training images",
        "wrong_labels": "wrong labels",
        "classes_left_out": "classes left out",
        "batch": "batch size",
        "images_per_class": "images of each class",
        "rate": "learning rate",
        "encoder": "encoder",
        "dim": "embedding dimensions",
        "unit_norm": "unit-length embeddings",
        "optimiser": "optimiser",
        "drop_last": "whole batches only",
        "seed": "seed",
        "schedule": "schedule of the annealing",
        "convention": "formula version",
    }
)


def setting_text(loss: str, name: str, value: Any) -> str:
    """Return the name and value of a setting as pages show them, such as "margin 0.2" or "mining batch-hard".

    Args:
        loss: key of the run's loss.
        name: field of `RunSpec`, or parameter of the loss.
        value: its value.
    """
    parameters = LOSSES[loss].parameters
    if name in parameters:
        return parameters[name].text_of(value)
    if name == "images_per_class" and not value:
        return "images drawn at random"
    if name == "wrong_labels":
        return f"{value:.0%} wrong labels" if value else "all labels right"
    if name == "classes_left_out" and not value:
        return "no class left out"
    return f"{SETTING_TITLES[name]} {_value_text(loss, name, value)}"


def option_titles(loss: str, name: str) -> Mapping[str, str]:
    """Return the titles of the values of a setting that takes keys; empty for other settings.

    Args:
        loss: key of the run's loss.
        name: field of `RunSpec`.
    """
    titles: Mapping[str, Callable[[], Mapping[str, str]]] = {
        "dataset": lambda: {key: entry.title for key, entry in datasets.available().items()},
        "loss": lambda: {key: loss.title for key, loss in LOSSES.items()},
        "encoder": lambda: {key: encoder.title for key, encoder in ENCODERS.items()},
        "optimiser": lambda: OPTIMISERS,
        "schedule": lambda: {NO_SCHEDULE: "constant", **{k: s.title for k, s in LOSSES[loss].schedules.items()}},
        "convention": lambda: variants.titles_of(variants.variants_of(loss)),
    }
    return titles[name]() if name in titles else {}


def _value_text(loss: str, name: str, value: Any) -> str:
    if titles := option_titles(loss, name):
        return titles[value]
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return np.format_float_positional(value, precision=4, fractional=False, trim="-")
    return f"{value:,}" if isinstance(value, int) else str(value)
