"""The page's script: the modules of `templates`, linked into one.

A page that opens from a file cannot load modules from other files, so it holds all of them as one inline module.
They import by name from each other, and top-level names are unique among them. So the bodies, in the order in which
they need each other, mean together what they mean apart.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+)\.js";\n', re.MULTILINE)
DECLARATION = re.compile(r"^(export )?(?:async )?(?:function|const|let|class) ([\w$]+)", re.MULTILINE)
COMMENT = re.compile(
    r"^[ \t]*/\*(?:(?!\*/).)*\*/[ \t]*\n|^[ \t]*//[^\n]*\n|/\*\* @type [^\n]*? \*/ ?", re.MULTILINE | re.DOTALL
)
OTHER = re.compile(r"^(?:import|export)\b[^\n]*|\bimport\(|^(?:const|let|var) [\[{][^\n]*", re.MULTILINE)


@dataclass(frozen=True)
class ScriptModule:
    """A module.

    Attributes:
        imports: by the name of the module they come from, the names that it imports.
        exports: the names that it exports.
        names: all its top-level names.
        body: its statements, without comments, imports and the word `export`.
    """

    imports: dict[str, tuple[str, ...]]
    exports: frozenset[str]
    names: tuple[str, ...]
    body: str


def linked(entry: str, read: Callable[[str], str]) -> str:
    """The text of one module that does what `entry` and all that it imports do.

    Args:
        entry: the name of the module that starts the page.
        read: gives the text of a module by its name.

    Raises:
        AssertionError: if a module imports what another does not export, if modules import each other in a circle, if
            two have the same top-level name, or if one uses a form of import or export that is not handled here.
    """
    modules = ordered(entry, lambda name: parsed(name, read(name)))
    owners: dict[str, str] = {}
    for name, module in modules.items():
        for source, wanted in module.imports.items():
            absent = set(wanted) - modules[source].exports
            if absent:
                raise AssertionError(f"{name}.js imports {sorted(absent)}, which {source}.js does not export")
        for declared in module.names:
            if owners.setdefault(declared, name) != name:
                raise AssertionError(f"{name}.js and {owners[declared]}.js both declare {declared}")
    return "\n".join(module.body for module in modules.values())


def parsed(name: str, text: str) -> ScriptModule:
    """A module from its text.

    Raises:
        AssertionError: for a form of import or export, or of a top-level declaration, that is not handled here.
    """
    body = COMMENT.sub("", text)
    found = [(source, tuple(filter(None, re.split(r"[,\s]+", names)))) for names, source in IMPORT.findall(body)]
    body = IMPORT.sub("", body)
    declared = [(bool(exported), word) for exported, word in DECLARATION.findall(body)]
    body = DECLARATION.sub(lambda match: match[0].removeprefix("export "), body)
    other = OTHER.search(body)
    if other or any(word == "as" for _, words in found for word in words):
        raise AssertionError(f"{name}.js has {other[0]!r}" if other else f"{name}.js renames what it imports")
    return ScriptModule(
        imports=dict(found),
        exports=frozenset(word for exported, word in declared if exported),
        names=tuple(word for _, word in declared),
        body=body.strip(),
    )


def ordered(entry: str, module: Callable[[str], ScriptModule]) -> dict[str, ScriptModule]:
    """A module and all that it needs, each after what it imports: the order in which a browser runs them.

    Raises:
        AssertionError: if modules import each other in a circle.
    """
    found: dict[str, ScriptModule] = {}

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            raise AssertionError(f"modules import each other in a circle: {' → '.join([*way, name])}")
        if name in found:
            return
        made = module(name)
        for source in made.imports:
            visit(source, (*way, name))
        found[name] = made

    visit(entry, ())
    return found
