"""The examples with text, in a short form: they read their texts, learn something, and their gradients are right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from srcad_runtime import trees

import srcad
from examples.text import corpora, dates, language_model, topics


def check_directions(objective: Any, params: Any, seed: int = 0, count: int = 3) -> None:
    """The generated gradient, in double precision, along random directions, against central differences.

    The parameters are shaken: at biases of zero a ReLU of padding is not differentiable.
    """
    rng = np.random.default_rng(seed)
    params = trees.map(lambda p: p + 0.1 * rng.normal(size=p.shape), params)
    gradient = srcad.grad(objective, backend="numpy")(params)
    for _ in range(count):
        v = trees.map(lambda p: rng.normal(size=p.shape), params)
        slope = sum(np.sum(g * d) for g, d in zip(trees.leaves(gradient), trees.leaves(v)))
        np.testing.assert_allclose(slope, slope_along(objective, params, v), rtol=1e-6, atol=1e-8)


def slope_along(objective: Any, params: Any, v: Any, t: float = 1e-5) -> float:
    """The derivative of the objective along v, by differences of fourth order."""

    def at(step: float) -> float:
        return float(objective(trees.map(lambda p, d: p + step * d, params, v)))

    near, far = at(t) - at(-t), at(2 * t) - at(-2 * t)
    return (8.0 * near - far) / (12.0 * t)


# ---- topics ----


def test_docstrings() -> None:
    texts, labels, names = corpora.docstrings()
    assert len(texts) == len(labels) == len(set(texts)) > 1000
    assert len(names) == 8 and np.bincount(labels).min() > 50
    assert topics.words("readAll: a `str` of 12 bytes.") == ["read", "all", ":", "a", "`", "str", "`", "of", "12",
                                                             "bytes", "."]  # fmt: skip


def test_topics_are_told_apart() -> None:
    texts, labels, names = corpora.docstrings()
    texts, labels, unseen, truth = topics.split(texts, labels)
    trainer, known = topics.train(texts[:1200], labels[:1200], len(names), epochs=5, backend="numpy", verbose=0)
    found = trainer.predict(topics.encode(unseen, known)).argmax(axis=1)
    assert np.mean(found == truth) > 2.5 * np.bincount(truth).max() / len(truth)


def test_gradient_of_the_classifier() -> None:
    params = topics.init(np.random.default_rng(0), 30, 3, 6, 5)
    x = np.random.default_rng(1).integers(0, 30, (4, 9))
    x[:, 6:] = 0
    y = np.array([0, 2, 1, 1])

    def objective(params):
        return topics.losses.cross_entropy(topics.model(params, x), y)

    check_directions(objective, params)


# ---- characters ----


@pytest.fixture(scope="module")
def text() -> str:
    found = corpora.documentation()
    assert "Beautiful is better than ugly." in found and len(found) > 200_000
    return found[:60_000]


def small(letters: int, seed: int = 0) -> Any:
    return language_model.init(np.random.default_rng(seed), letters, features=16, blocks=2)


def test_the_language_model_learns(text: str) -> None:
    letters = language_model.alphabet(text)
    codes, held_out = language_model.split(language_model.encode(text, letters))
    sizes = {"features": 32, "blocks": 1}
    trainer = language_model.train(codes, letters, 60, 16, verbose=0, **sizes)
    before = language_model.init(np.random.default_rng(0), len(letters), **sizes)
    learnt = language_model.perplexity(trainer.params, held_out)
    assert learnt < 0.3 * language_model.perplexity(before, held_out)
    assert learnt < language_model.unigram_perplexity(codes, held_out, len(letters))
    written = language_model.sample(trainer.params, letters, "class ", 20, np.random.default_rng(0))
    again = language_model.sample(trainer.params, letters, "class ", 20, np.random.default_rng(0))
    assert written == again and written.startswith("class ") and len(written) == 26


def test_no_character_sees_those_behind_it() -> None:
    params, x = small(20), np.random.default_rng(0).integers(0, 20, (1, 12))
    other = x.copy()
    other[0, 7] = (x[0, 7] + 1) % 20
    before, after = language_model.model(params, x), language_model.model(params, other)
    np.testing.assert_array_equal(before[:, :7], after[:, :7])
    assert not np.allclose(before[:, 7:], after[:, 7:])


def test_gradient_of_the_language_model() -> None:
    x, y = np.random.default_rng(1).integers(0, 12, (2, 3, 8))

    def objective(params):
        return language_model.loss(language_model.model(params, x), y)

    check_directions(objective, small(12))


# ---- dates ----


def test_dates_in_words() -> None:
    assert [dates.ordinal(n) for n in (1, 5, 12, 20, 23, 31)] == [
        "first", "fifth", "twelfth", "twentieth", "twenty-third", "thirty-first",
    ]  # fmt: skip
    texts, numbers = dates.pairs(500)
    assert len(set(numbers)) == 500 and numbers == dates.pairs(600)[1][:500]
    assert dates.encode(["the twelfth of march, nineteen eighty-four"]).shape == (1, dates.LENGTH)
    assert max(len(dates.words(text)) for text in texts) <= dates.LENGTH
    rng = np.random.default_rng(0)
    assert dates.year_in_words(1900, rng) == "nineteen hundred" and dates.year_in_words(2000, rng) == "two thousand"


def test_dates_are_translated() -> None:
    trainer = dates.train(2400, 4, 16, 48, backend="numpy", verbose=0)
    texts, numbers = (part[2400:] for part in dates.pairs(2600))
    assert dates.exact_match(trainer.params, texts, numbers) >= 0.95
    shares = dates.attention(trainer.params, dates.encode(texts[:3]), dates.before(dates.digits(numbers[:3])))
    np.testing.assert_allclose(shares.sum(axis=2), 1.0, rtol=1e-5)
    assert not shares[np.broadcast_to((dates.encode(texts[:3]) == 0)[:, None, :], shares.shape)].any()


def test_gradient_of_the_translation() -> None:
    texts, numbers = dates.pairs(3)
    x, y = (dates.encode(texts), dates.before(dates.digits(numbers))), dates.digits(numbers)

    def objective(params):
        return dates.loss(dates.model(params, x), y)

    check_directions(objective, dates.init(np.random.default_rng(0), 6, 5))
