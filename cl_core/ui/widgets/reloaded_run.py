"""Continue a run of the server after its page was loaded again."""

from typing import Any

import streamlit as st

from cl_core.components.reload.mount import remember_in_tab
from cl_core.runtime.race import Race
from cl_core.runtime.run import Run
from cl_core.ui.server.lifespan import engine


def continue_after_reload(slot: str, kind: type[Run] | type[Race]) -> None:
    """Let the browser tab remember the session's run, and continue the one that it had before a reload.

    Args:
        slot: key of the run in the session's state.
        kind: its type. What the browser names is untrusted: it counts only if it is an open run of this type.
    """

    def come_back(name: Any) -> None:
        before, fresh = engine().find(str(name)), st.session_state.get(slot)
        if isinstance(before, kind) and isinstance(fresh, kind):
            fresh.close()
            st.session_state[slot] = before

    remember_in_tab(slot, st.session_state[slot].name, on_reload=come_back)
