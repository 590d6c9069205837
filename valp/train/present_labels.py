"""`PresentLabels`: which loss terms have a label in a batch."""

from collections.abc import Mapping

import torch
from torch import Tensor

from valp.plan.plan import Plan


class PresentLabels:
    """Finds for each loss term whether a batch has any label of its output.

    Args:
        plan: the plan with the loss terms.
        weights: by output, the weights of the labels, as in `valp.train.fit.fit`.
    """

    def __init__(self, plan: Plan, weights: Mapping[str, Tensor]) -> None:
        self._count = len(plan.terms)
        truths = {number: term.truth for number, term in enumerate(plan.losses) if term.truth in weights}
        labelled = {
            truth: (weights[truth].reshape(len(weights[truth]), -1) > 0).any(1) for truth in set(truths.values())
        }
        self._labelled = {number: labelled[truth] for number, truth in truths.items()}

    def __call__(self, rows: Tensor) -> Tensor:
        """(…, K) booleans for the batches of examples `rows`, (…, batch): whether any label has a positive weight."""
        present = torch.ones(*rows.shape[:-1], self._count, dtype=torch.bool, device=rows.device)
        for number, labelled in self._labelled.items():
            present[..., number] = labelled[rows].any(-1)
        return present
