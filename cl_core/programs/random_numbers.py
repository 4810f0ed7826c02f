"""The random numbers of a run as a browser draws them: those of `components/trainer/random.js`, with the same bits.

PyTorch's generator gives the same whole numbers on every machine, but makes weights and normal numbers of them by
instructions that differ between processors. Here they are made as in the browser.
"""

from __future__ import annotations

from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator

from cl_core.programs.host import Running
from cl_core.programs.initial_weights import Draw, initial_weights
from cl_core.training import RunSpec, rng


def first_vector(spec: RunSpec, normal: Running | None) -> NDArray[np.float32]:
    """Return the vector of the first state of a run: weights, and moments of 0.

    Args:
        spec: the run.
        normal: `normal_program`, for a loss with class weights.

    Returns:
        (V,) float32, in the layout of `State.vector`.
    """
    weights = initial_weights(spec)
    generator = rng.generator(spec.seed, rng.WEIGHTS)
    vector = np.zeros(weights.size, np.float32)
    for draw in weights.draws:
        vector[draw.start : draw.start + draw.count] = _drawn(draw, generator, normal)
    return vector


def _drawn(draw: Draw, generator: Generator, normal: Running | None) -> NDArray[np.float32]:
    if draw.kind == "zeros":
        return np.zeros(draw.count, np.float32)
    if draw.kind == "normal":
        if normal is None:
            raise ValueError("normal weights need the program for normal random numbers")
        return normals(generator, draw.count, draw.scale, normal)
    # exact in float64, so rounded once
    width = 2 * float(np.float32(draw.scale))
    return (width * (uniforms(generator, draw.count).astype(np.float64) - 0.5)).astype(np.float32)


def uniforms(generator: Generator, count: int) -> NDArray[np.float32]:
    """Return uniform numbers (count,) from 0 to 1, as `torch.rand` does: multiples of 2^-24."""
    drawn: NDArray[np.float32] = torch.rand(count, generator=generator).numpy()
    return drawn


def normals(generator: Generator, count: int, std: float, program: Running) -> NDArray[np.float32]:
    """Return normal numbers of mean 0, as `torch.randn` does up to the last bits.

    Args:
        generator: source of uniform numbers.
        count: how many.
        std: their standard deviation.
        program: `normal_program`.

    Returns:
        (count,) float32.
    """
    size = program.input("uniforms").shape[1]
    if count < size:  # PyTorch makes so few of them one by one, in float64
        pairs = torch.zeros(program.input("pairs").shape, dtype=torch.float64)
        pairs.view(-1)[: count + count % 2] = torch.rand(count + count % 2, dtype=torch.float64, generator=generator)
        few: NDArray[np.float64] = program(pairs=pairs.numpy())["few"].ravel()[:count]
        return (few * std).astype(np.float32)
    drawn = uniforms(generator, count)
    found = _transformed(drawn[: count - count % size], program)
    if count % size:  # PyTorch draws the last block anew
        found = np.concatenate([found[: count - size], _transformed(uniforms(generator, size), program)])
    return found * np.float32(std)


def _transformed(drawn: NDArray[np.float32], program: Running) -> NDArray[np.float32]:
    """Return the normal numbers of whole blocks of uniform ones."""
    shape = program.input("uniforms").shape
    parts = np.pad(drawn, (0, -len(drawn) % prod(shape))).reshape(-1, *shape)
    return np.concatenate([program(uniforms=part)["normals"].ravel() for part in parts])[: len(drawn)]
