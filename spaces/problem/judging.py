"""The judges that a problem's generated samples need."""

from collections.abc import Callable

from valp.graph.graph import DataType
from valp.score.judge import Judge
from valp.spaces.problem.judges import Step, judge_for
from valp.spaces.problem.problem import Problem


def judges_of(
    problem: Problem, progress: Callable[[str], None] | None = None, step: Step | None = None
) -> dict[str, Judge]:
    """A judge for each Samples output, trained on the training split with the classes of `Description.judged_by`.

    It learns from the rows that have both a sample and a class. Without a Discrete output to learn from, there are no
    judges.

    Args:
        problem: the problem.
        progress: called with messages.
        step: called with the progress of a judge's training. If it is None, `progress` is called when a training
            starts.
    """
    if problem.judged_by is None:
        return {}
    teacher = problem.columns.output(problem.judged_by)
    generated = [column for column in problem.columns.outputs if column.type is DataType.SAMPLES]
    judges = {}
    for column in generated:
        lessons = problem.train.having(column.name, teacher.name)
        judges[column.name] = judge_for(
            problem.name if len(generated) == 1 else f"{problem.name}-{column.name}",
            problem.fingerprint,
            lessons.truths[column.name],
            lessons.truths[teacher.name],
            column.image or (column.size,),
            teacher.size,
            progress=progress,
            step=step,
        )
    return judges
