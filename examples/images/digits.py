"""A convolutional network that reads handwritten digits: scikit-learn's 1,797 images of 8 x 8 pixels.

    python -m examples.images.digits                 # trains, reports, draws digits.png, a minute or two
    python -m examples.images.digits --resume        # goes on from the last checkpoint after an interruption

A quarter of the images is held out. The others are shifted and made noisy anew in every epoch.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from srcad_runtime import data, functional, layers, losses, metrics, optimizers, schedules
from srcad_runtime.callbacks import ModelCheckpoint
from srcad_runtime.training import Trainer

import srcad

HERE = Path(__file__).resolve().parent


def start(rng: np.random.Generator, dtype: Any = np.float32) -> dict[str, Any]:
    """The parameters at the beginning: 38,282 numbers."""
    return {
        "first": layers.conv2d_init(rng, 1, 16, 3, dtype=dtype),
        "second": layers.conv2d_init(rng, 16, 32, 3, dtype=dtype),
        "hidden": layers.dense_init(rng, 32 * 4 * 4, 64, init=layers.he_normal, dtype=dtype),
        "out": layers.dense_init(rng, 64, 10, dtype=dtype),
    }


def model(params, x):
    """Scores of the ten digits (n, 10) for images x (n, 1, 8, 8)."""
    edges = functional.relu(layers.conv2d(params["first"], x, padding=1))
    strokes = functional.relu(layers.conv2d(params["second"], edges, padding=1))
    pooled = functional.max_pool2d(strokes, 2)
    features = functional.relu(layers.dense(params["hidden"], layers.flatten(pooled)))
    return layers.dense(params["out"], features)


def load(dtype: Any = np.float32) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images (n, 1, 8, 8) from 0 to 1 and labels: three quarters to train on, then the quarter that is held out."""
    images, labels = load_digits(return_X_y=True)
    x = (images / 16.0).reshape(-1, 1, 8, 8).astype(dtype)
    x, x_test, y, y_test = train_test_split(x, labels, test_size=0.25, random_state=0, stratify=labels)
    return x, y, x_test, y_test


def augment(batch, rng):
    """Every image moved by up to one pixel, and some noise."""
    images, labels = batch
    moved = data.shift(images, rng, limit=1)
    return data.noise(moved, rng, scale=0.05), labels


def make_trainer(epochs: int, examples: int, batch_size: int = 32, backend: str = "auto", seed: int = 0) -> Trainer:
    """A network that has seen nothing yet; the learning rate falls along a cosine."""
    steps = epochs * -(-examples // batch_size)
    optimizer = optimizers.adamw(schedules.cosine_decay_schedule(2e-3, steps), weight_decay=1e-3)
    params = start(np.random.default_rng(seed))
    return Trainer(model, params, losses.cross_entropy, optimizer, metrics=["accuracy"], backend=backend)


def train(trainer: Trainer, x, y, held_out, epochs: int, callbacks=(), seed: int = 0, verbose: Any = "auto"):
    """Fit on augmented batches; returns the history."""
    batches = data.batches((x, y), 32, seed=seed).map(augment)
    return trainer.fit(batches, validation_data=held_out, epochs=epochs, callbacks=callbacks, verbose=verbose)


def draw(history, y_test, guesses, x_test, path: Path) -> None:
    """The curves of the training, the confusion matrix and the digits that were misread, as a picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    wrong = np.flatnonzero(guesses != y_test)[:8]
    figure = pyplot.figure(figsize=(13, 7), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(3, 1))
    curves, matrix = top.subplots(1, 2)
    history.plot("loss", "val_loss", ax=curves)
    curves.set_yscale("log")
    curves.set_title(f"loss; {np.mean(guesses == y_test):.2%} of {y_test.size} held-out digits read right")
    confusion = metrics.confusion_matrix(y_test, guesses)
    matrix.imshow(np.sqrt(confusion), cmap="Blues")
    for (i, j), count in np.ndenumerate(confusion):
        if count:
            matrix.text(j, i, count, ha="center", va="center", color="white" if i == j else "firebrick")
    matrix.set(title="confusion", xlabel="read as", ylabel="is", xticks=range(10), yticks=range(10))
    for axes, k in zip(np.atleast_1d(bottom.subplots(1, 8)), [*wrong, *[None] * 8]):
        axes.axis("off")
        if k is not None:
            axes.imshow(x_test[k, 0], cmap="gray_r")
            axes.set_title(f"{y_test[k]} read as {guesses[k]}", fontsize=10)
    bottom.suptitle("misread")
    figure.savefig(path, dpi=80)
    pyplot.close(figure)


def gradient_source() -> str:
    """The gradient that srcad writes for this network's loss."""

    def loss(params, x, y):
        return losses.cross_entropy(model(params, x), y)

    params = start(np.random.default_rng(0), np.float64)
    x, y, _, _ = load(np.float64)
    return srcad.differentiate(loss, backend="numpy").source_for(params, x[:4], y[:4])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--backend", default="auto", help="numpy starts at once, numba is compiled first")
    parser.add_argument("--output", type=Path, default=HERE, help="folder for digits.png and the checkpoint")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the output folder")
    options = parser.parse_args()

    x, y, x_test, y_test = load()
    trainer = make_trainer(options.epochs, len(x), backend=options.backend)
    print(trainer.summary())
    checkpoint = options.output / "digits.safetensors"
    if options.resume:
        trainer.restore(checkpoint)
    history = train(trainer, x, y, (x_test, y_test), options.epochs, [ModelCheckpoint(checkpoint)])

    guesses = np.argmax(trainer.predict(x_test), axis=1)
    print(f"\nheld out: {trainer.evaluate(x_test, y_test)}, {np.sum(guesses != y_test)} of {y_test.size} misread")
    print(metrics.confusion_matrix(y_test, guesses))
    draw(history, y_test, guesses, x_test, options.output / "digits.png")
    print(f"\n{options.output / 'digits.png'} shows them")


if __name__ == "__main__":
    main()
