import numpy as np
import pytest
from sklearn.decomposition import PCA

from cl_core.analysis.projection import MAX_TURN, IdentityView, PcaView, fit_views


def random_points(seed: int, n: int = 300, dim: int = 12, scales: tuple[float, ...] = (4, 3, 2)) -> np.ndarray:
    """Return n points with the given standard deviations along the first axes and 0.3 along the others."""
    widths = np.full(dim, 0.3)
    widths[: len(scales)] = scales
    return (np.random.default_rng(seed).standard_normal((n, dim)) * widths).astype(np.float32)


def largest_angle(a: np.ndarray, b: np.ndarray) -> float:
    """Return the largest principal angle between the spans of orthonormal columns, in radians."""
    return float(np.arccos(np.clip(np.linalg.svd(a.T @ b)[1].min(), -1, 1)))


@pytest.mark.parametrize("k", [2, 3])
def test_first_view_equals_pca_of_scikit_learn_up_to_signs(k):
    z = random_points(0)
    view, pca = PcaView.fit(z, k), PCA(k).fit(z)
    np.testing.assert_allclose(np.abs(view.project(z)), np.abs(pca.transform(z)), atol=1e-4)
    # scikit-learn divides by n - 1 in both parts of the share, so the shares agree
    np.testing.assert_allclose(view.shares, pca.explained_variance_ratio_, rtol=1e-5)
    assert view.best_share == pytest.approx(sum(view.shares))


def test_equal_data_give_equal_axes():
    z = random_points(1)
    np.testing.assert_array_equal(PcaView.fit(z, 2).axes, PcaView.fit(z.copy(), 2).axes)


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_axes_keep_their_signs_on_other_data(k, seed):
    before = PcaView.fit(random_points(seed), k)
    # other points of the same distribution, whose components have arbitrary signs
    after = PcaView.fit(random_points(seed + 100), k, before)
    assert (np.einsum("dk,dk->k", before.axes, after.axes) > 0.9).all()


def test_axes_of_equal_variance_do_not_swap():
    before = PcaView.fit(random_points(0, scales=(3.001, 3.0)), 2)
    after = PcaView.fit(random_points(7, scales=(3.0, 3.001)), 2, before)
    assert np.abs(before.axes - after.axes).max() < 0.15
    assert sum(after.shares) == pytest.approx(after.best_share, abs=1e-6)


@pytest.mark.parametrize("k", [2, 3])
def test_view_turns_by_at_most_max_turn_a_frame_and_arrives(k):
    rng = np.random.default_rng(3)
    rotation = np.linalg.qr(rng.standard_normal((12, 12)))[0].astype(np.float32)
    old, new = random_points(0), random_points(0) @ rotation
    view, target = PcaView.fit(old, k), PcaView.fit(new, k)
    assert largest_angle(view.axes, target.axes) > MAX_TURN  # otherwise one turn would do
    steps = 0
    while largest_angle(view.axes, target.axes) > 1e-3:
        step = PcaView.fit(new, k, view)
        assert largest_angle(view.axes, step.axes) <= MAX_TURN + 1e-3
        np.testing.assert_allclose(step.axes.T @ step.axes, np.eye(k), atol=1e-5)
        assert sum(step.shares) <= step.best_share + 1e-6
        view, steps = step, steps + 1
        assert steps <= 4  # a right angle is three turns of 30 degrees
    assert sum(view.shares) == pytest.approx(view.best_share, abs=1e-4)


def test_shares_equal_the_variance_of_projected_points():
    z = random_points(5)
    view = PcaView.fit(z, 2, PcaView.fit(random_points(6, scales=(1, 1, 4)), 2))
    projected = view.project(z)
    np.testing.assert_allclose(view.shares, projected.var(axis=0) / z.var(axis=0).sum(), rtol=1e-4)


def test_collapsed_embedding_is_projected_to_one_point():
    z = np.ones((50, 8), np.float32)
    view = PcaView.fit(z, 2)
    assert np.isfinite(view.shares).all()
    np.testing.assert_allclose(view.project(z), 0, atol=1e-5)


def test_embedding_of_two_or_three_dimensions_is_not_projected():
    z = random_points(0, dim=2, scales=(2, 1))
    view = fit_views(z)[2]
    assert isinstance(view, IdentityView)
    np.testing.assert_array_equal(view.project(z), z)
    assert sum(view.shares) == pytest.approx(1)
    assert set(fit_views(z)) == {2}
    assert set(fit_views(random_points(0, dim=3))) == {2, 3}
    assert isinstance(fit_views(random_points(0, dim=3))[3], IdentityView)
    assert view.names == ("z1", "z2")


def test_invalid_embeddings_raise_readable_errors():
    with pytest.raises(ValueError, match="1 dimensions cannot be drawn in 2"):
        PcaView.fit(np.ones((5, 1), np.float32), 2)
    with pytest.raises(ValueError, match="NaN"):
        PcaView.fit(np.full((5, 4), np.nan, np.float32), 2)
