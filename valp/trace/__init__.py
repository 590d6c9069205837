"""Traces of trainings: the losses, and how their gradients pull at each network.

`Recorder` observes a training, and `Trace` holds what it recorded.
"""
