"""`fit_priors`: fits the priors of a trained VALP to the codes of its training data."""

from collections.abc import Mapping

import torch
from torch import Tensor

from valp.compile.module import VALPModule
from valp.parts.priors.fitted_prior import FittedPrior
from valp.plan.operation import Sample

CODES = 2000
"""The number of training rows whose codes a prior is fitted to, at most."""


@torch.inference_mode()
def fit_priors(module: VALPModule, inputs: Mapping[str, Tensor], seed: int) -> None:
    """Fits each prior other than N(0, I) to codes z ~ N(μ, σ) of training rows. It does nothing if there is none.

    The same weights and seed give the same priors, whichever executor trained them. A prior stays as it is if a code is
    not a finite number.

    Args:
        module: a trained VALP, in evaluation mode.
        inputs: (n, size) for each model input: the training split.
        seed: the seed of the choice of rows and of the noise.
    """
    plan = module.plan
    if not plan.groups:
        return
    generator = torch.Generator().manual_seed(seed)
    first = next(iter(inputs.values()))
    rows = torch.randperm(len(first), generator=generator)[:CODES]
    noise = {name: torch.randn(len(rows), k, generator=generator) for name, k in plan.noise.items()}
    codes = {op.connection: op.out for op in plan.operations if isinstance(op, Sample)}
    chosen = {name: tensor[rows.to(tensor.device)] for name, tensor in inputs.items()}
    given = {name: tensor.to(first.device) for name, tensor in noise.items()}
    wanted = [codes[name] for group in plan.groups for name, _ in group.connections]
    values = module.run(chosen, wanted, "train", given)
    for group in plan.groups:
        found = torch.cat([values[codes[name]] for name, _ in group.connections], 1)
        prior = module.priors[group.name]
        if isinstance(prior, FittedPrior) and bool(found.isfinite().all()):
            prior.fit(found, seed)
