"""Calls of library functions as a user writes them, and what is checked of one: a loss around it, differentiated."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import srcad
from srcad.rules.registry import RuleSet

Arrays = tuple[Any, ...]
WEIGHTS = {-3: -1 / 60, -2: 9 / 60, -1: -45 / 60, 1: 45 / 60, 2: -9 / 60, 3: 1 / 60}


@dataclass(frozen=True)
class Call:
    """An expression, or statements before one on the last line.

    args: what its variables are; active: those that are differentiated.
    """

    name: str
    text: str
    args: Mapping[str, Any]
    active: tuple[str, ...]


@dataclass(frozen=True)
class Subject:
    """A loss around a call, ready to run: ``f(*args)``, differentiated by the first `count` arguments."""

    f: Callable[..., Any]
    args: Arrays
    count: int
    source: str

    @property
    def active(self) -> Arrays:
        return self.args[: self.count]

    def at(self, active: Arrays) -> Any:
        return self.f(*active, *self.args[self.count :])


def subject(call: Call) -> Subject:
    """The loss ``sum(w * r * r + w * r)`` over all floating parts `r` of the call's value."""
    *before, last = call.text.strip().splitlines()
    names = [*call.active, *(name for name in call.args if name not in call.active)]
    plain = run("\n".join([f"def f({', '.join(names)}):", *(f"    {line}" for line in before), f"    return {last}"]))
    value = plain(*(call.args[name] for name in names))
    terms, weights = [], {}
    for path, leaf in floating(value):
        w = f"w{len(weights)}"
        weights[w] = weights_like(leaf, len(weights))
        r = f"r{path}"
        term = f"{w} * {r} * {r} + {w} * {r}"
        term = f"np.real({term})" if np.iscomplexobj(leaf) else term
        terms.append(f"np.sum({term})" if np.ndim(leaf) else term)
    assert terms, f"{call.name}: nothing to differentiate in {value!r}"
    lines = [*before, f"r = {last}", f"return {' + '.join(terms)}"]
    source = "\n".join([f"def f({', '.join([*names, *weights])}):", *(f"    {line}" for line in lines), ""])
    return Subject(run(source), (*(call.args[n] for n in names), *weights.values()), len(call.active), source)


def floating(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """The floating parts of a value, each with the indices that lead to it."""
    if isinstance(value, (tuple, list)):
        return [part for k, item in enumerate(value) for part in floating(item, f"{path}[{k}]")]
    return [(path, value)] if np.asarray(value).dtype.kind in "fc" else []


def weights_like(leaf: Any, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    w = rng.uniform(0.5, 1.5, np.shape(leaf))
    if np.iscomplexobj(leaf):
        w = w + 1j * rng.uniform(0.5, 1.5, np.shape(leaf))
    return w.astype(np.asarray(leaf).dtype)[()] if np.ndim(leaf) else w.astype(np.asarray(leaf).dtype)[()].item()


_COUNT = [0]


def run(source: str) -> Callable[..., Any]:
    """The function of a source text, which srcad can find again."""
    import builtins
    import cmath
    import math
    import operator

    import scipy.fft
    import scipy.integrate
    import scipy.interpolate
    import scipy.linalg
    import scipy.ndimage
    import scipy.signal
    import scipy.spatial
    import scipy.special
    import scipy.stats
    import srcad_runtime

    _COUNT[0] += 1
    file = f"<call-{_COUNT[0]}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    space: dict[str, Any] = {
        "np": np,
        "numpy": np,
        "math": math,
        "cmath": cmath,
        "operator": operator,
        "builtins": builtins,
    }
    space |= {"scipy": scipy, "srcad_runtime": srcad_runtime, "__name__": "calls"}
    exec(compile(source, file, "exec"), space)
    return space["f"]  # type: ignore[no-any-return]


# ---- from an example stated with a rule ----


def example_call(rule: RuleSet, example: Any, name: str) -> Call:
    """The call of a function at an example of its rule: arrays as variables, all else as it is written."""
    wrt = (rule.each,) if rule.each else rule.wrt or (rule.star,)
    args: dict[str, Any] = {}
    active: list[str] = []

    def written(value: Any, floats: bool) -> str:
        if isinstance(value, (tuple, list)):
            items = [written(v, floats) for v in value]
            return (
                f"[{', '.join(items)}]" if isinstance(value, list) else f"({', '.join(items)}{',' * (len(items) == 1)})"
            )
        if isinstance(value, np.dtype):
            return f"np.{value.name}"
        if isinstance(value, (np.ndarray, np.generic)) or floats and type(value) in (float, complex):
            key = f"x{len(args)}"
            args[key] = value
            if np.asarray(value).dtype.kind in "fc" and floats:
                active.append(key)
            return key
        return "np.inf" if value == np.inf else "-np.inf" if value == -np.inf else repr(value)

    parts = []
    for k, value in enumerate(example.args):
        parameter = rule.params[k] if k < len(rule.params) else rule.star
        parts.append(written(value, parameter in wrt))
    parts += [f"{key}={written(value, key in wrt)}" for key, value in example.kwargs.items()]
    return Call(name, f"{rule.path}({', '.join(parts)})", args, tuple(active))


# ---- measuring ----


def directions(s: Subject, seed: int = 5) -> Arrays:
    rng = np.random.default_rng(seed)

    def like(x: Any) -> Any:
        v = rng.normal(size=np.shape(x))
        if np.iscomplexobj(x):
            v = v + 1j * rng.normal(size=np.shape(x))
        v = v.astype(np.asarray(x).dtype)
        return v if isinstance(x, np.ndarray) else v[()] if isinstance(x, np.generic) else v.item()

    return tuple(like(x) for x in s.active)


def along(active: Arrays, dots: Arrays, t: float) -> Arrays:
    return tuple(x + t * d for x, d in zip(active, dots, strict=True))


def slope(f: Callable[[Arrays], Any], s: Subject, dots: Arrays, h: float = 1e-3) -> Any:
    """The derivative of `f` along `dots`, by seven-point differences; of a tuple, part by part."""
    values = {k: f(along(s.active, dots, k * h)) for k in WEIGHTS}
    if isinstance(values[1], tuple):
        return tuple(sum(WEIGHTS[k] * values[k][n] for k in WEIGHTS) / h for n in range(len(values[1])))
    return sum(WEIGHTS[k] * values[k] for k in WEIGHTS) / h


def paired(bars: Arrays, dots: Arrays) -> float:
    """Re(sum(bar * dot)): what a gradient says of a direction."""
    return float(sum(np.real(np.sum(np.asarray(b) * d)) for b, d in zip(bars, dots, strict=True)))


# ---- what srcad says ----


def gradient(s: Subject, backend: str) -> tuple[Any, Arrays]:
    return srcad.value_and_grad(s.f, argnums=tuple(range(s.count)), backend=backend)(*s.args)


def gradient_at(s: Subject, active: Arrays) -> Arrays:
    f = srcad.grad(s.f, argnums=tuple(range(s.count)), backend="numpy")
    return f(*active, *s.args[s.count :])  # type: ignore[no-any-return]


def tangent(s: Subject, dots: Arrays, backend: str) -> Any:
    return srcad.jvp(s.f, s.args, (*dots, *(None for _ in s.args[s.count :])), backend=backend)[1]


def curved(s: Subject, dots: Arrays, backend: str) -> Arrays:
    full = (*dots, *(None for _ in s.args[s.count :]))
    return srcad.hvp(s.f, s.args, full, argnums=tuple(range(s.count)), backend=backend)


def same_form(s: Subject, bars: Arrays) -> None:
    for x, g in zip(s.active, bars, strict=True):
        assert np.shape(g) == np.shape(x), f"gradient has shape {np.shape(g)}, not {np.shape(x)}"
        assert np.asarray(g).dtype == np.asarray(x).dtype, (
            f"gradient is {np.asarray(g).dtype}, not {np.asarray(x).dtype}"
        )
    arrays = [g for g in bars if isinstance(g, np.ndarray)]
    others = [x for x in s.args if isinstance(x, np.ndarray)]
    for k, g in enumerate(arrays):
        assert not any(np.shares_memory(g, o) for o in others + arrays[:k]), "a gradient shares memory"
