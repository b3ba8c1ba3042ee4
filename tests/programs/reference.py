"""Derivatives by five-point differences, confirmed by the complex step where the program allows it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.programs.registry import Program
from tests.programs.tree import dot, is_floating, leaves, map_leaves


@dataclass(frozen=True)
class Reference:
    """`gradient`: one tree per asked argument, for the outputs weighted with `seed`; right to about `accuracy`."""

    seed: Any
    gradient: tuple[Any, ...]
    accuracy: float


def reference(program: Program, step: float = 1e-3) -> Reference:
    """The gradient of ``sum(seed * outputs)`` with a fixed random seed (1.0 for a scalar output)."""
    args = _double(program.args())
    seed = _seed(program.run(*args))

    def weighted(*args: Any) -> float:
        return dot(seed, program.run(*args))

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        differences = _each_element(args, program.argnums, lambda f, x: _five_points(f, x, step), weighted)
        exact = _complex_step(program, args, seed)
    if exact is not None and close(exact, differences, 1e-6):
        return Reference(seed, exact, 1e-10)
    return Reference(seed, differences, 1e-7)


def close(got: Any, expected: Any, accuracy: float) -> bool:
    """Whether two gradients agree, relative to the largest entry of each leaf (absolutely below one)."""
    return worst(got, expected) <= accuracy


def worst(got: Any, expected: Any) -> float:
    """The largest error of any entry, relative to the largest entry of its leaf (absolute below one)."""
    errors = [0.0]
    for g, e in zip(leaves(got), leaves(expected)):
        if is_floating(e) and np.size(e):
            error = np.max(np.abs(np.asarray(g) - e)) / max(1.0, float(np.max(np.abs(e))))
            errors.append(float(error) if np.isfinite(error) else np.inf)
    return max(errors)


def _double(tree: Any) -> Any:
    """Float32 leaves as float64: differences need the digits."""

    def widen(leaf: Any) -> Any:
        if isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype == np.float32:
            return leaf.astype(np.float64)
        return leaf

    return map_leaves(widen, tree)


def _seed(value: Any) -> Any:
    if is_floating(value) and np.ndim(value) == 0:
        return 1.0
    rng = np.random.default_rng(7)
    return map_leaves(lambda leaf: rng.uniform(0.5, 1.5, np.shape(leaf)) if is_floating(leaf) else None, value)


def _each_element(args: Any, argnums: tuple[int, ...], rule: Callable[..., float], f: Callable[..., float]) -> Any:
    """`rule(g, x0)` for every floating element of the asked arguments, `g` moving this one element."""

    def of_leaf(leaf: Any, put: Callable[[Any], Any]) -> Any:
        if not is_floating(leaf):
            return None
        flat = np.asarray(leaf).ravel()
        out = np.empty(flat.size)
        for k in range(flat.size):
            out[k] = rule(lambda x, k=k: f(*put(_replaced(leaf, k, x))), flat[k])
        return out.reshape(np.shape(leaf))

    return tuple(_over_leaves(args, n, of_leaf) for n in argnums)


def _over_leaves(args: tuple[Any, ...], n: int, of_leaf: Callable[..., Any]) -> Any:
    count = -1

    def visit(leaf: Any) -> Any:
        nonlocal count
        count += 1
        return of_leaf(leaf, lambda new, at=count: args[:n] + (_with_leaf(args[n], at, new),) + args[n + 1 :])

    return map_leaves(visit, args[n])


def _with_leaf(tree: Any, at: int, new: Any) -> Any:
    counter = iter(range(10**9))
    return map_leaves(lambda leaf: new if next(counter) == at else leaf, tree)


def _replaced(leaf: Any, k: int, x: Any) -> Any:
    if np.ndim(leaf) == 0 and not isinstance(leaf, np.ndarray):
        return x
    array = leaf.astype(np.result_type(leaf, type(x)))
    array.flat[k] = x
    return array


def _five_points(f: Callable[[float], float], x: float, step: float) -> float:
    x = float(np.real(x))
    h = step * max(0.1, abs(x))
    return (f(x - 2 * h) - 8 * f(x - h) + 8 * f(x + h) - f(x + 2 * h)) / (12 * h)


def _complex_step(program: Program, args: Any, seed: Any) -> Any:
    """None where the program does not run on complex numbers."""

    def imaginary(*args: Any) -> float:
        total = 0.0
        for weight, out in zip(leaves(seed), leaves(program.run(*args))):
            if weight is not None:
                total += float(np.sum(np.asarray(weight) * np.imag(out)))
        return total

    def rule(f: Callable[[complex], float], x: float) -> float:
        return f(complex(x, 1e-100)) / 1e-100

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return _each_element(args, program.argnums, rule, imaginary)
    except Exception:  # whatever it is: this program is not meant for complex numbers
        return None
