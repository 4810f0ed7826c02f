"""Page of retrieval: its parts, of which one is shown."""

from collections.abc import Mapping
from types import MappingProxyType, ModuleType

from cl_core.ui.link import controls
from cl_core.ui.link.control import Control, Link
from cl_core.ui.pages.retrieval import neighbours, three_points, threshold

PAGE = "retrieval"
PARTS: Mapping[str, ModuleType] = MappingProxyType(
    {"three points": three_points, "nearest neighbours": neighbours, "a threshold": threshold}
)
PART = Control(
    "part",
    "part",
    next(iter(PARTS)),
    options=tuple(PARTS),
    row=True,
    titles={part: part.capitalize() for part in PARTS},
)


def controls_for_link(_: Link) -> list[Control]:
    """List every control of every part, each name once, so that parts that are not shown keep their settings.

    Args:
        _: ignored; the controls are the same under every link.
    """
    named = {control.name: control for part in PARTS.values() for control in part.CONTROLS}
    return [PART, *named.values()]


def retrieval_notes() -> list[str]:
    """Return a message for each setting in the link that could not be used."""
    return controls.link_notes(PAGE, controls_for_link)


def retrieval_part() -> str:
    """Show the control that chooses a part; return the part."""
    part: str = PART.render()
    return part


def show_retrieval(part: str) -> None:
    """Show a part, with its controls in the sidebar.

    Args:
        part: a key of `PARTS`.
    """
    PARTS[part].controls_in_sidebar()
    PARTS[part].show()
