"""The sweeps that are shipped, and what they cost to make: `python -m cl_core.experiments sweep --prepared ...`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from cl_core.data import datasets
from cl_core.data.npz import DataError
from cl_core.experiments.sweeps import results
from cl_core.experiments.sweeps.plan import Plan, range_of
from cl_core.training import RunSpec

FOLDER = datasets.ASSETS / "sweeps"
TEMPERATURES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
BATCHES = (64.0, 256.0, 1024.0)
EPOCHS = (1, 4)
IMAGES = 10_000  # training images of the sweeps of temperature
MARGINS = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0)
XI_IMAGES = (50.0, 200.0, 1000.0)  # 5, 20 and 100 of each class


@dataclass(frozen=True)
class PreparedSweep:
    """A shipped sweep.

    Attributes:
        title: what it varies, of which loss and data set.
        plan: the sweep.
    """

    title: str
    plan: Plan


def _temperature(loss: str, dataset: str) -> Plan:
    base = RunSpec(loss=loss, dataset=dataset, training_images=IMAGES)
    low, _ = range_of(loss, "temperature")
    values = tuple(value for value in TEMPERATURES if value >= low)
    return Plan(base, "temperature", values, seeds=3, other="batch", other_values=BATCHES, epochs=EPOCHS)


def _scale_and_margin(loss: str, scales: tuple[float, ...], margins: tuple[float, ...]) -> Plan:
    return Plan(RunSpec(loss=loss), "scale", scales, (300,), 3, "margin", margins)


def _margin(loss: str, values: tuple[float, ...]) -> Plan:
    return Plan(RunSpec(loss=loss), "margin", values, seeds=5, other="steps", other_values=(100.0, 300.0, 1000.0))


PREPARED: Mapping[str, PreparedSweep] = MappingProxyType(
    {
        "temperature-supcon-mnist": PreparedSweep(
            "Temperature of supervised NT-Xent (SupCon), MNIST", _temperature("supcon", "mnist")
        ),
        "temperature-supcon-fashion_mnist": PreparedSweep(
            "Temperature of supervised NT-Xent (SupCon), Fashion-MNIST", _temperature("supcon", "fashion_mnist")
        ),
        "temperature-nt_xent-mnist": PreparedSweep("Temperature of NT-Xent, MNIST", _temperature("nt_xent", "mnist")),
        "temperature-nt_xent-fashion_mnist": PreparedSweep(
            "Temperature of NT-Xent, Fashion-MNIST", _temperature("nt_xent", "fashion_mnist")
        ),
        "margin-contrastive": PreparedSweep("Margin of max-margin contrastive", _margin("contrastive", MARGINS)),
        "margin-triplet": PreparedSweep("Margin of triplet", _margin("triplet", (0.0, 0.05, *MARGINS[:-1]))),
        "scale-margin-circle": PreparedSweep(
            "Scale and margin of circle loss",
            _scale_and_margin("circle", (8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0), (0.1, 0.25, 0.4)),
        ),
        "scale-margin-am_softmax": PreparedSweep(
            "Scale and margin of AM-softmax",
            _scale_and_margin("am_softmax", (1.0, 4.0, 8.0, 16.0, 32.0, 64.0), (0.0, 0.2, 0.35, 0.5)),
        ),
        "xi-pccl": PreparedSweep(
            "PCCL's temperature ratio with few images",
            Plan(
                RunSpec(loss="pccl", batch=32), "xi", (1.0, 2.0, 3.0, 4.0, 5.0), (300,), 10,
                "training_images", XI_IMAGES,
            ),
        ),
    }
)  # fmt: skip


def load(key: str, folder: Path = FOLDER) -> pd.DataFrame:
    """Load the measurements of a shipped sweep.

    Args:
        key: key of `PREPARED`.
        folder: folder of the files.

    Returns:
        The table; do not change it, it is cached.

    Raises:
        DataError: when the file is missing or damaged, or holds another sweep.
    """
    path = folder / f"{key}.parquet"
    try:
        return _load(key, path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise DataError(f"{path.name} is missing.") from None


@lru_cache(maxsize=32)
def _load(key: str, path: Path, _stamp: int) -> pd.DataFrame:
    plan, table = results.load(path)
    if plan != PREPARED[key].plan:
        raise DataError(f"{path.name}: the result of another sweep. Make it again.")
    return table
