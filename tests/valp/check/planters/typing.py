"""Planters of the rules on types, shapes and roles."""

from tests.valp.check.planters.base import (
    Planter,
    changed,
    flat,
    kept,
    more,
    network,
    of_type,
    pick,
    with_indices,
    with_unit,
)
from valp.graph.graph import (
    Connection,
    Convolution,
    DataType,
    DataUnit,
    Dense,
    PrimaryNetwork,
    Recurrent,
    Role,
    TransposedConvolution,
)
from valp.parts.kinds import KINDS


def role(graph, random):
    victim = random.choice(graph.connections)
    target = network(graph, victim.target)
    known = set(KINDS[target.kind].takes) if target else {Role.DATA}
    role = random.choice(sorted(set(Role) - known))
    return changed(graph, "connections", victim, role=role), victim.name


def takes(graph, random):
    able = []
    for connection in graph.connections:
        target = network(graph, connection.target)
        if target:
            refused = set(DataType) - KINDS[target.kind].takes[connection.role]
            able += [(connection, type_) for type_ in sorted(refused) if type_ is not DataType.FEATURES]
    if not able:
        return None
    connection, type_ = random.choice(able)
    return of_type(graph, connection.source, type_), connection.name


def guaranteed(graph, random):
    victim = pick(random, [x for x in graph.networks if KINDS[x.kind].needs])
    if victim is None:
        return None
    for connection in graph.incoming(victim.name):
        graph = of_type(graph, connection.source, DataType.DISCRETE)
    return graph, victim.name


def mixture(graph, random):
    output = random.choice(graph.outputs)
    for connection in graph.incoming(output.name):
        graph = of_type(graph, connection.source, DataType.DISCRETE)
    extra = PrimaryNetwork(name="extra", kind="c", layers=(Convolution(channels=1),), output=flat(DataType.FEATURES, 2))
    end = Connection(source="extra", target=output.name)
    return more(more(graph, "networks", extra), "connections", end), output.name


def produces(graph, random):
    victim = random.choice(graph.networks)
    made = KINDS[victim.kind].produces(DataType.SAMPLES)
    return of_type(graph, victim.name, random.choice(sorted(set(DataType) - made))), victim.name


def layers(graph, random):
    victim = random.choice(graph.networks)
    kind = KINDS[victim.kind]
    forms = [Dense(units=2), Convolution(channels=1), TransposedConvolution(channels=1), Recurrent(units=2)]
    layers = [(*victim.layers, layer) for layer in forms if kind.layer is None or not isinstance(layer, kind.layer)]
    layers += [()] if kind.fewest_layers else []
    return changed(graph, "networks", victim, layers=random.choice(layers)), victim.name


def layers_fit(graph, random):
    victim = pick(random, [x for x in graph.networks if x.kind in ("c", "t")])
    if victim is None:
        return None
    place = random.randrange(len(victim.layers))
    layer = victim.layers[place]
    count = len(layer.kernel)
    misfits = [{"kernel": (99,) * count, "padding": (0,) * count}, {"pool": (99,) * count}]
    misfits = [{"padding": (50,) * count}] if victim.kind == "t" else misfits
    misfits += [{"stride": (1,) * (3 - count)}]
    bad = layer.model_copy(update=random.choice(misfits))
    layers = (*victim.layers[:place], bad, *victim.layers[place + 1 :])
    return changed(graph, "networks", victim, layers=layers), victim.name


def layers_make(graph, random):
    able = [x for x in graph.networks if not KINDS[x.kind].last_layer]
    sequences = [x for x in graph.networks if x.kind == "r" and x.output.type is DataType.FEATURES]
    victim = pick(random, able + sequences)
    if victim is None:
        return None
    shape = list(victim.output.shape)
    shape[-1] += 1
    return with_unit(graph, victim.name, DataUnit(type=victim.output.type, shape=tuple(shape))), victim.name


def output_type(graph, random):
    victim = random.choice(graph.outputs)
    return of_type(graph, victim.name, random.choice(sorted(set(DataType) - {victim.unit.type}))), victim.name


def output_size(graph, random):
    victim = random.choice(graph.outputs)
    shapes = [(victim.unit.shape[0] + 1, *victim.unit.shape[1:])]
    if len(set(victim.unit.shape)) > 1:
        shapes.append(victim.unit.shape[::-1])
    shapes = [shape for shape in shapes if shape != victim.unit.shape]
    return with_unit(graph, victim.name, DataUnit(type=victim.unit.type, shape=random.choice(shapes))), victim.name


def latent_source(graph, random):
    victim = pick(random, [x for x in graph.networks if Role.LATENT in KINDS[x.kind].takes])
    if victim is None:
        return None
    given = random.choice(graph.inputs).name
    rest = kept(graph, "connections", lambda c: (c.source, c.target) != (given, victim.name))
    planted = Connection(source=given, target=victim.name, role=Role.LATENT)
    return more(rest, "connections", planted), planted.name


def latent_needed(graph, random):
    victim = pick(random, [x for x in graph.networks if KINDS[x.kind].needs_latent])
    if victim is None:
        return None
    mlps = {x.name for x in graph.networks if x.kind == "g"}
    if random.random() < 0.5:
        for name in sorted(mlps):
            graph = changed(graph, "networks", network(graph, name), kind="r")
        return graph, victim.name
    cut = kept(
        graph, "connections", lambda c: c.target != victim.name or c.role is not Role.LATENT or c.source not in mlps
    )
    return cut, victim.name


def latent_size(graph, random):
    victim = pick(random, [c for c in graph.connections if c.role is Role.LATENT])
    return None if victim is None else with_indices(graph, victim, (0,))


def given_class(graph, random):
    names = sorted({x.name for x in graph.components} - {x.name for x in graph.outputs if graph.predictors(x.name)})
    victim = pick(random, names)
    return None if victim is None else (graph.model_copy(update={"given": (victim,)}), victim)


TYPING: dict[str, Planter] = {
    "role": role,
    "takes": takes,
    "guaranteed": guaranteed,
    "mixture": mixture,
    "produces": produces,
    "layers": layers,
    "layers-fit": layers_fit,
    "layers-make": layers_make,
    "output-type": output_type,
    "output-size": output_size,
    "latent-source": latent_source,
    "latent-needed": latent_needed,
    "latent-size": latent_size,
    "given-class": given_class,
}
