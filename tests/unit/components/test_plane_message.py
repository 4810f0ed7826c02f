"""Messages to a plane: round trips, equal messages of equal fields, and refused fields."""

import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cl_core.components import plane as component
from cl_core.components.bundle import bundle_html
from cl_core.components.envelope import NOT_FINITE, unpack
from cl_core.components.live import Live
from cl_core.components.plane import CURVE_ROLES, MARK_ROLES, WORDS, Curve, Field, Mark, PlaneState, encode

FOLDER = Path(component.__file__).parent
SHAPE = (5, 7)


def field(**changes: Any) -> Field:
    rng = np.random.default_rng(0)
    default = Field(
        title="Circle loss",
        axes=("sₙ", "sₚ"),
        value=rng.exponential(size=SHAPE),
        force_x=rng.normal(size=SHAPE),
        force_y=rng.normal(size=SHAPE),
        violated=rng.random(SHAPE) > 0.5,
        curves=[
            Curve(np.array([[0.0, 1.0], [np.nan, np.nan], [0.5, 0.25]]), "boundary", "<b>boundary</b>"),
            Curve(np.zeros((0, 2)), "guide"),
            Curve(rng.normal(size=(4, 2)).astype(np.float32), "neutral", "对角线"),
        ],
        marks=[Mark(0, 1, "target", "target"), Mark(float(np.float32(0.25)), 0.75, "corner")],
        box=(-0.25, 0.25, 0.75, 1.0),
        box_label="target box",
        points=np.array([[0.1, 0.2], [-1.0, 1.0], [np.nan, 0.0]]),
        point_violated=np.array([True, False, True]),
        alt="alternative text",
    )
    return replace(default, **changes)


def test_message_round_trip():
    sent = field()
    header, buffers = unpack(encode(sent, height=400, group="pair"))
    assert (header["title"], header["alt"], header["height"], header["group"]) == (
        "Circle loss",
        "alternative text",
        400,
        "pair",
    )
    assert header["shape"] == list(SHAPE)
    assert header["span"] == [-1, 1, -1, 1]
    for name in ("value", "force_x", "force_y"):
        np.testing.assert_array_equal(buffers[name].reshape(SHAPE), getattr(sent, name).astype(np.float32))
    np.testing.assert_array_equal(buffers["violated"].reshape(SHAPE), sent.violated)
    curves = np.split(buffers["curves"].reshape(-1, 2), np.cumsum([c["count"] for c in header["curves"]])[:-1])
    for points, curve, description in zip(curves, sent.curves, header["curves"], strict=True):
        np.testing.assert_array_equal(points, curve.points.astype(np.float32))
        assert (description["role"], description["label"]) == (curve.role, curve.label)
    assert header["marks"][1] == {"x": 0.25, "y": 0.75, "role": "corner", "label": "", "name": ""}
    points = buffers["points"].reshape(-1, 2)
    np.testing.assert_allclose(points[:2] * header["scale"], sent.points[:2], atol=header["scale"])
    assert points[2, 0] == NOT_FINITE
    np.testing.assert_array_equal(buffers["point_violated"], sent.point_violated)


def test_optional_parts_are_not_sent_when_missing():
    bare = Field("L", ("x", "y"), *(np.zeros((2, 2)),) * 3, x_range=(0, 180), y_range=(0, 90), unit="°")
    header, buffers = unpack(encode(bare))
    assert header["span"] == [0, 180, 0, 90]
    assert (header["box"], header["kept"], header["curves"], header["unit"]) == (None, None, [], "°")
    assert set(buffers) == {"value", "force_x", "force_y", "curves", "points"}
    assert buffers["points"].size == buffers["curves"].size == 0


def test_program_that_follows_sliders_is_sent():
    live = Live("/engine.wasm?1", b"CLLP program", {"margin": "margin_2"}, {"margin": np.float64(0.25), "scale": 32})
    curve = Curve(np.zeros((2, 2)), "guide", "circle, r = 0.354", "ellipse", "circle")
    header, buffers = unpack(encode(field(live=live, curves=[curve])))
    assert header["live"] == {
        "engine": "/engine.wasm?1", "sliders": {"margin": "margin_2"}, "values": {"margin": 0.25, "scale": 32.0}
    }  # fmt: skip
    assert buffers["program"].tobytes() == b"CLLP program"
    assert (header["curves"][0]["name"], header["curves"][0]["moving"]) == ("ellipse", "circle")
    header, buffers = unpack(encode(field()))
    assert header["live"] is None
    assert "program" not in buffers


def test_equal_fields_give_equal_messages():
    assert encode(field()) == encode(field())
    assert encode(field()) != encode(field(title="another"))


def test_pinned_place_is_sent_when_mounted_again():
    assert unpack(encode(field(), kept=PlaneState(0.25, -0.5)))[0]["kept"] == {"x": 0.25, "y": -0.5}
    assert unpack(encode(field(), kept=PlaneState()))[0]["kept"] is None


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ({"x": 0.5, "y": -1}, PlaneState(0.5, -1.0)),
        (None, PlaneState()),
        ({"x": 0.5}, PlaneState()),
        ({"x": "0.5", "y": 1.0}, PlaneState()),
        (3, PlaneState()),
    ],
)
def test_decode_returns_the_pinned_place(answer, state):
    assert component.decode(answer) == state


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": np.zeros(5)}, "value must be a grid"),
        ({"value": np.zeros((1, 7))}, "at least 2 by 2"),
        ({"force_x": np.zeros((7, 5))}, r"force_x is \(7, 5\), but the grid of value is \(5, 7\)"),
        ({"force_y": np.zeros(35)}, "force_y is"),
        ({"violated": np.zeros((5, 6), bool)}, "violated is"),
        ({"x_range": (1.0, 1.0)}, "x_range must go from low to high"),
        ({"y_range": (0.0, float("nan"))}, "y_range must go from low to high"),
        ({"curves": [Curve(np.zeros((2, 3)))]}, r"a curve has points \(k, 2\), not \(2, 3\)"),
        ({"curves": [Curve(np.zeros((2, 2)), "thick")]}, "one of boundary, guide, neutral, weight, not 'thick'"),
        ({"marks": [Mark(0, 0, "star")]}, "a mark is one of target, centre, corner, not 'star'"),
        ({"points": np.zeros((3, 3))}, r"points must be \(n, 2\), not \(3, 3\)"),
        ({"point_violated": np.zeros(2, bool)}, r"point_violated is \(2,\), but points is \(3, 2\)"),
        ({"points": None}, "but points is None"),
    ],
)
def test_inconsistent_field_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        encode(field(**changes))


def test_encoding_takes_less_than_three_milliseconds():
    grid = np.random.default_rng(1).normal(size=(101, 101))
    large = field(value=grid, force_x=grid, force_y=grid, violated=grid > 0)
    seconds = []
    for _ in range(20):
        start = time.perf_counter()
        encode(large)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.003


def test_every_used_word_is_defined():
    html, code = bundle_html(FOLDER / "plane.html"), "".join(file.read_text() for file in FOLDER.glob("*.js"))
    assert set(re.findall(r'data-do="(\w+)"', html)) <= set(WORDS)
    assert set(re.findall(r"words\.(\w+)", code)) <= set(WORDS)
    assert "innerHTML" not in code


def test_every_role_is_drawn():
    code = "".join(file.read_text() for file in FOLDER.glob("*.js"))
    for role in (*CURVE_ROLES[:2], *MARK_ROLES[:2]):  # the last of each is drawn by default
        assert f'"{role}"' in code
