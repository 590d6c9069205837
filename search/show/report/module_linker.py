"""Links the JavaScript modules of `templates` into one module for the page.

A page that is opened from a file cannot load modules from other files, so it contains all of them as one inline module.
The modules import only by name, and their top-level names are unique. So their bodies can be joined, each after those
that it imports from, without a change of meaning.
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
    """A parsed module.

    Attributes:
        imports: the names that it imports, by the module that they come from.
        exports: the names that it exports.
        names: all its top-level names.
        body: its statements, without comments, imports and the word `export`.
    """

    imports: dict[str, tuple[str, ...]]
    exports: frozenset[str]
    names: tuple[str, ...]
    body: str


def linked(entry: str, read: Callable[[str], str]) -> str:
    """Links a module and all modules that it imports into the text of one module.

    Args:
        entry: the name of the module that starts the page.
        read: returns the text of a module by its name.

    Raises:
        AssertionError: if a module imports a name that is not exported, if modules import each other in a circle, if
            two modules have the same top-level name, or if a form of import or export is not supported here.
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
    """Parses a module.

    Raises:
        AssertionError: if a form of import, export or top-level declaration is not supported here.
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
    """A module and all modules that it needs, each after those that it imports, as a browser would run them.

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
