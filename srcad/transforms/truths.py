"""truths: what Numba makes numbers of, where NumPy keeps truth values or raises, is refused for it.

``np.True_ + np.True_`` is True, and beside float32 a truth value leaves float32. Compiled, the name has one type, that
of the number: the sum would be 2. The same holds for Python's own True beside one of NumPy's. Differences of truth
values, and their negatives, raise in NumPy; compiled, they are numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from srcad import calls, ir, promotion
from srcad.errors import Unsupported
from srcad.program import Program
from srcad.types import Abstract, Num, Seq, infer

REASON = "Numba cannot compile a name that holds a truth value in one place and a number in another"
WAY_OUT = 'Use backend="numpy", or make it a number: 1.0 if x > 0.0 else 0.0.'


def refuse_as_numbers(program: Program) -> None:
    """``(x > 1) - (x > 2)``, ``-(x > 1)`` and whatever else NumPy does not do with truth values."""
    for node in ir.walk((program.body, program.results)):
        function, operands = _elementwise(node)
        kinds = [promotion.as_number(infer(e, program.types)) for e in operands]
        if function is None or any(k is None or k.dtype != "bool" for k in kinds):
            continue
        if (all(k.weak for k in kinds if k) and not isinstance(node, ir.Call)) or _takes(function, len(kinds)):
            continue
        reason = f"Numba does not refuse np.{function.__name__} of truth values, for which NumPy raises"
        raise Unsupported(reason, getattr(node, "loc", None), "Use `^` or `~`, or make numbers of them with np.where.")


def _elementwise(node: Any) -> tuple[np.ufunc | None, tuple[ir.Expr, ...]]:
    """The function of NumPy's that an expression or a statement stands for, and what it is a function of."""
    match node:
        case ir.Binary(op, left, right) if op in promotion.UFUNCS:
            return promotion.UFUNCS[op], (left, right)
        case ir.Augment(target, op, value) if op in promotion.UFUNCS:
            return promotion.UFUNCS[op], (target, value)
        case ir.Unary(op, operand) if op in _UNARY:
            return _UNARY[op], (operand,)
        case ir.Call(ir.Ref(path), args, ()) if path.startswith("numpy."):
            function = calls.find(path)
            if isinstance(function, np.ufunc) and function.nin == len(args) and function.signature is None:
                return function, args
    return None, ()


_UNARY: dict[str, np.ufunc] = {"-": np.negative, "+": np.positive}


def _takes(function: np.ufunc, count: int) -> bool:
    """Whether NumPy has this function of truth values."""
    try:
        function.resolve_dtypes((np.dtype(bool),) * count + (None,) * function.nout)
    except TypeError:
        return False
    return True


def refuse_beside_numbers(program: Program) -> None:
    mixed = [node for node in ir.walk(program.body) if _is_mixed(node, program.types)]
    counted = _counted(program) if mixed else set()
    for node in mixed:
        if not isinstance(node, ir.Assign) or ir.names(node.target) & counted:
            raise Unsupported(REASON, node.loc, WAY_OUT)


def _is_mixed(node: Any, types: Mapping[str, Abstract]) -> bool:
    """Whether a truth value is given to what also holds numbers."""
    for holder, value in _held(node, types):
        kinds = [holder, *(infer(v, types) for v in _alternatives(value))]
        if any(map(_is_truth, kinds)) and any(map(_is_number, kinds)):
            return True
    return False


def _counted(program: Program) -> set[str]:
    """Names that are not only tested: what they hold, or their copies do, goes into sums, calls, lists, or results."""
    found, copies = set(ir.names(program.results)), []
    records = {(n.stack, n.target) for n in ir.walk(program.body) if isinstance(n, ir.Pop)}  # given back to the name
    for node in ir.walk(program.body):
        if isinstance(node, ir.Push) and (node.stack, node.value) in records:
            continue
        if isinstance(node, ir.Binary) and isinstance(node.right, ir.Const) and node.right.kind == "int":
            continue  # a number in either case
        if isinstance(node, _USES) or isinstance(node, ir.Unary) and node.op != "not":
            found |= {child.id for child in ir.children(node) if isinstance(child, ir.Name)}
        elif isinstance(node, ir.Assign) and isinstance(node.value, ir.Name):
            copies.append((ir.names(node.target), node.value.id))
    for _ in copies:
        found |= {name for targets, name in copies if targets & found}
    return found


_USES = (ir.Binary, ir.Augment, ir.Call, ir.Tuple, ir.List, ir.Push, ir.IfExp)


def _held(node: Any, types: Mapping[str, Abstract]) -> Iterator[tuple[Abstract | None, ir.Expr]]:
    """The type of what a statement gives a value to, and the value where it may be a truth value."""
    if isinstance(node, ir.Assign) and isinstance(node.target, ir.Name):
        holder, value = types.get(node.target.id), node.value
    elif isinstance(node, ir.Push):
        stack, value = types.get(node.stack), node.value
        holder = stack.element if isinstance(stack, Seq) else None
    elif isinstance(node, ir.IfExp):
        holder, value = None, node
    else:
        return
    if not isinstance(value, ir.Binary):
        yield holder, value


def _alternatives(value: ir.Expr) -> Iterator[ir.Expr]:
    """The expressions one of which an expression gives as it is."""
    match value:
        case ir.IfExp(_, body, orelse):
            yield from (*_alternatives(body), *_alternatives(orelse))
        case ir.BoolOp(items=items):
            for item in items:
                yield from _alternatives(item)
        case _:
            yield value


def _is_truth(kind: Abstract | None) -> bool:
    return isinstance(kind, Num) and kind.dims == () and kind.dtype == "bool"


def _is_number(kind: Abstract | None) -> bool:
    return isinstance(kind, Num) and kind.dims == () and kind.dtype != "bool"
