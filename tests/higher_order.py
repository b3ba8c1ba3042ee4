"""Derivatives of second and third order of the corpus programs, and what they are compared with."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import srcad
from srcad import leaves
from srcad.binding import binder
from srcad.generate import Settings
from srcad.specialise import specialiser
from tests.programs.reference import _double as in_double
from tests.programs.reference import _seed as seed_of
from tests.programs.registry import Program
from tests.programs.tree import is_floating, map_leaves

STENCIL = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))
Arrays = list[np.ndarray]


class Subject:
    """A program at its test point, with fixed cotangents and three fixed directions for the arguments asked for."""

    def __init__(self, program: Program, backend: str = "numpy") -> None:
        self.program, self.backend = program, backend
        self.binder = binder(program.fn)
        self.args = in_double(program.args())
        self.values = self.binder.bind(*copy.deepcopy(self.args))
        self.roots = tuple(self.binder.root(n, len(self.args)) for n in program.argnums)
        self.random = np.random.default_rng(3)
        out = self.run((), self.values)
        self.seeds = [self.like(out[k]) if np.ndim(out[k]) else 1.0 for k in self.kernel(()).seeded]
        self.wrt = self.kernel(("reverse",)).plan.wrt
        self.directions = [[self.like(self.at(path)) for path in self.wrt] for _ in range(3)]

    def at(self, path: leaves.Path) -> Any:
        return leaves.follow(self.values[self.binder.parameters.index(path[0])], path[1:])

    def like(self, leaf: Any) -> Any:
        """A random number or array of a leaf's form."""
        value = self.random.normal(size=np.shape(leaf))
        if np.iscomplexobj(leaf):
            value = value + 1j * self.random.normal(size=np.shape(leaf))
        return value if np.ndim(leaf) else value.item() if hasattr(value, "item") else value

    def ready(self, modes: tuple[str, ...], values: Sequence[Any]) -> Any:
        settings = Settings(self.roots if modes else (), modes, self.backend, self.program.outputs)
        return specialiser(self.binder, settings).prepare(copy.deepcopy(tuple(values))).again()

    def kernel(self, modes: tuple[str, ...]) -> Any:
        return self.ready(modes, self.values).kernel

    def run(self, modes: tuple[str, ...], values: Sequence[Any], *extra: Any) -> tuple[Any, ...]:
        return self.ready(modes, values).run(*copy.deepcopy(extra))  # type: ignore[no-any-return]

    def adjoints(self, modes: tuple[str, ...], values: Sequence[Any], *tangents: Any) -> Arrays:
        """The last results of a kernel that begins with reverse mode: (tangents of) the adjoints asked for."""
        results = self.run(modes, values, *self.seeds, *tangents)
        return [np.asarray(x) for x in results[len(results) - len(self.wrt) :]]

    def moved(self, direction: Sequence[Any], step: float) -> tuple[Any, ...]:
        """The arguments, moved along a direction."""
        along = dict(zip(self.wrt, direction, strict=True))

        def change(path: leaves.Path, leaf: Any) -> Any:
            return leaf + step * along[path] if path in along else copy.deepcopy(leaf)

        pairs = zip(self.binder.parameters, self.values, strict=True)
        return tuple(leaves.rebuild(value, change, (name,)) for name, value in pairs)

    def differences(self, f: Callable[[tuple[Any, ...]], Arrays], direction: Sequence[Any], step: float) -> Arrays:
        """The derivative of f along a direction, by five points."""
        points = [f(self.moved(direction, k * step)) for k, _ in STENCIL]
        return [sum(w * x for x, (_, w) in zip(xs, STENCIL, strict=True)) / step for xs in zip(*points, strict=True)]


def inner(left: Sequence[Any], right: Sequence[Any]) -> float:
    return float(sum(np.real(np.sum(np.asarray(a) * np.asarray(b))) for a, b in zip(left, right, strict=True)))


def size(arrays: Sequence[np.ndarray]) -> float:
    return max([1.0, *(float(np.max(np.abs(a), initial=0.0)) for a in arrays)])


def distance(got: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> float:
    """The largest error of any entry, relative to the largest entry of its array (absolute below one)."""
    errors = [np.max(np.abs(g - e), initial=0.0) / size([e]) for g, e in zip(got, expected, strict=True)]
    return float(max(errors, default=0.0)) if np.all(np.isfinite(errors)) else np.inf


# ---- what is compared ----


def hessian_error(s: Subject) -> float:
    """Forward over reverse against differences of the gradient."""
    d = s.directions[0]
    found = s.adjoints(("reverse", "forward"), s.values, *d)
    gradient = functools.partial(s.adjoints, ("reverse",))
    return min(distance(found, s.differences(gradient, d, step)) for step in (1e-3, 1e-4))


def asymmetry(s: Subject) -> float:
    """<u, H v> against <v, H u>."""
    u, v, _ = s.directions
    hu, hv = (s.adjoints(("reverse", "forward"), s.values, *d) for d in (u, v))
    return abs(inner(u, hv) - inner(v, hu)) / size(hu)


def forward_forward_error(s: Subject) -> float:
    """Forward over forward against forward over reverse, along two directions."""
    u, v, _ = s.directions
    results = s.run(("forward", "forward"), s.values, *u, *v)
    found = inner(s.seeds, results[len(results) - len(s.seeds) :])
    hv = s.adjoints(("reverse", "forward"), s.values, *v)
    return abs(found - inner(u, hv)) / size(hv)


def third_error(s: Subject) -> float:
    """Forward over forward over reverse against differences of Hessian-vector products."""
    u, v, _ = s.directions
    found = s.adjoints(("reverse", "forward", "forward"), s.values, *u, *v)
    products = functools.partial(_products, s, u)
    return min(distance(found, s.differences(products, v, step)) for step in (1e-3, 1e-4))


def _products(s: Subject, direction: Sequence[Any], values: tuple[Any, ...]) -> Arrays:
    return s.adjoints(("reverse", "forward"), values, *direction)


def reverse_reverse_error(s: Subject) -> float:
    """The gradient of ``<gradient of f, U>``, written as a model, against forward over reverse."""
    numbers, seed = s.program.argnums, seed_of(s.program.run(*s.args))
    directions = [map_leaves(lambda leaf: s.like(leaf) if is_floating(leaf) else None, s.args[n]) for n in numbers]
    model = slope(s.program.fn, numbers, seed, directions)
    specialiser.__globals__["_tables"].clear()
    found = srcad.grad(model, argnums=numbers, backend=s.backend)(*copy.deepcopy(s.args))
    s.seeds = [1.0] if isinstance(seed, float) else [x for _, x in leaves.paths(seed) if x is not None]
    along = _by_path(s, directions)
    expected = s.adjoints(("reverse", "forward"), s.values, *[along[path] for path in s.wrt])
    got = _by_path(s, found)
    return distance([np.asarray(got[path]) for path in s.wrt], expected)


def _by_path(s: Subject, trees: Sequence[Any]) -> dict[leaves.Path, Any]:
    return {path: leaf for root, tree in zip(s.roots, trees, strict=True) for path, leaf in leaves.paths(tree, root)}


def slope(f: Callable[..., Any], numbers: tuple[int, ...], seed: Any, directions: Any) -> Callable[..., Any]:
    """The derivative of f, weighted with `seed`, along directions: a model with a derivative in it."""
    if isinstance(seed, float):

        def along(*args):
            return dot(srcad.grad(f, argnums=numbers)(*args), directions)

    else:

        def along(*args):
            _, pull = srcad.vjp(f, *args, argnums=numbers)
            return dot(pull(seed), directions)

    return along


def dot(a, b):
    """The sum of products of all numbers of two containers."""
    if isinstance(a, dict):
        return sum([dot(a[k], b[k]) for k in a])
    if isinstance(a, (tuple, list)):
        return sum([dot(p, q) for p, q in zip(a, b)])
    if a is None:
        return 0.0
    return np.sum(a * b)
