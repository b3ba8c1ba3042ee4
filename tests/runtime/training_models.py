"""What the tests of the training loop train: a line, its losses, and data."""

from __future__ import annotations

from typing import Any

import numpy as np
from complex_step import value_and_grad
from srcad_runtime import optimizers
from srcad_runtime.training import Trainer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.3 + 0.01 * RNG.normal(size=50)
LABELS = (Y > 0).astype(np.int64)


def line(params: Any, x: Any) -> Any:
    return x @ params["w"] + params["b"]


def start() -> dict[str, Any]:
    return {"w": np.zeros(3), "b": 0.0}


def mse(prediction: Any, target: Any) -> Any:
    return np.mean((prediction - target) ** 2)


def logistic(prediction: Any, target: Any) -> Any:
    return np.mean(np.log(1 + np.exp(prediction)) - target * prediction)


def trainer(model: Any = line, params: Any = None, loss: Any = mse, optimizer: Any = None, **options: Any) -> Trainer:
    options = {"backend": "numpy", "value_and_grad": value_and_grad, **options}
    return Trainer(model, params or start(), loss, optimizer or optimizers.adam(0.05), **options)


def bits(value: float) -> str:
    return float(value).hex()


def noisy(params: Any, x: Any, training: bool, rng: Any, state: Any) -> Any:
    """A line with input noise and a running mean of its inputs, as dropout and batch norm have them."""
    if training:
        x = x + 0.1 * rng.normal(size=x.shape)
        state = {"mean": 0.9 * state["mean"] + 0.1 * x.mean(axis=0)}
    return line(params, x - state["mean"]), state
