"""`Manifest`: what is known about a trained VALP besides its weights."""

from typing import Literal

from pydantic import Field

from valp.graph.graph import Frozen, Graph
from valp.model.preprocessing import Preprocessing
from valp.plan.plan import Protocol


class Manifest(Frozen):
    """The description of a model.

    Attributes:
        problem: the name of the problem that it was trained on.
        title: one line about the problem.
        graph: the VALP.
        preprocessing: what turns raw data into its tensors and back.
        shares: for inputs and outputs with one class per row, the shares of the classes in the training split. Samples
            are asked for by such a class as often, if it is not given.
        scores: by split, then by name.
        errors: the standard errors of the scores, by split, then by name. One that is not known is absent.
        protocol: the mode in which its predictions were scored.
        training: how it was trained, in words and numbers.
        fingerprint: that of the problem and its data; empty in bundles of earlier versions.
        checksum: SHA-256 of the weights file of its bundle.
    """

    schema_version: Literal[1] = 1
    problem: str
    title: str
    graph: Graph
    preprocessing: Preprocessing
    shares: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    scores: dict[str, dict[str, float]] = Field(default_factory=dict)
    errors: dict[str, dict[str, float]] = Field(default_factory=dict)
    protocol: Protocol = "predict"
    training: dict[str, str | int | float] = Field(default_factory=dict)
    fingerprint: str = ""
    checksum: str = ""
