"""Gradients from nothing but calls: the complex step, exact to the last digits for analytic functions.

Stands in for srcad where the training loop itself is under test. Small models only: one call a parameter.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from srcad_runtime import trees

STEP = 1e-30


def value_and_grad(objective: Callable[..., Any], has_aux: bool = False, backend: str = "auto") -> Callable[..., Any]:
    """As `srcad.value_and_grad`, with respect to the first argument."""

    def loss(params: Any, *args: Any) -> Any:
        out = objective(params, *copy.deepcopy(args))  # a generator must not move
        value = out[0] if has_aux else out
        if np.ndim(value):
            raise TypeError(f"the output has shape {np.shape(value)}: only a number has a gradient")
        return value

    def both(params: Any, *args: Any) -> Any:
        leaves = [np.array(leaf, complex) for leaf in trees.leaves(params)]
        grads = [np.zeros(leaf.shape) for leaf in leaves]
        for leaf, grad in zip(leaves, grads):
            for index in np.ndindex(leaf.shape):
                leaf[index] += 1j * STEP
                shifted = [x if x.ndim else x[()] for x in leaves]
                grad[index] = np.imag(loss(trees.unflatten(params, shifted), *args)) / STEP
                leaf[index] = leaf[index].real
        grads = [np.asarray(g, np.result_type(p)) for g, p in zip(grads, trees.leaves(params))]
        return objective(params, *args), trees.unflatten(params, grads)

    return both
