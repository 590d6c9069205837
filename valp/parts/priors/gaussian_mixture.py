"""A mixture of Gaussians as a prior."""

from typing import TYPE_CHECKING

from valp.parts.priors.prior_kind import PriorKind

if TYPE_CHECKING:
    from valp.parts.priors.class_prior import ClassPrior
    from valp.parts.priors.fitted_prior import FittedPrior


class GaussianMixture(PriorKind):
    """z ~ Σ_c w_c N(m_c, S_c), fitted to the codes of training rows after training (ex-post density estimation).

    Codes are seldom distributed as N(0, I), so some draws from N(0, I) lie where the decoder was not trained. The KL
    loss stays the one to N(0, I). Source: Ghosh et al. 2020, arXiv:1903.12436, section 4. The number of Gaussians is
    chosen by the likelihood of codes that the fit has not seen.

    Codes say the class as well, so where the class is given, z is drawn from a mixture that is fitted to the codes of
    this class.
    """

    code, title = "mixture", "a mixture of Gaussians"
    by_class = True

    def build(self, size: int) -> "FittedPrior":
        """See the class."""
        from valp.parts.priors.mixture_module import MixtureModule

        return MixtureModule(size)

    def build_by_class(self, size: int, classes: int) -> "ClassPrior":
        """See the class."""
        from valp.parts.priors.class_mixtures import ClassMixtures

        return ClassMixtures(classes, size)

    def numbers(self, size: int, classes: int = 1) -> int:
        """See `PriorKind`; a mixture for each class."""
        return classes * size * size
