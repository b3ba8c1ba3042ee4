"""activity: which variables depend on the inputs asked for (varied) and reach the output (useful).

Only variables that are both get an adjoint or a tangent. The answer is per variable, not per place: a variable that is
active anywhere is active everywhere, which is never wrong and keeps the output even.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from srcad import ir, routines, rules, types
from srcad.errors import Unsupported, no_rule

CUT = frozenset({"srcad.stop_gradient", "srcad.api.stop_gradient"})
SHAPE_ONLY = frozenset(
    "numpy.zeros_like numpy.ones_like numpy.empty_like numpy.shape numpy.ndim numpy.size builtins.len "
    "numpy.iscomplexobj srcad_runtime.zeros_of".split()
)
LIKE = {"srcad_runtime.unbroadcast": 1, "numpy.full_like": 0}  # functions that ask one argument for its shape only
ADD_AT = (ir.Ref("numpy.add.at"), ir.Ref("srcad_runtime.add_at"))
ADD_ITEMS = ir.Ref("srcad_runtime.add_items")
ADDING = (*ADD_AT, ADD_ITEMS)  # calls that add their last argument to what their first holds
SHAPE_ATTRIBUTES = frozenset({"shape", "size", "ndim", "dtype", "itemsize", "nbytes"})


def active(
    body: tuple[ir.Stmt, ...], known: Mapping[str, types.Abstract], inputs: Iterable[str], outputs: Iterable[str]
) -> frozenset[str]:
    """Variables through which derivatives flow from `inputs` to `outputs`."""
    inputs, outputs = set(inputs), set(outputs)
    unread = _unread(body, outputs)
    edges = [(t, s) for target, sources in dependencies(body, unread) for t in target for s in sources]
    floating = {name for name, t in known.items() if _floating(t)}
    forward: dict[str, list[str]] = {}
    backward: dict[str, list[str]] = {}
    for target, source in edges:
        if target in floating and source in floating:
            forward.setdefault(source, []).append(target)
            backward.setdefault(target, []).append(source)
    return frozenset(_reach(inputs, forward, floating) & _reach(outputs, backward, floating))


def varied(body: tuple[ir.Stmt, ...], known: Mapping[str, types.Abstract], inputs: Iterable[str]) -> frozenset[str]:
    """Variables that depend on `inputs`."""
    return active(body, known, inputs, set(known))


def _floating(t: types.Abstract) -> bool:
    return types.is_float(t.element if isinstance(t, types.Seq) else t)


def _reach(start: Iterable[str], edges: dict[str, list[str]], floating: set[str]) -> set[str]:
    found = {name for name in start if name in floating}
    todo = sorted(found)
    while todo:
        for name in edges.get(todo.pop(), ()):
            if name not in found:
                found.add(name)
                todo.append(name)
    return found


def _unread(body: tuple[ir.Stmt, ...], outputs: set[str]) -> set[int]:
    """Assignments, by identity, of values that nobody reads: where they overflow, zero times a slope would be NaN."""
    from srcad.transforms.liveness import Liveness

    liveness = Liveness(reads)
    liveness.block(body, outputs)
    plain = (s for s in ir.walk(body) if isinstance(s, ir.Assign) and routines.called(s) is None)
    return {id(s) for s in plain if not ir.names(s.target) & liveness.found.get(id(s), outputs)}


def dependencies(body: Iterable[Any], left_out: Collection[int] = ()) -> Iterator[tuple[set[str], set[str]]]:
    """(variables written, variables whose values flow into them) for every statement, nested ones included."""
    for stmt in ir.walk(tuple(body)):
        if id(stmt) in left_out:
            continue
        called = routines.called(stmt)
        if called is not None:
            targets = ir.names(stmt.target) if isinstance(stmt, ir.Assign) else set()
            yield targets | routines.written_roots(stmt.value), set().union(*(flowing(a) for a in called[2]))
        elif isinstance(stmt, ir.Assign):
            yield from _assign(stmt)
        elif isinstance(stmt, (ir.Store, ir.Augment)):
            yield {root(stmt.target)}, flowing(stmt.value) | {root(stmt.target)}
        elif isinstance(stmt, ir.Push):
            yield {stmt.stack}, flowing(stmt.value)
        elif isinstance(stmt, ir.Pop) and stmt.target is not None:
            yield {root(stmt.target)}, {stmt.stack}
        elif isinstance(stmt, ir.Do) and isinstance(stmt.value, ir.Call):
            yield from _do(stmt.value)


def _assign(stmt: ir.Assign) -> Iterator[tuple[set[str], set[str]]]:
    if isinstance(stmt.target, ir.Tuple) and isinstance(stmt.value, ir.Tuple):
        for target, value in zip(stmt.target.items, stmt.value.items, strict=True):
            yield ir.names(target), flowing(value)
    else:
        yield ir.names(stmt.target), flowing(stmt.value)


def _do(call: ir.Call) -> Iterator[tuple[set[str], set[str]]]:
    if call.fn in ADDING:
        yield {root(call.args[0])}, {root(call.args[0])} | flowing(call.args[-1])


def reads(code: Any) -> set[str]:
    """Variables that code reads by value: not those of which it asks the shape only. Lists that it changes count."""
    if isinstance(code, ir.Name):
        return {code.id}
    if isinstance(code, ir.Attr) and code.name in SHAPE_ATTRIBUTES:
        return set()
    found = {code.stack} if isinstance(code, (ir.Push, ir.Pop)) else set()
    parts = [] if code is None else list(ir.children(code))
    if isinstance(code, ir.Call) and isinstance(code.fn, ir.Ref):
        if code.fn.path in SHAPE_ONLY:
            return set()
        shape = LIKE.get(code.fn.path)
        parts = [p for p in parts if shape is None or p is not code.args[shape]]
    return found.union(*(reads(part) for part in parts))


def root(place: ir.Expr) -> str:
    """The variable that a place belongs to."""
    while not isinstance(place, ir.Name):
        if isinstance(place, (ir.Index, ir.Attr)):
            place = place.base
        elif isinstance(place, ir.Call) and place.args:
            place = place.args[0]
        else:
            return ""
    return place.id


def flowing(expr: ir.Expr) -> set[str]:
    """Variables that the value of `expr` depends on differentiably: not through indices, shapes, tests or constants."""
    if isinstance(expr, ir.Name):
        return {expr.id}
    if isinstance(expr, ir.Index):
        return flowing(expr.base)
    if isinstance(expr, ir.Binary):
        return set() if expr.op in ("//", "&", "|", "^", "<<", ">>") else flowing(expr.left) | flowing(expr.right)
    if isinstance(expr, ir.Unary):
        return flowing(expr.operand) if expr.op in "+-" else set()
    if isinstance(expr, ir.Attr):
        return set() if expr.name in SHAPE_ATTRIBUTES else flowing(expr.base)
    if isinstance(expr, (ir.Tuple, ir.List)):
        return set().union(*(flowing(item) for item in expr.items))
    if isinstance(expr, ir.Call):
        return _flowing_call(expr)
    return set()


def _flowing_call(expr: ir.Call) -> set[str]:
    path = expr.fn.path if isinstance(expr.fn, ir.Ref) else ""
    if path in CUT or path in SHAPE_ONLY:
        return set()
    rule = find_rule(expr)
    if rule is not None and rule.constant and not rule.fixed:
        return set()
    if rule is None or rule.fixed:
        return set().union(*(flowing(a) for a in (*expr.args, *(v for _, v in expr.kwargs))))
    bound = rule.bind(expr.args, {k: v for k, v in expr.kwargs if k is not None})
    if _is_whole(bound.get("dtype")):
        return set()
    return set().union(*(flowing_value(v) for name, v in bound.items() if name not in rule.inert))


def _is_whole(dtype: Any) -> bool:
    """Whether a type asked for is one of integers or truth values, which have no derivative."""
    named = dtype.obj if isinstance(dtype, ir.Ref) else dtype.value if isinstance(dtype, ir.Const) else dtype
    if named is None or ir.is_node(named):
        return False
    try:
        return np.dtype(named).kind in "biu"
    except TypeError:
        return False


def flowing_value(value: Any) -> set[str]:
    """As `flowing`, of an argument bound by a rule: an expression, several (``*operands``), or a default."""
    if isinstance(value, tuple):
        return set().union(*(flowing_value(v) for v in value))
    return flowing(value) if ir.is_node(value) else set()


def rule_of(expr: ir.Call, loc: ir.Loc | None, of: Callable[[ir.Expr], types.Abstract]) -> rules.RuleSet:
    """The rule of a call that is to be differentiated; of: the type of an argument.

    Raises:
        Unsupported: there is none, or it is one of real numbers and the call has complex ones.
    """
    assert isinstance(expr.fn, ir.Ref)
    found = find_rule(expr)
    if found is None:
        raise no_rule(expr.fn.path, expr.loc or loc)
    if found.refusal:
        reason, hint = found.refusal
        raise Unsupported(f"cannot differentiate {reason}", expr.loc or loc, hint)
    if found.fixed:
        raise Unsupported(f"cannot differentiate {found.path} by its arguments", expr.loc or loc, found.fixed)
    if "c" not in found.kinds and found.path.startswith(OF_LIBRARIES) and any(_complex(a, of) for a in expr.args):
        hint = "Compute it of real and imaginary parts."
        raise Unsupported(f"cannot differentiate {found.path} of complex numbers", expr.loc or loc, hint)
    return found


OF_LIBRARIES = ("numpy.", "scipy.", "math.", "builtins.", "operator.")


def _complex(arg: ir.Expr, of: Callable[[ir.Expr], types.Abstract]) -> bool:
    if isinstance(arg, (ir.Tuple, ir.List)):
        return any(_complex(item, of) for item in arg.items)
    return types.is_complex(of(arg))


def find_rule(expr: ir.Call) -> rules.RuleSet | None:
    assert isinstance(expr.fn, ir.Ref)
    found = rules.lookup(expr.fn.path)
    if found is None and expr.fn.obj is not None:
        found = rules.lookup_object(expr.fn.obj)
    return found
