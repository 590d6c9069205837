"""What a TOML file and its table become: scales, vocabularies, holes, splits, patterns, shapes."""

import numpy as np
import pytest
import torch

from tests.spaces.own.files import ROWS, TOML, columns, pictures, table_file, write
from valp.errors import DataError
from valp.graph.graph import DataType
from valp.spaces.own import load_own
from valp.spaces.own.read_columns import matching

EVERYTHING = """
title = "Everything"
[data]
table = "t.csv"
[split]
stratify = "kind"
seed = 3
[inputs.measured]
type = "numeric"
columns = ["a", "b"]
[inputs.level]
type = "discrete"
column = "level"
[inputs.signal]
type = "features"
columns = ["t*"]
shape = [1, 4]
[outputs.kind]
type = "discrete"
column = "kind"
class_weights = { red = 2 }
[outputs.tags]
type = "labels"
columns = ["sweet", "dry"]
[outputs.y]
type = "numeric"
column = "y"
loss = ["mse", "huber"]
[outputs.profile]
type = "samples"
columns = ["t*"]
"""


def rows_of(problem, key, column="measured", place=1):
    """The raw values of a column, by split; `b` counts the rows, so that these are row numbers."""
    split = getattr(problem, key)
    held = next(c for c in problem.columns.inputs if c.name == column)
    return np.rint(held.restore(split.inputs[column])[:, place]).astype(int)


@pytest.mark.parametrize(
    ("line", "conditions"),
    [
        ("", ("level", "kind")),
        ("conditions = []", ()),
        ('conditions = ["signal", "kind"]', ("signal", "kind")),
        ('conditions = "kind"', ("kind",)),
    ],
)
def test_the_file_says_by_what_rows_may_be_asked_for(line, conditions, tmp_path):
    assert load_own(write(tmp_path, f"{line}\n{EVERYTHING}")).conditions == conditions


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            'conditions = ["tags"]',
            r"own.toml: a condition must be an input, or an output with one class per row "
            r"\(measured, level, signal, kind\), but is 'tags'$",
        ),
        ("conditions = 3", r"own.toml: conditions must .*, but is 3$"),
        ("conditions = [3]", r"own.toml: conditions.0 must .*, but is 3$"),
        ('condition = ["kind"]', r"own.toml: there is no key condition; did you mean 'conditions'\?$"),
    ],
)
def test_conditions_that_cannot_be_are_refused_in_one_sentence(line, sentence, tmp_path):
    with pytest.raises(DataError, match=sentence):
        load_own(write(tmp_path, f"{line}\n{EVERYTHING}"))


def test_every_kind_of_input_and_output_is_read_from_its_columns(tmp_path):
    problem = load_own(write(tmp_path, EVERYTHING))
    assert (problem.name, problem.title) == ("own", "Everything")
    inputs = {column.name: column for column in problem.columns.inputs}
    outputs = {column.name: column for column in problem.columns.outputs}
    assert inputs["measured"].fields == ("a", "b")
    assert inputs["level"].classes == ("7", "9", "10")
    assert (inputs["signal"].type, inputs["signal"].shape) == (DataType.FEATURES, (1, 4))
    assert outputs["kind"].classes == ("blue", "green", "red")
    assert problem.class_weights == {"kind": (1.0, 1.0, 2.0)}
    assert (outputs["tags"].labels, outputs["tags"].classes) == (True, ("sweet", "dry"))
    assert outputs["profile"].type is DataType.SAMPLES
    assert problem.losses["y"] == ("mse", "huber")
    assert problem.train.inputs["measured"].dtype is torch.float32
    assert [len(split) for split in (problem.train, problem.validation, problem.test)] == [28, 6, 6]


@pytest.mark.parametrize("holes", [False, True])
def test_a_csv_and_a_parquet_file_of_the_same_table_are_the_same_problem(holes, tmp_path):
    values = columns()
    if holes:
        for name in ("kind", "level", "sweet", "y", "t1"):
            values[name] = [None if i % 7 == 3 else value for i, value in enumerate(values[name])]
    toml = EVERYTHING.replace("shape =", 'missing = "mean"\nshape =')
    one = load_own(write(tmp_path, toml, values))
    table_file(tmp_path / "t.parquet", values)
    (tmp_path / "other.toml").write_text(toml.replace("t.csv", "t.parquet"))
    assert load_own(tmp_path / "other.toml").fingerprint == one.fingerprint


def test_scales_follow_from_the_training_split_alone(tmp_path):
    part = ["train"] * 20 + ["validation"] * 10 + ["test"] * 10
    values = columns() | {"part": part}
    toml = TOML + '[outputs.y]\ntype = "numeric"\ncolumn = "y"\n[split]\ncolumn = "part"\n'
    problem = load_own(write(tmp_path, toml, values))
    values["a"][20:], values["y"][20:] = [1000.0] * 20, [-1000.0] * 20
    other = load_own(write(tmp_path, toml, values))
    assert other.columns == problem.columns
    assert problem.columns.inputs[0].offset == pytest.approx((np.mean(values["a"][:20]), np.mean(values["b"][:20])))
    assert problem.columns.output("y").scale == pytest.approx(np.std(values["y"][:20]))
    assert problem.train.truths["y"].std(correction=0).item() == pytest.approx(1, abs=1e-5)
    assert rows_of(problem, "validation").tolist() == list(range(20, 30))


@pytest.mark.parametrize(
    ("scale", "offset", "width"),
    [('"minmax"', 2.0, 3.0), ('"none"', 0.0, 1.0), ("255", 0.0, 255.0), ('"standard"', 3.5, np.std([2, 3, 4, 5]))],
)
def test_a_scale_is_learnt_or_given(scale, offset, width, tmp_path):
    values = columns() | {"a": [2.0 + i // 3 % 4 for i in range(ROWS)]}
    values["part"] = ["train"] * 24 + ["validation"] * 8 + ["test"] * 8
    toml = TOML.replace('["a", "b"]', f'"a"\nscale = {scale}') + '[split]\ncolumn = "part"\n'
    (column,) = load_own(write(tmp_path, toml, values)).columns.inputs
    assert (column.offset, column.scale) == pytest.approx((offset, width))


def test_quantiles_are_learnt_on_the_training_split(tmp_path):
    values = columns() | {"a": [2.0 + i // 3 % 4 for i in range(ROWS)]}
    values["part"] = ["train"] * 24 + ["validation"] * 8 + ["test"] * 8
    toml = TOML.replace('["a", "b"]', '"a"\nscale = "quantile"') + '[split]\ncolumn = "part"\n'
    (column,) = load_own(write(tmp_path, toml, values)).columns.inputs
    assert column.quantiles[0].values == (2.0, 3.0, 4.0, 5.0)
    assert len(column.quantiles[0].bounds) == 3


def test_a_constant_column_keeps_its_width(tmp_path):
    (column,) = load_own(write(tmp_path, values=columns() | {"a": [0.1] * ROWS})).columns.inputs
    assert (column.offset[0], column.scale[0]) == (0.1, 1.0)


def test_empty_cells_of_outputs_are_missing_labels(tmp_path):
    values = columns()
    values["kind"] = [None if i < 10 else kind for i, kind in enumerate(values["kind"])]
    values["y"] = [None if i % 2 else y for i, y in enumerate(values["y"])]
    values["sweet"] = [None if i % 4 == 1 else sweet for i, sweet in enumerate(values["sweet"])]
    problem = load_own(write(tmp_path, EVERYTHING, values))
    for key in ("train", "validation", "test"):
        split, rows = getattr(problem, key), rows_of(problem, key)
        assert split.present["kind"].tolist() == [row >= 10 for row in rows]
        assert split.present["y"][:, 0].tolist() == [row % 2 == 0 for row in rows]
        assert split.present["tags"].tolist() == [[row % 4 != 1, True] for row in rows]
        assert "profile" not in split.present


def test_rows_without_any_label_stay(tmp_path):
    values = columns()
    values["kind"] = [None if i % 2 else kind for i, kind in enumerate(values["kind"])]
    assert len(load_own(write(tmp_path, values=values)).train) == 28


def test_the_mean_of_the_training_split_fills_an_input(tmp_path):
    values = columns() | {"part": ["train"] * 20 + ["validation"] * 10 + ["test"] * 10}
    values["a"][25], values["a"][3] = None, None
    toml = TOML.replace("columns =", 'missing = "mean"\ncolumns =') + '[split]\ncolumn = "part"\n'
    problem = load_own(write(tmp_path, toml, values))
    mean = np.mean([a for a in values["a"][:20] if a is not None])
    for split, row in ((problem.train, 3), (problem.validation, 5)):
        assert problem.columns.inputs[0].restore(split.inputs["measured"])[row, 0] == pytest.approx(mean)


def test_an_input_category_that_the_training_split_lacks_is_a_row_of_zeros(tmp_path):
    values = columns() | {"part": ["train"] * 20 + ["validation"] * 10 + ["test"] * 10}
    values["level"] = [*values["level"][:20], None, 8, *values["level"][22:]]
    toml = TOML + '[inputs.level]\ntype = "discrete"\ncolumn = "level"\n[split]\ncolumn = "part"\n'
    problem = load_own(write(tmp_path, toml, values))
    assert problem.columns.inputs[1].classes == ("7", "9", "10")
    assert problem.validation.inputs["level"].sum(1).tolist() == [0, 0, *[1] * 8]


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([3, 20, 100], ("3", "20", "100")),
        ([1.0, 2.5, -1.0], ("-1", "1", "2.5")),
        (["b", "a", "10"], ("10", "a", "b")),
        ([True, False, True], ("false", "true")),
        (["007", "07", " 7 "], ("007", "07", "7")),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_categories_have_one_text_and_one_order(values, classes, suffix, tmp_path):
    table_file(tmp_path / f"t{suffix}", columns() | {"kind": [values[i % 3] for i in range(ROWS)]})
    (tmp_path / "own.toml").write_text(TOML.replace("t.csv", f"t{suffix}"))
    assert load_own(tmp_path / "own.toml").columns.output("kind").classes == classes


def test_more_texts_may_stand_for_a_missing_value(tmp_path):
    values = columns()
    values["kind"][5] = "unknown"
    values["kind"][6] = "NA"
    problem = load_own(write(tmp_path, TOML.replace("[inputs", 'missing = ["unknown"]\n[inputs'), values))
    missing = sum(int((~split.present["kind"]).sum()) for split in (problem.train, problem.validation, problem.test)
                  if "kind" in split.present)  # fmt: skip
    assert missing == 2


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["a", "b"], ["a", "b"]),
        (["b", "t*"], ["b", "t1", "t10", "t2"]),
        (["t*", "t2"], ["t1", "t10", "t2"]),
        (["*", "!t*"], ["a", "b", "x*"]),
        (["b", "a"], ["b", "a"]),
        (["x*"], ["x*"]),
        (["*1*"], ["t1", "t10"]),
    ],
)
def test_a_pattern_stands_for_its_columns_in_the_order_of_the_table(patterns, found):
    assert matching("inputs.x", patterns, ["a", "t1", "b", "t10", "t2", "x*"]) == tuple(found)


# Splits


def test_a_random_split_is_a_partition_and_depends_only_on_its_seed(tmp_path):
    drawn = [load_own(write(tmp_path, TOML + f"[split]\nseed = {seed}\n")) for seed in (0, 0, 1)]
    rows = [[row for key in ("train", "validation", "test") for row in rows_of(problem, key)] for problem in drawn]
    assert sorted(rows[0]) == list(range(ROWS))
    assert rows[0] == rows[1] != rows[2]


def test_stratified_splits_keep_the_shares_of_a_column(tmp_path):
    values = columns(200) | {"kind": ["rare" if i < 10 else "often" for i in range(200)]}
    problem = load_own(write(tmp_path, TOML + '[split]\nstratify = "kind"\nvalidation = 0.2\ntest = 0.2\n', values))
    counts = {key: getattr(problem, key).truths["kind"].bincount().tolist() for key in ("train", "validation", "test")}
    assert counts == {"train": [114, 6], "validation": [38, 2], "test": [38, 2]}


def test_of_a_class_with_two_rows_one_is_trained_on_whatever_the_seed(tmp_path):
    values = columns() | {"kind": ["rare" if i in (4, 9) else "often" for i in range(ROWS)]}
    for seed in range(20):
        toml = TOML + f'[split]\nstratify = "kind"\nvalidation = 0.4\ntest = 0.4\nseed = {seed}\n'
        assert (load_own(write(tmp_path, toml, values)).train.truths["kind"] == 1).any()


def test_a_split_may_be_a_file_of_its_own(tmp_path):
    values = columns()
    for name, rows in (("x.csv", slice(0, 20)), ("y.parquet", slice(20, 32)), ("z.csv", slice(32, 40))):
        table_file(tmp_path / name, {key: value[rows] for key, value in values.items()})
    files = 'train = "x.csv"\nvalidation = "y.parquet"\ntest = "z.csv"'
    (tmp_path / "own.toml").write_text(TOML.replace('table = "t.csv"', files))
    problem = load_own(tmp_path / "own.toml")
    rows = {key: rows_of(problem, key).tolist() for key in ("train", "validation", "test")}
    assert rows == {"train": [*range(20)], "validation": [*range(20, 32)], "test": [*range(32, 40)]}


# Arrays and pictures

NPZ = """
[data]
table = "x.npz"
[inputs.scan]
type = "features"
array = "x"
shape = [1, 6, 5]
[outputs.digit]
type = "discrete"
array = "digit"
[outputs.tags]
type = "labels"
array = "tags"
[outputs.scan_again]
type = "samples"
array = "x"
image = [1, 6, 5]
"""


def arrays(rows=30):
    random = np.random.default_rng(0)
    return {
        "x": random.integers(0, 256, (rows, 6, 5)).astype(np.uint8),
        "digit": np.arange(rows) % 4,
        "tags": np.where(random.random((rows, 3)) < 0.1, np.nan, random.integers(0, 2, (rows, 3))),
        "unused": np.zeros(7),
    }


def test_arrays_of_an_npz_file_are_inputs_and_outputs(tmp_path):
    np.savez(tmp_path / "x.npz", **arrays())
    (tmp_path / "own.toml").write_text(NPZ)
    problem = load_own(tmp_path / "own.toml")
    scan, again = problem.columns.inputs[0], problem.columns.output("scan_again")
    assert (scan.shape, scan.offset, scan.scale, again.scale, again.image) == ((1, 6, 5), 0.0, 255.0, 255.0, (1, 6, 5))
    assert problem.columns.output("digit").classes == ("0", "1", "2", "3")
    assert problem.columns.output("tags").classes == ("tags_0", "tags_1", "tags_2")
    assert "tags" in problem.train.present
    assert problem.train.inputs["scan"].shape == (22, 30)


IMAGES = """
[data]
images = "pictures"
[inputs.picture]
type = "features"
array = "image"
[outputs.animal]
type = "discrete"
array = "label"
[outputs.drawn]
type = "samples"
array = "image"
"""


@pytest.mark.parametrize(
    ("mode", "options", "shape"),
    [
        ("L", "", (1, 6, 4)),
        ("RGB", "", (3, 6, 4)),
        ("RGB", "grey = true", (1, 6, 4)),
        ("RGB", "size = [5, 3]", (3, 5, 3)),
    ],
)
def test_a_folder_of_pictures_is_read_with_its_sub_folders_as_classes(mode, options, shape, tmp_path):
    pictures(tmp_path / "pictures", mode=mode)
    (tmp_path / "own.toml").write_text(IMAGES.replace('"pictures"', f'"pictures"\n{options}'))
    problem = load_own(tmp_path / "own.toml")
    assert problem.columns.inputs[0].shape == problem.columns.output("drawn").image == shape
    assert problem.columns.output("animal").classes == ("cat", "dog")
    pixels, animals = problem.train.inputs["picture"], problem.train.truths["animal"]
    assert 0 <= pixels.min() <= pixels.max() <= 1
    assert torch.equal(pixels.mean(1) > 100 / 255, animals == 1)


def test_a_split_may_be_a_folder_of_pictures(tmp_path):
    for name, count in (("x", 6), ("y", 3), ("z", 2)):
        pictures(tmp_path / name, count=count)
    (tmp_path / "own.toml").write_text(
        IMAGES.replace('images = "pictures"', 'train = "x"\nvalidation = "y"\ntest = "z"')
    )
    problem = load_own(tmp_path / "own.toml")
    assert [len(split) for split in (problem.train, problem.validation, problem.test)] == [12, 6, 4]


def test_a_file_with_quotes_blank_lines_a_byte_order_mark_and_windows_line_ends_is_read(tmp_path):
    lines = ['"a",kind,"the, b"', *(f'{i},"x\ny",{i}\n' if i % 2 else f'"{i}",z,{i}' for i in range(30))]
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    toml = TOML.replace('"b"', '"the, b"')
    (tmp_path / "own.toml").write_text(toml)
    problem = load_own(tmp_path / "own.toml")
    assert problem.columns.output("kind").classes == ("x\ny", "z")
    assert sorted(row for key in ("train", "validation", "test") for row in rows_of(problem, key)) == list(range(30))
    broken = (tmp_path / "t.csv").read_bytes().replace(b'"20"', b"twenty")
    (tmp_path / "t.csv").write_bytes(broken)
    line = broken[: broken.index(b"twenty")].count(b"\n") + 1
    with pytest.raises(DataError, match=f"line {line}: column 'a'"):
        load_own(tmp_path / "own.toml")
