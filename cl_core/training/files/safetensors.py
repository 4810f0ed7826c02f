"""A run's encoder as a safetensors file, and the program of plain torch that loads it."""

import json
import re
from dataclasses import asdict

import torch
from safetensors.torch import save
from torch import nn
from torch.nn.utils import vector_to_parameters

from cl_core.data import datasets
from cl_core.training import encoders
from cl_core.training.config import RunSpec
from cl_core.training.loop import State

FILE = "encoder.safetensors"


def dumps(state: State) -> bytes:
    """A safetensors file with the encoder's weights by name; its metadata hold the step and the spec as JSON."""
    net = _net(state.spec)
    size = sum(parameter.numel() for parameter in net.parameters())
    vector_to_parameters(torch.from_numpy(state.vector[:size].copy()), net.parameters())
    about = {"step": str(state.step), "spec": json.dumps(asdict(state.spec))}
    return save({name: weights.contiguous() for name, weights in net.state_dict().items()}, about)


def estimated_size(spec: RunSpec) -> int:
    """About how many bytes the file of a run's encoder has."""
    return 4 * sum(parameter.numel() for parameter in _net(spec).parameters())


def _net(spec: RunSpec) -> encoders.Encoder:
    with torch.device("meta"):  # where torch throws no dice for weights that are replaced anyway
        shape = datasets.load(spec.dataset).shape
        return encoders.build(spec.encoder, shape, spec.dim, unit_norm=spec.unit_norm).to_empty(device="cpu")


_PROGRAM = '''"""Rebuild a trained encoder, load its weights, and embed one {thing}."""

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
_UNIT = """class Unit(nn.Module):
    def forward(self, x):
        return nn.functional.normalize(x)


"""


def loading_program(spec: RunSpec) -> str:
    """The program that rebuilds the encoder of a run's `FILE`, embeds an image (or a point) and prints the embedding.

    It needs torch and safetensors; for images also numpy and pillow.
    """
    data, net = datasets.load(spec.dataset), _net(spec)
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
    body, projector = _written(net.body), _written(net.projector)
    return _PROGRAM.format(
        thing="image" if data.is_image else "point",
        imports="\n".join(imports),
        classes=_UNIT if "Unit()" in body else "",
        body=body,
        projector=projector,
        file=FILE,
        example=example,
        embedding="nn.functional.normalize(net(x))" if spec.unit_norm else "net(x)",
    )


def _written(module: nn.Module) -> str:
    """The call that makes a module: torch shows its layers as they are called, but for what goes without saying."""
    if isinstance(module, nn.Sequential):
        return f"nn.Sequential({', '.join(_written(part) for part in module)})"
    if not type(module).__module__.startswith("torch."):
        return f"{type(module).__name__.strip('_')}()"
    return "nn." + re.sub(r"(in|out)_features=|, bias=True|start_dim=1, end_dim=-1", "", repr(module))
