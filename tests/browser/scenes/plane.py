"""Two planes of one made-up loss, which sliders set."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from cl_core.components.plane import Curve, Field, Mark
from cl_core.components.plane.mount import plane

N = 101


def loss(scale: float, m: float, n: int = N, hinge: bool = False) -> dict[str, Any]:
    """Return the unified circle loss of one pair over the square, and its forces, computed by hand."""
    s_n, s_p = np.meshgrid(np.linspace(-1, 1, n), np.linspace(-1, 1, n))
    a_n, a_p = np.maximum(s_n + m, 0), np.maximum(1 + m - s_p, 0)
    gap = s_n - s_p + m if hinge else a_n * (s_n - m) - a_p * (s_p - 1 + m)
    value = np.maximum(gap, 0) if hinge else np.logaddexp(0, scale * gap)
    weight = (gap > 0).astype(float) if hinge else scale / (1 + np.exp(-np.clip(scale * gap, -700, 700)))
    by_n, by_p = (1.0, -1.0) if hinge else (a_n, -a_p)
    return {"value": value, "force_x": -weight * by_n, "force_y": -weight * by_p, "violated": gap > 0}


def violates(s_n: np.ndarray, s_p: np.ndarray, m: float, hinge: bool) -> np.ndarray:
    return s_n - s_p + m > 0 if hinge else np.hypot(np.maximum(s_n, -m), s_p - 1) > np.sqrt(2) * m


def picture(scale: float, m: float, pairs: int = 0, hinge: bool = False) -> Field:
    whole = np.sqrt(2) * m * np.stack([np.cos(a := np.linspace(0, 2 * np.pi, 181)), np.sin(a)], 1) + [0, 1]
    part = np.where((whole[:, :1] >= -m) & (whole[:, 1:] <= 1), whole, np.nan)
    generator = np.random.default_rng(5)
    points = np.clip(generator.normal([0.1, 0.55], [0.3, 0.25], (pairs, 2)), -1, 1)
    diagonal = np.array([[-1.0, -1.0], [1.0, 1.0]])
    line = np.array([[-1.0, -1 + m], [1 - m, 1.0]])
    curves = (
        [Curve(line, "boundary", f"sₚ − sₙ = {m:.2f}"), Curve(diagonal, "guide", "sₙ = sₚ")]
        if hinge
        else [
            Curve(whole, "guide", f"circle, r = {np.sqrt(2) * m:.3f}"),
            Curve(diagonal, "neutral", "sₙ = sₚ"),
            Curve(part, "boundary", "decision boundary"),
        ]
    )
    return Field(
        title="Triplet margin" if hinge else "Circle loss",
        axes=("sₙ  similarity of the negative", "sₚ  similarity of the positive"),
        **loss(scale, m, hinge=hinge),
        curves=curves,
        marks=[Mark(0, 1, "target", "target"), Mark(m, 1 - m, "corner", f"({m:g}, {1 - m:g})")],
        box=None if hinge else (-m, m, 1 - m, 1.0),
        box_label="target box",
        points=points if pairs else None,
        point_violated=violates(points[:, 0], points[:, 1], m, hinge) if pairs else None,
        alt=f"Circle loss with margin {m} and scale {scale}",
    )


def angles(scale: float, m: float) -> Field:
    theta_2, theta_1 = np.meshgrid(np.linspace(0, 180, 91), np.linspace(0, 180, 91))
    gap = np.cos(np.radians(theta_2)) - np.cos(np.radians(theta_1)) + m
    weight = scale / (1 + np.exp(-scale * gap))
    t = np.linspace(0, 180, 181)
    with np.errstate(invalid="ignore"):
        edge = np.stack([t, np.degrees(np.arccos(np.cos(np.radians(t)) + m))], 1)
    return Field(
        title="AM-softmax",
        axes=("θ₂  angle to the other class", "θ₁  angle to its own class"),
        value=np.logaddexp(0, scale * gap),
        force_x=weight * np.sin(np.radians(theta_2)) * np.pi / 180,
        force_y=-weight * np.sin(np.radians(theta_1)) * np.pi / 180,
        x_range=(0, 180),
        y_range=(0, 180),
        violated=gap > 0,
        curves=[Curve(t[:, None].repeat(2, 1), "guide", "θ₁ = θ₂"), Curve(edge, "boundary", "boundary")],
        marks=[Mark(180, 0, "target", "target")],
        unit="°",
        names=("L", "θ₂", "θ₁"),
        alt="AM-softmax over angles",
    )


def show(query: Mapping[str, str]) -> None:
    height = int(query.get("height", 520))
    columns = st.columns(4)
    scale = columns[0].select_slider("scale", [1, 4, 8, 16, 32, 64, 256, 512], int(query.get("scale", 32)))
    m = columns[1].slider("margin", 0.0, 0.5, float(query.get("m", 0.25)), 0.05)
    pairs = columns[2].select_slider("pairs", [0, 40, 400, 2000], int(query.get("pairs", 0)))
    columns[3].button("rerun")
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    group = query.get("group", "")
    left, right = st.columns(2)
    with left:
        first = plane(picture(scale, m, pairs, "hinge" in query), key="first", height=height, group=group)
    with right:
        field = angles(scale, m) if "angles" in query else picture(1, 0.25)
        second = plane(field, key="second", height=height, group=group)
    st.markdown(f"python sees {first.x}, {first.y} and {second.x}, {second.y}")
    st.markdown(f"page runs: {st.session_state['runs']}")
