"""Products of Polybench: array expressions, and four that hide a product in loops over rows."""

import numpy as np

from benchmarks.case import case


def _square(matrices, scalars=0, vectors=0):
    """n -> scalars, then n x n matrices, then vectors of length n."""

    def inputs(rng, n):
        return (
            *(0.5 + rng.random() for _ in range(scalars)),
            *(rng.random((n, n)) / n for _ in range(matrices)),
            *(rng.random(n) for _ in range(vectors)),
        )

    return inputs


_CUBIC = dict(tiny=(5,), small=(70,), medium=(250,), large=(1000,), group="products", parallel=True)
_QUADRATIC = dict(tiny=(5,), small=(120,), medium=(1000,), large=(5000,), group="products", parallel=True)


@case(_square(3, scalars=2), (2, 3, 4), **_CUBIC)
def gemm(alpha, beta, C, A, B):
    C[:] = alpha * A @ B + beta * C
    return np.sum(C)


@case(_square(4, scalars=2), (2, 3, 4, 5), **_CUBIC)
def k2mm(alpha, beta, A, B, C, D):
    D[:] = alpha * A @ B @ C + beta * D
    return np.sum(D)


@case(_square(4), (0, 1, 2, 3), **_CUBIC)
def k3mm(A, B, C, D):
    return np.sum(A @ B @ C @ D)


@case(_square(2, scalars=2), (2, 3), **_CUBIC)
def syrk(alpha, beta, C, A):
    n, m = A.shape
    for i in range(n):
        C[i, : i + 1] *= beta
        for k in range(m):
            C[i, : i + 1] += alpha * A[i, k] * A[: i + 1, k]
    return np.sum(C)


@case(_square(3, scalars=2), (2, 3, 4), **_CUBIC)
def syr2k(alpha, beta, C, A, B):
    n, m = A.shape
    for i in range(n):
        C[i, : i + 1] *= beta
        for k in range(m):
            C[i, : i + 1] += A[: i + 1, k] * alpha * B[i, k] + B[: i + 1, k] * alpha * A[i, k]
    return np.sum(C)


@case(_square(2, scalars=1), (1, 2), **_CUBIC)
def trmm(alpha, A, B):
    n, m = B.shape
    for i in range(n):
        for j in range(m):
            B[i, j] += np.dot(A[i + 1 :, i], B[i + 1 :, j])
    B *= alpha
    return np.sum(B)


@case(_square(3, scalars=2), (2, 3, 4), **_CUBIC)
def symm(alpha, beta, C, A, B):
    n, m = C.shape
    row = np.empty(m)
    C *= beta
    for i in range(n):
        for j in range(m):
            C[:i, j] += alpha * B[i, j] * A[i, :i]
            row[j] = np.dot(B[:i, j], A[i, :i])
        C[i, :] += alpha * B[i, :] * A[i, i] + alpha * row
    return np.sum(C)


@case(_square(1, vectors=1), (0, 1), **_QUADRATIC)
def atax(A, x):
    return np.sum((A @ x) @ A)


@case(_square(1, vectors=2), (0, 1, 2), **_QUADRATIC)
def bicg(A, p, r):
    return np.sum(r @ A) + np.sum(A @ p)


@case(_square(1, vectors=4), (0, 1, 2, 3, 4), **_QUADRATIC)
def mvt(A, x1, x2, y1, y2):
    x1 += A @ y1
    x2 += y2 @ A
    return np.sum(x1) + np.sum(x2)


@case(_square(2, scalars=2, vectors=1), (2, 3, 4), **_QUADRATIC)
def gesummv(alpha, beta, A, B, x):
    return np.sum(alpha * A @ x + beta * B @ x)


@case(_square(1, scalars=2, vectors=8), (2, 3, 4, 5, 6, 7, 8, 9, 10), **_QUADRATIC)
def gemver(alpha, beta, A, u1, v1, u2, v2, w, x, y, z):
    A += np.outer(u1, v1) + np.outer(u2, v2)
    x += beta * y @ A + z
    w += alpha * A @ x
    return np.sum(w)
