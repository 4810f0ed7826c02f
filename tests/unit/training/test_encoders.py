import math

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


ARTICLE_KEYS = ("article", "plain_article")


def article_by_loops(layers, x, projects):
    """The net of the article's program, number by number.

    Args:
        layers: weights (outputs, inputs) and biases (outputs,) of each dense layer, as lists.
        x: one flat image, as a list.
        projects: whether the projector follows.
    """

    def dense(weight, bias, row):
        products = [sum(w * value for w, value in zip(line, row, strict=True)) for line in weight]
        sums = [product + b for product, b in zip(products, bias, strict=True)]
        return [value if value > 0 else 0.3 * value for value in sums]

    def unit(row):
        length = math.sqrt(sum(value * value for value in row))
        return [value / length for value in row]

    for weight, bias in layers[:2]:
        x = dense(weight, bias, x)
    features = x = unit(x)
    for weight, bias in layers[2:]:
        x = dense(weight, bias, x)
    return features, unit(x) if projects else features


@pytest.mark.parametrize("key", ARTICLE_KEYS)
def test_article_net_equals_plain_loops(key):
    net = encoders.build(key, (2, 3), encoders.WIDTH, unit_norm=True).double()
    encoders.initialise(key, net, torch.Generator().manual_seed(0))
    dense = [layer for layer in net.modules() if isinstance(layer, torch.nn.Linear)]
    assert [layer.out_features for layer in dense] == [256] * (4 if key == "article" else 2)
    generator = torch.Generator().manual_seed(1)
    for layer in dense:  # biases other than zero, so that a lost one shows
        layer.bias.data = torch.randn(layer.bias.shape, generator=generator).double()
    x = torch.randn(2, 2, 3, generator=generator).double()
    layers = [(layer.weight.tolist(), layer.bias.tolist()) for layer in dense]
    expected = [article_by_loops(layers, row.flatten().tolist(), key == "article") for row in x]
    features, embeddings = (torch.tensor(rows, dtype=torch.float64) for rows in zip(*expected, strict=True))
    torch.testing.assert_close(net.features(x), features, atol=1e-9, rtol=0)
    torch.testing.assert_close(net(x), embeddings, atol=1e-9, rtol=0)
    assert embeddings.min() < 0  # the last activation is leaky: nothing is cut off at zero
    with pytest.raises(ValueError, match=f"the encoder {key} has 256 dimensions, not 128"):
        encoders.build(key, (2, 3), 128, unit_norm=True)


@pytest.mark.parametrize("key", encoders.ENCODERS)
def test_initial_weights_are_those_of_keras_or_torch(key):
    """Glorot: uniform within sqrt(6 / (inputs + outputs)) and no bias. Torch: both uniform within sqrt(1 / inputs)."""
    net = encoders.build(key, (28, 28), encoders.WIDTH, unit_norm=True)
    encoders.initialise(key, net, torch.Generator().manual_seed(0))
    for layer in net.modules():
        if not isinstance(layer, torch.nn.Linear | torch.nn.Conv2d):
            continue
        n_in = layer.weight[0].numel()
        keras = key in ARTICLE_KEYS
        bound = math.sqrt(6 / (n_in + len(layer.weight))) if keras else math.sqrt(1 / n_in)
        largest = layer.weight.abs().max().item()
        assert 0.9 * bound < largest <= bound
        assert layer.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.1)  # of a uniform distribution
        assert layer.weight.mean().item() == pytest.approx(0, abs=0.1 * bound)
        assert bool(layer.bias.any()) != keras


def test_help_of_an_encoder_claims_the_article_only_where_it_is_its_net():
    claims = {key for key, entry in encoders.ENCODERS.items() if "article" in (entry.title + entry.help).lower()}
    assert claims == set(ARTICLE_KEYS)


def test_initialise_is_deterministic_for_a_seed():
    a, b = (encoders.build("cnn", (28, 28), 8, unit_norm=True) for _ in range(2))
    for net in (a, b):
        encoders.initialise("cnn", net, torch.Generator().manual_seed(3))
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        assert torch.equal(p, q)
