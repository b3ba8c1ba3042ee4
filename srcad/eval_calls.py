"""Calls: user functions are inlined, library functions kept, methods rewritten, effects put in order."""

from __future__ import annotations

import collections
import contextlib
import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from srcad import eval_optional, eval_special, ir, leaves, rules, scope, types
from srcad import library as library_names
from srcad.errors import Unsupported, no_rule
from srcad.eval_array_likes import arrays_for
from srcad.eval_core import MAX_DEPTH, Evaluator, Restart, place
from srcad.eval_exprs import evaluate, item_step, spread_values
from srcad.eval_order import in_order, release
from srcad.eval_refusals import check_arguments, harmless, refuse_never
from srcad.eval_values import constant, demand, residual, static
from srcad.transforms import activity
from srcad.types import Num, Seq, Struct
from srcad.values import Bound, Closure, Dyn, Generator, Known, Lazy, Partial, Ptr, Rows, Stream, Table, Text, Value

Args = list[Value]
Kwargs = dict[str, Value]

ASKS_FOR_KIND = frozenset(f"builtins.{f}" for f in "isinstance type callable getattr hasattr print".split())
TAKES_LISTS = frozenset(f"builtins.{f}" for f in "len enumerate zip reversed iter list map filter".split())
_RULES = os.path.dirname(rules.__file__)
NOTHING = "#nothing"  # the tangent that an inactive argument does not have (`vanish`)

# arguments that decide what a function computes, rather than what it computes with
STRUCTURAL = frozenset(
    "axis axes axis1 axis2 keepdims ddof ord mode order offset k kind type side subscripts optimize method norm dtype "
    "indexing full_matrices compute_uv hermitian UPLO rowvar bias left right assume_unique lower trans "
    "unit_diagonal".split()
)


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
            found[key] = value
            continue
        box = ev.state.heap[value.id] if isinstance(value, Ptr) else None
        if box is None or box.kind != "dict":
            raise Unsupported("cannot differentiate `**` of something that is not a dict of known keys", expr.loc)
        found.update(zip(box.keys, box.items, strict=True))
    return found


def _special(fn: Value) -> Any:
    from srcad import (  # noqa: F401  (they register functions)
        eval_builtins,
        eval_containers,
        eval_contexts,
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
        if isinstance(args[0], Dyn) and isinstance(args[0].type, Num) and args[0].type.dims == ():
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
    from srcad import eval_numpy, eval_ufuncs

    args, kwargs = [_whole(value) for value in args], {name: _whole(value) for name, value in kwargs.items()}
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


# ---- user functions ----


def target_of(ev: Evaluator, fn: Known, loc: ir.Loc | None) -> scope.Target:
    if isinstance(fn.value, scope.Target):
        return fn.value
    known = ev.cx.targets.get(id(fn.value))
    if known is None:
        known = ev.cx.targets[id(fn.value)] = scope.from_live(fn.value, ev.root)
        ev.cx.alive.append(fn.value)
    return known


def call_user(ev: Evaluator, fn: Known, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad import eval_objects

    if isinstance(fn.value, type):
        return eval_objects.construct(ev, fn, args, kwargs, loc)
    derivative = getattr(fn.value, "__srcad__", None) or getattr(getattr(fn.value, "live", None), "__srcad__", None)
    if derivative is not None:
        from srcad import eval_derivatives

        return eval_derivatives.call_live(ev, derivative, args, kwargs, loc)
    if not callable(fn.value) and not isinstance(fn.value, scope.Target):
        raise Unsupported("cannot differentiate a call of something that is not a function", loc)
    live = getattr(fn.value, "live", fn.value)
    if getattr(getattr(live, "__code__", None), "co_filename", "") == contextlib.__file__:
        fn = replace(fn, value=live.__wrapped__)  # @contextmanager: a with block runs the generator
    target = _readable(ev, fn, loc)
    function = desugared(ev, target)
    given = dict(kwargs)
    for name, value in target.bound.items():
        if name not in given:
            given[name] = bound_value(ev, target, name, value)
    positional = [p.name for p in function.params if p.kind == "positional" and p.name not in target.bound]
    named = dict(zip(positional, args, strict=False))
    rest = args[len(positional) :]
    return call_function(ev, function, [], {**given, **named}, loc, None, extra=rest)


def _readable(ev: Evaluator, fn: Known, loc: ir.Loc | None) -> scope.Target:
    """The text of a function of the user's; functions of other libraries need a rule."""
    live = getattr(fn.value, "live", fn.value)
    name = fn.expr.path.removeprefix("user:") if isinstance(fn.expr, ir.Ref) else getattr(live, "__qualname__", "this")
    name = name.removeprefix("_")
    if library_names.is_standard(str(getattr(live, "__module__", ""))):
        raise no_rule(name, loc)
    try:
        return target_of(ev, fn, loc)
    except Unsupported as error:
        if error.loc is None and loc is not None:
            raise no_rule(name, loc) from error
        raise


def bound_value(ev: Evaluator, target: scope.Target, name: str, value: Any) -> Value:
    """A bound argument (self, or one given to functools.partial) of a function called inside the model."""
    if isinstance(value, (int, float, complex, tuple, list, dict)) or leaves.is_array(value):
        return evaluate(ev, target.bound_ref(name))
    return Known(value, target.bound_ref(name))


def desugared(ev: Evaluator, target: scope.Target) -> ir.Function:
    from srcad.transforms import desugar

    if id(target) not in ev.cx.functions:
        ev.cx.functions[id(target)] = desugar.desugar(target.function)
        ev.cx.alive.append(target)
    return ev.cx.functions[id(target)]


def call_closure(ev: Evaluator, fn: Closure, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """A nested function: it was desugared with the function around it."""
    return call_function(ev, fn.function, args, kwargs, loc, fn.frame, defaults=dict(fn.defaults))


def call_function(
    ev: Evaluator,
    function: ir.Function,
    args: Args,
    kwargs: Kwargs,
    loc: ir.Loc | None,
    parent: str | None,
    extra: Sequence[Value] = (),
    defaults: Mapping[str, Value] | None = None,
) -> Value:
    """Inline a function: its parameters become variables of a frame of its own."""
    key = (function.name, place(function.loc))
    if ("recursive", key) in ev.cx.decisions and not ev.by_name:
        from srcad import eval_recursion

        return eval_recursion.call(ev, function, args, kwargs, loc, parent, extra, defaults)
    if ir.yields(function.body):
        return _generator(ev, function, args, kwargs, loc, parent, extra, defaults)
    _limit_depth(ev, function, key, loc)
    count = ev.temp_count(f"call {function.name}", loc)
    frame = f"{ev.frame}/{function.name}@{place(loc)[1:]}.{count}"
    bound = bind_arguments(ev, function, args, kwargs, loc, extra, defaults)
    outer, uses, caller = ev.frame, ev.uses, ev.function
    if ev.by_name:
        ev.uses = collections.Counter(n.id for s in ir.walk(function.body) for n in _read_names(s))
    ev.state.frames[frame] = {}
    ev.cx.parents[frame] = parent
    ev.stack.append((key, loc, _integer_inputs(ev, [*args, *kwargs.values()])))
    ev.frame, ev.function = frame, function
    try:
        rebound = assigned_names(function)
        for name, value in bound.items():
            _bind_parameter(ev, name, value, name in rebound, loc)
        ev.block(function.body)
        return ev.env.get("return", Known(None))
    finally:
        ev.frame, ev.uses, ev.function = outer, uses, caller
        ev.stack.pop()
        if ev.by_name or not _makes_functions(function):
            ev.state.frames.pop(frame, None)


def _generator(
    ev: Evaluator,
    function: ir.Function,
    args: Args,
    kwargs: Kwargs,
    loc: ir.Loc | None,
    parent: str | None,
    extra: Sequence[Value],
    defaults: Mapping[str, Value] | None,
) -> Value:
    """A call of a generator function: its arguments are bound, and its body waits for a loop."""
    from srcad import eval_generators

    count = ev.temp_count(f"call {function.name}", loc)
    frame = f"{ev.frame}/{function.name}@{place(loc)[1:]}.{count}"
    bound = bind_arguments(ev, function, args, kwargs, loc, extra, defaults)
    ev.state.frames[frame] = {}
    ev.cx.parents[frame] = parent
    outer, ev.frame = ev.frame, frame
    try:
        for name, value in bound.items():
            ev.bind(name, value, loc)
    finally:
        ev.frame = outer
    return eval_generators.create(ev, function, frame)


@ir.kept
def _makes_functions(function: ir.Function) -> bool:
    """Whether something may outlive a call that reads the variables of its frame."""
    nested = (ir.Define, ir.Lambda, ir.Comprehension)
    return any(isinstance(node, nested) for node in ir.walk(function.body))


def _limit_depth(ev: Evaluator, function: ir.Function, key: Any, loc: ir.Loc | None) -> None:
    """A recursion unrolls as deep as its arguments tell; integer inputs that they were made of are baked in for it."""
    calls = [made_of for k, _, made_of in ev.stack if k == key]
    if len(calls) >= 3:
        for origin in sorted(set().union(*calls), key=str):
            raise Restart(("bake", *origin))
    if len(calls) >= MAX_DEPTH and ("recursive", key) not in ev.cx.decisions:
        raise Restart(("recursive", key))
    if len(calls) >= MAX_DEPTH or len(ev.stack) > 3 * MAX_DEPTH:
        reason = f"cannot differentiate the recursion of {function.name}, whose depth is known only at run time"
        raise Unsupported(reason, loc, "Write it as a loop.")


def _integer_inputs(ev: Evaluator, given: Args) -> frozenset[tuple[str, tuple[Any, ...]]]:
    """The integer inputs of the program that appear in arguments."""
    found = set()
    for value in given:
        if isinstance(value, Dyn) and types.is_integer(value.type):
            for name in ir.names(value.expr):
                origin = ev.origin_of(ir.Name(name))
                if origin is not None and types.is_integer(ev.cx.types[name]) and types.is_scalar(ev.cx.types[name]):
                    found.add((origin.origin, origin.path))
    return frozenset(found)


def _read_names(node: Any) -> list[ir.Name]:
    """The variables that a node reads directly (targets of assignments are not reads)."""
    if isinstance(node, (ir.Assign, ir.For)):
        return [n for n in ir.walk(node.value if isinstance(node, ir.Assign) else node.iter) if isinstance(n, ir.Name)]
    if isinstance(node, (ir.Return, ir.Augment, ir.Do)) and node.value is not None:
        return [n for n in ir.walk(node.value) if isinstance(n, ir.Name)]
    if isinstance(node, (ir.If, ir.While)):
        return [n for n in ir.walk(node.test) if isinstance(n, ir.Name)]
    return []


@ir.kept
def assigned_names(function: ir.Function) -> set[str]:
    from srcad.eval_loops import assigned

    return assigned(function.body)


def _bind_parameter(ev: Evaluator, name: str, value: Value, rebound: bool, loc: ir.Loc | None) -> None:
    """A plain variable or constant is used under its own name unless the callee rebinds the parameter."""
    plain = not isinstance(value, Dyn) or ev.by_name or isinstance(value.expr, (ir.Name, ir.Const))
    if plain and not rebound and (not isinstance(value, Ptr) or ev.by_name):
        ev.env[name] = value
    else:
        ev.bind(name, value, loc)


def bind_arguments(
    ev: Evaluator,
    function: ir.Function,
    args: Args,
    kwargs: Kwargs,
    loc: ir.Loc | None,
    extra: Sequence[Value] = (),
    defaults: Mapping[str, Value] | None = None,
) -> dict[str, Value]:
    """Arguments by parameter name, as Python binds them. defaults: of a nested function, as evaluated long ago."""
    given = dict(kwargs)
    bound: dict[str, Value] = {}
    rest = [*args]
    for param in function.params:
        if param.kind == "positional" and rest:
            if param.name in given:
                raise TypeError(f"{function.name}() got multiple values for argument '{param.name}'")
            bound[param.name] = rest.pop(0)
        elif param.kind in ("positional", "keyword"):
            bound[param.name] = (
                given.pop(param.name) if param.name in given else _default(ev, function, param, defaults)
            )
        elif param.kind == "star":
            bound[param.name] = ev.tuple_of([*rest, *extra])
            rest, extra = [], ()
        else:
            bound[param.name] = ev.box("dict", tuple(given), tuple(given.values()))
            given = {}
    if rest or extra:
        raise TypeError(f"{function.name}() takes {len(bound)} positional arguments but more were given")
    if given:
        raise TypeError(f"{function.name}() got an unexpected keyword argument '{next(iter(given))}'")
    return bound


def _default(ev: Evaluator, function: ir.Function, param: ir.Param, defaults: Mapping[str, Value] | None) -> Value:
    if defaults is not None and param.name in defaults:
        return defaults[param.name]
    if param.default is None:
        raise TypeError(f"{function.name}() missing 1 required argument: '{param.name}'")
    return evaluate(ev, param.default)


# ---- library functions ----


def library(
    ev: Evaluator, path: str, obj: Any, args: Args, kwargs: Kwargs, loc: ir.Loc | None, named_at: ir.Loc | None = None
) -> Value:
    """A library function: kept as a call, its arguments turned back into expressions.

    named_at: where the program names it as a function; a method is printed as one.
    """
    from srcad import eval_effects, eval_rules

    if eval_effects.has_out(obj, args):
        args, kwargs = args[:-1], {**kwargs, "out": args[-1]}
    if eval_effects.writes(path) or "out" in kwargs:
        return eval_effects.write(ev, path, obj, args, kwargs, loc)
    refuse_never(path, args, kwargs, loc)
    kwargs = harmless(ev, path, kwargs, loc)
    rule = rules.lookup(path) or rules.lookup_object(getattr(obj, "live", obj))
    names = list(rule.params) if rule is not None else []
    own = rule.wrt if rule is not None else ()  # what is differentiated is no structure, whatever its name
    own = tuple(names) if path.startswith("scipy.stats.") else own
    args, kwargs = arrays_for(ev, rule, path, args, kwargs, loc)
    exprs = []
    for k, value in enumerate(args):
        name = names[k] if k < len(names) else ""
        exprs.append(argument(ev, "" if name in own else name, value, path, loc))
    pairs = tuple((name, argument(ev, "" if name in own else name, value, path, loc)) for name, value in kwargs.items())
    if rule is not None:
        check_arguments(rule, path, exprs, dict(pairs), loc)
        eval_rules.bake(ev, getattr(obj, "live", obj), rule, loc)
    ref = ir.Ref(path, getattr(obj, "live", obj), loc=named_at)
    return result(ev, ir.Call(ref, tuple(exprs), pairs, loc=loc))


def argument(ev: Evaluator, name: str, value: Value, path: str, loc: ir.Loc | None) -> ir.Expr:
    if name in STRUCTURAL and isinstance(value, (Dyn, Ptr)):
        return _written(demand(ev, value, f"the argument {name} of {path}", loc))
    if isinstance(value, Text):
        raise Unsupported(f"cannot differentiate {path} of text that is made of numbers", loc, "Keep the numbers.")
    if isinstance(value, (Generator, Stream, Lazy)) and not (
        isinstance(value, Lazy) and value.kind in ("range", "slice")
    ):
        raise Unsupported("cannot differentiate an iterator passed to a library function", loc, "Make it a list first.")
    if isinstance(value, (Closure, Bound, Partial)):
        raise Unsupported(
            f"cannot differentiate a function passed to {path}",
            loc,
            "Call it in a loop, or register a rule for this function.",
        )
    expr = residual(ev, value, loc)
    if isinstance(expr, ir.Slice):
        bounds = (ir.NONE if bound is None else bound for bound in (expr.lower, expr.upper, expr.step))
        return ir.call("builtins.slice", *bounds)
    return expr


def _written(value: Any) -> ir.Expr:
    """A value of structure as an expression; lists are tuples, for NumPy takes both."""
    return ir.Tuple(tuple(map(_written, value))) if isinstance(value, (tuple, list)) else ir.Const(value)


def result(ev: Evaluator, expr: ir.Call) -> Value:
    """The value of a library call; several values get names at once."""
    kind = types.infer(expr, ev.cx.types, ev.cx.assumptions)
    if isinstance(kind, (Num, Seq)):
        return Dyn(expr, kind)
    if isinstance(kind, Struct):
        return _several(ev, expr, kind)
    if activity.find_rule(expr) is None and not isinstance(kind.value, (str, type, type(None), np.dtype)):
        raise no_rule(getattr(expr.fn, "path", "this"), expr.loc)  # an object made of the numbers tried
    return Known(kind.value, expr)


def _several(ev: Evaluator, expr: ir.Call, kind: Struct) -> Value:
    assert isinstance(expr.fn, ir.Ref)
    base = expr.fn.path.rpartition(".")[2]
    items: list[Value] = []
    for k, item in enumerate(kind.items):
        if not isinstance(item, (Num, Seq)):  # such as a dictionary of what else was found
            raise no_rule(expr.fn.path, expr.loc)
        slot = ev.slot(f"{base}_{k}#{place(expr.loc)}", item)
        ev.note_type(slot, item)
        items.append(Dyn(ir.Name(slot), item))
    names = ir.Tuple(tuple(i.expr for i in items if isinstance(i, Dyn)))
    release(ev, sorted(ir.names(names)), expr.loc)
    ev.emit(ir.Assign(names, expr, loc=expr.loc))
    keys = PARTS.get(expr.fn.path)
    if keys is not None and expr.fn.obj is not None:
        cls = type(expr.fn.obj(np.eye(2)))
        return ev.box("namedtuple", tuple(keys.split()), items, cls=cls)
    return ev.tuple_of(items, "tuple", bound=False)


# what the parts of a result are called, where it is more than a tuple
PARTS = {
    "numpy.linalg.eig": "eigenvalues eigenvectors",
    "numpy.linalg.eigh": "eigenvalues eigenvectors",
    "numpy.linalg.qr": "Q R",
    "numpy.linalg.slogdet": "sign logabsdet",
    "numpy.linalg.svd": "U S Vh",
}


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
