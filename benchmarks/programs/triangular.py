"""Factorisations and triangular solvers of Polybench, as loops over rows with dot products of slices."""

import numpy as np

from benchmarks.case import case


def _positive(rng, n):
    m = rng.random((n, n))
    return (m @ m.T / n + np.eye(n),)


def _dominant(rng, n):
    return (rng.random((n, n)) + n * np.eye(n),)


def _lower(rng, n):
    return np.tril(rng.random((n, n))) / n + np.eye(n), rng.random(n)


def _correlations(rng, n):
    return (rng.random(n) / (2.0 * n),)


@case(_positive, (0,), tiny=(6,), small=(40,), medium=(200,), large=(1000,))
def cholesky(A):
    n = A.shape[0]
    for i in range(n):
        for j in range(i):
            A[i, j] = (A[i, j] - np.dot(A[i, :j], A[j, :j])) / A[j, j]
        A[i, i] = np.sqrt(A[i, i] - np.dot(A[i, :i], A[i, :i]))
    return np.sum(A)


@case(_dominant, (0,), tiny=(6,), small=(40,), medium=(200,), large=(1000,))
def lu(A):
    n = A.shape[0]
    for i in range(n):
        for j in range(i):
            A[i, j] = (A[i, j] - np.dot(A[i, :j], A[:j, j])) / A[j, j]
        for j in range(i, n):
            A[i, j] -= np.dot(A[i, :i], A[:i, j])
    return np.sum(A)


@case(_lower, (0, 1), tiny=(6,), small=(400,), medium=(2000,), large=(6000,))
def trisolv(L, b):
    n = L.shape[0]
    x = np.zeros(n)
    for i in range(n):
        x[i] = (b[i] - np.dot(L[i, :i], x[:i])) / L[i, i]
    return np.sum(x)


@case(_correlations, (0,), tiny=(6,), small=(120,), medium=(400,), large=(2000,))
def durbin(r):
    n = r.shape[0]
    y = np.empty(n)
    y[0] = -r[0]
    alpha = -r[0]
    beta = 1.0
    for k in range(1, n):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + np.dot(np.flip(r[:k]), y[:k])) / beta
        y[:k] += alpha * np.flip(y[:k])
        y[k] = alpha
    return np.sum(y)
