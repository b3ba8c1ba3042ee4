"""Calls: user functions are inlined, library functions kept, methods rewritten, effects put in order."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from srcad import eval_optional, eval_special, ir, rules
from srcad import library as library_names
from srcad.errors import Unsupported
from srcad.eval_array_likes import arrays_for
from srcad.eval_core import Evaluator
from srcad.eval_exprs import evaluate, item_step, spread_values
from srcad.eval_functions import call_closure, call_user
from srcad.eval_library import library
from srcad.eval_order import in_order
from srcad.eval_refusals import check_arguments, check_form, harmless
from srcad.eval_unused import run
from srcad.eval_values import constant, demand, static
from srcad.transforms import activity
from srcad.types import Num, Seq
from srcad.values import Bound, Closure, Dyn, Known, Partial, Ptr, Rows, Table, Value, certain

Args = list[Value]
Kwargs = dict[str, Value]

ASKS_FOR_KIND = frozenset(f"builtins.{f}" for f in "isinstance type callable getattr hasattr print".split())
DROPS = frozenset(f"builtins.{f}" for f in "isinstance type callable hasattr len".split())  # the values themselves
TAKES_LISTS = frozenset(f"builtins.{f}" for f in "len enumerate zip reversed iter list map filter".split())
_RULES = os.path.dirname(rules.__file__)
NOTHING = "#nothing"  # the tangent that an inactive argument does not have (`vanish`)


def call(ev: Evaluator, expr: ir.Call) -> Value:
    if isinstance(expr.fn, ir.Ref) and expr.fn.path == "builtins.zip" and len(expr.args) == 1:
        if isinstance(expr.args[0], ir.Starred) and isinstance(expr.args[0].value, ir.Name):
            rows = evaluate(ev, expr.args[0].value)
            if isinstance(rows, Rows):
                from srcad import eval_rows

                return eval_rows.columns(ev, rows, expr.loc)
    steps: list[Any] = [functools.partial(evaluate, ev, expr.fn)]
    steps += [functools.partial(item_step, ev, item) for item in expr.args]
    steps += [functools.partial(evaluate, ev, item) for _, item in expr.kwargs]
    fn, *values = in_order(ev, steps, expr.loc)
    args = spread_values(ev, expr.args, values[: len(expr.args)])
    kwargs = _keywords(ev, expr, values[len(expr.args) :])
    return dispatch(ev, fn, args, kwargs, expr.loc)


def _keywords(ev: Evaluator, expr: ir.Call, values: Sequence[Value]) -> Kwargs:
    found: Kwargs = {}
    for (key, _), value in zip(expr.kwargs, values, strict=True):
        if key is not None:
            _refuse_twice(expr.fn, {key}, found)
            found[key] = value
            continue
        box = ev.state.heap[value.id] if isinstance(value, Ptr) else None
        if box is None or box.kind != "dict":
            raise Unsupported("cannot differentiate `**` of something that is not a dict of known keys", expr.loc)
        _refuse_twice(expr.fn, box.keys, found)
        found.update(zip(box.keys, box.items, strict=True))
    return found


def _refuse_twice(fn: ir.Expr, keys: Iterable[Any], found: Kwargs) -> None:
    """Keys of a ``**`` that are no text, or given before."""
    path = next((text for text in (getattr(fn, field, None) for field in ("path", "id", "name")) if text), "")
    name = path.removeprefix("user:").removeprefix("builtins.").partition("#")[0]
    for key in keys:
        if not isinstance(key, str):
            raise certain(TypeError("keywords must be strings"))
        if key in found:
            raise certain(TypeError(f"{name}() got multiple values for keyword argument '{key}'"))


def _special(fn: Value) -> Any:
    from srcad import (  # noqa: F401  (they register functions)
        eval_builtins,
        eval_containers,
        eval_contexts,
        eval_copies,
        eval_itertools,
        eval_joins,
        eval_numpy,
        eval_numpy_forms,
        eval_sequences,
        eval_sorting,
    )

    if isinstance(fn, Known) and isinstance(fn.expr, ir.Ref):
        if fn.expr.path.startswith(("scipy.optimize.", "scipy.integrate.")):
            from srcad import eval_integrals, eval_roots  # noqa: F401
        if fn.expr.path.startswith(("heapq.", "bisect.")):
            from srcad import eval_ordering  # noqa: F401
        if fn.expr.path.startswith("scipy.interpolate."):
            from srcad import eval_interpolators  # noqa: F401
        if fn.expr.path.startswith("scipy.stats."):
            from srcad import eval_distributions  # noqa: F401
        return eval_builtins.HANDLERS.get(fn.expr.path)
    return None


def dispatch(ev: Evaluator, fn: Value, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if isinstance(fn, Closure):
        return call_closure(ev, fn, args, kwargs, loc)
    if isinstance(fn, Partial):
        return _call_partial(ev, fn, args, kwargs, loc)
    if isinstance(fn, Bound):
        from srcad import eval_methods

        return eval_methods.call(ev, fn, args, kwargs, loc)
    if isinstance(fn, Known) and type(fn.value).__module__.startswith("scipy.interpolate"):
        from srcad import eval_interpolators

        if eval_interpolators.is_one(fn.value):
            return eval_interpolators.call(ev, fn, args, kwargs, loc)
    method = eval_special.special(ev, fn, "call")
    if method is not None:
        return call_user(ev, Known(method), [fn, *args], kwargs, loc)
    if isinstance(fn, Known):
        return call_known(ev, fn, args, kwargs, loc)
    raise Unsupported("cannot differentiate a call of something that is not a function", loc)


def _call_partial(ev: Evaluator, fn: Partial, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if fn.derivative:
        from srcad import eval_derivatives

        return eval_derivatives.call(ev, fn, args, kwargs, loc)
    return dispatch(ev, fn.fn, [*fn.args, *args], {**dict(fn.kwargs), **kwargs}, loc)


def call_known(ev: Evaluator, fn: Known, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if isinstance(fn.value, functools.partial) and library_names.path_of(fn.value.func) is not None:
        first, named_ = _given_before(ev, fn, loc)
        return call_known(ev, Known(fn.value.func), [*first, *args], {**named_, **kwargs}, loc)
    fn = _named_by_library(fn)
    path = fn.expr.path if isinstance(fn.expr, ir.Ref) else None
    obj = fn.value
    place_of_name = None if fn.expr is None else fn.expr.loc
    live = getattr(obj, "live", obj)
    if getattr(live, "__module__", None) == "srcad.rules.static":
        if live.__name__ != "known":
            return run_now(ev, Known(live), args, kwargs, loc)
        missing = isinstance(args[0], Dyn) and args[0].expr == ir.Name(NOTHING)
        return constant(missing or static(ev, args[0])[0])
    if path is None or path.startswith(("user:", "global:", "closure:")):
        stated = rules.lookup_object(live)
        if stated is not None:
            return library(ev, f"user:{stated.path}", obj, args, kwargs, loc)
        return call_user(ev, fn, args, kwargs, loc)
    own = eval_special.special(ev, args[0], eval_special.FUNCTIONS.get(path, "")) if args else None
    if own is not None:
        return eval_special.invoke(ev, args[0], own, args[1:], loc)
    handler = _special(fn)
    if path in DROPS:
        run(ev, args[0] if args else None, loc)
    if path not in ASKS_FOR_KIND:
        args = [eval_optional.present(ev, a, loc) for a in args]
        kwargs = {k: eval_optional.present(ev, v, loc) for k, v in kwargs.items()}
    if path in ("numpy.array", "numpy.asarray") and len(args) == 1 and not kwargs and isinstance(args[0], Rows):
        from srcad import eval_rows

        return eval_rows.array(ev, args[0], loc)
    if path not in TAKES_LISTS and any(isinstance(a, Table) for a in args):
        from srcad import eval_tables

        if path in ("numpy.array", "numpy.asarray") and isinstance(args[0], Table) and len(args) == 1 and not kwargs:
            return eval_tables.copied(ev, args[0], loc)
        args = [eval_tables.argument(ev, path, a, loc) for a in args]
    if handler is not None:
        return handler(ev, args, kwargs, loc)  # type: ignore[no-any-return]
    if path.startswith("srcad.rules."):
        return call_user(ev, fn, args, kwargs, loc)
    if isinstance(obj, type) and issubclass(obj, np.generic) and path.startswith("numpy."):
        kind = args[0].type if isinstance(args[0], Dyn) else None
        if isinstance(kind, Num) and kind.dims and kind.dtype == np.dtype(obj).name:
            return library(ev, "numpy.asarray", np.asarray, [args[0]], {}, loc, place_of_name)  # the array itself
        if isinstance(kind, Num) and kind.dims == ():
            return library(ev, path, obj, args, kwargs, loc, place_of_name)
        from srcad import library as known

        return library(
            ev, "srcad_runtime.astype", known.load("srcad_runtime.astype"), [args[0], fn], {}, loc, place_of_name
        )
    if (
        rules.lookup(path) is None
        and (not ev.by_name or path.count(".") > 1)  # a rule's helpers are calls; other functions of a rule are inlined
        and scope_function(obj)
        and path.startswith(("srcad_runtime.", "functools.", "operator."))
    ):
        return call_user(ev, fn, args, kwargs, loc)
    return named(ev, path, obj, args, kwargs, loc, place_of_name)


def _given_before(ev: Evaluator, fn: Known, loc: ir.Loc | None) -> tuple[Args, Kwargs]:
    """The arguments that ``functools.partial(np.sum, axis=0)``, made outside the model, has already."""
    from srcad.eval_objects import attribute

    made = fn.value
    if not isinstance(fn.expr, ir.Ref):  # an argument, known by identity
        given = (*made.args, *made.keywords.values())
        if not all(isinstance(v, (bool, int, float, complex, str, type(None))) for v in given):
            raise Unsupported("cannot differentiate a partial with these arguments", loc, "Write it as a function.")
        plain: Args = [constant(v) if isinstance(v, (bool, int, float, complex)) else Known(v) for v in given]
        count = len(made.args)
        return plain[:count], dict(zip(made.keywords, plain[count:], strict=True))
    first, named_ = attribute(ev, fn, "args", loc), attribute(ev, fn, "keywords", loc)
    assert isinstance(first, Ptr) and isinstance(named_, Ptr)
    boxes = [ev.state.heap[ptr.id] for ptr in (first, named_)]
    return list(boxes[0].items), dict(zip(boxes[1].keys, boxes[1].items, strict=True))


def _named_by_library(fn: Known) -> Known:
    """A library's function that was handed in (an argument, an attribute) under the library's name for it."""
    path = fn.expr.path if isinstance(fn.expr, ir.Ref) else ""
    if path and not path.startswith(("global:", "closure:")):
        return fn
    own = library_names.path_of(fn.value) if callable(fn.value) else None
    return fn if own is None else replace(fn, expr=ir.Ref(own, fn.value, loc=getattr(fn.expr, "loc", None)))


def _whole(value: Value) -> Value:
    """The type of an array of integers or truth values by its name: what is cast to it has no derivative."""
    own = value.value if isinstance(value, Known) else None
    return Known(own.type) if isinstance(own, np.dtype) and own.kind in "biu" else value


def named(
    ev: Evaluator, path: str, obj: Any, args: Args, kwargs: Kwargs, loc: ir.Loc | None, named_at: ir.Loc | None = None
) -> Value:
    """A library function at a path: written out where its rule says how, else kept."""
    from srcad import eval_effects, eval_numpy, eval_ufuncs

    args, kwargs = [_whole(value) for value in args], {name: _whole(value) for name, value in kwargs.items()}
    args, kwargs = eval_effects.by_name(ev, path, obj, args, kwargs)
    if path in eval_numpy.ORDERED:
        args, kwargs = eval_numpy.in_known_order(ev, path, args, kwargs, loc)
    if eval_ufuncs.has_keywords(obj, kwargs):
        return eval_ufuncs.call(ev, path, obj, args, kwargs, loc)
    rule = rules.lookup(path)
    if rule is None and (written := eval_ufuncs.method(ev, path, args, kwargs, loc)) is not None:
        return written
    if rule is not None and rule.same_as:
        kwargs = {rule.renames.get(name, name): value for name, value in kwargs.items()}
        return named(ev, rule.same_as, library_names.load(rule.same_as), args, kwargs, loc)
    if rule is not None:
        kwargs = harmless(ev, path, kwargs, loc)
        args, kwargs = arrays_for(ev, rule, path, args, kwargs, loc)
        if rule.each is not None:
            _write_out_lists(ev, path, args, loc)
        for keywords, function in rule.forms:
            if keywords & set(kwargs):
                check_form(rule.path, function, args, kwargs, loc)
                return expanded(ev, function, args, kwargs, loc)
        if rule.expansion is not None and "out" not in kwargs:
            check_arguments(rule, rule.path, args, kwargs, loc)
            return expanded(ev, rule.expansion, args, kwargs, loc)
    return library(ev, path, obj, args, kwargs, loc, named_at)


def _write_out_lists(ev: Evaluator, path: str, args: Args, loc: ir.Loc | None) -> None:
    """Lists of unknown length are written out for functions whose derivative treats each item by itself."""
    from srcad import eval_extents

    for value in args:
        if isinstance(value, Dyn) and isinstance(value.type, Seq):
            reason = f"cannot differentiate {path} of what is not written out as a list"
            eval_extents.write_out(ev, value, Unsupported(reason, loc))


def expanded(ev: Evaluator, function: Any, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """A function that its rule writes out; what is refused in there is refused where the program calls it."""
    mark = len(ev.out)
    try:
        value = call_user(ev, Known(function), args, kwargs, loc)
    except Unsupported as error:
        if loc is None or error.loc is None or error.loc.source is loc.source:
            raise
        raise Unsupported(error.reason, loc, error.hint) from error
    if loc is not None:
        ev.out[mark:] = [_moved(stmt, loc) for stmt in ev.out[mark:]]
    return replace(value, expr=_moved(value.expr, loc)) if loc is not None and isinstance(value, Dyn) else value


def _moved(code: Any, loc: ir.Loc) -> Any:
    """`code` with the place `loc` of the program where it has one of srcad's own rules."""

    def visit(node: Any) -> Any:
        own = getattr(node, "loc", None)
        return replace(node, loc=loc) if own is not None and own.source.file.startswith(_RULES) else node

    return ir.transform(code, visit)


def run_now(ev: Evaluator, fn: Known, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """A function of structure: called while transforming; its result becomes part of the program."""
    own = [demand(ev, a, "this argument", loc) for a in args]
    value = fn.value(*own, **{k: demand(ev, v, f"the argument {k}", loc) for k, v in kwargs.items()})
    return literal(ev, value)


def literal(ev: Evaluator, value: Any) -> Value:
    if isinstance(value, (bool, int, float, complex)):
        return constant(value)
    if isinstance(value, (tuple, list)):
        return ev.tuple_of([literal(ev, v) for v in value], "tuple" if isinstance(value, tuple) else "list")
    return Known(value)


def scope_function(obj: Any) -> bool:
    return callable(obj) and hasattr(obj, "__code__")


# ---- effects ----


def effect(ev: Evaluator, stmt: ir.Do) -> None:
    """A statement that is only a call: printing is kept, writing lowered, inlined bodies do their own."""
    expr = stmt.value
    if isinstance(expr, ir.Const):
        return
    if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref):
        path = expr.fn.path
        if path == "builtins.print" or path.startswith(("warnings.", "logging.")):
            from srcad import eval_text

            ev.emit(ir.Do(eval_text.printed(ev, expr), loc=stmt.loc))
            return
    value = evaluate(ev, expr)
    called = value.expr if isinstance(value, Dyn) and isinstance(value.expr, ir.Call) else None
    if called is not None and isinstance(called.fn, ir.Ref) and activity.find_rule(called) is None:
        raise Unsupported(
            "cannot differentiate a call whose effect is not known", stmt.loc, "Use its value, or leave it out."
        )
    run(ev, value, stmt.loc)
