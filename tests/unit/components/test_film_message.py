"""Message and files of the film: what Python writes is what the browser reads."""

import gzip
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from cl_core.components.envelope import unpack
from cl_core.components.film import WORDS, Film, encode, encode_run
from cl_core.components.film.message import BITS
from tests import ROOT
from tests.unit.components.test_javascript import node, run

FOLDER = ROOT / "cl_core" / "components" / "film"
FILM = Film(["/a", "/b"], [0.5, 1.0], 1, ["0", "1", "2"], "3 digits", (-1.0, 1.0, -2.0, 2.0))
READ = """
import { readFileSync } from "node:fs";
import { readRun } from "%s";
const run = readRun(new Uint8Array(readFileSync(process.argv[1])), ["0", "1", "2"]);
const frames = run.steps.map((_, frame) => {
  const out = new Float32Array(2 * run.count);
  run.coordinates(frame, out);
  return [...out];
});
console.log(JSON.stringify({ steps: run.steps, labels: [...run.labels], frames }));
"""


def test_header_names_files_values_and_alternative_text():
    header, buffers = unpack(encode(FILM, height=470))
    assert (header["urls"], header["values"], header["chosen"]) == (["/a", "/b"], [0.5, 1.0], 1)
    assert header["alt"] == "3 digits"
    assert not buffers


@pytest.mark.parametrize("wrong", [{"values": [1.0]}, {"chosen": 2}, {"chosen": -1}])
def test_film_without_its_chosen_run_is_refused(wrong):
    with pytest.raises(ValueError, match="one of them chosen"):
        encode(replace(FILM, **wrong), height=470)


def test_file_of_a_run_is_the_same_each_time():
    points = np.random.default_rng(3).normal(size=(2, 5, 2))
    assert encode_run([0, 1], points, np.zeros(5, int)) == encode_run([0, 1], points, np.zeros(5, int))


def test_browser_reads_the_points_of_a_run(tmp_path):
    generator = np.random.default_rng(4)
    points = np.cumsum(generator.normal(size=(6, 40, 2)), axis=0)
    labels = generator.integers(3, size=40)
    file = tmp_path / "run"
    file.write_bytes(gzip.decompress(encode_run([0, 1, 3, 7, 15, 31], points, labels)))
    done = run(node(), "--input-type=module", "-e", READ % (FOLDER / "run.js"), str(file))
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    assert (read["steps"], read["labels"]) == ([0, 1, 3, 7, 15, 31], labels.tolist())
    step = np.abs(points).max() / (2 ** (BITS - 1) - 1)
    np.testing.assert_allclose(np.array(read["frames"]).reshape(points.shape), points, rtol=0, atol=0.51 * step)


def test_every_word_is_used():
    source = (FOLDER / "film.js").read_text()
    assert set(WORDS) == set(re.findall(r"\bwords\.(\w+)", source))
