"""The prior of a variational autoencoder, N(0, I)."""

from typing import TYPE_CHECKING

from valp.parts.priors.prior_kind import PriorKind

if TYPE_CHECKING:
    from valp.parts.priors.fitted_prior import FittedPrior


class StandardNormal(PriorKind):
    """z ~ N(0, I), the prior to which the KL loss pulls the codes (Garciarena et al., eq. 4)."""

    code, title = "normal", "N(0, I)"
    fitted = False

    def build(self, size: int) -> "FittedPrior":
        """Never called, because nothing is fitted."""
        raise NotImplementedError(f"N(0, I) of {size} variables needs no module")
