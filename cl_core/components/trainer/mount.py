"""Mount the trainer in Streamlit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from cl_core.components.mounting import register
from cl_core.components.trainer.picture import STYLES, Trainer, encode_view

_component = register(Path(__file__).parent, *STYLES)


def trainer(
    content: Trainer, *, key: str, on_handover: Callable[[Any], None], on_reseed: Callable[[], None],
    on_facts: Callable[[Any], None], on_refused: Callable[[Any], None], on_changes: Callable[[Any], None],
) -> None:  # fmt: skip
    """Show the trainer. All that its callbacks get is untrusted.

    Args:
        content: what to show.
        key: Streamlit key of the component, and name of the run in the browser.
        on_handover: called with a mapping of the run's `id`, its `step`, and the run as `text` for `handover.decode`.
        on_reseed: called when the visitor asks for another seed.
        on_facts: called with the facts of the page, by name, when the conditions are met.
        on_refused: called with the reason when the browser cannot train.
        on_changes: called with the steps at which the settings of the run were changed, when they are others.
    """

    def reported(name: str) -> Any:
        return (st.session_state.get(key) or {}).get(name)

    _component(
        key=key,
        data=encode_view(content, key),
        on_handover_change=lambda: on_handover(reported("handover")),
        on_reseed_change=on_reseed,
        on_facts_change=lambda: on_facts(reported("facts")),
        on_refused_change=lambda: on_refused(reported("refused")),
        on_changes_change=lambda: on_changes(reported("changes")),
    )
