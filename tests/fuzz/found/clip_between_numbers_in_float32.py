"""Seed 603, program 172. ValueError in the compiler for Numba: np.clip of a float32 number between two numbers."""

import numpy as np


def f(x):
    return np.sum(np.clip(x[0], -1.31, 1.72) * x) + np.clip(x[1], 0.3, 0.9)


ARGS = (np.array([-0.2405, 0.5342, 0.3238], np.float32),)
ARGNUMS = (0,)
