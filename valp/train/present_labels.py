"""`PresentLabels`: which loss terms have a label in a batch."""

from collections.abc import Mapping

import torch
from torch import Tensor

from valp.parts.losses import LOSSES
from valp.plan.plan import Plan


class PresentLabels:
    """Finds for each loss term whether a batch has any label that counts for it.

    A loss of rows leaves out a row that lacks any of its labels; see `LossKind.__call__`.

    Args:
        plan: the plan with the loss terms.
        weights: by output, the weights of the labels, as in `valp.train.fit.fit`.
    """

    def __init__(self, plan: Plan, weights: Mapping[str, Tensor]) -> None:
        self._count = len(plan.terms)
        kinds = {
            number: (term.truth, LOSSES[term.kind].of_rows)
            for number, term in enumerate(plan.losses)
            if term.truth in weights
        }
        labelled = {kind: _labelled(weights[kind[0]], whole=kind[1]) for kind in set(kinds.values())}
        self._labelled = {number: labelled[kind] for number, kind in kinds.items()}

    def __call__(self, rows: Tensor) -> Tensor:
        """(…, K) booleans for the batches of examples `rows`, (…, batch): whether any label has a positive weight."""
        present = torch.ones(*rows.shape[:-1], self._count, dtype=torch.bool, device=rows.device)
        for number, labelled in self._labelled.items():
            present[..., number] = labelled[rows].any(-1)
        return present


def _labelled(weights: Tensor, *, whole: bool) -> Tensor:
    """(n,) booleans: the rows with a label of positive weight, or with no other label if they must be whole."""
    positive = weights.reshape(len(weights), -1) > 0
    return positive.all(1) if whole else positive.any(1)
