"""A form of layer that is a torch module: the shortest way to a form of one's own."""

from abc import abstractmethod
from typing import TYPE_CHECKING

from valp.graph.layers.layer import Layer, Site
from valp.graph.shape import Shape
from valp.plan.operation import Apply, Operation

if TYPE_CHECKING:  # a graph is read without torch
    from torch import nn


class ModuleLayer(Layer):
    """A layer that becomes a torch module of its own."""

    @abstractmethod
    def module(self, shape: Shape) -> "nn.Module":
        """The module for an input of `shape`, its weights drawn from torch's global generator, which is seeded.

        It maps (batch, variables of `shape`) to (batch, variables of `output_shape(shape)`).
        """

    def operation(self, site: Site) -> Operation:
        """The module, applied."""
        return Apply(site.out, (site.source,), site.key, lambda: self.module(site.shape))
