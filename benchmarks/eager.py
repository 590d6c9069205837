"""A VALP of the paper's space, written by hand in PyTorch: the baseline for the speed of the executors.

It has an `nn.Sequential` for each network, which reads its selected and concatenated sources, a torch loss function
for each output, and fused Adam. It has no plan, masks or weights of rows.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from valp.graph.graph import Connection, DataType, Dense, Graph, Role

ACTIVATIONS = {
    "relu": nn.ReLU,
    "elu": nn.ELU,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
}


class Eager(nn.Module):
    """A graph of Generic MLPs, Discretizers and Decoders whose sources are concatenated."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph
        self.sizes = {part.name: part.unit.size for part in graph.inputs}
        self.sizes |= {network.name: network.output.size for network in graph.networks}
        self.selected = {
            c: torch.tensor(c.indices) for c in graph.connections if c.indices is not None and c.role is not Role.LATENT
        }
        self.latent = {
            c: torch.tensor(c.indices if c.indices is not None else range(self.sizes[c.source]))
            for c in graph.connections
            if c.role is Role.LATENT
        }
        self.order = in_order(graph)
        self.networks = nn.ModuleDict()
        for network in graph.networks:
            size = sum(self.arriving(c) for c in graph.incoming(network.name))
            layers: list[nn.Module] = []
            for layer in network.layers:
                assert isinstance(layer, Dense)
                layers.append(nn.Linear(size, layer.units))
                if layer.activation != "identity":
                    layers.append(ACTIVATIONS[layer.activation]())
                size = layer.units
            self.networks[network.name] = nn.Sequential(*layers, nn.Linear(size, network.output.size))
        self.discrete = {n.name for n in graph.networks if n.output.type is DataType.DISCRETE}

    def arriving(self, connection: Connection) -> int:
        """The number of variables that a connection transports."""
        size = self.sizes[connection.source] if connection.indices is None else len(connection.indices)
        return size // 2 if connection.role is Role.LATENT else size

    def loss(self, inputs: Mapping[str, Tensor], truths: Mapping[str, Tensor]) -> Tensor:
        """The loss Σ β_j·L_j of a batch."""
        values, logits = dict(inputs), dict[str, Tensor]()
        divergence: dict[str, list[Tensor]] = {}
        for name in self.order:
            arrivals = []
            for connection in self.graph.incoming(name):
                unit = values[connection.source]
                if connection.role is Role.LATENT:
                    mean, log_variance = unit[:, self.latent[connection]].chunk(2, 1)
                    arrivals.append(mean + (log_variance / 2).exp() * torch.randn_like(mean))
                    kl = (mean * mean + log_variance.exp() - log_variance - 1).sum(1).mean() / 2
                    divergence.setdefault(connection.source, []).append(kl)
                else:
                    arrivals.append(unit[:, self.selected[connection]] if connection in self.selected else unit)
            out = self.networks[name](torch.cat(arrivals, 1) if len(arrivals) > 1 else arrivals[0])
            if name in self.discrete:
                logits[name] = out
                out = out.softmax(1)
            values[name] = out
        total = torch.zeros(())
        for loss in self.graph.losses:
            if loss.kind == "kl":
                total = total + loss.beta * sum(divergence[loss.prediction]) / 784
                continue
            arriving = []
            for c in self.graph.incoming(loss.prediction):
                unit = logits.get(c.source, values[c.source])
                arriving.append(unit[:, self.selected[c]] if c in self.selected else unit)
            prediction = sum(arriving[1:], arriving[0])
            judged = F.cross_entropy if loss.kind == "cross_entropy" else F.mse_loss
            total = total + loss.beta * judged(prediction, truths[loss.truth or loss.prediction])
        return total

    def train_steps(self, inputs: Mapping[str, Tensor], truths: Mapping[str, Tensor], steps: int, batch: int) -> None:
        """Trains by Adam for a number of steps on random batches."""
        optimizer = torch.optim.Adam(self.parameters(), fused=True)
        rows = len(next(iter(truths.values())))
        for _ in range(steps):
            chosen = torch.randint(rows, (batch,))
            loss = self.loss({k: v[chosen] for k, v in inputs.items()}, {k: v[chosen] for k, v in truths.items()})
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call] # torch's
            optimizer.step()


def in_order(graph: Graph) -> list[str]:
    """The names of the networks in topological order."""
    done = {part.name for part in graph.inputs}
    order: list[str] = []
    while len(order) < len(graph.networks):
        for network in graph.networks:
            sources = {c.source for c in graph.incoming(network.name)}
            if network.name not in done and sources <= done:
                done.add(network.name)
                order.append(network.name)
    return order
