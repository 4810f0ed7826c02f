"""Training runs as values: RunSpec -> State -> Snapshot, the same arrays for the same spec."""

from cl_core.training.config import (
    BATCH_RANGE,
    DIM_RANGE,
    MAX_STEP_VALUES,
    MAX_STEPS,
    MOMENTUM,
    OPTIMISERS,
    RATE_RANGE,
    SEED_RANGE,
    RunSpec,
)
from cl_core.training.loop import (
    Snapshot,
    State,
    advance,
    class_weights,
    divergence_advice,
    embed,
    first_batch_labels,
    snapshot,
    start,
    steps_per_epoch,
)

__all__ = [
    "BATCH_RANGE",
    "DIM_RANGE",
    "MAX_STEPS",
    "MAX_STEP_VALUES",
    "MOMENTUM",
    "OPTIMISERS",
    "RATE_RANGE",
    "SEED_RANGE",
    "RunSpec",
    "Snapshot",
    "State",
    "advance",
    "class_weights",
    "divergence_advice",
    "embed",
    "first_batch_labels",
    "snapshot",
    "start",
    "steps_per_epoch",
]
