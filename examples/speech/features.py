"""Log-mel features: how much energy each of some bands, as wide as the ear hears them, has in each short stretch."""

from __future__ import annotations

import numpy as np
from scipy import signal

RATE, WINDOW, HOP, BANDS = 8000, 200, 80, 32  # 25 ms every 10 ms


def mel(hertz):
    """The pitch that is heard (Stevens, Volkmann and Newman, 1937; O'Shaughnessy's formula)."""
    return 2595.0 * np.log10(1.0 + np.asarray(hertz) / 700.0)


def filters(size: int = 256) -> np.ndarray:
    """Overlapping triangles over the frequencies of a transform: (BANDS, size // 2 + 1)."""
    frequency = np.linspace(0.0, RATE / 2, size // 2 + 1)
    corners = 700.0 * (10.0 ** (np.linspace(mel(80.0), mel(RATE / 2), BANDS + 2) / 2595.0) - 1.0)
    low, centre, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    return np.maximum(0.0, np.minimum((frequency - low) / (centre - low), (high - frequency) / (high - centre)))


def log_mel(sound: np.ndarray) -> np.ndarray:
    """Features of a sound: (steps, BANDS) in float32, each band with mean 0 and all of them with variance 1."""
    _, _, spectrum = signal.stft(sound, RATE, "hann", WINDOW, WINDOW - HOP, nfft=256, boundary=None, padded=False)
    energy = np.log(filters() @ np.abs(spectrum) ** 2 + 1e-10).T
    energy = energy - energy.mean(axis=0)
    return (energy / energy.std()).astype(np.float32)


def batch(sounds: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Features of several sounds, filled up with zeros (n, BANDS, steps), and the steps of each (n,)."""
    parts = [log_mel(sound) for sound in sounds]
    steps = np.array([len(p) for p in parts])
    filled = np.zeros((len(parts), BANDS, steps.max()), np.float32)
    for row, part in zip(filled, parts):
        row[:, : len(part)] = part.T
    return filled, steps
