"""An item whose tangent is broadcast, in forward mode."""

import dataclasses
from typing import NamedTuple

import numpy as np


@dataclasses.dataclass
class Pair:
    first: float
    second: np.ndarray


class Duo(NamedTuple):
    left: float
    right: np.ndarray


TABLE = 0.7


def h0(p0, p1):
    pass


def f(x, u, s):
    c1 = {"p": [s, x], "q": Pair(0.7, u)}
    items2 = [s]
    a6 = items2
    items19 = [0.7]
    for i20 in range(5):
        items19.append(np.mean(a6, axis=-1, keepdims=True) + c1["q"].second)
    return np.sum(items19[1])


ARGS = (
    np.array([-1.4267, -0.2255, 0.6027]),
    np.array([1.4953, -1.4746, 0.1684, 1.3115, -1.124]),
    -1.3169,
)
ARGNUMS = (2,)
