"""What a recorder records: compared with gradients by hand; a training that it observes does not change."""

import numpy as np
import pytest
import torch

from tests.valp.graphs import figure_2, figure_2_rows
from tests.valp.trace.traced import ROWS, opposed, recorded
from tests.valp.train.test_balance import or_skipped
from valp.compile.compile import compile
from valp.errors import SettingError
from valp.trace.recorder import MOST_RECORDS, Recorder
from valp.train.balance import BALANCERS, GradientBalancer, read_balance
from valp.train.batches import Draws
from valp.train.fit import fit

NETWORKS = ("n0", "n1", "n2", "n3", "n4")
KL = "kl:n0"
REACHED = {"gaussian:n4:o0": "n0 n4", "mse:n3:o1": "n0 n1 n3", "cross_entropy:n2:o2": "n0 n1 n2 n3", KL: "n0"}


def by_hand():
    """The losses of the first step, and the gradient of each by the parameters of each network that it reaches."""
    module = compile(figure_2(), seed=0).train()
    inputs, truths = figure_2_rows(ROWS)
    draws = Draws(ROWS, ROWS, module.plan.noise, 0)
    rows, noise = draws.rows(), draws.noise()
    terms = module.terms({k: v[rows] for k, v in inputs.items()}, {k: v[rows] for k, v in truths.items()}, noise)
    gradients = {}
    for name, term in zip(module.loss_names, terms, strict=True):
        for network in REACHED[name].split():
            parameters = [p for key, p in module.named_parameters() if key.startswith(f"layers.{network}-")]
            found = torch.autograd.grad(term, parameters, retain_graph=True, materialize_grads=True)
            gradients[name, network] = torch.cat([one.flatten() for one in found]).double().numpy()
    return terms.detach().numpy(), gradients


def degrees(one, other):
    return np.degrees(np.arccos(one @ other / np.linalg.norm(one) / np.linalg.norm(other)))


def test_lengths_and_angles_are_those_of_gradients_by_hand():
    trace, _ = recorded(steps=1)
    values, gradients = by_hand()
    assert trace.steps.tolist() == [1]
    assert trace.values[0] == pytest.approx(values)
    assert sorted(trace.networks) == list(NETWORKS)
    for n, network in enumerate(trace.networks):
        for i, loss in enumerate(trace.losses):
            one = gradients.get((loss, network))
            assert np.isnan(trace.network_norms[0, n, i]) == (one is None)
            if one is not None:
                assert trace.network_norms[0, n, i] == pytest.approx(np.linalg.norm(one))
            for j, other in enumerate(trace.losses):
                two = gradients.get((other, network))
                assert np.isnan(trace.network_cosines[0, n, i, j]) == (one is None or two is None)
                if i < j and one is not None and two is not None:
                    assert trace.network_angles[0, n, i, j] == pytest.approx(degrees(one, two), abs=1e-3)


def test_a_group_has_the_gradients_of_all_its_networks_together():
    trace, _ = recorded(steps=1)
    _, gradients = by_hand()
    groups = {group.networks: g for g, group in enumerate(trace.groups)}
    assert ("n1", "n3") in groups
    g, (mse, entropy) = groups["n1", "n3"], trace.groups[groups["n1", "n3"]].losses
    assert [trace.losses[i] for i in (mse, entropy)] == ["mse:n3:o1", "cross_entropy:n2:o2"]
    one, two = (np.concatenate([gradients[trace.losses[i], n] for n in ("n1", "n3")]) for i in (mse, entropy))
    assert trace.norms[0, g, [mse, entropy]] == pytest.approx([np.linalg.norm(one), np.linalg.norm(two)])
    assert trace.angles[0, g, mse, entropy] == pytest.approx(degrees(one, two), abs=1e-3)
    direction = 0.9 * one + 1.0 * two
    assert trace.direction_norms[0, g] == pytest.approx(np.linalg.norm(direction))
    assert trace.direction_angles[0, g, mse] == pytest.approx(degrees(one, direction), abs=1e-3)


@pytest.mark.parametrize("method", or_skipped(BALANCERS))
def test_recording_changes_no_bit_of_the_weights(method):
    trace, module = recorded(method, steps=4, every=2, batch=5)
    alone = compile(figure_2(), seed=0)
    fit(alone, *figure_2_rows(ROWS), steps=4, batch=5, balance=read_balance(method), executor="torch")
    assert trace.steps.tolist() == [1, 3]
    held = alone.state_dict()
    assert all(torch.equal(held[name], tensor) for name, tensor in module.state_dict().items())


@pytest.mark.parametrize("method", or_skipped(BALANCERS))
def test_the_weights_of_every_method_make_its_direction(method):
    """v = Σ w·∇, so ‖v‖² and ∇·v follow from the lengths and cosines of the gradients."""
    trace, _ = recorded(method, steps=2, batch=5)
    for s in range(2):
        for g, group in enumerate(trace.groups):
            kept = list(group.losses)
            pulls = trace.weights[s, g, kept] * trace.norms[s, g, kept]
            cosines = trace.cosines[s, g][np.ix_(kept, kept)]
            assert np.isfinite(pulls).all()
            assert pulls @ cosines @ pulls == pytest.approx(trace.direction_norms[s, g] ** 2, rel=1e-3, abs=1e-9)
            projected = trace.direction_cosines[s, g, kept] * trace.direction_norms[s, g]
            assert cosines @ pulls == pytest.approx(projected, rel=1e-3, abs=1e-6)


def test_fixed_weights_are_beta_and_uniform_ones_are_1():
    fixed, _ = recorded(steps=1)
    assert fixed.factors[0] == pytest.approx([0.8, 0.9, 1.0, 0.5])
    assert fixed.weights[0, 0][list(fixed.groups[0].losses)] == pytest.approx(
        fixed.factors[0][[*fixed.groups[0].losses]]
    )
    uniform, _ = recorded("uniform", steps=1)
    assert uniform.factors[0] == pytest.approx([1.0, 1.0, 1.0, 0.5])


def test_weights_of_the_central_direction_are_those_of_its_closed_form():
    trace, _ = recorded("central", steps=1)
    g, (mse, entropy) = next((g, x.losses) for g, x in enumerate(trace.groups) if x.networks == ("n1", "n3"))
    lengths = trace.norms[0, g, [mse, entropy]] * [0.9, 1.0]
    expected = lengths[::-1] / lengths.sum() * [0.9, 1.0]
    assert isinstance(BALANCERS["central"], GradientBalancer)
    assert trace.weights[0, g, [mse, entropy]] == pytest.approx(expected, rel=1e-4)
    one, other = trace.direction_angles[0, g, [mse, entropy]]
    assert one == pytest.approx(other, abs=1e-2)


def test_losses_that_want_opposite_things_are_in_conflict_and_others_are_not():
    graph, data = opposed()
    trace, _ = recorded(graph=graph, data=data, steps=5)
    found = {one.losses: one for one in trace.conflicts}
    assert {one.network for one in trace.conflicts} == {"n0"}
    assert found[0, 1].angle > 170
    assert found[0, 1].share == 1
    assert found[0, 2].angle < 10
    assert found[0, 2].share == 0
    frame = trace.frame()
    assert frame.loc[0, ["network", "loss", "other"]].tolist()[0] == "n0"
    assert set(frame.loc[0, ["loss", "other"]]) >= {"mse:down"}
    assert frame["angle"].is_monotonic_decreasing


def test_a_loss_without_a_label_in_the_batch_is_absent():
    weights = {"o1": torch.zeros(ROWS)}
    trace, _ = recorded(steps=1, weights=weights)
    mse = trace.losses.index("mse:n3:o1")
    assert np.isnan(trace.values[0, mse])
    assert np.isnan(trace.norms[0, :, mse]).all()
    assert np.isnan(trace.weights[0, :, mse]).all()
    assert not any(mse in one.losses for one in trace.conflicts)


def test_a_warm_up_is_seen_in_the_factor_of_the_kl():
    graph = figure_2()
    module = compile(graph, seed=0)
    recorder = Recorder(module, graph, steps=4)
    fit(module, *figure_2_rows(ROWS), steps=4, batch=5, kl_warmup=1.0, observer=recorder)
    assert recorder.trace().factors[:, -1] == pytest.approx([0.125, 0.25, 0.375, 0.5])


def test_long_trainings_are_recorded_at_most_so_often():
    graph = figure_2()
    module = compile(graph, seed=0)
    for steps in (1, 499, 500, 501, 2000, 12345):
        recorder = Recorder(module, graph, steps=steps)
        due = [step for step in range(1, steps + 1) if recorder.due(step)]
        assert due[0] == 1
        assert min(steps, MOST_RECORDS / 2) <= len(due) <= MOST_RECORDS


def test_what_cannot_be_recorded_is_refused_in_one_sentence():
    graph = figure_2()
    module = compile(graph, seed=0)
    with pytest.raises(SettingError, match=r"^every must be a positive whole number of steps, but is 0$"):
        Recorder(module, graph, steps=4, every=0)
    recorder = Recorder(module, graph, steps=4)
    with pytest.raises(SettingError, match=r"^a trace has at least one step, but none was recorded$"):
        recorder.trace()
    with pytest.raises(SettingError, match=r"^the native executor cannot be observed; executor auto or torch can$"):
        fit(module, *figure_2_rows(ROWS), steps=1, executor="native", observer=recorder)
