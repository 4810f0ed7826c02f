"""The specification of a training run, `RunSpec`, and the limits of its settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core import losses
from cl_core.data import datasets
from cl_core.data.datasets import Dataset
from cl_core.data.errors import ExplainedError
from cl_core.data.label_noise import with_wrong_labels
from cl_core.losses import variants
from cl_core.losses.base import NO_SCHEDULE
from cl_core.losses.field_types import check_field_types
from cl_core.training import encoders

BATCH_RANGE = (4, 4096)  # rows
DIM_RANGE = (2, 512)
RATE_RANGE = (1e-6, 10.0)
SEED_RANGE = (0, 2**31 - 1)
WRONG_LABELS_RANGE = (0.0, 1.0)  # share of the training images
OPTIMISERS = {"adam": "Adam", "sgd": "SGD with momentum 0.9", "keras_adam": "Adam as in Keras"}  # key -> title
MOMENTUM = 0.9  # of SGD
MAX_STEP_VALUES = 2**23  # input values (pixels, coordinates) of all images in one training step
MAX_STEPS = 20_000  # a forgotten run stops here
MAX_LABEL_DIGITS = 3  # of a label in a text
# fields of `RunSpec` that older files lack; they had their default
LATER_SETTINGS = frozenset({"images_per_class", "drop_last", "training_images", "wrong_labels", "classes_left_out"})


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
        training_images: 0 for the whole training set; N for N of its images, at least one and about equally many of
            each class (see `datasets.training_indices`). Runs of all seeds have the same ones. As many as the training
            set has, or more, are the whole set and stored as 0, so that runs on the same images have equal specs.
        wrong_labels: share of the training images whose label is wrong, 0 to 1 (see `data.label_noise`).
        classes_left_out: labels of classes that no training image has, with commas between, such as "7,8,9"; "" for
            none. They are stored in ascending order. Test images have all classes.

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
    wrong_labels: float = 0.0
    classes_left_out: str = ""

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
            "wrong_labels": WRONG_LABELS_RANGE,
        }.items():
            if not low <= (value := getattr(self, name)) <= high:
                raise ExplainedError(f"{name} is {value!s:.40}, and must lie between {low} and {high}")
        if losses.LOSSES[self.loss].views and self.batch % 2:
            raise ExplainedError(f"a batch of two views must have an even number of rows, not {self.batch}")
        if not encoders.ENCODERS[self.encoder].any_dim and self.dim != encoders.WIDTH:
            raise ExplainedError(f"the encoder {self.encoder} has {encoders.WIDTH} dimensions, not {self.dim}")
        self._check_training_set()
        if self.images_per_class:
            self._check_images_per_class()
        for name in ("rate", "wrong_labels"):
            object.__setattr__(self, name, float(getattr(self, name)))
        try:
            theta = variants.get_variant(self.loss, self.convention).theta_for_run(self.theta)
        except ValueError as error:  # of the loss's own checks, whose messages are sentences
            raise ExplainedError(str(error)) from None
        object.__setattr__(self, "theta", theta)

    @property
    def images_per_step(self) -> int:
        """Number of training images in one step."""
        return self.batch // 2 if losses.LOSSES[self.loss].views else self.batch

    def _check_training_set(self) -> None:
        """Raise ValueError if there are no such training images; store the whole training set as 0."""
        if self.classes_left_out:
            self._check_classes_left_out()
        n = self.training_images
        if not n:
            return
        labels = self._true_labels(0)
        size, classes = len(labels), len(np.unique(labels))
        if n < classes:
            raise ExplainedError(
                f"training_images is {n!s:.40}, and must be 0, for the whole training set, or at least {classes}, one "
                "of each class"
            )
        if n >= size:
            object.__setattr__(self, "training_images", 0)

    def _check_classes_left_out(self) -> None:
        """Raise ValueError if `classes_left_out` are not classes, or leave fewer than two; store them in order."""
        data = datasets.load(self.dataset)
        try:
            labels = parse_labels(self.classes_left_out)
        except ValueError:
            raise ExplainedError(
                f"classes_left_out is {self.classes_left_out!r:.40}, and must be labels with commas between, such as "
                "7,8,9"
            ) from None
        if labels[-1] >= data.n_classes:
            raise ExplainedError(
                f"classes_left_out names the label {labels[-1]!s:.40}, but the labels of this data set are 0 to "
                f"{data.n_classes - 1}"
            )
        if len(np.setdiff1d(data.y_train, labels)) < 2:
            raise ExplainedError("classes_left_out leaves fewer than two classes to train on")
        object.__setattr__(self, "classes_left_out", ",".join(map(str, labels)))

    def _true_labels(self, n: int) -> NDArray[np.int64]:
        """Return the true labels of `n` training images, all if n is 0, without the classes that are left out."""
        data = datasets.load(self.dataset)
        labels: NDArray[np.int64] = data.y_train[training_rows(data, n, self.classes_left_out)]
        return labels

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
        labels = with_wrong_labels(self._true_labels(self.training_images), self.wrong_labels)
        sizes = np.bincount(labels, minlength=data.n_classes)
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


def parse_labels(text: str) -> list[int]:
    """Return the labels that a text such as "7,8,9" names, ascending and each once; none for "".

    Args:
        text: labels with commas between.

    Raises:
        ValueError: when the text is something else.
    """
    parts = [part.strip() for part in text.split(",")] if text else []
    if not all(part.isascii() and part.isdigit() and len(part) <= MAX_LABEL_DIGITS for part in parts):
        raise ValueError(f"{text!r:.40} is no list of labels")
    return sorted(set(map(int, parts)))


def training_rows(data: Dataset, n: int, left_out: str) -> NDArray[np.int64]:
    """Return the rows of a data set that a run trains on.

    Args:
        data: the data set.
        n: how many, as `RunSpec.training_images`.
        left_out: `RunSpec.classes_left_out`.

    Returns:
        Indices into `x_train`: of `n` of them in the order of `datasets.training_indices`, of all of them ascending.
    """
    labels = parse_labels(left_out)
    if n:
        return datasets.training_indices(data, n, labels)
    return np.flatnonzero(~np.isin(data.y_train, labels))
