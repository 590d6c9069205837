"""The page's modules become one script that does the same."""

import json
import re
import shutil
import subprocess

import pytest

from valp.search.show.report.module_linker import linked, ordered, parsed
from valp.search.show.report.page import ENTRY, TEMPLATES


def text_of(name):
    return (TEMPLATES / f"{name}.js").read_text("utf-8")


def joined(entry="start", **texts):
    return linked(entry, texts.__getitem__)


def test_every_module_is_linked_once_after_what_it_imports():
    modules = ordered(ENTRY, lambda name: parsed(name, text_of(name)))
    assert set(modules) == {path.stem for path in TEMPLATES.glob("*.js")}
    seen = []
    for name, module in modules.items():
        assert set(module.imports) <= set(seen)
        seen.append(name)


def test_top_level_names_are_unique_and_every_import_is_exported():
    script = linked(ENTRY, text_of)  # raises if not
    assert not re.search(r"^(import|export)\b|/\*", script, re.MULTILINE)


def test_every_export_is_imported_somewhere():
    modules = ordered(ENTRY, lambda name: parsed(name, text_of(name)))
    used = {(source, word) for module in modules.values() for source, words in module.imports.items() for word in words}
    assert used == {(name, word) for name, module in modules.items() for word in module.exports}


def test_the_linked_script_does_what_the_modules_do(tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node, which runs modules as they are")
    texts = {
        "start": 'import { count, grow } from "./state.js";\nimport {\n  two,\n} from "./two.js";\n\n'
        'grow();\ngrow();\n/** @type {any} */ (console).log(JSON.stringify([two(), count, "/* no comment */"]));\n',
        "two": '/* Two. */\nimport { grow } from "./state.js";\n\ngrow();\n/**\n * @param {number} x\n */\n'
        "export const two = () => {\n  // said twice\n  return `${2}`;\n};\n",
        "state": "export let count = 0;\nexport function grow() {\n  count++;\n}\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.js").write_text(text)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "linked.js").write_text(joined(**texts))
    said = [subprocess.check_output([node, tmp_path / name], text=True) for name in ("start.js", "linked.js")]
    assert said[0] == said[1]
    assert json.loads(said[1]) == ["2", 3, "/* no comment */"]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"start": 'import { a } from "./b.js";\n', "b": "const a = 1;\n"}, "b.js does not export"),
        ({"start": 'import { a } from "./b.js";\nlet c;\n', "b": "export const a = 1;\nlet c;\n"}, "both declare c"),
        (
            {"start": 'import { a } from "./b.js";\n', "b": 'import { c } from "./start.js";\nexport const a = 1;\n'},
            "in a circle: start → b → start",
        ),
        ({"start": 'import { a as c } from "./b.js";\n', "b": "export const a = 1;\n"}, "renames"),
        ({"start": 'import a from "./b.js";\n'}, "start.js has 'import a"),
        ({"start": "export default 1;\n"}, "start.js has 'export default"),
        ({"start": "const [a, b] = [1, 2];\n"}, "start.js has 'const"),
        ({"start": 'const a = await import("./b.js");\n'}, "start.js has 'import"),
    ],
    ids=["absent", "twice", "circle", "renamed", "default import", "default export", "pattern", "dynamic"],
)  # fmt: skip
def test_modules_that_cannot_be_linked_are_refused(texts, message):
    with pytest.raises(AssertionError, match=message):
        joined(**texts)
