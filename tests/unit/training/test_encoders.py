import pytest
import torch

from cl_core.training import encoders


@pytest.mark.parametrize(("key", "shape"), [("mlp", (28, 28)), ("mlp", (2,)), ("cnn", (28, 28)), ("cnn", (9, 64))])
@pytest.mark.parametrize("dim", [2, 3, 128])
@pytest.mark.parametrize("unit_norm", [True, False])
def test_features_and_embeddings_have_expected_shapes(key, shape, dim, unit_norm):
    net = encoders.build(key, shape, dim, unit_norm=unit_norm)
    encoders.initialise(key, net, torch.Generator().manual_seed(0))
    x = torch.rand(5, *shape)
    assert net.features(x).shape == (5, encoders.WIDTH)
    z = net(x)
    assert z.shape == (5, dim)
    assert torch.allclose(z.norm(dim=1), torch.ones(5), atol=1e-5) == unit_norm


def test_mlp_has_layers_of_256_and_a_projector_to_the_dimensions():
    net = encoders.build("mlp", (28, 28), 128, unit_norm=True)
    widths = [(layer.in_features, layer.out_features) for layer in net.modules() if isinstance(layer, torch.nn.Linear)]
    assert widths == [(784, 256), (256, 256), (256, 256), (256, 128)]


def test_unit_mlp_normalises_features_before_projector():
    """The article scales the encoder's output to unit length before the projector and before the classifier."""
    net = encoders.build("unit_mlp", (28, 28), 128, unit_norm=True)
    assert [type(layer) for layer in net.modules() if isinstance(layer, torch.nn.Linear)] == [torch.nn.Linear] * 4
    encoders.initialise("unit_mlp", net, torch.Generator().manual_seed(0))
    plain = encoders.build("mlp", (28, 28), 128, unit_norm=True)
    for source, target in zip(plain.parameters(), net.parameters(), strict=True):
        source.data = target.data
    x = torch.rand(5, 28, 28)
    raw = plain.features(x)
    unit = raw / raw.square().sum(1, keepdim=True).sqrt()
    torch.testing.assert_close(net.features(x), unit)
    z = net.projector(unit)
    torch.testing.assert_close(net(x), z / z.norm(dim=1, keepdim=True))


def test_plain_mlp_embedding_equals_features():
    net = encoders.build("plain_mlp", (28, 28), encoders.WIDTH, unit_norm=True)
    encoders.initialise("plain_mlp", net, torch.Generator().manual_seed(0))
    widths = [(layer.in_features, layer.out_features) for layer in net.modules() if isinstance(layer, torch.nn.Linear)]
    assert widths == [(784, 256), (256, 256)]
    x = torch.rand(5, 28, 28)
    torch.testing.assert_close(net(x), net.features(x))
    torch.testing.assert_close(net(x).norm(dim=1), torch.ones(5))
    with pytest.raises(ValueError, match="plain_mlp has 256 dimensions, not 128"):
        encoders.build("plain_mlp", (28, 28), 128, unit_norm=True)


def test_initialise_is_deterministic_for_a_seed():
    a, b = (encoders.build("cnn", (28, 28), 8, unit_norm=True) for _ in range(2))
    for net in (a, b):
        encoders.initialise("cnn", net, torch.Generator().manual_seed(3))
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        assert torch.equal(p, q)
