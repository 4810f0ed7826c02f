"""What lets a picture follow the sliders of a loss while they are held."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from cl_core.components.live import Live
from cl_core.programs.sliders import sliders
from cl_core.ui.link.controls import LossChoice
from cl_core.ui.server.browser_files import engine_url


def live_picture(
    chosen: LossChoice, program: bytes, others: Mapping[str, float] | None = None,
    arrays: Mapping[str, NDArray[Any]] | None = None,
) -> Live:  # fmt: skip
    """Return what lets a picture follow the sliders of its loss.

    Args:
        chosen: the loss, with the values and the names of its sliders.
        program: file of the program that computes the picture.
        others: values of other sliders by name; the program has inputs of these names.
        arrays: numbers of the inputs that are arrays.
    """
    others = others or {}
    of_loss = {name: name + chosen.suffix for name in sliders(chosen.loss)}
    values = {name: float(chosen.theta[name]) for name in of_loss}
    keys = of_loss | {name: name for name in others}
    return Live(engine_url(), program, keys, values | dict(others), arrays or {})
