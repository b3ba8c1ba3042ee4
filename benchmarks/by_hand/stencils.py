"""Stencils by hand. The adjoints gather: each cell's adjoint is written once per half step.

In the Jacobi-like kernels a half step overwrites the interior of one array, so the interior of its adjoint is zero
afterwards: the adjoint of the other array's interior is *assigned* the transposed stencil, and only the faces of A
accumulate. `p` and `q` hold the interiors of A_bar and B_bar inside a halo of zeros.
"""

import numpy as np

from benchmarks.by_hand import compiled


@compiled
def _smooth_1d(a, b):
    for i in range(1, a.shape[0] - 1):
        b[i] = 0.33333 * (a[i - 1] + a[i] + a[i + 1])


@compiled
def jacobi_1d_primal(A, B, steps):
    A, B = A.copy(), B.copy()
    for _ in range(steps):
        _smooth_1d(A, B)
        _smooth_1d(B, A)
    return A.sum()


@compiled
def jacobi_1d(A, B, steps):
    value = jacobi_1d_primal(A, B, steps)
    n = A.shape[0]
    p, q = np.ones(n), np.zeros(n)
    p[0] = p[n - 1] = 0.0
    left = right = 1.0
    for _ in range(steps):
        _smooth_1d(p, q)
        _smooth_1d(q, p)
        left += 0.33333 * q[1]
        right += 0.33333 * q[n - 2]
    p[0], p[n - 1] = left, right
    return value, p


@compiled
def _smooth_2d(a, b):
    n, m = a.shape
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            b[i, j] = 0.2 * (a[i, j] + a[i, j - 1] + a[i, j + 1] + a[i + 1, j] + a[i - 1, j])


@compiled
def jacobi_2d_primal(A, B, steps):
    A, B = A.copy(), B.copy()
    for _ in range(steps):
        _smooth_2d(A, B)
        _smooth_2d(B, A)
    return A.sum()


@compiled
def jacobi_2d(A, B, steps):
    value = jacobi_2d_primal(A, B, steps)
    n, m = A.shape
    p, q = np.zeros((n, m)), np.zeros((n, m))
    p[1:-1, 1:-1] = 1.0
    top, bottom, left, right = np.ones(m), np.ones(m), np.ones(n), np.ones(n)
    for _ in range(steps):
        _smooth_2d(p, q)
        _smooth_2d(q, p)
        for j in range(1, m - 1):
            top[j] += 0.2 * q[1, j]
            bottom[j] += 0.2 * q[n - 2, j]
        for i in range(1, n - 1):
            left[i] += 0.2 * q[i, 1]
            right[i] += 0.2 * q[i, m - 2]
    p[0], p[n - 1] = top, bottom
    p[1:-1, 0], p[1:-1, m - 1] = left[1:-1], right[1:-1]
    return value, p


@compiled
def seidel_2d_primal(A, steps):
    A = A.copy()
    n, m = A.shape
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                above = A[i - 1, j - 1] + A[i - 1, j] + A[i - 1, j + 1]
                below = A[i + 1, j - 1] + A[i + 1, j] + A[i + 1, j + 1]
                A[i, j] = (above + (A[i, j - 1] + A[i, j] + A[i, j + 1]) + below) / 9.0
    return A.sum()


@compiled
def seidel_2d(A, steps):
    """Linear: nothing is recorded. s holds the seeds of one sweep; only the sum along a row is a recurrence."""
    value = seidel_2d_primal(A, steps)
    n, m = A.shape
    a_bar = np.ones((n, m))
    s = np.zeros((n, m))
    row = np.empty(m)
    ninth = 1.0 / 9.0
    for _ in range(steps):
        for i in range(n - 2, 0, -1):
            for j in range(1, m - 1):
                row[j] = ninth * (a_bar[i, j] + s[i + 1, j - 1] + s[i + 1, j] + s[i + 1, j + 1])
            later = 0.0
            for j in range(m - 2, 0, -1):
                later = row[j] + ninth * later
                s[i, j] = later
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                a_bar[i, j] = s[i, j] + s[i, j - 1] + s[i - 1, j - 1] + s[i - 1, j] + s[i - 1, j + 1]
        for j in range(1, m - 1):  # the faces: seeds of their neighbours inside
            above, below = s[1, j], s[n - 2, j]
            a_bar[0, j - 1] += above
            a_bar[0, j] += above
            a_bar[0, j + 1] += above
            a_bar[n - 1, j - 1] += below
            a_bar[n - 1, j] += below
            a_bar[n - 1, j + 1] += below
        for i in range(1, n - 1):
            first, last = s[i - 1, 1] + s[i, 1] + s[i + 1, 1], s[i - 1, m - 2] + s[i, m - 2] + s[i + 1, m - 2]
            a_bar[i, 0] += first
            a_bar[i, m - 1] += last
    return value, a_bar


@compiled
def _smooth_3d(a, b):
    n, m, o = a.shape
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            for k in range(1, o - 1):
                near = a[i + 1, j, k] + a[i - 1, j, k] + a[i, j + 1, k] + a[i, j - 1, k]
                b[i, j, k] = 0.25 * a[i, j, k] + 0.125 * (near + a[i, j, k + 1] + a[i, j, k - 1])


@compiled
def heat_3d_primal(A, B, steps):
    A, B = A.copy(), B.copy()
    for _ in range(steps):
        _smooth_3d(A, B)
        _smooth_3d(B, A)
    return A.sum()


@compiled
def heat_3d(A, B, steps):
    value = heat_3d_primal(A, B, steps)
    n, m, o = A.shape
    p, q = np.zeros((n, m, o)), np.zeros((n, m, o))
    p[1:-1, 1:-1, 1:-1] = 1.0
    faces = np.ones((n, m, o))  # only its six faces are used
    for _ in range(steps):
        _smooth_3d(p, q)
        _smooth_3d(q, p)
        for j in range(1, m - 1):
            for k in range(1, o - 1):
                faces[0, j, k] += 0.125 * q[1, j, k]
                faces[n - 1, j, k] += 0.125 * q[n - 2, j, k]
        for i in range(1, n - 1):
            for k in range(1, o - 1):
                faces[i, 0, k] += 0.125 * q[i, 1, k]
                faces[i, m - 1, k] += 0.125 * q[i, m - 2, k]
            for j in range(1, m - 1):
                faces[i, j, 0] += 0.125 * q[i, j, 1]
                faces[i, j, o - 1] += 0.125 * q[i, j, o - 2]
    faces[1:-1, 1:-1, 1:-1] = p[1:-1, 1:-1, 1:-1]
    return value, faces


@compiled
def fdtd_2d_primal(ex, ey, hz, source):
    ex, ey, hz = ex.copy(), ey.copy(), hz.copy()
    n, m = hz.shape
    for t in range(source.shape[0]):
        for j in range(m):
            ey[0, j] = source[t]
        for i in range(1, n):
            for j in range(m):
                ey[i, j] -= 0.5 * (hz[i, j] - hz[i - 1, j])
        for i in range(n):
            for j in range(1, m):
                ex[i, j] -= 0.5 * (hz[i, j] - hz[i, j - 1])
        for i in range(n - 1):
            for j in range(m - 1):
                hz[i, j] -= 0.7 * (ex[i, j + 1] - ex[i, j] + ey[i + 1, j] - ey[i, j])
    return hz.sum()


@compiled
def fdtd_2d(ex, ey, hz, source):
    value = fdtd_2d_primal(ex, ey, hz, source)
    n, m = hz.shape
    ex_bar, ey_bar, hz_bar = np.zeros((n, m)), np.zeros((n, m)), np.ones((n, m))
    source_bar = np.zeros(source.shape[0])
    for t in range(source.shape[0] - 1, -1, -1):
        for i in range(n - 1):  # the seed is hz_bar without its last row and column
            ex_bar[i, 0] += 0.7 * hz_bar[i, 0]
            for j in range(1, m - 1):
                ex_bar[i, j] += 0.7 * (hz_bar[i, j] - hz_bar[i, j - 1])
            ex_bar[i, m - 1] -= 0.7 * hz_bar[i, m - 2]
        for j in range(m - 1):
            ey_bar[0, j] += 0.7 * hz_bar[0, j]
            ey_bar[n - 1, j] -= 0.7 * hz_bar[n - 2, j]
        for i in range(1, n - 1):
            for j in range(m - 1):
                ey_bar[i, j] += 0.7 * (hz_bar[i, j] - hz_bar[i - 1, j])
        for i in range(n):
            hz_bar[i, 0] += 0.5 * ex_bar[i, 1]
            for j in range(1, m - 1):
                hz_bar[i, j] += 0.5 * (ex_bar[i, j + 1] - ex_bar[i, j])
            hz_bar[i, m - 1] -= 0.5 * ex_bar[i, m - 1]
        for j in range(m):
            hz_bar[0, j] += 0.5 * ey_bar[1, j]
            hz_bar[n - 1, j] -= 0.5 * ey_bar[n - 1, j]
            source_bar[t] += ey_bar[0, j]
            ey_bar[0, j] = 0.0
        for i in range(1, n - 1):
            for j in range(m):
                hz_bar[i, j] += 0.5 * (ey_bar[i + 1, j] - ey_bar[i, j])
    return value, ex_bar, ey_bar, hz_bar, source_bar


@compiled
def adi_primal(u, steps):
    n = u.shape[0]
    u = u.copy()
    mul1, mul2 = 2.0 * n * n / steps, 1.0 * n * n / steps
    a, b, d, e = -mul1 / 2.0, 1.0 + mul1, -mul2 / 2.0, 1.0 + mul2
    v, p, q = np.zeros((n, n)), np.zeros(n), np.zeros((n, n))
    for _ in range(steps):
        p[0] = 0.0
        for i in range(1, n - 1):
            v[0, i] = q[0, i] = v[n - 1, i] = 1.0
        for j in range(1, n - 1):
            below = a * p[j - 1] + b
            p[j] = -a / below
            for i in range(1, n - 1):
                right = -d * u[j, i - 1] + (1.0 + 2.0 * d) * u[j, i] - d * u[j, i + 1]
                q[j, i] = (right - a * q[j - 1, i]) / below
        for j in range(n - 2, 0, -1):
            for i in range(1, n - 1):
                v[j, i] = p[j] * v[j + 1, i] + q[j, i]
        for j in range(1, n - 1):
            p[j] = -d / (d * p[j - 1] + e)
        for i in range(1, n - 1):
            u[i, 0] = q[i, 0] = u[i, n - 1] = 1.0
            for j in range(1, n - 1):
                right = -a * v[i - 1, j] + (1.0 + 2.0 * a) * v[i, j] - a * v[i + 1, j]
                q[i, j] = (right - d * q[i, j - 1]) / (d * p[j - 1] + e)
            for j in range(n - 2, 0, -1):
                u[i, j] = p[j] * u[i, j + 1] + q[i, j]
    return u.sum()
