"""Python's floats that are sorted stay Python's: beside float32 numbers an element of an array has 53 bits."""

import numpy as np

SCALE = 0.3856


def f(s, c0, many):
    items2 = [0.7, s, SCALE]
    items2 = sorted(items2)
    listed = many.tolist()
    listed.append(float(many[0]) * 2)
    listed.sort()
    v5 = c0["q"]
    return np.sum(v5) + items2[0] + listed[1] * v5[0] + many.item(1) * v5[1]


ARGS = (
    -0.4798,
    {"p": 0.8967, "q": np.array([0.7616, -0.4781, 1.4167], np.float32)},
    np.array([0.7616, -0.4781, 1.4167]),
)
ARGNUMS = (0, 1, 2)
