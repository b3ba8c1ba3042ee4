"""Jacobians and Hessians: from all unit vectors at once (`directions`), or from one run for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from srcad import directions, leaves
from srcad.abstract import Num, Seq, Struct, unflatten
from srcad.derived import Derived
from srcad.generate import spell
from srcad.gradients import scalar_seed
from srcad.kernel import Kernel
from srcad.products import second_order
from srcad.specialise import Ready

Blocks = list[dict[leaves.Path, np.ndarray]]  # per output leaf, per argument leaf
Args = tuple[Any, ...]
Kwargs = dict[str, Any]


def run_jacfwd(derived: Derived, args: Args, kwargs: Kwargs) -> Any:
    at_once = directions.columns(derived, ("forward",), args, kwargs)
    if at_once is not None:
        _shorten(derived, at_once, args, kwargs, "columns")
        return _result(derived, *at_once[:3], len(args))
    ready = derived.ready(("forward",), args, kwargs)
    _real(ready)
    zero, count, seeded = _zeros(ready), len(ready.kernel.outputs), ready.kernel.seeded
    tangents = _columns(ready, zero, lambda t: ready.again().run(*t)[count : count + len(seeded)])
    columns = dict(tangents)
    first = ready.run(*zero)
    values = ready.kernel.typed(first[:count])
    blocks: Blocks = [{} for _ in seeded]
    for path, found in columns.items():
        shape = np.shape(ready.call.at(path))
        for k, position in enumerate(seeded):
            blocks[k][path] = _stack([c[k] for c in found], np.asarray(values[position]), shape)
    return _result(derived, ready, first, blocks, len(args))


def run_jacrev(derived: Derived, args: Args, kwargs: Kwargs) -> Any:
    at_once = directions.rows(derived, args, kwargs)
    if at_once is not None:
        _shorten(derived, at_once, args, kwargs, "rows")
        return _result(derived, *at_once[:3], len(args))
    primal = derived.ready((), args, kwargs)
    ready = derived.ready(("reverse",), args, kwargs)
    _real(ready)
    first = primal.again().run()
    typed = ready.kernel.typed(first[: len(ready.kernel.outputs)])
    values = [np.asarray(typed[k]) for k in ready.kernel.seeded]
    blocks: Blocks = []
    for k, value in enumerate(values):
        rows = [ready.kernel.adjoints(ready.again().run(*seeds)) for seeds in _unit_seeds(values, k)]
        blocks.append({path: _rows(rows, path, value, ready.call.at(path)) for path in ready.kernel.plan.wrt})
    if primal.stateful:
        primal.run()  # what the function does besides returning a value happens once
    return _result(derived, ready, first, blocks, len(args))


def run_jacobian(derived: Derived, args: Args, kwargs: Kwargs) -> Any:
    """Forward where there are no more inputs than outputs: a forward pass is cheaper than a reverse one."""
    primal = derived.ready((), args, kwargs)
    first = primal.again().run()
    arguments = [primal.call.at(root) for root in derived.roots(len(args))]
    inputs = sum(np.size(leaf) for a in arguments for _, leaf in leaves.paths(a) if leaves.is_floating(leaf))
    outputs = sum(np.size(first[k]) for k in primal.kernel.seeded)
    return (run_jacfwd if _columns_are_fewer(inputs, outputs) else run_jacrev)(derived, args, kwargs)


def run_hessian(derived: Derived, args: Args, kwargs: Kwargs) -> Any:
    found = directions.columns(derived, ("reverse", "forward"), args, kwargs, lambda r: scalar_seed(r, "srcad.hessian"))
    if found is not None:
        _shorten(derived, found, args, kwargs, "hessian")
        rows = dict(zip(found.ready.kernel.plan.wrt, found.blocks))
        result = _hessian_structure(found.ready, rows, derived.roots(len(args)), derived.single)
        return (result, found.ready.kernel.split_value(found.first)[1]) if derived.__srcad__.has_aux else result
    ready = derived.ready(("reverse", "forward"), args, kwargs)
    seed = scalar_seed(ready, "srcad.hessian")
    _real(ready)
    zero = _zeros(ready)
    products = _columns(ready, zero, lambda t: second_order(ready.kernel, ready.again().run(*seed, *t)))
    blocks: dict[leaves.Path, dict[leaves.Path, np.ndarray]] = {path: {} for path in ready.kernel.plan.wrt}
    for path, columns in products:
        shape = np.shape(ready.call.at(path))
        for row in blocks:
            blocks[row][path] = _stack([c[row] for c in columns], np.asarray(ready.call.at(row)), shape)
    result = _hessian_structure(ready, blocks, derived.roots(len(args)), derived.single)
    first = ready.run(*seed, *zero) if derived.__srcad__.has_aux or ready.stateful else ()
    return (result, ready.kernel.split_value(first)[1]) if derived.__srcad__.has_aux else result


def _shorten(derived: Derived, found: directions.Found, args: Args, kwargs: Kwargs, kind: str) -> None:
    """When a kernel answers a call of this form for the second time, write the short way to it."""
    mark = found.ready.kernel, len(args), tuple(kwargs)
    uses = derived.uses[mark] = derived.uses.get(mark, 0) + 1
    if uses != 2:
        return
    from srcad import fastdirections, fastpath

    call = fastpath.Call(found.ready, (*args, *kwargs.values()), tuple(kwargs), found.results)
    choose = None
    if derived.__srcad__.kind == "jacobian":
        choose = (
            _columns_are_fewer if kind == "columns" else lambda inputs, outputs: not _columns_are_fewer(inputs, outputs)
        )
    short = fastdirections.jacobian(call, derived.roots(len(args)), derived.single, kind, choose)
    if short is not None:
        derived.shorten(args, kwargs, short)


def _columns_are_fewer(inputs: int, outputs: int) -> bool:
    return inputs <= outputs


# ---- unit vectors ----


def _real(ready: Ready) -> None:
    """Jacobians of complex functions are not one matrix; JAX refuses them in the same way."""
    for path in ready.kernel.plan.wrt:
        if np.iscomplexobj(ready.call.at(path)):
            raise TypeError(f"Jacobians and Hessians take real arguments; {spell(path)} is complex: use jvp or vjp")


def _zeros(ready: Ready) -> list[Any]:
    return [_vector(ready.call.at(path)) for path in ready.kernel.plan.wrt]


def _vector(leaf: Any) -> Any:
    """A zero tangent of a leaf."""
    vector = np.zeros(np.shape(leaf), np.asarray(leaf).dtype.newbyteorder("="))
    if np.ndim(leaf):
        return vector
    return vector[()] if hasattr(leaf, "dtype") else type(leaf)(vector[()])


def _columns(ready: Ready, zero: list[Any], run: Callable[[list[Any]], Any]) -> Iterator[tuple[leaves.Path, list[Any]]]:
    """(path, results for every unit tangent of the leaf there)."""
    for k, path in enumerate(ready.kernel.plan.wrt):
        leaf = ready.call.at(path)
        yield path, [run([*zero[:k], unit, *zero[k + 1 :]]) for unit in _units(leaf)]


def _units(leaf: Any) -> Iterator[Any]:
    """The tangents of a leaf along its elements, in order."""
    zero = np.zeros(np.shape(leaf), np.asarray(leaf).dtype.newbyteorder("="))
    for j in range(zero.size):
        unit = zero.copy()
        unit.reshape(-1)[j] = 1.0
        yield unit if unit.ndim else unit[()] if hasattr(leaf, "dtype") else type(leaf)(unit[()])


def _unit_seeds(values: list[np.ndarray], k: int) -> Iterator[list[Any]]:
    zero = [_vector(value if value.ndim else value[()]) for value in values]
    for unit in _units(values[k] if values[k].ndim else values[k][()]):
        yield [*zero[:k], unit, *zero[k + 1 :]]


def _stack(columns: list[Any], out: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """``out.shape + shape`` from a result per element of the argument."""
    if not columns:
        return np.zeros(out.shape + shape, out.dtype)
    full = [_full(column, out.shape) for column in columns]
    return np.stack(full, axis=-1).reshape(out.shape + shape).astype(out.dtype, copy=False)


def _rows(rows: list[dict[leaves.Path, Any]], path: leaves.Path, out: np.ndarray, leaf: Any) -> np.ndarray:
    """``out.shape + leaf.shape`` from the adjoints for every element of the value."""
    shape = out.shape + np.shape(leaf)
    dtype = np.asarray(leaf).dtype
    full = [
        r if np.shape(r) == np.shape(leaf) else np.broadcast_to(r, np.shape(leaf)) for r in (row[path] for row in rows)
    ]
    return np.stack(full).reshape(shape).astype(dtype, copy=False) if full else np.zeros(shape, dtype)


def _full(value: Any, shape: tuple[int, ...]) -> Any:
    return value if np.shape(value) == shape else np.broadcast_to(value, shape)


# ---- structure ----


def _result(derived: Derived, ready: Ready, first: Args, blocks: Blocks, count: int) -> Any:
    roots = derived.roots(count)
    jacobian = _jacobian_structure(ready, blocks, roots, derived.single)
    return (jacobian, ready.kernel.split_value(first)[1]) if derived.__srcad__.has_aux else jacobian


def _jacobian_structure(ready: Ready, blocks: Blocks, roots: tuple[leaves.Path, ...], single: bool) -> Any:
    """The value's structure, holding in each place the arguments' structure."""
    found = iter(blocks)
    kernel: Kernel = ready.kernel

    def inner(position: int) -> Any:
        if position not in kernel.seeded:
            return None
        block = next(found)
        if isinstance(kinds[position], Seq):
            return [of_block({path: rows[k] for path, rows in block.items()}) for k in range(len(_any(block)))]
        return of_block(block)

    def of_block(block: dict[leaves.Path, Any]) -> Any:
        parts = [_argument_structure(ready, root, block) for root in roots]
        return parts[0] if single else tuple(parts)

    kinds = _value_leaves(kernel)
    return unflatten(kernel.plan.value, [inner(k) for k in range(len(kinds))])


def _any(block: dict[leaves.Path, Any]) -> Any:
    return next(iter(block.values()))


def _value_leaves(kernel: Kernel) -> list[Any]:
    def walk(t: Any) -> list[Any]:
        if isinstance(t, Struct):
            return [leaf for item in t.items for leaf in walk(item)]
        return [t] if isinstance(t, (Num, Seq)) else []

    return walk(kernel.plan.value)


def _argument_structure(ready: Ready, root: leaves.Path, block: dict[leaves.Path, Any]) -> Any:
    return leaves.rebuild(ready.call.at(root), lambda path, _: block.get(path), root)


def _hessian_structure(
    ready: Ready, blocks: dict[leaves.Path, dict[leaves.Path, Any]], roots: tuple[leaves.Path, ...], single: bool
) -> Any:
    def row(path: leaves.Path, _: Any) -> Any:
        if path not in blocks:
            return None
        parts = [_argument_structure(ready, root, blocks[path]) for root in roots]
        return parts[0] if single else tuple(parts)

    rows = [leaves.rebuild(ready.call.at(root), row, root) for root in roots]
    return rows[0] if single else tuple(rows)
