"""Notes below a loss curve: what its reference lines leave out, and why it starts above one of them."""

from math import isnan

from cl_core.charts.numbers import short_number
from cl_core.losses import LOSSES
from cl_core.losses.base import Loss
from cl_core.training.collapse_values import share_without_terms
from cl_core.training.frames import RunProgress


def loss_notes(progress: RunProgress) -> str:
    """Explain the reference lines of a run's loss curve, where they need it.

    Args:
        progress: the run.

    Returns:
        Sentences as Markdown; "" if there is nothing to explain.
    """
    references = progress.references
    if references is None:
        return ""
    sentences = []
    share = share_without_terms(progress.spec)
    if isnan(references.collapse):
        sentences.append(
            "The loss at total collapse is unknown: no batch with a positive and a negative pair was found."
        )
    elif share:
        sentences.append(
            f"About {share:.0%} of the batches have no valid term, mostly as no two of their images are of one class; "
            f"their loss is 0. Total collapse is {short_number(references.collapse)} for the others."
        )
    if len(progress.losses) and _is_above(float(progress.losses[0]), references.collapse):
        sentences.append(_reason_for_start(LOSSES[progress.spec.loss]))
    return " ".join(sentences)


def _is_above(value: float, reference: float) -> bool:
    """Return whether a value is above a reference, and is written differently."""
    return value > reference and short_number(value) != short_number(reference)


def _reason_for_start(loss: Loss) -> str:
    """Return why a loss can start above its value at collapse."""
    if loss.classes:
        return (
            "It starts above total collapse because the class weights are random at first: many images lie nearer to "
            "the weight of another class than to their own."
        )
    return (
        "It starts above total collapse because the untrained net puts some images nearer to a negative than to a "
        "positive, which costs more than if all were one point."
    )
