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
from valp.score.rows.prediction_rows import Accuracy, LabelAccuracy, MeanSquared, RSquared
from valp.score.score import ABSENT, GraphScore, OutputScore, Score, ScoredOutput
from valp.score.subject import Generated, Predicted, Subject

SCORES: PluginTable[Score] = PluginTable(
    "valp.scores",
    Score,
    (
        Accuracy(),
        LabelAccuracy(),
        MeanSquared(),
        RSquared(),
        EntropyTimesCoverage(),
        Entropy(),
        Coverage(),
        Density(),
        Diversity(),
        Spread(),
        ConditioningAccuracy(),
        Copying(),
        Memorising(),
        Parameters(),
        Latency(),
        InferencesPerSecond(),
    ),
)
"""The scores by code. By default, a search optimises the first score that applies to an output."""

__all__ = [
    "ABSENT",
    "SCORES",
    "Generated",
    "GraphScore",
    "OutputScore",
    "Predicted",
    "Score",
    "ScoredOutput",
    "Subject",
]
