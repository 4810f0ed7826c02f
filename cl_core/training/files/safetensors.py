"""The encoder of a run as a safetensors file, and a program in plain torch that loads it."""

import json
import re
from dataclasses import asdict

import torch
from safetensors.torch import save
from torch import nn
from torch.nn.utils import vector_to_parameters

from cl_core.data import datasets
from cl_core.training import encoders
from cl_core.training.config import RunSpec, parse_labels
from cl_core.training.loop import State

FILE = "encoder.safetensors"


def dumps(state: State) -> bytes:
    """Write the encoder of a run to the bytes of a safetensors file.

    Args:
        state: the run.

    Returns:
        The bytes: float32 weights by torch's parameter names. The metadata hold `step`, and `spec` as JSON.
    """
    net = _uninitialised_net(state.spec)
    size = sum(parameter.numel() for parameter in net.parameters())
    vector_to_parameters(torch.from_numpy(state.vector[:size].copy()), net.parameters())
    metadata = {"step": str(state.step), "spec": json.dumps(asdict(state.spec))}
    return save({name: weights.contiguous() for name, weights in net.state_dict().items()}, metadata)


def estimated_size(spec: RunSpec) -> int:
    """Estimate the size of the encoder's file: that of its weights, without the header.

    Args:
        spec: settings of the run.

    Returns:
        Bytes.
    """
    return 4 * sum(parameter.numel() for parameter in _uninitialised_net(spec).parameters())


def _uninitialised_net(spec: RunSpec) -> encoders.Encoder:
    with torch.device("meta"):  # skips torch's own initialisation, which would use the global random generator
        shape = datasets.load(spec.dataset).shape
        return encoders.build(spec.encoder, shape, spec.dim, unit_norm=spec.unit_norm).to_empty(device="cpu")


_PROGRAM = '''"""Rebuild a trained encoder, load its weights, and embed one {thing}.{training}"""

{imports}


{classes}net = nn.Sequential()
net.body = {body}
net.projector = {projector}
net.load_state_dict(load_file("{file}"))

{example}
with torch.inference_mode():
    z = {embedding}
print(*z[0].tolist())
'''
_UNIT_CLASS = """class Unit(nn.Module):
    def forward(self, x):
        return nn.functional.normalize(x)


"""


def loading_program(spec: RunSpec) -> str:
    """Write the program that loads the encoder of a run.

    Args:
        spec: settings of the run.

    Returns:
        Source of a Python program that rebuilds the encoder, loads its weights from `FILE`, embeds one image (or point)
        and prints the embedding. It needs torch and safetensors; for images also numpy and pillow.
    """
    data, net = datasets.load(spec.dataset), _uninitialised_net(spec)
    imports = ["import torch", "from safetensors.torch import load_file", "from torch import nn"]
    if data.is_image:
        height, width = data.shape
        imports = ["import numpy as np", "import torch", "from PIL import Image", *imports[1:]]
        example = (
            f'picture = Image.open("image.png").convert("L").resize(({width}, {height}))  # as in the data set: '
            f"light on dark\nx = torch.from_numpy(np.array(picture)).float()[None] / 255  # (1, {height}, {width})"
        )
    else:
        example = "x = torch.tensor([[0.25, -0.5]])  # (1, 2), a point of the plane"
    per_class = spec.images_per_class
    thing = "image" if data.is_image else "point"
    training = []
    if spec.training_images:
        training.append(f"It was trained on {spec.training_images:,} of the {len(data.x_train):,} training {thing}s.")
    if spec.classes_left_out:
        names = ", ".join(data.class_names[label] for label in parse_labels(spec.classes_left_out))
        training.append(f"No training {thing} was of the classes {names}.")
    if spec.wrong_labels:
        training.append(f"{spec.wrong_labels:.0%} of the training labels were wrong on purpose.")
    if per_class:
        training.append(
            f"It was trained on batches drawn by class: {spec.batch // per_class} classes, {per_class} images of each."
        )
    body, projector = _constructor_call(net.body), _constructor_call(net.projector)
    return _PROGRAM.format(
        thing=thing,
        training="\n\n" + "\n".join(training) + "\n" if training else "",
        imports="\n".join(imports),
        classes=_UNIT_CLASS if "Unit()" in body else "",
        body=body,
        projector=projector,
        file=FILE,
        example=example,
        embedding="nn.functional.normalize(net(x))" if spec.unit_norm else "net(x)",
    )


def _constructor_call(module: nn.Module) -> str:
    """Return source that constructs a module: torch's `repr` of a layer, without argument names and defaults."""
    if isinstance(module, nn.Sequential):
        return f"nn.Sequential({', '.join(_constructor_call(layer) for layer in module)})"
    if not type(module).__module__.startswith("torch."):
        return f"{type(module).__name__.strip('_')}()"
    return "nn." + re.sub(r"(in|out)_features=|, bias=True|start_dim=1, end_dim=-1", "", repr(module))
