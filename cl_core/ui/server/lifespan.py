"""Start-up and shutdown of the server: one engine and one set of workers for all visitors."""

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
from cl_core.ui.server.packed_images import packed_images
from cl_core.ui.server.uploads import limit_uploads


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
    """Start the engine and its workers before the first visitor comes, and shut them down with the server.

    Args:
        _app: the ASGI app, which is not used.
    """
    streamlit_compat.disable_pages_directory()
    streamlit_compat.keep_values_in_timed_runs()
    limit_uploads()
    try:
        server_engine = engine()
    except dask_cluster.ClusterError as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(1)  # any exception raised here, SystemExit too, would be shown with a traceback
    with suppress(DataError):  # pages that need the data report the error
        spec = RunSpec()  # of the training page, which most visitors open first
        packed_images(server_engine.queue, spec)
    yield {}
    server_engine.close()
    for executor in {server_engine.queue, server_engine.long_queue}:
        executor.shutdown(cancel_futures=True)


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """Return the engine of this server, which starts its workers in the background."""
    process_memory.limit_malloc_arenas()
    executor = dask_cluster.make_executor(niceness=10)  # training yields to the server, which answers sliders
    process_pool.start_workers(executor)
    with suppress(DataError):  # pages that need the data report the error
        datasets.load(RunSpec().dataset)  # nearly every page needs it
    gc.collect()
    gc.freeze()  # the objects loaded so far stay; later collections need not visit them
    return Engine(executor, None if executor.remote else process_pool.ProcessPool(1, niceness=19))


def load_note() -> str:
    """Return a note that runs share cores, to be appended to a text; "" while each has a worker of its own."""
    load = engine().load()
    return f" · {load.playing} runs share {load.size:.0f} cores" if load.playing > load.size else ""
