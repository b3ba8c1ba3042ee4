"""What is a docstring about? A small convolutional network over words tells eight topics of Python's library apart.

Run ``python -m examples.text.topics``. The texts are docstrings of the installed Python, a quarter held out.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from typing import Any

import numpy as np
from srcad_runtime import functional, layers, losses
from srcad_runtime.metrics import confusion_matrix
from srcad_runtime.optimizers import adamw
from srcad_runtime.training import Trainer

from examples.text import corpora

LENGTH, RARE = 48, 1  # words of a text, index of a word that the training texts hardly have; 0 is no word
WORD = re.compile(r"[a-z]+|\d+|[^\sa-z\d]")


def words(text: str) -> list[str]:
    """Lower-case words, numbers and signs; ``read_all`` and ``readAll`` are two words each."""
    return WORD.findall(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower())


def vocabulary(texts: list[str], least: int = 2) -> dict[str, int]:
    """The words that occur at least so often, numbered from 2 on, the most frequent first."""
    counts = Counter(word for text in texts for word in words(text))
    return {word: k + 2 for k, (word, n) in enumerate(counts.most_common()) if n >= least}


def encode(texts: list[str], known: dict[str, int]) -> np.ndarray:
    """The first words of each text as numbers: (n, LENGTH)."""
    rows = np.zeros((len(texts), LENGTH), np.int64)
    for row, text in zip(rows, texts):
        numbers = [known.get(word, RARE) for word in words(text)[:LENGTH]]
        row[: len(numbers)] = numbers
    return rows


def init(rng: np.random.Generator, vocabulary_size: int, topics: int, width: int = 48, channels: int = 64) -> Any:
    """Parameters of `model`, in float32."""
    f4 = {"dtype": np.float32}
    embedding = layers.embedding_init(rng, vocabulary_size, width, **f4)
    embedding["weight"] *= np.float32(0.3)
    return {
        "embedding": embedding,
        "near": layers.conv1d_init(rng, width, channels, 3, **f4),
        "out": layers.dense_init(rng, channels + width, topics, **f4),
    }


def model(params, x, training=False, rng=None):
    """Scores of the topics (n, topics) for words (n, t): what stands together anywhere, and the mean word."""
    there = (x != 0)[:, :, None]
    e = np.where(there, layers.embedding(params["embedding"], x), np.float32(0.0))
    e = layers.dropout(e, 0.2, training, rng)
    together = functional.relu(layers.conv1d(params["near"], np.swapaxes(e, 1, 2), padding=1))
    strongest = layers.dropout(np.max(together, axis=2), 0.4, training, rng)
    mean = np.sum(e, axis=1) / np.sqrt(np.sum(there, axis=1).astype(np.float32))
    out = params["out"]
    channels = strongest.shape[1]
    return strongest @ out["weight"][:, :channels].T + mean @ out["weight"][:, channels:].T + out["bias"]


def split(texts: list[str], labels: np.ndarray, seed: int = 0) -> tuple[list[str], np.ndarray, list[str], np.ndarray]:
    """Three quarters for training, the rest held out."""
    order = np.random.default_rng(seed).permutation(len(texts))
    cut = len(texts) * 3 // 4
    first, second = order[:cut], order[cut:]
    return [texts[k] for k in first], labels[first], [texts[k] for k in second], labels[second]


def train(texts, labels, topics, held_out=None, epochs=10, backend="auto", verbose="auto") -> tuple[Trainer, dict]:
    """A trainer that has learnt the texts, and the vocabulary."""
    known = vocabulary(texts)
    params = init(np.random.default_rng(0), len(known) + 2, topics)
    optimizer = adamw(3e-3, weight_decay=0.01)
    trainer = Trainer(model, params, losses.cross_entropy, optimizer, metrics=["accuracy"], backend=backend)
    validation = None if held_out is None else (encode(held_out[0], known), held_out[1])
    trainer.fit(encode(texts, known), labels, validation, epochs=epochs, batch_size=32, verbose=verbose)
    return trainer, known


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--backend", default="numpy")
    options = parser.parse_args()
    texts, labels, names = corpora.docstrings()
    texts, labels, unseen, truth = split(texts, labels)
    print(f"{len(texts)} texts for training, {len(unseen)} held out")
    started = time.perf_counter()
    trainer, known = train(texts, labels, len(names), (unseen, truth), options.epochs, options.backend)
    print(f"{time.perf_counter() - started:.0f} s")
    found = trainer.predict(encode(unseen, known)).argmax(axis=1)
    print(f"accuracy on the held-out texts {np.mean(found == truth):.3f}, always the most frequent topic "
          f"{np.bincount(truth).max() / len(truth):.3f}")  # fmt: skip
    print(f"\n{'':>8s} " + " ".join(f"{name[:7]:>7s}" for name in names))
    for name, row in zip(names, confusion_matrix(truth, found)):
        print(f"{name:>8s} " + " ".join(f"{n:7d}" for n in row))
    for text in ("Send a message to the server and wait for the reply.", "Return the square root of the argument."):
        print(f"\n{text}\n  {names[int(trainer.predict(encode([text], known))[0].argmax())]}")


if __name__ == "__main__":
    main()
