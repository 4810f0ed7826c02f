"""The cache of compiled programs: found again, made anew where damaged, bounded, and never in the way."""

import os

import pytest
import torch

from cl_core.programs import cache
from cl_core.programs.compiler import compile_function


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache."""
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


class Compiler:
    """Compiles a small program, and counts how often."""

    def __init__(self, factor: float = 2.0) -> None:
        self.calls = 0
        self.program = compile_function(lambda x: [x * factor], {"x": torch.ones(3)}, ["y"]).to_bytes()

    def __call__(self) -> bytes:
        self.calls += 1
        return self.program


def test_program_is_compiled_once(folder):
    compiler = Compiler()
    assert [cache.cached("a", compiler) for _ in range(3)] == [compiler.program] * 3
    assert compiler.calls == 1
    cache.cached("b", compiler)
    assert compiler.calls == 2
    assert [path.suffix for path in folder.iterdir()] == [cache.SUFFIX] * 2  # and no temporary file


def test_other_sources_or_libraries_are_another_program(folder, monkeypatch):
    compiler = Compiler()
    cache.cached("a", compiler)
    monkeypatch.setattr(cache, "_fingerprint", lambda: "other")
    cache.cached("a", compiler)
    assert compiler.calls == 2


def test_fingerprint_covers_what_programs_are_traced_from(tmp_path, monkeypatch):
    for part in cache.TRACED:
        (tmp_path / part).mkdir()
    source = tmp_path / "losses" / "loss.py"
    monkeypatch.setattr(cache.cl_core, "__file__", str(tmp_path / "__init__.py"))
    found = set()
    for text in ("x = 1", "x = 2"):
        source.write_text(text)
        cache._fingerprint.cache_clear()
        found.add(cache._fingerprint())
    monkeypatch.setattr(torch, "__version__", "0")
    cache._fingerprint.cache_clear()
    found.add(cache._fingerprint())
    cache._fingerprint.cache_clear()
    assert len(found) == 3


@pytest.mark.parametrize("damage", [lambda raw: b"", lambda raw: raw[:-1], lambda raw: raw[:60] + b"\xff" + raw[61:]])
def test_damaged_entry_is_made_anew(folder, damage):
    compiler = Compiler()
    cache.cached("a", compiler)
    (path,) = folder.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert [cache.cached("a", compiler) for _ in range(2)] == [compiler.program] * 2
    assert compiler.calls == 2


def test_folder_that_cannot_be_written_costs_only_time(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "file" / "cache"))
    compiler = Compiler()
    assert [cache.cached("a", compiler) for _ in range(2)] == [compiler.program] * 2
    assert compiler.calls == 2


def test_write_that_fails_leaves_nothing(folder, monkeypatch):
    compiler = Compiler()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.Path, "replace", fail)
    assert cache.cached("a", compiler) == compiler.program
    assert list(folder.iterdir()) == []


def test_entries_unused_for_longest_go_first(folder, monkeypatch):
    compiler = Compiler()
    monkeypatch.setattr(cache, "MAX_BYTES", int(2.5 * len(compiler.program)))
    paths = {}
    for age, name in ((30, "a"), (20, "b")):
        cache.cached(name, compiler)
        (paths[name],) = set(folder.iterdir()) - set(paths.values())
        os.utime(paths[name], ns=(0, paths[name].stat().st_mtime_ns - age * 10**9))
    cache.cached("a", compiler)  # used again
    cache.cached("c", compiler)
    assert paths["a"].exists()
    assert not paths["b"].exists()
    assert len(list(folder.iterdir())) == 2
    monkeypatch.setattr(cache, "MAX_BYTES", len(compiler.program) - 1)
    cache.cached("d", compiler)  # larger than the cache: the others stay
    assert len(list(folder.iterdir())) == 2


def test_folder_is_that_of_the_user_by_default(monkeypatch):
    monkeypatch.delenv(cache.CACHE_VARIABLE)
    assert cache.folder().name == "contrastive-loss-lab"
