"""The benchmark commands do what they say on a tiny budget; how fast anything is, is not looked at here."""

import asyncio
import importlib.util
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

pytest.importorskip("pytorch_metric_learning")

from cl_core.runtime import process_memory
from tests.benchmarks import __main__ as every
from tests.benchmarks import apart, cells, census, load, machine, report, training
from tests.benchmarks.cells import Cell, Plan
from tests.benchmarks.serving import served
from tests.benchmarks.usual import ROWS, Loop
from tests.docs import generated

TINY = Plan(turns=1, seconds=0.05, warm_up=0.01)


def _asks_for_too_much():
    bytearray(1 << 40)


def _never_ends():
    while True:
        pass


def test_one_cell_of_the_table():
    rates = cells.measure("supcon", 32, TINY)
    assert set(rates) == {"ours", "theirs", "products", "with_pairs"}
    assert all(rate > 0 for rate in rates.values())
    assert cells.measure("supcon", 32, TINY, with_theirs=False)["theirs"] is None


@pytest.mark.parametrize("key", ROWS)
def test_the_usual_loop_learns_with_every_loss(key):
    loop = Loop(ROWS[key], 32)
    assert loop.step() > 0
    assert loop.step() > 0


def test_products_are_those_of_a_step():
    spec = ROWS["supcon"].spec(32)
    shapes = [(*a.shape, b.shape[1]) for a, b, _ in cells.products(spec)]
    flops = 2 * 32 * (2 * 784 * 256 + 3 * (256 * 256 + 256 * 256 + 256 * spec.dim))
    assert sum(2 * rows * inner * columns for rows, inner, columns in shapes) == flops
    assert len(cells.products(spec, pairs=True)) == len(shapes) + 3
    cells.multiply(cells.products(spec, pairs=True))


def test_work_apart_has_limits():
    assert apart.apart(pow, 2, 5, memory=64 * apart.GIB) == 32
    with pytest.raises(apart.OutOfMemory):
        apart.apart(_asks_for_too_much)
    with pytest.raises(apart.TooSlow):
        apart.apart(_never_ends, seconds=1)


def test_memory_that_a_task_needs():
    assert 90 << 20 < process_memory.peak_growth(lambda: b"x" * (100 << 20)) < 200 << 20


def test_tables(monkeypatch):
    found = {
        ("supcon", 32): Cell(ours=400.0, theirs=100.0, products=800.0, with_pairs=500.0),
        ("supcon", 2048): Cell(ours=7.5, theirs=None, products=15.0, with_pairs=10.0, trouble="out of memory"),
    }
    monkeypatch.setattr(cells, "cell", lambda key, batch, plan: found[key, batch])
    monkeypatch.setattr(
        cells, "first_step", lambda *_, ours: cells.Trial(3 << 20) if ours else cells.Trial(trouble="no")
    )
    lines = training.losses(TINY, ["supcon"], [32, 2048]).splitlines()
    assert "| loss | pytorch-metric-learning | B = 32 | B = 2048 |" in lines
    assert "| supcon | SupConLoss | 400 / 100 = **4.0×** | 7.5 / out of memory |" in lines
    assert "| supcon | 0.50 (0.80) | 0.50 (0.75) |" in lines
    assert "| supcon | SupConLoss | 3 MiB | no |" in training.memory(TINY, ["supcon"]).splitlines()


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.354, "0.35"), (7.84, "7.8"), (12.4, "12"), (1234.4, "1,234")]
)
def test_numbers(value, text):
    assert report.number(value) == text


def test_speed_of_a_count_that_comes_in_chunks():
    page = pytest.importorskip("tests.benchmarks.page", exc_type=ImportError)
    notes = [{"t": 0.25 * tick, "step": 50 * (tick // 2)} for tick in range(41)]
    assert page.slope(notes, "step") == pytest.approx(100)
    with pytest.raises(RuntimeError, match="moved 1 times"):
        page.slope(notes[:3], "step")


def test_the_machine_in_words():
    words = machine.describe(0.05)
    assert "GFLOP/s" in words
    assert "\n" not in words


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(training, "SECTIONS", {"losses": lambda plan: f"{plan.turns} turns"})
    monkeypatch.setattr(machine, "describe", lambda: "a machine")
    training.main(["--quick", "--write", str(tmp_path / "kept.md")])
    assert (tmp_path / "kept.md").read_text() == "a machine.\n\n1 turns\n"
    assert "1 turns" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        training.main(["--only", "losses", "--write"])


def test_the_census_is_measured_against_the_miner_and_the_distances(monkeypatch):
    monkeypatch.setattr(census, "ENOUGH", 0.0)
    for task in (census.ours, census.theirs, census.matrix, census.gradient):
        assert task(40).seconds > 0
    assert census.wall(60) > 0
    with census.busy(1):
        pass
    asked = []
    monkeypatch.setattr(census, "SIZES", (24, 40))
    monkeypatch.setattr(census, "LAST_OF_MINER", 24)
    monkeypatch.setattr(census, "apart", lambda task, n: asked.append((task, n)) or task(n))
    text = census.markdown()
    assert (census.theirs, 24) in asked
    assert (census.theirs, 40) not in asked
    assert "| 24 |" in text
    assert "| 40 |" in text


def test_a_class_of_three_on_a_real_server():
    with served() as (url, pid), ThreadPoolExecutor(1) as thread:  # this thread may have Playwright's event loop
        found = thread.submit(asyncio.run, load.measure(url, pid, sessions=3, seconds=5.0, browsers=0)).result()
    assert found.faults == []
    assert len(found.steps) == len(found.frames) == 3
    assert min(found.frames) > 0
    assert found.answers
    assert found.memory[0][0] > 50
    assert found.memory[2][1] > 50
    lines = load.markdown(found).splitlines()
    assert "| sessions that train | 3 |" in lines
    assert "| errors that a page showed | 0 |" in lines


def test_all_benchmarks_by_one_command(monkeypatch, capsys):
    asked = []
    made = {
        name: SimpleNamespace(main=lambda words, name=name: asked.append((name, words))) for name in every.BENCHMARKS
    }
    made["census"] = SimpleNamespace(main=lambda words: 1 / 0)
    monkeypatch.setattr(every.importlib, "import_module", lambda name: made[name.rsplit(".", 1)[1]])
    monkeypatch.setattr(every.generated, "write", lambda: asked.append("written"))
    assert every.main(["--look"]) == 1
    assert [name for name, _ in asked] == [name for name in every.BENCHMARKS if name != "census"]
    assert "census could not be measured: ZeroDivisionError" in capsys.readouterr().err
    asked.clear()
    assert every.main(["load"]) == 0
    assert asked == [("load", ["--write"]), "written"]
    with pytest.raises(SystemExit):
        every.main(["lode"])


def test_every_benchmark_has_its_place_in_the_document():
    for name in every.BENCHMARKS:
        assert f"<!-- generated:{name} -->" in generated.BENCHMARKS.read_text()
        assert importlib.util.find_spec(f"tests.benchmarks.{name}")
