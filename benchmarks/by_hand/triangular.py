"""Factorisations and solvers by hand. Every element is written once: the reverse sweep reads the results back."""

import numba
import numpy as np

reassociated = numba.njit(error_model="numpy", cache=True, fastmath={"contract", "reassoc", "nsz"})


@reassociated
def _cholesky(A):
    n = A.shape[0]
    for i in range(n):
        for j in range(i):
            s = A[i, j]
            for k in range(j):
                s -= A[i, k] * A[j, k]
            A[i, j] = s / A[j, j]
        s = A[i, i]
        for k in range(i):
            s -= A[i, k] * A[i, k]
        A[i, i] = np.sqrt(s)


@reassociated
def cholesky_primal(A):
    A = A.copy()
    _cholesky(A)
    return A.sum()


@reassociated
def cholesky(A):
    L = A.copy()
    _cholesky(L)
    n = L.shape[0]
    a_bar = np.ones_like(L)
    for i in range(n - 1, -1, -1):
        s = 0.5 * a_bar[i, i] / L[i, i]
        a_bar[i, i] = s
        for k in range(i):
            a_bar[i, k] -= 2.0 * s * L[i, k]
        for j in range(i - 1, -1, -1):
            g = a_bar[i, j] / L[j, j]
            lower = L[i, j]
            a_bar[i, j] = g
            a_bar[j, j] -= g * lower
            for k in range(j):
                a_bar[i, k] -= g * L[j, k]
                a_bar[j, k] -= g * L[i, k]
    return L.sum(), a_bar


@reassociated
def _lu(A):
    n = A.shape[0]
    for i in range(n):
        for k in range(i):
            A[i, k] /= A[k, k]
            lower = A[i, k]
            for j in range(k + 1, n):
                A[i, j] -= lower * A[k, j]


@reassociated
def lu_primal(A):
    A = A.copy()
    _lu(A)
    return A.sum()


@reassociated
def lu(A):
    """Row i of A depends on the rows above it: the seeds of row i solve a system with them, from right to left."""
    F = A.copy()
    _lu(F)
    n = F.shape[0]
    a_bar = np.ones_like(F)
    for i in range(n - 1, -1, -1):
        seed = a_bar[i]
        for k in range(i - 1, -1, -1):
            lower = F[i, k]
            s = 0.0
            for j in range(k + 1, n):
                s += seed[j] * F[k, j]
                a_bar[k, j] -= lower * seed[j]
            g = (seed[k] - s) / F[k, k]
            seed[k] = g
            a_bar[k, k] -= lower * g
    return F.sum(), a_bar


@reassociated
def _trisolv(L, b):
    n = L.shape[0]
    x = np.empty(n)
    for i in range(n):
        s = b[i]
        for k in range(i):
            s -= L[i, k] * x[k]
        x[i] = s / L[i, i]
    return x


@reassociated
def trisolv_primal(L, b):
    return _trisolv(L, b).sum()


@reassociated
def trisolv(L, b):
    x = _trisolv(L, b)
    n = L.shape[0]
    l_bar = np.zeros_like(L)
    x_bar = np.ones(n)
    for i in range(n - 1, -1, -1):
        g = x_bar[i] / L[i, i]
        x_bar[i] = g
        l_bar[i, i] = -g * x[i]
        for k in range(i):
            x_bar[k] -= g * L[i, k]
            l_bar[i, k] = -g * x[k]
    return x.sum(), l_bar, x_bar
