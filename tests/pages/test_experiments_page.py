"""The page of the experiment in AppTest agrees with its results, complete or not."""

import shutil
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cl_core import charts
from cl_core.charts.cells import SIDE
from cl_core.experiments import METHODS, STUDIES, article, claims, results, sweep, table
from cl_core.experiments.findings import findings
from cl_core.experiments.grid import DATASETS
from cl_core.experiments.table import ARTICLE, BATCHES, DIFFERENCE, PUBLISHED, RIGHT, VERSIONS
from cl_core.losses.articles import CONTRASTING
from cl_core.ui.pages.experiments.page import PARTS
from cl_core.ui.pages.experiments.rerun import reduced_cell
from cl_core.ui.pages.training_controls import link_of
from tests.pages.apptest import click, open_page, page_texts
from tests.unit.experiments.test_claims import made_up, outcome_of, write

CELLS = [cell for cell in STUDIES["published"].cells if cell.dataset == "mnist"]


@pytest.fixture(scope="module")
def written_results(tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp("results")
    write(folder, CELLS)
    return folder


@pytest.fixture
def result_folder(monkeypatch, tmp_path, written_results) -> Path:
    """Return a folder of results: all cells of the published study on MNIST."""
    folder = tmp_path / "experiments"
    shutil.copytree(written_results, folder)
    monkeypatch.setattr(results, "SHIPPED", folder)
    return folder


def chart_specs(app: AppTest) -> list[str]:
    return [chart.proto.spec for chart in app.get("vega_lite_chart")]


def test_table_and_verdicts_agree_with_results(pool, result_folder):
    app = open_page("experiments")
    assert not app.warning
    loaded, _ = results.load(result_folder)
    verdicts = claims.verdicts(loaded)
    claims_of_article, *folded, method, _ = app.expander
    assert claims_of_article.label == f"The article's {len(verdicts)} claims, one by one"
    for verdict, expander in zip(verdicts, folded, strict=True):  # the evidence is folded, the verdict is not
        assert expander.label.startswith(f"**{verdict.claim}** ")
        assert verdict.label in expander.label
        inside = " ".join(element.value for element in expander.markdown)
        for line in (
            *verdict.explanation.splitlines(),
            *(f"{table.KIND_TITLES.get(kind, kind)}: **" for kind in verdict.answers),
        ):
            assert line in inside
        assert len(expander.dataframe[0].value) == len(verdict.evidence)
    sentences = findings(verdicts)
    first, *rest = [element.value for element in app.markdown if element.value.startswith(("[*", sentences[0]))]
    assert first == f"{CONTRASTING.reference} {first.removeprefix(CONTRASTING.reference).strip()}"
    assert rest == ["\n\n".join(sentences)]
    inside = " ".join(element.value for element in method.markdown)
    for text in (*article.UNKNOWN, *(text for difference in article.DIFFERENCES for text in difference)):
        assert text in inside
    assert len(chart_specs(app)) == len(DATASETS)
    alt = f"{METHODS['npair'].title}: {outcome_of(table.cell_of('mnist', 'npair', 32, PUBLISHED)).accuracy_odd:.2%}"
    assert alt.rstrip("%") in chart_specs(app)[0]
    assert "not run" in chart_specs(app)[1]
    assert "Runs that are missing: 105 of “As published”" in page_texts(app)
    assert "a machine" in page_texts(app)
    assert not pool.submitted  # showing the table starts no task


@pytest.mark.parametrize("part", PARTS)
def test_each_part_works_with_all_some_and_no_results(pool, result_folder, part):
    app = open_page("experiments", part=part)
    assert not app.exception
    assert not app.warning
    for file in result_folder.glob("*b2048*"):
        file.unlink()
    (result_folder / "published-mnist-npair-odd-b32-r0.001-n37500-s0.parquet").write_bytes(b"damaged")
    app.run()
    assert not app.exception
    assert "npair-odd-b32" in app.error[0].value
    for file in result_folder.glob("*.parquet"):
        file.unlink()
    app.run()
    assert not app.exception
    assert "There are no results yet" in page_texts(app)
    assert app.code[0].value == "python -m cl_core.experiments run"


def test_heat_map_rows_hold_table_values_and_missing_cells():
    def change(cell):
        if cell.method == "npair" and cell.batch == 256:
            return {"failure": "it diverged"}
        return None if cell.method == "circle" else {}

    summary = table.summary(made_up(change))
    rows = charts.heat_rows(summary, "mnist", PUBLISHED)
    assert len(rows) == len(table.ROWS) * len(BATCHES)
    rows = rows.set_index(["method", "batch"])
    assert rows.loc[("Multi-class N-pair", "256 · 0.01"), "text"] == "failed"
    assert rows.loc[("Circle loss, 5 epochs", "32 · 0.001"), "text"] == "not run"
    tile = rows.loc[("Supervised NT-Xent", "32 · 0.001")]
    assert (tile["text"], tile["below"], tile["depth"]) == ("92.00", "± 0.10", 1.0)
    assert rows.loc[("Circle loss, 5 epochs", "32 · 0.001"), "depth"] == 0
    difference = charts.heat_rows(summary, "mnist", DIFFERENCE).set_index(["method", "batch"])
    assert difference.loc[("MLP baseline", "32 · 0.001"), "text"] == "+0.40"
    assert difference.loc[("MLP baseline", "32 · 0.001"), "below"] == "1 seed"


def test_cloud_rows_keep_aspect_ratio_and_rate_rows_their_order():
    cloud = np.array([[0, 0], [4, 0], [4, 1]], np.float32)
    rows = charts.cloud_rows(
        dict.fromkeys(BATCHES, cloud) | {2048: "not run"}, dict.fromkeys(BATCHES, "x"), list("abc")
    )
    assert list(rows["text"]) == ["x", "x", "x", "not run", "", "", "", "", "", ""]
    x, y = rows["x"][4:7].to_numpy(), rows["y"][4:7].to_numpy()
    np.testing.assert_allclose((y[2] - y[1]) / (x[1] - x[0]), 0.25, rtol=1e-6)
    assert np.ptp(rows["x"][7:10].to_numpy() - x) < 1e-4
    lines = charts.rate_rows(table.decoupled(made_up()), "npair", table.STEPS)
    assert len(lines) == 9
    assert list(lines["batch"].unique()) == ["32", "256", "2,048"]
    assert lines["error"].notna().all()


def test_density_rows_have_the_most_points_where_the_colour_is_strongest():
    """Of a cloud with nine points in one corner and one in the opposite one, of which the second is fainter."""
    cloud = np.array([[0, 0]] * 9 + [[4, 4]], np.float32)
    clouds = dict.fromkeys(BATCHES, cloud) | {2048: "failed"}
    rows = charts.density_rows(clouds, {batch: f"head {batch}" for batch in BATCHES})
    assert list(rows["text"][:4]) == ["head 32", "head 256", "head 2048", "failed"]
    bins = rows[rows["text"] == ""]
    assert (bins["depth"] > 0).all()
    assert bins["depth"].max() == 1
    np.testing.assert_allclose(bins["x2"] - bins["x"], bins["y2"] - bins["y"])
    first = bins[bins["x"] < SIDE]
    low, high = first[first["y"] < SIDE / 2], first[first["y"] >= SIDE / 2]
    assert low["depth"].max() == 1
    assert high["depth"].max() == pytest.approx(1 / 3, abs=0.01)  # the square root of a ninth
    assert len(first) == len(bins) / 2


@pytest.mark.parametrize("version", VERSIONS)
def test_pictures_show_densities_of_four_losses_on_both_sets(pool, result_folder, version):
    app = open_page("experiments", part="pictures", made=version)
    titles = [element.value.strip("*") for element in app.markdown if element.value.startswith("**")]
    expected = [METHODS[key].title for key in ("max_margin", "triplet_semihard", "npair", "sup_nt_xent")]
    assert titles == expected * len(DATASETS)
    specs = chart_specs(app)
    assert len(specs) == len(expected) * len(DATASETS)
    accuracy = outcome_of(table.cell_of("mnist", "npair", 32, PUBLISHED)).accuracy_odd
    assert (f"{accuracy:.1%}" in specs[2]) == (version == PUBLISHED)  # the folder has only those cells
    assert all("not run" in spec for spec in specs[4:])


@pytest.mark.parametrize("version", VERSIONS)
def test_points_show_every_method_of_a_version(pool, result_folder, version):
    app = open_page("experiments", part="pictures", picture="points", made=version)
    titles = [element.value.strip("*") for element in app.markdown if element.value.startswith("**")]
    assert titles == [table.row_title(method) for method in table.methods_of(version)]


def test_cell_of_a_loss_that_the_article_does_not_have(pool, result_folder):
    app = open_page("experiments", part="one cell", method="circle", made=ARTICLE)
    assert "The article's program does not include Circle loss" in app.info[0].value
    assert not app.code


@pytest.mark.parametrize(("method", "kind"), [(method, kind) for kind in VERSIONS for method in table.methods_of(kind)])
def test_link_of_a_cell_opens_the_same_run_for_training(idle_executor, method, kind):
    spec = table.cell_of("fashion_mnist", method, 2048, kind).spec
    app = open_page("training", **link_of(spec))
    assert not app.warning
    assert app.session_state.run.spec == spec


def test_cell_shows_its_numbers_command_and_link(pool, result_folder):
    app = open_page("experiments", part="one cell", method="npair", batch="256", dataset="mnist")
    cell = table.cell_of("mnist", "npair", 256, PUBLISHED)
    numbers = app.dataframe[0].value
    assert numbers.loc["accuracy, softmax twice", "seed 0"] == f"{outcome_of(cell).accuracy_odd:.2%}"
    assert numbers.loc["memory, MiB", "seed 0"] == "100"
    assert f"run --cell {cell.name} --results" in app.code[0].value
    link = app.get("page_link")[0].proto
    settings = dict(parse_qsl(parse_qs(link.query_string)["open"][0]))
    assert settings == link_of(cell.spec)
    assert settings["convention"] == "soft_labels"
    # with the corrected protocol it is another cell, which was not run
    app.selectbox(key="made").set_value(RIGHT).run()
    assert "This run was not made yet" in page_texts(app)
    assert table.cell_of("mnist", "npair", 256, RIGHT).name in app.code[0].value


def test_reduced_cell_is_shown_beside_the_shipped_one(pool, result_folder, monkeypatch):
    trained_cells = []

    def train(cell):
        trained_cells.append(cell)
        return outcome_of(cell), {}

    monkeypatch.setattr(sweep, "cell_task", train)
    app = open_page("experiments", part="one cell", method="max_margin", batch="2048", epochs="2")
    click(app, "reduced_start")
    for _ in range(100):
        if "reduced" in app.session_state:
            break
        time.sleep(0.02)
        app.run()
    assert trained_cells == [reduced_cell(table.cell_of("mnist", "max_margin", 2048, PUBLISHED), 2)]
    assert trained_cells[0].steps == 58
    assert trained_cells[0].epochs == 2
    whole = table.cell_of("mnist", "max_margin", 2048, ARTICLE)
    assert reduced_cell(whole, 2).steps == 60  # which keeps the last, smaller batch of each epoch
    lines = app.dataframe[1].value
    assert list(lines["run"]) == ["shipped, 20 epochs, seed 0", "Short run here, 2 epochs"]
    assert len(list(result_folder.glob("*.parquet"))) == len(CELLS)  # shipped results are not changed


def test_reduced_cell_can_be_cancelled_and_its_failure_is_shown(pool, result_folder, monkeypatch):
    released = threading.Event()

    def train(cell):
        released.wait(30)
        raise ValueError("no such thing")

    monkeypatch.setattr(sweep, "cell_task", train)
    app = open_page("experiments", part="one cell", method="max_margin")
    click(app, "reduced_start")
    assert app.button(key="reduced_start").disabled
    click(app, "reduced_drop")
    assert not app.button(key="reduced_start").disabled
    released.set()
    app.run()
    assert not app.error  # its result is ignored, as it was cancelled
    click(app, "reduced_start")
    for _ in range(100):
        if app.error:
            break
        time.sleep(0.02)
        app.run()
    assert "Start it again" in app.error[0].value
    assert "no such thing" not in app.error[0].value
    assert not app.exception


def test_invalid_link_values_give_warnings(pool, result_folder):
    app = open_page("experiments", part="all", method="magic", batch="33", dataset="mnist")
    assert not app.exception
    warnings = " ".join(warning.value for warning in app.warning)
    assert "`part` must be one of" in warnings
    assert "`method` must be one of" in warnings
    assert "`batch` must be one of" in warnings
