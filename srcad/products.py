"""`jvp` and `hvp`: products of a Jacobian or Hessian with vectors of the users' own; what they share with `vjp`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from srcad import boundary, fastpath, leaves
from srcad.abstract import Abstract, Seq, Static, Struct, numbers, unflatten, without_static
from srcad.binding import Binder, binder
from srcad.generate import Settings, asked, spell
from srcad.gradients import scalar_seed, structured
from srcad.kernel import Kernel
from srcad.specialise import MISS, Ready, holders, specialiser

Kwargs = dict[str, Any]
Roots = tuple[leaves.Path, ...]
_MOST_SHORTCUTS = 8


def jvp(
    f: Callable[..., Any],
    primals: tuple[Any, ...],
    tangents: tuple[Any, ...],
    has_aux: bool,
    kwargs: Kwargs,
    outputs: Sequence[str] | None,
    backend: str,
    parallel: bool = False,
) -> tuple[Any, ...]:
    bound = binder(f)
    shape = form("jvp", primals, kwargs, [t is None for t in tangents], has_aux, outputs, backend, parallel)
    found = _shortly(bound, shape, (*primals, *kwargs.values()), tangents)
    if found is not MISS:
        return found  # type: ignore[no-any-return]
    if len(primals) != len(tangents):
        raise ValueError(f"srcad.jvp: {len(primals)} primals and {len(tangents)} tangents; None is a zero tangent")
    values = bound.bind(*primals, **kwargs)
    roots = [bound.root(k, len(primals)) for k in range(len(primals))]
    moving = {root: t for root, t in zip(roots, tangents) if _moves(t)}
    modes = ("forward",) if moving else ()
    ready = specialiser(
        bound, Settings(tuple(moving), modes, backend, names_of(outputs), has_aux, asked(parallel))
    ).prepare(values)
    results = ready.run(*directions(ready, moving))
    if all(map(_moves_or_none, tangents)) and is_common(bound, shape, ready.kernel):
        given = {root: (k, t) for k, (root, t) in enumerate(zip(roots, tangents)) if root in moving}
        call = fastpath.Call(ready, (*primals, *kwargs.values()), tuple(kwargs), results)
        keep(bound, shape, fastpath.jvp(call, given, lambda *_: MISS))
    out, aux = ready.kernel.split_value(results)
    out_dot = tangent_of(ready.kernel, results)
    return (out, out_dot, aux) if has_aux else (out, out_dot)


def hvp(
    f: Callable[..., Any],
    primals: tuple[Any, ...],
    tangents: Any,
    argnums: Any,
    kwargs: Kwargs,
    backend: str,
    parallel: bool = False,
) -> Any:
    bound = binder(f)
    several = isinstance(tangents, (tuple, list))
    shape = form("hvp", primals, kwargs, argnums, [t is None for t in tangents] if several else (), backend, parallel)
    found = _shortly(bound, shape, (*primals, *kwargs.values()), tangents) if several else MISS
    if found is not MISS:
        return found
    values = bound.bind(*primals, **kwargs)
    roots, active = places(bound, primals, argnums)
    moving, positions = _matched(bound, primals, tangents, roots)
    for root in moving:
        if root not in active:
            raise TypeError(f"srcad.hvp: a tangent is given for {spell(root)}, which is not differentiated")
    ready = specialiser(bound, Settings(active, ("reverse", "forward"), backend, options=asked(parallel))).prepare(
        values
    )
    results = ready.run(*scalar_seed(ready, "srcad.hvp"), *directions(ready, moving))
    single = argnums is not None and not isinstance(argnums, (tuple, list))
    if several and all(map(_moves_or_none, tangents)) and is_common(bound, shape, ready.kernel):
        given = {root: (positions[root], t) for root, t in moving.items()}
        call = fastpath.Call(ready, (*primals, *kwargs.values()), tuple(kwargs), results)
        keep(bound, shape, fastpath.hvp(call, given, roots, single, lambda *_: MISS))
    products = second_order(ready.kernel, results)
    if argnums is None:
        return per_primal(ready, products, roots)
    found = tuple(structured(ready, products, root) for root in roots)
    return found[0] if single else found


# ---- short ways ----


def form(kind: str, primals: tuple[Any, ...], kwargs: Kwargs, *rest: Any) -> tuple[Any, ...]:
    """What short ways are filed under: calls of the same form."""
    return (kind, len(primals), *kwargs, *[tuple(part) if isinstance(part, list) else part for part in rest])


def _shortly(bound: Binder, shape: Any, given: tuple[Any, ...], tangents: Any) -> Any:
    for short in bound.shortcuts.get(shape, ()):
        found = short(given, tangents)
        if found is not MISS:
            return found
    return MISS


def is_common(bound: Binder, shape: Any, kernel: Kernel) -> bool:
    """Whether a kernel answers such calls often enough for a short way: twice, and again where there was none."""
    uses = bound.uses[shape, kernel] = bound.uses.get((shape, kernel), 0) + 1
    return uses in (2, 20, 200)


def keep(bound: Binder, shape: Any, short: Any) -> None:
    if short is not None:
        bound.shortcuts[shape] = (short, *bound.shortcuts.get(shape, ()))[:_MOST_SHORTCUTS]
        holders.add(bound)


# ---- which arguments ----


def names_of(outputs: Sequence[str] | None) -> tuple[str, ...] | None:
    return (outputs,) if isinstance(outputs, str) else None if outputs is None else tuple(outputs)


def places(
    bound: Binder, primals: tuple[Any, ...], argnums: Any
) -> tuple[tuple[leaves.Path, ...], tuple[leaves.Path, ...]]:
    """(places in the order of the result, places that are differentiated)."""
    if argnums is not None:
        wanted = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
        roots = tuple(bound.root(a, len(primals)) for a in wanted)
        return roots, roots
    roots = tuple(bound.root(k, len(primals)) for k in range(len(primals)))
    return roots, tuple(root for root, value in zip(roots, primals) if _has_floating(value))


def _has_floating(value: Any) -> bool:
    return any(leaves.is_floating(leaf) for _, leaf in leaves.paths(value))


def per_primal(ready: Ready, derivatives: dict[leaves.Path, Any], roots: Sequence[leaves.Path]) -> tuple[Any, ...]:
    return tuple(structured(ready, derivatives, root) if _has_floating(ready.call.at(root)) else None for root in roots)


def _matched(
    bound: Binder, primals: tuple[Any, ...], tangents: Any, roots: Roots
) -> tuple[dict[leaves.Path, Any], dict[leaves.Path, int]]:
    """The tangents that move, and where each stands, by place: one per primal, or one per argument asked for."""
    everything = tuple(bound.root(k, len(primals)) for k in range(len(primals)))
    if not isinstance(tangents, (tuple, list)) and len(roots) == 1:
        tangents = (tangents,)
    places = everything if len(tangents) == len(primals) else roots
    if len(places) != len(tangents):
        raise ValueError(f"srcad.hvp: {len(primals)} primals and {len(tangents)} tangents; None is a zero tangent")
    moving = {place: t for place, t in zip(places, tangents) if _moves(t)}
    return moving, {place: k for k, place in enumerate(places)}


def _moves_or_none(tangent: Any) -> bool:
    return tangent is None or _moves(tangent)


def _moves(tangent: Any) -> bool:
    """Whether a tangent is more than None: containers of None and JAX's zero-width zeros do not move anything."""
    return any(
        leaf is not None and getattr(getattr(leaf, "dtype", None), "itemsize", 1) for _, leaf in leaves.paths(tangent)
    )


# ---- seeds and tangents ----


def directions(ready: Ready, tangents: dict[leaves.Path, Any]) -> list[Any]:
    """One tangent per differentiated leaf, in the kernel's order.

    Raises:
        TypeError: a tangent for what is not floating-point, or of another structure.
        ValueError: of another shape.
    """
    given: dict[leaves.Path, Any] = {}
    for root, tangent in tangents.items():
        _collect(tangent, ready.call.at(root), root, given)
    return [
        boundary.direction(given.get(p), ready.call.at(p), f"the tangent of {spell(p)}", spell(p))
        for p in ready.kernel.plan.wrt
    ]


def _collect(tangent: Any, value: Any, path: leaves.Path, given: dict[leaves.Path, Any]) -> None:
    if tangent is None:
        return
    parts = leaves.children(value)
    if parts is None:
        if leaves.is_floating(value):
            given[path] = tangent
        elif np.any(tangent):
            raise TypeError(f"a tangent is given for {spell(path)}, which is not floating-point")
        return
    own = leaves.children(tangent)
    if own is None or [key for key, _ in own] != [key for key, _ in parts]:
        raise TypeError(f"the tangent of {spell(path)} has another structure than {spell(path)} itself")
    for (key, item), (_, part) in zip(own, parts):
        _collect(item, part, (*path, key), given)


def cotangents(kernel: Kernel, out_bar: Any, out: Any) -> list[Any]:
    """One seed per floating leaf of the value, checked against the value itself."""
    pairs: list[tuple[Any, Any]] = []
    _pair(kernel.plan.value, out_bar, out, pairs)
    seeds = [pairs[k] for k in kernel.seeded]
    return [boundary.direction(seed, _as_typed(leaf), "the cotangent", "the value") for seed, leaf in seeds]


def _as_typed(leaf: Any) -> Any:
    """``max(2, x)`` may be the integer: by its type it is a float all the same."""
    return float(leaf) if isinstance(leaf, int) else leaf


def _pair(t: Abstract, out_bar: Any, out: Any, pairs: list[tuple[Any, Any]]) -> None:
    parts = leaves.children(out)
    if isinstance(t, Static):
        return
    if isinstance(t, Seq):
        pairs.append((None if out_bar is None else np.asarray(out_bar), np.asarray(out)))
        return
    if parts is None:
        pairs.append((out_bar, out))
        return
    given = dict.fromkeys(key for key, _ in parts) if out_bar is None else dict(leaves.children(out_bar) or ())
    if given.keys() != {key for key, _ in parts}:
        raise TypeError("the cotangent has another structure than the value")
    for kind, (key, part) in zip(t.items if isinstance(t, Struct) else (), parts):
        _pair(kind, given[key], part, pairs)


def tangent_of(kernel: Kernel, results: tuple[Any, ...]) -> Any:
    """The value's tangent in the value's structure, None for what is not floating-point."""
    dots = iter(results[len(kernel.outputs) :])
    count = iter(range(len(kernel.outputs)))
    primal = kernel.typed(results)

    def leaf_tangent() -> Any:
        k = next(count)
        if k not in kernel.seeded:
            return None
        dot = next(dots, None)
        if dot is None:
            return boundary.zeros(np.asarray(primal[k]))
        many = isinstance(primal[k], list)
        return list(boundary.like(dot, np.asarray(primal[k]))) if many else boundary.like(dot, primal[k])

    value = kernel.plan.value
    return unflatten(without_static(value), [leaf_tangent() for _ in numbers(value)])


def second_order(kernel: Kernel, results: tuple[Any, ...]) -> dict[leaves.Path, Any]:
    """The tangents of the adjoints of a reverse-then-forward kernel: the last results, one per differentiated leaf."""
    count = len(kernel.plan.wrt)
    return dict(zip(kernel.plan.wrt, results[len(results) - count :], strict=True))
