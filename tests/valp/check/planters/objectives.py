"""Planters of the rules on losses."""

from tests.valp.check.planters.base import Planter, changed, flat, kept, more, pick, unit_of
from valp.graph.graph import Connection, DataType, Loss, PrimaryNetwork
from valp.parts.losses import KL, LOSSES


def loss_known(graph, random):
    victim = random.choice(graph.losses)
    return changed(graph, "losses", victim, kind="hinge"), victim.prediction


def loss_prediction(graph, random):
    name = random.choice(["nobody", random.choice(graph.inputs).name])
    return changed(graph, "losses", random.choice(graph.losses), prediction=name), name


def loss_truth(graph, random):
    victim = random.choice(graph.losses)
    truth = graph.outputs[0].name if victim.kind == KL else random.choice([None, graph.networks[0].name, "nobody"])
    return changed(graph, "losses", victim, truth=truth), victim.prediction


def loss_type(graph, random):
    victim = random.choice([loss for loss in graph.losses if loss.kind != KL])
    refused = [code for code, loss in LOSSES.items() if unit_of(graph, victim.truth).type not in loss.takes]
    return changed(graph, "losses", victim, kind=random.choice(refused)), victim.prediction


def loss_size(graph, random):
    victim = random.choice([loss for loss in graph.losses if loss.kind != KL])
    size = unit_of(graph, victim.truth).size
    other = pick(random, [x.name for x in (*graph.networks, *graph.outputs) if unit_of(graph, x.name).size != size])
    return None if other is None else (changed(graph, "losses", victim, prediction=other), other)


def loss_truths(graph, random):
    victim = random.choice([loss for loss in graph.losses if loss.kind != KL])
    others = [code for code, loss in LOSSES.items() if loss.truth != LOSSES[victim.kind].truth]
    return more(graph, "losses", victim.model_copy(update={"kind": random.choice(others)})), victim.truth


def loss_distinct(graph, random):
    victim = random.choice(graph.losses)
    return more(graph, "losses", victim.model_copy(update={"beta": 0.25})), victim.prediction


def taught(graph, random):
    name = random.choice(graph.outputs).name
    if random.random() < 0.5:
        return kept(graph, "losses", lambda loss: loss.truth != name), name
    for loss in [loss for loss in graph.losses if loss.truth == name]:
        graph = changed(graph, "losses", loss, beta=0.0)
    return graph, name


def reached(graph, random):
    extra = PrimaryNetwork(name="extra", kind="g", output=flat(DataType.NUMERIC, 2))
    dead_end = Connection(source=random.choice(graph.inputs).name, target="extra")
    return more(more(graph, "networks", extra), "connections", dead_end), "extra"


def latent_kl(graph, random):
    judged = {loss.prediction for loss in graph.losses if loss.kind == KL}
    if judged and random.random() < 0.5:
        name = random.choice(sorted(judged))
        return kept(graph, "losses", lambda loss: (loss.kind, loss.prediction) != (KL, name)), name
    name = pick(random, sorted({x.name for x in graph.networks} - judged))
    return None if name is None else (more(graph, "losses", Loss(kind=KL, prediction=name)), name)


OBJECTIVES: dict[str, Planter] = {
    "loss-known": loss_known,
    "loss-prediction": loss_prediction,
    "loss-truth": loss_truth,
    "loss-type": loss_type,
    "loss-size": loss_size,
    "loss-truths": loss_truths,
    "loss-distinct": loss_distinct,
    "taught": taught,
    "reached": reached,
    "latent-kl": latent_kl,
}
