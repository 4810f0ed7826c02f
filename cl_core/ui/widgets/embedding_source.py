"""Embeddings that pages show: pretrained ones, and that of the visitor's own run."""

import streamlit as st

from cl_core.data.npz import DataError
from cl_core.pretrained import embeddings
from cl_core.pretrained.embeddings import PretrainedEmbedding
from cl_core.runtime.errors import describe_error
from cl_core.runtime.readable_run import ReadableRun
from cl_core.ui.widgets.visitor_run import own_run

OWN = "my run"
NO_RUN = "You have no run yet. Start one on the page *Live training*."
EMBED_TIMEOUT = 60.0  # seconds for a worker to embed some test images


def chosen_embedding(loss: str, stage: str) -> PretrainedEmbedding | None:
    """Return the embedding of some test images by a pretrained network or by the visitor's run.

    Args:
        loss: key of the loss that the pretrained network was trained with.
        stage: stage of its training, or `OWN` for the visitor's run.

    Returns:
        The embedding; None if there is none, after a message on the page.
    """
    if stage == OWN:
        return _own_embedding()
    try:
        return embeddings.load(loss, stage)
    except DataError as error:
        st.error(describe_error(error), icon=":material/broken_image:")
        return None


def note_smaller_batch(size: int, found: int) -> None:
    """Show a note if the images of an embedding hold fewer pairs of one class than a batch takes.

    Args:
        size: images that the visitor asked for.
        found: images in the batch.
    """
    if found < size:
        st.info(
            f"The batch has {found} images instead of {size}: these test images do not have more pairs of one class.",
            icon=":material/info:",
        )


def _own_embedding() -> PretrainedEmbedding | None:
    """Return the embedding of some test images by the visitor's run, cached by its step; None after a message."""
    run = own_run()
    cached: tuple[ReadableRun, int, PretrainedEmbedding] | None = st.session_state.get("own_embedding")
    if run is not None and cached is not None and (cached[0], cached[1]) == (run, run.progress().step):
        return cached[2]
    try:
        with st.spinner("Embedding your run's test images"):
            embedding = _embed(run) if run is not None else None
    except Exception as error:  # the worker may raise anything; the page must stay usable
        text = describe_error(error, "Train your run for another step, or choose another embedding.")
        st.error(f"Your run could not be embedded. {text}", icon=":material/error:")
        return None
    if run is None or embedding is None:
        st.info(NO_RUN, icon=":material/play_circle:")
        return None
    st.session_state.own_embedding = (run, embedding.step, embedding)
    return embedding


def _embed(run: ReadableRun) -> PretrainedEmbedding | None:
    """Have a worker embed some test images with a run's newest state; None before there is a state."""
    state = run.state
    if state is None:
        return None
    embedding: PretrainedEmbedding = run.submit(embeddings.embedding_of_state, state).result(timeout=EMBED_TIMEOUT)
    return embedding
