"""What one server has, however many visitors: its engine and its workers."""

import gc
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import streamlit as st

from cl_core.data import datasets
from cl_core.data.datasets import DataError
from cl_core.runtime import dask_cluster, process_memory, process_pool
from cl_core.runtime.engine import Engine
from cl_core.training import RunSpec
from cl_core.ui.server import streamlit_compat
from cl_core.ui.server.uploads import limit_uploads


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
    """A server's life: its workers are warm before the first visitor comes, and end with it."""
    streamlit_compat.disable_pages_directory()
    limit_uploads()
    try:
        served = engine()
    except dask_cluster.ClusterError as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(1)  # whatever is raised here, SystemExit too, is shown as a traceback
    yield {}
    served.close()
    for executor in {served.queue, served.long_queue}:
        executor.shutdown(cancel_futures=True)


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """The one engine of this server, its workers on their way."""
    process_memory.limit_malloc_arenas()
    executor = dask_cluster.make_executor(
        niceness=10
    )  # whoever moves a slider is not to wait for somebody's training run
    process_pool.start_workers(executor)
    with suppress(DataError):  # whoever asks for it is told
        datasets.load(RunSpec().dataset)  # nearly every page shows some of it
    gc.collect()
    gc.freeze()  # what is loaded by now stays; later collections need not look at it
    return Engine(executor, None if executor.remote else process_pool.ProcessPool(1, niceness=19))


def load_note() -> str:
    """Who else is at work, in words, to follow others; empty while everyone has a worker to themselves."""
    load = engine().load()
    return f" · {load.playing} runs share {load.size:.0f} cores" if load.playing > load.size else ""
