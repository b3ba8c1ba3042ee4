"""Linear regression on the diabetes data (442 patients, 10 measurements), by gradient descent.

Run ``python examples/linear_regression.py``. It is trained twice, by a loop written out (`train`) and by a `Trainer`
(`fit`), with the same result. The gradient is the function that srcad writes for `loss`; it is printed at the end.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_diabetes
from srcad_runtime import losses
from srcad_runtime.optimizers import sgd
from srcad_runtime.training import Trainer

from srcad import differentiate


@differentiate(argnums=("weights", "bias"))
def loss(weights, bias, x, y):
    """Mean squared error of a linear model; x (n, k), y (n,), weights (k,)."""
    error = x @ weights + bias - y
    return np.mean(error**2)


def load() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Measurements with mean 0 and variance 1, the progression of the disease after a year, and the names."""
    data = load_diabetes(scaled=False)
    x = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    return x, data.target, data.feature_names


def train(x, y, epochs=200, rate=0.1, show=print):
    """Gradient descent from zero; returns the weights, the bias, and the loss at every epoch."""
    weights, bias, history = np.zeros(x.shape[1]), 0.0, []
    for epoch in range(epochs):
        value, (weights_bar, bias_bar) = loss.value_and_grad(weights, bias, x, y)
        weights -= rate * weights_bar
        bias -= rate * bias_bar
        history.append(float(value))
        if epoch % 20 == 0:
            show(f"epoch {epoch:4d}   loss {value:10.3f}")
    return weights, bias, history


def model(params, x):
    """The same model as a function of nested parameters, as `Trainer` takes it."""
    return x @ params["weights"] + params["bias"]


def fit(x, y, epochs=200, rate=0.1, backend="auto") -> Trainer:
    """What `train` does, done by a `Trainer`; its history has the loss at every epoch."""
    params = {"weights": np.zeros(x.shape[1]), "bias": 0.0}
    trainer = Trainer(model, params, losses.mse, sgd(rate), backend=backend)
    trainer.fit(x, y, epochs=epochs, batch_size=len(x), shuffle=False, verbose=0)
    return trainer


def main() -> None:
    x, y, names = load()
    weights, bias, history = train(x, y)
    trainer = fit(x, y)
    print(f"\nloss by the loop {history[-1]:.6f}, by Trainer {trainer.history.history['loss'][-1]:.6f}")
    print(trainer.summary())
    print(f"\nloss {history[0]:.1f} -> {history[-1]:.1f}, R^2 {1.0 - history[-1] / np.var(y):.3f}, bias {bias:.2f}")
    for name, weight in zip(names, weights):
        print(f"  {name:4s} {weight:8.2f}")
    print(f"\nThe gradient that was used:\n\n{loss.source}")


if __name__ == "__main__":
    main()
