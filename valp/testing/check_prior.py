"""The contract of a prior: shapes, the same numbers for the same noise, all that it learned in its state.

It also tests what a prior draws for a given class, if the prior depends on one.
"""

import torch

from valp.parts.priors.class_prior import ClassPrior
from valp.parts.priors.fitted_prior import FittedPrior
from valp.parts.priors.prior_kind import PriorKind
from valp.testing.trial import must

SIZE = 3
ROWS = 200
CLASSES = 3


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
    keys = module.state_dict().keys()
    module.fit(codes, 0)
    drawn = module(noise, uniform)
    must(bool(drawn.isfinite().all()), f"{name} must give finite numbers")
    must(torch.equal(drawn, module(noise, uniform)), f"{name} must give the same numbers for the same noise")
    must(not any(True for _ in module.parameters()), f"{name} must keep what it learns in buffers")
    after = module.state_dict()
    must(after.keys() == keys, f"{name} must keep the names of its buffers")
    other.load_state_dict(after)
    must(torch.equal(other(noise, uniform), drawn), f"{name} must give the same numbers when its state is loaded")
    if prior.by_class:
        _check_by_class(prior, codes, noise, uniform)


def _check_by_class(prior: PriorKind, codes: torch.Tensor, noise: torch.Tensor, uniform: torch.Tensor) -> None:
    """Tests what a prior draws for a given class. The clusters are the first two classes; no code has the third."""
    name = f"{prior.title}, for a class,"
    module, other = prior.build_by_class(SIZE, CLASSES), prior.build_by_class(SIZE, CLASSES)
    must(isinstance(module, ClassPrior), f"{name} must be a ClassPrior, but is a {type(module).__name__}")
    numbers = torch.arange(ROWS) % CLASSES
    classes, otherwise = torch.nn.functional.one_hot(numbers, CLASSES).float(), torch.full_like(noise, 9.0)
    before = module(noise, uniform, classes, otherwise)
    must(torch.equal(before, otherwise), f"{name} must be the prior without a class before it is fitted")
    module.fit(codes, torch.arange(ROWS) % 2, 0)
    drawn = module(noise, uniform, classes, otherwise)
    must(bool(drawn.isfinite().all()), f"{name} must give finite numbers")
    must(bool((drawn[numbers == 0] > 0).all()), f"{name} must be near the codes of the class")
    must(bool((drawn[numbers == 1] < 0).all()), f"{name} must be near the codes of the class")
    missing = drawn[numbers == CLASSES - 1]
    must(torch.equal(missing, otherwise[: len(missing)]), f"{name} must be the one without where no code had the class")
    must(not any(True for _ in module.parameters()), f"{name} must keep what it learns in buffers")
    other.load_state_dict(module.state_dict())
    same = torch.equal(other(noise, uniform, classes, otherwise), drawn)
    must(same, f"{name} must give the same numbers when its state is loaded")
