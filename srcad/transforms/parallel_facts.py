"""What the parts of `parallel_races` have in common: what is known where a loop stands, and what is in its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from srcad import bounds, ir, types
from srcad.dims import Dim, dim_expr
from srcad.program import Program
from srcad.transforms import alias
from srcad.transforms.loops_memory import Memory
from srcad.types import Abstract, Num

FRESH = frozenset(f"numpy.{name}" for name in "empty zeros ones full copy empty_like zeros_like ones_like".split())
# the same elements, in another form: a view, or a copy
TURNED = frozenset(f"numpy.{name}" for name in "reshape transpose expand_dims broadcast_to".split())
BLAS = ("float32", "float64", "complex64", "complex128")


class Serial(Exception):
    """Why a loop's iterations must follow one another."""


@dataclass(frozen=True)
class Context:
    """What is known where a loop stands.

    fresh: variables that hold memory no other one refers to. live: variables read behind the loop, or in the next
    iteration of one around it. ranges: first and last values of the counters around. whole: arrays in one piece. rooms:
    arrays that each iteration fills before it reads them, and that nothing else mentions, and what makes them. asks:
    whether the numbers of an array may be looked at before the loop. multiplies: whether iterations may call BLAS.
    """

    types: dict[str, Abstract]
    memory: Memory
    fresh: Set[str]
    live: Set[str]
    ranges: bounds.Ranges
    whole: Set[str]
    rooms: Mapping[str, ir.Call] = field(default_factory=dict)
    asks: bool = False
    multiplies: bool = False

    def is_array(self, name: str) -> bool:
        return self.memory.is_array(name)


def bound_in(body: Sequence[ir.Stmt]) -> set[str]:
    """Variables that a body sets."""
    return set().union(*map(_bound, body))


@ir.kept
def _bound(stmt: ir.Stmt) -> frozenset[str]:
    return frozenset(name for node in ir.walk(stmt) for name in set_by(node))


def set_by(node: Any) -> set[str]:
    """Variables that a statement itself sets, not those within it."""
    if isinstance(node, (ir.Assign, ir.For)):
        return ir.names(node.target)
    return {node.target.id} if isinstance(node, (ir.Augment, ir.Pop)) and isinstance(node.target, ir.Name) else set()


def is_number(t: Abstract | None) -> bool:
    """Whether elements of this type can be summed up: integers, and floating ones."""
    return isinstance(t, Num) and t.dims is not None and t.dtype is not None and t.dtype != "bool"


def is_product(expr: Any, kinds: Mapping[str, Abstract]) -> bool:
    """Whether it is ``a @ b`` of vectors or matrices for BLAS."""
    if not isinstance(expr, ir.Binary) or expr.op != "@":
        return False
    left, right = (types.infer(e, kinds) for e in (expr.left, expr.right))
    known = [k for k in (left, right) if isinstance(k, Num) and k.dims is not None and len(k.dims) in (1, 2)]
    return len(known) == 2 and known[0].dtype == known[1].dtype and known[0].dtype in BLAS


def in_one_piece(program: Program) -> set[str]:
    """Arrays that were allocated, wherever they are set: they are contiguous, in C order."""
    # arguments are in one piece, too, and copied before they are written into
    inputs = {i.name for i in program.inputs if i.origin != "kept"}
    found: dict[str, bool] = {}
    for node in ir.walk(program.body):
        for target, value in alias.assignments(node):
            path = value.fn.path if isinstance(value, ir.Call) and isinstance(value.fn, ir.Ref) else ""
            copied = path == "numpy.copy" and ir.names(value) <= inputs
            found[target] = found.get(target, True) and (copied or path in _CONTIGUOUS)
    return {name for name, new in found.items() if new}


def as_allocated(program: Program, rebound: Set[str]) -> dict[str, Abstract]:
    """Types of arrays that one statement makes, by a shape or as a product, whose extents are at least these.

    rebound: variables that are not what they are throughout.
    """
    found: dict[str, Abstract] = {}
    prover = bounds.Prover(program)
    nodes = list(ir.walk(program.body))
    counts = Counter(name for node in nodes for name in set_by(node))
    counts.update(i.name for i in program.inputs)
    rebound = rebound | {name for node in nodes if isinstance(node, ir.For) for name in ir.names(node.target)}
    for node in nodes:
        for target, value in alias.assignments(node):
            kind = prover.shapes.types.get(target)
            if counts[target] > 1 or not isinstance(kind, Num) or not any(map(_is_told_late, kind.dims or ())):
                continue
            dims = _made(value, found, prover, rebound)
            if dims is not None and len(dims) == len(kind.dims or ()):
                found[target] = replace(kind, dims=dims)
    return found


def _made(
    value: ir.Expr, found: Mapping[str, Abstract], prover: bounds.Prover, rebound: Set[str]
) -> tuple[Dim | None, ...] | None:
    """The extents of a new array, where they are the same whenever it is made."""
    if is_product(value, prover.shapes.types):
        kind = prover.shapes.of(value)
        dims = kind.dims if isinstance(kind, Num) else None
        return None if dims is None else tuple(None if d is None or _varies(d, rebound) else d for d in dims)
    shape = _shape(value)
    if isinstance(shape, ir.Attr) and isinstance(shape.base, ir.Name):
        name = shape.base.id
        like = found.get(name) or (None if name in rebound else prover.shapes.types.get(name))
        return like.dims if isinstance(like, Num) and not any(map(_is_told_late, like.dims or ())) else None
    if shape is None or ir.names(shape) & rebound:
        return None
    extents = shape.items if isinstance(shape, ir.Tuple) else (shape,)
    dims = tuple(prover.number(_unclipped(extent)) for extent in extents)
    return None if None in dims else dims


def _varies(dim: Dim, rebound: Set[str]) -> bool:
    return bool(ir.names(dim_expr(dim)) & rebound)


def _is_told_late(dim: Dim | None) -> bool:
    """Whether an extent is known by an array that is made on the way at most: ``y.shape[-1]``."""
    return dim is None or any("[-" in name for name in dim.symbols)


def _shape(value: ir.Expr) -> ir.Expr | None:
    """The shape that an array is made by, or has from another one."""
    path = value.fn.path if isinstance(value, ir.Call) and isinstance(value.fn, ir.Ref) else ""
    if not isinstance(value, ir.Call) or not value.args:
        return None
    if path == "numpy.reshape":
        like = value.args[1] if len(value.args) > 1 else None
        return like if isinstance(like, ir.Attr) and like.name == "shape" else None
    return value.args[0] if path in _CONTIGUOUS else None


def _unclipped(extent: ir.Expr) -> ir.Expr:
    """``n`` of ``max(n, 0)``."""
    match extent:
        case ir.Call(ir.Ref("builtins.max"), (inner, ir.Const(0))):
            return inner
    return extent


_CONTIGUOUS = ("numpy.empty", "numpy.zeros", "numpy.ones", "numpy.full")
