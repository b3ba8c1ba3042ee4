"""Adjoints of determinants, matrix powers and eigenvectors."""

from __future__ import annotations

import numpy as np

from srcad_runtime.adjoints import prod_of_others


def cofactors(a: np.ndarray) -> np.ndarray:
    """The matrix of cofactors, ``det(a) * inv(a).T``, also of a singular matrix; a: (..., n, n)."""
    u, s, vh = np.linalg.svd(a)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return sign[..., None, None] * np.conj((u * prod_of_others(s, -1)[..., None, :]) @ vh)


def complex_sign(x: np.ndarray) -> np.ndarray:
    """``np.sign`` of complex numbers, ``x / abs(x)``, which is not constant as that of real ones is."""
    return np.sign(x)


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


# ---- rows that change places, bands ----


def row_order(piv: np.ndarray) -> np.ndarray:
    """The order of the rows after the swaps of row k with row ``piv[k]``, as `scipy.linalg.lu_factor` notes them."""
    order = np.arange(len(piv))
    for k in range(len(piv)):
        order[k], order[piv[k]] = order[piv[k]], order[k]
    return order


def turned_bands(l_and_u: tuple[int, int], ab: np.ndarray) -> np.ndarray:
    """The bands of the transposed matrix, in the layout of `scipy.linalg.solve_banded`; ab: (l + u + 1, n)."""
    lower, upper = l_and_u
    new = np.zeros_like(ab)
    n = ab.shape[1]
    for k in range(-lower, upper + 1):  # diagonal k of the matrix, diagonal -k of the transposed one
        count = n - abs(k)
        source, target = ab[upper - k], new[lower + k]
        target[max(-k, 0) : max(-k, 0) + count] = source[max(k, 0) : max(k, 0) + count]
    return new


def banded_product(l_and_u: tuple[int, int], ab: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The product of the matrix with the bands `ab` and x: (n,) or (n, m)."""
    lower, upper = l_and_u
    n = ab.shape[1]
    columns = x.reshape(n, -1)
    out = np.zeros((n, columns.shape[1]), np.result_type(ab, x))
    for k in range(-lower, upper + 1):
        count = n - abs(k)
        row, column = max(-k, 0), max(k, 0)
        out[row : row + count] += ab[upper - k, column : column + count, None] * columns[column : column + count]
    return out.reshape(x.shape)


def bands_of_product(l_and_u: tuple[int, int], g: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The bands of ``g @ x.T``: the adjoint of `banded_product` by its bands; g, x: (n,) or (n, m)."""
    lower, upper = l_and_u
    n = len(x)
    left, right = g.reshape(n, -1), x.reshape(n, -1)
    ab = np.zeros((lower + upper + 1, n), np.result_type(g, x))
    for k in range(-lower, upper + 1):
        count = n - abs(k)
        row, column = max(-k, 0), max(k, 0)
        products = left[row : row + count] * right[column : column + count]
        ab[upper - k, column : column + count] = np.sum(products, axis=1)
    return ab
