"""A real batch on the page of triplets: what each miner does to loss and gradient, and what the page says of it."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cl_core import losses
from cl_core.losses import miners
from cl_core.losses.contrast import Contrast
from cl_core.ui.pages.triplets import real_batch

DISTANCES = ("sqeuclidean", "euclidean", "cosine")


@pytest.mark.parametrize("stage", ["pixels", "untrained", "half-trained", "trained"])
@pytest.mark.parametrize("distance", DISTANCES)
def test_effect_of_each_miner_equals_loss_and_gradient_of_library(stage, distance):
    source = real_batch.source_of(stage, "supcon")
    batch = real_batch._batch(source, 32, 3)
    assert len(np.unique(batch.rows)) == 32
    for miner in miners.MINERS:
        effect = real_batch._effect(batch, distance, 0.3, miner)
        z = batch.z.clone().requires_grad_()
        loss = losses.module("triplet", margin=0.3, distance=distance, mining=miner)(z, batch.y)
        loss.backward()
        assert effect.value == pytest.approx(loss.item(), abs=1e-9)
        assert effect.gradient == pytest.approx(float(z.grad.norm()), abs=1e-8)
        assert sum(effect.kinds.values()) == effect.picked.sum()
        assert effect.shares.sum() == pytest.approx(1.0 if effect.value else 0.0)
    kinds_of_all = real_batch._effect(batch, distance, 0.3, "all").kinds
    contrast = Contrast.of_batch(batch.z, batch.y, distance)
    assert (kinds_of_all["easy"], kinds_of_all["semihard"], kinds_of_all["hard"]) == miners.count_kinds(contrast, 0.3)
    assert real_batch._effect(batch, distance, 0.3, "semihard").kinds == {
        "easy": 0,
        "semihard": kinds_of_all["semihard"],
        "hard": 0,
    }


def test_first_anchor_and_images_do_not_depend_on_embedding():
    batches = [
        real_batch._batch(real_batch.source_of(stage, "triplet"), 48, 0) for stage in ("pixels", "untrained", "trained")
    ]
    assert len({batch.anchor for batch in batches}) == 1
    assert all(np.array_equal(batch.rows, batches[0].rows) for batch in batches)


def show_part() -> None:
    from cl_core.ui.pages.triplets import real_batch

    real_batch.controls_in_sidebar()
    real_batch.show()


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ({"mining": "semihard_tfa", "embedding": "pixels", "images": "64"}, "no negative is beyond the positive"),
        ({"mining": "semihard", "margin": "0.0"}, "it finds none"),
        (
            {"mining": "batch_hard", "distance": "euclidean", "margin": "1.5", "embedded_by": "supcon"},
            "one triplet per anchor",
        ),
    ],
)
def test_part_explains_miner_and_lists_all_miners(link, expected):
    app = AppTest.from_function(show_part, default_timeout=60)
    app.query_params.update(link)
    app.run()
    assert not app.exception
    assert not app.error
    assert any(expected in text.value for text in app.markdown)
    assert len(app.get("vega_lite_chart")) == 3
    assert list(app.dataframe[0].value["miner"].str.removeprefix("▶ ")) == [m.title for m in miners.MINERS.values()]
    assert any("pytorch-metric-learning" in text.value for text in app.caption)
    app.selectbox(key="embedding").set_value("my run").run()
    assert "You have no run yet" in app.info[0].value
