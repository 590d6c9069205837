"""The critic: a small network that learns with a VALP to tell its samples from the data (Garciarena et al., VI-C)."""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from valp.compile.module import VALPModule
from valp.compile.torch_layers import INITIALIZER_FUNCTIONS, undisturbed
from valp.parts.losses import LOSSES
from valp.parts.losses.loss_kind import weighted_mean

WIDTH = 128
LEARNING_RATE = 5e-4
BETAS = (0.5, 0.999)
SLOPE = 0.2


class Critic:
    """Judges samples, and is trained on each batch that it judges.

    A call takes predicted samples (batch, size), the data (batch, size) and optional weights as in a `LossKind`. It
    first takes a step of Adam on mean softplus(−c(data)) + softplus(c(samples)), then returns the logits c(samples),
    (batch,), through which gradients reach the samples. The critic is not part of the model and is not saved. The
    settings are those of Radford et al. 2016, arXiv:1511.06434.

    Args:
        size: the size of a sample.
        seed: the seed of the initial weights.
        device: the device of its weights.
    """

    def __init__(self, size: int, seed: int, device: torch.device | str = "cpu") -> None:
        generator = torch.Generator().manual_seed(seed)
        layers: list[nn.Module] = []
        for inputs, outputs in ((size, WIDTH), (WIDTH, WIDTH), (WIDTH, 1)):
            layers += [undisturbed(partial(nn.Linear, inputs, outputs)), nn.LeakyReLU(SLOPE)]
        self.network = nn.Sequential(*layers[:-1])
        with torch.no_grad():
            for parameter in self.network.parameters():
                INITIALIZER_FUNCTIONS["xavier"](parameter, generator) if parameter.ndim > 1 else parameter.zero_()
        self.network.to(device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=LEARNING_RATE, betas=BETAS)

    def __call__(self, samples: Tensor, data: Tensor, weights: Tensor | None = None) -> Tensor:
        """See the class."""
        if torch.is_grad_enabled():
            self._learn(samples.detach(), data, weights)
        logits: Tensor = self.network(samples)[:, 0]
        return logits

    def _learn(self, samples: Tensor, data: Tensor, weights: Tensor | None) -> None:
        each = F.softplus(-self.network(data)[:, 0]) + F.softplus(self.network(samples)[:, 0])
        loss = weighted_mean(each, weights)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.optimizer.step()


def critics_of(module: VALPModule, seed: int) -> dict[str, Critic]:
    """A critic for each adversarial term of a model's loss, by the name of the term."""
    device = next(module.parameters()).device
    sizes = {term.name: term.size for term in module.plan.losses if LOSSES[term.kind].critic}
    return {name: Critic(size, seed + i, device) for i, (name, size) in enumerate(sizes.items())}
