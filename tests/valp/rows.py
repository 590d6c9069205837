"""Rows and noise with which tests run and train a graph, and a test of its gradients."""

import pytest
import torch

from valp.parts.losses import LOSSES


def rows_of(graph, count, seed=0, dtype=torch.float32):
    """Rows for every input of a graph, and the truths that the losses of each output need."""
    generator = torch.Generator().manual_seed(seed)
    inputs = {i.name: torch.randn(count, i.unit.size, generator=generator, dtype=dtype) for i in graph.inputs}
    truths = {}
    for output in graph.outputs:
        kinds = {LOSSES[loss.kind].truth for loss in graph.losses if loss.truth == output.name}
        size = (count, output.unit.size)
        if "classes" in kinds:
            truths[output.name] = torch.randint(output.unit.size, (count,), generator=generator)
        elif "labels" in kinds:
            truths[output.name] = torch.randint(2, size, generator=generator).to(dtype)
        else:
            truths[output.name] = torch.rand(size, generator=generator, dtype=dtype)
    return inputs, truths


def noise_of(module, count, seed=0, dtype=torch.float32):
    """Noise for every latent connection of a module."""
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(count, k, generator=generator, dtype=dtype) for name, k in module.plan.noise.items()}


def assert_gradients_are_right(module, inputs, truths, critics=None):
    """Derivatives of the total along a random direction in each parameter, against central differences."""
    noise = noise_of(module, len(next(iter(inputs.values()))), dtype=torch.float64)
    generator = torch.Generator().manual_seed(3)

    def total():
        return module.losses(inputs, truths, noise, critics=critics)[0]

    with torch.no_grad():  # biases start at 0, which may hide a difference
        for parameter in module.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    gradients = torch.autograd.grad(total(), list(module.parameters()))
    step = 1e-6
    for (name, parameter), gradient in zip(module.named_parameters(), gradients, strict=True):
        direction = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        values = []
        with torch.no_grad():
            for sign in (1, -2):
                parameter += sign * step * direction
                values.append(total().item())
            parameter += step * direction
        difference, derivative = (values[0] - values[1]) / (2 * step), (gradient * direction).sum().item()
        assert difference == pytest.approx(derivative, rel=1e-5, abs=1e-8), name
