"""What holds for every test."""

import os

import pytest
import torch

from tests.executors import Thread, end_engines

torch.set_num_threads(1)  # as in a worker; two on busy cores are several times slower


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """For the whole suite a process for each core, but four at most, as each has a browser and servers; for what is
    asked for by name none besides this one, which starts sooner."""
    whole = config.args_source is config.ArgsSource.TESTPATHS and not config.option.keyword
    return min(len(os.sched_getaffinity(0)), 4) if whole else 0


@pytest.fixture(autouse=True)
def _end_engines():
    yield
    end_engines()


@pytest.fixture
def pool(monkeypatch):
    """The executor of the pages' engine: a thread, ended with the test."""
    from cl_core import workers  # here, as most tests need no Streamlit
    from cl_core.ui import server

    made = Thread()
    monkeypatch.setattr(workers, "Pool", lambda *_, **__: made)
    server.engine.clear()
    yield made
    server.engine().close()
    server.engine.clear()
    made.shutdown()
