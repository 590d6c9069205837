"""A user's own data: a TOML file says which columns of a table are inputs and outputs."""

from spaces.own.draft import draft
from spaces.own.problem import load_own

__all__ = ["draft", "load_own"]
