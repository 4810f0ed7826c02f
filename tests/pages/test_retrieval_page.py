"""The page of retrieval shows the library's numbers, and an error message if a worker fails."""

import io
from concurrent.futures import Future, wait

import numpy as np
import pytest
from PIL import Image

from cl_core import charts
from cl_core.analysis.verification import pair_histogram
from cl_core.components.neighbours import encode_network
from cl_core.data import datasets
from cl_core.losses import LOSSES
from cl_core.pretrained import checkpoints, retrieval_reports
from cl_core.training import loop
from cl_core.ui.pages.retrieval import networks
from cl_core.ui.server import browser_files
from cl_core.ui.server.lifespan import engine
from tests.pages.apptest import component_headers, open_page, page_texts, warnings_of

LINK = {"part": "nearest neighbours", "net": "softmax", "net_2": "am_softmax", "stage": "trained"}


@pytest.fixture(scope="module")
def reports():
    return {loss: retrieval_reports.report(loss, "trained") for loss in ("softmax", "am_softmax")}


def texts_of(**link):
    app = open_page("retrieval", **{**LINK, **link})
    wait(networks._started().values(), timeout=120)
    app.run()
    return app, page_texts(app)


def test_report_agrees_with_a_classification_in_plain_numpy(reports):
    data = datasets.load("mnist")
    for loss, report in reports.items():
        state = checkpoints.load(loss, "trained")
        weight, bias = loop.class_weights(state)
        rows = report.rows[:300]
        z = loop.embed(state, data.x_test[rows]).numpy()
        assert (bias is None) == (loss == "am_softmax")
        right = []
        for image, row in zip(z, rows, strict=True):
            logits = [
                image @ w + bias[c] if bias is not None else image @ w / np.linalg.norm(w) for c, w in enumerate(weight)
            ]
            right.append(np.argmax(logits) == data.y_test[row])
        np.testing.assert_array_equal(report.classified[:300], right)
        # most similar among all images, by a plain product
        unit = loop.snapshot(state, 10_000).z.astype(np.float64)
        unit /= np.linalg.norm(unit, axis=1, keepdims=True)
        cosines = unit[:50] @ unit.T
        cosines[np.arange(50), np.arange(50)] = -2
        np.testing.assert_array_equal(report.retrieval.neighbours[:50, 0], cosines.argmax(axis=1))
        variances = np.linalg.svd(unit - unit.mean(axis=0), compute_uv=False)[:2] ** 2 / len(unit)
        np.testing.assert_allclose(report.places.var(axis=0), variances, rtol=1e-3)
        assert report.pairs.same().sum() + report.pairs.different().sum() == 10_000 * 9_999 // 2
    assert retrieval_reports.report("supcon", "untrained").classified is None


def test_page_shows_scores(reports):
    app, text = texts_of()
    shown = {metric.label: metric.value for metric in app.metric[:4]}
    found = reports["softmax"].retrieval
    assert shown == {
        "recall@1": f"{found.recall_at(1):.1%}",
        "recall@5": f"{found.recall_at(5):.1%}",
        "recall@10": f"{found.recall_at(10):.1%}",
        "MAP@R": f"{found.map_at_r:.1%}",
    }
    for report in reports.values():
        both = int((report.classified & report.retrieval.retrieved_wrongly()).sum())
        assert f"**{both:,}** are retrieved wrongly" in text


def picture_of(app):
    (header,) = (header for header in component_headers(app) if "sheet" in header)
    return header


def test_page_sends_files_of_both_networks_once(reports):
    app, _ = texts_of(image="247")
    header = picture_of(app)
    assert [network["title"] for network in header["networks"]] == ["Softmax", LOSSES["am_softmax"].title]
    assert (header["image"], header["n"], header["columns"]) == (247, 10_000, 100)
    first = header["networks"][0]["url"]
    content = (browser_files._folder() / first.rpartition("/")[2]).read_bytes()
    report = reports["softmax"]
    assert content == encode_network(report.retrieval, report.rows, report.places)
    assert 450_000 <= len(content) < 451_000
    sheet = (browser_files._folder() / header["sheet"].rpartition("/")[2]).read_bytes()
    assert len(sheet) < 1_000_000
    image = np.asarray(Image.open(io.BytesIO(sheet)).convert("L")).astype(int)
    x = datasets.load("mnist").x_test
    for row in (0, 247, 9_999):
        top, left = 28 * (row // 100), 28 * (row % 100)
        assert abs(image[top : top + 28, left : left + 28] - x[row]).max() <= 15
    app.run()
    assert picture_of(app)["networks"][0]["url"] == first, "the browser keeps what it has"


@pytest.mark.parametrize("text", ["ten", "10000", "-1", "2.5"])
def test_image_that_does_not_exist_gives_a_message_and_the_first(text):
    app, _ = texts_of(image=text)
    assert any("`image` must be 1 whole number" in warning for warning in warnings_of(app))
    assert picture_of(app)["image"] == 0


@pytest.mark.parametrize("digit", ["all", "7"])
@pytest.mark.parametrize("threshold", ["-1.0", "0.5", "1.0"])
def test_threshold_shows_its_error_rates(reports, digit, threshold):
    app, text = texts_of(part="a threshold", threshold=threshold, digit=digit)
    label = None if digit == "all" else int(digit)
    for index, report in enumerate(reports.values()):
        at = int(np.abs(report.pairs.edges - float(threshold)).argmin())
        match, miss = report.pairs.false_match_rate(label)[at], report.pairs.false_non_match_rate(label)[at]
        assert app.metric[2 * index].value == f"{match:.3%}"
        assert app.metric[2 * index + 1].value == f"{miss:.2%}"
        assert f"**{report.pairs.equal_error(label)[1]:.2%}** at threshold" in text


def test_one_network_twice_is_shown_once():
    app, _ = texts_of(net_2="softmax")
    assert len(app.metric) == 4


def test_worker_that_fails_is_explained(monkeypatch):
    def fail(*_):
        future = Future()
        future.set_exception(RuntimeError("the worker died"))
        return future

    networks._started().clear()
    with monkeypatch.context() as patch:
        patch.setattr(engine().queue, "submit", fail)
        app, _ = texts_of()
    assert "Reload the page to try again." in app.error[0].value
    assert not app.metric
    app.run()  # tries again
    assert not app.error
    wait(networks._started().values(), timeout=120)
    assert not app.run().error
    assert app.metric


def test_rows_of_charts_agree_with_the_histogram():
    rng = np.random.default_rng(0)
    pairs = pair_histogram(rng.normal(size=(60, 3)), rng.integers(0, 3, 60))
    rows = charts.pairs_rows(pairs, 1)
    for kind, counts in (("same class", pairs.same(1)), ("different classes", pairs.different(1))):
        part = rows[rows["pairs"] == kind]
        assert part["count"].sum() == counts.sum()
        assert part["share"].sum() == pytest.approx(1)
        assert part["count"].iloc[70] == counts[1400:1420].sum()
        assert part["cosine"].iloc[70] == pytest.approx(0.41)
    rows = charts.error_rows({"A": pairs, "B": pairs}, None, 0.1)
    assert list(rows["network"].unique()) == ["A", "B"]
    (chosen,) = rows[(rows["network"] == "A") & rows["chosen"]].itertuples()
    assert chosen.threshold == pytest.approx(0.1)
    assert chosen.match == pairs.false_match_rate()[1100]
    assert chosen.miss == pairs.false_non_match_rate()[1100]
