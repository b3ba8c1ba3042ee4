"""Adjoints of convolutions and filters."""

from __future__ import annotations

import numpy as np


def within_full(g: np.ndarray, first: tuple[int, ...], second: tuple[int, ...], mode: str) -> np.ndarray:
    """The adjoint of the whole convolution of arrays of two shapes, for that of the part that `mode` keeps."""
    if mode == "full":
        return g
    full = np.zeros([n + m - 1 for n, m in zip(first, second)], g.dtype)
    full[kept(g.shape, first, second, mode)] = g
    return full


def part_of_full(full: np.ndarray, first: tuple[int, ...], second: tuple[int, ...], mode: str) -> np.ndarray:
    """The part of a whole convolution that `mode` keeps."""
    if mode == "full":
        return full
    sizes = first if mode != "valid" else [abs(n - m) + 1 for n, m in zip(first, second)]
    return full[kept(tuple(sizes), first, second, mode)].copy()


def kept(shape: tuple[int, ...], first: tuple[int, ...], second: tuple[int, ...], mode: str) -> tuple[slice, ...]:
    """Where the part of `shape` lies in the whole convolution: in the middle, as `scipy.signal` takes it.

    For "same ahead" an even extent's middle is the later one, as `scipy.signal.correlate2d` has it.
    """
    ahead = 1 if mode == "same ahead" else 0
    middle = mode != "valid"
    starts = [(n + m - 1 - k + ahead) // 2 if middle else min(n, m) - 1 for n, m, k in zip(first, second, shape)]
    return tuple(slice(start, start + k) for start, k in zip(starts, shape))


def lagged_products(g: np.ndarray, x: np.ndarray, count: int, axis: int) -> np.ndarray:
    """The sums over n of ``g[n] * x[n - k]`` along an axis, and over all others, for k below `count`."""
    left, right = np.moveaxis(g, axis, -1), np.moveaxis(x, axis, -1)
    n = left.shape[-1]
    sums = [np.sum(left[..., k:] * right[..., : n - k]) if k <= n else 0.0 for k in range(count)]
    return np.array(sums, np.result_type(g, x))


def filtered_back(g: np.ndarray, weights: np.ndarray, axis: int) -> np.ndarray:
    """``sum_k weights[k] g[n + k]``: the adjoint by x of products with ``x[n - k]``; what is beyond the end is zero."""
    left = np.moveaxis(g, axis, -1)
    out = np.zeros(left.shape, np.result_type(g, weights))
    n = left.shape[-1]
    for k in range(min(len(weights), n)):
        out[..., : n - k] += weights[k] * left[..., k:]
    return np.moveaxis(out, -1, axis)


def filtered(x: np.ndarray, weights: np.ndarray, axis: int) -> np.ndarray:
    """``sum_k weights[k] x[n - k]``; what is before the start is zero."""
    right = np.moveaxis(x, axis, -1)
    out = np.zeros(right.shape, np.result_type(x, weights))
    n = right.shape[-1]
    for k in range(min(len(weights), n)):
        out[..., k:] += weights[k] * right[..., : n - k]
    return np.moveaxis(out, -1, axis)
