"""The page of the comparison under attack: the figures of Qian et al. beside ours."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from benchmarks.paper_page import kept_discussion, paragraph, table
from benchmarks.robustness_attacks import JOINT, SIZES
from benchmarks.robustness_graphs import METHODS

TASKS = {"left": "upper left", "right": "lower right"}

ORDER = ("STL", "STVIB", "GS", "UWL", "MTVIB")
"""The columns of the tables below; a row is an η of `SIZES`, in percent."""

PAPER = {
    "multi-mnist": {
        "left": (
            (94.8, 94.9, 94.7, 95.0, 94.9),
            (86.1, 86.5, 85.3, 85.6, 86.0),
            (85.4, 85.2, 84.7, 76.3, 84.7),
            (84.0, 83.2, 83.2, 66.9, 83.4),
            (82.5, 81.1, 81.4, 57.6, 81.6),
            (80.2, 78.5, 79.3, 48.2, 79.1),
            (77.1, 75.5, 76.4, 38.9, 76.8),
        ),
        "right": (
            (93.6, 93.7, 93.7, 93.7, 93.7),
            (81.9, 82.9, 80.1, 81.1, 81.5),
            (80.3, 81.5, 79.3, 80.2, 80.5),
            (79.0, 80.0, 77.3, 78.8, 79.0),
            (76.6, 78.0, 75.1, 77.1, 77.3),
            (73.7, 75.9, 72.6, 74.2, 74.7),
            (70.0, 73.0, 69.0, 71.0, 72.2),
        ),
    },
    "multi-fashion": {
        "left": (
            (87.1, 86.7, 86.8, 86.7, 86.2),
            (59.1, 60.1, 57.1, 57.5, 58.2),
            (57.3, 57.7, 54.8, 54.9, 56.3),
            (54.9, 55.0, 51.9, 51.6, 53.7),
            (51.7, 52.4, 48.6, 48.3, 51.0),
            (48.4, 49.7, 45.4, 44.7, 48.4),
            (44.9, 46.7, 41.9, 40.5, 45.2),
        ),
        "right": (
            (86.0, 85.3, 85.6, 85.3, 84.4),
            (60.8, 60.1, 57.2, 56.3, 56.4),
            (59.2, 57.6, 55.9, 54.5, 55.0),
            (56.5, 54.7, 53.5, 52.5, 52.8),
            (53.2, 51.9, 50.6, 49.7, 50.9),
            (50.3, 49.2, 48.3, 46.0, 49.0),
            (46.1, 46.4, 45.8, 43.6, 46.4),
        ),
    },
}
"""Qian et al., Tables III and IV."""

Results = Sequence[Mapping[str, Sequence[float]]]
"""For each seed, by task and `joint`, the accuracy at each η."""


def page(document: Mapping[str, Any], path: Path) -> str:
    """The page; the discussion that `path` has is kept."""
    discussion = kept_discussion(path)
    parts = [_introduction(document)]
    for name, found in document["problems"].items():
        parts.append(f"## {name}\n\n{_about(found, document['seeds'])}")
        parts += [_task_table(name, task, found["methods"]) for task in TASKS]
        parts += [_joint_table(found["methods"]), _losses_table(name, found["methods"])]
    parts += [_setup(document), discussion]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def paper_figures(problem: str, task: str, method: str) -> list[float]:
    """The accuracies of a method at each η in Tables III and IV, between 0 and 1."""
    return [row[ORDER.index(method)] / 100 for row in PAPER[problem][task]]


def _introduction(document: Mapping[str, Any]) -> str:
    question = """Two overlaid images, a class for each: how much accuracy do networks lose if every pixel may change by
        η against them? The experiment of Qian et al., Tables III and IV and Figure 5, with the networks of their Table
        I as graphs:"""
    attack = f"""The attack is x̃ = x + η·sign(∇ₓL), clipped to the range of the pixels, with the training loss L and its
        learned weights. A bottleneck samples z: gradients and predictions are means over {document["setup"]["draws"]}
        draws. A network of one task is attacked by its own loss, one of two tasks by the weighted sum of both, which
        disturbs each task less: GS, UWL and MTVIB compare with each other, with STL and STVIB only in the joint
        table. These are not [the scores of a search](scores.md#scores-under-attack), which also try other attacks. In
        each cell: Qian et al. / ours, in percent, mean ± standard deviation over seeds; – where there is no figure."""
    methods = "\n".join(f"- **{method.code}**: {method.title}" for method in METHODS)
    return f"# Robustness of multi-task networks\n\n{paragraph(question)}\n\n{methods}\n\n{paragraph(attack)}"


def _about(found: Mapping[str, Any], seeds: int) -> str:
    trainings = found["trainings"].values()
    if not trainings:
        return "No training is finished."
    train, _, test = next(iter(trainings))["rows"]
    weight, zero = found["weight"], max(row["zero gradients"] for row in trainings)
    done = {code: len(rows) for code, rows in found["methods"].items() if len(rows) < seeds}
    sentences = [f"{train:,} training rows, {test:,} attacked test rows, {seeds} seeds."]
    if weight is not None:
        sentences.append(f"GS has the weights {weight:g} and {1 - weight:g}, the best on the validation split.")
    sentences += [f"{code} has {count} of {seeds} seeds." for code, count in done.items()]
    sentences.append(f"The gradient is zero in at most {zero:.1%} of the rows of a network.")
    return paragraph(" ".join(sentences))


def _task_table(problem: str, task: str, methods: Mapping[str, Results]) -> str:
    rows = [["η", *ORDER], ["---:"] * (1 + len(ORDER))]
    for place, size in enumerate(SIZES):
        cells = [
            f"{100 * paper_figures(problem, task, code)[place]:.1f} / {_text(methods[code], task, place)}"
            for code in ORDER
        ]
        rows.append([f"{size:.2f}", *cells])
    return f"**{TASKS[task].capitalize()} image**\n\n{table(rows)}"


def _joint_table(methods: Mapping[str, Results]) -> str:
    shared = [method.code for method in METHODS if not method.single]
    rows = [["η", *shared], ["---:"] * (1 + len(shared))]
    rows += [
        [f"{size:.2f}", *(_text(methods[code], JOINT, place) for code in shared)] for place, size in enumerate(SIZES)
    ]
    return (
        "**Both classes right** (ours; Figure 5 of Qian et al. has no numbers, and separate networks are attacked "
        f"separately)\n\n{table(rows)}"
    )


def _losses_table(problem: str, methods: Mapping[str, Results]) -> str:
    """Percentage points of accuracy lost from η = 0 to the largest."""
    rows = [["lost from η = 0 to 0.30", *ORDER], ["---", *["---:"] * len(ORDER)]]
    for task, title in (*TASKS.items(), (JOINT, "both right")):
        cells = []
        for code in ORDER:
            lost = [100 * (one[task][0] - one[task][-1]) for one in methods[code] if task in one]
            ours = _spread(lost)
            if task == JOINT:
                cells.append(ours)
            else:
                paper = paper_figures(problem, task, code)
                cells.append(f"{100 * (paper[0] - paper[-1]):.1f} / {ours}")
        rows.append([title, *cells])
    return table(rows)


def _setup(document: Mapping[str, Any]) -> str:
    setup = document["setup"]
    counts = {name: found["trainings"] for name, found in document["problems"].items()}
    rows = [next(iter(one.values()))["rows"] for one in counts.values() if one]
    seconds = sum(row["seconds"] for one in counts.values() for row in one.values())
    train, test = (" and ".join(dict.fromkeys(f"{row[i]:,}" for row in rows)) for i in (0, 2))
    listed = [
        ["", "Qian et al.", "ours"],
        ["---", "---", "---"],
        ["training pairs", "120,000", train],
        ["test pairs that are attacked", "10,000", test],
        ["epochs", "200", f"{setup['epochs']:g}"],
        ["batch", "200", str(setup["batch"])],
        ["learning rate of Adam", "1e-4", f"{setup['rate']:g}"],
        ["latent variables, β of the KL loss", "256, 1e-3", "256, 1e-3"],
        ["samples of z", "not stated", str(setup["draws"])],
        ["grid of GS, weights of the first task", "not stated", ", ".join(f"{w:g}" for w in document["grid"])],
        ["seeds", "not stated", str(document["seeds"])],
        ["x̃ clipped to the range of the pixels", "not stated", "yes"],
    ]
    words = " ".join(
        (
            "python -m benchmarks.robustness --problems",
            *document["problems"],
            f"--epochs {setup['epochs']:g} --batch {setup['batch']} --rate {setup['rate']:g}",
            f"--seeds {document['seeds']} --grid {' '.join(f'{w:g}' for w in document['grid'])}",
            f"--draws {setup['draws']} --rows {setup['rows']}",
        )
    )
    why = f"""Fewer epochs and pairs fit some hours on two cores: the finished trainings took {seconds / 3600:.1f} hours
        of one thread. In the networks with a bottleneck, the encoder has no batch normalisation and ReLU after (μ, σ),
        because a mean may be negative, and the last hidden layer of MTVIB's heads has both, as in STVIB."""
    return f"## Setup\n\n{table(listed)}\n\n{paragraph(why)}\n\n```console\n$ {words}\n```"


def _text(results: Results, name: str, place: int) -> str:
    return _spread([100 * one[name][place] for one in results if name in one])


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "–"
    return f"{mean(values):.1f}" + (f" ± {stdev(values):.1f}" if len(values) > 1 else "")
