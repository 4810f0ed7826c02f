"""Message of the component that brings the run of the visitor's browser to a page."""

from cl_core.components.envelope import pack


def encode(name: str, known: tuple[str, int] | None) -> bytes:
    """Encode what is asked for.

    Args:
        name: of the run in the browser.
        known: name of the run and step that the server has; None for none.

    Returns:
        The message.
    """
    return pack({"name": name, "known": known}, {})
