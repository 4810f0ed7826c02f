"""Programs of runs by name: what a name leaves out does not change the program, and shipped ones are up to date."""

import zipfile
from dataclasses import asdict, replace

import pytest

from cl_core.losses import LOSSES
from cl_core.programs import cache, runs, shipped
from cl_core.programs.program import Program
from cl_core.training import RunSpec

N = 60
BASE = RunSpec(loss="triplet", theta={"mining": "semihard"}, batch=16, dim=4)
EQUAL = {  # of each kind: all that does not decide it, changed at once
    "step": {
        "dataset": "fashion_mnist", "theta": {"mining": "semihard", "margin": 1.5}, "seed": 3, "rate": 0.5,
        "drop_last": False, "images_per_class": 4,
    },
    "frame": {
        "dataset": "fashion_mnist", "loss": "arcface", "theta": {}, "batch": 8, "optimiser": "sgd", "seed": 3,
        "convention": "easy_margin",
    },
    "references": {
        "dataset": "fashion_mnist", "theta": {"mining": "semihard", "margin": 0.0}, "seed": 3, "rate": 0.5,
        "encoder": "cnn", "dim": 8, "optimiser": "sgd",
    },
}  # fmt: skip
OTHER = [
    ("step", {"loss": "supcon", "theta": {}}), ("step", {"convention": "tfa_hard"}), ("step", {"dim": 5}),
    ("step", {"encoder": "cnn"}), ("step", {"unit_norm": False}), ("step", {"batch": 8}),
    ("step", {"dataset": "rings"}), ("step", {"optimiser": "sgd"}), ("step", {"theta": {"mining": "all"}}),
    ("frame", {"dim": 5}), ("frame", {"encoder": "cnn"}), ("frame", {"unit_norm": False}),
    ("frame", {"dataset": "rings"}),
    ("references", {"loss": "supcon", "theta": {}}), ("references", {"convention": "tfa_hard"}),
    ("references", {"batch": 8}), ("references", {"unit_norm": False}), ("references", {"theta": {"mining": "all"}}),
]  # fmt: skip


@pytest.mark.parametrize("kind", EQUAL)
def test_runs_whose_programs_have_one_name_have_one_program(kind):
    first, second = (runs.entries(spec, N)[kind] for spec in (BASE, replace(BASE, **EQUAL[kind])))
    assert first.name == second.name
    assert first.compile().to_bytes() == second.compile().to_bytes()


@pytest.mark.parametrize(("kind", "changes"), OTHER, ids=str)
def test_what_decides_a_program_is_in_its_name(kind, changes):
    assert runs.entries(BASE, N)[kind].name != runs.entries(replace(BASE, **changes), N)[kind].name


def test_frames_of_other_sizes_have_other_names():
    assert runs.entries(BASE, N)["frame"].name != runs.entries(BASE, N + 1)["frame"].name


def test_programs_of_a_run_come_from_the_cache_the_second_time(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path))
    spec = RunSpec(loss="arcface", batch=16, dim=2, seed=1)
    made = runs.programs(spec, N)
    assert list(made) == ["step", "frame", "references", "regions", "normals"]
    monkeypatch.setattr(runs.Entry, "compile", property(lambda _: pytest.fail("compiled again")))
    assert runs.programs(replace(spec, seed=2, rate=0.1, theta={"margin": 0.1}), N) == made


def test_run_of_two_views_has_their_program():
    assert {"views", "step"} <= set(runs.entries(RunSpec(loss="nt_xent", batch=16), N))


@pytest.mark.parametrize("key", LOSSES)
def test_recipe_of_a_loss_is_shipped(key, monkeypatch):
    monkeypatch.setattr(runs, "cached", lambda name, _: pytest.fail(f"{name} is not shipped"))
    spec = RunSpec(loss=key, **asdict(LOSSES[key].recipe))
    for program in runs.programs(spec, runs.SHIPPED_PROBES).values():
        Program.from_bytes(program)


@pytest.mark.slow
@pytest.mark.parametrize("key", LOSSES)
def test_shipped_programs_are_those_of_a_fresh_compilation(key):
    spec = RunSpec(loss=key, **asdict(LOSSES[key].recipe))
    with zipfile.ZipFile(shipped.RUNS) as archive:
        for entry in runs.entries(spec, runs.SHIPPED_PROBES).values():
            fresh = entry.compile().to_bytes()
            assert archive.read(entry.name) == fresh, f"{entry.name}: python -m cl_core.programs runs compiles it again"
