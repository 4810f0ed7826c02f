"""Notes below a loss curve: what its reference lines leave out, and why it starts above one of them."""

from math import isnan

from cl_core.charts.numbers import short_number
from cl_core.components.trainer.picture import Remarks
from cl_core.losses import LOSSES
from cl_core.losses.base import Loss
from cl_core.training.collapse_values import share_without_terms
from cl_core.training.config import RunSpec
from cl_core.training.frames import Change, RunProgress

UNKNOWN_COLLAPSE = "The loss if all points coincide is unknown: no batch with a positive and a negative pair was found."


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
    if isnan(references.collapse):
        sentences.append(UNKNOWN_COLLAPSE)
    elif note := note_on_empty_batches(progress.spec, short_number(references.collapse)):
        sentences.append(note)
    if len(progress.losses) and _is_above(float(progress.losses[0]), references.collapse):
        sentences.append(reason_for_start(LOSSES[progress.spec.loss]))
    sentences += [_change_text(change) for change in progress.changes]
    return " ".join(sentences)


def _change_text(change: Change) -> str:
    """Say which settings a run has got while it went on."""
    values = ", ".join(f"{name} {value:g}" for name, value in {"learning rate": change.rate, **change.theta}.items())
    return f"After step {change.step:,} the settings were changed: {values}."


def note_on_empty_batches(spec: RunSpec, collapse: str) -> str:
    """Say how many batches have no valid term; "" if all have one.

    Args:
        spec: the run.
        collapse: the loss at total collapse of the others, as a text.
    """
    share = share_without_terms(spec)
    if not share:
        return ""
    return (
        f"About {share:.0%} of the batches have no valid term, mostly because no two of their images have the same "
        f"class. Their loss is 0. The other batches have a loss of {collapse} if all points coincide."
    )


def curve_remarks(spec: RunSpec) -> Remarks:
    """Return the notes of a run that is yet to be trained; the browser shows those that apply."""
    return Remarks(UNKNOWN_COLLAPSE, note_on_empty_batches(spec, "{collapse}"), reason_for_start(LOSSES[spec.loss]))


def _is_above(value: float, reference: float) -> bool:
    """Return whether a value is above a reference, and is written differently."""
    return value > reference and short_number(value) != short_number(reference)


def reason_for_start(loss: Loss) -> str:
    """Return why a loss can start above its value at collapse."""
    if loss.classes:
        return (
            "The loss starts above its value for coinciding points because the class weights are random at first: many "
            "images are nearer to the weight of another class than to that of their own."
        )
    return (
        "The loss starts above its value for coinciding points because the untrained network places some images nearer "
        "to a negative than to a positive, which costs more than if all points coincided."
    )
