"""``python -m benchmarks.on_device``: value and gradient on a CUDA device, CuPy's text beside its primal and JAX.

Needs CuPy and a device; JAX is left out where it is missing. Float32; gradients are compared before a time is taken.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import srcad

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


def classifier(x, y, w1, b1, w2, b2):
    hidden = np.tanh(x @ w1 + b1)
    scores = hidden @ w2 + b2
    scores = scores - np.max(scores, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(scores), axis=1)) - np.sum(scores * y, axis=1))


def attention(q, k, v):
    scores = q @ k.T / 8.0
    weights = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    weights = weights / np.sum(weights, axis=1, keepdims=True)
    return np.sum((weights @ v) ** 2)


def chain(x, w):
    return np.sum(np.exp(-x * x) * np.sin(w * x) / (1.0 + x * x))


def heat(u, c):
    for _ in range(50):
        inner = u[1:-1, 2:] + u[1:-1, :-2] + u[2:, 1:-1] + u[:-2, 1:-1] - 4.0 * u[1:-1, 1:-1]
        new = u.copy()
        new[1:-1, 1:-1] = u[1:-1, 1:-1] + c * inner
        u = new
    return np.sum(u * u)


def heat_in_jax(u, c):
    import jax

    def step(u, _):
        inner = u[1:-1, 2:] + u[1:-1, :-2] + u[2:, 1:-1] + u[:-2, 1:-1] - 4.0 * u[1:-1, 1:-1]
        return u.at[1:-1, 1:-1].add(c * inner), None

    return (jax.lax.scan(step, u, None, length=50)[0] ** 2).sum()


@dataclass(frozen=True)
class Case:
    """f: written for NumPy. wrt: the differentiated arguments. rival: JAX's way to write it, if it is another."""

    f: Callable[..., Any]
    args: Callable[[np.random.Generator], tuple[Any, ...]]
    wrt: tuple[int, ...]
    rival: Callable[..., Any] | None = None


def normal(rng: np.random.Generator, *shape: int, size: float = 1.0) -> np.ndarray:
    return (size * rng.standard_normal(shape)).astype(np.float32)


CASES = (
    Case(
        classifier,
        lambda rng: (
            normal(rng, 8192, 784),
            np.eye(10, dtype=np.float32)[rng.integers(0, 10, 8192)],
            normal(rng, 784, 1024, size=0.03),
            normal(rng, 1024, size=0.1),
            normal(rng, 1024, 10, size=0.03),
            normal(rng, 10, size=0.1),
        ),
        (2, 3, 4, 5),
    ),
    Case(attention, lambda rng: tuple(normal(rng, 4096, 64) for _ in range(3)), (0, 1, 2)),
    Case(chain, lambda rng: (normal(rng, 10_000_000), normal(rng, 10_000_000)), (0, 1)),
    Case(heat, lambda rng: (normal(rng, 2048, 2048), np.float32(0.1)), (0,), heat_in_jax),
)


def seconds(run: Callable[[], Any], wait: Callable[[], None]) -> float:
    """The median of 15 runs after 3 that do not count."""
    times = []
    for _ in range(18):
        start = time.perf_counter()
        result = run()
        wait()
        times.append(time.perf_counter() - start)
        del result
    return statistics.median(times[3:])


def measure(case: Case) -> str:
    import cupy

    args = case.args(np.random.default_rng(0))
    given = [cupy.asarray(a) if np.ndim(a) else a for a in args]
    wait = cupy.cuda.Device().synchronize
    derivative = srcad.value_and_grad(case.f, case.wrt, backend="cupy")
    bars = [b.get() for b in derivative(*given)[1]]
    primal, both = seconds(lambda: case.f(*given), wait), seconds(lambda: derivative(*given), wait)
    rival = jax_seconds(case, args, bars)
    shown = "" if rival is None else f"{1e3 * rival:.2f}"
    return f"| {case.f.__name__} | {1e3 * primal:.2f} | {1e3 * both:.2f} | {both / primal:.1f} | {shown} |"


def jax_seconds(case: Case, args: tuple[Any, ...], bars: list[np.ndarray]) -> float | None:
    try:
        import jax
        import jax.numpy as jnp
    except ImportError:
        return None
    space = {**case.f.__globals__, "np": jnp}
    f = case.rival or type(case.f)(case.f.__code__, space, case.f.__name__)
    derivative = jax.jit(jax.value_and_grad(f, case.wrt))
    given = [jnp.asarray(a) for a in args]
    for ours, theirs in zip(bars, derivative(*given)[1]):
        scale = float(np.max(np.abs(ours)))
        np.testing.assert_allclose(ours, np.asarray(theirs), rtol=0.0, atol=2e-2 * scale)
    return seconds(lambda: jax.block_until_ready(derivative(*given)), lambda: None)


def main() -> None:
    print("| program | primal, ms | value and gradient, ms | ratio | JAX, value and gradient, ms |")
    print("|---|---|---|---|---|")
    for case in CASES:
        print(measure(case), flush=True)


if __name__ == "__main__":
    main()
