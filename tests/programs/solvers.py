"""Linear and nonlinear solvers, quadrature and eigenvalues, written as loops."""

import math

import numpy as np

from tests.programs.registry import program


def _system(rng, n=4):
    return rng.normal(size=(n, n)) + 4.0 * np.eye(n), rng.normal(size=n)


@program(args=_system, argnums=(0, 1))
def gaussian_elimination(A, b):
    n = A.shape[0]
    for k in range(n):
        for i in range(k + 1, n):
            factor = A[i, k] / A[k, k]
            for j in range(k, n):
                A[i, j] -= factor * A[k, j]
            b[i] -= factor * b[k]
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        s = b[i]
        for j in range(i + 1, n):
            s -= A[i, j] * x[j]
        x[i] = s / A[i, i]
    return x


@program(args=lambda rng: (rng.normal(size=(4, 4)), rng.normal(size=4)), argnums=(0, 1))
def elimination_with_pivoting(A, b):
    n = len(b)
    M = A.copy()
    y = b.copy()
    for k in range(n - 1):
        p = k
        for i in range(k + 1, n):
            if abs(M[i, k]) > abs(M[p, k]):
                p = i
        if p != k:
            row = M[k].copy()
            M[k] = M[p]
            M[p] = row
            y[k], y[p] = y[p], y[k]
        for i in range(k + 1, n):
            f = M[i, k] / M[k, k]
            M[i, k:] -= f * M[k, k:]
            y[i] -= f * y[k]
    for i in range(n - 1, -1, -1):
        y[i] = (y[i] - M[i, i + 1 :] @ y[i + 1 :]) / M[i, i]
    return np.sum(y * y)


@program(args=lambda rng: (rng.normal(size=(4, 4)),), argnums=0)
def cholesky_log_determinant(B):
    A = B @ B.T + np.eye(4)
    n = A.shape[0]
    L = np.zeros_like(A)
    for i in range(n):
        for j in range(i + 1):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                L[i, j] = math.sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    total = 0.0
    for i in range(n):
        total += 2.0 * math.log(L[i, i])
    return total


@program(args=lambda rng: (_system(rng, 5)[0],), argnums=0)
def lu_in_place(A):
    n = len(A)
    for k in range(n):
        A[k + 1 :, k] /= A[k, k]
        A[k + 1 :, k + 1 :] -= A[k + 1 :, k, None] * A[k, k + 1 :]
    product = 1.0
    for k in range(n):
        product *= A[k, k]
    return product


@program(args=lambda rng: (np.tril(_system(rng, 5)[0]), rng.normal(size=5)), argnums=(0, 1))
def forward_substitution(L, b):
    x = np.empty_like(b)
    for i in range(b.shape[0]):
        x[i] = b[i]
        for j in range(i):
            x[i] -= L[i, j] * x[j]
        x[i] /= L[i, i]
    return np.sum(np.cos(x))


def _symmetric(rng):
    B = rng.normal(size=(5, 5))
    return B @ B.T + 2.0 * np.eye(5), rng.normal(size=5), 1e-12


@program(args=_symmetric, argnums=(1,))
def conjugate_gradient(A, b, tol):
    x = np.zeros(len(b))
    r = b - A @ x
    p = r.copy()
    rs = r @ r
    while math.sqrt(rs) > tol:
        Ap = A @ p
        alpha = rs / (p @ Ap)
        x += alpha * p
        r -= alpha * Ap
        new = r @ r
        p = r + (new / rs) * p
        rs = new
    return x.sum()


@program(args=lambda rng: (_symmetric(rng)[0], 60), argnums=0)
def power_iteration(A, steps):
    v = np.ones(A.shape[0])
    for _ in range(steps):
        w = A @ v
        v = w / np.sqrt(np.sum(w * w))
    return v @ A @ v


@program(args=lambda rng: (rng.normal(size=(5, 3)),), argnums=0)
def gram_schmidt(A):
    m, n = A.shape
    Q = A.copy()
    R = np.zeros((n, n))
    for j in range(n):
        for i in range(j):
            R[i, j] = Q[:, i] @ Q[:, j]
            Q[:, j] -= R[i, j] * Q[:, i]
        R[j, j] = np.sqrt(Q[:, j] @ Q[:, j])
        Q[:, j] /= R[j, j]
    return np.sum(R**3) + Q[0, 2]


@program(args=lambda rng: (*_system(rng), 30), argnums=(0, 1))
def jacobi_iteration(A, b, sweeps):
    n = len(b)
    x = np.zeros(n)
    for _ in range(sweeps):
        y = np.zeros(n)
        for i in range(n):
            s = 0.0
            for j in range(n):
                if j == i:
                    continue
                s += A[i, j] * x[j]
            y[i] = (b[i] - s) / A[i, i]
        x = y
    return x


@program(args=lambda rng: (*_system(rng), 5), argnums=(0, 1))
def gauss_seidel(A, b, sweeps):
    x = np.zeros(b.size)
    for _ in range(sweeps):
        for i in range(b.size):
            x[i] += (b[i] - np.dot(A[i], x)) / A[i, i]
    return np.sum(x**3)


def _tridiagonal(rng):
    return rng.normal(size=5), 3.0 + rng.random(6), rng.normal(size=5), rng.normal(size=6)


@program(args=_tridiagonal, argnums=(0, 1, 2, 3))
def thomas(lower, diagonal, upper, rhs):
    n = len(rhs)
    c = upper.copy()
    d = rhs.copy()
    c[0] = upper[0] / diagonal[0]
    d[0] = rhs[0] / diagonal[0]
    for i in range(1, n):
        m = diagonal[i] - lower[i - 1] * c[i - 1]
        if i < n - 1:
            c[i] = upper[i] / m
        d[i] = (rhs[i] - lower[i - 1] * d[i - 1]) / m
    for i in range(n - 2, -1, -1):
        d[i] -= c[i] * d[i + 1]
    return d


@program(args=lambda rng: (rng.normal(size=(4, 4)),), argnums=0)
def determinant_by_minors(A):
    def det(M):
        n = M.shape[0]
        if n == 1:
            return M[0, 0]
        total = 0.0
        for j in range(n):
            minor = np.empty((n - 1, n - 1))
            for i in range(1, n):
                for k in range(j):
                    minor[i - 1, k] = M[i, k]
                for k in range(j + 1, n):
                    minor[i - 1, k - 1] = M[i, k]
            total += (-1) ** j * M[0, j] * det(minor)
        return total

    return det(A)


@program(args=lambda rng: (1.2, 0.7), argnums=(0, 1))
def newton_in_two_unknowns(a, b):
    x = 1.0
    y = 1.0
    for _ in range(60):
        f = x * x + y * y - 2.0 * a
        g = x - b * y * y
        fx, fy, gx, gy = 2.0 * x, 2.0 * y, 1.0, -2.0 * b * y
        det = fx * gy - fy * gx
        dx = (f * gy - g * fy) / det
        dy = (g * fx - f * gx) / det
        x -= dx
        y -= dy
        if dx * dx + dy * dy < 1e-28:
            break
    return x * y + x


@program(args=lambda rng: (2.3, 0.4), argnums=(0, 1))
def secant_root(a, c):
    x0, x1 = 0.5, 1.0
    f0 = math.exp(x0) - a - c * x0
    for _ in range(40):
        f1 = math.exp(x1) - a - c * x1
        if abs(f1) < 1e-15 or f1 == f0:
            break
        x0, x1, f0 = x1, x1 - f1 * (x1 - x0) / (f1 - f0), f1
    return x1


def _simpson(f, a, b):
    return (b - a) / 6.0 * (f(a) + 4.0 * f(0.5 * (a + b)) + f(b))


def _adaptive(f, a, b, depth):
    m = 0.5 * (a + b)
    whole = _simpson(f, a, b)
    halves = _simpson(f, a, m) + _simpson(f, m, b)
    if depth == 0 or abs(halves - whole) < 1e-4:
        return halves
    return _adaptive(f, a, m, depth - 1) + _adaptive(f, m, b, depth - 1)


@program(args=lambda rng: (2.0, 3.0), argnums=(0, 1), backends=("numpy",))
def adaptive_simpson(a, k):
    return _adaptive(lambda t: math.exp(-t * t / a) * math.cos(k * t), 0.0, 2.0, 3)


@program(args=lambda rng: (rng.normal(size=(3, 3)), rng.normal(size=3), 0.83), argnums=(0, 1, 2))
def runge_kutta_embedded(A, y, t_end):
    t = 0.0
    h = 0.1
    rejected = 0
    while t < t_end:
        if t + h > t_end:
            h = t_end - t
        k1 = A @ y
        k2 = A @ (y + 0.5 * h * k1)
        k3 = A @ (y + 0.75 * h * k2)
        step = h * (2.0 * k1 + 3.0 * k2 + 4.0 * k3) / 9.0
        if np.max(np.abs(step)) > 1.0:
            h *= 0.5
            rejected += 1
            continue
        y = y + step
        t += h
    return y


@program(args=lambda rng: (rng.normal(size=(4, 4)),), argnums=0)
def givens_upper_triangle(A):
    n = A.shape[0]
    for j in range(n):
        for i in range(n - 1, j, -1):
            r = math.hypot(A[i - 1, j], A[i, j])
            c, s = A[i - 1, j] / r, A[i, j] / r
            for k in range(j, n):
                upper = c * A[i - 1, k] + s * A[i, k]
                A[i, k] = -s * A[i - 1, k] + c * A[i, k]
                A[i - 1, k] = upper
    return A[0, 0] + A[1, 2] ** 2 + A[3, 3]


@program(args=lambda rng: (_symmetric(rng)[0],), argnums=0)
def householder_norms(A):
    R = A.copy()
    n = R.shape[0]
    for k in range(n - 1):
        v = R[k:, k].copy()
        sign = 1.0 if v[0] >= 0.0 else -1.0
        v[0] += sign * np.linalg.norm(v)
        v /= np.linalg.norm(v)
        R[k:, k:] -= 2.0 * np.outer(v, v @ R[k:, k:])
    return np.abs(np.diag(R)).sum()


@program(args=lambda rng: (rng.normal(size=(5, 5)), rng.normal(size=5)), argnums=(0, 1))
def elimination_with_a_list_of_pivots(a, b):
    n = a.shape[0]
    pivots = list(range(n))
    for k in range(n - 1):
        best = k
        for i in range(k + 1, n):
            if abs(a[pivots[i], k]) > abs(a[pivots[best], k]):
                best = i
        pivots[k], pivots[best] = pivots[best], pivots[k]
        for i in range(k + 1, n):
            factor = a[pivots[i], k] / a[pivots[k], k]
            a[pivots[i], k:] -= factor * a[pivots[k], k:]
            b[pivots[i]] -= factor * b[pivots[k]]
    x = np.zeros(n)
    for k in range(n - 1, -1, -1):
        x[k] = (b[pivots[k]] - a[pivots[k], k + 1 :] @ x[k + 1 :]) / a[pivots[k], k]
    return x


@program(args=lambda rng: (np.diag([1.0, 4.0, 9.0]) + rng.normal(size=(3, 3)),))
def eigenvectors_that_count_nothing(a):
    values, vectors = np.linalg.eigh(a + a.T)
    return np.sum(values * values) + 0.0 * np.sum(vectors)
