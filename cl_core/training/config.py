"""What decides a training run: RunSpec and the limits of its settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cl_core import losses
from cl_core.data import datasets
from cl_core.losses import variants
from cl_core.losses.base import NO_SCHEDULE
from cl_core.losses.field_types import check_field_types
from cl_core.training import encoders

BATCH_RANGE = (4, 4096)
DIM_RANGE = (2, 512)
RATE_RANGE = (1e-6, 10.0)
SEED_RANGE = (0, 2**31 - 1)
OPTIMISERS = ("adam", "sgd")
MOMENTUM = 0.9  # of sgd
MAX_STEP_VALUES = 2**23  # of all images that a step looks at
MAX_STEPS = 20_000  # a run ends here, whoever forgot it


@dataclass(frozen=True)
class RunSpec:
    """Everything that decides a run; two equal specs give equal arrays on one machine.

    Attributes:
        dataset: key of `datasets.available()`.
        loss: key of `losses.LOSSES`.
        theta: the loss's parameters; those not named have their defaults. Stored complete.
        encoder: key of `encoder.ENCODERS`.
        dim: numbers in an embedding; 2 and 3 are drawn without projection.
        unit_norm: whether embeddings are scaled to unit length.
        batch: rows the loss sees; of a two-view loss half as many images.
        rate: learning rate.
        optimiser: "adam" or "sgd" (momentum 0.9).
        convention: key of one of the loss's `conventions`, another definition by the same name; "here" for ours.
        schedule: name of one of the loss's `schedules`, by which its `annealing` falls; "none" leaves it as it is.
        seed: of the weights, the order of the rows and the noise.

    Raises ValueError, in words, for whatever is out of range or unknown.
    """

    dataset: str = "mnist"
    loss: str = "supcon"
    theta: Mapping[str, Any] = field(default_factory=dict)
    encoder: str = "mlp"
    dim: int = 128
    unit_norm: bool = True
    batch: int = 128
    rate: float = 1e-3
    optimiser: str = "adam"
    schedule: str = NO_SCHEDULE
    seed: int = 0
    convention: str = variants.OURS

    def __post_init__(self) -> None:
        check_field_types(self)
        known = {"data set": datasets.available(), "loss": losses.LOSSES, "encoder": encoders.ENCODERS}
        for name, choices in {**known, "optimiser": OPTIMISERS}.items():
            if (value := getattr(self, name.replace(" ", ""))) not in choices:
                raise ValueError(f"unknown {name} {value!r:.40}: choose one of {', '.join(choices)}")
        if self.encoder == "cnn" and datasets.available()[self.dataset].kind == "points":
            raise ValueError("the convolutional net reads images; for points of the plane choose the mlp")
        if self.schedule not in (NO_SCHEDULE, *losses.LOSSES[self.loss].schedules):
            raise ValueError(f"{self.loss} has no schedule {self.schedule!r:.40}")
        for name, (low, high) in {
            "batch": BATCH_RANGE,
            "dim": DIM_RANGE,
            "rate": RATE_RANGE,
            "seed": SEED_RANGE,
        }.items():
            if not low <= (value := getattr(self, name)) <= high:
                raise ValueError(f"{name} is {value!s:.40}, and must lie between {low} and {high}")
        if losses.LOSSES[self.loss].views and self.batch % 2:
            raise ValueError(f"a batch of two views has an even number of rows, not {self.batch}")
        if not encoders.ENCODERS[self.encoder].projects and self.dim != encoders.WIDTH:
            raise ValueError(f"a net without a projector has {encoders.WIDTH} dimensions, not {self.dim}")
        object.__setattr__(self, "rate", float(self.rate))
        object.__setattr__(self, "theta", variants.get_variant(self.loss, self.convention).theta_for_run(self.theta))

    @property
    def images_per_step(self) -> int:
        """Training images that one step looks at."""
        return self.batch // 2 if losses.LOSSES[self.loss].views else self.batch
