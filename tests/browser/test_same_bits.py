"""The programs that are shipped compute the same bits in wasmtime, Node, Chromium and Firefox.

`python -m tests.benchmarks same_bits` compares 100 steps of all losses, miners and variants.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from cl_core.losses import LOSSES
from cl_core.programs.runs import SHIPPED_PROBES
from cl_core.training import RunSpec
from tests import hosts
from tests.benchmarks.same_bits import shipped_planes, shipped_triplets
from tests.hosts import Checksums, Jobs, RunJob, Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

STEPS = 3
LONG_RUNS = {"supcon": 100, "l_softmax": 100}  # steps before a frame, of which both programs of the mlp are drawn
IMAGES = 600  # of the training set: enough for the largest batch, and quickly sent


@pytest.fixture(scope="module")
def jobs() -> Jobs:
    """Return the planes and scenes of triplets that are shipped, and some steps of each loss by its recipe."""
    recipes = {key: RunSpec(loss=key, training_images=IMAGES, **asdict(loss.recipe)) for key, loss in LOSSES.items()}
    return {
        **{name: job for name, job in shipped_planes().items() if name.endswith("default")},
        **shipped_triplets(),
        **{
            key: RunJob(spec, SHIPPED_PROBES, steps := LONG_RUNS.get(key, STEPS), (steps,) if key in LONG_RUNS else ())
            for key, spec in recipes.items()
        },
    }


@pytest.fixture(scope="module")
def expected(jobs: Jobs) -> dict[str, Checksums]:
    """What wasmtime computes."""
    return hosts.in_wasmtime(jobs)


@pytest.fixture(scope="module")
def server(jobs: Jobs) -> Iterator[Server]:
    """All jobs on a local server."""
    with hosts.serve(jobs) as server:
        yield server


def test_node_has_the_bits_of_wasmtime(server: Server, expected: dict[str, Checksums]) -> None:
    assert hosts.differences({"wasmtime": expected, "Node": hosts.in_node(server)}) == {}


def test_chromium_has_the_bits_of_wasmtime(server: Server, expected: dict[str, Checksums], browser: "Browser") -> None:
    page = browser.new_page()
    page.goto(f"{server.url}/chromium")
    found = server.wait_for("chromium")
    page.close()
    assert hosts.differences({"wasmtime": expected, "Chromium": found}) == {}


def test_firefox_has_the_bits_of_wasmtime(server: Server, expected: dict[str, Checksums], firefox: str) -> None:
    assert hosts.differences({"wasmtime": expected, "Firefox": hosts.in_firefox(server, firefox)}) == {}


def test_other_bits_are_noticed(expected: dict[str, Checksums]) -> None:
    other = {**expected, "supcon": {**expected["supcon"], "vector": "0" * 16, "steps": 1}}
    assert hosts.differences({"wasmtime": expected, "other": other}) == {"supcon": ["other: steps, vector"]}
