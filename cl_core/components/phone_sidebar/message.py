"""Message of the component that opens and closes the sidebar of a phone."""

from cl_core.components.envelope import pack


def encode(page: str) -> bytes:
    """Encode the name of the page that is shown as a message for the browser.

    Args:
        page: name of the page; with another one the sidebar closes.
    """
    return pack({"page": page}, {})
