"""`vmap`: a generated loop over the items of the batch; or the function is called for each, and the results stacked."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from srcad import leaves
from srcad.abstract import Abstract, Num, Static, Struct
from srcad.backends import first_answer
from srcad.binding import binder
from srcad.derived import Derived
from srcad.generate import Settings, asked
from srcad.specialise import MISS, Ready, specialiser


def run_vmap(derived: Derived, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    made = derived.__srcad__
    axes = _argument_axes(made.in_axes, args)
    batch = [*zip(args, axes), *((value, 0) for value in kwargs.values())]
    sizes: set[int] = set()
    for value, axis in batch:
        sizes |= _sizes(value, axis)
    size = _one_size(sizes, made.in_axes)
    found = _generated(derived, args, kwargs)
    if found is not None:
        return found[0]
    results = []
    for k in range(size):
        items = [_map(functools.partial(_item, k), value, axis) for value, axis in batch]
        results.append(made.function(*items[: len(args)], **dict(zip(kwargs, items[len(args) :]))))
    return _stacked(results, made.out_axes)


def _generated(derived: Derived, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any] | None:
    """The answer of generated code, in a tuple; None where the function is to be called for every item."""
    made = derived.__srcad__
    try:
        bound = binder(derived.__wrapped__)
        values = bound.bind(*args, **kwargs)
    except TypeError:  # no Python function below, or other arguments than it takes
        return None
    settings = Settings((), (), made.backend, options=asked(made.parallel))

    def answer(backend: str) -> tuple[Ready, tuple[Any, ...]] | None:
        ready = specialiser(bound, replace(settings, backend=backend)).prepare(values)
        results = ready.attempt() if _is_plain(ready.kernel.plan.output) else None
        return None if results is None else (ready, results)

    try:
        found = first_answer(made.backend, derived.declined, settings, values, lambda: False, answer)
    except Exception:  # the function itself says what is wrong
        return None
    if found is None:
        return None
    ready, results = found
    derived.last = (ready.specialiser.settings, ready.kernel)
    _shorten(derived, ready, results, args, kwargs)
    return (ready.kernel.split_value(results)[0],)


def _is_plain(t: Abstract) -> bool:
    """Whether a value is made of arrays of known types, which are stacked as NumPy would, and None."""
    if isinstance(t, Struct):
        return all(map(_is_plain, t.items))
    return t.dtype is not None if isinstance(t, Num) else isinstance(t, Static) and t.value is None


def _shorten(
    derived: Derived, ready: Ready, results: tuple[Any, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """When a kernel answers a call of this form for the second time, write the short way to it."""
    mark = ready.kernel, len(args), tuple(kwargs)
    uses = derived.uses[mark] = derived.uses.get(mark, 0) + 1
    if uses != 2:
        return
    from srcad import fastpath

    short = fastpath.value(fastpath.Call(ready, (*args, *kwargs.values()), tuple(kwargs), results), lambda *_: MISS)
    if short is not None:
        derived.shorten(args, kwargs, short)


def _argument_axes(in_axes: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    if isinstance(in_axes, (tuple, list)):
        if len(in_axes) != len(args):
            raise ValueError(f"srcad.vmap: in_axes has {len(in_axes)} entries for {len(args)} positional arguments")
        return tuple(in_axes)
    return (in_axes,) * len(args)


def _one_size(sizes: set[int], in_axes: Any) -> int:
    if not sizes:
        raise ValueError(f"srcad.vmap: in_axes={in_axes!r} batches no argument")
    if len(sizes) > 1:
        raise ValueError(f"srcad.vmap: the batched axes have different sizes: {sorted(sizes)}")
    (size,) = sizes
    if size == 0:
        raise ValueError("srcad.vmap: the batch is empty, so the shape of the result is unknown")
    return size


def _map(call: Callable[[Any, Any], Any], value: Any, axis: Any) -> Any:
    """`call(leaf, axis)` for every leaf; `axis` is one for all below it, or a container like the value."""
    parts = leaves.children(value)
    if parts is None:
        return call(value, axis)
    own = leaves.children(axis)
    if own is not None and [k for k, _ in own] != [k for k, _ in parts]:
        raise ValueError(f"srcad.vmap: the axes {axis!r} have another structure than what they belong to")
    below = dict(own) if own is not None else dict.fromkeys((k for k, _ in parts), axis)
    pieces = {key: _map(call, item, below[key]) for key, item in parts}
    return leaves.assemble(value, list(pieces.items()))


def _extent(leaf: Any, axis: int) -> int:
    shape = np.shape(leaf)
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"srcad.vmap: axis {axis} of an argument of shape {shape}")
    return int(shape[axis])


def _sizes(value: Any, axis: Any) -> set[int]:
    found: set[int] = set()

    def note(leaf: Any, a: int | None) -> None:
        if a is not None:
            found.add(_extent(leaf, a))

    _map(note, value, axis)
    return found


def _item(k: int, leaf: Any, axis: int | None) -> Any:
    if axis is None:
        return leaf
    return leaf[k] if axis == 0 else np.moveaxis(leaf, axis, 0)[k]


def _stacked(results: list[Any], out_axes: Any) -> Any:
    first = results[0]
    flat = [[leaf for _, leaf in leaves.paths(result)] for result in results]
    position = iter(range(len(flat[0])))

    def stack(leaf: Any, axis: Any) -> Any:
        k = next(position)
        if axis is None or leaf is None:
            return leaf
        return np.stack([row[k] for row in flat], axis=axis)

    return _map(stack, first, out_axes)
