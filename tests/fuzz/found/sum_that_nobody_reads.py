"""The adjoint of an array that depends on nothing: its zeros went from Numba's text, what is added to it stayed."""

import numpy as np


def f(w):
    a3 = np.sum(np.ones((2, 5)), axis=1)
    s4 = np.mean(a3[:2])
    np.sin(w[[1, 3], [0, 0]], out=a3)
    return s4


ARGS = (np.array([[0.9756, -0.9675], [-0.4087, -0.3449], [1.1589, 0.0756], [0.2849, -1.3209]]),)
ARGNUMS = (0,)
