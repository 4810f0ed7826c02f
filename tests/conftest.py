"""What holds for every test."""

import pytest
import torch

from tests.executors import Thread

torch.set_num_threads(1)  # as in a worker; two on busy cores are several times slower


@pytest.fixture
def pool(monkeypatch):
    """The executor of the pages' engine: a thread, ended with the test."""
    from cl_core import workers  # here, as most tests need no Streamlit
    from cl_core.ui import server

    made = Thread()
    monkeypatch.setattr(workers, "Pool", lambda: made)
    server.engine.clear()
    yield made
    server.engine().close()
    server.engine.clear()
    made.shutdown()
