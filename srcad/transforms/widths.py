"""widths: compiled arithmetic of integers narrower than 64 bits (pixels, labels) wraps where NumPy's wraps.

Compiled code computes with 64 bits. Before: ``x * (k * 2)``. After: ``x * np.uint8(k * 2)``. Python's integers are
checked to fit beside narrow ones, as NumPy does. What cannot be told is refused: one variable of two widths, functions
that compute with narrow integers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from srcad import ir, types
from srcad.errors import Unsupported
from srcad.program import Program
from srcad.types import Num, is_narrow

ASTYPE = "srcad_runtime.astype"
_ARITHMETIC = frozenset(
    f"numpy.{name}"
    for name in "abs absolute add subtract multiply negative positive square power floor_divide remainder mod fmod "
    "left_shift right_shift bitwise_and bitwise_or bitwise_xor invert bitwise_not diff dot outer inner vdot tensordot "
    "einsum matmul cross kron convolve trace".split()
) | {"builtins.abs", "builtins.pow"}  # sums and products with 64 bits are right in their last 8, 16 or 32
_MOVING = frozenset(
    f"numpy.{name}"
    for name in "arange append array asarray ascontiguousarray atleast_1d atleast_2d atleast_3d broadcast_to clip "
    "concatenate copy diag diagonal empty empty_like expand_dims eye flip fliplr flipud full full_like hstack identity "
    "insert delete max maximum min minimum amax amin moveaxis ones ones_like partition permute_dims ravel repeat "
    "reshape roll rot90 sort squeeze stack swapaxes take take_along_axis tile transpose tril triu unique vstack where "
    "zeros zeros_like bincount compress extract column_stack dstack sum prod cumsum cumprod "
    "int8 int16 int32 uint8 uint16 uint32 uint64 uintp intc".split()
) | {"builtins.max", "builtins.min", ASTYPE}
_VALUES = {  # of what moves numbers: where in the arguments numbers begin
    **dict.fromkeys("maximum minimum clip int8 int16 int32 uint8 uint16 uint32 uint64 uintp intc".split(), 0),
    **dict.fromkeys("append full full_like where".split(), 1),
    "insert": 2,
}
HALF = "Numba does not compute with half precision, which this is in NumPy"
_HALF = "Convert first, with astype(float)."
_HINT = "Convert first, with astype(np.int64) or int()."


def widths(program: Program) -> Program:
    """The program, which is to be compiled, with narrow integer arithmetic brought back to its width.

    Raises:
        Unsupported: compiled code would compute something else.
    """
    if not any(is_narrow(t) for t in program.types.values()) and not _makes_narrow(program.body):
        _refuse_half(program)
        return program
    known = {**program.types, **_narrowed(program)}
    program = replace(program, types=known)
    work = _Widths(dict(known), _either(program))
    return replace(
        program, body=ir.transform(program.body, work.node), results=ir.transform(program.results, work.node)
    )


def _refuse_half(program: Program) -> None:
    """Functions of truth values are half precision in NumPy: ``np.sin(x > 0.5)``."""
    for node in ir.walk((program.body, program.results)):
        path = node.fn.path if isinstance(node, ir.Call) and isinstance(node.fn, ir.Ref) else ""
        if path.startswith("numpy.") and path not in _MOVING and node.args:
            kind = types.infer(node, program.types, [])
            if isinstance(kind, Num) and kind.dtype == "float16":
                raise Unsupported(HALF, node.loc, _HALF)


def fits(expr: ir.Expr, dtype: str) -> ir.Call:
    """An integer with a check that it is one of `dtype`'s (of those that 64 bits hold)."""
    limits = np.iinfo(dtype)
    bounds = (int(limits.min), min(int(limits.max), 2**63 - 1))
    return ir.call("srcad_runtime.kernels.fitting", expr, *map(ir.Const, bounds))


def _makes_narrow(body: tuple[ir.Stmt, ...]) -> bool:
    return any(
        isinstance(n, ir.Ref) and n.path.startswith(("numpy.int", "numpy.uint")) and n.path != "numpy.int64"
        for n in ir.walk(body)
    )


def _either(program: Program) -> set[str]:
    """Integers that are Python's on some paths, and NumPy's with 64 bits on others."""
    known = dict(program.types)
    wide = {name for name, t in known.items() if types.is_scalar(t) and isinstance(t, Num) and _is_wide(t)}
    stmts = [n for n in ir.walk(program.body) if isinstance(n, (ir.Assign, ir.Augment))]
    values = [(n.target.id, n.value) for n in stmts if isinstance(n.target, ir.Name) and n.target.id in wide]
    found = {name for name, value in values if _is_python(types.infer(value, known, []))}
    while new := {name for name, value in values if name not in found and ir.names(value) & found}:
        found |= new
    return found


def _is_wide(t: Num) -> bool:
    return t.dtype == "int64" and not t.weak


def _narrowed(program: Program) -> dict[str, types.Abstract]:
    """Counts of Python's that become narrow (``n = 0``, ``n = n + labels[i]``) are narrow from the beginning."""
    either = _either(program)
    if not either:
        return {}
    known = dict(program.types)
    found: dict[str, types.Abstract] = {}
    for name in sorted(either - {i.name for i in program.inputs}):
        own = [_assigned(n) for n in _settings(program, name)]
        inner = {t.dtype for v in own for e in ir.walk(v) if is_narrow(t := _kind(e, known)) and isinstance(t, Num)}
        for dtype in sorted(d for d in inner if d is not None):
            narrow = Num(dtype)
            kinds = [types.infer(v, {**known, **found, name: narrow}, []) for v in own]
            fits_all = all(_is_python(k) or isinstance(k, Num) and is_narrow(k) and k.dtype == dtype for k in kinds)
            if fits_all and not _computed_with(program, name, {**known, name: narrow}):
                found[name] = narrow
    return found


def _computed_with(program: Program, name: str, known: dict[str, types.Abstract]) -> bool:
    """Whether a count goes into other integers: they would be Python's where its loop does not run."""
    own = {id(n) for s in _settings(program, name) for n in ir.walk((s,))}
    return any(
        id(n) not in own and isinstance(n, (ir.Binary, ir.Unary, ir.Call)) and name in ir.names(n)
        and is_narrow(_kind(n, known))
        for n in ir.walk((*program.body, *program.results))
    )  # fmt: skip


def _settings(program: Program, name: str) -> list[Any]:
    stmts = [n for n in ir.walk(program.body) if isinstance(n, (ir.Assign, ir.Augment))]
    return [n for n in stmts if isinstance(n.target, ir.Name) and n.target.id == name]


def _assigned(stmt: ir.Assign | ir.Augment) -> ir.Expr:
    return stmt.value if isinstance(stmt, ir.Assign) else ir.Binary(stmt.op, stmt.target, stmt.value)


def _kind(node: Any, known: dict[str, types.Abstract]) -> types.Abstract:
    return types.infer(node, known, []) if ir.is_node(node) and not isinstance(node, ir.Slice) else types.UNKNOWN


def _is_python(t: types.Abstract) -> bool:
    return types.is_integer(t) and isinstance(t, Num) and t.weak


class _Widths:
    def __init__(self, known: dict[str, types.Abstract], either: set[str]) -> None:
        self.known, self.either = known, either

    def type_of(self, expr: ir.Expr) -> types.Abstract:
        return types.infer(expr, self.known, [])

    def node(self, node: Any) -> Any:
        if isinstance(node, ir.Binary):
            return self.binary(node)
        if isinstance(node, ir.Unary):
            return self.closed(node, self.type_of(node)) if node.op in "-~" else node
        if isinstance(node, ir.Call):
            return self.call(node)
        if isinstance(node, (ir.Assign, ir.Augment)) and isinstance(node.target, ir.Name):
            return self.assigned(node)
        if isinstance(node, (ir.Assign, ir.Store, ir.Augment)) and isinstance(node.target, ir.Index):
            return self.stored(node)
        return node

    def binary(self, node: ir.Binary) -> ir.Expr:
        kind = self.type_of(node)
        if not is_narrow(kind):
            self.refuse_either(node)
            return node
        return self.closed(
            replace(node, left=self.fitting(node.left, kind), right=self.fitting(node.right, kind)), kind
        )

    def refuse_either(self, node: ir.Binary) -> None:
        """``n + k`` of a narrow k: narrow where n is Python's, wide where it is NumPy's."""
        kinds = [self.type_of(e) for e in (node.left, node.right)]
        if any(map(is_narrow, kinds)) and ir.names(node) & self.either:
            name = min(ir.names(node) & self.either)
            raise Unsupported(
                f"Numba has one type for `{name}`, which is Python's integer or NumPy's here", node.loc, _HINT
            )

    def closed(self, expr: ir.Expr, kind: types.Abstract) -> ir.Expr:
        if not is_narrow(kind):
            return expr
        assert isinstance(kind, Num)
        return ir.Call(ir.Ref(ASTYPE), (expr, ir.Ref(f"numpy.{kind.dtype}")), loc=getattr(expr, "loc", None))

    def fitting(self, expr: ir.Expr, kind: types.Abstract) -> ir.Expr:
        """One of Python's integers beside narrow ones, checked: NumPy raises where it does not fit."""
        if not is_narrow(kind) or not _is_python(self.type_of(expr)):
            return expr
        assert isinstance(kind, Num) and kind.dtype is not None
        limits = np.iinfo(kind.dtype)
        if isinstance(expr, ir.Const) and limits.min <= expr.value <= limits.max:
            return self.closed(expr, kind) if kind.dtype == "uint64" else expr
        checked = fits(expr, kind.dtype)
        return self.closed(checked, kind) if kind.dtype == "uint64" else checked

    def call(self, node: ir.Call) -> ir.Expr:
        kind, path = self.type_of(node), node.fn.path if isinstance(node.fn, ir.Ref) else ""
        if path == "builtins.range":
            return replace(node, args=tuple(map(self.widened, node.args)))
        if path in ("builtins.int", "builtins.round", "math.floor", "math.ceil", "math.trunc"):
            return replace(node, args=(*map(self.widened, node.args[:1]), *node.args[1:]))
        if isinstance(kind, Num) and kind.dtype == "float16":
            raise Unsupported(HALF, node.loc, _HALF)
        if not is_narrow(kind):
            return node
        if path in _MOVING:
            return replace(node, args=self.values(path, node.args, kind))
        if path in _ARITHMETIC and not node.kwargs:
            return self.closed(replace(node, args=tuple(self.fitting(a, kind) for a in node.args)), kind)
        name = path.rpartition(".")[2] or "this function"
        raise Unsupported(f"Numba does not compute {name} of narrow integers as NumPy does", node.loc, _HINT)

    def values(self, path: str, args: tuple[ir.Expr, ...], kind: types.Abstract) -> tuple[ir.Expr, ...]:
        """The arguments of what moves numbers; Python's among them, with a check that they fit."""
        if path in ("numpy.array", "numpy.asarray"):
            return (self.items(args[0], kind), *args[1:])
        first = _VALUES.get(path.removeprefix("numpy."), len(args))
        return (*args[:first], *(self.fitting(a, kind) for a in args[first:]))

    def items(self, expr: ir.Expr, kind: types.Abstract) -> ir.Expr:
        if isinstance(expr, (ir.List, ir.Tuple)):
            return replace(expr, items=tuple(self.items(item, kind) for item in expr.items))
        return self.fitting(expr, kind)

    def widened(self, expr: ir.Expr) -> ir.Expr:
        """A narrow integer with 64 bits, which compiled code's ``int`` would leave as it is."""
        own = self.type_of(expr)
        return ir.call("srcad_runtime.kernels.wide", expr) if is_narrow(own) and types.is_scalar(own) else expr

    def assigned(self, stmt: ir.Assign | ir.Augment) -> ir.Stmt:
        """A variable has one width; ``k += 1`` of a narrow number wraps, too."""
        assert isinstance(stmt.target, ir.Name)
        own = self.known.get(stmt.target.id, types.UNKNOWN)
        full = stmt.value if isinstance(stmt, ir.Assign) else ir.Binary(stmt.op, stmt.target, stmt.value, loc=stmt.loc)
        new = self.type_of(full)
        if types.is_scalar(own) and is_narrow(own) and _is_python(new) and isinstance(stmt, ir.Assign):
            return replace(stmt, value=self.closed(self.fitting(stmt.value, own), own))
        if not types.is_scalar(own) or not is_narrow(new):
            return stmt
        if not is_narrow(own) or not isinstance(own, Num) or not isinstance(new, Num) or own.dtype != new.dtype:
            of = new.dtype if isinstance(new, Num) else "this type"
            reason = f"Numba has one type for `{stmt.target.id}`, which is {of} here, and another elsewhere"
            raise Unsupported(reason, stmt.loc, _HINT)
        return stmt if isinstance(stmt, ir.Assign) else ir.Assign(stmt.target, self.node(full), loc=stmt.loc)

    def stored(self, stmt: ir.Assign | ir.Store | ir.Augment) -> ir.Stmt:
        """A write into a narrow array; ``k[:] *= 2`` as an assignment, since Numba would make an array of 64 bits."""
        kind = self.type_of(stmt.target)
        if (
            isinstance(stmt, ir.Augment)
            and isinstance(stmt.target, ir.Index)
            and types.is_array(kind)
            and is_narrow(kind)
        ):
            return ir.Store(stmt.target, self.binary(ir.Binary(stmt.op, stmt.target, stmt.value)), loc=stmt.loc)
        return replace(stmt, value=self.fitting(stmt.value, kind))
