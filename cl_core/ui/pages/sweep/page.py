"""Page of sweeps: its two parts, of which one is shown."""

from collections.abc import Mapping
from types import MappingProxyType, ModuleType

from cl_core.ui.link import controls
from cl_core.ui.link.control import Control, Link
from cl_core.ui.pages.sweep import outcome, own_sweep, prepared_sweeps

PAGE = "sweep"
PARTS: Mapping[str, ModuleType] = MappingProxyType({"prepared": prepared_sweeps, "own": own_sweep})
PART = Control(
    "part", "part", next(iter(PARTS)), options=tuple(PARTS), row=True,
    titles={"prepared": "Prepared sweeps", "own": "Your own sweep"},
)  # fmt: skip


def controls_for_link(link: Link) -> list[Control]:
    """List every control of both parts under a link.

    Args:
        link: query parameters by name.
    """
    return [PART, *prepared_sweeps.CONTROLS, *own_sweep.controls_for_link(link), *outcome.CONTROLS]


def sweep_notes() -> list[str]:
    """Return a message for each setting in the link that could not be used."""
    return controls.link_notes(PAGE, controls_for_link)


def sweep_part() -> str:
    """Show the control that chooses a part; return the part."""
    part: str = PART.render()
    return part


def show_sweep(part: str) -> None:
    """Show a part.

    Args:
        part: a key of `PARTS`.
    """
    PARTS[part].show()
