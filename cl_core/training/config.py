"""The specification of a training run, `RunSpec`, and the limits of its settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import numpy as np

from cl_core import losses
from cl_core.data import datasets
from cl_core.data.errors import ExplainedError
from cl_core.losses import variants
from cl_core.losses.base import NO_SCHEDULE
from cl_core.losses.field_types import check_field_types
from cl_core.training import encoders

BATCH_RANGE = (4, 4096)  # rows
DIM_RANGE = (2, 512)
RATE_RANGE = (1e-6, 10.0)
SEED_RANGE = (0, 2**31 - 1)
OPTIMISERS = {"adam": "Adam", "sgd": "SGD with momentum 0.9", "keras_adam": "Adam as in Keras"}  # key -> title
MOMENTUM = 0.9  # of SGD
MAX_STEP_VALUES = 2**23  # input values (pixels, coordinates) of all images in one training step
MIN_TRAINING_IMAGES = 100  # fewer are not worth a run of their own
MAX_STEPS = 20_000  # a forgotten run stops here
# fields of `RunSpec` that older files lack; they had their default
LATER_SETTINGS = frozenset({"images_per_class", "drop_last", "training_images"})


@dataclass(frozen=True)
class RunSpec:
    """All settings of a training run. Two runs of equal specs give equal arrays on one machine.

    Attributes:
        dataset: key of `datasets.available()`.
        loss: key of `losses.LOSSES`.
        theta: parameters of the loss by name. Missing ones get their defaults, so the stored mapping is complete.
        encoder: key of `encoders.ENCODERS`.
        dim: dimensions of an embedding, within `DIM_RANGE`. Embeddings of 2 and 3 dimensions are drawn without
            projection.
        unit_norm: whether embeddings are scaled to unit length.
        batch: rows that the loss gets in one step, within `BATCH_RANGE`. A loss of two views gets two rows for each
            image, so its batches hold half as many images.
        rate: learning rate, within `RATE_RANGE`.
        optimiser: "adam", "sgd" with a momentum of 0.9, or "keras_adam", Adam with Keras' epsilon.
        schedule: name of one of the loss's `schedules`, by which its parameter `annealing` decreases during the run;
            "none" keeps the parameter constant.
        seed: seed of the initial weights, the order of the rows and the augmentation, within `SEED_RANGE`.
        convention: key of a variant of the loss: another published definition under the same name (see
            `losses.variants`). "here" is the definition of this project.
        images_per_class: 0 for batches of the shuffled training set; K >= 2 for batches of K images of each of
            `batch` / K classes (see `class_batches`). A loss of two views takes no labels, so it has 0.
        drop_last: whether an epoch of shuffled batches leaves out the images that do not fill a whole batch; else they
            are its last, smaller batch.
        training_images: 0 for the whole training set; N >= 100 for N of its images, about equally many of each class
            (see `datasets.training_indices`). Runs of all seeds have the same ones. As many as the training set has,
            or more, are the whole set and stored as 0, so that runs on the same images have equal specs.

    Raises:
        ValueError: when a setting has the wrong type or is out of range, when a key or a parameter of the loss is
            unknown, or when two settings do not fit together (such as a convolutional encoder for points, or an odd
            batch size for a loss of two views).
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
    images_per_class: int = 0
    drop_last: bool = True
    training_images: int = 0

    def __post_init__(self) -> None:
        check_field_types(self)
        known = {"data set": datasets.available(), "loss": losses.LOSSES, "encoder": encoders.ENCODERS}
        for name, choices in {**known, "optimiser": OPTIMISERS}.items():
            if (value := getattr(self, name.replace(" ", ""))) not in choices:
                raise ExplainedError(f"unknown {name} {value!r:.40}: choose one of {', '.join(choices)}")
        if self.encoder == "cnn" and datasets.available()[self.dataset].kind == "points":
            raise ExplainedError("the convolutional network needs images; for points of the plane choose the MLP")
        if self.schedule not in (NO_SCHEDULE, *losses.LOSSES[self.loss].schedules):
            raise ExplainedError(f"{self.loss} has no schedule {self.schedule!r:.40}")
        for name, (low, high) in {
            "batch": BATCH_RANGE,
            "dim": DIM_RANGE,
            "rate": RATE_RANGE,
            "seed": SEED_RANGE,
        }.items():
            if not low <= (value := getattr(self, name)) <= high:
                raise ExplainedError(f"{name} is {value!s:.40}, and must lie between {low} and {high}")
        if losses.LOSSES[self.loss].views and self.batch % 2:
            raise ExplainedError(f"a batch of two views must have an even number of rows, not {self.batch}")
        if not encoders.ENCODERS[self.encoder].any_dim and self.dim != encoders.WIDTH:
            raise ExplainedError(f"the encoder {self.encoder} has {encoders.WIDTH} dimensions, not {self.dim}")
        if self.training_images:
            self._check_training_images()
        if self.images_per_class:
            self._check_images_per_class()
        object.__setattr__(self, "rate", float(self.rate))
        try:
            theta = variants.get_variant(self.loss, self.convention).theta_for_run(self.theta)
        except ValueError as error:  # of the loss's own checks, whose messages are sentences
            raise ExplainedError(str(error)) from None
        object.__setattr__(self, "theta", theta)

    @property
    def images_per_step(self) -> int:
        """Number of training images in one step."""
        return self.batch // 2 if losses.LOSSES[self.loss].views else self.batch

    def _check_training_images(self) -> None:
        """Raise ValueError if `training_images` are too few; store the whole training set as 0."""
        n = self.training_images
        size = len(datasets.load(self.dataset).y_train)
        if n < 0 or n < min(MIN_TRAINING_IMAGES, size):
            raise ExplainedError(
                f"training_images is {n!s:.40}, and must be 0, for the whole training set, or at least "
                f"{MIN_TRAINING_IMAGES}"
            )
        if n >= size:
            object.__setattr__(self, "training_images", 0)

    def _check_images_per_class(self) -> None:
        """Raise ValueError if batches of `images_per_class` images of each class cannot be drawn."""
        batch, images = self.batch, self.images_per_class
        if images < 2:
            raise ExplainedError(
                f"images_per_class is {images!s:.40}, and must be 0, for batches of the shuffled images, or at least 2"
            )
        if losses.LOSSES[self.loss].views:
            raise ExplainedError(
                f"{self.loss} takes no labels, so its batches can't be drawn by class: choose 0 per class"
            )
        if images > batch // 2:
            raise ExplainedError(
                f"a batch of {batch} needs at least two classes: take at most {batch // 2} images of each class"
            )
        if batch % images:
            raise ExplainedError(f"a batch of {batch} can't be divided into classes of {images} images each")
        data = datasets.load(self.dataset)
        chosen = datasets.training_indices(data, self.training_images) if self.training_images else slice(None)
        sizes = np.bincount(data.y_train[chosen], minlength=data.n_classes)
        classes = np.count_nonzero(sizes)
        if batch // images > classes:
            raise ExplainedError(
                f"a batch of {batch} with {images} images of each class takes {batch // images} classes, and the data "
                f"set has {classes}: take at least {ceil(batch / classes)} images of each class, or a batch of at most "
                f"{images * classes}"
            )
        smallest = int(np.where(sizes > 0, sizes, sizes.max()).argmin())
        if sizes[smallest] < images:
            among = f" among the {self.training_images:,} of the run" if self.training_images else ""
            raise ExplainedError(
                f"class {data.class_names[smallest]} has {sizes[smallest]} training images{among}, so a batch can't "
                f"have {images} of each class"
            )
