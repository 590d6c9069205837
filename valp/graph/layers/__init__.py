"""The forms of layer: one file and one row each.

A layer is a frozen value. Its class defines its fields, the shape it makes and the operation it becomes.
"""

from valp.graph.layers.convolution import Convolution
from valp.graph.layers.dense import Dense
from valp.graph.layers.layer import HasActivation, HasInitializer, HasNormalisation, Layer, Site
from valp.graph.layers.layer_table import LAYERS, AnyLayer
from valp.graph.layers.module_layer import ModuleLayer
from valp.graph.layers.recurrent_layer import Recurrent
from valp.graph.layers.transposed_convolution import TransposedConvolution

__all__ = [
    "LAYERS",
    "AnyLayer",
    "Convolution",
    "Dense",
    "HasActivation",
    "HasInitializer",
    "HasNormalisation",
    "Layer",
    "ModuleLayer",
    "Recurrent",
    "Site",
    "TransposedConvolution",
]
