"""Derivatives asked for inside a model: ``srcad.grad(potential)(x)`` in a time step, a Hessian in a penalty.

The function is evaluated to a program of its own (`nested`), differentiated by the passes that serve the outside, and
written where the derivative is called. Perturbations cannot be confused: each derivative has variables of its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from srcad import assemble, ir, nested, types
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator
from srcad.eval_values import demand
from srcad.nested import Traced, Tracer
from srcad.program import Program
from srcad.transforms import forward
from srcad.types import Num, Static, Struct
from srcad.values import Bound, Closure, Dyn, Known, Partial, Ptr, Value, certain

Args = list[Value]
Kwargs = dict[str, Value]


@dataclass(frozen=True)
class Job:
    """A derivative called on arguments: `wanted` are positions or names of the arguments to differentiate."""

    kind: str
    fn: Value
    args: Args
    kwargs: Kwargs
    wanted: tuple[int | str, ...]
    single: bool
    has_aux: bool
    loc: ir.Loc | None


def call(ev: Evaluator, made: Partial, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """``srcad.grad(f, argnums)(*args)`` and its relatives."""
    from srcad import eval_batches, eval_jacobians

    if made.derivative == "pull":
        return pull(ev, made, args, loc)
    if made.derivative == "vmap":
        return eval_batches.vmap(ev, made, args, kwargs, loc)
    options = bound_options(ev, made, ("argnums", "has_aux"), (0, False))
    job = job_of(ev, made.derivative, made.fn, args, kwargs, options["argnums"], bool(options["has_aux"]), loc)
    if made.derivative in ("grad", "value_and_grad"):
        return gradient(ev, job)
    return eval_jacobians.jacobian(ev, job)


def call_live(ev: Evaluator, derivation: Any, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """A derivative made outside the model, ``slope = srcad.grad(f)``, called inside."""
    names = ("in_axes", "out_axes") if derivation.kind == "vmap" else ("argnums", "has_aux")
    options = tuple((name, Known(getattr(derivation, name))) for name in names)
    return call(ev, Partial(Known(derivation.function), (), options, derivation.kind), args, kwargs, loc)


def immediate(ev: Evaluator, kind: str, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """``srcad.vjp(f, *primals)``, ``srcad.jvp(f, primals, tangents)``, ``srcad.hvp(f, primals, tangents)``."""
    fn, *rest = args
    options = {k: plain(ev, kwargs[k], loc) for k in ("argnums", "has_aux") if k in kwargs}
    named = _entries(ev, kwargs.get("kwargs"))
    if kwargs.get("outputs") is not None:
        raise Unsupported(
            "cannot differentiate outputs= of a derivative inside a model", loc, "Let the function return its outputs."
        )
    aux, argnums = bool(options.get("has_aux", False)), options.get("argnums")
    if kind == "vjp":
        return vjp(ev, job_of(ev, kind, fn, rest, named, argnums, aux, loc), argnums)
    primals, tangents = (
        _items(ev, v, loc) for v in (*rest, *(kwargs[k] for k in ("primals", "tangents") if k in kwargs))
    )
    job = job_of(ev, kind, fn, primals, named, argnums, aux, loc)
    return jvp(ev, job, tangents) if kind == "jvp" else hvp(ev, job, tangents, argnums)


# ---- which arguments ----


def bound_options(ev: Evaluator, made: Partial, names: tuple[str, ...], defaults: tuple[Any, ...]) -> dict[str, Any]:
    given = {**dict(zip(names, made.args, strict=False)), **dict(made.kwargs)}
    return {name: plain(ev, given[name], None) if name in given else d for name, d in zip(names, defaults, strict=True)}


def plain(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Any:
    """An option's value: numbers, names, None, and containers of them."""
    if isinstance(value, Ptr):
        box = ev.state.heap[value.id]
        items = [plain(ev, item, loc) for item in box.items]
        return dict(zip(box.keys, items, strict=True)) if box.kind == "dict" else tuple(items)
    return demand(ev, value, "an option of a derivative", loc)


def job_of(
    ev: Evaluator, kind: str, fn: Value, args: Args, kwargs: Kwargs, argnums: Any, has_aux: bool, loc: ir.Loc | None
) -> Job:
    kwargs = dict(kwargs)
    if argnums is None:  # every positional argument that holds floating numbers
        wanted: tuple[int | str, ...] = tuple(k for k, a in enumerate(args) if floating(ev, a))
        return Job(kind, fn, args, kwargs, wanted, False, has_aux, loc)
    asked = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
    wanted = tuple(_argument(ev, fn, args, kwargs, a, loc) for a in asked)
    job = Job(kind, fn, args, kwargs, wanted, not isinstance(argnums, (tuple, list)), has_aux, loc)
    for a in wanted:
        if not floating(ev, value_at(job, a)):
            raise TypeError(f"srcad.{kind}: argument {a} is not floating-point")
    return job


def _argument(ev: Evaluator, fn: Value, args: Args, kwargs: Kwargs, argnum: Any, loc: ir.Loc | None) -> int | str:
    """Where the argument asked for is: a position in `args`, or a name in `kwargs`."""
    names = [p.name for p in parameters(ev, fn, loc)]
    if isinstance(argnum, str):
        if argnum in kwargs:
            return argnum
        if argnum in names:
            argnum = names.index(argnum)
    if not isinstance(argnum, int):
        raise TypeError(f"argnums names {argnum!r}, which is not a parameter")
    position = argnum + len(args) if argnum < 0 else argnum
    if position < len(args):
        return position
    if position >= len(names):
        raise TypeError(f"argnums={argnum}: there is no argument at that position")
    if names[position] not in kwargs:
        kwargs[names[position]] = _default(ev, fn, parameters(ev, fn, loc)[position])
    return names[position]


def _default(ev: Evaluator, fn: Value, param: ir.Param) -> Value:
    from srcad.eval_exprs import evaluate

    if isinstance(fn, Closure) and param.name in dict(fn.defaults):
        return dict(fn.defaults)[param.name]
    if param.default is None:
        raise TypeError(f"missing a required argument: {param.name!r}")
    return evaluate(ev, param.default)


def parameters(ev: Evaluator, fn: Value, loc: ir.Loc | None) -> list[ir.Param]:
    """The positional parameters of a callable, as its caller sees them."""
    from srcad import eval_functions

    if isinstance(fn, Closure):
        return _positional(fn.function)
    if isinstance(fn, Partial):
        return parameters(ev, fn.fn, loc) if fn.derivative else parameters(ev, fn.fn, loc)[len(fn.args) :]
    if isinstance(fn, Bound):
        return [] if fn.function is None else parameters(ev, Known(fn.function), loc)[int(isinstance(fn.owner, Ptr)) :]
    derivation = getattr(fn.value, "__srcad__", None) if isinstance(fn, Known) else None
    if derivation is not None:
        return parameters(ev, Known(derivation.function), loc)
    if not isinstance(fn, Known) or isinstance(fn.value, type):
        return []
    if isinstance(fn.expr, ir.Ref) and not fn.expr.path.startswith(("user:", "global:", "closure:")):
        return _library_parameters(fn.value)
    target = eval_functions.target_of(ev, fn, loc)
    return [p for p in _positional(target.function) if p.name not in target.bound]


def _library_parameters(function: Any) -> list[ir.Param]:
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [ir.Param(p.name) for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _positional(function: ir.Function) -> list[ir.Param]:
    return [p for p in function.params if p.kind == "positional"]


def value_at(job: Job, place: int | str) -> Value:
    return job.args[place] if isinstance(place, int) else job.kwargs[place]


def floating(ev: Evaluator, value: Value) -> bool:
    if isinstance(value, Ptr):
        return any(floating(ev, item) for item in ev.state.heap[value.id].items)
    return isinstance(value, Dyn) and types.is_float(value.type)


def _items(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Args:
    from srcad.eval_exprs import sequence

    return sequence(ev, value, loc)


def _entries(ev: Evaluator, value: Value | None) -> Kwargs:
    if not isinstance(value, Ptr):
        return {}
    box = ev.state.heap[value.id]
    return dict(zip(box.keys, box.items, strict=True))


# ---- the function as a program ----


@dataclass(frozen=True)
class Run:
    """A job whose function is traced; `layouts` are the arguments as structures of the names of their leaves."""

    job: Job
    traced: Traced
    layouts: dict[int | str, types.Abstract]

    @property
    def value(self) -> types.Abstract:
        """The structure of the differentiated value: without the auxiliary one."""
        output = self.traced.output
        return output.items[0] if self.job.has_aux and isinstance(output, Struct) else output

    @property
    def seeded(self) -> list[int]:
        return assemble.seeded(self.traced.program, self.job.has_aux)


def trace(ev: Evaluator, job: Job) -> Run:
    tracer = Tracer(ev, nested.site_of(ev, f"derivative {job.kind}", job.loc), job.loc)
    names = [p.name for p in parameters(ev, job.fn, job.loc)]
    layouts: dict[int | str, types.Abstract] = {}

    def stand_in(place: int | str, value: Value) -> Value:
        name = place if isinstance(place, str) else names[place] if place < len(names) else f"x{place}"
        found, layouts[place] = tracer.argument(value, name, place in job.wanted)
        return found

    args = [stand_in(k, v) for k, v in enumerate(job.args)]
    kwargs = {k: stand_in(k, v) for k, v in job.kwargs.items()}
    run = Run(job, tracer.trace(job.fn, args, kwargs), layouts)
    if job.has_aux and not (isinstance(run.traced.output, Struct) and len(run.traced.output.items) == 2):
        raise TypeError("has_aux=True takes a function that returns (value, aux)")
    return run


def check_scalar(run: Run) -> None:
    """Raise TypeError unless the value is one real floating number."""
    value = run.value
    if isinstance(value, Num) and value.dims in ((), None) and types.is_float(value) and not types.is_complex(value):
        return
    shown = f"a {value.kind}" if isinstance(value, Struct) else "an array" if isinstance(value, Num) else "no number"
    if isinstance(value, Num) and value.dims == ():
        shown = f"a {value.dtype} number"
    elif isinstance(value, Num) and value.dims is not None:
        shown = f"an array of {len(value.dims)} dimensions"
    raise certain(TypeError(f"srcad.{run.job.kind} takes a function with one real value; this one returns {shown}"))


def reverse_program(run: Run, unit: bool) -> Program:
    """Value and adjoints; the leaves asked for have their adjoints at the end of the results, in order."""
    return assemble.gradient(run.traced.program, run.traced.aliases, run.seeded, unit)


def with_unit_seed(run: Run) -> tuple[Program, dict[str, ir.Expr]]:
    """Value and adjoints for the seed 1, and the seed where it is said: of a number that is Python's on some paths and
    single precision on others it is one of double precision, as outside of a model."""
    if not (isinstance(run.value, Num) and run.value.single):
        return reverse_program(run, True), {}
    program = reverse_program(run, False)
    return program, {program.seeds[0].name: ir.call("numpy.float64", ir.ONE)}


def value_results(ev: Evaluator, run: Run, results: Sequence[ir.Expr]) -> Value:
    count = len(run.traced.program.results)
    return nested.value_of(ev, run.traced.output, results[:count])


def structured(ev: Evaluator, run: Run, found: dict[str, Value]) -> Value:
    """Derivatives, by leaf, in the structure of the arguments asked for."""
    parts = [argument_of(ev, run, place, found) for place in run.job.wanted]
    return parts[0] if run.job.single else ev.tuple_of(parts)


def argument_of(ev: Evaluator, run: Run, place: int | str, found: dict[str, Value]) -> Value:
    def build(layout: types.Abstract) -> Value:
        if isinstance(layout, Struct):
            return ev.box(layout.kind, layout.keys, [build(item) for item in layout.items], cls=layout.cls)
        assert isinstance(layout, Static)
        return Known(None) if layout.value is None else found[layout.value]

    return build(run.layouts[place])


def dyn_of(ev: Evaluator, expr: ir.Expr, like: Num, double: bool = False) -> Dyn:
    """A derivative that has the type of what it is the derivative by. double: its seed may be of double precision."""
    kind = replace(like, number=None)
    if isinstance(expr, ir.Name):
        ev.cx.types[expr.id] = kind
    return Dyn(typed(ev, expr, kind, double), kind)


NARROW = ("float16", "float32", "complex64")


def typed(ev: Evaluator, expr: ir.Expr, like: Num, double: bool = False) -> ir.Expr:
    """A derivative of, or by, a number in its type. That of one that does not move, on some paths, is Python's 0.0 so
    far; that of one of Python's is single precision, where such numbers are multiplied."""
    if like.dims != ():
        return expr
    values = _values(ev.out, expr)
    constants = [isinstance(v, ir.Const) for v in values]
    if not like.weak:
        sure = not any(constants) and not (double and like.dtype in NARROW)
        return expr if sure else ir.call(f"numpy.{like.dtype}", expr)
    constant = all(constants)
    narrow = any(isinstance(t, Num) and t.dtype in NARROW for t in ev.cx.types.values())
    if constant or not narrow or like.dtype not in ("float64", "complex128"):
        return expr
    return ir.call("builtins.float" if like.dtype == "float64" else "builtins.complex", expr)


def adjoints(ev: Evaluator, run: Run, exprs: Sequence[ir.Expr]) -> dict[str, Value]:
    """The last of these results, by leaf."""
    wrt = run.traced.wrt
    last = exprs[len(exprs) - len(wrt) :]
    double = isinstance(run.value, Num) and run.value.single
    return {leaf.name: dyn_of(ev, e, leaf.value.type, double) for leaf, e in zip(wrt, last, strict=True)}  # type: ignore[arg-type]


def _values(body: Sequence[ir.Stmt], expr: ir.Expr) -> list[ir.Expr]:
    """What a result is, or is set to."""
    nodes = ir.walk(tuple(body)) if isinstance(expr, ir.Name) else ()
    set_to = [n.value for n in nodes if isinstance(n, (ir.Assign, ir.Augment)) and n.target == expr]
    return set_to or [expr]


# ---- gradients ----


def gradient(ev: Evaluator, job: Job) -> Value:
    run = trace(ev, job)
    check_scalar(run)
    results = nested.splice(ev, run.traced, *with_unit_seed(run))
    found = structured(ev, run, adjoints(ev, run, results))
    value = value_results(ev, run, results)
    if job.kind == "value_and_grad":
        return ev.tuple_of([value, found])
    return ev.tuple_of([found, ev.state.heap[value.id].items[1]]) if job.has_aux else found  # type: ignore[union-attr]


# ---- products ----


def jvp(ev: Evaluator, job: Job, tangents: Args) -> Value:
    if len(tangents) != len(job.args):
        raise ValueError(f"srcad.jvp: {len(job.args)} primals and {len(tangents)} tangents; None is a zero tangent")
    moving = tuple(k for k in job.wanted if isinstance(k, int) and moves(ev, tangents[k]))
    run = trace(ev, replace(job, wanted=moving))
    program = forward.forward(run.traced.program, run.seeded)
    seeds = directions(ev, run, {k: tangents[k] for k in moving}, program)
    results = nested.splice(ev, run.traced, program, seeds)
    value = value_results(ev, run, results)
    dot = tangent_value(ev, run, results[len(run.traced.program.results) :])
    if not job.has_aux:
        return ev.tuple_of([value, dot])
    assert isinstance(value, Ptr)
    out, aux = ev.state.heap[value.id].items
    return ev.tuple_of([out, dot, aux])


def tangent_value(ev: Evaluator, run: Run, exprs: Sequence[ir.Expr]) -> Value:
    """Tangents in the structure of the value, None for what is not floating-point."""
    given, seeded = iter(exprs), set(run.seeded)
    position = iter(range(len(run.traced.program.results)))

    def build(t: types.Abstract) -> Value:
        if isinstance(t, Struct):
            return ev.box(t.kind, t.keys, [build(item) for item in t.items], cls=t.cls)
        if isinstance(t, Static) or next(position) not in seeded:
            return Known(None)
        assert isinstance(t, Num)
        return Dyn(typed(ev, next(given), t), replace(t, number=None))

    return build(run.value)


def moves(ev: Evaluator, tangent: Value) -> bool:
    """Whether a tangent is more than None."""
    if isinstance(tangent, Ptr):
        return any(moves(ev, item) for item in ev.state.heap[tangent.id].items)
    return not (isinstance(tangent, Known) and tangent.value is None)


def directions(ev: Evaluator, run: Run, tangents: dict[int | str, Value], program: Program) -> dict[str, ir.Expr]:
    """The tangent of every leaf asked for, by the parameter of the tangent program."""
    by_leaf: dict[str, Value] = {}
    for place in run.job.wanted:
        _collect(ev, run.layouts[place], tangents.get(place, Known(None)), by_leaf)
    params = program.seeds[len(program.seeds) - len(run.traced.wrt) :]
    pairs = zip(params, run.traced.wrt, strict=True)
    return {p.name: _direction(by_leaf.get(leaf.name, Known(None)), leaf) for p, leaf in pairs}


def _collect(ev: Evaluator, layout: types.Abstract, tangent: Value, found: dict[str, Value]) -> None:
    if isinstance(layout, Static):
        if layout.value is not None:
            found[layout.value] = tangent
    elif isinstance(tangent, Ptr):
        assert isinstance(layout, Struct)
        box = ev.state.heap[tangent.id]
        if box.keys != layout.keys:
            raise TypeError("a tangent has another structure than its primal")
        for item, part in zip(layout.items, box.items, strict=True):
            _collect(ev, item, part, found)
    elif moves(ev, tangent):
        raise TypeError("a tangent has another structure than its primal")


def _direction(tangent: Value, leaf: nested.Leaf) -> ir.Expr:
    assert isinstance(leaf.value.type, Num)
    if not isinstance(tangent, Dyn):
        return ir.ZERO if leaf.value.type.dims == () else ir.call("numpy.zeros_like", leaf.value.expr)
    if isinstance(tangent.type, Num) and types.rank(tangent.type) != types.rank(leaf.value.type):
        raise ValueError(f"the tangent of {leaf.name} has another shape than {leaf.name} itself")
    if leaf.value.type.dtype and types.is_complex(tangent.type) and not types.is_complex(leaf.value.type):
        raise TypeError(f"the tangent of {leaf.name} is complex, {leaf.name} is real")
    if isinstance(tangent.expr, ir.Const):
        return ir.Const(float(tangent.expr.value)) if types.is_integer(tangent.type) else tangent.expr
    return _of_type(tangent, leaf.value.type)


def _of_type(tangent: Dyn, own: Num) -> ir.Expr:
    """A tangent is of its primal's type."""
    kind = tangent.type
    if not isinstance(kind, Num) or own.weak or own.dtype is None or kind.dtype is None or kind.dtype == own.dtype:
        return tangent.expr
    if own.dims == ():
        return ir.call(f"numpy.{own.dtype}", tangent.expr)
    return ir.call("srcad_runtime.astype", tangent.expr, ir.Ref(f"numpy.{own.dtype}"))


def hvp(ev: Evaluator, job: Job, tangents: Args, argnums: Any) -> Value:
    """Forward over reverse."""
    places: Sequence[int | str] = range(len(job.args)) if len(tangents) == len(job.args) else job.wanted
    if len(places) != len(tangents):
        raise ValueError(f"srcad.hvp: {len(job.args)} primals and {len(tangents)} tangents; None is a zero tangent")
    run = trace(ev, job)
    check_scalar(run)
    program = second_order(run)
    seeds = directions(ev, run, dict(zip(places, tangents, strict=True)), program)
    found = adjoints(ev, run, nested.splice(ev, run.traced, program, seeds))
    return per_primal(ev, run, found) if argnums is None else structured(ev, run, found)


def second_order(run: Run) -> Program:
    """The tangent program of value and adjoints; its last results are the tangents of the adjoints."""
    first = reverse_program(run, True)
    count = len(run.traced.program.results)
    return forward.forward(first, range(count, len(first.results)))


def per_primal(ev: Evaluator, run: Run, found: dict[str, Value]) -> Value:
    """One entry per positional argument, None where it is not floating-point."""
    return ev.tuple_of(
        [argument_of(ev, run, k, found) if k in run.job.wanted else Known(None) for k in range(len(run.job.args))]
    )


# ---- vjp ----


@dataclass(frozen=True, eq=False)
class PullBack:
    """What ``vjp`` returns beside the value: a traced function with its arguments kept as they were."""

    run: Run
    all_primals: bool
    calls: list[int]


def vjp(ev: Evaluator, job: Job, argnums: Any) -> Value:
    run = trace(ev, job)
    run = replace(run, traced=nested.frozen(ev, run.traced))
    value = value_results(ev, run, nested.splice(ev, run.traced, run.traced.program, {}))
    made = Partial(Known(PullBack(run, argnums is None, [0])), derivative="pull")
    if not job.has_aux:
        return ev.tuple_of([value, made])
    assert isinstance(value, Ptr)
    out, aux = ev.state.heap[value.id].items
    return ev.tuple_of([out, made, aux])


def pull(ev: Evaluator, made: Partial, args: Args, loc: ir.Loc | None) -> Value:
    """``pull(out_bar)``: the function is run again from what was kept, forwards and backwards."""
    assert isinstance(made.fn, Known)
    back: PullBack = made.fn.value
    run = replace(back.run, traced=replace(back.run.traced, loc=loc))
    program = reverse_program(run, False)
    seeds = dict(zip((p.name for p in program.seeds), cotangents(ev, run, args[0]), strict=True))
    site = nested.site_of(ev, "pull", loc)
    found = adjoints(ev, run, nested.splice(ev, run.traced, program, seeds, site))
    return per_primal(ev, run, found) if back.all_primals else structured(ev, run, found)


def cotangents(ev: Evaluator, run: Run, given: Value) -> list[ir.Expr]:
    """One seed per floating leaf of the value."""
    found: list[ir.Expr] = []

    def collect(t: types.Abstract, value: Value) -> None:
        if isinstance(t, Struct):
            box = ev.state.heap[value.id] if isinstance(value, Ptr) else None
            if box is None or box.keys != t.keys:
                raise TypeError("the cotangent has another structure than the value")
            for item, part in zip(t.items, box.items, strict=True):
                collect(item, part)
        elif types.is_float(t):
            if not isinstance(value, Dyn):
                raise TypeError("the cotangent has another structure than the value")
            number = value.expr.value if isinstance(value.expr, ir.Const) else None
            found.append(ir.Const(float(number)) if isinstance(number, int) else value.expr)

    collect(run.value, given)
    return found
