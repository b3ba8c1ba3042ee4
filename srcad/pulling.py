"""`vjp`: the function and its forward sweep run once, the reverse sweep for every cotangent.

The sweeps are two functions that share what the first one keeps (`transforms.split`). Where they cannot be, the second
one runs both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from srcad import compile, fastpath, leaves, recovery
from srcad.backends import first_answer, is_compiled
from srcad.binding import Binder, binder
from srcad.generate import Settings, asked
from srcad.gradients import structured
from srcad.kernel import Kernel
from srcad.products import Kwargs, Roots, cotangents, form, is_common, keep, names_of, per_primal, places
from srcad.specialise import MISS, Ready, as_tuple, specialiser

Pull = Callable[[Any], Any]


def vjp(
    f: Callable[..., Any],
    primals: tuple[Any, ...],
    argnums: Any,
    has_aux: bool,
    kwargs: Kwargs,
    outputs: Sequence[str] | None,
    backend: str,
    parallel: bool,
) -> tuple[Any, ...]:
    bound = binder(f)
    shape = form("vjp", primals, kwargs, argnums, has_aux, outputs, backend, parallel)
    given = (*primals, *kwargs.values())
    for short in bound.shortcuts.get(shape, ()):
        found = short(given)
        if found is not MISS:
            return found  # type: ignore[no-any-return]
    values = bound.bind(*primals, **kwargs)
    roots, active = places(bound, primals, argnums)
    settings = Settings(active, ("reverse",), backend, names_of(outputs), has_aux, asked(parallel))
    apart = bool(active) and ("split", False) not in settings.options
    swept = _swept(bound, settings, values) if apart else None
    if swept is None:
        return _run_again(bound, settings, values, roots, argnums)
    ready, results = swept
    if is_common(bound, shape, ready.kernel):
        keep(bound, shape, _short(fastpath.Call(ready, given, tuple(kwargs), results), roots, argnums, has_aux))
    out, aux = ready.kernel.split_value(results)
    return _returned(ready, results, out, aux, roots, argnums)


def _run_again(
    bound: Binder, settings: Settings, values: tuple[Any, ...], roots: Roots, argnums: Any
) -> tuple[Any, ...]:
    """What `vjp` returns where the sweeps are one function, which `pull` runs on copies of the arguments."""
    primal = specialiser(bound, replace(settings, wrt=(), modes=())).prepare(values)
    # the reverse kernel's arguments are kept as they are before the primal runs, which may draw from a generator
    ready = specialiser(bound, settings).prepare(values) if settings.wrt else primal
    kept = Ready(ready.specialiser, ready.call.snapshot(), ready.key, ready.kernel, leaves.snapshot(ready.inputs), True)
    out, aux = primal.kernel.split_value(primal.run())
    shapes = leaves.snapshot(out)

    def pull(out_bar: Any) -> Any:
        """The adjoints of the primals for a cotangent of the value."""
        if not kept.kernel.plan.wrt:
            return per_primal(kept, {}, roots)
        seeds = cotangents(kept.kernel, out_bar, shapes)
        again = Ready(kept.specialiser, kept.call, kept.key, kept.kernel, leaves.snapshot(kept.inputs), True)
        return _structured(again, again.kernel.adjoints(again.run(*seeds)), roots, argnums)

    pull.__qualname__ = "pull"
    return (out, pull, aux) if settings.has_aux else (out, pull)


# ---- the sweeps as two functions ----


def _swept(bound: Binder, settings: Settings, values: tuple[Any, ...]) -> tuple[Ready, tuple[Any, ...]] | None:
    """The kernel whose sweeps are two functions, and what the forward one returns; None where there is none."""

    def answer(backend: str) -> tuple[Ready, tuple[Any, ...]] | None:
        modes = (*settings.modes, "split")
        ready = specialiser(bound, replace(settings, modes=modes, backend=backend)).prepare(values)
        results = _forward(ready)
        return None if results is None else (ready, results)

    def compiles() -> bool:
        return is_compiled(specialiser(bound, settings).prepare(values))

    return first_answer(settings.backend, bound.declined, settings, values, compiles, answer)


def _forward(ready: Ready) -> tuple[Any, ...] | None:
    """What the forward sweep returns; None where something else has to answer, or to explain itself.

    Raises:
        Unsupported: Numba cannot compile the sweeps.
    """
    kernel = ready.kernel
    first = kernel.second is None
    results = ready.attempt()
    if results is None or not first:
        return results
    try:
        _prepare(kernel, results)
    except compile.CannotCompile as error:
        raise recovery.refusal(error) from error
    except Exception:
        return None
    return results


def _prepare(kernel: Kernel, results: tuple[Any, ...]) -> None:
    """Compile the reverse sweep, and see that it takes what the forward one returns."""
    second = compile.sibling(kernel.compiled, kernel.plan.second)
    seeds = cotangents(kernel, None, kernel.split_value(results)[0])
    arguments = (*_handed(results[len(kernel.outputs) :]), *seeds)
    compile.warm(second, arguments)
    second.call(*arguments)
    kernel.second = second


def _handed(kept: Sequence[Any]) -> list[Any]:
    """What the reverse sweep is given: it takes from lists, and writes into no array."""
    return [leaves.snapshot(value) if type(value) is list else value for value in kept]


def _returned(
    ready: Ready, results: tuple[Any, ...], out: Any, aux: Any, roots: Roots, argnums: Any
) -> tuple[Any, ...]:
    """What `vjp` returns; of what is kept, the caller's arrays are no part (`transforms.split`)."""
    kernel = ready.kernel
    kept = _handed(results[len(kernel.outputs) :])
    example = replace(ready.call, values=leaves.stand_ins(ready.call.values), flat=[])
    like = Ready(ready.specialiser, example, ready.key, kernel, [])
    shapes = leaves.stand_ins(out)
    second = kernel.second
    assert second is not None

    def pull(out_bar: Any) -> Any:
        """The adjoints of the primals for a cotangent of the value."""
        found = as_tuple(second.call(*_handed(kept), *cotangents(kernel, out_bar, shapes)))
        return _structured(like, dict(zip(kernel.plan.wrt, found, strict=True)), roots, argnums)

    pull.__qualname__ = "pull"
    return (out, pull, aux) if kernel.plan.has_aux else (out, pull)


def _structured(ready: Ready, adjoints: dict[leaves.Path, Any], roots: Roots, argnums: Any) -> Any:
    if argnums is None:
        return per_primal(ready, adjoints, roots)
    found = tuple(structured(ready, adjoints, root) for root in roots)
    return found if isinstance(argnums, (tuple, list)) else found[0]


def _short(call: fastpath.Call, roots: Roots, argnums: Any, has_aux: bool) -> Callable[..., Any] | None:
    """The way of a call that is like this one: a function from its values to what `vjp` returns, or `MISS`."""
    like = call.ready

    def rare(results: tuple[Any, ...], shapes: tuple[Any, ...], out: Any, out_bar: Any) -> Any:
        left = iter(shapes)
        values = leaves.rebuild(like.call.values, lambda _, leaf: _of_shape(leaf, left))
        ready = Ready(like.specialiser, replace(like.call, values=values, flat=[]), like.key, like.kernel, [])
        return _returned(ready, results, out, None, roots, argnums)[1](out_bar)

    single = None if argnums is None else not isinstance(argnums, (tuple, list))
    fast = fastpath.swept(call, roots, single, rare)
    if fast is None or has_aux:
        return None if fast is None else lambda given: _with_aux(fast(given))
    return lambda given: found if (found := fast(given)) is MISS else (found[0], found[2])


def _with_aux(found: Any) -> Any:
    return found if found is MISS else (found[0], found[2], found[1])


def _of_shape(leaf: Any, shapes: Iterator[tuple[int, ...]]) -> Any:
    return np.broadcast_to(np.zeros((), leaf.dtype), next(shapes)) if type(leaf) is np.ndarray else leaf
