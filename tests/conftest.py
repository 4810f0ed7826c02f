"""Settings and fixtures of all tests."""

import os

import pytest
import scipy.linalg  # noqa: F401 - loads the BLAS of SciPy before its threads are limited
import torch
from threadpoolctl import threadpool_limits

from tests.executors import Nobody, Thread, end_engines, pages_with

torch.set_num_threads(1)  # as in a worker; two on busy cores are several times slower
threadpool_limits(1)  # the same for NumPy and SciPy


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return the number of workers: one per core for the whole suite, none for tests selected on the command line.

    Four at most, as each has a browser and servers. A run of selected tests starts sooner in this process alone.
    """
    whole = config.args_source is config.ArgsSource.TESTPATHS and not config.option.keyword
    return min(len(os.sched_getaffinity(0)), 4) if whole else 0


@pytest.fixture(autouse=True)
def _end_engines():
    yield
    end_engines()


@pytest.fixture
def pool(monkeypatch):
    """The executor of the pages' engine: a thread, ended with the test."""
    made = Thread()
    with pages_with(made, monkeypatch):
        yield made
    made.shutdown()


@pytest.fixture
def nobody(monkeypatch):
    """The executor of the pages' engine: somebody who does nothing."""
    made = Nobody()
    with pages_with(made, monkeypatch):
        yield made
