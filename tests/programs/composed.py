"""Programs of the corpus inside other programs: second derivatives, descent along a gradient, batches.

``python -m tests.programs.composed [PATTERN ...]`` prints what is not as differences of the first derivatives say.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import srcad
from tests.programs import checks
from tests.programs.registry import Program, programs

ACCURACY = 1e-5  # of second derivatives, relative to the largest entry


class Skipped(Exception):
    """The program has no scalar value, or differences say nothing at this point."""


def of_gradients(fn: Callable[..., Any], n: int, t: Any) -> Callable[..., Any]:
    """The derivative along t, by the gradient."""

    def along(*a: Any) -> Any:
        g = srcad.grad(fn, argnums=n)(*a)
        return np.sum(g * t)

    return along


def of_tangents(fn: Callable[..., Any], n: int, t: Any) -> Callable[..., Any]:
    """The derivative along t, in forward mode. The argument to differentiate comes first."""

    def along(x: Any, *a: Any) -> Any:
        def at(y: Any) -> Any:
            return fn(*a[:n], y, *a[n:])

        return srcad.jvp(at, (x,), (t,))[1]

    return along


def descent(fn: Callable[..., Any], n: int) -> Callable[..., Any]:
    """The value after two steps along the gradient. The argument to differentiate comes first."""

    def after(x: Any, *a: Any) -> Any:
        for _ in range(2):
            x = x - 1e-3 * srcad.grad(fn, argnums=n)(*a[:n], x, *a[n:])
        return fn(*a[:n], x, *a[n:])

    return after


def answers(program: Program, backend: str = "numpy") -> dict[str, str]:
    """Question to "right", "refused" or what is wrong; nothing where the program says nothing."""
    try:
        case = Case(program, backend)
        return {name: _judged(expected, got) for name, expected, got in case.questions()}
    except (Skipped, srcad.Unsupported):
        return {}


def _judged(expected: Any, got: Callable[[], Any]) -> str:
    try:
        error = distance(got(), expected)
    except srcad.Unsupported:
        return "refused"
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"
    return "right" if error <= ACCURACY else f"wrong by {error:.1e}"


def wrong(program: Program, backend: str = "numpy") -> dict[str, str]:
    """Only what is neither right nor refused."""
    return {name: said for name, said in answers(program, backend).items() if said not in ("right", "refused")}


class Case:
    """One program, one of its arguments, a direction."""

    def __init__(self, program: Program, backend: str) -> None:
        self.program, self.backend, self.n = program, backend, program.argnums[0]
        x, value = program.args()[self.n], None
        usual = not (program.fills or program.raises or program.outputs) and not checks.is_single(program.args())
        if usual and isinstance(x, (float, np.ndarray)) and np.asarray(x).dtype == np.float64:
            value = program.run(*program.args())
        if not isinstance(value, float) or ".draw" in f".{program.name}":  # a generator goes on from call to call
            raise Skipped
        self.t = np.random.default_rng(3).standard_normal(np.shape(x)) if isinstance(x, np.ndarray) else 0.7
        self.grad = srcad.grad(program.fn, argnums=self.n, backend=backend)

    def args(self, h: float = 0.0) -> tuple[Any, ...]:
        """Fresh arguments, moved along t."""
        a = self.program.args()
        return (*a[: self.n], a[self.n] + h * self.t, *a[self.n + 1 :]) if h else a

    def first(self) -> tuple[Any, ...]:
        """Fresh arguments, the one to differentiate in front."""
        a = self.args()
        return (a[self.n], *a[: self.n], *a[self.n + 1 :])

    def questions(self) -> list[tuple[str, Any, Callable[[], Any]]]:
        """(name, answer by differences, what srcad says)."""
        fn, n, t, on = self.program.fn, self.n, self.t, {"backend": self.backend}
        second = differences(lambda h: np.asarray(self.grad(*self.args(h))), 1e-3)
        tangents = tuple(t if k == n else None for k in range(len(self.args())))
        asked: list[tuple[str, Any, Callable[[], Any]]] = [
            ("hvp", second, lambda: srcad.hvp(fn, self.args(), tangents, argnums=n, **on)),
            ("grad of grad", second, lambda: srcad.grad(of_gradients(fn, n, t), argnums=n, **on)(*self.args())),
            ("grad of jvp", second, lambda: srcad.grad(of_tangents(fn, n, t), **on)(*self.first())),
        ]
        slope = differences(self.descended, 1e-4, smooth=False)
        if np.isfinite(slope):
            asked.append(("descent", slope, lambda: np.sum(srcad.grad(descent(fn, n), **on)(*self.first()) * t)))
        return [*asked, *self.batches()]

    def descended(self, h: float) -> Any:
        a = self.args(h)
        for _ in range(2):
            moved = a[self.n] - 1e-3 * self.grad(*a)
            a = self.args()
            a = (*a[: self.n], moved, *a[self.n + 1 :])
        return np.asarray(self.program.run(*a))

    def batches(self) -> list[tuple[str, Any, Callable[[], Any]]]:
        """`vmap` of the function and of its gradient over two points."""
        if not isinstance(self.args()[self.n], np.ndarray):
            return []
        points = np.stack([self.args()[self.n], self.args(1e-3)[self.n]])
        axes = tuple(0 if k == self.n else None for k in range(len(self.args())))

        def batched(f: Callable[..., Any]) -> tuple[Any, Callable[[], Any]]:
            each = np.stack([np.asarray(f(*self.args())), np.asarray(f(*self.args(1e-3)))])
            given = [points if k == self.n else a for k, a in enumerate(self.args())]
            return each, lambda: srcad.vmap(f, in_axes=axes, backend=self.backend)(*given)

        return [("vmap", *batched(self.program.fn)), ("vmap of grad", *batched(self.grad))]


def differences(f: Callable[[float], Any], h: float, smooth: bool = True) -> Any:
    """The five-point difference at zero; nan, or Skipped if smooth, where half the step gives something else."""

    def five(h: float) -> Any:
        return (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h)

    wide, near = five(h), five(0.5 * h)
    if not distance(wide, near) <= 1e-6:
        if smooth:
            raise Skipped
        return np.nan
    return near


def distance(got: Any, expected: Any) -> float:
    """The largest error, relative to the largest entry (absolute below one)."""
    if np.shape(got) != np.shape(expected):
        return np.inf
    largest = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    return float(np.max(np.abs(np.asarray(got) - expected), initial=0.0)) / largest


def main(patterns: list[str]) -> int:
    warnings.simplefilter("ignore")
    failed = 0
    for program in programs(*patterns):
        found = wrong(program)
        failed += bool(found)
        if found:
            print(program.name, found, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
