"""Envelopes: headers and buffers that are packed into a message come out again."""

import numpy as np
import pytest

from cl_core.components.envelope import NOT_FINITE, pack, quantise, unpack


@pytest.mark.parametrize("text", ["", "a", "ab", "abc", "öβ中"])  # every length of padding, and multi-byte characters
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5])
def test_envelope_round_trip(text: str, size: int) -> None:
    rng = np.random.default_rng(size)
    arrays: dict[str, np.ndarray] = {
        "a": rng.integers(0, 255, size).astype(np.uint8),
        "b": rng.integers(-32768, 32767, size).astype(np.int16),
        "c": rng.normal(size=size).astype(np.float32),
        "d": rng.integers(0, 2**32, size).astype(np.uint32),
    }
    message = pack({"text": text}, {**arrays, "e": b"bytes"})
    header, buffers = unpack(message)
    assert header["text"] == text
    assert bytes(buffers["e"]) == b"bytes"
    for name, array in arrays.items():
        np.testing.assert_array_equal(buffers[name], array)
        assert buffers[name].dtype == array.dtype
    length = int.from_bytes(message[:4], "little")
    assert length % 4 == 0, "the buffers must be aligned"


def test_envelope_refuses_types_unknown_to_the_browser() -> None:
    with pytest.raises(ValueError, match="float64"):
        pack({}, {"a": np.zeros(3)})
    with pytest.raises(ValueError, match="JSON"):
        pack({"a": float("nan")}, {})


@pytest.mark.parametrize("size", [1e-30, 1e-3, 1.0, 7.3, 1e6])
def test_quantisation_error_is_at_most_half_a_scale(size: float) -> None:
    points = size * np.random.default_rng(1).normal(size=(500, 3))
    quantised, scale = quantise(points)
    assert quantised.dtype == np.int16
    assert scale == pytest.approx(np.abs(points).max() / 32767)
    assert np.abs(quantised * scale - points).max() <= 0.5 * scale * (1 + 1e-9)


def test_quantisation_of_zeros_infinities_and_empty_arrays() -> None:
    quantised, scale = quantise(np.zeros((4, 2), np.float32))
    assert scale > 0
    assert not quantised.any()
    quantised, scale = quantise(np.array([[np.nan, 1.0], [np.inf, -2.0], [-np.inf, 0.5]], np.float32))
    assert (quantised[:, 0] == NOT_FINITE).all()
    np.testing.assert_allclose(quantised[:, 1] * scale, [1.0, -2.0, 0.5], atol=scale)
    assert quantise(np.zeros((0, 2)))[0].shape == (0, 2)
    assert (quantise(np.full((2, 2), np.nan))[0] == NOT_FINITE).all()
