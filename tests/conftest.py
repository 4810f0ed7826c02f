"""Settings and fixtures of all tests."""

import os
import sys

import pytest
import scipy.linalg  # noqa: F401 - loads the BLAS of SciPy before its threads are limited
import torch
from threadpoolctl import threadpool_limits

from cl_core.programs.cache import CACHE_VARIABLE
from tests.executors import IdleExecutor, ThreadExecutor, close_engines, pages_with

torch.set_num_threads(1)  # as in a worker; two on busy cores are several times slower
threadpool_limits(1)  # the same for NumPy and SciPy


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return the number of workers: one per core for whole directories, none for selected files and tests.

    Four at most, as each has a browser and servers. A run of selected tests starts sooner in this process alone.
    """
    directories = all((config.invocation_params.dir / argument).is_dir() for argument in config.args)
    return min(len(os.sched_getaffinity(0)), 4) if directories and not config.option.keyword else 0


@pytest.fixture(autouse=True, scope="session")
def _own_cache_of_programs(tmp_path_factory):
    """Keep tests away from the user's cache; all processes of a run, and those that they start, share another one."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(folder / "programs"))
        yield


@pytest.fixture(autouse=True)
def _close_engines():
    yield
    close_engines()


@pytest.fixture(autouse=True)
def _restore_main_module():
    """Undo what AppTest does to `__main__`: a later test's processes would import the page that it has run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture
def pool(monkeypatch):
    """The executor of the pages' engine: a thread that is shut down after the test."""
    executor = ThreadExecutor()
    with pages_with(executor, monkeypatch):
        yield executor
    executor.shutdown()


@pytest.fixture
def idle_executor(monkeypatch):
    """The executor of the pages' engine: it runs nothing, so pages do not wait for programs of the browser."""
    monkeypatch.setattr("cl_core.ui.widgets.browser_training.TIMEOUT", 0.0)
    executor = IdleExecutor()
    with pages_with(executor, monkeypatch):
        yield executor
