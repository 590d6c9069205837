"""A draft's networks and connections as a graph, with its losses."""

from collections.abc import Iterable, Mapping, Sequence

from spaces.draft import Draft
from spaces.places import INPUT, NETWORK
from valp.graph import Connection, DataType, Graph, Loss, PrimaryNetwork, Role
from valp.losses import KL
from valp.types import like


def assemble(draft: Draft, losses: Mapping[str, Sequence[str]]) -> Graph:
    """The graph of a draft; `losses` has the loss kinds of each output. β is drawn here."""
    names = {(NETWORK, i): f"n{i}" for i in range(len(draft.nodes))}
    names |= {(INPUT, i): model_input.name for i, model_input in enumerate(draft.inputs)}
    networks = tuple(
        PrimaryNetwork(
            name=f"n{i}",
            kind=node.kind,
            combiner=node.combiner,
            layers=node.design.layers,
            initializer=node.initializer,
            output=node.unit,
        )
        for i, node in enumerate(draft.nodes)
    )
    connections = [
        Connection(source=names[source], target=f"n{i}", indices=indices, role=role)
        for i, node in enumerate(draft.nodes)
        for source, role, indices in node.sources
    ]
    connections += [
        Connection(source=names[source], target=output.name, indices=indices)
        for output, arrivals in zip(draft.outputs, draft.arrivals, strict=True)
        for source, indices in arrivals
    ]
    return Graph(
        inputs=draft.inputs,
        networks=networks,
        outputs=draft.outputs,
        connections=tuple(connections),
        losses=tuple(_losses(draft, losses, connections)),
    )


def beta_names(output: str, codes: Iterable[str]) -> dict[str, str]:
    """The names of the decisions on β of an output's losses, and the loss of each; the first goes by the output."""
    return {f"beta.{output}.{code}" if i else f"beta.{output}": code for i, code in enumerate(codes)}


def _losses(draft: Draft, kinds: Mapping[str, Sequence[str]], connections: Sequence[Connection]) -> list[Loss]:
    """The losses of each output, each with a β of its own, and a KL loss for each source of latent connections."""
    space, real = draft.space, draft.choose.real
    losses = []
    for output in draft.outputs:
        codes = list(kinds[output.name])
        if like(output.unit.type) is DataType.SAMPLES and space.samples_loss is not None:
            codes[0] = space.samples_loss
        for name, code in beta_names(output.name, dict.fromkeys(codes)).items():
            beta = real(name, *space.beta, log_scale=True)
            losses.append(Loss(kind=code, prediction=output.name, truth=output.name, beta=beta))
    beta = real("beta.kl", *space.beta_kl, log_scale=True)
    latent = dict.fromkeys(c.source for c in connections if c.role is Role.LATENT)
    return losses + [Loss(kind=KL, prediction=source, beta=beta) for source in latent]
