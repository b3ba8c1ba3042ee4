"""An array given anew, of another shape, from what has an extent told by the array that it was."""

import numpy as np


def f(w):
    w = 0.3 * (np.ones((4, 4)) @ w.T)
    w = np.sum(np.outer(w[0], w[1]) * (w.T @ w), axis=0) * (w.T @ np.ones(4))
    return w


ARGS = (np.array([[-0.1864, -0.4384, -0.016, -1.2657], [0.3491, 1.047, 0.8598, 0.6525]]),)
ARGNUMS = (0,)
