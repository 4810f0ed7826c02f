"""The embeddings that pages look at: prepared ones, and that of a visitor's own run."""

import streamlit as st

from cl_core.data.npz import DataError
from cl_core.runtime.run import Run
from cl_core.training.pretrained import embeddings
from cl_core.training.pretrained.embeddings import PretrainedEmbedding

OWN = "my run"
NO_RUN = "There is no run of yours yet: start one on the page *Live training*."
PATIENCE = 60.0  # seconds for a worker to embed some test images


def chosen_embedding(loss: str, stage: str) -> PretrainedEmbedding | None:
    """What a loss's own run made of some test images at a stage, or the visitor's run; None, and why is said."""
    if stage == OWN:
        return _own()
    try:
        return embeddings.load(loss, stage)
    except DataError as error:
        st.error(str(error), icon=":material/broken_image:")
        return None


def _own() -> PretrainedEmbedding | None:
    """Some test images as the visitor's run embeds them now; None, and why is said, where there is none."""
    run: Run | None = st.session_state.get("run")
    known: tuple[Run, int, PretrainedEmbedding] | None = st.session_state.get("own_embedding")
    if run is not None and known is not None and (known[0], known[1]) == (run, run.progress().step):
        return known[2]
    try:
        with st.spinner("Embedding your run's test images"):
            embedded = _embedded(run) if run is not None else None
    except Exception as error:  # a worker's: whatever it was, the page stays
        st.error(f"Your run could not be embedded ({type(error).__name__}: {error}).", icon=":material/error:")
        return None
    if run is None or embedded is None:
        st.info(NO_RUN, icon=":material/play_circle:")
        return None
    st.session_state.own_embedding = (run, embedded.step, embedded)
    return embedded


def _embedded(run: Run) -> PretrainedEmbedding | None:
    """What a run's newest state makes of some test images; None before there is a state."""
    state = run.state
    if state is None:
        return None
    found: PretrainedEmbedding = run.submit(embeddings.embedding_of_state, state).result(timeout=PATIENCE)
    return found
