"""The model card: what it says of a manifest, and code that is Python."""

import ast

import pytest

from valp.graph.graph import DataType, Graph, Input, Output, PrimaryNetwork
from valp.model.manifest import Manifest
from valp.model.model_card import MOST_NAMES, card
from valp.model.preprocessing import Column, Preprocessing

RATE = Column(name="rate", type=DataType.NUMERIC, size=6, offset=0.5, scale=16.0)
KIND = Column(name="kind", type=DataType.DISCRETE, size=3, classes=("red", "green", "blue"))


def card_of(inputs=(RATE,), outputs=(KIND,), used=None, networks=("g",), parameters=1234, **described):
    """The card of a graph that has the columns in `used`, by default all; its networks do not matter for the card."""
    seen, learnt = ([one for one in columns if used is None or one.name in used] for columns in (inputs, outputs))
    graph = Graph(
        inputs=tuple(Input(name=one.name, unit=one.unit) for one in seen),
        networks=tuple(PrimaryNetwork(name=f"n{i}", kind=kind, output=KIND.unit) for i, kind in enumerate(networks)),
        outputs=tuple(Output(name=one.name, unit=one.unit) for one in learnt),
        connections=(),
        losses=(),
    )
    manifest = Manifest(
        problem="paint",
        title="the paint of cars",
        graph=graph,
        preprocessing=Preprocessing(inputs=inputs, outputs=outputs),
        **described,
    )
    return card(manifest.model_dump(mode="json"), parameters, "paint.valp")


def code_of(text):
    return text.split("```python\n")[1].split("```")[0]


def line_of(column, role="input"):
    """The line of one column, without its head."""
    text = card_of(**{f"{role}s": (column,)})
    (line,) = [line for line in text.splitlines() if line.startswith(f"- {role} `{column.name}`")]
    return line.partition(": ")[2]


def test_the_head_names_the_problem_and_counts_networks_by_kind_parameters_and_outputs():
    text = card_of(networks=("g", "delta", "g"), outputs=(KIND, Column(name="wave", type=DataType.SAMPLES, size=4)))
    assert text.startswith("# paint: a VALP\n\nthe paint of cars.\n")
    assert "A graph of 3 networks (2 × g, 1 × delta) with 1,234 parameters, which learns 2 outputs at once." in text


def test_a_score_has_a_cell_for_each_split_and_a_dash_where_it_is_absent():
    scores = {"validation": {"accuracy": 0.93754321, "mse": 1234567.0}, "test": {"accuracy": 0.5, "r2": -0.25}}
    assert [line for line in card_of(scores=scores).splitlines() if line.startswith("|")] == [
        "| score | validation | test |",
        "|---|---|---|",
        "| accuracy | 0.9375 | 0.5 |",
        "| mse | 1.235e+06 | – |",
        "| r2 | – | -0.25 |",
    ]


def test_a_score_with_a_standard_error_has_its_confidence_interval():
    scores = {"validation": {"accuracy": 0.9, "mse": 2.0}, "test": {"accuracy": 0.8}}
    text = card_of(scores=scores, errors={"validation": {"accuracy": 0.01}, "test": {"accuracy": 0.1}})
    assert "| accuracy | 0.9 ± 0.02 | 0.8 ± 0.2 |\n| mse | 2 | – |\n\n± is a 95% confidence interval" in text
    assert "±" not in card_of(scores=scores)


def test_sections_without_content_are_left_out():
    assert [line for line in card_of().splitlines() if line.startswith("## ")] == ["## Inputs and outputs", "## Use"]
    text = card_of(scores={"test": {"mse": 1.0}}, training={"steps": 400, "rate": 0.000123456, "kept": "last"})
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Inputs and outputs",
        "## Scores",
        "## Training",
        "## Use",
    ]
    assert "- steps: 400\n- rate: 0.0001235\n- kept: last\n" in text


def test_columns_that_the_graph_does_not_use_are_not_mentioned():
    more = Column(name="other", type=DataType.NUMERIC, size=2)
    text = card_of(
        inputs=(RATE, more), outputs=(KIND, more.model_copy(update={"name": "second"})), used=("rate", "kind")
    )
    assert "`rate`" in text
    assert "`kind`" in text
    assert "other" not in text
    assert "second" not in text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"scale": 1.0, "offset": 0.0}, "6 variables"),
        ({}, "6 variables; raw values r enter as (r − 0.5) / 16"),
        ({"scale": 1.0}, "6 variables; raw values r enter as (r − 0.5) / 1"),
        ({"scale": (1.0,) * 5 + (2.0,)}, "6 variables; raw values enter shifted and scaled, each variable with its own"
         " offset and scale"),
        ({"scale": 1.0, "offset": 0.0, "image": (1, 2, 3)}, "6 variables; an image 1×2×3"),
        ({"scale": 1.0, "offset": 0.0, "fields": ("a", "b")}, "6 variables; from the columns a, b"),
    ],
    ids=["plain", "scaled", "shifted only", "each its own", "image", "table"],
)  # fmt: skip
def test_a_numeric_input_is_described_with_its_scale_image_and_columns(changes, says):
    assert line_of(RATE.model_copy(update=changes)) == says


def test_features_are_a_sequence_and_labels_are_not_classes():
    signal = Column(name="signal", type=DataType.FEATURES, size=8, shape=(2, 4))
    marks = Column(name="marks", type=DataType.DISCRETE, size=4, labels=True, classes=("a", "b", "c", "d"))
    assert line_of(signal) == "8 variables; a sequence 2×4"
    assert line_of(marks, "output") == "4 labels; a, b, c, d"
    assert line_of(KIND, "output") == "3 classes; red, green, blue"


@pytest.mark.parametrize(("count", "end"), [(MOST_NAMES, f"c{MOST_NAMES - 1}"), (MOST_NAMES + 3, " and 3 more")])
def test_a_long_list_of_names_is_shortened_to_the_first(count, end):
    fields = tuple(f"c{i}" for i in range(count))
    names = line_of(RATE.model_copy(update={"fields": fields})).rpartition("from the columns ")[2]
    assert names.startswith("c0, c1, ")
    assert names.endswith(end)
    assert names.count("c") == MOST_NAMES


@pytest.mark.parametrize(
    ("column", "rows"),
    [
        (RATE, "(n, 6), in raw units"),
        (Column(name="signal", type=DataType.FEATURES, size=8, shape=(2, 4)), "(n, 2, 4), in raw units"),
        (KIND, "(n,), class names"),
        (KIND.model_copy(update={"classes": None}), "(n,), class numbers"),
        (Column(name="marks", type=DataType.DISCRETE, size=4, labels=True), "(n, 4), 0 or 1"),
    ],
    ids=["numbers", "features", "names", "class numbers", "labels"],
)
def test_the_code_says_what_the_rows_of_an_input_are(column, rows):
    assert f'predicted = model.predict({{"{column.name}": rows}})  # rows: {rows}\n' in code_of(card_of((column,)))


def test_the_code_for_several_inputs_is_python_that_gives_each_by_its_name(monkeypatch):
    code = code_of(card_of(inputs=(RATE, KIND), outputs=(KIND.model_copy(update={"name": "sort"}),)))
    assert '    "kind": kind,  # (n,), class names\n' in code
    given = []

    class Model:
        def predict(self, inputs):
            given.append(inputs)

    monkeypatch.setattr("valp.load", lambda name: given.append(name) or Model(), raising=False)
    exec(code, {"rate": 1, "kind": 2})
    assert given == ["paint.valp", {"rate": 1, "kind": 2}]


def test_only_a_model_with_samples_generates():
    wave = Column(name="wave", type=DataType.SAMPLES, size=4)
    assert "model.generate(16)" in code_of(card_of(outputs=(KIND, wave)))
    assert "generate" not in code_of(card_of())
    assert "generate" not in code_of(card_of(outputs=(KIND, wave), used=("rate", "kind")))


def test_the_code_is_python_whatever_the_file_is_called():
    manifest = Manifest(
        problem="p",
        title="t",
        graph=Graph(inputs=(), networks=(), outputs=(), connections=(), losses=()),
        preprocessing=Preprocessing(inputs=(), outputs=()),
    )
    name = 'a "good" one\\.valp'
    tree = ast.parse(code_of(card(manifest.model_dump(mode="json"), 1, name)))
    assert next(node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)) == name
