"""Calls of users' functions: their arguments are bound, and their bodies evaluated in place."""

from __future__ import annotations

import collections
import contextlib
import functools
import inspect
import types as python_types
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from srcad import ir, leaves, scope, types
from srcad import library as library_names
from srcad.errors import Unsupported, no_rule
from srcad.eval_core import MAX_DEPTH, Evaluator, Restart, place
from srcad.eval_exprs import evaluate
from srcad.values import Closure, Dyn, Known, Ptr, Value, certain

Args = list[Value]
Kwargs = dict[str, Value]


def target_of(ev: Evaluator, fn: Known, loc: ir.Loc | None) -> scope.Target:
    if isinstance(fn.value, scope.Target):
        return fn.value
    known = ev.cx.targets.get(id(fn.value))
    if known is None:
        known = ev.cx.targets[id(fn.value)] = scope.from_live(fn.value, ev.root)
        ev.cx.alive.append(fn.value)
    return known


def call_user(ev: Evaluator, fn: Known, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad import eval_objects, eval_special

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
    called = inspect.getattr_static(type(fn.value), "__call__", None)
    if isinstance(called, python_types.FunctionType):  # an object's, which its class may be given another of
        eval_objects.bake(ev, fn, "__class__", called, "__call__", loc=loc)
    if isinstance(target.live, functools.partial):
        eval_special.met_as(ev, target.live, "keywords", leaves.Keys(), value=tuple(target.live.keywords))
    function = desugared(ev, target)
    named = target.bound_by_name
    before = {k: bound_value(ev, target, k, v) for k, v in target.bound.items() if k not in named or k not in kwargs}
    first = [before[p.name] for p in function.params if p.name in before and p.name not in named]
    given = {**{k: v for k, v in before.items() if k in named}, **kwargs}
    if target.cached:
        from srcad import eval_cached

        return eval_cached.call(ev, function, [*first, *args], given, loc)
    return call_function(ev, function, [*first, *args], given, loc, None)


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
    ref = target.bound_ref(name)
    if isinstance(target.live, functools.partial) and (value is None or isinstance(value, str) or callable(value)):
        ev.cx.used_baked[scope.split(ref.path)] = value  # the keywords of a partial may be changed
    return Known(value, ref)


def desugared(ev: Evaluator, target: scope.Target) -> ir.Function:
    from srcad.transforms import desugar

    if id(target) not in ev.cx.functions:
        ev.cx.functions[id(target)] = desugar.desugar(target.function)
        ev.cx.alive.append(target)
    return ev.cx.functions[id(target)]


def call_closure(ev: Evaluator, fn: Closure, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """A nested function: it was desugared with the function around it."""
    if fn.function.cached:
        from srcad import eval_cached

        return eval_cached.call(ev, fn.function, args, kwargs, loc, fn)
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
    ev.enclose(frame, function, parent)
    ev.stack.append((key, loc, _integer_inputs(ev, [*args, *kwargs.values()])))
    ev.frame, ev.function = frame, function
    try:
        rebound = assigned_names(function)
        for name, value in bound.items():
            _bind_parameter(ev, name, value, name in rebound, loc)
        ev.block(function.body)
        return ev.env.pop("return", Known(None))  # the frame may stay, for the functions made in it
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
    ev.enclose(frame, function, parent)
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
    _refuse_names(function, given)
    for param in function.params:
        if param.kind == "positional" and rest:
            if param.name in given and not param.nameless:
                raise certain(TypeError(f"{function.name}() got multiple values for argument '{param.name}'"))
            bound[param.name] = rest.pop(0)
        elif param.kind in ("positional", "keyword"):
            by_name = param.name in given and not param.nameless
            bound[param.name] = given.pop(param.name) if by_name else _default(ev, function, param, defaults)
        elif param.kind == "star":
            bound[param.name] = ev.tuple_of([*rest, *extra])
            rest, extra = [], ()
        else:
            bound[param.name] = ev.box("dict", tuple(given), tuple(given.values()))
            given = {}
    if rest or extra:
        raise certain(_too_many(function, len(rest) + len(extra)))
    if given:
        raise certain(TypeError(f"{function.name}() got an unexpected keyword argument '{next(iter(given))}'"))
    return bound


def _refuse_names(function: ir.Function, given: Kwargs) -> None:
    """Parameters that are positional only, given by name to a function without ``**kw``."""
    nameless = [p.name for p in function.params if p.nameless and p.name in given]
    if nameless and all(p.kind != "starstar" for p in function.params):
        text = "got some positional-only arguments passed as keyword arguments"
        raise certain(TypeError(f"{function.name}() {text}: '{', '.join(nameless)}'"))


def _too_many(function: ir.Function, more: int) -> TypeError:
    positional = [p for p in function.params if p.kind == "positional"]
    most, least = len(positional), sum(p.default is None for p in positional)
    takes = f"{most} positional argument{'s' * (most != 1)}"
    takes = takes if least == most else f"from {least} to {most} positional arguments"
    return TypeError(f"{function.name}() takes {takes} but {most + more} were given")


def _default(ev: Evaluator, function: ir.Function, param: ir.Param, defaults: Mapping[str, Value] | None) -> Value:
    if defaults is not None and param.name in defaults:
        return defaults[param.name]
    if param.default is None:
        kind = "positional" if param.kind == "positional" else "keyword-only"
        raise certain(TypeError(f"{function.name}() missing 1 required {kind} argument: '{param.name}'"))
    return evaluate(ev, param.default)
