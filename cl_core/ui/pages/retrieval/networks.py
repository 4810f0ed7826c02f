"""Two networks that embed the same test images, and what retrieval and verification make of them."""

from collections.abc import Sequence
from concurrent.futures import Future

import streamlit as st

from cl_core.losses import LOSSES
from cl_core.pretrained import checkpoints, embeddings, retrieval_reports
from cl_core.pretrained.retrieval_reports import RetrievalReport
from cl_core.runtime.errors import describe_error
from cl_core.ui.link.control import Control
from cl_core.ui.server import streamlit_compat
from cl_core.ui.server.lifespan import engine

TITLES = {key: LOSSES[key].title for key in checkpoints.LOSSES}
NETWORK = Control("net", "first network, trained with", "softmax", options=checkpoints.LOSSES, titles=TITLES)
NETWORK_2 = Control("net_2", "second network, trained with", "am_softmax", options=checkpoints.LOSSES, titles=TITLES)
STAGE = Control("stage", "training stage", "trained", options=embeddings.STAGES)
CONTROLS = (NETWORK, NETWORK_2, STAGE)

PREPARING = "Comparing all 10,000 test images with each other (only the first time)"
POLL_SECONDS = 0.5  # between two looks whether a report is there

Reports = dict[str, RetrievalReport]  # by the title of the network's loss


def controls_in_sidebar() -> None:
    """Show the controls of the two networks."""
    with st.sidebar:
        for control in CONTROLS:
            control.render()


def chosen_reports() -> Reports | None:
    """Return the reports of the chosen networks, a network that is chosen twice once; None after a message.

    A worker makes a report when it is asked for first, for all visitors; meanwhile, the page shows the progress.
    """
    stage = st.session_state[STAGE.name]
    keys = dict.fromkeys(st.session_state[control.name] for control in (NETWORK, NETWORK_2))
    futures = {key: _future(key, stage) for key in keys}
    if not all(future.done() for future in futures.values()):
        st.fragment(_show_progress, run_every=POLL_SECONDS)(list(futures.values()))
        return None
    try:
        return {TITLES[key]: future.result() for key, future in futures.items()}
    except Exception as error:  # the worker may raise anything; the page must stay usable
        for key, future in futures.items():
            if future.exception() is not None:
                _started().pop((key, stage), None)
        st.error(describe_error(error, "Reload the page to try again."), icon=":material/error:")
        return None


def _show_progress(futures: Sequence[Future[RetrievalReport]]) -> None:
    """Show how many reports are there, and the page anew once all are."""
    done = sum(future.done() for future in futures)
    if done == len(futures):
        streamlit_compat.rerun()
    st.progress(done / len(futures), text=f"{PREPARING}: {done} of {len(futures)} networks done")


@st.cache_resource(show_spinner=False)
def _started() -> dict[tuple[str, str], Future[RetrievalReport]]:
    """Return the reports of this server by loss and stage, those that are being made included."""
    return {}


def _future(loss: str, stage: str) -> Future[RetrievalReport]:
    started = _started()
    if (loss, stage) not in started:
        started[loss, stage] = engine().queue.submit(retrieval_reports.report, loss, stage)
    return started[loss, stage]
