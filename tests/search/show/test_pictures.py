"""Pictures of generated samples next to real ones."""

from dataclasses import replace

import torch

from tests.conftest import files_of
from valp.search.run.run import open_run
from valp.search.show.pictures import draw_samples


def test_a_picture_shows_only_rows_with_a_sample(runs_copy, digits_problem):
    """A row without a sample is left out, whatever values it has."""
    run = open_run(runs_copy, "small")
    entry = next(entry for entry in run.front() if "image" in {o.name for o in entry.candidate.graph.outputs})
    validation = digits_problem.validation
    there = torch.arange(len(validation)) % 3 > 0
    garbled = torch.where(there[:, None], validation.truths["image"], 0.5)
    gaps = replace(validation, truths={**validation.truths, "image": garbled}, present={"image": there})
    contents = []
    for split in (gaps, validation.take(there.nonzero()[:, 0])):
        (path,) = draw_samples(run, entry, digits_problem.model_copy(update={"validation": split}))
        contents.append(path.read_bytes())
        path.unlink()
    assert contents[0] == contents[1]


def test_an_existing_picture_is_not_drawn_again(runs_copy, digits_problem):
    run = open_run(runs_copy, "small")
    entry = run.front()[0]
    paths = draw_samples(run, entry, digits_problem)
    before = files_of(paths[0].parent)
    assert draw_samples(run, entry, digits_problem) == paths
    assert files_of(paths[0].parent) == before
