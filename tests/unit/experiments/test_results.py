import errno
import os
import tempfile
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cl_core.experiments import STUDIES, results
from cl_core.experiments.pipeline import DRAWN, Outcome

CELLS = STUDIES["published"].cells
CELL = CELLS[5]
NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def outcome(**values) -> Outcome:
    numbers = {name: 0.25 + 0.5 * i for i, name in enumerate(results.NUMBERS)}
    points = np.random.default_rng(0).normal(size=(DRAWN, 2)).astype(np.float16)
    return Outcome(**{**numbers, "steps": 7, "failure": "", "points": points, **values})


def saved(folder, cell=CELL, **values):
    return results.save(cell, outcome(**values), {"machine": "a machine"}, folder)


def rewritten(path, change):
    row = pd.read_parquet(path)
    change(row).to_parquet(path, index=False)
    os.utime(path, ns=(0, time.time_ns()))


def test_what_is_saved_is_loaded_again(tmp_path):
    saved(tmp_path)
    saved(tmp_path, CELLS[0], accuracy_right=np.nan, failure="it left the range of numbers")
    table, faults = results.load(tmp_path)
    assert (len(table), faults) == (2, [])
    row = table.set_index("method").loc[CELL.method]
    for name, value in {**CELL.row(), "made_machine": "a machine", "spec_loss": CELL.spec.loss}.items():
        assert name == "method" or row[name] == value
    for name in (*results.NUMBERS, "failure"):
        assert row[name] == getattr(outcome(), name)
    np.testing.assert_array_equal(results.drawn_points(row), outcome().points)
    failed = table.set_index("method").loc[CELLS[0].method]
    assert np.isnan(failed.accuracy_right)
    assert failed.failure == "it left the range of numbers"
    assert results.finished_cells(CELLS, tmp_path) == {CELL, CELLS[0]}
    saved(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    assert results.result_path(CELL, tmp_path).stat().st_mode & 0o044


def test_no_folder_is_no_result(tmp_path):
    assert results.load(tmp_path / "none")[0].empty
    assert results.finished_cells(CELLS, tmp_path / "none") == set()
    results.delete_partial_files(tmp_path / "none")


def test_a_damaged_file_is_named_and_never_read_as_something_else(tmp_path):
    path = saved(tmp_path)
    whole, row = path.read_bytes(), pd.read_parquet(path)
    step = len(whole) // 90
    pieces = [whole[:end] for end in (0, 1, 4, len(whole) // 2, len(whole) - 1)]
    pieces += [whole[:at] + bytes([whole[at] ^ 0x5A]) + whole[at + 1 :] for at in range(0, len(whole), step)]
    found = 0
    for stamp, piece in enumerate(pieces):
        path.write_bytes(piece)
        os.utime(path, ns=(0, 1000 + stamp))  # what was read before is known by its time
        table, faults = results.load(tmp_path)
        assert len(table) + len(faults) == 1
        if faults:
            found += 1
            assert path.name in faults[0]
            assert str(path.parent) not in faults[0]
            assert "run the cell again" in faults[0]
            assert results.finished_cells([CELL], tmp_path) == set()
        else:  # what was hit says nothing of the cell
            names = [*results.NUMBERS, *CELL.row(), "failure", "points"]
            pd.testing.assert_frame_equal(table[names], row[names])
    assert found > len(pieces) // 2
    saved(tmp_path)
    assert results.load(tmp_path)[1] == []


@pytest.mark.parametrize(
    "change",
    [
        *[lambda row, name=name: row.drop(columns=name) for name in (*results.NUMBERS, "failure", "points", "epochs")],
        lambda row: row.assign(knn="good"),
        lambda row: row.assign(points=b"too short"),
        lambda row: row.assign(seed=1),
        lambda row: row.assign(study="another"),
        lambda row: row.assign(spec_theta="{}"),  # the method has changed since
        lambda row: row.assign(spec_rate=0.5),
        lambda row: pd.concat([row, row]),
        lambda row: row[:0],
    ],
)
def test_what_is_no_result_is_refused(tmp_path, change):
    path = saved(tmp_path)
    rewritten(path, change)
    table, faults = results.load(tmp_path)
    assert table.empty
    assert len(faults) == 1
    assert path.name in faults[0]
    assert str(path.parent) not in faults[0]
    assert results.finished_cells([CELL], tmp_path) == set()


def test_a_result_under_another_name_is_refused(tmp_path):
    saved(tmp_path).rename(results.result_path(CELLS[0], tmp_path))
    table, faults = results.load(tmp_path)
    assert table.empty
    assert "another cell" in faults[0]


def test_a_result_of_a_shorter_second_stage_does_not_count(tmp_path):
    shorter = replace(CELL, epochs=1)
    assert shorter.name == CELL.name
    saved(tmp_path, shorter)
    assert results.finished_cells([shorter], tmp_path) == {shorter}
    assert results.finished_cells([CELL], tmp_path) == set()


def test_left_over_files_are_no_results_and_go_when_they_are_old(tmp_path):
    saved(tmp_path)
    old, new = tmp_path / ".old.part", tmp_path / ".new.part"
    for left in (old, new):
        left.write_bytes(b"PAR1 half a result")
    os.utime(old, (0, 0))
    assert len(results.load(tmp_path)[0]) == 1
    results.delete_partial_files(tmp_path)
    assert {path.name for path in tmp_path.glob(".*")} == {".new.part"}
    assert results.finished_cells([CELL], tmp_path) == {CELL}


def half(self, path, **_):
    path.write_bytes(b"PAR1 half a result")
    raise NO_SPACE


def no_space(*_, **__):
    raise NO_SPACE


@pytest.mark.parametrize(
    ("owner", "name", "full"),
    [(pd.DataFrame, "to_parquet", half), (os, "fsync", no_space), (tempfile, "mkstemp", no_space)],
)
def test_a_full_disk_is_told_and_keeps_what_was_there(tmp_path, monkeypatch, owner, name, full):
    path = saved(tmp_path)
    before = path.read_bytes()
    monkeypatch.setattr(owner, name, full)
    with pytest.raises(OSError, match=r"could not be written \(No space left on device\)") as caught:
        saved(tmp_path, knn=0.5)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_can_not_be_is_told(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="could not be written"):
        saved(tmp_path / "file")
