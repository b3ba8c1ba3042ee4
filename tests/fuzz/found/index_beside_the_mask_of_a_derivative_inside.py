"""Seed 1941, program 2668: the mask of a write in a function that is differentiated inside of a model was `index`, as
an argument of the model is (wrong in silence)."""

import dataclasses
from typing import NamedTuple

import numpy as np

import srcad


@dataclasses.dataclass
class Pair:
    first: float
    second: np.ndarray


class Duo(NamedTuple):
    left: float
    right: np.ndarray


def h0(p0, p1):
    p1[p1 < 0.429] *= 0.7
    return p0


def f(x, index, s, k):
    s1 = 0.7
    s1 = srcad.grad(h0, argnums=0, backend="numpy")(s1, k.second)
    return 0.8 * np.sum(index)


ARGS = (
    np.array([0.5331, -0.865, -1.0475, -0.7852, -0.9638]),
    np.array([[0.527, -1.0814], [1.3149, 1.4989], [1.0724, 0.3972], [1.3317, -0.2734], [0.9273, 0.333]]),
    0.6947,
    Pair(1.3953, np.array([-0.5206, 0.574, -0.7083, -0.6903, -1.3318])),
)
ARGNUMS = (3,)
