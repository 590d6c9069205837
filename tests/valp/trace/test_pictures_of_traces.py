"""Pictures of traces: the graph with its conflicts, and the curves over the steps."""

import re
from html import unescape

import numpy as np
import pytest

from tests.valp.graphs import replaced
from tests.valp.trace.traced import opposed, recorded
from valp.errors import SettingError
from valp.trace.conflict_picture import LEVELS, conflicts_svg, draw_conflicts, fill_of_angle, letter
from valp.trace.thinned import curves_of, points_of, shared_groups, thinned
from valp.trace.trace_figure import draw_trace

GREY, ORANGE, BLUE = (fill for _, fill, _ in (LEVELS[2], LEVELS[4], LEVELS[0]))


@pytest.fixture(scope="module")
def opposite():
    graph, data = opposed()
    return recorded(graph=graph, data=data, steps=5)[0]


@pytest.fixture(scope="module")
def central():
    return recorded("central", steps=7)[0]


def cells_of(svg):
    """The fill and the text of each cell in a picture."""
    found = re.findall(r'<polygon fill="(#\w+)" stroke="none"[^>]*/>\s*<text[^>]*>([^<]*)</text>', svg)
    return [(fill.upper(), unescape(text)) for fill, text in found if text.endswith("°")]


def test_opposite_losses_are_orange_and_losses_that_agree_are_blue(opposite):
    cells = dict(cells_of(conflicts_svg(opposite)))
    angles = {one.losses: one.angle for one in opposite.conflicts}
    assert cells[ORANGE] in (f"{angles[0, 1]:.0f}°", f"{angles[1, 2]:.0f}°")
    assert cells[BLUE] == f"{angles[0, 2]:.0f}°"
    assert len(cells_of(conflicts_svg(opposite))) == 3


def test_each_pair_of_losses_has_a_cell_in_each_network_that_both_reach(central):
    assert len(cells_of(conflicts_svg(central))) == len(central.conflicts) == 6 + 1 + 1


def test_the_legend_names_losses_and_angles_and_networks_of_one_loss_say_so(central, tmp_path):
    path = draw_conflicts(central, tmp_path / "c.svg", title="a <title>")
    text = " ".join(unescape(part) for part in re.findall(r">([^<>]+)</text>", path.read_text()))
    for said in ("mse of n3 to o1", "KL of n0", "pull against each other", "only A", "only C", "a <title>"):
        assert said in text.replace("\xa0", " ").replace("only  ", "only "), said


def test_every_angle_has_a_fill():
    assert [fill_of_angle(angle) for angle in (0, 90, 180)] == [BLUE, GREY, ORANGE]
    assert [letter(i) for i in (0, 25, 26, 53)] == ["A", "Z", "A2", "B3"]


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_curves_are_drawn(central, suffix, tmp_path):
    content = draw_trace(central, tmp_path / f"t.{suffix}").read_bytes()
    assert content.startswith(b"\x89PNG" if suffix == "png" else b"<?xml")
    assert len(content) > 5000


def test_points_are_means_of_records_and_leave_out_what_is_absent():
    values = np.array([[1.0, np.nan], [3.0, 5.0], [5.0, np.nan], [7.0, np.nan], [9.0, np.nan]])
    points = [slice(0, 2), slice(2, 4), slice(4, 6)]
    assert np.array_equal(thinned(values, points), [[2, 5], [6, np.nan], [9, np.nan]], equal_nan=True)


def test_the_curves_of_a_group_are_those_of_the_trace(central):
    assert len(points_of(central, 3)) == 3
    first = shared_groups(central)[0]
    curves = curves_of(central, first, 100)
    i, j = curves.pairs[0]
    assert curves.between[:, 0] == pytest.approx(central.angles[:, first, i, j])
    losses = list(central.groups[first].losses)
    assert curves.lengths == pytest.approx(central.factors[:, losses] * central.norms[:, first, losses])
    assert curves.between.mean(0).tolist() == sorted(curves.between.mean(0), reverse=True)


def test_a_trace_without_shared_networks_and_another_suffix_are_refused_in_one_sentence(central, tmp_path):
    for made in (draw_trace, draw_conflicts):
        with pytest.raises(SettingError, match=r"^a picture's suffix must be \.svg or \.png, but got 't\.pdf'$"):
            made(central, tmp_path / "t.pdf")
    graph, (inputs, truths) = opposed()
    single = replaced(graph, outputs=graph.outputs[:1], connections=graph.connections[:2], losses=graph.losses[:1])
    trace, _ = recorded(graph=single, data=(inputs, {"up": truths["up"]}), steps=1)
    with pytest.raises(SettingError, match=r"^a trace is drawn for networks that several losses reach, but this graph"):
        draw_trace(trace, tmp_path / "t.svg")
    assert cells_of(conflicts_svg(trace)) == []
