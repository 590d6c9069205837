"""The contract of a prior: shapes, the same numbers for the same noise, all that it learned in its state."""

import torch

from valp.parts.priors.fitted_prior import FittedPrior
from valp.parts.priors.prior_kind import PriorKind
from valp.testing.trial import must

SIZE = 3
ROWS = 200


def check_prior(prior: PriorKind) -> None:
    """Tests a prior on the codes of two clusters. A prior that is not fitted is N(0, I) and has nothing to test.

    Args:
        prior: the row; it need not be installed.

    Raises:
        AssertionError: if something does not hold; the message says what.
    """
    for field in ("code", "title"):
        must(bool(getattr(prior, field, "")), f"a prior must have a {field}, but {type(prior).__name__} has none")
    if not prior.fitted:
        return
    name, generator = prior.title, torch.Generator().manual_seed(0)
    codes = torch.randn(ROWS, SIZE, generator=generator) * 0.1 + torch.tensor([[2.0], [-2.0]]).repeat(ROWS // 2, 1)
    noise, uniform = torch.randn(ROWS, SIZE, generator=generator), torch.rand(ROWS, generator=generator)
    module, other = prior.build(SIZE), prior.build(SIZE)
    must(isinstance(module, FittedPrior), f"{name} must build a FittedPrior, but builds a {type(module).__name__}")
    before = module(noise, uniform)
    must(before.shape == noise.shape, f"{name} must give {tuple(noise.shape)}, but gives {tuple(before.shape)}")
    must(torch.equal(before, noise), f"{name} must be N(0, I) before it is fitted")
    shapes = {key: tensor.shape for key, tensor in module.state_dict().items()}
    module.fit(codes, 0)
    drawn = module(noise, uniform)
    must(bool(drawn.isfinite().all()), f"{name} must give finite numbers")
    must(torch.equal(drawn, module(noise, uniform)), f"{name} must give the same numbers for the same noise")
    must(not any(True for _ in module.parameters()), f"{name} must keep what it learns in buffers")
    after = module.state_dict()
    must({key: tensor.shape for key, tensor in after.items()} == shapes, f"{name} must keep the shapes of its buffers")
    other.load_state_dict(after)
    must(torch.equal(other(noise, uniform), drawn), f"{name} must give the same numbers when its state is loaded")
