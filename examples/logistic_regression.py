"""Logistic regression on the breast cancer data (569 tumours, 30 measurements), by gradient descent.

Run ``python examples/logistic_regression.py``. It is trained twice, by a loop written out (`train`) and by a `Trainer`
(`fit`), with the same result. The gradient is the function that srcad writes for `loss`; it is printed at the end.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from srcad_runtime import losses
from srcad_runtime.optimizers import sgd
from srcad_runtime.training import Trainer

from srcad import differentiate


def predict(weights, bias, x):
    """Probability that each tumour is benign; x (n, k), weights (k,)."""
    return 1.0 / (1.0 + np.exp(-(x @ weights + bias)))


@differentiate(argnums=("weights", "bias"))
def loss(weights, bias, x, y):
    """Binary cross-entropy; x (n, k), y (n,) of zeros and ones, weights (k,)."""
    p = predict(weights, bias, x)
    return -np.mean(y * np.log(p) + (1.0 - y) * np.log(1.0 - p))


def load() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training and held-out measurements, scaled by the training part, and labels (1.0: benign)."""
    x, y = load_breast_cancer(return_X_y=True)
    x, x_test, y, y_test = train_test_split(x, y.astype(float), test_size=0.25, random_state=0, stratify=y)
    mean, std = x.mean(axis=0), x.std(axis=0)
    return (x - mean) / std, y, (x_test - mean) / std, y_test


def train(x, y, epochs=300, rate=0.1, show=print):
    """Gradient descent from zero; returns the weights, the bias, and the loss at every epoch."""
    weights, bias, history = np.zeros(x.shape[1]), 0.0, []
    for epoch in range(epochs):
        value, (weights_bar, bias_bar) = loss.value_and_grad(weights, bias, x, y)
        weights -= rate * weights_bar
        bias -= rate * bias_bar
        history.append(float(value))
        if epoch % 30 == 0:
            show(f"epoch {epoch:4d}   loss {value:.5f}   accuracy {accuracy(weights, bias, x, y):.3f}")
    return weights, bias, history


def model(params, x):
    """The same model as a function of nested parameters, as `Trainer` takes it."""
    return predict(params["weights"], params["bias"], x)


def fit(x, y, epochs=300, rate=0.1, backend="auto") -> Trainer:
    """What `train` does, done by a `Trainer`; its history has loss and accuracy at every epoch."""
    params = {"weights": np.zeros(x.shape[1]), "bias": 0.0}
    trainer = Trainer(model, params, losses.binary_cross_entropy, sgd(rate), ["accuracy"], backend)
    trainer.fit(x, y, epochs=epochs, batch_size=len(x), shuffle=False, verbose=0)
    return trainer


def accuracy(weights, bias, x, y) -> float:
    """The share of tumours that are told right."""
    return float(np.mean((predict(weights, bias, x) > 0.5) == (y > 0.5)))


def main() -> None:
    x, y, x_test, y_test = load()
    weights, bias, history = train(x, y)
    trainer = fit(x, y)
    print(f"\nloss by the loop {history[0]:.6f} -> {history[-1]:.6f}, by Trainer {trainer.evaluate(x, y)}")
    for part, inputs, labels in (("training", x, y), ("held-out", x_test, y_test)):
        print(f"accuracy on the {part} part {accuracy(weights, bias, inputs, labels):.3f}")
    print(f"\nThe gradient that was used:\n\n{loss.source}")


if __name__ == "__main__":
    main()
