import pytest
import torch

from cl_core import encoder


@pytest.mark.parametrize(("key", "shape"), [("mlp", (28, 28)), ("mlp", (2,)), ("cnn", (28, 28)), ("cnn", (9, 64))])
@pytest.mark.parametrize("dim", [2, 3, 128])
@pytest.mark.parametrize("unit_norm", [True, False])
def test_shapes(key, shape, dim, unit_norm):
    net = encoder.build(key, shape, dim, unit_norm=unit_norm)
    encoder.initialise(net, torch.Generator().manual_seed(0))
    x = torch.rand(5, *shape)
    assert net.features(x).shape == (5, encoder.WIDTH)
    z = net(x)
    assert z.shape == (5, dim)
    assert torch.allclose(z.norm(dim=1), torch.ones(5), atol=1e-5) == unit_norm


def test_the_mlp_is_the_articles():
    net = encoder.build("mlp", (28, 28), 128, unit_norm=True)
    widths = [(layer.in_features, layer.out_features) for layer in net.modules() if isinstance(layer, torch.nn.Linear)]
    assert widths == [(784, 256), (256, 256), (256, 256), (256, 128)]


def test_the_same_dice_give_the_same_weights():
    a, b = (encoder.build("cnn", (28, 28), 8, unit_norm=True) for _ in range(2))
    for net in (a, b):
        encoder.initialise(net, torch.Generator().manual_seed(3))
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        assert torch.equal(p, q)
