"""Single statements as nests: assignments of arrays and of what is reduced from them."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from srcad import ir
from srcad.facts import found_equal
from srcad.transforms import alias, loops_joins, loops_reductions, loops_unchecked, loops_writes
from srcad.transforms.loops_elements import DTYPES
from srcad.transforms.loops_expand import expanded
from srcad.transforms.loops_extents import Dims, Stay
from srcad.transforms.loops_nests import Cell, Plain
from srcad.transforms.loops_room import Room, refused
from srcad.types import Num

KEPT = frozenset({"numpy.empty", "numpy.empty_like"})
FRESH = KEPT | {"numpy.dot", "numpy.matmul", "numpy.linalg.solve", "numpy.linalg.inv"}  # their values are nobody else's


def attempt(room: Room, stmt: ir.Stmt) -> None:
    """Write loops for a statement; leave it alone where that fails."""
    with contextlib.suppress(Stay):  # an extent that has no name here: Numba makes the array, and raises
        for extent in loops_unchecked.maybe_negative(stmt, room.extents):
            test = ir.Compare(("<",), (room.extents.spelt(extent), ir.Const(0)))
            room.items += [Plain(s, room.note) for s in refused(test, "negative dimensions are not allowed")]
            room.extents.least[extent] = 0
        for extent, count in loops_unchecked.too_far_back(stmt, room.extents):
            test = ir.Compare(("<",), (room.extents.extent(extent), ir.Const(count)))
            room.items += [Plain(s, room.note) for s in refused(test, "an index is out of range")]
            room.extents.least[extent] = count
    mark = room.mark()
    try:
        if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name):
            return assign(room, stmt)
        if isinstance(stmt, (ir.Store, ir.Augment)):
            return write(room, stmt)
    except Stay:
        room.undo(mark)
    room.keep(stmt)


def write(room: Room, stmt: ir.Store | ir.Augment) -> None:
    """A write into an array, or ``s += e`` of a number."""
    if room.extents.of(stmt.target).dims == ():
        room.keep(replace(stmt, value=inner(room, stmt.value)))
    elif isinstance(stmt.target, ir.Name):
        loops_writes.store(room, replace(stmt, target=ir.Index(stmt.target, (ir.ELLIPSIS,))))
    else:
        loops_writes.store(room, stmt)


def assign(room: Room, stmt: ir.Assign) -> None:
    assert isinstance(stmt.target, ir.Name)
    if not isinstance(room.extents.known.get(stmt.target.id), Num):
        raise Stay
    kind = room.extents.of(stmt.value)
    if kind.dims is None or kind.dtype not in DTYPES:
        raise Stay
    if stmt.value == ir.call("numpy.copy", stmt.target):
        room.keep(stmt)
        room.owned.add(stmt.target.id)
        return
    target = stmt.target
    read = target.id in ir.names(stmt.value)
    if read and overwritten(room, target, stmt.value, kind):
        return
    if read or measures(room, target.id, stmt.value):
        target = ir.Name(room.names.fresh(f"{target.id}_new"))
        room.extents.declare(target.id, kind, room.extents.assumed_dims(stmt.value))
    dims = made(room, target, stmt.value, kind)
    if dims is None:
        room.keep(replace(stmt, value=parts(room, stmt.value, kind)))
        learn(room, stmt.value)  # behind the product: what its operands are made by may not rely on it
        if _path(stmt.value) in FRESH or isinstance(stmt.value, ir.Binary) and stmt.value.op == "@":
            room.owned.add(stmt.target.id)
        dims = tuple(d for d in kind.dims if d is not None)
        if len(dims) == len(kind.dims):
            room.extents.pin(stmt.target.id, dims)
        return
    if target != stmt.target:
        room.add(Plain(ir.Assign(stmt.target, target, loc=stmt.loc)))
    room.extents.rebind({stmt.target.id})
    room.extents.pin(stmt.target.id, dims)
    room.owned.add(stmt.target.id)


def measures(room: Room, name: str, value: ir.Expr) -> bool:
    """Whether an array in `value` has an extent that is told by the array `name`, which is about to be another one."""
    known = room.extents.known[name]  # as a type: the array itself may not be there yet
    if not (isinstance(known, Num) and known.dims):
        return False
    arrays = [room.extents.of(ir.Name(n)).dims or () for n in ir.names(value)]
    return any(name in ir.names(room.extents.spelt(d)) for dims in arrays for d in dims if d is not None)


def overwritten(room: Room, target: ir.Name, value: ir.Expr, kind: Num) -> bool:
    """``x = f(x)`` in place: x holds an array of this shape that is nobody else's, and is read element by element."""
    old = room.extents.of(target)
    if target.id not in room.owned or not room.memory.is_alone(target.id) or old.dtype != kind.dtype or not old.dims:
        return False
    if is_view(room, value) or _path(value) in KEPT or not loops_reductions.is_elementwise(value):
        return False
    mark, elements = room.mark(), room.elements(target.id)
    view = elements.elementwise(value, kind)
    dims = elements.name(target).dims
    index = room.index(dims)
    place = ir.Index(target, tuple(elements.spelt(i) for i in index))
    fits = view is not None and len(view.dims) == len(dims) and all(map(room.extents.same, dims, view.dims))
    if view is None or not fits or elements.checks or room.memory.overlaps(place, view.at(index), room.fresh_arrays):
        room.undo(mark)
        return False
    room.add(room.nest(elements, dims, [Cell(place, view.at(index))]))
    return True


def made(room: Room, target: ir.Name, value: ir.Expr, kind: Num) -> Dims | None:
    """Nests that compute ``target = value``, and its extents; None where it is to stay a statement."""
    elements = room.elements()
    value = expanded(value, kind, lambda e: simple(room, e), room.extents.of)
    reduction = loops_reductions.recognised(value, elements)
    if reduction is not None:
        reducer = loops_reductions.Reducer(room, elements, reduction, kind)
        (reducer.to_array if reduction.dims else reducer.to_number)(target)
        return reduction.dims
    if not kind.dims:
        return None
    dims = loops_reductions.running(value, target, room, elements, kind)
    if dims is not None:
        return dims
    if is_view(room, value) or _path(value) in KEPT:
        return None
    dims = loops_joins.joined(room, target, value, kind)
    if dims is not None:
        return dims
    view = elements.elementwise(value, kind)
    if view is None:
        return None
    room.add(room.filling(target, view, elements, str(kind.dtype)))
    return view.dims


def learn(room: Room, value: ir.Expr) -> None:
    """Where a product of matrices raises nothing, two extents are equal."""
    call = value.args if isinstance(value, ir.Call) and _path(value) in ("numpy.dot", "numpy.matmul") else ()
    operands = (value.left, value.right) if isinstance(value, ir.Binary) and value.op == "@" else call
    if len(operands) == 2:
        a, b = (room.extents.of(e).dims for e in operands)
        if a and b and len(a) <= 2 and len(b) <= 2 and a[-1] is not None and b[0] is not None:
            room.extents.unite(a[-1], b[0])


def learn_check(room: Room, stmt: ir.If) -> None:
    """Behind ``if a.shape[0] != b.shape[0]: raise ...`` the two are equal."""
    for test in found_equal(stmt):
        a, b = (room.extents.linear(e) for e in test.items)
        if a is not None and b is not None:
            room.extents.unite(a, b)


def is_view(room: Room, value: ir.Expr) -> bool:
    return bool(alias.shares(value, room.extents.assumed)) or isinstance(value, ir.Name)


def parts(room: Room, value: ir.Expr, kind: Num) -> ir.Expr:
    """`value` for a statement that stays: its array arguments that loops can compute come before, under names."""
    if isinstance(value, (ir.IfExp, ir.BoolOp, ir.Lambda)):
        return value
    if not kind.dims:  # not of the whole: that was tried before
        return ir.rebuild(value, lambda node: inner(room, node))
    if isinstance(value, ir.Call) and isinstance(value.fn, ir.Ref):
        return replace(value, args=tuple(named(room, a) for a in value.args))
    if isinstance(value, ir.Binary) and value.op == "@":
        return replace(value, left=named(room, value.left), right=named(room, value.right))
    if isinstance(value, ir.Index) and not isinstance(value.base, ir.Name):
        return replace(value, base=named(room, value.base))
    return value


def simple(room: Room, value: ir.Expr) -> ir.Expr:
    """An expression that may be written twice: a variable or a literal."""
    return value if isinstance(value, (ir.Name, ir.Const)) else room.hoist(value)


def named(room: Room, value: ir.Expr) -> ir.Expr:
    """An argument: a name for what is computed, the expression itself for a variable or a view of one."""
    kind = room.extents.of(value) if ir.is_node(value) and not isinstance(value, ir.Slice) else None
    if (
        not kind
        or not kind.dims
        or kind.dtype not in DTYPES
        or is_view(room, value)
        or isinstance(value, (ir.Tuple, ir.List))
    ):
        return value
    return room.hoist(value)


def inner(room: Room, value: ir.Expr) -> ir.Expr:
    """A number's expression with the reductions in it computed before, under names."""
    if isinstance(value, (ir.IfExp, ir.BoolOp, ir.Lambda)) or not ir.is_node(value):
        return value
    if isinstance(value, (ir.Call, ir.Binary)) and is_reduction(room, value):
        return room.hoist(value)
    return ir.rebuild(value, lambda node: inner(room, node))


def is_reduction(room: Room, value: ir.Call | ir.Binary) -> bool:
    kind = room.extents.of(value)
    operands = value.args if isinstance(value, ir.Call) else (value.left, value.right)
    known = _path(value) in loops_reductions.OPS or _path(value) in loops_reductions.PRODUCTS
    reduces = known or isinstance(value, ir.Binary) and value.op == "@"
    return reduces and kind.dims == () and kind.dtype in DTYPES and any(room.extents.of(e).dims for e in operands)


def _path(value: ir.Expr) -> str:
    return value.fn.path if isinstance(value, ir.Call) and isinstance(value.fn, ir.Ref) else ""
