"""Adjoints of determinants, matrix powers and eigenvectors."""

from __future__ import annotations

import numpy as np

from srcad_runtime.adjoints import prod_of_others


def cofactors(a: np.ndarray) -> np.ndarray:
    """The matrix of cofactors, ``det(a) * inv(a).T``, also of a singular matrix; a: (..., n, n)."""
    u, s, vh = np.linalg.svd(a)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return sign[..., None, None] * np.conj((u * prod_of_others(s, -1)[..., None, :]) @ vh)


def matrix_power_adjoint(a: np.ndarray, n: int, g: np.ndarray) -> np.ndarray:
    """The adjoint of ``np.linalg.matrix_power(a, n)``: the sum of ``a.T**k @ g @ a.T**(n-1-k)``; a, g: (..., m, m)."""
    if n < 0:
        inverse = np.linalg.inv(a)
        turned = np.swapaxes(inverse, -1, -2)
        return -turned @ matrix_power_adjoint(inverse, -n, g) @ turned
    at = np.swapaxes(a, -1, -2)
    total = np.zeros_like(g)
    for k in range(n):
        total = total + np.linalg.matrix_power(at, k) @ g @ np.linalg.matrix_power(at, n - 1 - k)
    return total


def matrix_power_second(a: np.ndarray, n: int, g: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The derivative of ``matrix_power_adjoint(a, n, g)`` by `a` along `v`, for n >= 0; symmetric in what it is for."""
    if n < 0:
        raise ValueError("second derivatives of a negative matrix power: take np.linalg.inv first")
    at, vt = np.swapaxes(a, -1, -2), np.swapaxes(v, -1, -2)
    total = np.zeros_like(g)
    for k in range(n):
        first = matrix_power_adjoint(a, k, vt) @ g @ np.linalg.matrix_power(at, n - 1 - k)
        total = total + first + np.linalg.matrix_power(at, k) @ g @ matrix_power_adjoint(a, n - 1 - k, vt)
    return total


def normalized_tangent(v: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """The tangent of eigenvectors that LAPACK normalises, from a tangent `moves` of vectors of any length and phase.

    v, moves: (..., n, n), vectors as columns of length 1; the largest component of a complex one is kept real.
    """
    dots = moves - v * np.sum(np.conj(v) * moves, axis=-2, keepdims=True).real
    if not np.iscomplexobj(v):
        return dots.real
    top = np.argmax(np.abs(v), axis=-2)[..., None, :]
    turn = np.take_along_axis(dots, top, -2).imag / np.take_along_axis(v, top, -2).real
    return dots - 1j * turn * v


def normalized_adjoint(v: np.ndarray, g: np.ndarray) -> np.ndarray:
    """The adjoint of `moves` in ``normalized_tangent(v, moves)`` for the adjoint `g` of its value."""
    along = np.sum(g * v, axis=-2, keepdims=True)
    bars = g - np.conj(v) * along.real
    if not np.iscomplexobj(v):
        return bars.real
    top = np.argmax(np.abs(v), axis=-2)[..., None, :]
    held = np.take_along_axis(bars, top, -2) - 1j * along.imag / np.take_along_axis(v, top, -2).real
    np.put_along_axis(bars, top, held, -2)
    return bars
