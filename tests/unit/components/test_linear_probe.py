"""The linear probe that a browser fits has the accuracy of the library's."""

import json
import subprocess
from math import isnan

import numpy as np
import pytest

from cl_core.analysis.metrics import linear_probe
from tests import ROOT
from tests.unit.components.test_javascript import node


def in_node(*cases):
    """Return what `linear_probe.js` says of each (z, labels)."""
    given = [{"z": z.flatten().tolist(), "labels": labels.tolist()} for z, labels in cases]
    command = [node(), "tests/javascript/run_linear_probe.js"]
    done = subprocess.run(command, cwd=ROOT, input=json.dumps(given), check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def clusters(n, dim, classes, noise, *, offset=0.0, unit=False, seed=1):
    """Return embeddings around a centre of each class, and labels."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, n)
    z = offset + random.normal(size=(classes, dim))[labels] + noise * random.normal(size=(n, dim))
    if unit:
        z /= np.linalg.norm(z, axis=1, keepdims=True)
    return z.astype(np.float32), labels


CASES = {
    "plane": clusters(500, 2, 10, 0.3),
    "circle": clusters(500, 2, 10, 0.3, unit=True),
    "sphere": clusters(1000, 128, 10, 5.0, unit=True),
    "two classes": clusters(300, 3, 2, 1.5),
    "odd number": clusters(301, 8, 5, 1.0),
    "more dimensions than images": clusters(200, 160, 10, 2.0),
    "far from the origin": clusters(400, 16, 10, 1.0, offset=1000.0),
    "flat": (clusters(400, 8, 10, 1.0)[0] * (np.arange(8) < 2), clusters(400, 8, 10, 1.0)[1]),
    "one point": (np.ones((100, 4), np.float32), np.arange(100) * 7 % 3),
    "classes that only the second half has": (clusters(200, 4, 3, 1.0)[0], np.repeat([0, 2, 1, 9], 50)),
}


def test_accuracy_is_the_librarys():
    found = dict(zip(CASES, in_node(*CASES.values()), strict=True))
    assert found == pytest.approx({name: linear_probe(*case) for name, case in CASES.items()}, abs=1e-12)
    assert 0.2 < found["sphere"] < 0.98, "no case that any classifier gets right"


def test_single_class_has_no_probe():
    case = clusters(60, 4, 3, 1.0)[0], np.repeat([1, 2], 30)
    assert isnan(linear_probe(*case))
    assert in_node(case) == [None]
