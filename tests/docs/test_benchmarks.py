"""The benchmark commands work, on a tiny budget; no speed is checked here."""

import asyncio
import importlib.util
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
import torch

pytest.importorskip("pytorch_metric_learning")

from cl_core.runtime import process_memory
from tests.benchmarks import __main__ as benchmarks_main
from tests.benchmarks import (
    cells,
    census,
    limited_process,
    load,
    machine,
    onnx_steps,
    programs,
    report,
    retrieval,
    same_bits,
    training,
)
from tests.benchmarks.baseline import ROWS, BaselineLoop
from tests.benchmarks.cells import Cell, Plan
from tests.benchmarks.serving import run_server
from tests.docs import generated

TINY = Plan(turns=1, seconds=0.05, warm_up=0.01)


def _allocate_a_terabyte():
    bytearray(1 << 40)


def _loop_forever():
    while True:
        pass


def test_cell_measures_rates_of_all_loops():
    rates = cells.measure_rates("supcon", 32, TINY)
    assert set(rates) == {"ours", "theirs", "products", "with_pairs"}
    assert all(rate > 0 for rate in rates.values())
    assert cells.measure_rates("supcon", 32, TINY, with_theirs=False)["theirs"] is None


@pytest.mark.parametrize("key", ROWS)
def test_baseline_loop_trains_with_every_loss(key):
    loop = BaselineLoop(ROWS[key], 32)
    assert loop.step() > 0
    assert loop.step() > 0


def test_products_have_the_operations_of_one_step():
    spec = ROWS["supcon"].spec(32)
    shapes = [(*a.shape, b.shape[1]) for a, b, _ in cells.matrix_products(spec)]
    flops = 2 * 32 * (2 * 784 * 256 + 3 * (256 * 256 + 256 * 256 + 256 * spec.dim))
    assert sum(2 * rows * inner * columns for rows, inner, columns in shapes) == flops
    assert len(cells.matrix_products(spec, pairs=True)) == len(shapes) + 3
    cells.multiply(cells.matrix_products(spec, pairs=True))


@pytest.mark.slow
def test_subprocess_has_memory_and_time_limits():
    assert limited_process.run_limited(pow, 2, 5, memory=64 * limited_process.GIB) == 32
    with pytest.raises(limited_process.OutOfMemory):
        limited_process.run_limited(_allocate_a_terabyte)
    with pytest.raises(limited_process.TooSlow):
        limited_process.run_limited(_loop_forever, seconds=1)


def test_peak_growth_is_the_memory_of_a_task():
    assert 90 << 20 < process_memory.peak_growth(lambda: b"x" * (100 << 20)) < 200 << 20


def test_training_tables_format_measured_cells(monkeypatch):
    measured = {
        ("supcon", 32): Cell(ours=400.0, theirs=100.0, products=800.0, with_pairs=500.0),
        ("supcon", 2048): Cell(ours=7.5, theirs=None, products=15.0, with_pairs=10.0, problem="out of memory"),
    }
    monkeypatch.setattr(cells, "measure_cell", lambda key, batch, plan: measured[key, batch])
    monkeypatch.setattr(
        cells, "first_step", lambda *_, ours: cells.Trial(3 << 20) if ours else cells.Trial(problem="no")
    )
    lines = training.losses(TINY, ["supcon"], [32, 2048]).splitlines()
    assert "| loss | pytorch-metric-learning | B = 32 | B = 2048 |" in lines
    assert "| supcon | SupConLoss | 400 / 100 = **4.0×** | 7.5 / out of memory |" in lines
    assert "| supcon | 0.50 (0.80) | 0.50 (0.75) |" in lines
    assert "| supcon | SupConLoss | 3 MiB | no |" in training.memory(TINY, ["supcon"]).splitlines()


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.354, "0.35"), (7.84, "7.8"), (12.4, "12"), (1234.4, "1,234")]
)
def test_number_has_two_significant_digits(value, text):
    assert report.number(value) == text


def test_slope_is_the_rate_of_a_count_that_grows_in_chunks():
    page = pytest.importorskip("tests.benchmarks.page", exc_type=ImportError)
    notes = [{"t": 0.25 * tick, "step": 50 * (tick // 2)} for tick in range(41)]
    assert page.slope(notes, "step") == pytest.approx(100)
    with pytest.raises(RuntimeError, match="moved 1 times"):
        page.slope(notes[:3], "step")


def test_machine_is_described_in_one_line():
    description = machine.describe(0.05)
    assert "GFLOP/s" in description
    assert "\n" not in description


def test_training_command_prints_and_writes_result(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(training, "SECTIONS", {"losses": lambda plan: f"{plan.turns} turns"})
    monkeypatch.setattr(machine, "describe", lambda: "a machine")
    training.main(["--quick", "--write", str(tmp_path / "kept.md")])
    assert (tmp_path / "kept.md").read_text() == "a machine.\n\n1 turns\n"
    assert "1 turns" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        training.main(["--only", "losses", "--write"])


@pytest.mark.slow
def test_census_benchmark_measures_all_tasks_within_size_limit(monkeypatch):
    monkeypatch.setattr(census, "REPEAT_SECONDS", 0.0)
    for task in (census.measure_census, census.measure_miner, census.measure_distances, census.measure_gradient):
        assert task(40).seconds > 0
    assert census.wall_seconds(60) > 0
    with census.busy_cores(1):
        pass
    measured = []
    monkeypatch.setattr(census, "SIZES", (24, 40))
    monkeypatch.setattr(census, "MAX_MINER_SIZE", 24)
    monkeypatch.setattr(census, "run_limited", lambda task, n: measured.append((task, n)) or task(n))
    text = census.markdown()
    assert (census.measure_miner, 24) in measured
    assert (census.measure_miner, 40) not in measured
    assert "| 24 |" in text
    assert "| 40 |" in text


@pytest.mark.slow
def test_retrieval_benchmark_measures_all_tasks(monkeypatch):
    monkeypatch.setattr(census, "REPEAT_SECONDS", 0.0)
    monkeypatch.setattr(retrieval, "SIZES", (60,))
    measured = []
    monkeypatch.setattr(retrieval, "run_limited", lambda task, n: measured.append((task.__name__, n)) or task(n))
    text = retrieval.markdown()
    assert len(set(measured)) == 5
    assert "| 60 | neighbours |" in text
    assert "| 60 | pairs |" in text


@pytest.mark.slow
def test_benchmark_of_programs_measures_a_step_in_each_host():
    assert min(programs.measure("triplet", 8, turns=1)) > 0


@pytest.mark.parametrize("right", [False, True])
def test_stand_in_for_binary_search_counts_as_torch_does(right):
    rng = np.random.default_rng(0)
    ascending = torch.from_numpy(np.sort(rng.integers(0, 9, (40, 7)), 1)).float()
    ascending[::3, -2:] = torch.inf
    values = torch.from_numpy(rng.integers(-1, 10, (40, 6))).float()
    expected = torch.searchsorted(ascending, values, right=right)
    assert torch.equal(onnx_steps.places_in_order(ascending, values, right=right), expected)


def test_stand_in_for_distances_equals_torchs():
    x1, x2 = torch.randn(2, 30, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = torch.cdist(x1, x2, compute_mode="donot_use_mm_for_euclid_dist")
    torch.testing.assert_close(onnx_steps.distances(x1, x2, 2.0, 2), expected)


@pytest.mark.slow
def test_comparison_of_hosts_names_what_differs(monkeypatch):
    monkeypatch.setattr(same_bits, "_versions", lambda: "some hosts")
    monkeypatch.setattr(same_bits, "exact_planes", dict)
    compared = []

    def compare(jobs):
        compared.extend(jobs)
        return {
            host: {name: {"vector": host == "Firefox" and "'cnn'" in name} for name in jobs} for host in same_bits.HOSTS
        }

    monkeypatch.setattr(same_bits, "compare", compare)
    text = same_bits.run()
    assert len(compared) > 300
    assert "| shipped scenes of triplets | 31 | same | same | same | same |" in text
    assert "| same | same | same | 2 differ |" in text
    assert text.count(": Firefox: vector\n") == 2


def test_load_benchmark_measures_three_sessions_on_a_real_server():
    # in a thread, as this one may already run the event loop of Playwright
    with run_server() as (url, pid), ThreadPoolExecutor(1) as thread:
        result = thread.submit(asyncio.run, load.measure(url, pid, sessions=3, seconds=3.0, browsers=0)).result()
    assert result.errors == []
    assert len(result.steps) == len(result.frames) == 3
    assert max(result.frames) > 0  # each has trained before the measurement; busy cores may not reach all within it
    assert result.answers
    assert result.memory[0][0] > 50
    assert result.memory[2][1] > 50
    lines = load.markdown(result).splitlines()
    assert "| sessions that train | 3 |" in lines
    assert "| errors that a page showed | 0 |" in lines


def test_one_command_runs_all_benchmarks_and_reports_failures(monkeypatch, capsys):
    calls = []
    modules = {
        name: SimpleNamespace(main=lambda arguments, name=name: calls.append((name, arguments)))
        for name in benchmarks_main.BENCHMARKS
    }
    modules["census"] = SimpleNamespace(main=lambda arguments: 1 / 0)
    monkeypatch.setattr(benchmarks_main.importlib, "import_module", lambda name: modules[name.rsplit(".", 1)[1]])
    monkeypatch.setattr(benchmarks_main.generated, "write", lambda: calls.append("written"))
    assert benchmarks_main.main(["--look"]) == 1
    assert [name for name, _ in calls] == [name for name in benchmarks_main.BENCHMARKS if name != "census"]
    assert "census could not be measured: ZeroDivisionError" in capsys.readouterr().err
    calls.clear()
    assert benchmarks_main.main(["load"]) == 0
    assert calls == [("load", ["--write"]), "written"]
    with pytest.raises(SystemExit):
        benchmarks_main.main(["lode"])


def test_every_benchmark_has_its_place_in_the_document():
    for name in benchmarks_main.BENCHMARKS:
        assert f"<!-- generated:{name} -->" in generated.BENCHMARKS.read_text()
        assert importlib.util.find_spec(f"tests.benchmarks.{name}")
