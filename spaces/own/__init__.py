"""A user's own data: a TOML file says which columns of a table are inputs and outputs."""

from valp.spaces.own.own_problem import load_own
from valp.spaces.own.toml_draft import draft

__all__ = ["draft", "load_own"]
