"""What visitors send, which Streamlit would keep for as long as their sessions last."""

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileManager, UploadedFileRec

KEPT = 10  # files of all visitors together; the page that asked for one reads it at once


def bound(manager: UploadedFileManager) -> None:
    """Have a server's manager keep the newest file of each session, of the `KEPT` sessions that sent one last."""
    assert isinstance(manager, MemoryUploadedFileManager)
    add, newest = manager.add_file, dict[str, str]()

    def added(session_id: str, file: UploadedFileRec) -> None:
        add(session_id, file)
        if (before := newest.pop(session_id, None)) is not None:
            manager.remove_file(session_id, before)
        newest[session_id] = file.file_id
        if len(newest) > KEPT:
            oldest = next(iter(newest))
            manager.remove_file(oldest, newest.pop(oldest))

    manager.add_file = added  # type: ignore[method-assign]  # its server holds this very one
