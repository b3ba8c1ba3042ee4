"""Functions below functools.lru_cache: they are inlined as if there were no cache, so it must not be visible.

A function that reads only what stays and changes nothing gives the same as what the cache kept; what it returns must
not be changed, for the next call gives the same object.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from srcad import ir, scope
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator
from srcad.types import Num, is_scalar
from srcad.values import Closure, Dyn, Known, Ptr, Value

KEPT = ("cached", ())  # where a container was made that a cache holds
_WAY_OUT = "Leave the cache away, or keep results in a dict."
_PLAIN = (bool, int, float, complex, str, type(None))


def _refusal(name: str, why: str, loc: ir.Loc | None) -> Unsupported:
    return Unsupported(f"cannot differentiate {name} with a cache, because {why}", loc, _WAY_OUT)


def call(
    ev: Evaluator,
    function: ir.Function,
    args: list[Value],
    kwargs: dict[str, Value],
    loc: ir.Loc | None,
    closure: Closure | None = None,
) -> Value:
    """A call of a function below a cache. closure: it is a nested one, looked at when it was made."""
    from srcad import eval_functions

    for value in (*args, *kwargs.values()):
        if not _is_fixed(ev, value):
            raise _refusal(function.name, "it is given more than numbers", loc)
    if closure is None:
        _check_body(function, set())
    else:
        _check_variables(ev, closure, loc)
    parent, defaults = (None, None) if closure is None else (closure.frame, dict(closure.defaults))
    ev.cx.within_caches += 1
    try:
        result = eval_functions.call_function(ev, function, args, kwargs, loc, parent, defaults=defaults)
    finally:
        ev.cx.within_caches -= 1
    return _kept(ev, function.name, result, loc)


def check_closure(ev: Evaluator, function: ir.Function, loc: ir.Loc | None) -> None:
    """A nested function below a cache: the variables around it that it reads have one value each."""
    _check_body(function, set())
    around = ev.function or getattr(ev.root, "function", None)
    for name in function.free:
        if name != function.name and not (around is not None and _is_steady(around, name)):
            raise _refusal(function.name, f"it reads {name}, which may change", loc)


def _is_steady(function: ir.Function, name: str) -> bool:
    """Whether a variable holds one number from its only assignment on."""
    nodes = list(ir.walk(function.body))
    if any(isinstance(n, ir.Nonlocal) and name in n.names for n in nodes):
        return False
    loops = [inner for n in nodes if isinstance(n, (ir.For, ir.While)) for inner in (n, *ir.own(n))]
    bound = [n for n in nodes if name in _bound_by(n)]
    if any(n is inner for n in bound for inner in loops):
        return False
    return len(bound) + sum(p.name == name for p in function.params) == 1


def _bound_by(node: Any) -> set[str]:
    """The variables that a node changes: those it assigns, writes into, or names a function."""
    if isinstance(node, ir.Define):
        return {node.function.name}
    targets = [getattr(node, "target", None)]
    if isinstance(node, ir.With):
        targets += [target for _, target in node.items]
    names = {n.id for t in targets if t is not None for n in (t, *ir.walk(t)) if isinstance(n, ir.Name)}
    names |= {node.var} if isinstance(node, ir.Match) else set()
    return names | ({name for name, _ in node.bindings} if isinstance(node, ir.Case) else set())


def _check_body(function: ir.Function, seen: set[int]) -> None:
    """Refuse what has effects, and what reads attributes of objects."""
    own = {p.name for p in function.params}
    nodes = list(ir.walk(function.body))
    for node in nodes:
        own |= {p.name for p in node.params} if isinstance(node, ir.Function) else _bound_by(node)
    for node in nodes:
        why = _visible(node, own - set(function.free))
        if why:
            raise _refusal(function.name, why, getattr(node, "loc", None) or function.loc)
        below = node.obj if isinstance(node, ir.Ref) else None
        if isinstance(below, scope.Target) and id(below) not in seen:
            seen.add(id(below))
            _check_body(below.function, seen)


def _visible(node: Any, own: set[str]) -> str:
    """How a cache would show in what a node does; "" where it does not. own: the function's own variables."""
    if isinstance(node, ir.Nonlocal):
        return "it changes variables outside of it"
    target = getattr(node, "target", None)
    if isinstance(target, (ir.Index, ir.Attr)) and not _is_own(target, own):
        return "it changes a value outside of it"
    if isinstance(node, ir.Do) and not isinstance(node.value, ir.Const):
        method = isinstance(node.value, ir.Call) and isinstance(node.value.fn, ir.Attr)
        if not method or not _is_own(node.value.fn, own):  # type: ignore[union-attr]
            return "it has an effect"
    if isinstance(node, ir.Attr) and not _is_own(node, own):
        return f"it reads the attribute {node.name}, which may change"
    return ""


def _is_own(expr: ir.Expr, own: set[str]) -> bool:
    while isinstance(expr, (ir.Attr, ir.Index)):
        expr = expr.base
    return not isinstance(expr, (ir.Name, ir.Ref)) or isinstance(expr, ir.Name) and expr.id in own


def _check_variables(ev: Evaluator, closure: Closure, loc: ir.Loc | None) -> None:
    """The values that a nested function finds around it: numbers, itself, and arrays that no one writes into."""
    name = closure.function.name
    for free in closure.function.free:
        value = ev.state.frames.get(closure.frame, {}).get(free)
        if isinstance(value, Dyn) and not is_scalar(value.type):
            ev.cx.cached_reads = True
            if ev.cx.writes or ev.cx.inner_writes:
                raise _refusal(name, f"the program writes into arrays, which {free} may be", loc)
        elif not (isinstance(value, Closure) and value.function.cached) and not _is_fixed(ev, value):
            raise _refusal(name, f"it reads {free}, which may change", loc)


def _is_fixed(ev: Evaluator, value: Any) -> bool:
    if isinstance(value, Dyn):
        return is_scalar(value.type)
    if isinstance(value, Known):
        return isinstance(value.value, (*_PLAIN, scope.Target, type))
    if isinstance(value, Ptr):
        box = ev.state.heap[value.id]
        return box.kind in ("tuple", "namedtuple") and all(_is_fixed(ev, item) for item in box.items)
    return False


def _kept(ev: Evaluator, name: str, result: Value, loc: ir.Loc | None) -> Value:
    """The result, marked as one that must not change."""
    if isinstance(result, Ptr):
        box = ev.state.heap[result.id]
        if box.kind not in ("tuple", "namedtuple", "list", "dict"):
            raise _refusal(name, "it returns an object", loc)
        items = tuple(_kept(ev, name, item, loc) for item in box.items)
        ev.state.heap[result.id] = replace(ev.state.heap[result.id], items=items, site=KEPT)
        return result
    if isinstance(result, Dyn) and not is_scalar(result.type):
        ev.cx.cached_arrays = True
        if ev.cx.other_writes or ev.cx.within_caches:
            raise _refusal(name, "it returns an array, and the program writes into arrays", loc)
        result = result if isinstance(result.expr, ir.Name) else ev.temp(name, result, loc)
        ev.cx.from_caches |= ir.names(result.expr)
    elif not isinstance(result, (Dyn, Known)):
        raise _refusal(name, "it returns more than numbers", loc)
    return result


def note_write(ev: Evaluator, root: ir.Expr, loc: ir.Loc | None) -> None:
    """A write into an array, which must be none that a cache keeps or has seen."""
    kept = not isinstance(root, ir.Name) or root.id in ev.cx.from_caches
    kept = kept or not isinstance(ev.cx.types.get(root.id), Num)  # type: ignore[union-attr]
    if ev.cx.cached_reads or ev.cx.cached_arrays and not ev.cx.within_caches and kept:
        raise Unsupported(
            "cannot differentiate a write into an array in a program that keeps some in a cache", loc, _WAY_OUT
        )
    if ev.cx.within_caches:
        ev.cx.inner_writes = True
    else:
        ev.cx.writes = True
        ev.cx.other_writes = ev.cx.other_writes or kept
