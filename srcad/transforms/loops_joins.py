"""Arrays put together from others, or from numbers, as nests: concatenate, stack, array, roll."""

from __future__ import annotations

from collections.abc import Sequence

from srcad import ir
from srcad.dims import Dim
from srcad.transforms.loops_elements import DTYPES, Elements
from srcad.transforms.loops_extents import Dims, Stay
from srcad.transforms.loops_nests import Cell, Plain
from srcad.transforms.loops_room import Room, refused
from srcad.transforms.loops_types import ONE
from srcad.transforms.loops_views import Index, View, argument, integers
from srcad.types import Num


def joined(room: Room, target: ir.Name, value: ir.Expr, kind: Num) -> Dims | None:
    """Add the nests of ``target = value`` and return its extents; None if `value` puts nothing together."""
    if not isinstance(value, ir.Call) or not isinstance(value.fn, ir.Ref) or not value.args:
        return None
    items, rank = value.args[0], len(kind.dims or ())
    if value.fn.path == "numpy.roll":
        return _rolled(room, target, value, kind)
    if not isinstance(items, (ir.Tuple, ir.List)) or not items.items or any(k != "axis" for k, _ in value.kwargs):
        return None
    if value.fn.path == "numpy.array" and len(value.args) == 1:
        return _array(room, target, items.items, kind)
    axis = integers(argument(value, 1, "axis") or ir.Const(0))
    if value.fn.path not in ("numpy.concatenate", "numpy.stack") or axis is None or len(value.args) > 2:
        return None
    return _Joining(room, target, kind, axis[0] % rank).run(items.items, value.fn.path == "numpy.stack")


def _array(room: Room, target: ir.Name, items: Sequence[ir.Expr], kind: Num) -> Dims | None:
    """``np.array([x, y, z])``: numbers are stored one by one, arrays are stacked."""
    ranks = [room.extents.of(i).dims for i in items]
    if any(isinstance(i, (ir.Tuple, ir.List, ir.Starred)) for i in items) or kind.dtype not in DTYPES or None in ranks:
        return None
    if any(ranks):
        return _Joining(room, target, kind, 0).run(items, True) if all(ranks) else None
    dims = (Dim(len(items)),)
    room.add(Plain(ir.Assign(target, room.empty(dims, kind.dtype))))
    for k, item in enumerate(items):
        room.add(Plain(ir.Store(ir.Index(target, (ir.Const(k),)), room.inner(item))))
    return dims


def _rolled(room: Room, target: ir.Name, value: ir.Call, kind: Num) -> Dims | None:
    """``np.roll(x, 1)`` is x's last element and the others behind it. Raises if x is shorter than the shift."""
    given, rank = argument(value, 2, "axis") or ir.NONE, len(kind.dims or ())
    shift, axis = integers(argument(value, 1, "shift")), (0,) if given == ir.NONE else integers(given)
    single = shift is not None and len(shift) == 1 and axis is not None and not isinstance(given, ir.Tuple)
    if not single or kind.dtype not in DTYPES or rank > 1 and given == ir.NONE:
        return None
    assert shift is not None and axis is not None
    along, by, joining = axis[0] % rank, shift[0], _Joining(room, target, kind, axis[0] % rank)
    view = joining.elements.view(value.args[0])
    extent = view.dims[along]
    if not by or extent.is_const:
        return None
    head = Dim(by) if by > 0 else extent + by
    checks: tuple[ir.Stmt, ...] = ()
    if room.extents.least.get(extent, 0) < abs(by):
        room.extents.least[extent] = abs(by)
        checks = refused(ir.Compare(("<",), (room.extents.extent(extent), ir.Const(abs(by)))))
    parts = [_part(view, along, extent - head, head), _part(view, along, Dim(0), extent - head)]
    return joining.joined(parts, view.dims, checks)


def _part(view: View, axis: int, start: Dim, length: Dim) -> View:
    """`length` of the lines of an array along an axis."""
    dims = tuple(length if k == axis else d for k, d in enumerate(view.dims))

    def at(index: Index) -> ir.Expr:
        line = index[axis]
        if not isinstance(line, Dim):
            raise Stay
        return view.at((*index[:axis], line + start, *index[axis + 1 :]))

    return View(dims, at)


class _Joining:
    """One nest per array, each behind the others along `axis`."""

    def __init__(self, room: Room, target: ir.Name, kind: Num, axis: int) -> None:
        self.room, self.target, self.kind, self.axis = room, target, kind, axis
        self.elements: Elements = room.elements()

    def run(self, items: Sequence[ir.Expr], stacked: bool) -> Dims:
        views = [self.elements.view(item) for item in items]
        return self.joined(views, self.stacked(views) if stacked else self.concatenated(views), (), stacked)

    def joined(self, views: Sequence[View], dims: Dims, checks: Sequence[ir.Stmt], stacked: bool = False) -> Dims:
        """The nests that fill an array of extents `dims`, behind some checks."""
        before = [*checks, ir.Assign(self.target, self.room.empty(dims, self.kind.dtype))]
        offset = Dim(0)
        for k, view in enumerate(views):
            index = self.room.index(view.dims)
            at = self.beside(index, k) if stacked else self.behind(index, offset)
            place = ir.Index(self.target, tuple(self.elements.spelt(i) for i in at))
            self.room.add(self.room.nest(self.elements, view.dims, [Cell(place, view.at(index))], before))
            self.elements.checks, before = [], []
            offset = offset if stacked else offset + view.dims[self.axis]
        return dims

    def concatenated(self, views: Sequence[View]) -> Dims:
        dims = list(views[0].dims)
        for view in views[1:]:
            self.require(views[0].dims, view.dims, {self.axis})
            dims[self.axis] = dims[self.axis] + view.dims[self.axis]
        return tuple(dims)

    def stacked(self, views: Sequence[View]) -> Dims:
        for view in views[1:]:
            self.require(views[0].dims, view.dims, set())
        return (*views[0].dims[: self.axis], Dim(len(views)), *views[0].dims[self.axis :])

    def require(self, one: Dims, two: Dims, free: set[int]) -> None:
        """The extents must be equal, but for the axis along which arrays are joined."""
        if len(one) != len(two):
            raise Stay
        for k, (a, b) in enumerate(zip(one, two, strict=True)):
            if k not in free and not self.room.extents.same(a, b):
                if ONE in (a, b) or a.is_const and b.is_const:
                    raise Stay  # NumPy raises, with its own words
                self.elements.checks.append((a, b))

    def behind(self, index: tuple[Dim, ...], offset: Dim) -> Index:
        return tuple(i + offset if k == self.axis else i for k, i in enumerate(index))

    def beside(self, index: tuple[Dim, ...], k: int) -> Index:
        return (*index[: self.axis], Dim(k), *index[self.axis :])
