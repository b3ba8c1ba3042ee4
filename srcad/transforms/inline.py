"""inline: surface program to first-order program, by partial evaluation.

Before: any desugared function. After: a `Program` whose calls are library functions, whose variables hold numbers,
arrays and run-time lists, with user functions inlined, containers split into variables, loops over containers unrolled.
The work is done by the evaluator (`eval_core` and its siblings); this file drives it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import replace
from typing import Any

import numpy as np

from srcad import eval_lists, ir, routines, types
from srcad.errors import Unsupported
from srcad.eval_core import Context, Evaluator, Restart
from srcad.eval_loops import assigned
from srcad.leaves import is_generator
from srcad.naming import Names
from srcad.pipeline import NeedValue, Request
from srcad.program import Program
from srcad.transforms import activity, complexes
from srcad.types import Seq, Static, Struct
from srcad.values import Dyn, Generator, Known, Lazy, Maybe, Ptr, Text, Value

ONE_KIND = "Give every variable and container one kind and one length on all paths."
GIVEN = "#given"  # behind a parameter's name: what the caller gave
_CHANGEABLE = (np.ndarray, list, dict, set)


def inline(request: Request) -> Program:
    """The program of a request; evaluated anew each time a decision turns out to be needed earlier."""
    from srcad.transforms import desugar

    function = desugar.desugar(request.target.function)
    if ir.yields(function.body):
        reason = "cannot differentiate a generator function, whose value is not a number or array"
        raise Unsupported(reason, function.loc, "Differentiate a function that takes its items.")
    decisions: frozenset[tuple[Any, ...]] = frozenset()
    baked = {(origin, path): value for origin, path, value in request.baked}
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 20_000))  # an inlined recursion is a recursion here too
    refusal: Unsupported | None = None
    for _ in range(64):
        context = Context(Names(), decisions=decisions, baked=baked, wrt=request.wrt, extents=dict(request.extents))
        try:
            return _evaluate(request, function, context)
        except Restart as restart:
            refusal = refusal or restart.refusal
            if restart.decision[0] == "bake":
                _, origin, path = restart.decision
                baked = {**baked, (origin, path): _value_of(request, origin, path, refusal)}
            elif restart.decision in decisions:
                raise Unsupported(
                    "cannot differentiate a program whose structure changes while it runs", function.loc, ONE_KIND
                ) from None
            decisions |= {restart.decision}
        except Exception as error:
            if context.empty:  # it may be because of what was left out
                decisions |= {eval_lists.undecided(context.slot_keys.get(name, name)) for name in context.empty}
            elif isinstance(error, Unsupported):
                raise refusal or error from None
            else:
                raise
    raise Unsupported("cannot differentiate a program whose structure does not settle", function.loc, ONE_KIND)


def _value_of(request: Request, origin: str, path: tuple[Any, ...], refusal: Unsupported | None) -> Any:
    from srcad import scope

    if origin == "param" and path[0] not in request.target.bound:
        raise NeedValue(origin, path, refusal)
    return scope.read(request.target, origin, path)


def _evaluate(request: Request, function: ir.Function, context: Context) -> Program:
    ev = Evaluator(context)
    ev.scope = request.target.scope
    ev.root, ev.function = request.target, function
    ev.state.frames[""] = {}
    ev.enclose("", function, None)
    _bind_parameters(ev, request, function)
    given = {i.name: context.types[i.name] for i in context.inputs}
    if request.outputs is not None or not _returns(function):
        _keep_given(ev, function)
    ev.block(function.body)
    eval_lists.settle(ev)
    _refuse_written_views(tuple(ev.out), context.zero_d)
    value = ev.env.get("return", Known(None))
    results, output = _results(ev, request, function, value)
    wrt = tuple(i for i in context.inputs if i.origin == "param" and i.path[0] in request.wrt)
    updates = tuple((path, _updated(ev, key)) for path, key in context.updates.items())
    kept = routines.reachable((*ev.out, *results))
    own = tuple(part for routine in kept for part in (routine.body, routine.results))
    every = (*ev.out, *(stmt for routine in kept for stmt in routine.body))
    apart = settle_copies(ev, every, [i.name for i in context.inputs])
    used = ir.names((*ev.out, *results, *own)) | {i.name for i in context.inputs} | {name for _, name in updates}
    used |= {name for routine in kept for name in routine.inputs}
    program = Program(
        name=function.name if function.name.isidentifier() else "function",
        inputs=tuple(context.inputs),
        body=_without_unread(tuple(ev.out), context.set_aside, results),
        results=tuple(results),
        types={name: kind for name, kind in context.types.items() if name in used},  # others were tried and dropped
        output=output,
        wrt=tuple(i for i in wrt if types.is_float(context.types[i.name])),
        assumptions=tuple(context.assumptions),
        baked=_baked(request, context),
        updates=updates,
        apart=apart,
        routines=kept,
        lasting=lasting(request.target),
        return_loc=_return_loc(function),
        doc=function.doc,
        loc=function.loc,
    )
    return complexes.apart(program, given, context.names)


def settle_copies(ev: Evaluator, stmts: tuple[ir.Stmt, ...], inputs: Sequence[str]) -> tuple[str, ...]:
    """Refuse deep copies of what may be one array in these statements; the `inputs` that must not share memory."""
    if not ev.cx.copied_at_once:
        return ()
    from srcad import eval_copies

    return eval_copies.settle(ev, stmts, inputs)


def _refuse_written_views(body: Sequence[ir.Stmt], no_axes: Set[str]) -> None:
    """``y = z.reshape(1)`` and ``y[0] = v`` write into z, an array without axes, which is a number in the program."""
    if no_axes:
        _views_after(body, set(), no_axes)


def _views_after(body: Sequence[ir.Stmt], views: set[str], no_axes: Set[str]) -> set[str]:
    """The variables that may be views of arrays without axes after statements; a write into one is refused."""
    for stmt in body:
        if isinstance(stmt, (ir.Store, ir.Augment, ir.Do)) and stored_names((stmt,)) & (views - no_axes):
            reason = "cannot differentiate a write into a view of an array without axes"
            raise Unsupported(reason, stmt.loc, "Use a number: float(a).")
        if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name):
            views = views - {stmt.target.id}
            views |= {stmt.target.id} if _viewed(stmt.value) & (views | no_axes) else set()
        elif isinstance(stmt, (ir.For, ir.While)):
            while (more := views | _views_after(stmt.body, set(views), no_axes)) != views:
                views = more
        else:
            blocks = [getattr(stmt, name) for name in ("body", "orelse") if getattr(stmt, name, ())]
            views = views.union(*(_views_after(block, set(views), no_axes) for block in blocks))
    return views


def _viewed(value: ir.Expr) -> set[str]:
    """The variable that an expression is a view of, or may be."""
    from srcad.transforms import alias

    while not isinstance(value, ir.Name):
        if isinstance(value, ir.Index):
            value = value.base
        elif isinstance(value, ir.Call) and value.args and getattr(value.fn, "path", "") in alias.VIEWS | alias.MAYBE:
            value = value.args[0]
        else:
            return set()
    return {value.id}


def _without_unread(body: tuple[ir.Stmt, ...], names: set[str], results: Sequence[ir.Expr]) -> tuple[ir.Stmt, ...]:
    """Without copies set aside that nobody turned out to read: a first iteration may have nothing to set aside."""
    nodes = list(ir.walk((body, tuple(results))))
    count = Counter(n.id for n in nodes if isinstance(n, ir.Name))
    count.subtract(n.target.id for n in nodes if isinstance(n, ir.Assign) and isinstance(n.target, ir.Name))
    unread = {name for name in names if not count[name]} - {n.stack for n in nodes if isinstance(n, (ir.Push, ir.Pop))}

    def kept(stmts: tuple[ir.Stmt, ...]) -> tuple[ir.Stmt, ...]:
        found = []
        for stmt in stmts:
            if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name) and stmt.target.id in unread:
                continue
            blocks: dict[str, Any] = {f: kept(getattr(stmt, f)) for f in ("body", "orelse") if getattr(stmt, f, ())}
            found.append(replace(stmt, **blocks) if blocks else stmt)
        return tuple(found)

    return kept(body) if unread else body


def _baked(request: Request, context: Context) -> tuple[tuple[str, tuple[Any, ...], Any], ...]:
    """What the program was made for: numbers used by value, and every captured name that stands for structure."""
    from srcad import leaves, scope

    met = getattr(request.target.family, "met", {})
    found = {scope.split(path): value for path, value in met.items() if leaves.is_structure(value)}
    found.update(context.used_baked)
    return tuple((origin, path, value) for (origin, path), value in found.items())


def _updated(ev: Evaluator, key: str) -> str:
    """The variable that holds an attribute's new value in the end."""
    value = ev.state.frames["#objects"][key]
    if not isinstance(value, Dyn) or not isinstance(value.expr, ir.Name):
        name = key.rpartition(".")[2]
        raise Unsupported(f"cannot differentiate the attribute {name}, which is set on one path only", None, ONE_KIND)
    return value.expr.id


def lasting(target: Any) -> frozenset[str]:
    """Parameters whose default can be changed, and would stay so."""
    return frozenset(p.name for p in target.parameters if isinstance(p.default, _CHANGEABLE))


def _return_loc(function: ir.Function) -> ir.Loc | None:
    last = function.body[-1] if function.body else None
    return last.loc if isinstance(last, ir.Return) else None


def _bind_parameters(ev: Evaluator, request: Request, function: ir.Function) -> None:
    """Parameters become inputs, in order; a rebound container parameter has variables already."""
    for param, abstract in zip(function.params, request.arguments, strict=True):
        if isinstance(abstract, Static) and param.name in request.target.bound and not is_generator(abstract.value):
            ev.env[param.name] = Known(abstract.value, request.target.bound_ref(param.name))
        else:
            ev.env[param.name] = ev.input(abstract, param.name, "param", (param.name,))


def _returns(function: ir.Function) -> bool:
    """Whether a value other than None is returned somewhere."""
    nodes = list(ir.walk(function.body))
    values = [n.value for n in nodes if isinstance(n, ir.Return)]
    values += [n.value for n in nodes if isinstance(n, ir.Assign) and n.target == ir.Name("return")]
    return any(value is not None and value != ir.NONE for value in values)


def _keep_given(ev: Evaluator, function: ir.Function) -> None:
    """The arrays of parameters that are rebound may be the function's outputs: they stay known under hidden names."""
    rebound = assigned(function.body)
    for param in function.params:
        if param.name in rebound:
            ev.env[param.name + GIVEN] = ev.env[param.name]


def _given(ev: Evaluator, name: str) -> Value:
    """What the caller gave as a parameter, whatever the parameter's name means by now."""
    return ev.env.get(name + GIVEN) or ev.env[name]


def _results(
    ev: Evaluator, request: Request, function: ir.Function, value: Value
) -> tuple[list[ir.Expr], types.Abstract]:
    if request.outputs is not None:
        written = [_written(ev, function, name) for name in request.outputs]
        value = written[0] if len(written) == 1 else ev.tuple_of(written)
    elif isinstance(value, Known) and value.value is None:
        value = _filled(ev, function)
    exprs: list[ir.Expr] = []
    output = _leaves(ev, value, exprs, _return_loc(function) or function.loc)
    return exprs, output


def _written(ev: Evaluator, function: ir.Function, name: str) -> Value:
    """An argument asked for as an output; one that the function does not write is asked for by mistake."""
    if name not in ev.env:
        raise ValueError(f"outputs names {name!r}, which is not a parameter of {function.name}")
    exprs: list[ir.Expr] = []
    value = _given(ev, name)
    _leaves(ev, value, exprs, function.loc)
    if not any(_is_written(ev, e) for e in exprs):
        raise ValueError(f"outputs names {name!r}, which {function.name} does not write")
    return value


def _filled(ev: Evaluator, function: ir.Function) -> Value:
    """The arguments that a function returning None writes, in order: they are its outputs."""
    found = [given for i in ev.cx.inputs if i.origin == "param" and (given := _filled_leaf(ev, i)) is not None]
    if not found:
        raise Unsupported(
            "cannot differentiate a function that returns nothing and writes none of its arguments",
            function.loc,
            "Return a value.",
        )
    return found[0] if len(found) == 1 else ev.tuple_of(found)


def _filled_leaf(ev: Evaluator, leaf: Any) -> Value | None:
    """A parameter's array, or one in a parameter, if something is written into it."""
    value = ev.env.get(leaf.path[0] + GIVEN) if len(leaf.path) == 1 else None
    if not isinstance(value, Dyn):
        value = Dyn(ir.Name(leaf.name), ev.cx.types[leaf.name])  # type: ignore[arg-type]
    return value if _is_written(ev, value.expr) else None


def _is_written(ev: Evaluator, expr: ir.Expr) -> bool:
    """Whether something is written into an array, under this name or another that it was given."""
    from srcad.transforms import alias

    _find_written(ev)
    return bool(ir.names(expr) & alias.touched(ev.out, stored_names(ev.out), ev.cx.types))


def _find_written(ev: Evaluator) -> None:
    """Which of their arguments the routines that are called write into; `recursion.prepare` finds it once more."""
    from srcad.transforms import alias

    found = routines.reachable(tuple(ev.out))
    for _ in found:  # a routine learns from those that it calls
        for routine in found:
            near = alias.touched(routine.body, stored_names(routine.body), routine.types)
            routine.written = frozenset(k for k, name in enumerate(routine.inputs) if name in near)


def stored_names(body: Sequence[ir.Stmt]) -> set[str]:
    """Variables whose arrays some statement writes into."""
    found = set()
    for node in ir.walk(tuple(body)):
        target: Any = None
        if isinstance(node, ir.Call):
            found |= routines.written_roots(node)
        if isinstance(node, (ir.Store, ir.Augment, ir.Pop)):
            target = node.target
        elif isinstance(node, ir.Do) and isinstance(node.value, ir.Call) and node.value.args:
            target = ir.Index(node.value.args[0], ()) if node.value.fn in activity.ADD_AT else None
        while isinstance(target, (ir.Index, ir.Call)):
            target = target.base if isinstance(target, ir.Index) else target.args[0]
            if isinstance(target, ir.Name):
                found.add(target.id)
    return found


def _list(ev: Evaluator, value: Dyn, exprs: list[ir.Expr], loc: ir.Loc | None) -> types.Abstract:
    """A list of numbers leaves the program as an array; `Kernel.typed` makes a list of it again."""
    kind = ev.cx.types.get(value.expr.id, value.type) if isinstance(value.expr, ir.Name) else value.type
    if not isinstance(kind, Seq) or kind.element.dims not in ((), None):
        reason = "cannot differentiate a list of arrays as a result, whose length is known only at run time"
        raise Unsupported(reason, loc, "Return one array: np.array(values).")
    exprs.append(ir.call("numpy.array", value.expr))
    return kind


def _leaves(ev: Evaluator, value: Value, exprs: list[ir.Expr], loc: ir.Loc | None) -> types.Abstract:
    if isinstance(value, Dyn) and isinstance(value.type, Seq):
        return _list(ev, value, exprs, loc)
    if isinstance(value, Dyn):
        exprs.append(value.expr)
        return value.type
    if isinstance(value, Known):
        return Static(value.value)
    if isinstance(value, Ptr):
        box = ev.state.heap[value.id]
        items = tuple(_leaves(ev, item, exprs, loc) for item in box.items)
        return Struct(box.kind, box.keys, items, box.cls)
    if isinstance(value, Maybe):
        reason = "cannot differentiate a result that is None on some path"
        raise Unsupported(reason, loc, "Return a number on every path.")
    kinds = (Text, "text"), (Lazy, "an iterator"), (Generator, "a generator")
    what = next((name for kind, name in kinds if isinstance(value, kind)), "a function")
    reason = f"cannot differentiate {what} as a part of the result"
    raise Unsupported(reason, loc, "Return numbers, arrays and containers of them.")
