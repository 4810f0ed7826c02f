"""A limit on uploaded files, which Streamlit would keep for as long as their sessions last."""

from cl_core.ui.server.streamlit_compat import UploadedFile, uploaded_file_manager

MAX_FILES = 10  # of all visitors together; the page that asks for a file reads it at once


def limit_uploads() -> None:
    """Keep only the newest file of each session, and only those of the `MAX_FILES` sessions that uploaded last."""
    manager = uploaded_file_manager()
    add_file, newest = manager.add_file, dict[str, str]()

    def add_limited(session_id: str, file: UploadedFile) -> None:
        add_file(session_id, file)
        if (replaced := newest.pop(session_id, None)) is not None:
            manager.remove_file(session_id, replaced)
        newest[session_id] = file.file_id
        if len(newest) > MAX_FILES:
            oldest = next(iter(newest))
            manager.remove_file(oldest, newest.pop(oldest))

    manager.add_file = add_limited  # type: ignore[method-assign]  # the server holds this very object
