"""What holds for every test."""

import os

import pytest
import torch

from tests.executors import IdleExecutor, ThreadExecutor, end_engines, pages_with

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
    made = ThreadExecutor()
    with pages_with(made, monkeypatch):
        yield made
    made.shutdown()


@pytest.fixture
def idle_executor(monkeypatch):
    """The executor of the pages' engine: somebody who does nothing."""
    made = IdleExecutor()
    with pages_with(made, monkeypatch):
        yield made
