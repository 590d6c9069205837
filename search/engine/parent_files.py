"""What a candidate inherits, as the driver reads it from the folder of a parent, wherever the candidate is trained."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from valp.compile.compile import compile
from valp.compile.module import VALPModule
from valp.errors import FileError
from valp.files import parse_model, read_bytes
from valp.graph.graph import Graph
from valp.search.engine.fault import UnreadableParentError
from valp.search.run.folder import CANDIDATE, WEIGHTS, parse_weights, read_weights_file
from valp.spaces.candidate import Candidate
from valp.train.inherit import Parent

DAMAGED = "the weights of its parent cannot be read"


@dataclass(frozen=True)
class ParentFiles:
    """The contents of two files of a parent.

    Attributes:
        path: the folder of the parent, for messages. It may be that of another machine.
        candidate: the content of the file with the candidate.
        weights: the content of the file with its weights.
    """

    path: Path
    candidate: bytes
    weights: bytes

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.candidate) + len(self.weights)

    def parent(self) -> Parent:
        """The graph and the weights.

        Raises:
            UnreadableParentError: if a file is damaged.
        """
        try:
            candidate = parse_model(Candidate, self.candidate, str(self.path / CANDIDATE))
            weights = parse_weights(self.weights, self.path / WEIGHTS)
            module_with(candidate.graph, weights, self.path)
        except FileError as error:
            raise UnreadableParentError(f"{DAMAGED}: {error}") from error
        return Parent(candidate.graph, weights)


def module_with(graph: Graph, weights: dict[str, Tensor], path: Path) -> VALPModule:
    """A graph's module with weights that were read from a folder.

    Raises:
        FileError: if they are not the weights of this graph.
    """
    module = compile(graph, seed=0)
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise FileError(f"{path / WEIGHTS} is damaged: it has the weights of another graph") from error
    return module


def read_parent_files(path: Path) -> ParentFiles:
    """Reads the files of a parent from its folder, without parsing them.

    Raises:
        UnreadableParentError: if one cannot be read.
    """
    try:
        return ParentFiles(path, read_bytes(path / CANDIDATE), read_weights_file(path))
    except FileError as error:
        raise UnreadableParentError(f"{DAMAGED}: {error}") from error
