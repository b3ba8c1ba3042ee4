"""The speech example, in a short form, on its committed sample: features, gradient, training, decoding."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import srcad
from examples.speech import features, make_data, recognise
from tests.examples.test_text import check_directions


@pytest.fixture(scope="module")
def sample() -> tuple[list[np.ndarray], list[str]]:
    return make_data.read(make_data.SAMPLE, "training")


def test_the_sample(sample: Any) -> None:
    sounds, texts = sample
    assert len(sounds) == len(texts) == 10
    assert all(set(text.split()) <= set(make_data.WORDS) for text in texts)
    assert all(0.1 < np.max(np.abs(sound)) <= 1.0 for sound in sounds)
    assert not set(make_data.TRAINING_VOICES) & set(make_data.UNHEARD_VOICES)


def test_features_say_where_the_energy_is() -> None:
    seconds = np.arange(8000) / 8000
    for hertz in (300.0, 1000.0, 2500.0):
        tone = np.sin(2 * np.pi * hertz * seconds) * (seconds < 0.5) + 1e-4 * np.cos(777 * seconds)
        found = features.log_mel(tone)
        centres = 700.0 * (10.0 ** (np.linspace(features.mel(80.0), features.mel(4000.0), 34)[1:-1] / 2595.0) - 1.0)
        assert abs(found[10].argmax() - np.abs(centres - hertz).argmin()) <= 1
        assert found[10].max() > found[80].max() + 1.0
    assert abs(len(found) - 8000 / features.HOP) <= 3
    tone = tone + 0.01 * np.random.default_rng(0).standard_normal(tone.size)
    np.testing.assert_allclose(
        features.log_mel(tone), features.log_mel(0.5 * tone), atol=1e-2
    )  # the level does not matter


def test_batches_are_filled_up(sample: Any) -> None:
    x, steps = features.batch(sample[0][:3])
    for row, n, sound in zip(x, steps, sample[0]):
        np.testing.assert_array_equal(row[:, :n].T, features.log_mel(sound))
        assert not row[:, n:].any()
    params = recognise.init(np.random.default_rng(0), 4, 4)
    for n in range(20, 29):
        assert len(recognise.model(params, x[:, :, :n])) == recognise.answers(np.array([n]))[0]


def test_decoding() -> None:
    path = ["_", "o", "o", "_", "n", " ", " ", "_", "o", "f", "_", "f", "f", "_"]
    log_probs = np.log(np.eye(len(recognise.LETTERS))[[recognise.LETTERS.index(c) for c in path]] + 1e-9)[:, None]
    assert recognise.greedy(log_probs, np.array([len(path)])) == ["on off"]
    assert recognise.greedy(log_probs, np.array([10])) == ["on of"]


def test_decoding_with_a_dictionary() -> None:
    rng = np.random.default_rng(0)
    words = ["on", "off", "go", "three"]
    for said in ("on off", "three", "go on go", "off three three on"):
        path = "__" + "".join(f"{c}_" for c in said) + "_"
        scores = 2.0 * np.eye(len(recognise.LETTERS))[[recognise.LETTERS.index(c) for c in path]]
        log_probs = np.log(np.exp(scores + 0.3 * rng.normal(size=scores.shape)))
        assert recognise.Dictionary(words).spoken(log_probs) == said
        assert recognise.Dictionary(words).spoken(log_probs) == likeliest(log_probs, words, 4)


def likeliest(log_probs: np.ndarray, words: list[str], most: int) -> str:
    """The same by trying every sentence: its best path by a recursion of its own."""

    def best(text: str) -> float:
        chain = [0, *(k for c in text for k in (recognise.LETTERS.index(c), 0))]
        score = {0: log_probs[0, chain[0]], 1: log_probs[0, chain[1]]}
        for row in log_probs[1:]:
            new: dict[int, float] = {}
            for k, value in score.items():
                for step in (0, 1, 2):
                    to = k + step
                    if to < len(chain) and (step < 2 or chain[to] not in (0, chain[k])):
                        new[to] = max(new.get(to, -np.inf), value + row[chain[to]])
            score = new
        return max(score.get(len(chain) - 1, -np.inf), score.get(len(chain) - 2, -np.inf))

    sentences = [" ".join(s) for n in range(1, most + 1) for s in itertools.product(words, repeat=n)]
    return max(sentences, key=best)


def test_gradient(sample: Any) -> None:
    x, steps = features.batch(sample[0][1:3])
    letters, lengths = recognise.encode(sample[1][1:3])
    x = x.astype(np.float64)

    def objective(params):
        return recognise.loss(recognise.model(params, x), (letters, lengths, recognise.answers(steps)))

    check_directions(objective, recognise.init(np.random.default_rng(0), 5, 4))


@pytest.mark.slow
def test_both_backends_agree(sample: Any) -> None:
    x, steps = features.batch(sample[0][1:3])
    letters, lengths = recognise.encode(sample[1][1:3])

    def objective(params, x):
        return recognise.loss(recognise.model(params, x), (letters, lengths, recognise.answers(steps)))

    params = recognise.init(np.random.default_rng(0), 5, 4)
    first, second = (srcad.grad(objective, backend=backend)(params, x) for backend in ("numpy", "numba"))
    for layer in first:
        for name in first[layer]:
            np.testing.assert_allclose(first[layer][name], second[layer][name], rtol=2e-3, atol=1e-5)


def test_it_learns_the_sample(sample: Any) -> None:
    sounds, texts = sample
    trainer = recognise.train(sounds, texts, epochs=30, batch_size=5, backend="numpy", verbose=0)
    history = trainer.history.history["loss"]
    assert history[-1] < 0.3 * history[0]
    spelt, found = recognise.recognise(trainer.params, sounds, make_data.WORDS)
    assert len(found) == len(texts) and recognise.character_error_rate(texts, spelt) < 0.9
    assert set(" ".join(found).split()) <= set(make_data.WORDS)


def test_what_was_trained_understands_voices_that_it_never_heard() -> None:
    _, texts = make_data.read(make_data.SAMPLE, "unheard")
    heard = [recognise.listen(str(make_data.SAMPLE / f"unheard-{k:03d}.wav")) for k in range(len(texts))]
    assert recognise.word_error_rate(texts, heard) < 0.05, list(zip(texts, heard))


@pytest.mark.skipif(not make_data.available(), reason="espeak-ng is not installed")
def test_making_data_again(sample: Any) -> None:
    """The same seed says the same words in the same way."""
    sounds, texts = make_data.make(4, make_data.TRAINING_VOICES, 0)
    assert texts == sample[1][:4]
    for sound, written in zip(sounds, sample[0]):
        assert abs(len(sound) - len(written)) < 0.2 * make_data.RATE
