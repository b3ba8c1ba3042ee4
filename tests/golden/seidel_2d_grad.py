# Derivative of seidel_2d, written by srcad.

import numpy as np


def seidel_2d_grad(A, steps, out_bar):
    """Return seidel_2d(A, steps) and its derivative with respect to A.

    Shapes: A (n, m). seidel_2d writes A in place; this function works on a copy.
    """
    # ---- forward sweep ----
    A = np.copy(A)
    for t in range(steps):
        for i in range(1, 4):
            for j in range(1, 4):
                A[i, j] = (
                    A[i - 1, j] + A[i, j - 1] + A[i, j] + A[i, j + 1] + A[i + 1, j]
                ) / 5.0

    # ---- reverse sweep ----
    A_bar = out_bar.copy()
    for t in range(steps - 1, -1, -1):
        for i in range(3, 0, -1):
            for j in range(3, 0, -1):
                # L5  A[i, j] = (A[i - 1, j] + A[i, j - 1] + A[i, j] + A[i, j + 1] + A[i + 1, j]) / 5.0
                g = A_bar[i, j]
                g2 = g / 5.0
                A_bar[i, j] = g2
                A_bar[i - 1, j] += g2
                A_bar[i, j - 1] += g2
                A_bar[i, j + 1] += g2
                A_bar[i + 1, j] += g2
    return A, A_bar
