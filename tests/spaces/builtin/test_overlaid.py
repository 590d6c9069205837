"""Two images on one canvas: how pairs are drawn, overlaid and shrunk."""

import numpy as np
import pytest
import torch

from valp.spaces.builtin.idx_files import ImageArrays
from valp.spaces.builtin.mnist import embedded_digits
from valp.spaces.builtin.overlaid import PAIRS_PER_IMAGE, draw_pairs, overlay
from valp.spaces.builtin.two_digits import shrink


def numbered(train, test):
    """Images that are each of one grey, their own number, which is their label too."""
    numbers = np.arange(train + test)
    images = np.broadcast_to(numbers[:, None, None], (train + test, 28, 28)).astype(np.uint8)
    return ImageArrays(images[:train], numbers[:train], images[train:], numbers[train:])


@pytest.fixture(scope="module")
def pairs():
    return draw_pairs(numbered(200, 50), (400, 100, 60))


def test_both_images_of_a_pair_are_of_its_split(pairs):
    for rows, low, high in zip(pairs.splits, (0, 150, 200), (150, 200, 250), strict=True):
        for labels in (pairs.first_class[rows], pairs.second_class[rows]):
            assert (labels.min(), labels.max() < high) >= (low, True)
            assert len(set(labels)) > (high - low) / 2


def test_each_label_belongs_to_its_image(pairs):
    assert (pairs.first[:, 0, 0] == pairs.first_class).all()
    assert (pairs.second[:, 27, 27] == pairs.second_class).all()


def test_the_two_images_of_a_pair_are_drawn_independently(pairs):
    assert (pairs.first_class == pairs.second_class).mean() < 0.05


def test_there_are_as_many_pairs_as_requested_and_few_images_make_few_pairs(pairs):
    assert pairs.splits == (range(400), range(400, 500), range(500, 560))
    assert len(pairs.first) == len(pairs.second_class) == 560
    fewer = draw_pairs(numbered(20, 5), (1000, 1000, 3))
    assert [len(rows) for rows in fewer.splits] == [15 * PAIRS_PER_IMAGE, 5 * PAIRS_PER_IMAGE, 3]


def test_the_pairs_are_the_same_every_time(pairs):
    again = draw_pairs(numbered(200, 50), (400, 100, 60))
    assert (again.first_class == pairs.first_class).all()
    assert (again.second_class == pairs.second_class).all()


def test_images_lie_in_their_corners_and_the_brighter_pixel_wins():
    first, second = np.full((1, 28, 28), 100, np.uint8), np.full((1, 28, 28), 200, np.uint8)
    second[0, 0, 0] = 50
    (seen,) = overlay(first, second, 36)
    assert seen.shape == (36, 36)
    assert (seen[:8, :28] == 100).all()
    assert (seen[28:, 8:] == 200).all()
    assert (seen[28:, :8] == 0).all()
    assert (seen[:8, 28:] == 0).all()
    assert seen[8, 8] == 100
    assert (seen[9:28, 9:28] == 200).all()
    assert (first == 100).all()


def test_shrinking_keeps_a_grey_and_the_mean_of_a_digit():
    assert (shrink(np.full((2, 32, 32), 77, np.uint8), 28) == 77).all()
    images = embedded_digits().test_images[:50]
    canvas = overlay(images, images, 32)
    shrunk = shrink(canvas, 28)
    assert shrunk.shape == (50, 28, 28)
    np.testing.assert_allclose(shrunk.mean((1, 2)), canvas.mean((1, 2)), rtol=0.05)


def test_shrinking_in_chunks_is_shrinking_at_once(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (7, 32, 32)).astype(np.uint8)
    whole = shrink(images, 28)
    monkeypatch.setattr("valp.spaces.builtin.two_digits.CHUNK", 3)
    assert torch.equal(torch.from_numpy(shrink(images, 28)), torch.from_numpy(whole))
