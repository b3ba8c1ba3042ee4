"""Factorisations and triangular solvers of Polybench for DaCe."""

import dace
import numpy as np

from benchmarks.dace_ad.symbols import N


def cholesky(A: dace.float64[N, N], result: dace.float64[1]):
    A[0, 0] = np.sqrt(A[0, 0])
    for i in range(1, N):
        for j in range(i):
            for k in range(j):
                A[i, j] -= A[i, k] * A[j, k]
            A[i, j] /= A[j, j]
        for k in range(i):
            A[i, i] -= A[i, k] * A[i, k]
        A[i, i] = np.sqrt(A[i, i])
    result[0] = np.sum(A)


def lu(A: dace.float64[N, N], result: dace.float64[1]):
    for i in range(N):
        for j in range(i):
            for k in range(j):
                A[i, j] -= A[i, k] * A[k, j]
            A[i, j] /= A[j, j]
        for j in range(i, N):
            for k in range(i):
                A[i, j] -= A[i, k] * A[k, j]
    result[0] = np.sum(A)


def trisolv(L: dace.float64[N, N], b: dace.float64[N], result: dace.float64[1]):
    x = np.zeros((N,), dtype=np.float64)
    for i in range(N):
        x[i] = b[i]
        for k in range(i):
            x[i] -= L[i, k] * x[k]
        x[i] = x[i] / L[i, i]
    result[0] = np.sum(x)
