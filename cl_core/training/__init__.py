"""Training runs as immutable values: a `RunSpec` gives a `State`, and a `State` gives a `Snapshot`.

The public API is `RunSpec`, `State`, `Snapshot`, `start`, `advance` and `snapshot`:

    spec = RunSpec(loss="supcon", batch=256, seed=1)
    state = advance(start(spec), steps=500)
    z = snapshot(state, 2000).z  # (2000, 128) float32

Two runs of equal specs give equal arrays on one machine, wherever they are paused in between.
"""

from cl_core.training.batches import batch_labels, steps_per_epoch
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
from cl_core.training.divergence import divergence_advice
from cl_core.training.loop import (
    Snapshot,
    State,
    advance,
    class_weights,
    embed,
    snapshot,
    start,
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
    "batch_labels",
    "class_weights",
    "divergence_advice",
    "embed",
    "snapshot",
    "start",
    "steps_per_epoch",
]
