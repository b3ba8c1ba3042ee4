"""Writes into parts of arrays as nests: ``x[1:-1] = ...``, ``x += ...``, ``x[mask] = ...``."""

from __future__ import annotations

from typing import Any

from srcad import ir
from srcad.transforms import activity, alias
from srcad.transforms.loops_elements import DTYPES
from srcad.transforms.loops_extents import Dims, Stay
from srcad.transforms.loops_nests import Cell
from srcad.transforms.loops_room import ONE, Room
from srcad.transforms.loops_views import Index, View, fitted


def store(room: Room, stmt: ir.Store | ir.Augment) -> None:
    """Add the nests of a write. Raises Stay for a place that is no region of an array."""
    assert isinstance(stmt.target, ir.Index)
    kind = room.extents.of(stmt.target)
    if kind.dims is None or kind.dtype not in DTYPES:
        raise Stay
    if not _fits(room.extents.of(stmt.value).dtype, kind.dtype, isinstance(stmt, ir.Augment)):
        raise Stay
    Writing(room, stmt, kind.dtype).run()


class Writing:
    """One write: the region, what is written there, and whether that must be complete before the first element is."""

    def __init__(self, room: Room, stmt: ir.Store | ir.Augment, dtype: str) -> None:
        self.room, self.stmt, self.dtype = room, stmt, dtype
        self.name = activity.root(stmt.target)
        self.elements = room.elements(self.name)

    def run(self) -> None:
        place, mask = self.place()
        region = self.region(place)
        value = self.value(region, place, mask)
        index = self.room.index(region.dims)
        element, new = region.at(index), value.at(index)
        assert isinstance(element, ir.Index)
        if not self.room.memory.overlaps(element, new, self.room.fresh_arrays):
            self.room.add(self.room.nest(self.elements, region.dims, [_cell(element, new)]))
            return
        buffer = self.room.fresh(f"{self.name}_new", self.dtype, region.dims)
        self.room.add(self.room.filling(buffer, value, self.elements, self.dtype))
        read = ir.Index(buffer, tuple(self.elements.spelt(i) for i in index))
        self.room.add(self.room.nest(self.room.elements(), region.dims, [Cell(element, read)]))

    def place(self) -> tuple[ir.Expr, ir.Expr | None]:
        """The place as a view, and the mask that says where in it is written."""
        target = self.stmt.target
        assert isinstance(target, ir.Index)
        if len(target.items) == 1 and not isinstance(target.items[0], (ir.Slice, ir.Const)):
            kind, base = self.room.extents.of(target.items[0]), self.room.extents.of(target.base)
            if kind.dtype == "bool" and kind.dims and len(kind.dims) == len(base.dims or ()):
                return target.base, target.items[0]
        return target, None

    def region(self, place: ir.Expr) -> View:
        """The elements of the place; a name for the view where it is not certain which they are."""
        if not alias.sure_view(place, self.room.extents.assumed):
            raise Stay
        region = self.elements.elementwise(place, self.room.extents.of(place))
        region = region or self.elements.name(self.room.hoist(place))
        if not isinstance(region.at(self.room.index(region.dims)), ir.Index):
            raise Stay
        return region

    def value(self, region: View, place: ir.Expr, mask: ir.Expr | None) -> View:
        """The new elements, broadcast to the region."""
        expr = self.stmt.value if mask is None else self.unmasked(self.stmt.value, mask)
        new = self.elements.view(expr)
        self.check(self.elements.broadcast((region, new), (place, expr)), region.dims)
        chosen = None
        if mask is not None:
            chosen = self.elements.view(mask)
            self.check(self.elements.broadcast((region, chosen), (place, mask)), region.dims)
        op = self.stmt.op if isinstance(self.stmt, ir.Augment) else ""
        if op and not self.is_plain(op, place, expr):
            raise Stay

        def at(index: Index) -> ir.Expr:
            value = new.at(fitted(index, new.dims, region.dims))
            value = ir.Binary(op, region.at(index), value) if op else value
            return value if chosen is None else ir.IfExp(chosen.at(index), value, region.at(index))

        return View(region.dims, at)

    def is_plain(self, op: str, place: ir.Expr, value: ir.Expr) -> bool:
        left, right = self.room.extents.of(place), self.room.extents.of(value)
        return op != "@" and self.elements.is_plain(ir.Binary(op, place, value), left, right)

    def check(self, dims: Dims, region: Dims) -> None:
        """Values must not be larger than the region; extents that differ must be among those that are checked."""
        if len(dims) == len(region):
            self.elements.checks += [(d, r) for d, r in zip(dims, region, strict=True) if r == ONE != d]
        pairs = {frozenset(pair) for pair in self.elements.checks}
        same = self.room.extents.same
        fits = len(dims) == len(region)
        if not fits or not all(same(d, r) or frozenset((d, r)) in pairs for d, r in zip(dims, region, strict=True)):
            raise Stay

    def unmasked(self, value: Any, mask: ir.Expr) -> Any:
        """``y[mask]`` as y, for what is written where the mask is true; a number stays what it is.

        Raises Stay for arrays counted otherwise, and for what is not computed element by element: the elements of
        ``np.cumsum(y[mask])`` are not those of ``np.cumsum(y)``.
        """
        if isinstance(value, ir.Index) and value.items == (mask,):
            return value.base
        if not ir.is_node(value) or isinstance(value, (ir.Const, ir.Ref)) or self.room.extents.of(value).dims == ():
            return value
        if not self.elements.is_elementwise(value):
            raise Stay
        return ir.rebuild(value, lambda node: self.unmasked(node, mask))


def _cell(place: ir.Index, value: ir.Expr) -> Cell:
    """``x[i] = x[i] + e`` is ``x[i] += e``."""
    if isinstance(value, ir.Binary) and value.op in ("+", "-", "*", "/") and value.left == place:
        return Cell(place, value.right, value.op)
    return Cell(place, value)


def _fits(source: str | None, target: str | None, in_place: bool) -> bool:
    """Whether NumPy stores such numbers without an error or a warning."""
    order = {"bool": 0, "int64": 1, "float32": 2, "float64": 2, "complex64": 3, "complex128": 3}
    if source not in order or target not in order:
        return False
    return order[source] <= order[target] or not in_place and order[source] < 3
