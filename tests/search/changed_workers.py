"""Programs that change a module in the workers of Ray, before they import it."""

from textwrap import indent


def changing(name: str, change: str) -> str:
    """The text of a `sitecustomize.py`, which begins every Python of the environment.

    Args:
        name: the module.
        change: Python that changes it once it is loaded, as `module`. It runs in workers only.
    """
    return f"""
import sys
if any("default_worker" in word for word in sys.orig_argv):
    import importlib.abc, importlib.util
    class Changed(importlib.abc.MetaPathFinder):
        def find_spec(self, found, path, target=None):
            if found != {name!r}:
                return None
            sys.meta_path.remove(self)
            spec = importlib.util.find_spec(found)
            load = spec.loader.exec_module
            def changed(module):
                load(module)
{indent(change, " " * 16)}
            spec.loader.exec_module = changed
            return spec
    sys.meta_path.insert(0, Changed())
"""
