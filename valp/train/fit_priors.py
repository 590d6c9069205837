"""`fit_priors`: estimates the priors of a trained VALP, and the spread of its samples, on its training data."""

from collections.abc import Mapping
from contextlib import suppress

import torch
from torch import Tensor

from valp.compile.module import VALPModule
from valp.compile.residual_spread import ResidualSpread
from valp.parts.priors.class_prior import ClassPrior
from valp.parts.priors.fitted_prior import FittedPrior
from valp.plan.operation import Sample

CODES = 5000
"""The number of training rows that are used, at most."""


@torch.no_grad()
def fit_priors(
    module: VALPModule,
    inputs: Mapping[str, Tensor],
    truths: Mapping[str, Tensor],
    weights: Mapping[str, Tensor],
    seed: int,
) -> None:
    """Fits each prior other than N(0, I) to codes z ~ N(μ, σ) of training rows, and estimates each spread.

    A prior that depends on a given class is fitted to the codes of the rows whose class is known. The same weights and
    seed give the same results, whichever executor trained them. What is not a finite number, or too large for a
    covariance, leaves a prior or a spread as it is.

    Args:
        module: a trained VALP, in evaluation mode.
        inputs, truths, weights: the training split, as in `valp.train.fit.fit`.
        seed: the seed of the choice of rows and of the noise.
    """
    plan = module.plan
    if not plan.groups and not plan.spreads:
        return
    generator = torch.Generator().manual_seed(seed)
    first = next(iter(inputs.values()))
    rows = torch.randperm(len(first), generator=generator)[:CODES].to(first.device)
    noise = module.drawn_noise(len(rows), generator)
    codes = {op.connection: op.out for op in plan.operations if isinstance(op, Sample)}
    wanted = [codes[name] for group in plan.groups for name, _ in group.connections]
    wanted += [plan.outputs[name] for name in plan.spreads]
    given = {name: tensor.to(first.device) for name, tensor in noise.items()}
    values = module.run({name: tensor[rows] for name, tensor in inputs.items()}, wanted, "train", given)
    for group in plan.groups:
        found = torch.cat([values[codes[name]] for name, _ in group.connections], 1)
        if not bool(found.isfinite().all()):
            continue
        prior = module.priors[group.name]
        with suppress(torch.linalg.LinAlgError):  # type: ignore[attr-defined] # public, but not in `__all__`
            if isinstance(prior, FittedPrior):
                prior.fit(found, seed)
            if group.given is not None:
                by_class, known = module.class_priors[group.name], _weights(group.given, rows, weights) > 0
                assert isinstance(by_class, ClassPrior)
                by_class.fit(found[known], truths[group.given][rows[known]], seed)
    for name in plan.spreads:
        spread = module.spreads[name]
        assert isinstance(spread, ResidualSpread)
        spread.estimate(values[plan.outputs[name]] - truths[name][rows], _weights(name, rows, weights))


def _weights(name: str, rows: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
    """The weights of the labels of an output, (n,) or (n, size)."""
    return weights[name][rows] if name in weights else torch.ones(len(rows), device=rows.device)
