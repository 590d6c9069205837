"""The judge that a problem's generated samples need."""

from collections.abc import Callable

from spaces.judges import judge_for
from spaces.problem import Problem
from valp.graph import DataType
from valp.judge import Judge


def judge_of(problem: Problem, progress: Callable[[str], None] | None = None) -> Judge | None:
    """The judge of the first Samples output, learnt from the training split's classes; None if there is no need of
    one, or no Discrete output to learn from.
    """
    generated = [column for column in problem.columns.outputs if column.type is DataType.SAMPLES]
    if not generated or problem.judged_by is None:
        return None
    column, teacher = generated[0], problem.columns.output(problem.judged_by)
    return judge_for(
        problem.name,
        problem.fingerprint,
        problem.train.truths[column.name],
        problem.train.truths[teacher.name],
        column.image or (column.size,),
        teacher.size,
        progress=progress,
    )
