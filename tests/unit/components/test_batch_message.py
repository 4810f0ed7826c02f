"""Messages to the batch view: round trips, refused scenes and answers of the browser."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cl_core.components import batch as component
from cl_core.components.batch import WORDS, Scene, SceneState, encode
from cl_core.components.bundle import bundle_html
from cl_core.components.envelope import unpack
from cl_core.palette import CLASS_COLOURS, NEGATIVE

FOLDER = Path(component.__file__).parent
NAMES = ("零", "one", "<b>two</b>")


def scene(n: int = 6, proxies: bool = False, **other: Any) -> Scene:
    rng = np.random.default_rng(0)
    columns = len(NAMES) if proxies else n
    default = Scene(
        stream="batch 1",
        title="InfoNCE",
        points=rng.normal(size=(n, 2)),
        forces=rng.normal(size=(n, 2)),
        reach=2.5,
        labels=np.arange(n) % 3,
        class_names=NAMES,
        rows=np.arange(n) * 1000 + 7,
        weights=rng.normal(size=(n, columns)),
        similarity=rng.uniform(-1, 1, size=(n, columns)),
        extent=(-1, 1.5, -2, 2),
        trail=rng.normal(size=(4, n, 2)),
        prototypes=rng.normal(size=(3, 2)) if proxies else None,
        prototype_forces=rng.normal(size=(3, 2)) if proxies else None,
        sprite=b"\x89PNG and so on",
    )
    return replace(default, **other)


def test_message_round_trip() -> None:
    sent = scene()
    header, buffers = unpack(encode(sent, height=400, group="pair", anchor=2))
    assert (header["stream"], header["title"], header["class_names"]) == ("batch 1", "InfoNCE", list(NAMES))
    assert (header["n"], header["trail"], header["prototypes"]) == (6, 4, False)
    assert (header["height"], header["group"], header["anchor"]) == (400, "pair", 2)
    assert header["extent"] == [-1.0, 1.5, -2.0, 2.0]
    assert header["palette"]["dark"] == list(CLASS_COLOURS.dark)
    assert header["negative"]["light"] == list(NEGATIVE.light)
    for name in ("points", "forces", "weights", "similarity", "trail"):
        expected = getattr(sent, name)
        assert buffers[name].dtype == np.float32
        np.testing.assert_allclose(buffers[name].reshape(expected.shape), expected, rtol=1e-6)
    np.testing.assert_array_equal(buffers["rows"], sent.rows)
    np.testing.assert_array_equal(buffers["labels"], sent.labels)
    assert bytes(buffers["sprite"]) == sent.sprite


def test_class_weights_are_sent_after_the_images() -> None:
    sent = scene(proxies=True)
    header, buffers = unpack(encode(sent))
    assert header["prototypes"]
    assert sent.prototypes is not None
    np.testing.assert_allclose(buffers["points"].reshape(9, 2)[6:], sent.prototypes, rtol=1e-6)
    assert buffers["weights"].size == 6 * 3
    header, buffers = unpack(encode(replace(sent, prototype_forces=None)))
    assert not buffers["forces"].reshape(9, 2)[6:].any(), "fixed weights have no force"


def test_equal_scenes_give_equal_messages() -> None:
    assert encode(scene()) == encode(scene())
    assert encode(scene()) != encode(scene(title="another"))


def test_words_can_be_replaced_one_by_one() -> None:
    header, _ = unpack(encode(scene(words={"pull": "zieht"})))
    assert header["words"] == {**WORDS, "pull": "zieht"}


def test_nan_and_infinity_are_sent() -> None:
    weights = np.full((6, 6), np.nan)
    _, buffers = unpack(encode(scene(weights=weights, points=np.full((6, 2), np.inf))))
    assert np.isnan(buffers["weights"]).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": np.zeros((5, 2))}, r"points has shape \(5, 2\) and should have \(6, 2\): 6 images"),
        ({"forces": np.zeros((6, 3))}, "forces has shape"),
        ({"labels": np.zeros((6, 1), int)}, "labels has shape"),
        ({"rows": np.arange(7)}, "rows has shape"),
        ({"weights": np.zeros((6, 3))}, r"weights has shape \(6, 3\).* images as the others"),
        ({"similarity": np.zeros((3, 6))}, "similarity has shape"),
        ({"trail": np.zeros((4, 5, 2))}, "trail has shape"),
        ({"prototypes": np.zeros((3, 2))}, r"weights has shape \(6, 6\).* class weights as the others"),
        ({"prototype_forces": np.zeros((3, 2))}, "no prototypes for them to act on"),
        ({"labels": np.full(6, 3)}, "labels must be 0 to 2"),
        ({"labels": np.full(6, -1)}, "labels must be 0 to 2"),
        ({"rows": np.arange(6) - 1}, "rows must not be negative"),
        ({"extent": (1, 1, 0, 1)}, "extent .* is empty"),
        ({"extent": (0, np.nan, 0, 1)}, "extent .* is empty"),
        ({"reach": np.inf}, "reach is inf"),
        ({"largest": 0.0}, "largest is 0.0 and should be above 0"),
    ],
)
def test_inconsistent_scene_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode(replace(scene(), **changes))


def test_empty_batch_is_sent() -> None:
    header, buffers = unpack(encode(scene(n=0, trail=None)))
    assert header["n"] == 0
    assert buffers["weights"].size == 0


def test_answer_with_an_anchor_of_another_batch_is_ignored() -> None:
    images, with_weights = scene(), scene(proxies=True)
    assert component.decode({"index": 2, "id": 2007, "time": 1}, images) == 2
    for answer in (
        None,
        3,
        {"index": None, "id": None, "time": 2},
        {"index": 2, "id": 1007},
        {"index": 6, "id": 6007},
        {"index": 7, "id": -2},
        {"index": -1, "id": 5007},
    ):
        assert component.decode(answer, images) is None
    assert component.decode({"index": 7, "id": -2}, with_weights) == 7, "class weight 1 comes after the six images"
    assert component.decode({"index": 9, "id": -4}, with_weights) is None
    assert component.decode({"index": 7, "id": -1}, with_weights) is None
    assert SceneState(2) == SceneState(2)


def test_every_word_is_defined_and_used() -> None:
    html = bundle_html(FOLDER / "batch.html")
    script = "".join(file.read_text() for file in FOLDER.glob("*.js"))
    used = set(re.findall(r'data-do="(\w+)"', html)) | set(re.findall(r"\bwords\.(\w+)", script))
    assert used | {"pull", "push", "none"} == set(WORDS)
    assert "innerHTML" not in script
