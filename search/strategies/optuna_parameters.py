"""The fixed slots that represent a space to Optuna's samplers.

Samplers that cross or model parameters need the same parameters in every trial. So a space has max_n slots with the
same few parameters, one slot per network in the order of creation. All of them are drawn, even those that a graph does
not use. Decisions without a parameter (which component is served, ψ, roles, initialisers) follow from the slot's
`wiring`, a seed that is inherited as a whole.
"""

from collections.abc import Mapping
from random import Random

from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import Trial

from valp.errors import SettingError
from valp.spaces.generate.assembly import beta_names, range_of_beta
from valp.spaces.generate.choose import SEEDS, Choose, scaled, spread
from valp.spaces.generate.searched_balance import METHOD, searched_settings
from valp.spaces.generate.space import MAX_PARAMETERS, Range, Space
from valp.spaces.problem.description import Description
from valp.train.balance.method_setting import WordSetting

Value = int | float


def slot_distributions(space: Space, problem: Description) -> dict[str, BaseDistribution]:
    """The parameters of a space for a problem, in a fixed order.

    Raises:
        SettingError: if there are more than `MAX_PARAMETERS`.
    """
    found: dict[str, BaseDistribution] = {}
    for slot in range(space.max_n):
        found[f"n{slot}.wiring"] = IntDistribution(0, SEEDS - 1)
        found[f"n{slot}.kind"] = FloatDistribution(0, 1)
        found[f"n{slot}.layers"] = IntDistribution(*space.hidden_layers)
        found[f"n{slot}.units"] = IntDistribution(*space.units, log=space.log_scale)
        found[f"n{slot}.output"] = IntDistribution(*space.output_units, log=space.log_scale)
        if space.uniform_layers:
            found[f"n{slot}.activation"] = IntDistribution(0, len(space.activations) - 1)
    found |= _free({"learning_rate": space.learning_rate, "beta.kl": space.beta_kl})
    for name, options in (("batch", space.batches), ("kl_warmup", space.kl_warmups)):
        if len(options) > 1:
            found[name] = IntDistribution(0, len(options) - 1)
    found |= _balance(space)
    types = {output.name: output.unit.type for output in problem.outputs}
    for output, codes in problem.losses.items():
        variance, data = problem.variances.get(output), types[output]
        found |= _free({n: range_of_beta(space, code, data, variance) for n, code in beta_names(output, codes).items()})
    if len(found) > MAX_PARAMETERS:
        raise SettingError(
            f"the space must have at most {MAX_PARAMETERS} parameters for this strategy, but has {len(found)}"
        )
    return found


def _free(ranges: Mapping[str, Range]) -> dict[str, BaseDistribution]:
    """A log-uniform parameter for each range that is not a single value."""
    return {name: FloatDistribution(low, high, log=True) for name, (low, high) in ranges.items() if low < high}


def _balance(space: Space) -> dict[str, BaseDistribution]:
    """The balancing method if there are several, and the searched settings of all methods."""
    found: dict[str, BaseDistribution] = {}
    if len(space.balances) > 1:
        found[METHOD] = IntDistribution(0, len(space.balances) - 1)
    for option in space.balances:
        for _, decision, setting in searched_settings(option):
            if isinstance(setting, WordSetting):
                found[decision] = IntDistribution(0, len(setting.options) - 1)
            elif setting.whole:
                found[decision] = IntDistribution(int(setting.low), int(setting.high), log=setting.log_scale)
            else:
                found[decision] = FloatDistribution(setting.low, setting.high, log=setting.log_scale)
    return found


class SlotChoose(Choose):
    """Makes decisions from the values of the slots' parameters."""

    def __init__(self, values: Mapping[str, Value], space: Space) -> None:
        super().__init__()
        self._values = values
        self._last = space.max_n - 1

    @classmethod
    def of_trial(cls, trial: Trial, space: Space, problem: Description) -> "SlotChoose":
        """Draws every parameter of the space from a trial's sampler.

        A trial whose proposal was interrupted has some of them already. The sampler draws these again and the values
        are discarded, so that the other parameters get the same values as without the interruption.
        """
        values: dict[str, Value] = {}
        frozen = trial.study.get_trials(deepcopy=False)[trial.number] if trial.params else None
        for name, distribution in slot_distributions(space, problem).items():
            if frozen is not None and name in frozen.params and name not in trial.relative_params:
                trial.study.sampler.sample_independent(trial.study, frozen, name, distribution)
            if isinstance(distribution, IntDistribution):
                values[name] = trial.suggest_int(name, distribution.low, distribution.high, log=distribution.log)
            elif isinstance(distribution, FloatDistribution):
                values[name] = trial.suggest_float(name, distribution.low, distribution.high, log=distribution.log)
        return cls(values, space)

    def draw_integer(self, name: str, low: int, high: int, log_scale: bool) -> int:
        """See `Choose`."""
        value = self._values.get(name)
        if value is None:
            u = self._derived(name)
            return spread(u, low, high) if log_scale else low + int(u * (high - low + 1))
        if isinstance(value, float):  # a share of the options, because their number depends on the graph so far
            return min(high, low + int(value * (high - low + 1)))
        return min(high, max(low, value))

    def draw_real(self, name: str, low: float, high: float, log_scale: bool) -> float:
        """See `Choose`."""
        value = self._values.get(name)
        return scaled(self._derived(name), low, high, log_scale) if value is None else float(value)

    def _derived(self, name: str) -> float:
        """A number in [0, 1) that depends on the slot's wiring and the decision's name only."""
        slot = min(int(name.split(".", 1)[0].removeprefix("n")), self._last)
        return Random(f"{self._values[f'n{slot}.wiring']}:{name}").random()
