"""Translation from sequence to sequence: dates written out in words become digits, by two GRUs and attention.

"monday the twelfth of march, nineteen eighty-four" is 1984-03-12. Words go in, digits come out. Run
``python -m examples.text.dates``.
"""

from __future__ import annotations

import argparse
import datetime
import time
from typing import Any

import numpy as np
from srcad_runtime import functional, layers, losses
from srcad_runtime.optimizers import adam, chain, clip_by_global_norm
from srcad_runtime.schedules import cosine_decay_schedule
from srcad_runtime.training import Trainer

MONTHS = "january february march april may june july august september october november december".split()
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
UNITS = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
         "seventeen eighteen nineteen").split()  # fmt: skip
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
            "twelve": "twelfth"}  # fmt: skip

WORDS = sorted({"", "the", "of", "and", "hundred", "thousand", "oh", *MONTHS, *DAYS, *UNITS, *TENS, *ORDINALS.values(),
                *(f"{unit}th" for unit in UNITS), "twentieth", "thirtieth"})  # fmt: skip
START = 10  # the sign before the first digit
LENGTH, DIGITS = 10, 8


# ---- the language ----


def two_digits(n: int) -> str:
    """A number below 100 in words."""
    if n < 20:
        return UNITS[n]
    return TENS[n // 10] + (f"-{UNITS[n % 10]}" if n % 10 else "")


def ordinal(n: int) -> str:
    """``third``, ``twenty-first``."""
    head, _, last = f"-{two_digits(n)}".rpartition("-")
    last = ORDINALS.get(last, last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return f"{head}-{last}".strip("-")


def year_in_words(year: int, rng: np.random.Generator) -> str:
    """A year as it is spoken; where there are two ways, one of them."""
    century, rest = divmod(year, 100)
    if 2000 < year < 2010 and rng.random() < 0.7:
        return f"two thousand and {UNITS[rest]}"
    if rest == 0:
        return "two thousand" if year == 2000 else f"{two_digits(century)} hundred"
    return f"{two_digits(century)} {two_digits(rest) if rest > 9 else f'oh {UNITS[rest]}'}"


def in_words(date: datetime.date, rng: np.random.Generator) -> str:
    """A date in one of the ways in which it is spoken."""
    day, month, year = ordinal(date.day), MONTHS[date.month - 1], year_in_words(date.year, rng)
    weekday = DAYS[date.weekday()]
    forms = (
        f"the {day} of {month}, {year}",
        f"{month} {day}, {year}",
        f"{two_digits(date.day)} {month} {year}",
        f"{weekday} the {day} of {month} {year}",
        f"{weekday}, {month} the {day}, {year}",
    )
    return forms[rng.integers(len(forms))]


def pairs(n: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """`n` different dates between 1900 and 2099 in words, and in digits: 19840312."""
    rng = np.random.default_rng(seed)
    first, last = datetime.date(1900, 1, 1).toordinal(), datetime.date(2099, 12, 31).toordinal()
    dates = [datetime.date.fromordinal(int(k)) for k in first + rng.permutation(last - first + 1)[:n]]
    return [in_words(d, rng) for d in dates], [d.strftime("%Y%m%d") for d in dates]


def words(text: str) -> list[str]:
    return text.replace(",", " ").replace("-", " ").split()


def encode(texts: list[str]) -> np.ndarray:
    """Words as numbers, filled up on the left, so that the last word is in the last column: (n, LENGTH)."""
    places = {word: k for k, word in enumerate(WORDS)}
    rows = np.zeros((len(texts), LENGTH), np.int64)
    for row, text in zip(rows, texts):
        found = [places[word] for word in words(text)]
        row[LENGTH - len(found) :] = found
    return rows


def digits(numbers: list[str]) -> np.ndarray:
    return np.array([[int(c) for c in number] for number in numbers])


def before(target: np.ndarray) -> np.ndarray:
    """What the decoder has written before each digit: the start sign, then the digits."""
    return np.concatenate([np.full((len(target), 1), START), target[:, :-1]], axis=1)


# ---- the model ----


def init(rng: np.random.Generator, units: int = 64, width: int = 32) -> Any:
    """Parameters of `model`, in float32."""
    f4 = {"dtype": np.float32}
    return {
        "words": layers.embedding_init(rng, len(WORDS), width, **f4),
        "encoder": layers.gru_init(rng, width, units, **f4),
        "digits": layers.embedding_init(rng, START + 1, width, **f4),
        "decoder": layers.gru_init(rng, width, units, **f4),
        "query": layers.dense_init(rng, units, units, **f4),
        "seen": layers.dense_init(rng, units, units, **f4),
        "own": layers.dense_init(rng, units, units, **f4),
        "out": layers.dense_init(rng, units, 10, **f4),
    }


def model(params, x):
    """Scores of each digit (n, t, 10) for words (n, s) and the digits written before it (n, t).

    The decoder starts where the encoder ends, and looks back at all of its states (Luong et al., 2015).
    """
    source, written = x
    states, end = layers.gru(params["encoder"], layers.embedding(params["words"], source.T))
    own, _ = layers.gru(params["decoder"], layers.embedding(params["digits"], written.T), end)
    own, states = np.swapaxes(own, 0, 1), np.swapaxes(states, 0, 1)
    query = layers.dense(params["query"], own)
    there = (source != 0)[:, None, :]
    seen = functional.scaled_dot_product_attention(query, states, states, there)
    mixed = np.tanh(layers.dense(params["seen"], seen) + layers.dense(params["own"], own))
    return layers.dense(params["out"], mixed)


def loss(scores, target):
    """The mean cross-entropy of all digits."""
    return losses.cross_entropy(scores.reshape(-1, scores.shape[2]), target.reshape(-1))


def attention(params: Any, source: np.ndarray, written: np.ndarray) -> np.ndarray:
    """Where the model looks while it writes each digit: shares of the words (n, t, s)."""
    states, end = layers.gru(params["encoder"], layers.embedding(params["words"], source.T))
    own, _ = layers.gru(params["decoder"], layers.embedding(params["digits"], written.T), end)
    query = layers.dense(params["query"], np.swapaxes(own, 0, 1))
    scores = query @ np.moveaxis(states, 0, 2) * query.shape[-1] ** -0.5
    return functional.softmax(np.where((source != 0)[:, None, :], scores, -np.inf))


def translate(params: Any, texts: list[str]) -> list[str]:
    """The digits of each text, the likeliest one after the other."""
    source = encode(texts)
    written = np.full((len(texts), DIGITS + 1), START)
    for t in range(DIGITS):
        written[:, t + 1] = model(params, (source, written[:, :-1]))[:, t].argmax(axis=1)
    return ["".join(map(str, row)) for row in written[:, 1:]]


def train(n=8_000, epochs=10, batch_size=32, units=64, backend="auto", verbose="auto") -> Trainer:
    """A trainer that has learnt `n` pairs."""
    texts, numbers = pairs(n)
    target = digits(numbers)
    steps = epochs * -(-n // batch_size)
    optimizer = chain(clip_by_global_norm(1.0), adam(cosine_decay_schedule(4e-3, steps, 0.02)))
    trainer = Trainer(model, init(np.random.default_rng(0), units), loss, optimizer, backend=backend)
    trainer.fit((encode(texts), before(target)), target, epochs=epochs, batch_size=batch_size, verbose=verbose)
    return trainer


def exact_match(params: Any, texts: list[str], numbers: list[str]) -> float:
    """The share of texts whose digits are all right."""
    return float(np.mean([a == b for a, b in zip(translate(params, texts), numbers)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=8_000)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--backend", default="numpy")
    options = parser.parse_args()
    texts, numbers = pairs(options.pairs + 1000)
    started = time.perf_counter()
    trainer = train(options.pairs, options.epochs, backend=options.backend)
    print(f"{trainer.step} steps, {time.perf_counter() - started:.0f} s")
    params = trainer.params
    held_out = texts[options.pairs :], numbers[options.pairs :]
    print(f"exact match on {len(held_out[0])} dates that were not learnt: {exact_match(params, *held_out):.3f}")
    found = translate(params, held_out[0][:6])
    for text, number, written in zip(held_out[0], held_out[1], found):
        print(f"  {text:52s} {written}" + ("" if written == number else f"   ({number})"))
    print("\nWhere it looks when it writes each digit, in percent:")
    text = held_out[0][0]
    shares = attention(params, encode([text]), before(digits(found[:1])))[0]
    print("   " + "".join(f"{word[:9]:>10s}" for word in words(text)))
    for digit, row in zip(found[0], shares[:, -len(words(text)) :]):
        print(f"  {digit}" + "".join(f"{100 * share:10.0f}" for share in row))


if __name__ == "__main__":
    main()
