"""The compiled function behind a gradient, for a caller that makes a compiled loop around it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from srcad import leaves
from srcad.derived import Derived
from srcad.kernel import Kernel


class Native(NamedTuple):
    """compiled: Numba's result of compiling, of `inputs` and `seed`; it returns the value, then an adjoint per path of
    `wrt`. places: where each input lies in the arguments: (parameter's name, key, ...)."""

    compiled: Any
    inputs: list[np.ndarray]
    seed: Any
    places: list[leaves.Path]
    wrt: tuple[leaves.Path, ...]


def native(gradient: Any, *args: Any) -> Native | None:
    """What answers ``value_and_grad(...)(*args)``, where that is a function of nothing but the arrays in `args`.

    It holds until Python runs again: structure that was captured may be another then. None for anything that only the
    call itself knows how to treat: captured values, arguments that are written, other backends, numbers whose errors
    Python would raise.
    """
    if not isinstance(gradient, Derived):
        return None
    ready = gradient.ready(("reverse",), args, {})
    kernel, inputs = ready.kernel, ready.inputs
    if not _is_plain(kernel) or ready.stateful or not all(_is_contiguous(x) for x in inputs):
        return None
    assert kernel.unit_seed is not None
    seed = kernel.unit_seed[0]
    from numba import typeof

    found = kernel.compiled.call.overloads.get(tuple(typeof(x) for x in [*inputs, seed]))
    return (
        None
        if found is None
        else Native(found, inputs, seed, [path for _, path, _ in kernel.plan.inputs], kernel.plan.wrt)
    )


def _is_plain(kernel: Kernel) -> bool:
    plan = kernel.plan
    taken = plan.hidden or kernel.strangers or plan.updates or plan.fragile or plan.has_aux
    ours = plan.backend == "numba" and kernel.warm and kernel.unit_seed is not None
    return ours and not taken and all(origin == "param" for origin, _, _ in plan.inputs)


def _is_contiguous(x: Any) -> bool:
    return type(x) is np.ndarray and x.flags.carray
