"""Writes the report as one HTML file that needs no network."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from valp.files import write_text
from valp.search.run.run import StoredRun
from valp.search.show.report import REPORT
from valp.search.show.report.evidence import evidence_of
from valp.search.show.report.material import Material, gather
from valp.search.show.report.module_linker import linked

TEMPLATES = Path(__file__).parent / "templates"
ENTRY = "start"
"""The module that starts the page; it imports the others."""


def write_report(
    run: StoredRun,
    path: Path | None = None,
    say: Callable[[str], None] = lambda line: None,  # noqa: ARG005
    told: Callable[[], None] = lambda: None,
) -> Path:
    """Writes the report of a run, and returns its path.

    Args:
        run: the run.
        path: the file to write; by default `report.html` in the run's folder.
        say: gets a line when data is loaded, and when something is missing from the page.
        told: called after each of about `material.effort` steps.

    Raises:
        FileError: if the page cannot be written.
    """
    where = path or run.folder.path / REPORT
    evidence = evidence_of(run, say)
    if evidence.missing:
        say(f"the report has no predictions and samples: {evidence.missing}")
    write_text(where, page(gather(run, evidence, told)))
    return where


def page(material: Material) -> str:
    """The HTML of the page."""
    environment = Environment(
        loader=PackageLoader("valp.search.show.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    script = linked(ENTRY, lambda name: (TEMPLATES / f"{name}.js").read_text("utf-8"))
    return environment.get_template("report.html").render(
        summary=material.summary,
        data=_json(material.summary),
        details={number: _json(values) for number, values in material.details.items()},
        style=Markup(environment.get_template("report.css").render(colours=material.colours)),
        script=Markup(script),
        checksum=base64.b64encode(hashlib.sha256(f"\n{script}\n".encode()).digest()).decode(),
    )


def _json(value: Any) -> Markup:
    """JSON that is safe in a script element: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))
