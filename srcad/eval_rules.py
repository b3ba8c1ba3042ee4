"""Derivative rules, inlined: a rule is parsed and evaluated like any function, its arguments being expressions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from srcad import algebra, borrowed, ir, library, rules, scope, types
from srcad.errors import Unsupported
from srcad.eval_core import Context, Evaluator, Restart, of_a_rule
from srcad.eval_functions import call_function
from srcad.eval_values import constant, residual
from srcad.facts import Shapes
from srcad.naming import Names
from srcad.rules.supports import Supported
from srcad.transforms.liveness import assigned_by
from srcad.values import Dyn, Known, Ptr, Value

_LIBRARIES = tuple(f"{name}." for name in library.KNOWN)
_PARSED: dict[Any, tuple[scope.Target, ir.Function]] = {}


def parsed(rule: Any) -> tuple[scope.Target, ir.Function]:
    from srcad.transforms import desugar

    if rule in _PARSED:
        return _PARSED[rule]
    target = scope.from_live(rule)
    found = target, desugar.desugar(target.function)
    if not any(captures(target)):  # what a rule captures is read anew each time
        _PARSED[rule] = found
    return found


def captures(target: scope.Target) -> Iterator[ir.Ref]:
    """The captured values that a rule of the user's reads, those of the functions it calls included."""
    seen, todo = {target.path}, [target]
    while todo:
        for node in ir.walk(todo.pop().function):
            if not isinstance(node, ir.Ref):
                continue
            if node.path.startswith(("global:", "closure:")):
                yield node
            elif isinstance(node.obj, scope.Target) and node.path not in seen:
                seen.add(node.path)
                todo.append(node.obj)


def bake(ev: Evaluator, function: Any, rule: rules.RuleSet, loc: ir.Loc | None) -> None:
    """Note the numbers that a function of the user's and its rules capture.

    The generated text holds them, and each call compares.
    """
    if not rule.path.startswith(_LIBRARIES):
        for ref in borrowed.numbers(function, ev.root):
            ev.cx.used_baked[scope.split(ref.path)] = ref.obj
    for stated in (rule.partials, rule.pullback, rule.pushforward):
        if stated is None or stated.__module__.startswith("srcad.rules."):
            continue
        for ref in captures(scope.from_live(stated, ev.root)):
            if not isinstance(ref.obj, (bool, int, float, complex, str, type(None))):
                reason = f"cannot differentiate with the rule {stated.__name__}, which captures {_name(ref)}"
                raise Unsupported(reason, loc, "A rule may capture numbers; pass other values as arguments.")
            ev.cx.used_baked[scope.split(ref.path)] = ref.obj


def _name(ref: ir.Ref) -> str:
    return ref.path.rpartition(":")[2]


def apply(
    rule: Any, given: dict[str, Any], shapes: Shapes, names: Names, loc: ir.Loc | None
) -> tuple[list[ir.Stmt], ir.Expr]:
    """The statements and the value (a Tuple for several) of a rule for given arguments.

    given: expressions, or Python values for arguments left at their defaults; what the rule does not name is left out.
    """
    context = Context(names, types=shapes.types)
    ev = Evaluator(context)
    ev.state.frames[""] = {}
    ev.by_name = True
    try:
        if isinstance(rule, Supported):
            value = _supported(ev, rule, shapes, given)
        else:
            value = residual(ev, _called(ev, rule, shapes, given))
        stmts, found = without_second_names(ev.out, value)
        return [_unplaced(stmt, shapes) for stmt in stmts], _unplaced(found, shapes)
    except Unsupported as error:
        if loc is None or error.loc is None or not of_a_rule(error.loc):
            raise
        raise Unsupported(error.reason, loc, error.hint) from error  # where the program is, not where srcad's rule is
    except Restart:
        raise Unsupported(
            f"cannot differentiate with the rule {rule.__name__}, which needs an argument's value", loc
        ) from None


def _called(ev: Evaluator, rule: Any, shapes: Shapes, given: dict[str, Any], **read: Value) -> Value:
    """A rule of the arguments that it names. read: those that are values already."""
    target, function = parsed(rule)
    ev.scope = target.scope
    wanted = {p.name for p in function.params if p.kind != "star"}
    kwargs = {name: read.get(name) or argument(ev, shapes, value) for name, value in given.items() if name in wanted}
    star = next((p.name for p in function.params if p.kind == "star"), None)
    extra = [argument(ev, shapes, v) for v in given[star]] if star is not None else []
    return call_function(ev, function, [], kwargs, None, None, extra=extra)


def _supported(ev: Evaluator, rule: Supported, shapes: Shapes, given: dict[str, Any]) -> ir.Expr:
    """A rule at points inside of the support, masked outside: as `Supported` calls it."""
    pair = _called(ev, rule.outside, shapes, given)
    assert isinstance(pair, Ptr)
    outside, point = ev.state.heap[pair.id].items
    found = residual(ev, _called(ev, rule.formula, shapes, given, **{rule.point: point}))
    test = residual(ev, outside)
    partials = found.items if isinstance(found, ir.Tuple) else (found,)
    masked = [p if algebra.is_number(p, 0.0) else ir.call("numpy.where", test, ir.ZERO, p) for p in partials]
    return ir.Tuple(tuple(masked)) if isinstance(found, ir.Tuple) else masked[0]


def without_second_names(stmts: list[ir.Stmt], value: ir.Expr) -> tuple[list[ir.Stmt], ir.Expr]:
    """``g = out_bar`` of a rule, where neither is changed, is no statement: what reads g reads out_bar."""
    changed = {n for s in stmts for n in assigned_by(s) if not (isinstance(s, ir.Assign) and n == _bare(s.target))}
    bound = Counter(_bare(s.target) for s in stmts if isinstance(s, ir.Assign))
    kept: list[ir.Stmt] = []
    same: dict[str, ir.Expr] = {}
    for stmt in stmts:
        stmt = ir.substitute(stmt, same)
        if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name) and isinstance(stmt.value, ir.Name):
            pair = stmt.target.id, stmt.value.id
            if bound[pair[0]] == 1 and not bound[pair[1]] and not changed & set(pair):
                same[pair[0]] = stmt.value
                continue
        kept.append(stmt)
    return kept, ir.substitute(value, same)


def _bare(target: ir.Expr) -> str:
    return target.id if isinstance(target, ir.Name) else ""


def argument(ev: Evaluator, shapes: Shapes, value: Any) -> Value:
    if isinstance(value, (tuple, list)):
        return ev.tuple_of([argument(ev, shapes, item) for item in value], "tuple")
    if not ir.is_node(value):
        return constant(value) if isinstance(value, (bool, int, float, complex)) else Known(value)
    if isinstance(value, ir.Const):
        plain = value.value is None or isinstance(value.value, (str, type(...)))
        return Known(value.value) if plain else constant(value.value)
    if isinstance(value, (ir.Tuple, ir.List)):
        kind = "tuple" if isinstance(value, ir.Tuple) else "list"
        return ev.tuple_of([argument(ev, shapes, item) for item in value.items], kind, expr=value)
    if isinstance(value, ir.Ref):
        return Known(value.obj, value)
    found = types.infer(value, shapes.types, [])
    if isinstance(found, types.Static):
        return Known(found.value, value)
    if isinstance(found, types.Struct):
        return ev.tuple_of([Dyn(ir.Index(value, (ir.Const(k),)), t) for k, t in enumerate(found.items)], expr=value)  # type: ignore[arg-type]
    return Dyn(value, found)


def _unplaced(code: Any, shapes: Shapes) -> Any:
    """Without places: those of the rule's own file would mislead.

    The function of what may be a Python number keeps its place, so that it is not printed as a method of it.
    """

    def visit(node: Any) -> Any:
        if isinstance(node, ir.Call) and isinstance(node.fn, ir.Ref):
            number = bool(node.args) and shapes.of(node.args[0]).dims in ((), None)
            node = ir.changed(node, fn=ir.changed(node.fn, loc=node.fn.loc or node.loc if number else None))
        placed = not isinstance(node, ir.Ref) and getattr(node, "loc", None) is not None
        return ir.changed(node, loc=None) if placed else node

    return ir.transform(code, visit)
