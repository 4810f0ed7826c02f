"""Message of the trainer, the component that trains in the visitor's browser."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from cl_core.analysis.metrics import NEIGHBOURS, TRIPLET_MARGIN
from cl_core.components import embedding
from cl_core.components.envelope import pack
from cl_core.data import datasets
from cl_core.losses import LOSSES
from cl_core.programs.sliders import sliders
from cl_core.training import RunSpec
from cl_core.training.frames import Pace
from cl_core.training.regions import has_wedges

STYLES = (
    "run_bar.css",
    "legend.css",
    "time.css",
    "../embedding/embedding.css",
    "../trainer/curves.css",
)  # that it needs, from `bundle.SHARED`
WORDS: Mapping[str, str] = {
    "buttons": "The run",
    "start": "Start",
    "goOn": "Resume",
    "pause": "Pause",
    "playHelp": "Train or pause",
    "step": "Step",
    "stepHelp": "Pause and do one step",
    "reset": "Reset",
    "resetHelp": "Back to step 0 with the same initial weights",
    "reseed": "New seed",
    "reseedHelp": "Restart with new initial weights and another order of the images",
    "loading": "Getting ready",
    "paused": "Paused",
    "running": "Training",
    "failed": "Stopped",
    "finished": "All steps done",
    "stepText": "step {step}",
    "epoch": "epoch {epoch}",
    "seconds": "{seconds} s of training",
    "rate": "{rate} steps/s in your browser",
    "waiting": "Loading the training images: {share} %.",
    "download": "Training images loaded",
    "empty": "{empty} of {step} steps had no valid term in their batch, so they changed nothing.",
    "retry": "Press Reset to try again.",
    "changed": "Settings changed",
    "apply": "Apply",
    "applyHelp": "Continue with these settings from the next step",
    "restart": "Restart",
    "restartHelp": "Restart from step 0 with these settings",
    "placeholder": "Getting ready …",
}
MEASURES: Mapping[str, Any] = {
    "tiles": [
        {
            "name": "kNN",
            "text": "{knn}",
            "help": f"Accuracy of {NEIGHBOURS} nearest neighbours among the images shown, leave-one-out, in the "
            f"full space.",
        },
        {"name": "MAP@R", "text": "{map_r}", "help": "Mean average precision at R, in the full space."},
        {"name": "variance shown", "text": "{variance}", "help": "The share of the variance that the picture shows."},
        {
            "name": "spread",
            "text": "{spread_short}",
            "help": "1 is spread out, 0 is collapsed to a point (for unit-length embeddings).",
        },
    ],
    "all": "All metrics of this step",
    "table": [
        {"name": f"kNN accuracy (k = {NEIGHBOURS}, leave one out)", "text": "{knn_2}", "help": ""},
        {"name": "recall@1", "text": "{recall_2}", "help": ""},
        {"name": "recall@1 in the picture", "text": "{drawn_2}", "help": ""},
        {"name": "MAP@R", "text": "{map_r_2}", "help": ""},
        {"name": "alignment (mean d² of positive pairs)", "text": "{alignment_number}", "help": ""},
        {"name": "uniformity (log mean exp −2d²)", "text": "{uniformity_number}", "help": ""},
        {
            "name": f"easy / semi-hard / hard triplets (d², m = {TRIPLET_MARGIN})",
            "text": "{easy_2} / {semihard_2} / {hard_2}",
            "help": "",
        },
        {"name": "spread", "text": "{spread_number}", "help": ""},
        {"name": "variance shown", "text": "{variance_1}", "help": ""},
    ],
    "sentence": "kNN accuracy {knn}, in the picture {drawn}; easy, semi-hard and hard triplets {easy}, {semihard}, "
    "{hard}; spread {spread_number}.",
}


@dataclass(frozen=True)
class Files:
    """URLs of the files that the browser loads for a run.

    Attributes:
        engine: the engine.
        worker: the worker that trains.
        run: the run's programs, from `message.encode`.
        images: training examples, from `message.encode_examples`.
        probes: probe examples.
        cloud: message of the cloud before its first frame, from `cloud_message`.
    """

    engine: str
    worker: str
    run: str
    images: str
    probes: str
    cloud: str


@dataclass(frozen=True)
class Remarks:
    """Sentences about the values that the loss is compared with, each shown where it applies; "" for none.

    Attributes:
        unknown: where the loss at total collapse is not known.
        partly: where some batches have no valid term; "{collapse}" is replaced by the value for the others.
        above: where the loss starts above that value.
    """

    unknown: str = ""
    partly: str = ""
    above: str = ""


@dataclass(frozen=True, eq=False)
class Trainer:
    """Content of the trainer.

    Attributes:
        spec: what is trained.
        n: number of probe images in each frame.
        files: what the browser loads.
        pace: how fast it goes.
        axes: dimensions that are drawn, 2 or 3.
        density: whether the density of each class is drawn in the place of its points.
        regions: whether class weights and their regions are drawn, where there are any.
        knn_raw: kNN accuracy of the probe images' raw pixels, 0 to 1.
        epoch_steps: steps in one pass through the training set.
        turn: with another turn, the run of these settings takes the place of the one before at once; with the same one,
            a run that was started stays, and the settings wait until the visitor applies them.
        start: names the last request to start; "" for none.
        wanted: whether the server needs the run.
        known: name of the run and step that the server has; None for none.
        conditions: of a step of a lesson that are not met yet: fact, relation and value.
        changes: steps at which the settings were changed, as the address says.
        remarks: on the loss curve.
        height: of the cloud, in CSS pixels.
        words: texts on the controls.
    """

    spec: RunSpec
    n: int
    files: Files
    pace: Pace
    axes: int
    knn_raw: float
    epoch_steps: int
    density: bool = False
    regions: bool = True
    turn: int = 0
    start: str = ""
    wanted: bool = False
    known: tuple[str, int] | None = None
    conditions: Sequence[tuple[str, str, float | str]] = ()
    changes: Sequence[int] = ()
    remarks: Remarks = Remarks()
    height: int = 570
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)


def run_key(spec: RunSpec, n: int) -> str:
    """Return a text that is the same for two runs just when the same programs train them."""
    theta = {name: value for name, value in spec.theta.items() if name not in sliders(LOSSES[spec.loss])}
    settings = {**asdict(spec), "theta": theta, "seed": 0, "rate": 0.0, "n": n}
    return "&".join(f"{name}={value}" for name, value in settings.items())


def encode_view(trainer: Trainer, name: str) -> bytes:
    """Encode the message for the browser.

    Args:
        trainer: what to show.
        name: of the run in this browser: there is one run of a name.

    Returns:
        The message; equal arguments give equal bytes.
    """
    return pack(view_header(trainer, name), {})


def view_header(trainer: Trainer, name: str) -> dict[str, Any]:
    """Return the header of the message for the browser, which has no buffers.

    Args:
        trainer: what to show.
        name: of the run in this browser: there is one run of a name.
    """
    spec = trainer.spec
    choice = choice_of(spec)
    return {
        "name": name,
        "key": run_key(spec, trainer.n),
        "files": asdict(trainer.files),
        "choice": choice,
        "sliders": {parameter: parameter for parameter in choice["theta"]},
        "pace": trainer.pace.for_browser(),
        "axes": trainer.axes,
        "density": trainer.density,
        "show_regions": trainer.regions,
        "turn": trainer.turn,
        "views": {str(axes): view_of(spec, trainer.n, axes) for axes in (2, 3) if axes <= spec.dim},
        "about": {
            "spec": asdict(spec),
            "n": trainer.n,
            "references": {"knn_raw": trainer.knn_raw, "epoch_steps": trainer.epoch_steps},
        },
        "start": trainer.start,
        "wanted": trainer.wanted,
        "known": trainer.known,
        "conditions": [dict(zip(("fact", "relation", "value"), each, strict=True)) for each in trainer.conditions],
        "changes": list(trainer.changes),
        "remarks": asdict(trainer.remarks),
        "height": trainer.height,
        "measures": MEASURES,
        "words": dict(trainer.words),
    }


def choice_of(spec: RunSpec) -> dict[str, Any]:
    """Return what a visitor chooses of a run that its programs do not depend on; `Choice` of run.js."""
    theta = {parameter: float(spec.theta[parameter]) for parameter in sliders(LOSSES[spec.loss])}
    return {"seed": spec.seed, "rate": spec.rate, "theta": theta}


def view_of(spec: RunSpec, n: int, axes: int) -> dict[str, Any]:
    """Return what the cloud of a run says of its axes.

    Args:
        spec: the run.
        n: number of probe images.
        axes: dimensions that are drawn, 2 or 3.
        density: whether the density of each class is drawn in the place of its points.
    """
    whole = spec.dim == axes
    return {
        "title": view_title(spec, n, axes),
        "axes": [f"z{k + 1}" if whole else f"axis {k + 1}" for k in range(axes)],
        "unit_circle": whole and spec.unit_norm,
        "margin": has_wedges(spec),
    }


def view_title(spec: RunSpec, n: int, axes: int) -> str:
    """Return the title of the picture of an embedding.

    Args:
        spec: the run.
        n: number of probe images.
        axes: dimensions of the picture; it has no projection if the embedding has as many.
    """
    data = datasets.load(spec.dataset)
    kind = "Embedding" if spec.dim == axes else "PCA view"
    return f"{kind} of {min(n, len(data.y_test)):,} {'test images' if data.is_image else 'test points'}"


def cloud_message(dataset: str, n: int) -> bytes:
    """Return the message of the cloud before its first frame: labels, names and small images of all points.

    Args:
        dataset: key of the data set.
        n: number of probe images.
    """
    return embedding.encode(embedding.cloud_of_probes(dataset, n), 0, 0)
