"""What visitors send, which Streamlit would keep for as long as their sessions last."""

from cl_core.ui.server.streamlit_compat import UploadedFile, uploaded_file_manager

KEPT = 10  # files of all visitors together; the page that asked for one reads it at once


def limit_uploads() -> None:
    """Keep the newest file of each session only, and only of the `KEPT` sessions that uploaded last."""
    manager = uploaded_file_manager()
    add, newest = manager.add_file, dict[str, str]()

    def added(session_id: str, file: UploadedFile) -> None:
        add(session_id, file)
        if (before := newest.pop(session_id, None)) is not None:
            manager.remove_file(session_id, before)
        newest[session_id] = file.file_id
        if len(newest) > KEPT:
            oldest = next(iter(newest))
            manager.remove_file(oldest, newest.pop(oldest))

    manager.add_file = added  # type: ignore[method-assign]  # its server holds this very one
