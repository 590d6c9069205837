"""Scores of a trained VALP: the table of scores, what they are computed from, and the judge of samples.

Another package adds a score by an entry point in `valp.scores` that names an `OutputScore` or a `GraphScore`.
"""

from valp.graph.plugin_table import PluginTable
from valp.score.rows.generation_rows import (
    ConditioningAccuracy,
    Copying,
    Coverage,
    Density,
    Diversity,
    Entropy,
    EntropyTimesCoverage,
    Memorising,
    Spread,
)
from valp.score.rows.graph_rows import InferencesPerSecond, Latency, Parameters
from valp.score.rows.prediction_rows import Accuracy, BalancedAccuracy, LabelAccuracy, MeanSquared, RSquared
from valp.score.rows.robust_rows import (
    JointAccuracy,
    RobustAccuracy,
    RobustError,
    RobustJointAccuracy,
    RobustLabelAccuracy,
    ZeroGradients,
)
from valp.score.rows.table_rows import ColumnDistance, CorrelationDistance, ToldApart
from valp.score.score import ABSENT, GraphScore, OutputScore, Score
from valp.score.score_parameter import ScoreParameter
from valp.score.scored_output import ScoredOutput
from valp.score.subject import Attacked, Generated, Predicted, Subject

SCORES: PluginTable[Score] = PluginTable(
    "valp.scores",
    Score,
    (
        Accuracy(),
        BalancedAccuracy(),
        LabelAccuracy(),
        MeanSquared(),
        RSquared(),
        EntropyTimesCoverage(),
        Entropy(),
        ToldApart(),
        Coverage(),
        Density(),
        Diversity(),
        Spread(),
        ConditioningAccuracy(),
        Copying(),
        Memorising(),
        ColumnDistance(),
        CorrelationDistance(),
        RobustAccuracy(),
        RobustLabelAccuracy(),
        RobustError(),
        ZeroGradients(),
        JointAccuracy(),
        RobustJointAccuracy(),
        Parameters(),
        Latency(),
        InferencesPerSecond(),
    ),
)
"""The scores by code. By default, a search optimises the first score that applies to an output.

An output with class weights is optimised for `balanced_accuracy` instead."""

__all__ = [
    "ABSENT",
    "SCORES",
    "Attacked",
    "Generated",
    "GraphScore",
    "OutputScore",
    "Predicted",
    "Score",
    "ScoreParameter",
    "ScoredOutput",
    "Subject",
]
