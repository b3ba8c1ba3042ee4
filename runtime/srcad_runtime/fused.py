"""Optimizer steps as one compiled pass over memory: read gradient, parameter and moments once, write them once.

Each kernel takes flat arrays of one dtype (float32 or float64). Large arrays are cut into pieces for as many threads as
Numba would use; the steps are elementwise, so the pieces do not change the result. LAMB's, which needs norms of whole
parameters, is never cut. Numba is imported at the first step.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

PIECE = 1 << 17  # elements; below this a thread costs more than it saves
TOGETHER = 4  # small parameters in one call

Groups = list[tuple[np.ndarray, ...]]


def sgd(p: Any, g: Any, rate: Any) -> None:
    """``p -= rate g``"""
    for i in range(p.size):
        p[i] -= rate * g[i]


def momentum(p: Any, g: Any, t: Any, rate: Any, decay: Any) -> None:
    """``t = g + decay t; p -= rate t``"""
    for i in range(p.size):
        t_i = g[i] + decay * t[i]
        t[i] = t_i
        p[i] -= rate * t_i


def nesterov(p: Any, g: Any, t: Any, rate: Any, decay: Any) -> None:
    """``t = g + decay t; p -= rate (g + decay t)``"""
    for i in range(p.size):
        t_i = g[i] + decay * t[i]
        t[i] = t_i
        p[i] -= rate * (g[i] + decay * t_i)


def adam(
    p: Any, g: Any, m: Any, v: Any, rate: Any, b1: Any, a1: Any, b2: Any, a2: Any,
    from_m: Any, from_g: Any, root_c2: Any, eps: Any, eps_root: Any, decay: Any,
) -> None:  # fmt: skip
    """One step of Adam, AdamW or Nadam with ``a = 1 - b``.

    The direction is ``(from_m m + from_g g) / (sqrt(v / c2 + eps_root) + eps)``. For `eps_root` zero numerator and
    denominator are multiplied by sqrt(c2), which saves a division an element.
    """
    if eps_root == 0:
        for i in range(p.size):
            m_i = a1 * g[i] + b1 * m[i]
            v_i = a2 * (g[i] * g[i]) + b2 * v[i]
            m[i] = m_i
            v[i] = v_i
            direction = root_c2 * (from_m * m_i + from_g * g[i]) / (np.sqrt(v_i) + root_c2 * eps)
            p[i] -= rate * (direction + decay * p[i])
    else:
        for i in range(p.size):
            m_i = a1 * g[i] + b1 * m[i]
            v_i = a2 * (g[i] * g[i]) + b2 * v[i]
            m[i] = m_i
            v[i] = v_i
            direction = (from_m * m_i + from_g * g[i]) / (np.sqrt(v_i / (root_c2 * root_c2) + eps_root) + eps)
            p[i] -= rate * (direction + decay * p[i])


def amsgrad(
    p: Any, g: Any, m: Any, v: Any, v_max: Any, rate: Any, b1: Any, a1: Any, b2: Any, a2: Any,
    c1: Any, c2: Any, eps: Any, eps_root: Any,
) -> None:  # fmt: skip
    """``p -= rate (m / c1) / (sqrt(v_max + eps_root) + eps)`` with v_max the greatest ``v / c2`` so far; nan stays."""
    for i in range(p.size):
        m_i = a1 * g[i] + b1 * m[i]
        v_i = a2 * (g[i] * g[i]) + b2 * v[i]
        m[i] = m_i
        v[i] = v_i
        v_i = v_i / c2
        v_max[i] = v_max[i] if v_max[i] >= v_i or v_max[i] != v_max[i] else v_i
        p[i] -= rate * (m_i / c1 / (np.sqrt(v_max[i] + eps_root) + eps))


def radam(
    p: Any, g: Any, m: Any, v: Any, rate: Any, b1: Any, a1: Any, b2: Any, a2: Any,
    from_m: Any, from_g: Any, rectified: Any, c2: Any, eps: Any, eps_root: Any,
) -> None:  # fmt: skip
    """Adam with `rectified` (0 or 1) for whether there is a denominator; its size is in from_m and from_g."""
    for i in range(p.size):
        m_i = a1 * g[i] + b1 * m[i]
        v_i = a2 * (g[i] * g[i]) + b2 * v[i]
        m[i] = m_i
        v[i] = v_i
        direction = from_m * m_i + from_g * g[i]
        p[i] -= rate * (direction / (np.sqrt(v_i / c2 + eps_root) + eps) if rectified > 0.0 else direction)


def adamax(p: Any, g: Any, m: Any, v: Any, rate: Any, b1: Any, a1: Any, b2: Any, c1: Any, eps: Any) -> None:
    """``v = max(|g| + eps, b2 v); p -= rate (m / c1) / v``; nan stays."""
    for i in range(p.size):
        m_i = a1 * g[i] + b1 * m[i]
        size, v_i = abs(g[i]) + eps, b2 * v[i]
        v_i = v_i if v_i >= size or v_i != v_i else size
        m[i] = m_i
        v[i] = v_i
        p[i] -= rate * (m_i / c1 / v_i)


def lion(p: Any, g: Any, m: Any, rate: Any, b1: Any, a1: Any, b2: Any, a2: Any, decay: Any) -> None:
    """``p -= rate (sign(a1 g + b1 m) + decay p); m = a2 g + b2 m``"""
    for i in range(p.size):
        direction = np.sign(a1 * g[i] + b1 * m[i])
        m[i] = a2 * g[i] + b2 * m[i]
        p[i] -= rate * (direction + decay * p[i])


def rmsprop(p: Any, g: Any, v: Any, rate: Any, b: Any, a: Any, c: Any, eps_inside: Any, eps: Any) -> None:
    """``v = a g g + b v; p -= rate g / (sqrt(v / c + eps_inside) + eps)``"""
    for i in range(p.size):
        v_i = a * (g[i] * g[i]) + b * v[i]
        v[i] = v_i
        p[i] -= rate * (g[i] / (np.sqrt(v_i / c + eps_inside) + eps))


def rmsprop_momentum(
    p: Any, g: Any, v: Any, t: Any, rate: Any, b: Any, a: Any, c: Any, eps_inside: Any, eps: Any, decay: Any, ahead: Any
) -> None:  # fmt: skip
    """``u = -rate g / root(v); t = u + decay t; p += t``, or ``p += u + decay t`` for `ahead` 1 (Nesterov)."""
    for i in range(p.size):
        v_i = a * (g[i] * g[i]) + b * v[i]
        v[i] = v_i
        step = -rate * (g[i] / (np.sqrt(v_i / c + eps_inside) + eps))
        t_i = step + decay * t[i]
        t[i] = t_i
        p[i] += step + decay * t_i if ahead > 0.0 else t_i


def rmsprop_centered(
    p: Any, g: Any, m: Any, v: Any, rate: Any, b: Any, a: Any, c: Any, eps_inside: Any, eps: Any
) -> None:  # fmt: skip
    """`rmsprop` over the deviation ``v / c - (m / c)**2``."""
    for i in range(p.size):
        m_i = a * g[i] + b * m[i]
        v_i = a * (g[i] * g[i]) + b * v[i]
        m[i] = m_i
        v[i] = v_i
        variance = v_i / c - (m_i / c) * (m_i / c)
        p[i] -= rate * (g[i] / (np.sqrt(variance + eps_inside) + eps))


def rmsprop_centered_momentum(
    p: Any, g: Any, m: Any, v: Any, t: Any, rate: Any, b: Any, a: Any, c: Any,
    eps_inside: Any, eps: Any, decay: Any, ahead: Any,
) -> None:  # fmt: skip
    """`rmsprop_momentum` over the deviation of `rmsprop_centered`."""
    for i in range(p.size):
        m_i = a * g[i] + b * m[i]
        v_i = a * (g[i] * g[i]) + b * v[i]
        m[i] = m_i
        v[i] = v_i
        variance = v_i / c - (m_i / c) * (m_i / c)
        step = -rate * (g[i] / (np.sqrt(variance + eps_inside) + eps))
        t_i = step + decay * t[i]
        t[i] = t_i
        p[i] += step + decay * t_i if ahead > 0.0 else t_i


def lamb(
    p: Any, g: Any, m: Any, v: Any, rate: Any, b1: Any, a1: Any, b2: Any, a2: Any,
    from_m: Any, c2: Any, eps: Any, eps_root: Any, decay: Any,
) -> None:  # fmt: skip
    """Adam's direction u with decay, then ``p -= rate |p| / |u| u``; the factor is 1 where a norm is zero.

    The first loop writes the moments and sums up the norms (in float64), the second makes u again rather than store it.
    """
    p_squares, u_squares = 0.0, 0.0
    for i in range(p.size):
        m_i = a1 * g[i] + b1 * m[i]
        v_i = a2 * (g[i] * g[i]) + b2 * v[i]
        m[i] = m_i
        v[i] = v_i
        p_i = np.float64(p[i])
        u_i = np.float64(from_m * m_i / (np.sqrt(v_i / c2 + eps_root) + eps) + decay * p[i])
        p_squares += p_i * p_i
        u_squares += u_i * u_i
    ratio = 1.0
    if p_squares != 0.0 and u_squares != 0.0:
        ratio = np.sqrt(p_squares) / np.sqrt(u_squares)
    for i in range(p.size):
        p[i] -= rate * (ratio * (from_m * m[i] / (np.sqrt(v[i] / c2 + eps_root) + eps) + decay * p[i]))


def adagrad(p: Any, g: Any, s: Any, rate: Any, eps: Any) -> None:
    """``s += g g; p -= rate g / sqrt(s + eps)``, nothing where s is zero."""
    for i in range(p.size):
        s_i = g[i] * g[i] + s[i]
        s[i] = s_i
        p[i] -= rate * (g[i] / np.sqrt(s_i + eps) if s_i > 0.0 else 0.0 * g[i])


def adadelta(p: Any, g: Any, e_g: Any, e_x: Any, rate: Any, b: Any, a: Any, eps: Any, decay: Any) -> None:
    """The ratio of running sizes of steps and gradients as the step size."""
    for i in range(p.size):
        g_i = g[i] + decay * p[i]
        e = a * (g_i * g_i) + b * e_g[i]
        x = np.sqrt(e_x[i] + eps) / np.sqrt(e + eps) * g_i
        e_g[i] = e
        e_x[i] = a * (x * x) + b * e_x[i]
        p[i] -= rate * x


def run(kernel: Callable[..., None], numbers: tuple[float, ...], rows: list[tuple[Any, ...]]) -> None:
    """Run `kernel` on rows of (parameter, gradient, moments); `numbers` are cast to the parameter's dtype.

    Small parameters go in groups of `TOGETHER`: a call costs more than what it does to them.
    """
    numbers = tuple(map(float, numbers))
    small: dict[np.dtype[Any], list[list[np.ndarray]]] = {}
    for p, g, *moments in rows:
        arrays = [p, g if g.dtype == p.dtype and g.flags.writeable else g.astype(p.dtype), *moments]
        if p.size < 2 * PIECE and all([x.flags.c_contiguous for x in arrays]):
            small.setdefault(p.dtype, []).append([x if x.ndim == 1 else x.reshape(-1) for x in arrays])
        else:
            _on_large(compiled(kernel, p.dtype, len(arrays), 1), arrays, numbers, cut=kernel is not lamb)
    for dtype, flat in small.items():
        run_small(
            compiled(kernel, dtype, len(flat[0]), TOGETHER), [in_groups(column) for column in zip(*flat)], numbers
        )


def run_small(step: Callable[..., None], columns: list[Groups], numbers: tuple[float, ...]) -> None:
    """The compiled `step` on columns of parameters, gradients and moments, `TOGETHER` rows of them in a call."""
    for groups in zip(*columns):
        step(*groups, numbers)


def in_groups(column: Sequence[np.ndarray]) -> Groups:
    """Tuples of `TOGETHER` arrays; the last is filled up with empty ones."""
    filled = (*column, *[column[0][:0]] * (-len(column) % TOGETHER))
    return [filled[start : start + TOGETHER] for start in range(0, len(filled), TOGETHER)]


def fits(rows: list[tuple[Any, ...]]) -> bool:
    """Whether the kernels can take these: writable NumPy arrays of float32 or float64, gradients of the same shape."""
    for p, g, *_ in rows:
        if not (isinstance(p, np.ndarray) and p.dtype.char in "fd" and p.flags.writeable and np.shape(g) == p.shape):
            return False
    return available()


def _on_large(kernel: Callable[..., None], arrays: list[np.ndarray], numbers: tuple[float, ...], cut: bool) -> None:
    """`arrays` are parameter, gradient, moments; what is not contiguous is worked on in a copy and copied back.

    cut: whether the kernel may work on pieces.
    """
    worked = [x if x.flags.c_contiguous else np.ascontiguousarray(x) for x in arrays]
    _threaded(kernel, [x.reshape(-1) for x in worked], numbers, _threads() if cut else 1)
    for position, (x, copy) in enumerate(zip(arrays, worked)):
        if copy is not x and position != 1:
            x[...] = copy


@functools.cache
def available() -> bool:
    """Whether Numba can be imported."""
    try:
        import numba  # noqa: F401
    except ImportError:
        return False
    return True


@functools.cache
def on_one(kernel: Callable[..., None], dtype: np.dtype[Any], columns: int) -> Callable[..., None]:
    """The kernel on one parameter, for compiled code."""
    import numba

    scalar = numba.from_dtype(dtype)
    count = kernel.__code__.co_argcount - columns
    return numba.njit(numba.void(*[scalar[::1]] * columns, *[scalar] * count), **_FLAGS)(kernel)


@functools.cache
def compiled(kernel: Callable[..., None], dtype: np.dtype[Any], columns: int, rows: int) -> Callable[..., None]:
    """The kernel on so many rows: a tuple of parameters, a tuple of gradients, and so on, then the numbers."""
    import numba

    scalar = numba.from_dtype(dtype)
    count = kernel.__code__.co_argcount - columns
    one = on_one(kernel, dtype, columns)

    def two(ps: Any, gs: Any, numbers: Any) -> None:
        for i in range(rows):
            one(ps[i], gs[i], *numbers)

    def three(ps: Any, gs: Any, ts: Any, numbers: Any) -> None:
        for i in range(rows):
            one(ps[i], gs[i], ts[i], *numbers)

    def four(ps: Any, gs: Any, ms: Any, vs: Any, numbers: Any) -> None:
        for i in range(rows):
            one(ps[i], gs[i], ms[i], vs[i], *numbers)

    def five(ps: Any, gs: Any, ms: Any, vs: Any, ws: Any, numbers: Any) -> None:
        for i in range(rows):
            one(ps[i], gs[i], ms[i], vs[i], ws[i], *numbers)

    column = numba.types.UniTuple(scalar[::1], rows)
    # float64 numbers from Python, which are quick to hand over; the call of the kernel casts them
    signature = numba.void(*[column] * columns, numba.types.UniTuple(numba.float64, count))
    wrappers: dict[int, Any] = {2: two, 3: three, 4: four, 5: five}
    return numba.njit(signature, **_FLAGS)(wrappers[columns])


_FLAGS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "boundscheck": False}


def _threaded(kernel: Callable[..., None], arrays: list[np.ndarray], numbers: tuple[float, ...], threads: int) -> None:
    pieces = min(threads, arrays[0].size // PIECE)
    if pieces < 2:
        kernel(*[(a,) for a in arrays], numbers)
        return
    cuts = np.linspace(0, arrays[0].size, pieces + 1).astype(np.int64).tolist()
    parts = [[(a[start:stop],) for a in arrays] for start, stop in zip(cuts[:-1], cuts[1:])]
    others = [_pool().submit(kernel, *part, numbers) for part in parts[1:]]
    kernel(*parts[0], numbers)
    for other in others:
        other.result()


@functools.cache
def _pool() -> ThreadPoolExecutor:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork
    return ThreadPoolExecutor(_threads() - 1, thread_name_prefix="srcad-optimizer")


@functools.cache
def _threads() -> int:
    from numba.core import config

    return int(config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]
