"""A form of layer that is a torch module: the shortest way to write your own form."""

from abc import abstractmethod
from typing import TYPE_CHECKING

from valp.graph.layers.layer import Layer, Site
from valp.graph.shape import Shape
from valp.plan.operation import Apply, Operation

if TYPE_CHECKING:  # reading a graph must not load torch
    from torch import nn


class ModuleLayer(Layer):
    """A layer that becomes its own torch module."""

    @abstractmethod
    def module(self, shape: Shape) -> "nn.Module":
        """The module for an input of `shape`. It draws its weights from torch's global generator, which is seeded.

        It maps (batch, variables of `shape`) to (batch, variables of `output_shape(shape)`).
        """

    def operation(self, site: Site) -> Operation:
        """Applies the module."""
        return Apply(site.out, (site.source,), site.key, lambda: self.module(site.shape))
