"""`check_grads`: derivatives against finite differences of the function itself, element by element."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcad import leaves
from srcad.binding import Binder, binder, sequence
from srcad.boundary import like
from srcad.generate import Settings, spell
from srcad.kernel import Kernel
from srcad.specialise import specialiser

_MODES = {"fwd": "forward", "rev": "reverse"}
_MOST_ELEMENTS = 100  # of one array; of larger ones that many are drawn
_STENCIL = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))  # central differences of fourth order


@dataclass(frozen=True, eq=False)
class _Subject:
    """A function at one point: phi(x) = <cotangents, value>, and where it is moved."""

    bound: Binder
    values: tuple[Any, ...]
    wrt: tuple[leaves.Path, ...]
    backend: str
    random: np.random.Generator

    def at(self, path: leaves.Path) -> Any:
        return leaves.follow(self.values[self.bound.parameters.index(path[0])], path[1:])

    def moved(self, path: leaves.Path, index: tuple[int, ...], step: complex) -> tuple[Any, ...]:
        """The arguments with one element of one leaf changed."""

        def change(place: leaves.Path, leaf: Any) -> Any:
            if place != path:
                return leaves.copied(leaf)
            new = np.array(leaf)
            new[index] += step
            return like(new, leaf)

        pairs = zip(self.bound.parameters, self.values)
        return tuple(leaves.rebuild(value, change, (name,)) for name, value in pairs)

    def run(self, modes: tuple[str, ...], values: tuple[Any, ...], *extra: Any) -> tuple[Kernel, tuple[Any, ...]]:
        settings = Settings(self.wrt if modes else (), modes, self.backend)
        ready = specialiser(self.bound, settings).prepare(values).again()
        return ready.kernel, ready.run(*extra)


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    order: int = 1,
    modes: Sequence[str] = ("fwd", "rev"),
    *,
    argnums: Any = None,
    rtol: float | None = None,
    atol: float | None = None,
    backend: str = "auto",
) -> None:
    """Compare derivatives with central differences at one point.

    Args:
        args: the positional arguments. Of an array with more than 100 elements, 100 are drawn, always the same.
        order: up to which order; the second derivative is compared with differences of the first, and so on.
        modes: "fwd", "rev" or both.
        argnums: the arguments to move; None means every one with floating-point parts.
        rtol, atol: tolerances; by default 1e-6, and 2e-2 where float32 takes part.

    Raises:
        AssertionError: naming the argument, the index, both numbers and the generated line.
        TypeError, Unsupported: as the derivatives themselves do.
    """
    subject = _subject(f, sequence("srcad.check_grads", args=args), argnums, backend)
    default = 2e-2 if any(_is_single(subject.at(path)) for path in subject.wrt) else 1e-6
    tolerances = (default if rtol is None else rtol, default if atol is None else atol)
    for mode in modes:
        if mode not in _MODES:
            raise ValueError(f'modes={modes!r}: choose from "fwd" and "rev"')
        for k in range(1, order + 1):
            _check(subject, (_MODES[mode], *("forward",) * (k - 1)), tolerances)


def _subject(f: Callable[..., Any], args: tuple[Any, ...], argnums: Any, backend: str) -> _Subject:
    bound = binder(f)
    values = bound.bind(*args)
    wanted = range(len(args)) if argnums is None else argnums if isinstance(argnums, (tuple, list)) else (argnums,)
    roots = tuple(bound.root(a, len(args)) for a in wanted)
    subject = _Subject(bound, values, roots, backend, np.random.default_rng(0))
    if argnums is None:
        moving = [r for r in roots if any(leaves.is_floating(leaf) for _, leaf in leaves.paths(subject.at(r)))]
        subject = _Subject(bound, values, tuple(moving), backend, subject.random)
    return subject


def _is_single(value: Any) -> bool:
    parts = [leaf for _, leaf in leaves.paths(value) if leaves.is_floating(leaf)]
    return any(np.asarray(leaf).dtype.itemsize <= 4 for leaf in parts)


# ---- one order in one mode ----


def _check(subject: _Subject, modes: tuple[str, ...], tolerances: tuple[float, float]) -> None:
    level = _Level(subject, modes)
    for path in level.kernel.plan.wrt:
        leaf = subject.at(path)
        for index in _indices(leaf, subject.random):
            for unit in (1.0, 1j) if np.iscomplexobj(leaf) else (1.0,):
                found = level.derivative(path, index, unit)
                expected = _difference(level, path, index, unit)
                if not _close(found, expected, tolerances):
                    raise AssertionError(_message(level, path, index, found, expected))


class _Level:
    """The derivative of one order: `derivative` is the kernel's, `below` is what it is the derivative of."""

    def __init__(self, subject: _Subject, modes: tuple[str, ...]) -> None:
        self.subject, self.modes = subject, modes
        primal, out = subject.run((), subject.values)
        self.seeds = [_cotangent(out[k], subject.random) for k in primal.seeded]
        settings = Settings(subject.wrt, modes, subject.backend)
        self.kernel = specialiser(subject.bound, settings).prepare(subject.values).kernel
        self.directions = [_direction(subject.at(path), subject.random) for path in self.kernel.plan.wrt]
        self.adjoints: tuple[Any, ...] | None = None

    def derivative(self, path: leaves.Path, index: tuple[int, ...], unit: complex) -> float:
        if self.modes == ("reverse",):
            if self.adjoints is None:  # one run holds them all
                kernel, results = self.subject.run(self.modes, self.subject.values, *self.seeds)
                self.adjoints = results[len(kernel.outputs) :]
            adjoint = np.asarray(self.adjoints[self.kernel.plan.wrt.index(path)])
            return float(np.real(adjoint[index] * unit))
        zero = [_unit(self.subject.at(p), None, 0.0) for p in self.kernel.plan.wrt]
        zero[self.kernel.plan.wrt.index(path)] = _unit(self.subject.at(path), index, unit)
        return self._contracted(self.modes, self.subject.values, zero)

    def below(self, values: tuple[Any, ...]) -> float:
        """The quantity whose derivative is checked: the value, or the derivative of one order less."""
        if len(self.modes) == 1:
            kernel, results = self.subject.run((), values)
            return _inner(self.seeds, [results[k] for k in kernel.seeded])
        return self._contracted(self.modes[:-1], values, [])

    def _contracted(self, modes: tuple[str, ...], values: tuple[Any, ...], last: list[Any]) -> float:
        """A derivative as one number: every direction but the last is a random one, fixed for this check."""
        inner = modes.count("forward") - bool(last)
        seeds = self.seeds if modes[0] == "reverse" else []
        _, results = self.subject.run(modes, values, *seeds, *self.directions * inner, *last)
        if modes[0] == "reverse":
            return _inner(self.directions, list(results[len(results) - len(self.directions) :]))
        return _inner(self.seeds, list(results[len(results) - len(self.seeds) :]))


def _cotangent(value: Any, random: np.random.Generator) -> Any:
    return like(np.asarray(1.0), value) if np.ndim(value) == 0 else _direction(value, random)


def _direction(leaf: Any, random: np.random.Generator) -> Any:
    return like(random.uniform(0.5, 1.5, np.shape(leaf)), leaf)


def _unit(leaf: Any, index: tuple[int, ...] | None, unit: complex) -> Any:
    vector = np.zeros(np.shape(leaf), np.asarray(leaf).dtype)
    if index is not None:
        vector[index] = unit
    return like(vector, leaf)


def _inner(left: list[Any], right: list[Any]) -> float:
    return float(sum(np.real(np.sum(np.asarray(a) * np.asarray(b))) for a, b in zip(left, right, strict=True)))


def _indices(leaf: Any, random: np.random.Generator) -> Iterator[tuple[int, ...]]:
    size = int(np.size(leaf))
    chosen = np.arange(size) if size <= _MOST_ELEMENTS else random.choice(size, _MOST_ELEMENTS, replace=False)
    for position in np.sort(chosen):
        yield tuple(int(i) for i in np.unravel_index(position, np.shape(leaf)))


def _difference(level: _Level, path: leaves.Path, index: tuple[int, ...], unit: complex) -> float:
    leaf = np.asarray(level.subject.at(path))
    small = np.finfo(leaf.dtype).eps > 1e-10
    step = (2e-2 if small else 1e-4) * max(abs(leaf[index]), 1e-2)
    total = sum(w * level.below(level.subject.moved(path, index, k * step * unit)) for k, w in _STENCIL)
    return float(total / step)


def _close(found: float, expected: float, tolerances: tuple[float, float]) -> bool:
    rtol, atol = tolerances
    return bool(np.isclose(found, expected, rtol=rtol, atol=atol, equal_nan=True))


# ---- saying so ----


def _message(level: _Level, path: leaves.Path, index: tuple[int, ...], found: float, expected: float) -> str:
    where = spell(path) + (f"[{', '.join(map(str, index))}]" if index else "")
    name = level.subject.bound.name
    mode = " over ".join(reversed(level.modes))
    return (
        f"{name}: the derivative with respect to {where} is {found!r} ({mode}), finite differences give {expected!r}\n"
        f"  {_generated_line(level, path)}"
    )


def _generated_line(level: _Level, path: leaves.Path) -> str:
    """The line of the generated module that last writes the derivative in question."""
    plan = level.kernel.plan
    name = next((own for _, p, own in plan.inputs if p == path), str(path[-1]))
    written = rf"{re.escape(name)}_bar" if level.modes[0] == "reverse" else r"\w+_dot"
    lines = plan.text.splitlines()
    writes = [k for k, line in enumerate(lines) if re.match(rf"\s+{written}\b[^=]*=", line)]
    returns = [k for k, line in enumerate(lines) if line.lstrip().startswith("return")]
    at = (writes or returns or [0])[-1]
    return f"{level.kernel.path}:{at + 1}: {lines[at].strip()}"
