"""The picture of a graph for the page: a small SVG in the page's colours, with attributes that name its parts."""

import re
from html import unescape
from itertools import groupby, pairwise
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import networkx as nx

from valp.draw.appearance import FAINT, TEXT
from valp.draw.draw import draw_svg
from valp.draw.marks import Marks
from valp.graph.graph import DataType, Graph, unit_of
from valp.search.show.report.page_colours import fill_of, line_of

COLOURS = {TEXT.lower(): "var(--ink)", FAINT.lower(): "var(--muted)", "#ffffff": "var(--paper)", "white": "none"}
"""The page's colours that replace the common colours of `valp.draw`."""

SVG = "http://www.w3.org/2000/svg"
PLACES = {"x", "y", "cx", "cy", "rx", "ry", "points", "d", "transform", "viewBox", "font-size"}
"""The attributes whose numbers are rounded."""

NUMBER = re.compile(r"-?\d+\.\d+")
DROPPED = ("width", "height", "id", "font-family", "{http://www.w3.org/XML/1998/namespace}space")


def compact_svg(graph: Graph, marks: Marks | None = None) -> str:
    """The SVG of a graph, without legend, fonts and size; `marks` are what it shows besides the graph.

    A node has the attribute `data-node`, an edge `data-from` and `data-to`. The lines of a node's text are centred, so
    that they fit any font, and so is the text of a cell of a table.
    """
    used = [fill_of(network.kind) for network in graph.networks]
    used += [line_of(unit_of(component).type) for component in graph.components]
    colours = COLOURS | {colour.light.lower(): colour.variable for colour in used}
    ElementTree.register_namespace("", SVG)
    root = ElementTree.fromstring(draw_svg(graph, legend=False, marks=marks or Marks()))
    for group in root.iter(f"{{{SVG}}}g"):
        _name(group)
        if group.get("class") == "node":
            _centre(group)
    for element in root.iter():
        for name in DROPPED:
            element.attrib.pop(name, None)
        for name in ("fill", "stroke"):
            if name in element.attrib:
                element.set(name, colours.get(element.attrib[name].lower(), element.attrib[name]))
        for name in PLACES & element.attrib.keys():
            element.set(name, NUMBER.sub(lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), element.attrib[name]))
    text = ElementTree.tostring(root, encoding="unicode")
    return re.sub(r">\n+<", "><", text)


def _name(group: Element) -> None:
    """Replaces the title of a node or an edge by attributes, because browsers would show the title as a tip."""
    title = group.find(f"{{{SVG}}}title")
    if title is None:
        return
    group.remove(title)
    if group.get("class") == "node":
        group.set("data-node", unescape(title.text or ""))
    elif group.get("class") == "edge":
        source, _, target = unescape(title.text or "").partition("->")
        group.set("data-from", source)
        group.set("data-to", target)


def _centre(node: Element) -> None:
    """Joins the texts of each line of a node, and centres the line on the node's first shape, and cells' texts on them.

    Graphviz draws the fill of a cell just before its text.
    """
    texts = []
    for shape, text in pairwise(node):
        if text.tag == f"{{{SVG}}}text":
            if shape.tag == f"{{{SVG}}}polygon" and shape.get("stroke") == "none":
                text.set("x", f"{_middle(shape):.2f}")
                text.set("text-anchor", "middle")
            else:
                texts.append(text)
    middle = _middle(node[0])
    for _, line in groupby(texts, key=lambda text: text.get("y")):
        first, *others = list(line)
        first.set("x", f"{middle:.2f}")
        first.set("text-anchor", "middle")
        for other in others:
            span = ElementTree.SubElement(first, f"{{{SVG}}}tspan", {"font-weight": other.get("font-weight", "normal")})
            span.text = other.text
            node.remove(other)


def _middle(shape: Element) -> float:
    if "cx" in shape.attrib:
        return float(shape.attrib["cx"])
    drawn = shape.get("points") or shape.get("d") or ""
    xs = [float(x) for x in re.findall(r"(-?[\d.]+),-?[\d.]+", drawn)]
    return (min(xs) + max(xs)) / 2


def conditioning_paths(graph: Graph) -> list[tuple[str, str]]:
    """The connections (source, target) on paths to Samples outputs from inputs and given classes, when it generates."""
    generating = graph.generating_digraph()
    inputs = [model_input.name for model_input in graph.inputs]
    inputs += [name for output in graph.given for name in graph.predictors(output)]
    outputs = [output.name for output in graph.outputs if output.unit.type == DataType.SAMPLES]
    after = set(inputs).union(*(nx.descendants(generating, name) for name in inputs))
    before = set(outputs).union(*(nx.ancestors(generating, name) for name in outputs))
    on_path = after & before
    return [
        (c.source, c.target)
        for c in graph.connections
        if generating.has_edge(c.source, c.target) and c.source in on_path and c.target in on_path
    ]
