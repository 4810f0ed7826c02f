"""The cells of the experiment: each one is a method, a data set, a batch size, a learning rate and a seed.

The published grid couples batch size and learning rate, and has three unusual choices: its classifiers apply softmax
twice, its N-pair loss counts an anchor as a positive of its own, and its supervised NT-Xent is multiplied by
tau / tau_base. Results "as published" include them; results "put right" do not. The first choice concerns only the
second stage, so
both classifiers are trained on the encoder of the same first stage; the other two need cells of their own.

The cells "as published" have this project's net. Those of the study "program" have that of the article's program, with
its initial weights, its optimiser and its last, smaller batch.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from math import ceil
from types import MappingProxyType
from typing import Any

from cl_core.losses.base import NO_SCHEDULE
from cl_core.losses.parameters import Value
from cl_core.losses.variants import OURS
from cl_core.training import RunSpec
from cl_core.training.encoders import WIDTH

IMAGES = 60_000  # training images of each data set
DATASETS = ("mnist", "fashion_mnist")
PROGRAM = "program"  # key of the study with the net of the article's program
COUPLED = ((32, 0.001), (256, 0.01), (2048, 0.2))  # pairs of batch size and learning rate in the article
RATES = (0.0003, 0.001, 0.01)  # learning rates of the decoupled grid


@dataclass(frozen=True)
class Method:
    """One way to train an encoder.

    Attributes:
        title: name in the table.
        loss: key of the loss.
        theta: parameters of the loss.
        odd: variant of the loss that the article used, if that is not this library's.
        unit_norm: whether embeddings have unit length.
        schedule: annealing schedule of the loss.
        stages: 2, or 1 for a net that is trained as a classifier.
    """

    title: str
    loss: str
    theta: Mapping[str, Value]
    odd: str = OURS
    unit_norm: bool = True
    schedule: str = NO_SCHEDULE
    stages: int = 2


def _triplet(mining: str) -> dict[str, Value]:
    """Return theta as in the TensorFlow Addons release that the article used (0.9.1): distances are squared."""
    return {"margin": 1.0, "distance": "sqeuclidean", "mining": mining}


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "baseline": Method("MLP baseline", "softmax", {}, odd="twice", stages=1),
        "max_margin": Method("Max-margin contrastive", "contrastive", {"margin": 1.0}),
        "triplet_semihard": Method("Triplet, semi-hard (TFA)", "triplet", _triplet("semihard_tfa")),
        "triplet_hard": Method("Triplet, batch-hard", "triplet", _triplet("batch_hard")),
        "triplet_all": Method("Triplet, no mining", "triplet", _triplet("all")),
        "npair": Method("Multi-class N-pair", "npair", {}, odd="soft_labels"),
        "sup_nt_xent": Method("Supervised NT-Xent", "supcon", {"temperature": 0.5}, odd="base"),
        "l_softmax": Method("L-softmax", "l_softmax", {}, unit_norm=False, schedule="sphereface"),
        "am_softmax": Method("AM-softmax", "am_softmax", {}),
        "circle": Method("Circle loss", "circle", {}),
        "pccl": Method("PCCL", "pccl", {}),
    }
)
FIRST_ARTICLE = (
    "max_margin",
    "triplet_semihard",
    "triplet_hard",
    "triplet_all",
    "npair",
    "sup_nt_xent",
)  # losses of the first article
# losses that the claims of the first article compare
COMPARED = ("max_margin", "triplet_semihard", "triplet_hard", "npair", "sup_nt_xent")
SECOND_ARTICLE = ("l_softmax", "am_softmax", "circle", "pccl")  # losses of the second article


@dataclass(frozen=True)
class Cell:
    """One run of the experiment; two equal cells give equal results on the same machine.

    Attributes:
        study: key of `STUDIES`.
        dataset: key of the data set.
        method: key of `METHODS`.
        batch: batch size of the first stage.
        rate: learning rate of the first stage.
        steps: number of steps of the first stage.
        epochs: epochs of the second stage's classifiers, whose batch size and learning rate are the article's.
        seed: seed of both stages.
        odd: whether the loss is the article's variant, where that differs from this library's.
    """

    study: str
    dataset: str
    method: str
    batch: int
    rate: float
    steps: int
    epochs: int
    seed: int
    odd: bool

    @property
    def name(self) -> str:
        """Stem of the result file's name, unique among the cells of `STUDIES`; it does not include `epochs`."""
        kind = "odd" if self.odd else "right"
        return (
            f"{self.study}-{self.dataset}-{self.method}-{kind}-b{self.batch}-r{self.rate:g}-n{self.steps}-s{self.seed}"
        )

    @property
    def spec(self) -> RunSpec:
        """Configuration of the first stage's run."""
        method = METHODS[self.method]
        single = method.stages == 1
        program = self.study == PROGRAM
        ours, articles = ("plain_mlp", "plain_article") if single else ("unit_mlp", "article")
        return RunSpec(
            dataset=self.dataset,
            loss=method.loss,
            theta=dict(method.theta),
            encoder=articles if program else ours,
            dim=WIDTH if single or program else 128,
            unit_norm=True if single else method.unit_norm,
            batch=self.batch,
            rate=self.rate,
            optimiser="keras_adam" if program else "adam",
            schedule=method.schedule,
            seed=self.seed,
            convention=method.odd if self.odd else OURS,
            drop_last=not program,
        )

    def row(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


@dataclass(frozen=True)
class Study:
    """One part of the experiment.

    Attributes:
        title: display name.
        question: the question that it answers.
        seeds: default number of seeds.
        cells: its cells, for seed 0.
    """

    title: str
    question: str
    seeds: int
    cells: Sequence[Cell]

    def of_seeds(self, seeds: int | None = None) -> Iterator[Cell]:
        """Yield the cells of the first seeds, all cells of one seed before those of the next.

        Args:
            seeds: number of seeds; by default that of the study.

        Yields:
            The study's cells, with each seed in turn.
        """
        for seed in range(self.seeds if seeds is None else seeds):
            for cell in self.cells:
                yield Cell(**{**cell.row(), "seed": seed})


def _coupled(study: str, methods: Sequence[str], odd: bool, epochs: int) -> list[Cell]:
    """Return a cell for each data set, method, and coupled batch size and learning rate."""
    batches_of_epoch = {batch: ceil(IMAGES / batch) if study == PROGRAM else IMAGES // batch for batch, _ in COUPLED}
    return [
        Cell(study, dataset, method, batch, rate, epochs * batches_of_epoch[batch], epochs, 0, odd)
        for dataset, method, (batch, rate) in product(DATASETS, methods, COUPLED)
    ]


def _decoupled(methods: Sequence[str], epochs: int, steps: int) -> list[Cell]:
    """Return the cells of every batch size at every rate, for equal epochs and for equal steps."""
    grid = product(methods, (batch for batch, _ in COUPLED), RATES)
    spans = [
        (method, batch, rate, span) for method, batch, rate in grid for span in (epochs * (IMAGES // batch), steps)
    ]
    return [
        Cell("decoupled", "mnist", method, batch, rate, span, epochs, 0, odd=False)
        for method, batch, rate, span in spans
    ]


_ODD_METHODS = tuple(method for method in ("baseline", *FIRST_ARTICLE) if METHODS[method].odd != OURS)
STUDIES: Mapping[str, Study] = MappingProxyType(
    {
        "published": Study(
            "As published",
            "Do the article's own choices reproduce its table?",
            3,
            _coupled("published", ("baseline", *FIRST_ARTICLE), True, 20),
        ),
        PROGRAM: Study(
            "The article's program",
            "Does the article's own network reproduce it?",
            3,
            _coupled(PROGRAM, ("baseline", *FIRST_ARTICLE), True, 20),
        ),
        "right": Study(
            "Corrected",
            "What changes where the loss itself is corrected?",
            1,
            _coupled("right", _ODD_METHODS, False, 20),
        ),
        "second": Study(
            "The second article's losses",
            "How do they compare, with a quarter of the epochs?",
            1,
            _coupled("second", SECOND_ARTICLE, False, 5),
        ),
        "decoupled": Study(
            "One factor at a time",
            "Is it the batch size, the learning rate, or the number of steps?",
            1,
            _decoupled(("baseline", "max_margin", "triplet_semihard", "npair", "sup_nt_xent"), 5, 600),
        ),
    }
)
