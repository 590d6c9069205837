"""Scores models as in the paper's experiment, and counts what conditioned samplers draw."""

import torch
from torch import Tensor

from valp.compile.module import VALPModule
from valp.errors import ValpError
from valp.score.generation_scores import conditioning_matrix
from valp.score.judge import Judge
from valp.spaces.problem.sampling import generate
from valp.spaces.problem.scoring import GENERATED, Scorer

Scores = dict[str, float]


class CachingJudge(Judge):
    """A judge that caches its last answer, because a model's samples are first scored, then counted by class."""

    def __init__(self, judge: Judge) -> None:
        super().__init__(judge.config)
        self.load_state_dict(judge.state_dict())
        self.asked, self.answer = b"", (torch.empty(0), torch.empty(0))

    def judge(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """See `Judge.judge`."""
        asked = samples.numpy().tobytes()
        if asked != self.asked:
            self.asked, self.answer = asked, super().judge(samples)
        return self.answer


@torch.inference_mode()
def scored(
    module: VALPModule, scorer: Scorer, predicting: Scorer, *, last: bool
) -> dict[str, Scores | list[int] | str]:
    """The scores on the test split and, at the end of training, more of it; `failure` if it cannot be scored.

    Args:
        module: the model.
        scorer: scores it as in the paper.
        predicting: scores its predictions with all connections kept.
        last: whether it is trained to the end. Then `validation` has the scores on the validation split, `predict`
            those of the predictions with all connections kept, and `labels` the number of samples of each class.
    """
    problem = scorer.problem
    try:
        made: dict[str, Scores | list[int] | str] = {"test": scorer.score(module, problem.test)}
        if last:
            for name, judge in scorer.judges.items():
                if name in module.plan.outputs:
                    samples = generate(module, problem.test, name, GENERATED, scorer.noise_of(problem.test))[0]
                    made["labels"] = torch.bincount(judge.judge(samples)[0], minlength=classes_of(scorer)).tolist()
            made["validation"] = scorer.score(module, problem.validation)
            made["predict"] = predicting.score(module, problem.test)
    except ValpError as error:
        return {"failure": str(error)}
    return made


@torch.inference_mode()
def conditioned(module: VALPModule, scorer: Scorer, output: str, shown: int) -> tuple[Tensor, Tensor]:
    """The judge's classes of conditions and samples, for as many samples as the test split has rows.

    Returns:
        Counts [classes of the condition, classes of the sample], and samples [classes of the condition, shown, size].
        If a class has too few samples, the rest is zeros.
    """
    split, classes, judge = scorer.problem.test, classes_of(scorer), scorer.judges[output]
    samples, rows = generate(module, split, output, len(split), scorer.noise_of(split))
    images = scorer.references.conditions(output, split, rows)
    if images is None:
        raise AssertionError("an input must show what the samples look like")
    conditions, labels = judge.judge(images)[0], judge.judge(samples)[0]
    chosen = torch.zeros(classes, shown, samples.shape[1])
    for label in range(classes):
        of_label = samples[conditions == label][:shown]
        chosen[label, : len(of_label)] = of_label
    return conditioning_matrix(conditions, labels, classes), chosen


def classes_of(scorer: Scorer) -> int:
    """The number of classes of the judges."""
    return scorer.problem.columns.output(scorer.problem.judged_by or "").size
