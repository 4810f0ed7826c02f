"""Result files: round trips, damaged or foreign files, partial files and full disks."""

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
from cl_core.training.config import LATER_SETTINGS

CELLS = STUDIES["published"].cells
CELL = CELLS[5]
NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def outcome(**values) -> Outcome:
    numbers = {name: 0.25 + 0.5 * i for i, name in enumerate(results.NUMBERS)}
    points = np.random.default_rng(0).normal(size=(DRAWN, 2)).astype(np.float16)
    return Outcome(**{**numbers, "steps": 7, "failure": "", "points": points, **values})


def save(folder, cell=CELL, **values):
    return results.save(cell, outcome(**values), {"machine": "a machine"}, folder)


def rewritten(path, change):
    row = pd.read_parquet(path)
    change(row).to_parquet(path, index=False)
    os.utime(path, ns=(0, time.time_ns()))


def test_saved_results_are_loaded_again(tmp_path):
    save(tmp_path)
    save(tmp_path, CELLS[0], accuracy_right=np.nan, failure="it left the range of numbers")
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
    save(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    assert results.result_path(CELL, tmp_path).stat().st_mode & 0o044


def test_missing_folder_has_no_results(tmp_path):
    assert results.load(tmp_path / "none")[0].empty
    assert results.finished_cells(CELLS, tmp_path / "none") == set()
    results.delete_partial_files(tmp_path / "none")


def test_damaged_file_is_reported_and_never_read_as_another_result(tmp_path):
    path = save(tmp_path)
    whole, row = path.read_bytes(), pd.read_parquet(path)
    step = len(whole) // 90
    damaged_files = [whole[:end] for end in (0, 1, 4, len(whole) // 2, len(whole) - 1)]
    damaged_files += [whole[:at] + bytes([whole[at] ^ 0x5A]) + whole[at + 1 :] for at in range(0, len(whole), step)]
    n_reported = 0
    for stamp, damaged in enumerate(damaged_files):
        path.write_bytes(damaged)
        os.utime(path, ns=(0, 1000 + stamp))  # files are cached by their modification time
        table, faults = results.load(tmp_path)
        assert len(table) + len(faults) == 1
        if faults:
            n_reported += 1
            assert path.name in faults[0]
            assert str(path.parent) not in faults[0]
            assert "run the cell again" in faults[0]
            assert results.finished_cells([CELL], tmp_path) == set()
        else:  # the damaged bytes hold nothing of the result
            names = [*results.NUMBERS, *CELL.row(), "failure", "points"]
            pd.testing.assert_frame_equal(table[names], row[names])
    assert n_reported > len(damaged_files) // 3  # the others are damaged in the schema that pandas adds
    save(tmp_path)
    assert results.load(tmp_path)[1] == []


def test_result_without_a_later_setting_has_its_default(tmp_path):
    path = save(tmp_path)
    rewritten(path, lambda row: row.drop(columns=[f"spec_{name}" for name in LATER_SETTINGS]))
    table, faults = results.load(tmp_path)
    assert faults == []
    assert table.iloc[0].spec_images_per_class == table.iloc[0].spec_training_images == 0
    rewritten(path, lambda row: row.drop(columns="spec_batch"))
    assert len(results.load(tmp_path)[1]) == 1


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
        lambda row: row.assign(spec_images_per_class=2),
        lambda row: row.assign(spec_training_images=1000),
        lambda row: pd.concat([row, row]),
        lambda row: row[:0],
    ],
)
def test_invalid_result_is_refused(tmp_path, change):
    path = save(tmp_path)
    rewritten(path, change)
    table, faults = results.load(tmp_path)
    assert table.empty
    assert len(faults) == 1
    assert path.name in faults[0]
    assert str(path.parent) not in faults[0]
    assert results.finished_cells([CELL], tmp_path) == set()


def test_result_without_a_newer_setting_had_its_default(tmp_path):
    path = save(tmp_path)
    rewritten(path, lambda row: row.drop(columns="spec_drop_last"))
    assert results.finished_cells([CELL], tmp_path) == {CELL}
    program = replace(CELL, study="program")
    assert not program.spec.drop_last
    path = save(tmp_path, program)
    assert results.finished_cells([program], tmp_path) == {program}
    rewritten(path, lambda row: row.drop(columns="spec_drop_last"))
    assert results.finished_cells([program], tmp_path) == set()


def test_result_under_another_name_is_refused(tmp_path):
    save(tmp_path).rename(results.result_path(CELLS[0], tmp_path))
    table, faults = results.load(tmp_path)
    assert table.empty
    assert "another cell" in faults[0]


def test_result_of_a_shorter_second_stage_does_not_count(tmp_path):
    shorter = replace(CELL, epochs=1)
    assert shorter.name == CELL.name
    save(tmp_path, shorter)
    assert results.finished_cells([shorter], tmp_path) == {shorter}
    assert results.finished_cells([CELL], tmp_path) == set()


def test_partial_files_are_ignored_and_old_ones_deleted(tmp_path):
    save(tmp_path)
    old, new = tmp_path / ".old.part", tmp_path / ".new.part"
    for partial in (old, new):
        partial.write_bytes(b"PAR1 half a result")
    os.utime(old, (0, 0))
    assert len(results.load(tmp_path)[0]) == 1
    results.delete_partial_files(tmp_path)
    assert {path.name for path in tmp_path.glob(".*")} == {".new.part"}
    assert results.finished_cells([CELL], tmp_path) == {CELL}


def write_half(self, path, **_):
    path.write_bytes(b"PAR1 half a result")
    raise NO_SPACE


def raise_no_space(*_, **__):
    raise NO_SPACE


@pytest.mark.parametrize(
    ("owner", "name", "failing"),
    [(pd.DataFrame, "to_parquet", write_half), (os, "fsync", raise_no_space), (tempfile, "mkstemp", raise_no_space)],
)
def test_full_disk_is_reported_and_keeps_the_old_file(tmp_path, monkeypatch, owner, name, failing):
    path = save(tmp_path)
    before = path.read_bytes()
    monkeypatch.setattr(owner, name, failing)
    with pytest.raises(OSError, match=r"could not be written \(No space left on device\)") as caught:
        save(tmp_path, knn=0.5)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="could not be written"):
        save(tmp_path / "file")
