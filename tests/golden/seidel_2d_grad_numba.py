# Derivative of seidel_2d, written by srcad.

import numpy as np
from numba import njit
from srcad_runtime import quotients


@njit(cache=True, error_model="numpy")
def seidel_2d_grad(A, steps, out_bar):
    """Return seidel_2d(A, steps) and its derivative with respect to A.

    Shapes: A (n, m). seidel_2d writes A in place; this function works on a copy.
    """
    # ---- forward sweep ----
    A = np.copy(A)
    if A.shape[0] < 5 or A.shape[1] < 5:
        raise ValueError("seidel_2d: shapes unlike those in the docstring")
    for t in range(steps):
        for i in range(1, 4):
            for j in range(1, 4):
                A[i, j] = quotients.over(
                    A[i - 1, j] + A[i, j - 1] + A[i, j] + A[i, j + 1] + A[i + 1, j], 5.0
                )

    # ---- reverse sweep ----
    A_bar = np.empty((out_bar.shape[0], out_bar.shape[1]))
    for k in range(out_bar.shape[0]):
        for l in range(out_bar.shape[1]):
            A_bar[k, l] = out_bar[k, l]
    for t in range(steps - 1, -1, -1):
        for i in range(3, 0, -1):
            for j in range(3, 0, -1):
                # L5  A[i, j] = (A[i - 1, j] + A[i, j - 1] + A[i, j] + A[i, j + 1] + A[i + 1, j]) / 5.0
                g = A_bar[i, j]
                g2 = quotients.over(g, 5.0)
                A_bar[i, j] = g2
                A_bar[i - 1, j] += g2
                A_bar[i, j - 1] += g2
                A_bar[i, j + 1] += g2
                A_bar[i + 1, j] += g2
    return A, A_bar
