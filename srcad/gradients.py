"""`grad` and `value_and_grad`: one kernel call, its results put into the arguments' structure."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcad import boundary, leaves, recovery
from srcad.abstract import Num, Struct, is_complex
from srcad.derived import Derived
from srcad.kernel import Kernel
from srcad.specialise import Ready

_KINDS = {"b": "a truth value", "i": "an integer", "u": "an integer", "c": "a complex number"}


def run_grad(derived: Derived, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return _run(derived, args, kwargs, valued=False)


def run_value_and_grad(derived: Derived, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return _run(derived, args, kwargs, valued=True)


def _run(derived: Derived, args: tuple[Any, ...], kwargs: dict[str, Any], valued: bool) -> Any:
    ready = derived.ready(("reverse",), args, kwargs)
    results = ready.run(*scalar_seed(ready, f"srcad.{derived.__srcad__.kind}"))
    _shorten(derived, ready, args, kwargs, results, valued)
    return _finished(derived, ready, results, len(args), valued)


def _finished(derived: Derived, ready: Ready, results: tuple[Any, ...], count: int, valued: bool) -> Any:
    gradient = gather(ready, results, derived.roots(count), derived.single)
    aux = derived.__srcad__.has_aux
    if not valued:
        return (gradient, ready.kernel.split_value(results)[1]) if aux else gradient
    value = ready.kernel.split_value(results)
    return (value if aux else value[0]), gradient


def _shorten(
    derived: Derived,
    ready: Ready,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    results: tuple[Any, ...],
    valued: bool,
) -> None:
    """When a kernel answers a call of this form for the second time, write the short way to it."""
    if not ready.kernel.warm:
        return
    count, names = len(args), tuple(kwargs)
    mark = ready.kernel, count, names
    uses = derived.uses[mark] = derived.uses.get(mark, 0) + 1
    if uses != 2:
        return

    def failed(error: Exception, given: tuple[Any, ...], _: Any) -> Any:
        again = derived.ready(("reverse",), given[:count], dict(zip(names, given[count:])))
        results = recovery.recover(error, again, scalar_seed(again, f"srcad.{derived.__srcad__.kind}"))
        return _finished(derived, again, results, count, valued)

    from srcad import fastpath

    call = fastpath.Call(ready, (*args, *kwargs.values()), names, results)
    short = fastpath.gradient(call, derived.roots(count), derived.single, valued, failed)
    if short is not None:
        derived.shorten(args, kwargs, short)


def scalar_seed(ready: Ready, caller: str) -> tuple[Any, ...]:
    """The seed of a scalar function's derivative.

    Raises:
        TypeError: the value is something else; the message shows its shape.
    """
    seed = ready.kernel.unit_seed
    if seed is None:
        name = ready.call.binder.name
        raise TypeError(f"{caller} takes a function with one real value; {name} returns {_shown(ready)}")
    return seed


def _shown(ready: Ready) -> str:
    """What a function returns, by its type and, for arrays, by its shape on these arguments."""
    kernel: Kernel = ready.kernel
    t = kernel.plan.value
    if isinstance(t, Struct):
        return f"a {t.kind}"
    if not isinstance(t, Num):
        return "None" if getattr(t, "value", "") is None else repr(getattr(t, "value", t))
    value = ready.call.binder.invoke(leaves.snapshot(ready.call.values))
    if kernel.plan.has_aux:
        value = value[0]
    if np.ndim(value):
        return f"an array of shape {np.shape(value)}"
    kind = np.asarray(value).dtype.kind
    if kind == "f" and is_complex(t):
        return "what may be a complex number (take np.real of it)"
    return _KINDS.get(kind, "a real number")


def gather(ready: Ready, results: tuple[Any, ...], roots: tuple[leaves.Path, ...], single: bool) -> Any:
    """The adjoints in the structure of the arguments at `roots`: one, or a tuple."""
    adjoints = ready.kernel.adjoints(results)
    if single:
        return structured(ready, adjoints, roots[0])
    return tuple(structured(ready, adjoints, root) for root in roots)


def structured(ready: Ready, derivatives: dict[leaves.Path, Any], root: leaves.Path) -> Any:
    """An argument with every floating leaf replaced by its derivative, and all others by None."""

    def derivative(path: leaves.Path, leaf: Any) -> Any:
        if not leaves.is_floating(leaf):
            return None
        return boundary.like(derivatives[path], leaf) if path in derivatives else boundary.zeros(leaf)

    value = ready.call.at(root)
    if root in derivatives:  # an argument that is one leaf
        return boundary.like(derivatives[root], value)
    return leaves.rebuild(value, derivative, root)
