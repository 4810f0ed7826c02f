"""Training runs as values: RunSpec -> State -> Snapshot, the same arrays for the same spec."""

from cl_core.training.config import BATCH, DIM, MAX_STEPS, MOMENTUM, NUMBERS, OPTIMISERS, RATE, SEED, RunSpec
from cl_core.training.loop import (
    Snapshot,
    State,
    advance,
    advice,
    class_weights,
    embed,
    epoch_steps,
    first_labels,
    snapshot,
    start,
)

__all__ = [
    "BATCH",
    "DIM",
    "MAX_STEPS",
    "MOMENTUM",
    "NUMBERS",
    "OPTIMISERS",
    "RATE",
    "SEED",
    "RunSpec",
    "Snapshot",
    "State",
    "advance",
    "advice",
    "class_weights",
    "embed",
    "epoch_steps",
    "first_labels",
    "snapshot",
    "start",
]
