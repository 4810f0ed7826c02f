"""Mount the ranking picture in Streamlit."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import streamlit as st

from cl_core.components.mounting import register
from cl_core.components.ranking.message import Ranking, RankingState, decode, encode

_component = register(Path(__file__).parent)


def ranking(
    scene: Ranking,
    *,
    key: str,
    state: RankingState | None = None,
    on_choose: Callable[[RankingState], None] | None = None,
) -> RankingState:
    """Show a batch as ranked from one anchor, and return the anchor and the positive that the viewer has chosen.

    The browser changes anchor and positive by itself; it reports a choice once the viewer pauses.

    Args:
        scene: what to show.
        key: Streamlit key of the component.
        state: choice, as the caller has stored it; needs `on_choose`, and is ignored if it does not fit the batch.
        on_choose: callback with a new choice. With it the caller stores the choice and passes it as `state`; without it
            the session does.

    Returns:
        The choice.
    """
    slot = f"_ranking:{key}"  # Streamlit drops the component's own state while it is not on the page

    def store() -> None:
        reported = (st.session_state.get(key) or {}).get("chosen")
        if on_choose is None:
            st.session_state[slot] = reported
        elif (chosen := decode(reported, scene)) is not None:
            on_choose(chosen)

    passed = None if state is None else {"stream": scene.stream, **asdict(state)}
    current = decode(st.session_state.get(slot) if on_choose is None else passed, scene)
    _component(key=key, data=encode(scene, state=current), on_chosen_change=store)
    return current or RankingState(scene.anchor, None)
