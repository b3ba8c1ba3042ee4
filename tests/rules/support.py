"""Calling rules as plain functions and measuring derivatives without them."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from srcad_runtime.arrays import unbroadcast

from srcad.rules.registry import Example, RuleSet


class Draw:
    """A seeded source of test arrays: ``r(2, 3)`` is normal, ``r()`` a NumPy scalar."""

    def __init__(self, seed: int = 7) -> None:
        self.rng = np.random.default_rng(seed)

    def __call__(self, *shape: int) -> Any:
        return self.rng.normal(size=shape)[()]

    def between(self, low: float, high: float, *shape: int) -> Any:
        return self.rng.uniform(low, high, size=shape)[()]

    def positive(self, *shape: int) -> Any:
        return self.between(0.5, 2.0, *shape)

    def distinct(self, *shape: int) -> Any:
        """Values that differ by 0.1 at least, in random order: no ties, no kinks nearby."""
        count = int(np.prod(shape))
        return (self.rng.permutation(count).reshape(shape) * 0.3 - 0.1 * count + 0.05)[()]

    def complex(self, *shape: int) -> Any:
        return self(*shape) + 1j * self(*shape)

    def mask(self, *shape: int) -> Any:
        return self.rng.uniform(size=shape) < 0.5

    def spd(self, n: int, *batch: int) -> Any:
        a = self(*batch, n, n)
        return a @ np.swapaxes(a, -1, -2) + n * np.eye(n)

    def regular(self, n: int, *batch: int) -> Any:
        return self(*batch, n, n) + 2.0 * n * np.eye(n)

    def separated(self, n: int, m: int, *batch: int) -> Any:
        """Matrices whose singular values differ clearly."""
        return 0.3 * self(*batch, n, m) + np.eye(n, m) * (2.0 * np.arange(m) + 1.0)

    def symmetric(self, n: int, *batch: int) -> Any:
        a = self(*batch, n, n)
        return a + np.swapaxes(a, -1, -2) + np.diag(np.arange(n) * 3.0)


def resolve(path: str) -> Any:
    """The live object at a dotted path."""
    parts = path.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            obj = importlib.import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        for part in parts[cut:]:
            obj = getattr(obj, part)
        return obj
    raise ImportError(path)


def exists(path: str) -> bool:
    """Whether this Python and these libraries have the function."""
    try:
        return resolve(path) is not None
    except (ImportError, AttributeError):
        return False


def primal_of(rule: RuleSet) -> Callable[..., Any]:
    """The function itself; a random draw with its generator seeded anew, so that it is a function."""
    if rule.path.startswith("numpy.random."):
        name = rule.path.rsplit(".", 1)[1]
        make = np.random.default_rng if ".Generator." in rule.path else np.random.RandomState
        return lambda *args: getattr(make(5), name)(*args)
    return resolve(rule.primal) if isinstance(rule.primal, str) else rule.primal


def call_rule(function: Callable[..., Any], bound: dict[str, Any], **values: Any) -> Any:
    """Call a rule with those of the arguments that it names."""
    given = {**bound, **values}
    parameters = inspect.signature(function).parameters
    star = [n for n, p in parameters.items() if p.kind is p.VAR_POSITIONAL]
    if not star:
        return function(**{n: given[n] for n in parameters})
    before = list(parameters)[: list(parameters).index(star[0])]
    named = {n: given[n] for n in parameters if n not in before and n not in star}
    return function(*(given[n] for n in before), *given[star[0]], **named)


def is_floating(value: Any) -> bool:
    return np.asarray(value).dtype.kind in "fc" if not isinstance(value, (str, type(None))) else False


def active(rule: RuleSet, bound: dict[str, Any]) -> tuple[str, ...]:
    """The differentiable parameters that hold floating numbers in this call."""
    if rule.each:
        return rule.wrt
    return tuple(name for name in rule.wrt if is_floating(bound[name]))


def tangent_like(value: Any, rng: np.random.Generator) -> Any:
    if isinstance(value, (tuple, list)):
        return tuple(tangent_like(v, rng) for v in value)
    dot = rng.normal(size=np.shape(value))
    if np.iscomplexobj(value):
        dot = dot + 1j * rng.normal(size=np.shape(value))
    return dot[()]


def shifted(value: Any, dot: Any, step: float) -> Any:
    if isinstance(value, (tuple, list)):
        return tuple(shifted(v, d, step) for v, d in zip(value, dot, strict=True))
    return value + step * dot


def leaves(value: Any) -> list[Any]:
    if isinstance(value, (tuple, list)):
        return [leaf for v in value for leaf in leaves(v)]
    return [value]


def positions(rule: RuleSet, example: Example) -> dict[str, Any]:
    """Where each parameter stands in the call: an index of args, or a keyword."""
    names: dict[str, Any] = {name: i for i, name in enumerate(rule.params[: len(example.args)])}
    if rule.star:
        names[rule.star] = slice(len(rule.params), None)
    return {**names, **{rule.renames.get(k, k): k for k in example.kwargs}}


def differences(rule: RuleSet, example: Example, dots: dict[str, Any], step: float = 1e-3) -> list[Any]:
    """The tangent of the primal's value by seven-point differences along `dots`, one per leaf of the value."""
    f, where = primal_of(rule), positions(rule, example)

    def value(t: float) -> list[np.ndarray]:
        args, kwargs = list(example.args), dict(example.kwargs)
        for name, dot in dots.items():
            place = where[name]
            target: Any = kwargs if isinstance(place, str) else args
            target[place] = shifted(target[place], dot, t)
        return [np.asarray(leaf) for leaf in leaves(f(*args, **kwargs))]

    h = step
    columns = {t: value(t) for t in (-3 * h, -2 * h, -h, h, 2 * h, 3 * h)}
    weights = {h: 45, -h: -45, 2 * h: -9, -2 * h: 9, 3 * h: 1, -3 * h: -1}
    return [sum(w * columns[t][k] for t, w in weights.items()) / (60 * h) for k in range(len(columns[h]))]


def pairing(bars: list[Any], dots: list[Any]) -> float:
    """Re(sum(bar * dot)) over leaves; a missing adjoint is zero."""
    return float(sum(np.real(np.sum(np.asarray(b) * d)) for b, d in zip(bars, dots, strict=True) if b is not None))


def fit(g: Any, like: Any) -> Any:
    """An adjoint as reverse uses it: unbroadcast, real for a real argument, and in the argument's shape."""
    g = unbroadcast(np.asarray(g), like)
    if not np.iscomplexobj(like):
        g = np.real(g)
    return np.broadcast_to(g, np.shape(like))


def adjoints(rule: RuleSet, bound: dict[str, Any], out: Any, out_bar: Any) -> dict[str, list[Any]]:
    """The adjoint of each differentiable argument, by the pullback."""
    assert rule.pullback
    if rule.each:
        items = bound[rule.each]
        bars = [call_rule(rule.pullback, bound, out=out, out_bar=out_bar, i=i) for i in range(len(items))]
        return {rule.each: [fit(b, v) for b, v in zip(bars, items, strict=True)]}
    result = call_rule(rule.pullback, bound, out=out, out_bar=out_bar)
    bars = result if isinstance(result, tuple) else (result,)
    assert len(bars) == len(rule.wrt), f"{rule.path}: {len(bars)} adjoints for {rule.wrt}"
    return {n: [fit(b, bound[n])] for n, b in zip(rule.wrt, bars, strict=True) if n in active(rule, bound)}


def tangent(rule: RuleSet, example: Example, bound: dict[str, Any], out: Any, dots: dict[str, Any]) -> list[Any]:
    """The tangent of the value, by the pushforward or by linearity."""
    if rule.pushforward:
        given = {f"{n}_dot": dots.get(n, 0.0) for n in rule.wrt}
        return leaves(call_rule(rule.pushforward, bound, out=out, **given))
    if rule.multilinear_in:
        return multilinear_tangent(rule, example, dots)
    return with_replaced(rule, example, {n: dots[n] if n in dots else zeros(bound[n]) for n in rule.linear_in})


def zeros(value: Any) -> Any:
    return tuple(map(zeros, value)) if isinstance(value, (tuple, list)) else np.zeros_like(value)


def with_replaced(rule: RuleSet, example: Example, new: dict[str, Any]) -> list[Any]:
    """The primal's value with some arguments replaced."""
    args, kwargs = list(example.args), dict(example.kwargs)
    for name, place in positions(rule, example).items():
        if name in new:
            target: Any = kwargs if isinstance(place, str) else args
            target[place] = new[name]
    return leaves(primal_of(rule)(*args, **kwargs))


def multilinear_tangent(rule: RuleSet, example: Example, dots: dict[str, Any]) -> list[Any]:
    """The sum over active arguments, or items, of the primal with that one replaced by its tangent."""
    if not rule.each:
        terms = [with_replaced(rule, example, {n: dot}) for n, dot in dots.items()]
    else:
        items = rule.bind(example.args, example.kwargs)[rule.each]
        rows = [tuple(d if k == i else v for k, v in enumerate(items)) for i, d in enumerate(dots[rule.each])]
        terms = [with_replaced(rule, example, {rule.each: row}) for row in rows]
    return [sum(parts) for parts in zip(*terms, strict=True)]
