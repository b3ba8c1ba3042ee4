"""Spoken digits and short commands from a speech synthesiser: several voices, speeds, pitches, levels, and noise.

``python -m examples.speech.make_data FOLDER`` writes WAV files and a list of what is said in them, using espeak-ng
(``apt-get install espeak-ng``). A small sample made this way lies in ``examples/speech/sample``.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import signal
from scipy.io import wavfile

RATE = 8000  # Hz, as on the telephone
DIGITS = "zero one two three four five six seven eight nine".split()
COMMANDS = "yes no up down left right on off stop go".split()
WORDS = DIGITS + COMMANDS
ACCENTS = ("en-us", "en-gb", "en-gb-x-rp", "en-gb-scotland")
TRAINING_VOICES = ("m1", "m2", "m4", "m5", "m7", "f1", "f2", "f4")
UNHEARD_VOICES = ("m3", "m6", "f3")
SAMPLE = Path(__file__).parent / "sample"


@dataclass(frozen=True)
class Utterance:
    """What is said, and how: `speed` in words a minute, `pitch` from 0 to 99."""

    text: str
    voice: str
    speed: int
    pitch: int


def utterances(n: int, voices: tuple[str, ...], seed: int) -> Iterator[Utterance]:
    """`n` utterances of one to four words, each in a voice, an accent, a speed and a pitch drawn at random."""
    rng = np.random.default_rng(seed)
    for _ in range(n):
        text = " ".join(WORDS[k] for k in rng.integers(len(WORDS), size=rng.integers(1, 5)))
        accent, voice = ACCENTS[rng.integers(len(ACCENTS))], voices[rng.integers(len(voices))]
        yield Utterance(text, f"{accent}+{voice}", int(rng.integers(120, 190)), int(rng.integers(25, 75)))


def available() -> bool:
    """Whether the synthesiser is installed."""
    return shutil.which("espeak-ng") is not None


def speak(utterance: Utterance) -> np.ndarray:
    """The sound of an utterance, between -1 and 1, at RATE.

    Raises:
        FileNotFoundError: if espeak-ng is not installed.
    """
    command = ["espeak-ng", "-v", utterance.voice, "-s", str(utterance.speed), "-p", str(utterance.pitch)]
    done = subprocess.run([*command, "--stdout", utterance.text], capture_output=True, check=True)
    rate = int.from_bytes(done.stdout[24:28], "little")
    sound = np.frombuffer(done.stdout[44:], np.int16)  # the header of a stream does not know its length
    heard = signal.resample_poly(sound / 32768.0, RATE, rate)
    loud = np.flatnonzero(np.abs(heard) > 0.01)
    return heard[max(loud[0] - RATE // 20, 0) : loud[-1] + RATE // 10]


def disturbed(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The sound at another level, with pink noise 15 to 40 dB below it, and some silence around it."""
    before, after = rng.integers(0, RATE // 10, 2)
    sound = np.concatenate([np.zeros(before), sound, np.zeros(after)])
    noise = signal.lfilter([1.0], [1.0, -0.9], rng.standard_normal(sound.size))
    noise *= np.std(sound) / np.std(noise) * 10.0 ** (-rng.uniform(15.0, 40.0) / 20.0)
    level = rng.uniform(0.2, 0.9) / np.max(np.abs(sound + noise))
    return (level * (sound + noise)).astype(np.float32)


def make(n: int, voices: tuple[str, ...], seed: int) -> tuple[list[np.ndarray], list[str]]:
    """`n` sounds and what is said in them."""
    rng = np.random.default_rng((seed, 1))
    said = list(utterances(n, voices, seed))
    return [disturbed(speak(u), rng) for u in said], [u.text for u in said]


def write(folder: Path, sounds: list[np.ndarray], texts: list[str], name: str) -> None:
    """WAV files of 16 bits, ``name-000.wav`` and so on, and ``name.csv``, the list of them."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{name}.csv", "w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["file", "text"])
        for k, (sound, text) in enumerate(zip(sounds, texts)):
            wavfile.write(folder / f"{name}-{k:03d}.wav", RATE, np.round(sound * 32767).astype(np.int16))
            rows.writerow([f"{name}-{k:03d}.wav", text])


def read(folder: Path, name: str) -> tuple[list[np.ndarray], list[str]]:
    """What `write` wrote."""
    with open(folder / f"{name}.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    sounds = [(wavfile.read(folder / row["file"])[1] / 32767.0).astype(np.float32) for row in rows]
    return sounds, [row["text"] for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--training", type=int, default=2000, help="utterances by the voices for training")
    parser.add_argument("--unheard", type=int, default=200, help="utterances by the other voices")
    options = parser.parse_args()
    for name, n, voices, seed in (
        ("training", options.training, TRAINING_VOICES, 0),
        ("unheard", options.unheard, UNHEARD_VOICES, 1),
    ):
        write(options.folder, *make(n, voices, seed), name)


if __name__ == "__main__":
    main()
