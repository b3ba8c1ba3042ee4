"""saving: where a value is kept that would be lost, and how it is brought back.

A value saved once gets a name of its own, numbers saved in counted loops an array indexed by the counters, everything
else a list. Arrays that are not written into later are kept as they are, others are copied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from srcad import ir
from srcad.dims import Dim
from srcad.errors import Unsupported
from srcad.transforms import activity
from srcad.transforms.sweep import Sweep
from srcad.types import UNKNOWN, Num, Seq

Stmts = list[ir.Stmt]


@dataclass(frozen=True)
class Saved:
    """What a save keeps: values of this kind from a place (`u`, `u[1:-1]`).

    count: extents of the array that holds them; repeated: whether it is a list that grows in a loop instead.
    copied: whether memory is taken, and not just a name given to an array that stays as it is. name: the variable;
    record: the one that keeps its values; line: of the statement that overwrites it, 0 where that is the loop around.
    """

    place: str
    kind: Num
    count: tuple[ir.Expr, ...] = ()
    repeated: bool = False
    copied: bool = True
    name: str = ""
    line: int = 0
    record: str = ""


@dataclass(frozen=True)
class Around:
    """The loops around a statement, outermost first: (counter, first, count) where counted, None where not.

    counters: those whose values the reverse sweep takes, too.
    """

    loops: tuple[tuple[str, ir.Expr, ir.Expr] | None, ...] = ()
    counters: frozenset[str] = frozenset()


class Saver:
    """Saves and restores of single places, and what they were."""

    def __init__(self, sweep: Sweep, rebound: set[str], written: set[str]) -> None:
        self.sweep, self.names, self.types = sweep, sweep.names, sweep.shapes.types
        self.rebound, self.written = rebound, written  # variables set, and arrays written into, under whatever name
        self.storage: Stmts = []  # to be emitted before the outermost loop at hand
        self.saved: list[Saved] = []
        self.line = 0  # of the statement whose victims are being saved
        self.defined = {i.name for i in sweep.program.inputs}  # variables that certainly have a value at this place
        self.undefined: set[str] = set()  # variables saved where they may not have one yet

    def save_place(
        self, name: str, place: ir.Expr, around: Around, shared: bool, word: str = "saved"
    ) -> tuple[ir.Stmt, ir.Stmt]:
        saved = self.names.fresh(f"{name}_{word}")
        kind = self.sweep.shapes.of(place)
        if name not in self.defined:
            self.undefined.add(name)
        own = self.types.get(name)
        if isinstance(own, Seq) and (isinstance(place, ir.Name) or is_whole(place)):
            return self.save_list(place, saved, own, around)
        value = place if shared else self.owned(place)
        if not around.loops:
            self.types[saved] = kind
            self.remember(name, Saved(_spell(place), kind, copied=kind.dims == () or value != place, record=saved))
            return ir.Assign(ir.Name(saved), value), self.put(place, ir.Name(saved))
        if kind.dims == () and kind.dtype is not None and (spot := self.array_spot(around)) is not None:
            shape, index = spot
            self.types[saved] = Num(kind.dtype, tuple(self.extent(e) for e in shape))
            self.storage.append(ir.Assign(ir.Name(saved), self.empty(shape, name, kind)))
            self.remember(name, Saved(name, kind, count=shape, record=saved))
            return ir.Store(ir.Index(ir.Name(saved), index), place), self.put(place, ir.Index(ir.Name(saved), index))
        self.types[saved] = Seq(kind, stack=True, own=not shared)
        self.storage.append(ir.Assign(ir.Name(saved), ir.List(())))
        copied = kind.dims == () or value != place
        self.remember(name, Saved(_spell(place), kind, repeated=True, copied=copied, record=saved))
        return ir.Push(saved, value), self.popped(place, saved)

    def save_list(self, place: ir.Expr, saved: str, kind: Seq, around: Around) -> tuple[ir.Stmt, ir.Stmt]:
        """A list whose name gets another one is kept as it is: what changes it meanwhile is undone (`shared`).

        Where all its numbers are written anew they are copied, and brought back into the same list.
        """
        repeated, name = bool(around.loops), activity.root(place)
        value: ir.Expr = ir.Name(name)
        if isinstance(place, ir.Index):
            value, place = ir.call("builtins.list", value), ir.Index(value, (ir.Slice(None, None),))
        self.remember(
            name, Saved(name, kind.element if isinstance(kind.element, Num) else UNKNOWN, (), repeated, False)
        )
        if not repeated:
            self.types[saved] = kind
            return ir.Assign(ir.Name(saved), value), self.put(place, ir.Name(saved))
        self.types[saved] = Seq(UNKNOWN, stack=True)
        self.storage.append(ir.Assign(ir.Name(saved), ir.List(())))
        return ir.Push(saved, value), ir.Pop(place, saved)

    def remember(self, name: str, saved: Saved) -> None:
        self.saved.append(replace(saved, name=name, line=self.line))

    def extent(self, expr: ir.Expr) -> Dim | None:
        if isinstance(expr, ir.Call) and expr.fn == ir.Ref("builtins.max"):
            expr = expr.args[0]  # extents are meant clipped at zero
        number = self.sweep.shapes.of(expr).number
        return None if number is None or any(s in self.rebound for s in number.symbols) else number

    def owned(self, place: ir.Expr) -> ir.Expr:
        """The value of a place, kept from what is written later."""
        copied = self.sweep.shapes.of(place).dims != () and self.must_copy(activity.root(place), place)
        if isinstance(place, ir.Index) and is_whole(place):
            place = place.base
        return ir.call("numpy.copy", place) if copied else place

    def popped(self, place: ir.Expr, saved: str) -> ir.Stmt:
        return ir.Pop(place, saved)

    def put(self, place: ir.Expr, value: ir.Expr) -> ir.Stmt:
        return ir.Store(place, value) if isinstance(place, ir.Index) else ir.Assign(place, value)

    def must_copy(self, name: str, place: ir.Expr) -> bool:
        """Whether the array saved could change later: a part of one, or one that is written into under any name."""
        if isinstance(place, ir.Index):
            return True
        return name in self.written

    def empty(self, shape: tuple[ir.Expr, ...], name: str, kind: Num) -> ir.Expr:
        extent = shape[0] if len(shape) == 1 else ir.Tuple(shape)
        own = self.types.get(name)
        if isinstance(own, Num) and own.dims:
            return (
                ir.call("numpy.empty", extent, ir.Attr(ir.Name(name), "dtype"))
                if name in self.inputs()
                else self.typed(extent, kind)
            )
        return self.typed(extent, kind)

    def inputs(self) -> set[str]:
        return {i.name for i in self.sweep.program.inputs}

    def typed(self, extent: ir.Expr, kind: Num) -> ir.Expr:
        held = extent.items if isinstance(extent, ir.Tuple) else (extent,)
        if kind.dtype == "float64" or kind.dtype is None and ir.Const(0) in held:
            return ir.call("numpy.empty", extent)
        if kind.dtype is None:
            raise Unsupported("cannot record an array that holds integers on one path and numbers on another")
        return ir.call("numpy.empty", extent, ir.Ref(f"numpy.{'bool_' if kind.dtype == 'bool' else kind.dtype}"))

    def array_spot(self, around: Around) -> tuple[tuple[ir.Expr, ...], tuple[ir.Expr, ...]] | None:
        """Shape and index of an array that holds one value per iteration of all loops around; None if not counted."""
        shape, index = [], []
        for loop in around.loops:
            if loop is None:
                return None
            counter, first, extent = loop
            shape.append(extent)
            index.append(ir.Name(counter) if first == ir.Const(0) else ir.Binary("-", ir.Name(counter), first))
        return tuple(shape), tuple(index)


def is_whole(place: ir.Expr) -> bool:
    return isinstance(place, ir.Index) and isinstance(place.base, ir.Name) and place.items == (ir.ELLIPSIS,)


def _spell(place: ir.Expr) -> str:
    """The variable or the part of one; ``u[...]`` is all of u, an element stands for its array."""
    from srcad import emit

    whole = isinstance(place, ir.Index) and not any(isinstance(i, ir.Slice) for i in place.items)
    return activity.root(place) if whole else emit.expr(place)
