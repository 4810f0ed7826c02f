"""Message of the component that brings a run of the server back to a page that is loaded again."""

from cl_core.components.envelope import pack


def encode(slot: str, name: str, *, answered: bool) -> bytes:
    """Encode what the browser tab shall remember.

    Args:
        slot: what kind of a run it is: a tab has one of each.
        name: of the run or the race on the server.
        answered: whether the tab has told which one it had.

    Returns:
        The message.
    """
    return pack({"slot": slot, "name": name, "answered": answered}, {})
