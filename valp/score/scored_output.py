"""What scores need to know about an output before training."""

from dataclasses import dataclass

from valp.graph.graph import DataType


@dataclass(frozen=True)
class ScoredOutput:
    """What scores need to know about an output before training.

    Attributes:
        name: the name of the output.
        type: what its values mean; for a user's own type, the type that it is like.
        size: the number of variables, or of classes.
        labels: whether a Discrete output has `size` yes/no labels per row instead of one class.
        own: the code of the user's own type, if it has one.
        judged: for a Samples output, the number of classes that its judge distinguishes; None without a judge.
        drawn: whether it is generated as rows of a table: draws from the likelihood. Pictures are its means.
        variance: for a Numeric or Features output, the variance in the training split, averaged over the variables.
    """

    name: str
    type: DataType
    size: int
    labels: bool = False
    own: str | None = None
    judged: int | None = None
    drawn: bool = False
    variance: float | None = None
