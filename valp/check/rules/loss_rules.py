"""Rules on the losses and β (Garciarena et al., Def. 5 and III-C)."""

from collections import Counter
from collections.abc import Iterator

import networkx as nx

from valp.check.rules.facts import Facts, Finding, Rule
from valp.graph.graph import DataUnit
from valp.parts.losses import KL, LOSSES
from valp.parts.own_types import like


def _predicted(facts: Facts, name: str) -> DataUnit | None:
    if name in facts.networks:
        return facts.networks[name].output
    return facts.outputs[name].unit if name in facts.outputs else None


def _known(facts: Facts) -> Iterator[Finding]:
    for loss in facts.graph.losses:
        if loss.kind != KL and loss.kind not in LOSSES:
            yield loss.prediction, f"loss {loss.kind!r}, known are {', '.join((*LOSSES, KL))}"


def _prediction(facts: Facts) -> Iterator[Finding]:
    for loss in facts.graph.losses:
        if _predicted(facts, loss.prediction) is None:
            yield loss.prediction, f"a {loss.kind} of {loss.prediction!r}"


def _truth(facts: Facts) -> Iterator[Finding]:
    for loss in facts.graph.losses:
        if loss.kind in LOSSES and loss.truth not in facts.outputs:
            yield loss.prediction, f"{loss.truth!r}" if loss.truth else "none"
        if loss.kind == KL and loss.truth is not None:
            yield loss.prediction, f"a kl loss with truth {loss.truth!r}, though its truth is N(0, I)"


def _types(facts: Facts) -> Iterator[Finding]:
    for loss in facts.graph.losses:
        prediction = _predicted(facts, loss.prediction)
        if loss.kind not in LOSSES or prediction is None or loss.truth not in facts.outputs:
            continue
        for what, unit in (("prediction", prediction), ("truth", facts.outputs[loss.truth].unit)):
            if like(unit.type) not in (None, *LOSSES[loss.kind].takes):
                yield loss.prediction, f"a {loss.kind} with a {what} of type {unit.type}"


def _sizes(facts: Facts) -> Iterator[Finding]:
    for loss in facts.graph.losses:
        prediction = _predicted(facts, loss.prediction)
        if loss.kind not in LOSSES or prediction is None or loss.truth not in facts.outputs:
            continue
        truth = facts.outputs[loss.truth].unit
        if prediction.size != truth.size:
            yield loss.prediction, f"{prediction.size} variables against {truth.size} of {loss.truth!r}"


def _one_truth(facts: Facts) -> Iterator[Finding]:
    for name in facts.outputs:
        truths = {LOSSES[x.kind].truth for x in facts.graph.losses if x.truth == name and x.kind in LOSSES}
        if len(truths) > 1:
            yield name, " and ".join(sorted(truths))


def _distinct(facts: Facts) -> Iterator[Finding]:
    for (kind, prediction, _), count in Counter((x.kind, x.prediction, x.truth) for x in facts.graph.losses).items():
        if count > 1:
            yield prediction, f"{count} times {kind}"


def _taught(facts: Facts) -> Iterator[Finding]:
    truths = {loss.truth for loss in facts.graph.losses if loss.kind in LOSSES and loss.beta > 0}
    for output in facts.graph.outputs:
        if output.name not in truths:
            yield output.name, "no loss with its ground truth and β > 0"


def _reached(facts: Facts) -> Iterator[Finding]:
    digraph = facts.graph.digraph
    learning = {loss.prediction for loss in facts.graph.losses if loss.kind in LOSSES and loss.beta > 0}
    reached = set(learning)
    for name in learning & set(digraph):
        reached |= nx.ancestors(digraph, name)
    for name in facts.networks:
        if name not in reached:
            yield name, "none"


def _divergences(facts: Facts) -> Iterator[Finding]:
    judged = {loss.prediction for loss in facts.graph.losses if loss.kind == KL}
    for name in sorted((facts.latent_sources & facts.networks.keys()) - judged):
        yield name, "a latent connection without a kl loss"
    for name in sorted((judged & facts.networks.keys()) - facts.latent_sources):
        yield name, "a kl loss without a latent connection"


OBJECTIVE_RULES = (
    Rule("loss-known", "the kind of each loss is known", _known),
    Rule("loss-prediction", "a loss judges a network or a model output", _prediction),
    Rule("loss-truth", "a loss compares with the ground truth of a model output", _truth),
    Rule("loss-type", "a loss compares units of types that it accepts", _types),
    Rule("loss-size", "a loss compares units of equal size", _sizes),
    Rule("loss-truths", "the losses of an output agree on the form of its ground truth", _one_truth),
    Rule("loss-distinct", "each loss occurs only once", _distinct),
    Rule("taught", "each model output has a loss", _taught),
    Rule("reached", "each network is trained by a loss with β > 0", _reached),
    Rule("latent-kl", "networks with latent connections, and only those, have a kl loss", _divergences),
)
