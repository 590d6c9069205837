"""Pictures show everything that a reader needs, for broken graphs too."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.valp.graphs import any_graphs, decoders, figure_2, numeric, replaced, wired, with_part
from valp.draw.appearance import DEFAULT_LOOKS, TYPE_COLOURS, UNKNOWN_LOOK, WRONG, look_of
from valp.draw.draw import draw, draw_svg
from valp.draw.picture_size import layers_crossed
from valp.errors import FileError, SettingError
from valp.graph.graph import (
    Connection,
    Convolution,
    DataType,
    Dense,
    Graph,
    Loss,
    PrimaryNetwork,
    Recurrent,
    Role,
    TransposedConvolution,
)
from valp.parts.kinds import KINDS
from valp.parts.look import Look
from valp.parts.losses import LOSSES

ROOT = Path(__file__).parents[3]
SVG = "{http://www.w3.org/2000/svg}"


def groups(svg):
    """The drawn nodes and edges by title: what is written there, and the attributes of all their shapes."""
    root = ElementTree.fromstring(svg)
    found = {}
    for group in root.iter(f"{SVG}g"):
        title = group.find(f"{SVG}title")
        if title is not None and group.get("class") in ("node", "edge"):
            text = " ".join("".join(node.itertext()).strip() for node in group.iter(f"{SVG}text"))
            attributes = [dict(node.attrib) for node in group.iter() if node.tag != f"{SVG}text"]
            found.setdefault(title.text, []).append((" ".join(text.replace("\xa0", " ").split()), attributes))
    return found


def legend(svg):
    root = ElementTree.fromstring(svg)
    (board,) = [group for group in root.iter(f"{SVG}g") if group.get("class") == "graph"]
    return [("".join(node.itertext())).replace("\xa0", " ").strip() for node in board.findall(f"{SVG}text")]


def broken():
    """Figure 2 with unknown names, an unknown kind, combiner and loss, a name used twice and a cycle."""
    graph = figure_2()
    strange = PrimaryNetwork(name="n0", kind='<&">\x00', combiner="zip", output=numeric(3))
    graph = with_part(graph, "networks", 1, kind="mystery", combiner="zip")
    return replaced(
        graph,
        networks=(*graph.networks, strange),
        connections=(
            *graph.connections,
            Connection(source="ghost", target="n3"),
            Connection(source="n3", target="n1", indices=()),
            Connection(source="n3", target="n3"),
            Connection(source="o1", target="nowhere"),
        ),
        losses=(*graph.losses, Loss(kind="hinge", prediction="nobody", truth="nothing")),
    )


@pytest.mark.parametrize(("suffix", "magic"), [(".svg", b"<?xml"), (".PNG", b"\x89PNG"), (".png", b"\x89PNG")])
@pytest.mark.parametrize("graph", [figure_2(), broken()], ids=["whole", "broken"])
def test_a_picture_is_written_by_its_suffix(tmp_path, suffix, magic, graph):
    path = tmp_path / f"graph{suffix}"
    path.write_text("an older picture")
    assert draw(graph, path, title="A & B") == path
    assert path.read_bytes().startswith(magic)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["graph.pdf", "graph", "svg"])
def test_an_unknown_suffix_is_refused(tmp_path, name):
    with pytest.raises(SettingError, match=r"must be \.svg or \.png, but got"):
        draw(figure_2(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_path_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=r"graph\.svg cannot be written"):
        draw(figure_2(), tmp_path / "file" / "graph.svg")


def test_every_component_is_drawn_with_its_description():
    drawn = groups(draw_svg(figure_2()))
    text = {name: drawn[name][0][0] for name in ("i0", "n0", "n1", "n2", "n3", "n4", "o0", "o1", "o2")}
    assert text == {
        "i0": "i0 Numeric 10",
        "n0": "n0 Generic MLP 8 relu Numeric 7 β 0.5 · kl",
        "n1": "n1 ζ Generic MLP 9 tanh Numeric 6",
        "n2": "n2 Discretizer 5 elu Discrete 3 β 1 · cross_entropy to o2",
        "n3": "n3 Generic MLP 4 softplus Numeric 1 β 0.9 · mse to o1",
        "n4": "n4 Decoder 6·7 relu Samples 5 β 0.8 · gaussian to o0",
        "o0": "o0 Samples 5",
        "o1": "o1 Numeric 1",
        "o2": "o2 Discrete 3",
    }


def test_hidden_layers_of_several_activations_are_listed_one_by_one():
    layers = (Dense(units=20, activation="softplus"), Dense(units=30, activation="softsign"), Dense(units=4))
    svg = draw_svg(with_part(figure_2(), "networks", 1, layers=layers))
    assert groups(svg)["n1"][0][0] == "n1 ζ Generic MLP 20 softplus · 30 softsign · 4 relu Numeric 6"


def test_layers_of_every_form_are_described():
    layers = {
        "c": (
            Convolution(channels=8, pool=(2, 2)),
            Convolution(channels=4, kernel=(3, 5), stride=(2, 2), padding=(1, 2), activation="tanh", normalise=True),
        ),
        "t": (TransposedConvolution(channels=8), TransposedConvolution(channels=1, stride=(1, 1))),
        "r": (Recurrent(units=16), Recurrent(units=9, cell="lstm", normalise=True)),
    }
    said = {
        "c": "8@3 /2 relu · 4@3×5 :2 tanh norm",
        "t": "8@4 ×2·1@4 relu",
        "r": "16 gru · 9 lstm norm",
    }
    for kind, changed in layers.items():
        svg = draw_svg(with_part(figure_2(), "networks", 1, kind=kind, layers=changed))
        assert f"{KINDS[kind].title} {said[kind]}" in groups(svg)["n1"][0][0]


def test_arrows_show_how_many_variables_they_transport():
    drawn = groups(draw_svg(figure_2()))
    sizes = {name: found[0][0] for name, found in drawn.items() if "->" in name}
    assert sizes == {
        "i0->n0": "5 of 10",
        "i0->n1": "10",
        "n0->n1": "7",
        "n0->n4": "7 → z 3",
        "n1->n3": "6",
        "n3->n2": "1",
        "n4->o0": "5",
        "n3->o1": "1",
        "n2->o2": "3",
    }


def dashes(drawn, name):
    return {a["stroke-dasharray"] for a in drawn[name][0][1] if "stroke-dasharray" in a}


def test_latent_arrows_are_dotted_and_conditions_dashed():
    drawn = groups(draw_svg(decoders("addition")))
    assert dashes(drawn, "a->d") == {"1,5"}
    assert dashes(drawn, "i0->d") == {"5,2"}
    assert dashes(drawn, "i0->a") == set()
    assert "Λ" in drawn["d"][0][0]


def test_lines_have_the_colour_of_their_type():
    drawn = groups(draw_svg(figure_2()))
    for name, type_ in {"i0": "numeric", "n2": "discrete", "n2->o2": "discrete", "n4->o0": "samples"}.items():
        strokes = {a["stroke"].upper() for a in drawn[name][0][1] if a.get("stroke", "none") != "none"}
        assert strokes == {TYPE_COLOURS[DataType(type_)]}


def test_types_and_kinds_look_different():
    assert set(TYPE_COLOURS) == set(DataType)
    assert len(set(TYPE_COLOURS.values())) == len(DataType)
    assert len({look_of(code) for code in KINDS}) == len(KINDS)


def test_every_built_in_kind_has_a_look():
    assert all(look_of(code) is kind.look for code, kind in KINDS.items())
    assert look_of("nobody") == UNKNOWN_LOOK


def added(monkeypatch, code, **fields):
    """A kind of another package in the table."""
    kind = type("New", (type(KINDS["g"]),), {"code": code, "title": f"New {code}"} | fields)()
    monkeypatch.setitem(KINDS.rows, code, kind)


def test_a_new_kind_without_a_look_is_drawn_unlike_all_others(monkeypatch):
    for code in ("v", "w"):
        added(monkeypatch, code, look=None)
    assert [look_of("v"), look_of("w")] == [*DEFAULT_LOOKS[:2]]
    assert len({look_of(code) for code in KINDS}) == len(KINDS)
    svg = draw_svg(with_part(figure_2(), "networks", 1, kind="v"))
    assert "New v" in groups(svg)["n1"][0][0]
    assert "New v" in legend(svg)


def test_a_new_kind_is_drawn_with_its_look(monkeypatch):
    added(monkeypatch, "v", look=Look("hexagon", "#123456"))
    svg = draw_svg(with_part(figure_2(), "networks", 1, kind="v"))
    (_, attributes) = groups(svg)["n1"][0]
    assert "#123456" in {a.get("fill") for a in attributes}
    assert "#123456" in svg.split("New v")[-2]  # in the legend as well


@pytest.mark.parametrize("fill", ["red", "#12345", "", "#12345g", "#123456 "])
def test_a_fill_that_is_not_a_colour_is_refused(fill):
    with pytest.raises(SettingError, match=f"the fill of a look must be a colour #rrggbb, but got {fill!r}"):
        Look("box", fill)


def test_the_legend_explains_only_what_the_picture_shows():
    assert legend(draw_svg(figure_2())) == [
        "fill and shape", "colour of lines", "arrows", "where several meet",
        "Generic MLP", "Numeric", "data", "ζ", "concatenation",
        "Discretizer", "Discrete", "latent: μ and log σ² of z; cut when generating",
        "Decoder", "Samples",
    ]  # fmt: skip


def test_the_picture_shows_its_title():
    assert "candidate 7 &lt;best&gt;" in draw_svg(figure_2(), title="candidate 7 <best>")


def test_unknown_parts_are_red():
    drawn = groups(draw_svg(broken()))
    for name in ("ghost", "nowhere", "nobody", "nothing"):
        assert "unknown" in drawn[name][0][0]
        assert WRONG in {a.get("stroke", "").upper() for a in drawn[name][0][1]}
    assert "mystery?" in drawn["n1"][0][0]
    assert "zip?" in drawn["n1"][0][0]
    assert "hinge to nothing?" in drawn["nobody"][0][0]
    assert "name used again" in drawn["n0 again"][0][0]
    assert drawn["ghost->n3"][0][0] == "all"
    assert drawn["n3->n1"][0][0] == "0 of 1"


def test_an_empty_graph_can_be_drawn():
    assert "<svg" in draw_svg(Graph(inputs=(), networks=(), outputs=(), connections=(), losses=()))


def test_parallel_connections_are_both_drawn():
    graph = wired(
        [("a", "g", numeric(4), "concatenation")],
        [("i0", "a", Role.DATA, (0,)), ("i0", "a", Role.DATA, (1, 2)), ("a", "o0")],
        [("o0", numeric(4))],
        [(next(iter(LOSSES)), "o0", "o0")],
    )
    assert sorted(text for text, _ in groups(draw_svg(graph))["i0->a"]) == ["1 of 6", "2 of 6"]


@settings(max_examples=40, deadline=None)
@given(any_graphs())
def test_any_graph_can_be_drawn(graph):
    drawn = groups(draw_svg(graph))
    assert {component.name for component in graph.components} <= drawn.keys()
    assert sum(len(found) for name, found in drawn.items() if "->" in name) == len(graph.connections)


def test_several_threads_draw_the_same_as_one():
    graphs = [figure_2(), decoders("addition"), broken()] * 4
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(draw_svg, graphs)) == [draw_svg(graph) for graph in graphs]


SAID = """
from tests.stderr import targets_during
from tests.valp.graphs import figure_2
from valp.draw.draw import draw_svg
from valp.draw.fonts import load_fonts

load_fonts()
print(targets_during(lambda: [draw_svg(figure_2()) for _ in range(50)]))
"""


def test_only_the_first_picture_of_a_process_redirects_its_stderr():
    outcome = subprocess.run([sys.executable, "-c", SAID], capture_output=True, text=True, cwd=ROOT)
    assert (outcome.stdout, outcome.stderr) == ("1\n", "")


def chain(networks):
    """Networks in a row, each of which reads the one before."""
    names = ["i0", *(f"n{i}" for i in range(networks)), "o"]
    return wired(
        [(name, "g", numeric(2), "concatenation") for name in names[1:-1]],
        list(pairwise(names)),
        [("o", numeric(2))],
        [("mse", "o", "o")],
    )


def test_the_layers_that_connections_cross_are_counted():
    assert layers_crossed(figure_2()) == 10
    long = replaced(chain(9), connections=(*chain(9).connections, Connection(source="n0", target="n8")))
    assert layers_crossed(long) == 10 + 8
    circle = replaced(figure_2(), connections=(*figure_2().connections, Connection(source="n3", target="n1")))
    assert layers_crossed(circle) > 10


@pytest.mark.parametrize("graph", [chain(1000), replaced(chain(60), connections=chain(60).connections * 30)])
def test_a_graph_that_would_take_minutes_to_draw_is_refused_and_its_picture_is_a_sentence(graph, tmp_path):
    with pytest.raises(SettingError, match="a picture shows at most 1,000") as error:
        draw(graph, tmp_path / "long.svg")
    drawn = " ".join(ElementTree.fromstring(draw_svg(graph)).itertext())
    assert " ".join(drawn.split()).endswith(str(error.value))


def test_connections_that_cross_too_many_layers_are_refused(tmp_path):
    ends = [(f"n{i}", f"n{i + 50}") for i in range(40)]
    graph = chain(100)
    skips = tuple(Connection(source=source, target=target) for source, target in ends)
    with pytest.raises(SettingError, match="cross at most 1,000 layers in all, but those of the graph cross 2,101"):
        draw(replaced(graph, connections=(*graph.connections, *skips)), tmp_path / "skips.svg")
