"""Adjoints on their way from an expression to its variables, and the names of their parts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from srcad import ir, types
from srcad.algebra import slice_value
from srcad.errors import Unsupported
from srcad.expressions import Masks
from srcad.facts import Shapes
from srcad.naming import Names
from srcad.transforms import activity
from srcad.types import Num


class Hoist(Exception):
    """`expr`, a part of the statement, is needed by value: compute it first, under a name like `base`."""

    def __init__(self, expr: ir.Expr, base: str = "t") -> None:
        super().__init__(expr)
        self.expr, self.base = expr, base


@dataclass(frozen=True)
class Contribution:
    """``place_bar += value``.

    whole: value has the place's full shape. repeated: an index may name elements twice.
    """

    place: ir.Expr
    value: ir.Expr
    whole: bool = True
    repeated: bool = False

    @property
    def name(self) -> str:
        return activity.root(self.place)


@dataclass(frozen=True)
class Cotangent:
    """An adjoint on its way down: its expression and type, and masks to be applied before it is added to anything.

    lazy: it may lack axes of its node, along which it is constant. over: it may have axes that its node was broadcast
    along, still to be summed (when that can be told only at run time, at the variable where it ends).
    """

    expr: ir.Expr
    type: Num
    masks: Masks = ()
    lazy: bool = False
    over: bool = False


class Pool:
    """Names for parts of adjoints, each for values of one dtype and rank; a statement gets them anew."""

    def __init__(self, names: Names, shapes: Shapes) -> None:
        self.names, self.shapes = names, shapes
        self.made: list[tuple[str, object]] = []
        self.used: set[str] = set()

    def restart(self) -> None:
        self.used = set()

    def parts(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.made)

    def take(self, kind: Num) -> str:
        form = (kind.dtype, None if kind.dims is None else len(kind.dims))
        for name, own in self.made:
            if own == form and name not in self.used:
                self.used.add(name)
                self.shapes.types[name] = kind
                return name
        name = self.names.numbered("g")
        self.made.append((name, form))
        self.used.add(name)
        self.shapes.types[name] = kind
        return name


class TooLarge(Unsupported):
    """A statement whose adjoint needs a value that cannot be named before it."""


def bar_type(kind: Any) -> Any:
    if isinstance(kind, types.Seq):
        return replace(kind, own=True)
    return replace(kind, number=None) if hasattr(kind, "number") else kind


def key_of(place: ir.Index) -> ir.Expr:
    """An index as one value: ``x[i, 1:]`` is indexed by ``(i, slice(1, None))``."""
    items = tuple(slice_value(i) if isinstance(i, ir.Slice) else i for i in place.items)
    return items[0] if len(items) == 1 else ir.Tuple(items)
