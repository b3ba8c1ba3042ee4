"""What Numba does not check in the statements that are left to it, where NumPy raises.

It takes a mask that is shorter than its axis, and ``x[k] += y`` of a shorter or longer y, of which it reads what is
not there. ``x[k] = x[k] + y`` it checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from srcad import ir, types
from srcad.dims import Dim
from srcad.transforms.loops_extents import Extents
from srcad.transforms.loops_types import ONE
from srcad.types import Num

_GIVEN = {  # which argument gives the extents of a new array
    "numpy.zeros": 0,
    "numpy.ones": 0,
    "numpy.full": 0,
    "numpy.reshape": 1,
    "numpy.broadcast_to": 1,
    "numpy.tile": 1,
    "numpy.pad": 1,
}


def unproven(stmt: ir.Stmt, extents: Extents) -> Iterator[tuple[Dim, Dim]]:
    """(extent of an axis, extent of the mask along it) of a simple statement, where they may differ."""
    for node in ir.walk(stmt):
        if isinstance(node, ir.Index) and any(_mask(item, extents) for item in node.items):
            yield from (pair for pair in _pairs(node, extents) if not extents.same(*pair))


def maybe_negative(stmt: ir.Stmt, extents: Extents) -> Iterator[Dim]:
    """Extents that new arrays are given: loops over them would do nothing below zero, where NumPy raises or counts."""
    for node in ir.walk(stmt):
        at = _GIVEN.get(node.fn.path) if isinstance(node, ir.Call) and isinstance(node.fn, ir.Ref) else None
        shape = node.args[at] if at is not None and len(node.args) > at else ir.Tuple(())
        for item in shape.items if isinstance(shape, (ir.Tuple, ir.List)) else (shape,):
            extent = extents.linear(item)
            if extent is not None and not extent.is_const and not extents.at_least_zero(extent):
                yield extent


def too_far_back(stmt: ir.Stmt, extents: Extents) -> Iterator[tuple[Dim, int]]:
    """(extent, how many places it must have) of rows counted from the end, ``x[-2]``, which loops count from the front:
    before the first one, an index would be below zero, and so one from the end again. ``x[-1]`` is out of range then.
    """
    for node in ir.walk(stmt):
        dims = extents.of(node.base).dims if isinstance(node, ir.Index) and any(map(_back, node.items)) else None
        if dims is None or extents.of(node).dims == ():
            continue
        taken = _taken(node.items)
        at = node.items.index(ir.ELLIPSIS) if ir.ELLIPSIS in node.items else len(node.items)
        for k, item in enumerate(node.items):
            axis = sum(taken[:k]) if k < at else len(dims) - sum(taken[k:])
            extent = dims[axis] if _back(item) > 1 and axis < len(dims) else None
            if extent is not None and not extents.has_places(extent, _back(item)):
                yield extent, _back(item)


def _back(item: ir.Expr) -> int:
    """How far from the end a literal index is; 0 for others."""
    found = types.number(item) if isinstance(item, (ir.Const, ir.Unary)) else None
    return max(-found.const, 0) if found is not None and found.is_const else 0


def may_not_fit(stmt: ir.Augment, extents: Extents, adjoints: Set[str]) -> bool:
    """Whether the array that is added may have another shape than what it is added to; adjoints have it."""
    target, value = extents.of(stmt.target).dims, extents.of(stmt.value).dims
    name = stmt.target.base if isinstance(stmt.target, ir.Index) else stmt.target
    if value == () or not target or isinstance(name, ir.Name) and name.id in adjoints:
        return False
    if value is None or len(value) > len(target):
        return True
    pairs = zip(reversed(target), reversed(value))
    return not all(b == ONE or a is not None and b is not None and extents.same(a, b) for a, b in pairs)


def place(target: ir.Expr) -> ir.Index:
    """The elements of what is written into."""
    if isinstance(target, ir.Index) and target.items != (ir.ELLIPSIS,):
        return target
    return ir.Index(target.base if isinstance(target, ir.Index) else target, (ir.Slice(None, None),))


def _pairs(node: ir.Index, extents: Extents) -> Iterator[tuple[Dim, Dim]]:
    dims = extents.of(node.base).dims
    if dims is None:
        return
    taken = _taken(node.items)
    axis = 0
    for item, own in zip(node.items, taken):
        if item == ir.ELLIPSIS:
            axis = len(dims) - sum(taken[node.items.index(item) :])
        for extent, length in zip(dims[axis:], _mask(item, extents)):
            if extent is not None and length is not None:
                yield extent, length
        axis += own


def _taken(items: tuple[ir.Expr, ...]) -> list[int]:
    """How many axes each item of an index is of; an ellipsis is of those that are left."""
    return [0 if item in (ir.NONE, ir.ELLIPSIS) else 1 for item in items]


def _mask(item: ir.Expr, extents: Extents) -> tuple[Dim | None, ...]:
    """Extents of a mask, or of that axis of it whose places ``np.nonzero(mask)[k]`` are; () of any other index."""
    match item:
        case ir.Index(ir.Call(ir.Ref("numpy.nonzero"), (mask,), ()), (ir.Const(int(k)),)):
            return _mask(mask, extents)[k : k + 1]
        case ir.Slice():
            return ()
    kind = extents.of(item)
    return kind.dims or () if isinstance(kind, Num) and kind.dtype == "bool" else ()
