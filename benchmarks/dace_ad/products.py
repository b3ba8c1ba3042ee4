"""Products of Polybench for DaCe."""

import dace
import numpy as np

from benchmarks.dace_ad.symbols import N


def gemm(
    alpha: dace.float64,
    beta: dace.float64,
    C: dace.float64[N, N],
    A: dace.float64[N, N],
    B: dace.float64[N, N],
    result: dace.float64[1],
):
    C[:] = alpha * A @ B + beta * C
    result[0] = np.sum(C)


def k3mm(
    A: dace.float64[N, N],
    B: dace.float64[N, N],
    C: dace.float64[N, N],
    D: dace.float64[N, N],
    result: dace.float64[1],
):
    product = A @ B @ C @ D
    result[0] = np.sum(product)


def atax(A: dace.float64[N, N], x: dace.float64[N], result: dace.float64[1]):
    y = (A @ x) @ A
    result[0] = np.sum(y)


def bicg(A: dace.float64[N, N], p: dace.float64[N], r: dace.float64[N], result: dace.float64[1]):
    s = r @ A
    q = A @ p
    result[0] = np.sum(s) + np.sum(q)
