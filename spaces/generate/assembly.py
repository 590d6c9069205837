"""Makes a graph from a draft's networks and connections, and adds the losses."""

from collections.abc import Iterable, Mapping, Sequence

from valp.graph.graph import (
    Connection,
    DataType,
    Graph,
    Loss,
    Output,
    PrimaryNetwork,
    Role,
    UnitType,
)
from valp.parts.losses import KL, LOSSES
from valp.parts.own_types import like
from valp.spaces.generate.draft import Draft
from valp.spaces.generate.draft_node import INPUT, NETWORK
from valp.spaces.generate.space import Range, Space


def assemble(draft: Draft, losses: Mapping[str, Sequence[str]], variances: Mapping[str, float]) -> Graph:
    """The graph of a draft. `losses` and `variances` are those of the problem's outputs. β is drawn here."""
    judged = [
        loss
        for output in draft.outputs
        for loss in losses_of(draft, output, losses[output.name], variances.get(output.name))
    ]
    beta = drawn_divergence(draft)
    divergences = [Loss(kind=KL, prediction=f"n{i}", beta=beta) for i in latent_sources(draft)]
    return graph_of(draft, [*judged, *divergences])


def graph_of(draft: Draft, losses: Sequence[Loss]) -> Graph:
    """The graph of a draft with these losses. Network i is named n{i} if it has no name."""
    called = [node.name or f"n{i}" for i, node in enumerate(draft.nodes)]
    names = {(NETWORK, i): name for i, name in enumerate(called)}
    names |= {(INPUT, i): model_input.name for i, model_input in enumerate(draft.inputs)}
    networks = tuple(
        PrimaryNetwork(
            name=name,
            kind=node.kind,
            combiner=node.combiner,
            layers=node.design.layers,
            initializer=node.initializer,
            output=node.unit,
            prior=node.prior,
        )
        for name, node in zip(called, draft.nodes, strict=True)
    )
    connections = [
        Connection(source=names[source], target=name, indices=indices, role=role)
        for name, node in zip(called, draft.nodes, strict=True)
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
        losses=tuple(losses),
        given=draft.given_classes(),
    )


def beta_names(output: str, codes: Iterable[str]) -> dict[str, str]:
    """The losses of an output, by the name of the decision on their β. The name for the first has no loss code."""
    return {f"beta.{output}.{code}" if i else f"beta.{output}": code for i, code in enumerate(codes)}


def range_of_beta(space: Space, code: str, data: UnitType, variance: float | None) -> Range:
    """The range of β of a loss other than KL.

    Args:
        space: the space.
        code: the code of the loss.
        data: the type of its output.
        variance: that of its output in `Description.variances`.
    """
    if space.beta_samples is not None and like(data) is DataType.SAMPLES:
        return space.beta_samples
    if space.beta_error is None or not variance or not LOSSES[code].squared:
        return space.beta
    low, high = space.beta_error
    return low / variance, high / variance


def losses_of(draft: Draft, output: Output, kinds: Sequence[str], variance: float | None) -> list[Loss]:
    """The losses of an output. β of each is drawn separately. `variance` is as in `range_of_beta`."""
    codes = list(kinds)
    if like(output.unit.type) is DataType.SAMPLES and draft.space.samples_loss is not None:
        codes[0] = draft.space.samples_loss
    losses = []
    for name, code in beta_names(output.name, dict.fromkeys(codes)).items():
        beta = draft.choose.real(name, *range_of_beta(draft.space, code, output.unit.type, variance), log_scale=True)
        losses.append(Loss(kind=code, prediction=output.name, truth=output.name, beta=beta))
    return losses


def drawn_divergence(draft: Draft) -> float:
    """Draws the β that the KL losses share."""
    return draft.choose.real("beta.kl", *draft.space.beta_kl, log_scale=True)


def latent_sources(draft: Draft) -> list[int]:
    """The networks with outgoing latent connections, each once. Each has a KL loss."""
    found = [place for node in draft.nodes for place, role, _ in node.sources if role is Role.LATENT]
    return [index for _, index in dict.fromkeys(found)]
