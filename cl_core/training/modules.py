"""The network and the loss of a run as PyTorch modules, and the initialisation of their weights."""

import torch
from torch import Generator, nn

from cl_core import losses
from cl_core.data import datasets
from cl_core.losses.loss_module import LossModule
from cl_core.training import encoders
from cl_core.training.config import RunSpec


def build(spec: RunSpec) -> tuple[encoders.Encoder, LossModule]:
    """Build the network and the loss of a run, without numbers.

    Args:
        spec: settings of the run.

    Returns:
        The two modules, on torch's meta device. It skips torch's own initialisation, which would use the global random
        generator.
    """
    data = datasets.load(spec.dataset)
    sizes = {"num_classes": data.n_classes, "embedding_dim": spec.dim} if losses.LOSSES[spec.loss].classes else {}
    with torch.device("meta"):
        net = encoders.build(spec.encoder, data.shape, spec.dim, unit_norm=spec.unit_norm)
        return net, losses.module(spec.loss, **sizes, **spec.theta)


def initialise(spec: RunSpec, net: nn.Module, loss: LossModule, generator: Generator) -> None:
    """Initialise the weights of a run's network and loss in place.

    Args:
        spec: settings of the run.
        net: the network of `build`.
        loss: the loss of `build`.
        generator: source of the random numbers.
    """
    with torch.no_grad():
        encoders.initialise(spec.encoder, net, generator)
        loss.reset_parameters(generator)
        if encoders.ENCODERS[spec.encoder].keras_weights and loss.weight is not None:
            nn.init.xavier_uniform_(loss.weight, generator=generator)  # Keras treats every layer alike
