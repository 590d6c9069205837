"""The judge: shapes, determinism, learning, and files that are whole or refused."""

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from torch import Tensor, nn

from valp.errors import DataError, FileError, SettingError
from valp.score.judge import (
    JUDGING_BATCH,
    Judge,
    JudgeConfig,
    augment,
    load_judge,
    one_cycle,
    save_judge,
    train_judge,
)

SHAPES = [(1, 8, 8), (3, 9, 20), (1, 28, 28), (2, 36, 33), (1, 65, 65), (12,), (1,)]


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def digits() -> tuple[Tensor, Tensor]:
    data = load_digits()
    return torch.tensor(data.data / 16.0, dtype=torch.float32), torch.tensor(data.target)


@pytest.fixture(scope="module")
def judge(digits) -> Judge:
    torch.set_num_threads(1)
    return train_judge(digits[0][:400], digits[1][:400], (1, 8, 8), 10, seed=1, epochs=4, width=32)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("depth", [1, 2])
def test_logits_and_features_have_the_promised_shapes(shape, depth):
    made = Judge(JudgeConfig(shape, classes=7, width=64, depth=depth))
    samples = torch.rand(3, torch.Size(shape).numel())
    assert made(samples).shape == (3, 7)
    assert made.features(samples).shape == (3, 64)


def test_labels_are_the_largest_logit_and_come_without_gradient(judge, digits):
    samples = digits[0][: JUDGING_BATCH + 7]
    labels, features = judge.judge(samples)
    assert labels.dtype == torch.int64
    assert features.dtype == torch.float32
    assert not features.requires_grad
    torch.testing.assert_close(features, judge.features(samples).detach())
    assert torch.equal(labels, judge.head(features).argmax(1))


def test_a_sample_gets_the_same_label_alone_and_in_a_batch(judge, digits):
    _, together = judge.judge(digits[0][:20])
    _, alone = judge.judge(digits[0][7:8])
    torch.testing.assert_close(together[7:8], alone)


def test_judging_uses_eval_mode_and_restores_the_mode(judge, digits):
    before = {name: value.clone() for name, value in judge.state_dict().items()}
    judge.train()
    labels, _ = judge.judge(digits[0][:50])
    assert judge.training
    judge.eval()
    assert torch.equal(labels, judge.judge(digits[0][:50])[0])
    assert all(torch.equal(value, before[name]) for name, value in judge.state_dict().items())


def test_an_empty_batch_has_no_labels(judge):
    labels, features = judge.judge(torch.zeros(0, 64))
    assert labels.shape == (0,)
    assert features.shape == (0, 32)


@pytest.mark.parametrize("samples", [torch.zeros(3, 63), torch.zeros(3, 1, 8, 8), torch.zeros(64)])
def test_samples_of_another_size_are_refused(judge, samples):
    with pytest.raises(DataError, match=r"\(n, 64\)"):
        judge(samples)


@pytest.mark.parametrize(
    "settings_",
    [
        {"shape": (1, 7, 8)},
        {"shape": (8, 8)},
        {"shape": ()},
        {"shape": (0,)},
        {"classes": 1},
        {"width": 30},
        {"width": 0},
        {"depth": 0},
    ],
)
def test_an_impossible_judge_is_refused(settings_):
    with pytest.raises(SettingError):
        JudgeConfig(**{"shape": (1, 8, 8), "classes": 10, **settings_})


def test_the_same_seed_gives_the_same_judge_and_another_seed_another(digits):
    def trained(seed: int) -> dict[str, Tensor]:
        samples, labels = digits[0][:128], digits[1][:128]
        made = train_judge(samples, labels, (1, 8, 8), 10, seed=seed, epochs=1, width=16, flip=True, erase=0.5)
        return made.state_dict()

    first, again, other = trained(3), trained(3), trained(4)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])


def test_training_leaves_the_global_random_state_alone(digits):
    before = torch.get_rng_state()
    train_judge(digits[0][:64], digits[1][:64], (1, 8, 8), 10, seed=0, epochs=1, width=16)
    assert torch.equal(before, torch.get_rng_state())


def test_a_judge_of_vectors_learns_even_with_a_constant_variable():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(600) % 3
    samples = torch.randn(600, 5, generator=generator) * 50 + 1000
    samples[:, 2] += 400 * labels
    samples[:, 4] = 7.0
    made = train_judge(samples[:450], labels[:450], (5,), 3, seed=0, epochs=20, width=32)
    assert made.accuracy(samples[450:], labels[450:]) >= 0.98


def test_progress_has_a_line_for_each_epoch(digits):
    lines: list[str] = []
    validation = digits[0][100:150], digits[1][100:150]
    common = {"seed": 0, "width": 16, "progress": lines.append}
    train_judge(digits[0][:100], digits[1][:100], (64,), 10, epochs=3, validation=validation, **common)
    assert [line.split(",")[0] for line in lines] == [f"judge: epoch {epoch} of 3" for epoch in (1, 2, 3)]
    assert all("validation accuracy 0." in line for line in lines)


@pytest.mark.parametrize("labels", [torch.tensor([0, 10]), torch.tensor([-1, 0]), torch.tensor([0]), torch.zeros(2, 1)])
def test_labels_that_do_not_fit_are_refused(labels):
    with pytest.raises(DataError):
        train_judge(torch.rand(2, 64), labels, (1, 8, 8), 10, seed=0, epochs=1)


def test_one_sample_is_too_few():
    with pytest.raises(DataError):
        train_judge(torch.rand(1, 64), torch.tensor([0]), (1, 8, 8), 10, seed=0, epochs=1)


def test_zero_epochs_are_too_few(digits):
    with pytest.raises(SettingError, match="epochs=0"):
        train_judge(digits[0][:10], digits[1][:10], (64,), 10, seed=0, epochs=0)


def test_the_learning_rate_rises_to_its_peak_and_falls():
    rates = [one_cycle(step, 50) for step in range(50)]
    assert max(rates) == rates[10] == 1.0
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[-1] < 0.01


@settings(deadline=None)
@given(steps=st.integers(1, 200), data=st.data())
def test_the_learning_rate_is_never_zero_nor_above_its_peak(steps, data):
    assert 0 < one_cycle(data.draw(st.integers(0, steps - 1)), steps) <= 1


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), height=st.integers(8, 30), width=st.integers(8, 30), channels=st.integers(1, 3))
def test_augmented_images_are_shifted_or_mirrored_copies(seed, height, width, channels):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(4, channels, height, width, generator=generator)
    reach_y, reach_x = max(1, round(height / 14)), max(1, round(width / 14))
    for image, augmented in zip(images, augment(images, generator, flip=True), strict=True):
        padded = nn.functional.pad(image[None], (reach_x, reach_x, reach_y, reach_y), mode="replicate")[0]
        candidates = [
            copy
            for y in range(2 * reach_y + 1)
            for x in range(2 * reach_x + 1)
            for copy in (
                padded[:, y : y + height, x : x + width],
                padded[:, y : y + height, x : x + width].flip(2),
            )
        ]
        assert any(torch.equal(augmented, candidate) for candidate in candidates)


def test_erasing_sets_a_square_to_the_mean():
    generator = torch.Generator().manual_seed(0)
    images = torch.ones(200, 2, 28, 28)
    erased = (augment(images, generator, erase=1.0) == 0).sum((2, 3))
    assert torch.equal(erased[:, 0], erased[:, 1])
    assert erased.max() == 81
    assert erased.min() >= 16
    assert torch.equal(augment(images, generator), images)


def test_a_saved_judge_is_loaded_exactly(judge, digits, tmp_path):
    path = tmp_path / "judge.safetensors"
    save_judge(judge, path)
    loaded = load_judge(path)
    assert loaded.config == judge.config
    assert not loaded.training
    assert all(torch.equal(value, loaded.state_dict()[name]) for name, value in judge.state_dict().items())
    assert torch.equal(judge.judge(digits[0][:100])[1], loaded.judge(digits[0][:100])[1])
    assert [found.name for found in tmp_path.iterdir()] == ["judge.safetensors"]


def _damage(path, how):
    content = path.read_bytes()
    header = int.from_bytes(content[:8], "little")
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "noise":
        path.write_bytes(bytes(range(256)) * 20)
    elif how == "header":
        path.write_bytes(content[:8] + b"\xff" * header + content[8 + header :])
    elif how == "missing":
        path.unlink()
    elif how == "a folder":
        path.unlink()
        path.mkdir()
    elif how == "foreign":
        save_file({"weight": torch.zeros(2)}, path)
    else:
        config = {
            "other shape": {"shape": [1, 8, 8], "classes": 9, "width": 32, "depth": 1},
            "impossible": {"shape": [1, 8, 8], "classes": 0, "width": 32, "depth": 1},
            "unknown setting": {"shape": [1, 8, 8], "classes": 10, "colour": "red"},
            "no settings": [],
        }[how]
        save_file({"weight": torch.zeros(2)}, path, {"format": "valp-judge-1", "config": json.dumps(config)})


@pytest.mark.parametrize(
    "how",
    [
        "cut",
        "empty",
        "noise",
        "header",
        "missing",
        "a folder",
        "foreign",
        "other shape",
        "impossible",
        "unknown setting",
        "no settings",
    ],
)
def test_a_damaged_file_is_refused_in_one_sentence(judge, tmp_path, how):
    path = tmp_path / "judge.safetensors"
    save_judge(judge, path)
    _damage(path, how)
    with pytest.raises(FileError) as raised:
        load_judge(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)
    assert str(raised.value).endswith(".")


def test_a_path_that_cannot_be_written_is_refused(judge, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot be written"):
        save_judge(judge, tmp_path / "file" / "judge.safetensors")
