"""Masks that statements leave to Numba, which takes one that is shorter than its axis: NumPy takes none that is."""

from __future__ import annotations

from collections.abc import Iterator

from srcad import ir
from srcad.dims import Dim
from srcad.transforms.loops_extents import Extents
from srcad.types import Num


def unproven(stmt: ir.Stmt, extents: Extents) -> Iterator[tuple[Dim, Dim]]:
    """(extent of an axis, extent of the mask along it) of a simple statement, where they may differ."""
    for node in ir.walk(stmt):
        if isinstance(node, ir.Index) and any(_mask(item, extents) for item in node.items):
            yield from (pair for pair in _pairs(node, extents) if not extents.same(*pair))


def _pairs(node: ir.Index, extents: Extents) -> Iterator[tuple[Dim, Dim]]:
    dims = extents.of(node.base).dims
    if dims is None:
        return
    taken = [_axes(item, extents) for item in node.items]
    axis = 0
    for item, own in zip(node.items, taken):
        if item == ir.ELLIPSIS:
            axis = len(dims) - sum(taken[node.items.index(item) :])
        for extent, length in zip(dims[axis:], _mask(item, extents)):
            if extent is not None and length is not None:
                yield extent, length
        axis += own


def _mask(item: ir.Expr, extents: Extents) -> tuple[Dim | None, ...]:
    """Extents of a mask, or of that axis of it whose places ``np.nonzero(mask)[k]`` are; () of any other index."""
    match item:
        case ir.Index(ir.Call(ir.Ref("numpy.nonzero"), (mask,), ()), (ir.Const(int(k)),)):
            return _mask(mask, extents)[k : k + 1]
        case ir.Slice():
            return ()
    kind = extents.of(item)
    return kind.dims or () if isinstance(kind, Num) and kind.dtype == "bool" else ()


def _axes(item: ir.Expr, extents: Extents) -> int:
    if item in (ir.NONE, ir.ELLIPSIS):
        return 0
    return len(_mask(item, extents)) or 1
