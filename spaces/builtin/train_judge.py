"""Trains the judge that VALP ships for Fashion-MNIST: `python -m valp.spaces.builtin.train_judge`."""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from valp.errors import ValpError
from valp.score.judge import load_judge, save_judge, train_judge
from valp.spaces.builtin.fashion_mnist_files import fashion_mnist_arrays
from valp.spaces.problem.judges import shipped_path

TRAINING_IMAGES = 55_000
DESCRIPTION = """\
Train the judge of generated images that VALP ships for Fashion-MNIST, and print its accuracy.

The judge learns from the problem's training split: the first 55,000 of the 60,000 official training images. Its
accuracy is measured on the validation split (the last 5,000) and on the 10,000 official test images. The images come
from VALP_DATA, the user's cache, the Debian package dataset-fashion-mnist or a download, whichever is found first."""
EPILOG = """\
example: python -m valp.spaces.builtin.train_judge -o judge.safetensors

On two cores with bfloat16 the default takes about half an hour. For a quick trial, use `--epochs 1`. On one machine,
the same seed and number of threads give the same file."""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(
        prog="python -m valp.spaces.builtin.train_judge",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("-o", "--output", type=Path, default=shipped_path("fashion-mnist"), help="file to write")
    made.add_argument("--epochs", type=int, default=36, help="passes over the 55,000 images (default %(default)s)")
    made.add_argument("--seed", type=int, default=0, help="seed of weights, order and augmentation (%(default)s)")
    made.add_argument("--threads", type=int, default=2, help="processor threads (default %(default)s)")
    return made


def samples_of(images: NDArray[np.uint8]) -> Tensor:
    """Images [n, 28, 28] of grey levels as the problem's samples [n, 784] in [0, 1]."""
    return torch.from_numpy(images).reshape(len(images), -1).float() / 255.0


def main(arguments: list[str] | None = None) -> int:
    """Trains and saves the judge, reads the file back, and prints its accuracy. Returns the exit code."""
    chosen = parser().parse_args(arguments)
    started = time.monotonic()

    def progress(line: str) -> None:
        print(f"{(time.monotonic() - started) / 60:5.1f} min  {line}", file=sys.stderr, flush=True)

    try:
        data = fashion_mnist_arrays(progress)
        torch.set_num_threads(chosen.threads)
        torch.set_flush_denormal(True)
        samples, labels = samples_of(data.train_images), torch.from_numpy(data.train_labels)
        validation = samples[TRAINING_IMAGES:], labels[TRAINING_IMAGES:]
        judge = train_judge(
            samples[:TRAINING_IMAGES],
            labels[:TRAINING_IMAGES],
            (1, 28, 28),
            10,
            seed=chosen.seed,
            epochs=chosen.epochs,
            flip=True,
            erase=0.5,
            depth=2,
            validation=validation,
            progress=progress,
        )
        save_judge(judge, chosen.output)
        saved = load_judge(chosen.output)
    except ValpError as error:
        print(error, file=sys.stderr)
        return 1
    test = samples_of(data.test_images), torch.from_numpy(data.test_labels)
    print(f"validation accuracy {saved.accuracy(*validation):.4f} ({len(validation[0]):,} images)")
    print(f"test accuracy {saved.accuracy(*test):.4f} ({len(test[0]):,} images)")
    print(
        f"size {chosen.output.stat().st_size / 1e6:.2f} MB, {sum(p.numel() for p in saved.parameters()):,} parameters"
    )
    print(f"time {(time.monotonic() - started) / 60:.1f} minutes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
