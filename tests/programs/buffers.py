"""Functions that return None and fill their arguments, and functions that do both jobs badly."""

import numpy as np

from tests.programs.registry import program


@program(args=lambda rng: (np.zeros(5), rng.normal(size=5), 2.0), argnums=(1, 2), fills=("out",))
def scaled_into(out, x, s):
    for i in range(len(x)):
        out[i] = s * x[i] * x[i]


@program(args=lambda rng: (rng.normal(size=5), rng.normal(size=5), 2.0), argnums=(0, 1, 2), fills=("y",))
def axpy(y, x, a):
    y += a * x * y


@program(args=lambda rng: (rng.normal(size=(5, 6)), np.zeros((5, 6)), 3), argnums=(0, 1), fills=("A", "B"))
def jacobi_2d(A, B, steps):
    for t in range(steps):
        for i in range(1, 4):
            for j in range(1, 5):
                B[i, j] = 0.2 * (A[i, j] + A[i, j - 1] + A[i, j + 1] + A[i - 1, j] + A[i + 1, j])
        for i in range(1, 4):
            for j in range(1, 5):
                A[i, j] = 0.2 * (B[i, j] + B[i, j - 1] + B[i, j + 1] + B[i - 1, j] + B[i + 1, j])


@program(
    args=lambda rng: (rng.normal(size=(4, 4)), np.zeros((4, 4)), 2), argnums=(0, 1), fills=("A", "B"), outputs=("B",)
)
def jacobi_asked_for_one_output(A, B, steps):
    for t in range(steps):
        B[1:-1, 1:-1] = 0.25 * (A[:-2, 1:-1] + A[2:, 1:-1] + A[1:-1, :-2] + A[1:-1, 2:])
        A[1:-1, 1:-1] = B[1:-1, 1:-1] * B[1:-1, 1:-1]


@program(args=lambda rng: (rng.normal(size=(5, 5)), 2), argnums=0, fills=("A",))
def seidel_2d(A, steps):
    for t in range(steps):
        for i in range(1, 4):
            for j in range(1, 4):
                A[i, j] = (A[i - 1, j] + A[i, j - 1] + A[i, j] + A[i, j + 1] + A[i + 1, j]) / 5.0


@program(args=lambda rng: (rng.normal(size=(4, 4)) + 5.0 * np.eye(4),), argnums=0, fills=("A",))
def lu_filled(A):
    for i in range(4):
        for j in range(i):
            for k in range(j):
                A[i, j] -= A[i, k] * A[k, j]
            A[i, j] /= A[j, j]
        for j in range(i, 4):
            for k in range(i):
                A[i, j] -= A[i, k] * A[k, j]


def _gemm(rng):
    return 1.5, 0.7, rng.normal(size=(3, 4)), rng.normal(size=(3, 2)), rng.normal(size=(2, 4))


@program(args=_gemm, argnums=(0, 1, 2, 3, 4), fills=("C",))
def gemm(alpha, beta, C, A, B):
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            C[i, j] *= beta
        for k in range(A.shape[1]):
            for j in range(C.shape[1]):
                C[i, j] += alpha * A[i, k] * B[k, j]


@program(args=lambda rng: (rng.normal(size=(4, 3)), rng.normal(size=3), np.zeros(3)), argnums=(0, 1), fills=("y",))
def a_transpose_a_x(A, x, y):
    tmp = np.zeros(4)
    for i in range(4):
        for j in range(3):
            tmp[i] = tmp[i] + A[i, j] * x[j]
        for j in range(3):
            y[j] = y[j] + A[i, j] * tmp[i]


@program(args=lambda rng: (rng.normal(size=(4, 4)), rng.normal(size=4), np.zeros(4)), argnums=(0, 1), fills=("x",))
def triangular_solve_filled(L, b, x):
    for i in range(4):
        x[i] = b[i]
        for j in range(i):
            x[i] -= L[i, j] * x[j]
        x[i] = x[i] / (2.0 + L[i, i] ** 2)


def _fdtd(rng):
    return rng.normal(size=(4, 5)), rng.normal(size=(4, 5)), rng.normal(size=(4, 5)), rng.normal(size=3)


@program(args=_fdtd, argnums=(0, 1, 2, 3), fills=("ex", "ey", "hz"))
def fdtd_2d(ex, ey, hz, source):
    for t in range(len(source)):
        ey[0, :] = source[t]
        ey[1:, :] -= 0.5 * (hz[1:, :] - hz[:-1, :])
        ex[:, 1:] -= 0.5 * (hz[:, 1:] - hz[:, :-1])
        hz[:-1, :-1] -= 0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1])


@program(args=lambda rng: (rng.normal(size=4), np.ones(3)), argnums=(0, 1), fills=("totals",))
def filled_under_a_condition(x, totals):
    for v in x:
        if v > 0.5:
            totals[0] *= v
        elif v > 0.0:
            totals[1] += v * totals[0]
        else:
            totals[2] -= v


@program(args=lambda rng: (rng.normal(size=6), 0.2, 3), argnums=(0, 1))
def written_argument_and_a_value(u, k, steps):
    for _ in range(steps):
        old = u.copy()
        for i in range(1, 5):
            u[i] = old[i] + k * (old[i - 1] - old[i + 1]) * u[i - 1]
    return np.max(u) * u[2]


@program(args=lambda rng: (rng.normal(size=4), np.zeros((5, 4))), argnums=0, fills=("history",))
def history_recorded_into_an_argument(x, history):
    history[0] = x
    for t in range(1, 5):
        history[t] = np.sin(history[t - 1]) + 0.3 * history[t - 1][::-1]


@program(args=lambda rng: (rng.normal(size=5), np.zeros(5), np.zeros(5)), argnums=0, fills=("a", "b"))
def two_outputs_one_of_the_other(x, a, b):
    a[:] = x * x
    b[1:] = a[:-1] * x[1:]
    a[0] = b[1]


@program(args=lambda rng: (rng.normal(size=(3, 4)), np.zeros((3, 4))), argnums=0, fills=("mean",))
def returns_early_after_filling(a, mean):
    for i in range(3):
        if a[i, 0] > 5.0:
            return
        mean[i] = a[i] / np.sqrt(np.sum(a[i] ** 2))
    mean *= 2.0


@program(args=lambda rng: (rng.normal(size=4).astype(np.float32), np.zeros(4, np.float32)), argnums=0, fills=("y",))
def float32_filled(x, y):
    for i in range(4):
        y[i] = x[i] * x[i] + 1.0


@program(
    args=lambda rng: (rng.normal(size=(4, 4)), 1.2, 0.8, rng.normal(size=(4, 3))), argnums=(0, 1, 2, 3), fills=("C",)
)
def syrk(C, alpha, beta, A):
    for i in range(4):
        C[i, : i + 1] *= beta
        for k in range(3):
            C[i, : i + 1] += alpha * A[i, k] * A[: i + 1, k]


@program(
    args=lambda rng: (rng.normal(size=(5, 5)), np.zeros((3, 3)), rng.normal(size=(3, 3))),
    argnums=(0, 2),
    fills=("out",),
)
def convolution_into(image, out, kernel):
    for i in range(3):
        for j in range(3):
            out[i, j] = np.sum(image[i : i + 3, j : j + 3] * kernel)
    out[out < 0.0] = 0.0


@program(lambda rng: (rng.normal(size=3),))
def array_given_anew_by_a_loop_that_may_not_run(x):
    a = np.full(4, x[0]) * x[1]
    for k in range(3):
        tries = 0
        while tries < 2 and np.sum(x) > 100.0:
            tries += 1
            a = np.full(4, x[k]) * 2.0
        a[k] = a[k] * x[k]
    return np.sum(a * np.arange(4.0))


@program(lambda rng: (rng.normal(size=4), rng.normal(size=4)), argnums=(0, 1))
def real_rows_of_a_complex_array(v, w):
    z = np.zeros((2, 4), complex)
    z[0] = v
    z[1] = 1j * w
    z[0] = z[0] * z[1]
    return np.sum(np.abs(z) ** 2 + z.imag)


@program(lambda rng: (rng.normal(size=(3, 4)),))
def writes_through_flat(m):
    out = np.zeros(m.shape)
    for k, v in enumerate(m.flat):
        out.flat[k] += v * k
    out.flat[2:9:2] *= m.flat[3]
    out.flat[[1, 5]] += m[0, :2]
    return np.sum(out**2)


@program(lambda rng: (rng.normal(size=(3, 4)),))
def rows_found_on_the_way_scaled_in_place(m):
    a = m.copy()
    a[np.any(m > 0.5, axis=1)] *= m[0, 0]
    return np.sum(a * a)
