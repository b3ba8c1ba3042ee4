"""Adjoints of Fourier transforms: cutting, filling up and mirroring spectra."""

from __future__ import annotations

import numpy as np


def resized(g: np.ndarray, n: int, axis: int) -> np.ndarray:
    """`g` cut, or filled up with zeros, to `n` elements along `axis`."""
    shape = list(g.shape)
    shape[axis] = n
    return fitted(g, tuple(shape))


def fitted(g: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """`g` cut, or filled up with zeros, at the end of every axis."""
    if g.shape == shape:
        return g
    total = np.zeros(shape, g.dtype)
    common = tuple(slice(min(n, m)) for n, m in zip(g.shape, shape, strict=True))
    total[common] = g[common]
    return total


def half_spectrum_adjoint(x: np.ndarray, n: int, axis: int) -> np.ndarray:
    """The conjugate of `x`, half the spectrum of a real signal of length `n`, with every frequency that stands for two
    of the whole spectrum counted twice."""
    y = 2.0 * np.conj(x)
    rows = np.moveaxis(y, axis, 0)
    rows[:1] *= 0.5
    if n % 2 == 0:
        rows[n // 2 :] *= 0.5
    return y
