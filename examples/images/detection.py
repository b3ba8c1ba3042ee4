"""A single-shot detector: one look at a scene finds the digits in it, says where they are and which.

    python -m examples.images.detection              # trains, reports, draws detection.png, some minutes

Every cell of a grid answers at once: is the middle of a digit here, where exactly, how large, and which one (Redmon et
al., 2016; Liu et al., 2016). Scenes for training and for the test are made of different people's digits.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from srcad_runtime import data, functional, layers, losses, optimizers, schedules
from srcad_runtime.training import Trainer

from examples.images import digits, scenes
from examples.images.boxes import Detections, mean_average_precision, suppress

HERE = Path(__file__).resolve().parent
ANSWERS = 1 + 4 + 10  # a digit or not, its box, which one


def start(rng: np.random.Generator, dtype: Any = np.float32) -> dict[str, Any]:
    """The parameters at the beginning."""
    return {
        "edges": layers.conv2d_init(rng, 1, 16, 3, dtype=dtype),
        "strokes": layers.conv2d_init(rng, 16, 32, 3, dtype=dtype),
        "parts": layers.conv2d_init(rng, 32, 48, 3, dtype=dtype),
        "digits": layers.conv2d_init(rng, 48, 48, 3, dtype=dtype),
        "answers": layers.conv2d_init(rng, 48, ANSWERS, 1, init=layers.glorot_uniform, dtype=dtype),
    }


def model(params, x):
    """Answers (n, 15, 8, 8) for scenes x (n, 1, 32, 32)."""
    edges = functional.relu(layers.conv2d(params["edges"], x, padding=1))
    half = functional.max_pool2d(edges, 2)
    strokes = functional.relu(layers.conv2d(params["strokes"], half, padding=1))
    quarter = functional.max_pool2d(strokes, 2)
    parts = functional.relu(layers.conv2d(params["parts"], quarter, padding=1))
    seen = functional.relu(layers.conv2d(params["digits"], parts, padding=1))
    return layers.conv2d(params["answers"], seen)


def loss(answers, target):
    """How wrong the answers are: whether a digit is there, which one, and where; target as `scenes.targets` has it."""
    there = losses.binary_cross_entropy_with_logits(answers[:, 0], target["object"])
    which = losses.cross_entropy(answers[:, 5:], target["label"])
    where = losses.huber(answers[:, 1:5], target["box"], delta=0.3, weight=target["object"][:, None])
    return 10.0 * there + which + 100.0 * where


def detect(trainer: Trainer, x: np.ndarray, least: float = 0.05) -> list[Detections]:
    """What is found in scenes x (n, 1, 32, 32): of overlapping boxes the best, none with a score below `least`."""
    answers = trainer.predict(x).astype(float)
    there = functional.sigmoid(answers[:, 0])
    shares = functional.softmax(answers[:, 5:], axis=1)
    found = []
    for n in range(len(x)):
        score = there[n] * shares[n].max(axis=0)
        y, x_ = np.nonzero(score > least)
        boxes = scenes.boxes_of(answers[n, 1:5])[y, x_]
        found.append(suppress(Detections(boxes, shares[n].argmax(axis=0)[y, x_], score[y, x_])))
    return found


def load(count: int, held_out: int, seed: int = 0):
    """Scenes and what is in them, to train on and held out; the second are of digits that the first do not have."""
    x, y, x_test, y_test = digits.load()
    rng = np.random.default_rng(seed)
    return *scenes.compose(x, y, count, rng), *scenes.compose(x_test, y_test, held_out, rng)


def darken(batch, rng):
    """Every scene lighter or darker, and some more noise."""
    x, target = batch
    factor = rng.uniform(0.8, 1.2, (len(x), 1, 1, 1)).astype(x.dtype)
    return data.noise(factor * x, rng, scale=0.03), target


def make_trainer(steps: int, backend: str = "numpy") -> Trainer:
    """A detector that has seen nothing yet."""
    optimizer = optimizers.adamw(schedules.cosine_onecycle_schedule(steps, 5e-3), weight_decay=1e-3)
    return Trainer(model, start(np.random.default_rng(0)), loss, optimizer, backend=backend)


def draw(x: np.ndarray, found: list[Detections], truth: list[Detections], title: str, path: Path) -> None:
    """Scenes with the boxes found in them; what is there in dotted lines."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.patches import Rectangle

    figure, axes = pyplot.subplots(2, 4, figsize=(13, 7), layout="constrained")
    for k, ax in enumerate(axes.flat):
        ax.imshow(x[k, 0], cmap="gray_r", extent=(0, scenes.SIZE, scenes.SIZE, 0))
        ax.axis("off")
        for left, top, right, bottom in truth[k].boxes:
            ax.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, color="gray", linestyle=":"))
        for (left, top, right, bottom), label, score in zip(*found[k]):
            if score < 0.5:
                continue
            ax.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, color="crimson", linewidth=1.5))
            ax.text(left, top - 0.3, f"{label} {score:.0%}", color="crimson", fontsize=9, va="bottom")
    figure.suptitle(title)
    figure.savefig(path, dpi=80)
    pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--scenes", type=int, default=3000)
    parser.add_argument("--backend", default="numpy", help="numpy starts at once, numba is compiled first")
    parser.add_argument("--output", type=Path, default=HERE, help="folder for detection.png")
    options = parser.parse_args()

    x, truth, x_test, truth_test = load(options.scenes, 300)
    trainer = make_trainer(options.epochs * -(-len(x) // 32), options.backend)
    print(trainer.summary())
    batches = data.batches((x, scenes.targets(truth)), 32).map(darken)
    trainer.fit(batches, validation_data=(x_test, scenes.targets(truth_test)), epochs=options.epochs)

    found = detect(trainer, x_test)
    levels = {level: mean_average_precision(found, truth_test, level) for level in (0.5, 0.75)}
    told = ", ".join(f"{value:.3f} at an overlap of {level}" for level, value in levels.items())
    print(f"\n{len(x_test)} held-out scenes, mean average precision {told}")
    draw(x_test, found, truth_test, f"mean average precision {told}", options.output / "detection.png")


if __name__ == "__main__":
    main()
