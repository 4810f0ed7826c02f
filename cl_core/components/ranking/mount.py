"""The Streamlit half of the component."""

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
    """Show a batch from the side of one anchor, and say whom the viewer looks at.

    Choosing another anchor or positive happens in the browser; Python hears of it when the hand is still. With
    `on_choose`, which is told of it, whoever calls remembers it and gives it as `state`; one that is not of this batch
    does not count.
    """
    slot = f"_ranking:{key}"  # outlives the picture, which may be mounted again

    def keep() -> None:
        answer = (st.session_state.get(key) or {}).get("chosen")
        if on_choose is None:
            st.session_state[slot] = answer
        elif (chosen := decode(answer, scene)) is not None:
            on_choose(chosen)

    given = None if state is None else {"stream": scene.stream, **asdict(state)}
    told = decode(st.session_state.get(slot) if on_choose is None else given, scene)
    _component(key=key, data=encode(scene, state=told), on_chosen_change=keep)
    return told or RankingState(scene.anchor, None)
