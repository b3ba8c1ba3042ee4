"""A language model over characters: a small transformer learns to write like Python's documentation.

Run ``python -m examples.text.language_model``. The text is what `help()` knows (the language reference), the licence
and the Zen of Python, all of them parts of the installed Python.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from srcad_runtime import data, functional, layers, losses
from srcad_runtime.optimizers import adamw, chain, clip_by_global_norm
from srcad_runtime.schedules import warmup_cosine_decay_schedule
from srcad_runtime.training import Trainer

from examples.text import corpora

CONTEXT, HEADS = 64, 4


def alphabet(text: str) -> str:
    """The characters of a text that are not rare; all others are written as the first one, a blank box."""
    found, counts = np.unique(list(text), return_counts=True)
    return "\N{WHITE SQUARE}" + "".join(c for c, n in zip(found, counts) if n >= 20)


def encode(text: str, letters: str) -> np.ndarray:
    """Characters as numbers."""
    places = {c: k for k, c in enumerate(letters)}
    return np.array([places.get(c, 0) for c in text])


def split(codes: np.ndarray, pieces: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """The text without every tenth of its pieces, and those pieces, held out."""
    parts = np.array_split(codes, pieces)
    return np.concatenate([p for k, p in enumerate(parts) if k % 10 != 9]), np.concatenate(parts[9::10])


def windows(codes: np.ndarray, length: int = CONTEXT) -> tuple[np.ndarray, np.ndarray]:
    """Neighbouring windows (n, length) and what follows each of their characters."""
    n = (len(codes) - 1) // length
    return codes[: n * length].reshape(n, length), codes[1 : n * length + 1].reshape(n, length)


def init(rng: np.random.Generator, letters: int, features: int = 64, blocks: int = 2) -> Any:
    """Parameters of `model`, in float32."""
    f4 = {"dtype": np.float32}
    embedding = layers.embedding_init(rng, letters, features, **f4)
    embedding["weight"] *= np.float32(0.1)
    return {
        "embedding": embedding,
        "position": layers.positional_encoding(CONTEXT, features, np.float32) * np.float32(0.1),
        "blocks": [layers.transformer_block_init(rng, features, 4 * features, **f4) for _ in range(blocks)],
        "norm": layers.norm_init(features, **f4),
        "out": layers.dense_init(rng, features, letters, **f4),
    }


def model(params, x):
    """Scores of the next character after each one: codes (n, t) give (n, t, letters)."""
    h = layers.embedding(params["embedding"], x) + params["position"][: x.shape[1]]
    for block in params["blocks"]:
        h = layers.transformer_block(block, h, HEADS, is_causal=True, norm_first=True, activation="gelu")
    return layers.dense(params["out"], layers.layer_norm(params["norm"], h))


def loss(scores, following):
    """The mean cross-entropy of all positions, in nats per character."""
    return losses.cross_entropy(scores.reshape(-1, scores.shape[2]), following.reshape(-1))


def perplexity(params: Any, codes: np.ndarray) -> float:
    """How many equally likely characters the model hesitates between, over neighbouring windows of `codes`."""
    x, y = windows(codes)
    total = 0.0
    for k in range(0, len(x), 64):
        total += float(loss(model(params, x[k : k + 64]), y[k : k + 64])) * len(x[k : k + 64])
    return float(np.exp(total / len(x)))


def unigram_perplexity(train: np.ndarray, held_out: np.ndarray, letters: int) -> float:
    """The same for a model that knows how frequent characters are, and nothing else."""
    p = (np.bincount(train, minlength=letters) + 1) / (len(train) + letters)
    return float(np.exp(-np.mean(np.log(p[held_out]))))


def sample(params: Any, letters: str, start: str, length: int, rng: np.random.Generator, temperature=0.7) -> str:
    """`start`, and what the model writes after it."""
    codes = list(encode(start, letters))
    for _ in range(length):
        scores = model(params, np.array([codes[-CONTEXT:]]))[0, -1].astype(np.float64)
        codes.append(int(rng.choice(len(letters), p=functional.softmax(scores / temperature))))
    return "".join(letters[k] for k in codes)


def shifted(batch: Any, rng: np.random.Generator) -> Any:
    """Windows as they come lie side by side; a random shift within each makes others of them."""
    (text,) = batch
    at = rng.integers(0, text.shape[1] - CONTEXT, len(text))[:, None] + np.arange(CONTEXT + 1)
    pieces = np.take_along_axis(text, at, axis=1)
    return pieces[:, :-1], pieces[:, 1:]


def batches(codes: np.ndarray, batch_size: int, seed: int = 0) -> data.Batches:
    """Batches of windows at random places; one pass sees about every second character."""
    n = (len(codes) - CONTEXT) // (2 * CONTEXT)
    text = np.lib.stride_tricks.sliding_window_view(codes, 3 * CONTEXT)[:: 2 * CONTEXT][:n]
    return data.batches((np.ascontiguousarray(text),), batch_size, seed=seed, drop_last=True).map(shifted)


def train(codes, letters, steps=1500, batch_size=32, backend="numpy", verbose="auto", **sizes) -> Trainer:
    """A trainer that has taken so many steps."""
    each = batches(codes, batch_size)
    epochs = max(1, -(-steps // len(each)))
    rate = warmup_cosine_decay_schedule(0.0, 3e-3, min(100, steps // 4 + 1), epochs * len(each), 3e-4)
    params = init(np.random.default_rng(0), len(letters), **sizes)
    optimizer = chain(clip_by_global_norm(1.0), adamw(rate, weight_decay=0.01))
    trainer = Trainer(model, params, loss, optimizer, backend=backend)
    trainer.fit(each, epochs=epochs, verbose=verbose)
    return trainer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--backend", default="numpy")
    options = parser.parse_args()
    text = corpora.documentation()
    letters = alphabet(text)
    codes, held_out = split(encode(text, letters))
    print(f"{len(codes)} characters for training, {len(held_out)} held out, {len(letters)} different ones")
    started = time.perf_counter()
    trainer = train(codes, letters, options.steps, backend=options.backend)
    print(f"{trainer.step} steps, {time.perf_counter() - started:.0f} s")
    params = trainer.params
    print(f"perplexity per character: {perplexity(params, codes[:50_000]):.2f} on text learnt from, "
          f"{perplexity(params, held_out):.2f} on the held-out part, "
          f"{unigram_perplexity(codes, held_out, len(letters)):.2f} knowing frequencies only")  # fmt: skip
    rng = np.random.default_rng(0)
    for start in ('The "with" statement', "If the object", "class "):
        print(f"\n---- {start}\n{sample(params, letters, start, 300, rng)}")


if __name__ == "__main__":
    main()
