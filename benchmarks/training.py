"""Training steps of srcad and of PyTorch: the same model, data, batches and optimizer, one thread each.

    python -m benchmarks.training                     # all, in float64 and float32
    python -m benchmarks.training cnn --dtype float32 --rounds 50
    python -m benchmarks.training step                # one step of Adam on a million parameters, nothing else

First both make 50 steps from the same parameters on the same batches in float64, and every loss must agree to 1e-6.
Then short blocks of steps are timed in turn; the least time of each counts. What is timed is the whole step: loss,
gradient and the optimizer's update in place. The first call, which compiles, is reported apart.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

for _library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

import numpy as np  # noqa: E402
from srcad_runtime import functional, layers, losses, optimizers, trees  # noqa: E402

import srcad  # noqa: E402

CHECKED_STEPS = 50
TOLERANCE = 1e-6  # relative, on every loss
BATCHES = 8
BLOCK = 8  # steps that are timed together: short enough that other work on the machine misses some blocks

Tree = Any


@dataclass(frozen=True)
class Task:
    """A model to train. objective: ours, of (params, x, y). theirs: PyTorch's, of the same tree of tensors.

    data: makes parameters, inputs (batches, n, ...) and targets from a generator and a dtype. limit: the time per step
    over PyTorch's that is to be reached.
    """

    name: str
    objective: Callable[..., Any]
    theirs: Callable[..., Any]
    data: Callable[[np.random.Generator, Any], tuple[Tree, np.ndarray, np.ndarray]]
    optimizer: str
    rate: float
    limit: float


# ---- logistic regression: 30 measurements, 32 at once ----


def logistic(params, x, y):
    return losses.binary_cross_entropy_with_logits(x @ params["w"] + params["b"], y)


def torch_logistic(params, x, y):
    import torch

    return torch.nn.functional.binary_cross_entropy_with_logits(x @ params["w"] + params["b"], y)


def logistic_data(rng, dtype):
    x = rng.normal(size=(BATCHES, 32, 30)).astype(dtype)
    y = (x @ rng.normal(size=30) > 0).astype(dtype)
    return {"w": np.zeros(30, dtype), "b": np.zeros(1, dtype)}, x, y


# ---- a small network of dense layers ----


def mlp(params, x, y):
    h = np.tanh(layers.dense(params["hidden"], x))
    return losses.cross_entropy(layers.dense(params["out"], h), y)


def torch_mlp(params, x, y):
    import torch

    nn = torch.nn.functional
    h = torch.tanh(nn.linear(x, params["hidden"]["weight"], params["hidden"]["bias"]))
    return nn.cross_entropy(nn.linear(h, params["out"]["weight"], params["out"]["bias"]), y)


def mlp_data(rng, dtype):
    x = rng.normal(size=(BATCHES, 32, 16)).astype(dtype)
    y = np.argmax(x @ rng.normal(size=(16, 4)), axis=2)
    params = {"hidden": layers.dense_init(rng, 16, 32, dtype=dtype), "out": layers.dense_init(rng, 32, 4, dtype=dtype)}
    return params, x, y


# ---- an LSTM over short sequences ----


def lstm(params, x, y):
    outputs, _ = layers.lstm(params["lstm"], x)
    return losses.mse(layers.dense(params["out"], outputs[-1]), y)


def torch_lstm(params, x, y):
    """torch.nn.LSTM's own kernel on the given weights."""
    import torch

    own, units = params["lstm"], params["lstm"]["weight_hh"].shape[1]
    zeros = torch.zeros(1, x.shape[1], units, dtype=x.dtype)
    weights = [own["weight_ih"], own["weight_hh"], own["bias_ih"], own["bias_hh"]]
    outputs, _, _ = torch._VF.lstm(x, (zeros, zeros), weights, True, 1, 0.0, True, False, False)
    out = torch.nn.functional.linear(outputs[-1], params["out"]["weight"], params["out"]["bias"])
    return torch.nn.functional.mse_loss(out, y)


def lstm_data(rng, dtype):
    x = rng.normal(size=(BATCHES, 16, 8, 4)).astype(dtype)  # 16 steps of 8 sequences
    y = np.sum(x[..., :1], axis=1).astype(dtype)
    return {"lstm": layers.lstm_init(rng, 4, 16, dtype=dtype), "out": layers.dense_init(rng, 16, 1, dtype=dtype)}, x, y


# ---- the network of examples/images/digits.py ----


def cnn(params, x, y):
    edges = functional.relu(layers.conv2d(params["first"], x, padding=1))
    strokes = functional.relu(layers.conv2d(params["second"], edges, padding=1))
    pooled = functional.max_pool2d(strokes, 2)
    features = functional.relu(layers.dense(params["hidden"], layers.flatten(pooled)))
    return losses.cross_entropy(layers.dense(params["out"], features), y)


def torch_cnn(params, x, y):
    import torch

    nn = torch.nn.functional
    p = {k: (part["weight"], part["bias"]) for k, part in params.items()}
    edges = nn.relu(nn.conv2d(x, *p["first"], padding=1))
    strokes = nn.relu(nn.conv2d(edges, *p["second"], padding=1))
    features = nn.relu(nn.linear(nn.max_pool2d(strokes, 2).flatten(1), *p["hidden"]))
    return nn.cross_entropy(nn.linear(features, *p["out"]), y)


def cnn_data(rng, dtype):
    x = rng.normal(size=(BATCHES, 32, 1, 8, 8)).astype(dtype)
    y = rng.integers(0, 10, (BATCHES, 32))
    params = {
        "first": layers.conv2d_init(rng, 1, 16, 3, dtype=dtype),
        "second": layers.conv2d_init(rng, 16, 32, 3, dtype=dtype),
        "hidden": layers.dense_init(rng, 512, 64, init=layers.he_normal, dtype=dtype),
        "out": layers.dense_init(rng, 64, 10, dtype=dtype),
    }
    return params, x, y


TASKS = {
    task.name: task
    for task in (
        Task("logistic", logistic, torch_logistic, logistic_data, "sgd", 0.1, 1 / 5),
        Task("mlp", mlp, torch_mlp, mlp_data, "adam", 1e-2, 1 / 5),
        Task("lstm", lstm, torch_lstm, lstm_data, "adam", 1e-2, 1 / 3),
        Task("cnn", cnn, torch_cnn, cnn_data, "adam", 1e-3, 1.5),
    )
}


# ---- steps ----


def our_stepper(task: Task, dtype: Any, backend: str) -> Callable[[int], float]:
    """A function that makes one step on batch k and returns its loss."""
    params, x, y = task.data(np.random.default_rng(0), dtype)
    gradient = srcad.value_and_grad(task.objective, backend=backend)
    optimizer = getattr(optimizers, task.optimizer)(task.rate)
    state = optimizer.init(params)

    def step(k: int) -> float:
        value, grads = gradient(params, x[k % BATCHES], y[k % BATCHES])
        optimizer.update_into(params, grads, state)
        return float(value)

    return step


def their_stepper(task: Task, dtype: Any) -> Callable[[int], float]:
    """The same in PyTorch, with its fused optimizer."""
    import torch

    torch.set_num_threads(1)
    params, x, y = task.data(np.random.default_rng(0), dtype)
    params = trees.map(lambda p: torch.tensor(p, requires_grad=True), params)
    inputs, targets = torch.tensor(x), torch.tensor(y)
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[task.optimizer]
    optimizer = kind(_tensors(params), lr=task.rate, fused=True)

    def step(k: int) -> float:
        optimizer.zero_grad()
        value = task.theirs(params, inputs[k % BATCHES], targets[k % BATCHES])
        value.backward()
        optimizer.step()
        return value.item()

    return step


def _tensors(params: Tree) -> list[Any]:
    return [t for part in params.values() for t in (_tensors(part) if isinstance(part, dict) else [part])]


def disagreement(task: Task, backend: str, steps: int = CHECKED_STEPS) -> float:
    """The largest relative difference of the losses of the first steps, in float64."""
    ours, theirs = our_stepper(task, np.float64, backend), their_stepper(task, np.float64)
    pairs = [(ours(k), theirs(k)) for k in range(steps)]
    return max(abs(a - b) / max(abs(b), 1e-12) for a, b in pairs)


@dataclass(frozen=True)
class Timing:
    """Seconds: the first call of ours, and one step of each."""

    first: float
    ours: float
    theirs: float


def measure(task: Task, dtype: Any, backend: str, rounds: int) -> Timing:
    """The least time of `rounds` rounds of `BLOCK` steps of each, made in turn."""
    ours, theirs = our_stepper(task, dtype, backend), their_stepper(task, dtype)
    first, _ = _timed(ours, 1), _timed(theirs, 1)
    times = [(_timed(ours, BLOCK), _timed(theirs, BLOCK)) for _ in range(rounds)]
    return Timing(first, *(min(column) / BLOCK for column in zip(*times)))


def adam_steps(dtype: Any, count: int = 1_000_000) -> tuple[Callable[[int], Any], Callable[[int], Any]]:
    """`update_into` and PyTorch's fused Adam on the same parameters and gradients."""
    import torch

    torch.set_num_threads(1)
    p, g = np.random.default_rng(0).normal(size=(2, count)).astype(dtype)
    theirs = torch.nn.Parameter(torch.tensor(p))
    theirs.grad = torch.tensor(g)
    fused = torch.optim.Adam([theirs], lr=1e-3, fused=True)
    ours = optimizers.adam(1e-3)
    state = ours.init(p)
    return lambda _: ours.update_into(p, g, state), lambda _: fused.step()


def optimizer_rows(dtypes: list[str], rounds: int) -> int:
    """Print the times of one step of Adam; how many are slower than PyTorch's."""
    missed = 0
    for dtype in dtypes:
        ours, theirs = adam_steps(np.dtype(dtype).type)
        first, _ = _timed(ours, 1), _timed(theirs, 1)
        times = [(_timed(ours, 1), _timed(theirs, 1)) for _ in range(rounds)]
        mine, other = (min(column) for column in zip(*times))
        told = f"{mine * 1e6:.0f} us | {other * 1e6:.0f} us | {mine / other:.2f} | 1.00"
        print(f"| step of Adam | {dtype} | - | {told} | {first:.1f} s |", flush=True)
        missed += mine > other
    return missed


def _timed(step: Callable[[int], float], count: int) -> float:
    begin = time.perf_counter()
    for k in range(count):
        step(k)
    return time.perf_counter() - begin


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help=", ".join([*TASKS, "step"]))
    parser.add_argument("--dtype", choices=("float64", "float32"), help="default: both")
    parser.add_argument("--backend", default="numba")
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args(argv)
    missed = 0
    print("| task | dtype | losses differ by | srcad | PyTorch | ratio | to reach | first call |\n" + "|---" * 8 + "|")
    dtypes = [options.dtype] if options.dtype else ["float64", "float32"]
    for name in options.names or [*TASKS, "step"]:
        if name == "step":
            missed += optimizer_rows(dtypes, options.rounds)
            continue
        task = TASKS[name]
        far = disagreement(task, options.backend)
        missed += far > TOLERANCE
        for dtype in dtypes:
            t = measure(task, np.dtype(dtype).type, options.backend, options.rounds)
            ratio = t.ours / t.theirs
            told = f"{t.ours * 1e6:.0f} us | {t.theirs * 1e6:.0f} us | {ratio:.2f} | {task.limit:.2f}"
            print(f"| {name} | {dtype} | {far:.0e} | {told} | {t.first:.1f} s |", flush=True)
            missed += ratio > task.limit
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
