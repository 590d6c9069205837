"""Moves that change the training."""

from collections.abc import Sequence
from statistics import NormalDist

from valp.spaces.generate.choose import Choose
from valp.spaces.generate.searched_balance import drawn_settings, is_of, searched_settings
from valp.spaces.generate.space import Space
from valp.spaces.vary.beta_moves import TAIL, has_width, stepped
from valp.spaces.vary.revision import Revision
from valp.train.balance import Balance
from valp.train.balance.balance import Value
from valp.train.balance.method_setting import MethodSetting, NumberSetting, WordSetting

LINEAR = 0.25
"""The standard deviation of a step on a linear scale, as a share of the range."""


def learning_rate_sites(revision: Revision) -> Sequence[None]:
    """One site if the learning rate can change, otherwise none."""
    return [None] if has_width(revision.space.learning_rate) else []


def change_learning_rate(revision: Revision, _: None) -> bool:
    """Changes the learning rate."""
    old = revision.training.learning_rate
    rate = stepped(revision.choose, "learning_rate", old, revision.space.learning_rate)
    revision.training = revision.training.model_copy(update={"learning_rate": rate})
    return rate != old


def batches(revision: Revision) -> Sequence[int]:
    """The other batch sizes."""
    return [size for size in revision.space.batches_of(revision.batch) if size != revision.training.batch]


def batch(revision: Revision, size: int) -> bool:
    """Changes the batch size, but not the number of samples seen."""
    revision.training = revision.training.in_batches(size)
    return True


def warmups(revision: Revision) -> Sequence[float]:
    """The other KL warm-ups, if there is a KL loss."""
    latent = any(node.beta is not None for node in revision.nodes)
    return [share for share in revision.space.kl_warmups if latent and share != revision.training.kl_warmup]


def warm_up(revision: Revision, share: float) -> bool:
    """Changes the KL warm-up."""
    revision.training = revision.training.model_copy(update={"kl_warmup": share})
    return True


def searches_balance(space: Space) -> bool:
    """Whether a space has several balancing methods, or one with searched settings."""
    return len(space.balances) > 1 or any(True for option in space.balances for _ in searched_settings(option))


def balances(revision: Revision) -> Sequence[Balance | str]:
    """The other balancing methods of the space, and the names of the searched settings of the current method."""
    present = revision.training.balance
    others = [option for option in revision.space.balances if not is_of(present, option)]
    own = [option for option in revision.space.balances if is_of(present, option)]
    return [*others, *(name for option in own[:1] for name, _, _ in searched_settings(option))]


def rebalance(revision: Revision, change: Balance | str) -> bool:
    """Changes the balancing method or one of its settings."""
    old = revision.training.balance
    if isinstance(change, Balance):
        new = drawn_settings(revision.choose, change)
    else:
        option = next(option for option in revision.space.balances if is_of(old, option))
        decision, setting = next((d, s) for name, d, s in searched_settings(option) if name == change)
        value = stepped_setting(revision.choose, decision, old.settings.get(change, setting.default), setting)
        new = Balance(method=old.method, settings={**old.settings, change: value})
    revision.training = revision.training.model_copy(update={"balance": new})
    return new != old


def stepped_setting(choose: Choose, name: str, value: Value, setting: MethodSetting) -> Value:
    """A random step from a setting's value: another word, or a normally distributed step on the setting's scale.

    Numbers stay in the searched range. An integer changes by at least 1 if the range allows it.
    """
    if isinstance(setting, WordSetting):
        others = [word for word in setting.options if word != value]
        return choose.category(name, others) if others else value
    old = float(value)
    ends = setting.low, setting.high
    new = stepped(choose, name, old, ends) if setting.log_scale else _linear(choose, name, old, setting)
    if not setting.whole:
        return new
    whole = round(new) if round(new) != old else int(old + (1 if new > old else -1))
    return min(int(setting.high), max(int(setting.low), whole))


def _linear(choose: Choose, name: str, value: float, setting: NumberSetting) -> float:
    """A normally distributed step, clipped to the range. At an end of the range, the step goes the other way."""
    step = LINEAR * (setting.high - setting.low) * NormalDist().inv_cdf(choose.real(name, TAIL, 1 - TAIL))
    moved = min(setting.high, max(setting.low, value + step))
    return moved if moved != value else min(setting.high, max(setting.low, value - step))
