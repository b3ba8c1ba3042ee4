"""Speech recognition: spoken digits and commands, letter by letter, by convolutions, a GRU and CTC.

Run ``python -m examples.speech.recognise``: it makes its sounds with espeak-ng, trains, and listens to voices that it
has not heard before. ``--listen FILE.wav ...`` writes down what is said in files instead, with parameters that were
trained so (``trained.safetensors``).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import wavfile
from srcad_runtime import checkpoints, data, functional, layers, losses
from srcad_runtime.metrics import character_error_rate, word_error_rate
from srcad_runtime.optimizers import adam, chain, clip_by_global_norm
from srcad_runtime.schedules import warmup_cosine_decay_schedule
from srcad_runtime.training import Trainer

from examples.speech import features, make_data

LETTERS = "_ " + "".join(sorted(set("".join(make_data.WORDS))))  # the first is CTC's blank
BLANK = 0
TRAINED = Path(__file__).parent / "trained.safetensors"


def encode(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Letters as numbers (n, longest), and how many each text has."""
    lengths = np.array([len(text) for text in texts])
    rows = np.zeros((len(texts), lengths.max()), np.int64)
    for row, text in zip(rows, texts):
        row[: len(text)] = [LETTERS.index(c) for c in text]
    return rows, lengths


def init(rng: np.random.Generator, channels: int = 64, units: int = 64) -> Any:
    """Parameters of `model`, in float32."""
    f4 = {"dtype": np.float32}
    return {
        "first": layers.conv1d_init(rng, features.BANDS, channels, 5, **f4),
        "second": layers.conv1d_init(rng, channels, channels, 5, **f4),
        "norm": layers.norm_init(channels, **f4),
        "along": layers.gru_init(rng, channels, units, **f4),
        "back": layers.gru_init(rng, channels, units, **f4),
        "out_along": layers.dense_init(rng, units, len(LETTERS), **f4),
        "out_back": layers.dense_init(rng, units, len(LETTERS), bias=False, **f4),
    }


def model(params, x):
    """Log-probabilities (t, n, letters) of the letters in sounds (n, bands, 4 t), as CTC takes them."""
    h = functional.relu(layers.conv1d(params["first"], x, stride=2, padding=2))
    h = functional.relu(layers.conv1d(params["second"], h, stride=2, padding=2))
    h = layers.layer_norm(params["norm"], np.transpose(h, (2, 0, 1)))
    along, _ = layers.gru(params["along"], h)
    back, _ = layers.gru(params["back"], h[::-1])
    scores = layers.dense(params["out_along"], along) + layers.dense(params["out_back"], back[::-1])
    return functional.log_softmax(scores)


def loss(log_probs, target):
    """CTC: minus the logarithm of the probability of each text, per letter (Graves et al., 2006)."""
    letters, lengths, steps = target
    return losses.ctc(log_probs, letters, steps, lengths, blank=BLANK)


# ---- decoding ----


def greedy(log_probs: np.ndarray, steps: np.ndarray) -> list[str]:
    """The likeliest letter of each step, repetitions as one, blanks left out: log_probs (t, n, letters)."""
    best = log_probs.argmax(axis=2)
    texts = []
    for column, n in zip(best.T, steps):
        path = column[:n]
        kept = path[np.flatnonzero(np.diff(path, prepend=-1))]
        texts.append("".join(LETTERS[k] for k in kept if k != BLANK))
    return texts


class Dictionary:
    """Finds the likeliest path through the letters of known words (Viterbi, 1967), whatever the spelling of the path.

    A word is a chain of states, a blank before, between and after its letters, as CTC has it; a space leads from the
    end of a word to the beginning of the next.
    """

    def __init__(self, words: list[str]) -> None:
        self.words = words
        chains = [[BLANK, *(k for c in word for k in (LETTERS.index(c), BLANK))] for word in words]
        ends = np.cumsum([len(chain) for chain in chains])
        self.classes = np.concatenate(chains)
        self.word_of = np.repeat(np.arange(len(words)), [len(chain) for chain in chains])
        self.first = np.sort(np.concatenate([ends - [len(c) for c in chains], ends - [len(c) for c in chains] + 1]))
        self.last = np.sort(np.concatenate([ends - 1, ends - 2]))
        states = np.arange(self.classes.size)
        inside = states - (ends - [len(c) for c in chains])[self.word_of]
        other = self.classes != np.roll(self.classes, 2)
        self.may_step, self.may_skip = inside >= 1, (inside >= 2) & (self.classes != BLANK) & other

    def spoken(self, log_probs: np.ndarray) -> str:
        """The words of the likeliest path: log_probs (t, letters) of one sound."""
        states, space = np.arange(self.classes.size), self.classes.size
        score = np.full(space + 1, -np.inf)
        score[self.first] = log_probs[0, self.classes[self.first]]
        origins = []
        for row in log_probs[1:]:
            came = np.stack([score[:-1], np.where(self.may_step, np.roll(score[:-1], 1), -np.inf),
                             np.where(self.may_skip, np.roll(score[:-1], 2), -np.inf)])  # fmt: skip
            origin = np.append(states - came.argmax(axis=0), space)
            best = np.append(came.max(axis=0), score[space])
            entered = self.first[score[space] > best[self.first]]
            best[entered], origin[entered] = score[space], space
            end = self.last[score[self.last].argmax()]
            if score[end] > best[space]:
                best[space], origin[space] = score[end], end
            score = best + np.append(row[self.classes], row[LETTERS.index(" ")])
            origins.append(origin)
        return self._words(int(self.last[score[self.last].argmax()]), origins)

    def _words(self, state: int, origins: list[np.ndarray]) -> str:
        found, space = [self.word_of[state]], self.classes.size
        for origin in reversed(origins):
            before = int(origin[state])
            if state == space and before != space:
                found.append(self.word_of[before])
            state = before
        return " ".join(self.words[k] for k in reversed(found))


def answers(steps: np.ndarray) -> np.ndarray:
    """How many answers the network gives for so many steps: two convolutions of stride 2 with padding."""
    return (((steps + 1) // 2) + 1) // 2


def recognise(params: Any, sounds: list[np.ndarray], words: list[str], batch_size: int = 32) -> tuple[list[str], ...]:
    """What is said in each sound: letter by letter, and as the likeliest of the words."""
    dictionary = Dictionary(words)
    spelt: list[str] = []
    texts: list[str] = []
    for k in range(0, len(sounds), batch_size):
        x, steps = features.batch(sounds[k : k + batch_size])
        log_probs = model(params, x)
        spelt += greedy(log_probs, answers(steps))
        texts += [dictionary.spoken(log_probs[:n, i]) for i, n in enumerate(answers(steps))]
    return spelt, texts


def listen(file: str) -> str:
    """What is said in a WAV file, according to the trained parameters."""
    rate, sound = wavfile.read(file)
    if rate != make_data.RATE or sound.dtype != np.int16 or sound.ndim != 1:
        raise ValueError(f"{file}: expected one channel of 16 bits at {make_data.RATE} Hz")
    return recognise(checkpoints.load(TRAINED).tree, [sound / 32768.0], make_data.WORDS)[1][0]


# ---- training ----


def batches(sounds: list[np.ndarray], texts: list[str], batch_size: int, seed: int = 0) -> data.Batches:
    """Features of each sound, its letters, how many they are, and how many answers there will be."""
    x, steps = features.batch(sounds)
    return data.batches((x, (*encode(texts), answers(steps))), batch_size, seed=seed, drop_last=True).map(varied)


def varied(batch: Any, rng: np.random.Generator) -> Any:
    """The sounds as of larger and smaller speakers, a few bands and a short stretch of each silenced.

    All bands move up or down a little (after Jaitly and Hinton, 2013); no band and no moment may decide alone (Park et
    al., 2019).
    """
    x, target = batch
    changed = np.empty_like(x)
    for row, new in zip(x, changed):
        new[:] = row[np.clip(np.arange(features.BANDS) + rng.integers(-2, 3), 0, features.BANDS - 1)]
        band, step = rng.integers(features.BANDS - 3), rng.integers(row.shape[1] - 8)
        new[band : band + rng.integers(4)] = 0.0
        new[:, step : step + rng.integers(8)] = 0.0
    return changed, target


def train(sounds, texts, epochs=16, batch_size=32, backend="auto", verbose="auto", rate=4e-3) -> Trainer:
    """A trainer that has learnt the sounds."""
    each = batches(sounds, texts, batch_size)
    steps = epochs * len(each)
    schedule = warmup_cosine_decay_schedule(0.0, rate, min(50, steps // 4 + 1), steps, 1e-4)
    optimizer = chain(clip_by_global_norm(1.0), adam(schedule))
    trainer = Trainer(model, init(np.random.default_rng(0)), loss, optimizer, backend=backend)
    trainer.fit(each, epochs=epochs, verbose=verbose)
    return trainer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--training", type=int, default=1500, help="utterances to learn from")
    parser.add_argument("--unheard", type=int, default=300, help="utterances of voices that are not among those")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--save", help="file for the trained parameters")
    parser.add_argument("--listen", nargs="+", metavar="FILE", help="write down what is said in WAV files")
    options = parser.parse_args()
    for file in options.listen or ():
        print(f"{file}: {listen(file)}")
    if not options.listen:
        learn(options)


def learn(options: argparse.Namespace) -> None:
    """Make sounds, train, and listen to voices that were not among them."""
    started = time.perf_counter()
    sounds, texts = make_data.make(options.training, make_data.TRAINING_VOICES, 0)
    unheard, truth = make_data.make(options.unheard, make_data.UNHEARD_VOICES, 1)
    print(f"{len(sounds)} sounds, {sum(map(len, sounds)) / make_data.RATE / 60:.0f} min of speech, "
          f"made in {time.perf_counter() - started:.0f} s")  # fmt: skip
    started = time.perf_counter()
    trainer = train(sounds, texts, options.epochs, backend=options.backend)
    print(f"{trainer.step} steps, {time.perf_counter() - started:.0f} s")
    if options.save:
        checkpoints.save(options.save, trainer.params)
    for name, part, said in (("voices learnt from", sounds[:300], texts[:300]), ("unheard voices", unheard, truth)):
        spelt, found = recognise(trainer.params, part, make_data.WORDS)
        print(f"{name}: word error rate {word_error_rate(said, found):.3f}")
        alone, letters = word_error_rate(said, spelt), character_error_rate(said, spelt)
        print(f"  letter by letter, without the dictionary: {alone:.3f}, letter error rate {letters:.3f}")
    print("\nDecoding, answer by answer (_ is the blank), then as text:")
    for k in range(3):
        x, steps = features.batch(unheard[k : k + 1])
        log_probs = model(trainer.params, x)
        path = "".join(LETTERS[c] for c in log_probs[: answers(steps)[0], 0].argmax(axis=1))
        print(f"  {path}\n  {greedy(log_probs, answers(steps))[0]}   (said: {truth[k]})")


if __name__ == "__main__":
    main()
