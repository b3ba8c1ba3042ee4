"""Starting values of weights, drawn from an explicit `numpy.random.Generator`.

Each takes ``(rng, shape, dtype=numpy.float64)``. A weight has the layout (outputs, inputs, *kernel), as everywhere in
`srcad_runtime`; its fans are the numbers of terms in a sum forwards and backwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, ...]
Initializer = Callable[..., Array]


def he_normal(rng: np.random.Generator, shape: Shape, dtype: Any = np.float64) -> Array:
    """Normal with variance 2 / fan-in, for layers followed by a rectifier (He, Zhang, Ren and Sun, 2015)."""
    return normal(rng, shape, dtype, math.sqrt(2.0 / fans(shape)[0]))


def he_uniform(rng: np.random.Generator, shape: Shape, dtype: Any = np.float64) -> Array:
    """Uniform with variance 2 / fan-in (He, Zhang, Ren and Sun, 2015)."""
    return uniform(rng, shape, dtype, math.sqrt(6.0 / fans(shape)[0]))


def glorot_normal(rng: np.random.Generator, shape: Shape, dtype: Any = np.float64) -> Array:
    """Normal with variance 2 / (fan-in + fan-out) (Glorot and Bengio, 2010)."""
    return normal(rng, shape, dtype, math.sqrt(2.0 / sum(fans(shape))))


def glorot_uniform(rng: np.random.Generator, shape: Shape, dtype: Any = np.float64) -> Array:
    """Uniform with variance 2 / (fan-in + fan-out) (Glorot and Bengio, 2010)."""
    return uniform(rng, shape, dtype, math.sqrt(6.0 / sum(fans(shape))))


def lecun_normal(rng: np.random.Generator, shape: Shape, dtype: Any = np.float64) -> Array:
    """Normal with variance 1 / fan-in (LeCun, Bottou, Orr and Müller, 1998)."""
    return normal(rng, shape, dtype, math.sqrt(1.0 / fans(shape)[0]))


def lecun_uniform(rng: np.random.Generator, shape: Shape, dtype: Any = np.float64) -> Array:
    """Uniform with variance 1 / fan-in (LeCun, Bottou, Orr and Müller, 1998)."""
    return uniform(rng, shape, dtype, math.sqrt(3.0 / fans(shape)[0]))


def orthogonal(rng: np.random.Generator, shape: Shape, dtype: Any = np.float64, gain: float = 1.0) -> Array:
    """`gain` times a random matrix (outputs, the rest) with orthonormal rows or columns (Saxe et al., 2014)."""
    rows, cols = shape[0], math.prod(shape[1:])
    q, r = np.linalg.qr(rng.standard_normal((max(rows, cols), min(rows, cols))))
    q = q * np.copysign(1.0, np.diagonal(r))  # without this the distribution would depend on the QR algorithm
    return (gain * (q if rows >= cols else q.T)).reshape(shape).astype(dtype)


def normal(rng: np.random.Generator, shape: Shape, dtype: Any = np.float64, scale: float = 1.0) -> Array:
    """Normal with mean 0 and standard deviation `scale`."""
    return (scale * rng.standard_normal(shape)).astype(dtype)


def uniform(rng: np.random.Generator, shape: Shape, dtype: Any = np.float64, limit: float = 1.0) -> Array:
    """Uniform between -limit and limit."""
    return rng.uniform(-limit, limit, shape).astype(dtype)


def fans(shape: Shape) -> tuple[int, int]:
    """Fan-in and fan-out of a weight (outputs, inputs, *kernel).

    Raises:
        ValueError: if the weight has fewer than two axes.
    """
    if len(shape) < 2:
        raise ValueError(f"initializer: a weight of shape {shape} has no inputs and outputs")
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel
