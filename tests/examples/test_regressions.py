"""The two regressions give the same loss at every epoch as the same models elsewhere, to 1e-10 relative.

A `Trainer` does what the loop written out does.

PyTorch: nn.Linear, its loss classes, its SGD. GradientTape style: parameters that are assigned to, a tape that is asked
for gradients; once with JAX's derivatives, once with derivatives written by hand.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from examples import linear_regression, logistic_regression

EXAMPLES = Path(linear_regression.__file__).parent
EPOCHS = 60


@pytest.fixture(params=[linear_regression, logistic_regression], ids=["linear", "logistic"], scope="module")
def trained(request: pytest.FixtureRequest) -> tuple[Any, np.ndarray, np.ndarray, Any]:
    """The example, its training data, and what it learnt from them."""
    example = request.param
    x, y, *_ = example.load()
    return example, x, y, example.train(x, y, epochs=EPOCHS, show=lambda line: None)


def _is_linear(example: Any) -> bool:
    return example is linear_regression


def _agrees(history: list[float], other: list[float]) -> None:
    np.testing.assert_allclose(history, other, rtol=1e-10)


def test_against_pytorch(trained: Any) -> None:
    torch = pytest.importorskip("torch")
    example, x, y, (weights, bias, history) = trained
    layer = torch.nn.Linear(x.shape[1], 1, dtype=torch.float64)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    model = layer if _is_linear(example) else torch.nn.Sequential(layer, torch.nn.Sigmoid())
    criterion = torch.nn.MSELoss() if _is_linear(example) else torch.nn.BCELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)[:, None]
    losses = []
    for _ in range(EPOCHS):
        optimizer.zero_grad()
        value = criterion(model(inputs), targets)
        value.backward()
        optimizer.step()
        losses.append(value.item())
    _agrees(history, losses)
    np.testing.assert_allclose(weights, layer.weight.detach().numpy()[0], rtol=1e-9)
    np.testing.assert_allclose(bias, layer.bias.item(), rtol=1e-9)


def _tape_loop(gradient: Callable[..., Any], parameters: list[Any], x: Any, y: Any) -> Iterator[float]:
    """``with tape: loss``, ``tape.gradient``, ``variable.assign_sub``, as TensorFlow's introduction does it."""
    for _ in range(EPOCHS):
        value, gradients = gradient(parameters, x, y)
        yield float(value)
        parameters = [p - 0.1 * g for p, g in zip(parameters, gradients)]


def test_against_a_tape_with_jax(trained: Any) -> None:
    jax = pytest.importorskip("jax")
    example, x, y, (_, _, history) = trained

    def objective(parameters: list[Any], x: Any, y: Any) -> Any:
        z = x @ parameters[0] + parameters[1]
        if _is_linear(example):
            return jax.numpy.mean((z - y) ** 2)
        return jax.numpy.mean(jax.numpy.logaddexp(0.0, z) - y * z)

    double = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        start = [jax.numpy.zeros(x.shape[1]), jax.numpy.zeros(())]
        _agrees(history, list(_tape_loop(jax.jit(jax.value_and_grad(objective)), start, x, y)))
    finally:
        jax.config.update("jax_enable_x64", double)


def test_against_a_tape_by_hand(trained: Any) -> None:
    example, x, y, (_, _, history) = trained

    def gradient(parameters: list[Any], x: np.ndarray, y: np.ndarray) -> Any:
        z = x @ parameters[0] + parameters[1]
        if _is_linear(example):
            value, z_bar = np.mean((z - y) ** 2), 2.0 * (z - y) / y.size
        else:
            p = 1.0 / (1.0 + np.exp(-z))
            value, z_bar = np.mean(np.logaddexp(0.0, z) - y * z), (p - y) / y.size
        return value, [x.T @ z_bar, np.sum(z_bar)]

    _agrees(history, list(_tape_loop(gradient, [np.zeros(x.shape[1]), 0.0], x, y)))


@pytest.mark.parametrize("backend", ["numpy", "auto"])
def test_a_trainer_does_the_same(trained: Any, backend: str) -> None:
    example, x, y, (weights, bias, history) = trained
    trainer = example.fit(x, y, EPOCHS, backend=backend)
    _agrees(history, trainer.history.history["loss"])
    np.testing.assert_allclose(trainer.params["weights"], weights, rtol=1e-9)
    np.testing.assert_allclose(trainer.params["bias"], bias, rtol=1e-9)


def test_they_learn() -> None:
    x, y, _ = linear_regression.load()
    _, _, history = linear_regression.train(x, y, show=lambda line: None)
    assert 1.0 - history[-1] / np.var(y) > 0.51
    x, y, x_test, y_test = logistic_regression.load()
    weights, bias, _ = logistic_regression.train(x, y, show=lambda line: None)
    assert logistic_regression.accuracy(weights, bias, x_test, y_test) > 0.95


@pytest.mark.parametrize("name", ["linear_regression", "logistic_regression"])
def test_as_a_user_runs_them(name: str) -> None:
    """Progress, result and gradient source are printed, and the source is a gradient of the loss."""
    command = [sys.executable, str(EXAMPLES / f"{name}.py")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    assert "epoch    0" in done.stdout and "def loss_grad(" in done.stdout and "weights_bar" in done.stdout
