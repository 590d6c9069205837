"""The judge: a small classifier of samples, whose labels and features score what a model generates.

Notation: n samples of d values each, given flat in the problem's own range; `shape` is that of one sample,
(C, H, W) for an image and (d,) for a vector; f is the number of features.

The judge learns only from a problem's training split, so that the scores of a search are not biased.
"""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F

from valp.errors import DataError, FileError, SettingError
from valp.files import write_bytes

Progress = Callable[[str], None]

SMALLEST_SIDE = 8
JUDGING_BATCH = 50  # larger batches do not fit into the cache
FORMAT = "valp-judge-1"


@dataclass(frozen=True)
class JudgeConfig:
    """The architecture of a judge.

    `shape` is (C, H, W) or (d,); `classes` ≥ 2; `width` is f, the number of features, a multiple of 4; `depth` ≥ 1 is
    the number of residual blocks in the last stage. Raises `SettingError` for other values.
    """

    shape: tuple[int, ...]
    classes: int
    width: int = 128
    depth: int = 1

    def __post_init__(self) -> None:
        if len(self.shape) not in (1, 3) or min(self.shape) < 1:
            raise SettingError(f"A judge's samples have shape (C, H, W) or (d,), but got {self.shape}.")
        if len(self.shape) == 3 and min(self.shape[1:]) < SMALLEST_SIDE:
            raise SettingError(f"A judge's images have sides of at least {SMALLEST_SIDE}, but got shape {self.shape}.")
        if self.classes < 2 or self.depth < 1 or self.width < 4 or self.width % 4:
            raise SettingError(f"A judge has classes ≥ 2, depth ≥ 1 and a width divisible by 4, but got {self}.")


def _convolution(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels_out), nn.ReLU())


def _dense(size_in: int, size_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(size_in, size_out, bias=False), nn.BatchNorm1d(size_out), nn.ReLU())


class _Block(nn.Module):
    """x ↦ h + r(h), with h = enter(x) and a residual r of two layers (He et al. 2016, arXiv:1512.03385)."""

    def __init__(self, enter: nn.Module, *residual: nn.Module) -> None:
        super().__init__()
        self.enter = enter
        self.residual = nn.Sequential(*residual)

    def forward(self, x: Tensor) -> Tensor:
        h: Tensor = self.enter(x)
        r: Tensor = self.residual(h)
        return h + r


def _image_trunk(config: JudgeConfig) -> nn.Sequential:
    channels, height, width = config.shape
    halvings = max(2, math.ceil(math.log2(min(height, width) / SMALLEST_SIDE)))
    widths = [max(config.width >> (halvings - stage), min(16, config.width)) for stage in range(halvings + 1)]
    layers: list[nn.Module] = [_convolution(channels, widths[0])]
    for size_in, size_out in pairwise(widths):
        residual = (_convolution(size_out, size_out), _convolution(size_out, size_out))
        layers.append(_Block(_convolution(size_in, size_out, stride=2), *residual))
    for _ in range(config.depth - 1):
        layers.append(_Block(*(_convolution(config.width, config.width) for _ in range(3))))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def _vector_trunk(config: JudgeConfig) -> nn.Sequential:
    layers = [_dense(config.shape[0], config.width)]
    blocks = [_Block(*(_dense(config.width, config.width) for _ in range(3))) for _ in range(config.depth)]
    return nn.Sequential(*layers, *blocks)


class Judge(nn.Module):
    """A classifier of samples: a residual CNN for images, a residual MLP for vectors.

    It normalises its input with the mean and the standard deviation of its training samples (per channel of an image,
    per entry of a vector). Non-finite samples give non-finite features: leave them out before judging.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, config: JudgeConfig) -> None:
        super().__init__()
        self.config = config
        statistics = (config.shape[0], 1, 1) if len(config.shape) == 3 else config.shape
        self.register_buffer("mean", torch.zeros(statistics))
        self.register_buffer("deviation", torch.ones(statistics))
        self.trunk = _image_trunk(config) if len(config.shape) == 3 else _vector_trunk(config)
        self.head = nn.Linear(config.width, config.classes)

    def normalise(self, samples: Tensor) -> Tensor:
        """Flat samples [n, d] as the trunk's input [n, *shape]; raises `DataError` when d does not fit the shape."""
        if samples.ndim != 2 or samples.shape[1] != math.prod(self.config.shape):
            expected, found = math.prod(self.config.shape), tuple(samples.shape)
            raise DataError(f"This judge takes samples of shape (n, {expected}), but got {found}.")
        shaped = (samples.reshape(-1, *self.config.shape) - self.mean) / self.deviation
        return shaped.contiguous(memory_format=torch.channels_last) if shaped.ndim == 4 else shaped

    def features(self, samples: Tensor) -> Tensor:
        """The penultimate activations [n, f] of flat samples [n, d]."""
        features: Tensor = self.trunk(self.normalise(samples))
        return features

    def forward(self, samples: Tensor) -> Tensor:
        """The logits [n, classes] of flat samples [n, d]."""
        logits: Tensor = self.head(self.features(samples))
        return logits

    @torch.no_grad()
    def judge(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Labels (int64 [n]) and features (float32 [n, f]) of flat samples [n, d], batch by batch, in eval mode."""
        was_training = self.training
        self.eval()
        try:
            starts = range(0, len(samples), JUDGING_BATCH)
            batches = [self.features(samples[start : start + JUDGING_BATCH].float()) for start in starts]
            features = torch.cat(batches) if batches else torch.zeros(0, self.config.width)
            return self.head(features).argmax(dim=1), features
        finally:
            self.train(was_training)

    def accuracy(self, samples: Tensor, labels: Tensor) -> float:
        """The share of flat samples [n, d] that the judge labels as `labels` [n] do."""
        return (self.judge(samples)[0] == labels).float().mean().item()


def has_fast_bfloat16() -> bool:
    """Whether this CPU multiplies in bfloat16. If it does not, emulation is slower than float32."""
    checks = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, check, bool)() for check in checks)


def augment(images: Tensor, generator: torch.Generator, *, flip: bool = False, erase: float = 0.0) -> Tensor:
    """Shifts each of the images [n, C, H, W] at random by up to a fourteenth of its size.

    With `flip`, half of them are mirrored left to right. With probability `erase`, a square a third as wide as the
    image is set to 0, the mean of normalised data (Zhong et al. 2017, arXiv:1708.04896). The square may lie partly
    outside the image.
    """
    n, _, height, width = images.shape
    reach_y, reach_x = max(1, round(height / 14)), max(1, round(width / 14))
    padded = F.pad(images, (reach_x, reach_x, reach_y, reach_y), mode="replicate")
    rows = torch.randint(2 * reach_y + 1, (n, 1), generator=generator) + torch.arange(height)
    columns = torch.randint(2 * reach_x + 1, (n, 1), generator=generator) + torch.arange(width)
    if flip:
        columns = torch.where(torch.rand(n, 1, generator=generator) < 0.5, columns, columns.flip(1))
    shifted = padded[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    if erase:
        side = max(1, min(height, width) // 3)
        top = torch.randint(-side // 2, height - side // 2, (n, 1), generator=generator)
        left = torch.randint(-side // 2, width - side // 2, (n, 1), generator=generator)
        in_rows = (torch.arange(height) >= top) & (torch.arange(height) < top + side)
        in_columns = (torch.arange(width) >= left) & (torch.arange(width) < left + side)
        erased = torch.rand(n, 1, 1, generator=generator) < erase
        shifted = shifted.masked_fill((in_rows[:, :, None] & in_columns[:, None, :] & erased)[:, None], 0.0)
    return shifted


def one_cycle(step: int, steps: int) -> float:
    """The share of the peak learning rate at a step: a linear rise over the first fifth, then a cosine fall."""
    warm = max(1, steps // 5)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1.0 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def _check_training(samples: Tensor, labels: Tensor, classes: int) -> None:
    if len(samples) < 2 or labels.shape != (len(samples),):
        found = f"{tuple(samples.shape)} and {tuple(labels.shape)}"
        raise DataError(f"A judge learns from at least 2 samples (n, d) with labels (n,), but got shapes {found}.")
    if labels.min() < 0 or labels.max() >= classes:
        found = f"{int(labels.min())} … {int(labels.max())}"
        raise DataError(f"A judge's labels lie in 0 … {classes - 1}, but got {found}.")


def _new_judge(config: JudgeConfig, samples: Tensor, seed: int) -> Judge:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        judge = Judge(config).to(memory_format=torch.channels_last)
    across = (0, 2, 3) if len(config.shape) == 3 else (0,)
    shaped = samples.reshape(-1, *config.shape)
    deviation = shaped.std(across, keepdim=True)[0]
    judge.mean.copy_(shaped.mean(across, keepdim=True)[0])
    judge.deviation.copy_(torch.where(deviation > 1e-6, deviation, torch.ones(())))
    return judge


def train_judge(
    samples: Tensor,
    labels: Tensor,
    shape: tuple[int, ...],
    classes: int,
    *,
    seed: int,
    epochs: int,
    batch: int = 128,
    learning_rate: float = 0.2,
    weight_decay: float = 5e-4,
    width: int = 128,
    depth: int = 1,
    flip: bool = False,
    erase: float = 0.0,
    validation: tuple[Tensor, Tensor] | None = None,
    progress: Progress | None = None,
    epoch_done: Callable[[int], None] | None = None,
) -> Judge:
    """Trains a judge on flat samples [n, d] with labels [n]: SGD with Nesterov momentum, one cycle, smoothed labels.

    Images are shifted, and with `flip` and `erase` mirrored and partly erased (see `augment`). `validation` (samples,
    labels) only adds an accuracy to each epoch's line of `progress`. `epoch_done` is called with the number of epochs
    done. The same seed, data and number of threads give the same judge on one machine; torch's global random state does
    not change. Weights are rounded to half precision at the end, so that saving a judge does not change it. Raises
    `DataError` for labels that do not fit, `SettingError` for fewer than 1 epoch.
    """
    _check_training(samples, labels, classes)
    if epochs < 1:
        raise SettingError(f"A judge learns for at least 1 epoch, but got {epochs=}.")
    judge = _new_judge(JudgeConfig(tuple(shape), classes, width, depth), samples, seed).train()
    generator = torch.Generator().manual_seed(seed)
    is_image = len(shape) == 3
    # For very small images, bfloat16 saves less time than the conversion costs.
    bfloat16 = is_image and math.prod(shape[1:]) >= 400 and has_fast_bfloat16()
    matrices = [p for p in judge.parameters() if p.ndim > 1]
    others = [p for p in judge.parameters() if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=learning_rate, momentum=0.9, nesterov=True)
    batch = min(batch, len(samples))
    steps_per_epoch = len(samples) // batch
    for epoch in range(epochs):
        order = torch.randperm(len(samples), generator=generator)
        losses = []
        for step in range(steps_per_epoch):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * one_cycle(epoch * steps_per_epoch + step, epochs * steps_per_epoch)
            chosen = order[step * batch : (step + 1) * batch]
            x = judge.normalise(samples[chosen])
            if is_image:
                x = augment(x, generator, flip=flip, erase=erase)
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                logits = judge.head(judge.trunk(x))
            loss = F.cross_entropy(logits.float(), labels[chosen].long(), label_smoothing=0.1)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            losses.append(loss.item())
        if progress is not None:
            line = f"judge: epoch {epoch + 1} of {epochs}, loss {sum(losses) / len(losses):.4f}"
            progress(line + ("" if validation is None else f", validation accuracy {judge.accuracy(*validation):.4f}"))
        if epoch_done is not None:
            epoch_done(epoch + 1)
    with torch.no_grad():
        for matrix in matrices:
            matrix.copy_(matrix.half())
    return judge.eval()


def save_judge(judge: Judge, path: str | Path) -> None:
    """Writes a judge as safetensors with its config in the metadata; the file appears whole or not at all.

    Matrices are stored in half precision, everything else in float32. Raises `FileError` when it cannot be written.
    """
    halved = {name for name, parameter in judge.named_parameters() if parameter.ndim > 1}
    tensors = {
        name: (tensor.half() if name in halved else tensor).contiguous() for name, tensor in judge.state_dict().items()
    }
    content = save(tensors, metadata={"format": FORMAT, "config": json.dumps(asdict(judge.config))})
    write_bytes(Path(path), content)


def load_judge(path: str | Path) -> Judge:
    """Reads a judge that `save_judge` wrote, in eval mode. Raises `FileError` if the file is not a complete judge."""
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise ValueError(f"its format is {metadata.get('format')!r}")
            config = json.loads(metadata["config"])
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 - not a dict
        judge = Judge(JudgeConfig(**{**config, "shape": tuple(config["shape"])}))
        judge.load_state_dict(tensors)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, RuntimeError, SettingError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FileError(f"{path} must be a judge in the format {FORMAT}, but it cannot be read: {reason}.") from error
    return judge.to(memory_format=torch.channels_last).eval()
