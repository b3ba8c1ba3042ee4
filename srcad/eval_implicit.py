"""SciPy's solvers called inside a model: ``optimize.brentq(f, a, b)`` where f is the user's.

The function is traced as `nested` does and written above the program, with all it needs as arguments; the solver runs
on it as before. Its result does not move by itself: a call of `srcad_runtime.implicit` beside it carries the
derivative, in terms of the user's function at the solution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from srcad_runtime import implicit

from srcad import eval_derivatives, ir, nested
from srcad.borrowed import Definition
from srcad.errors import Unsupported
from srcad.eval_builtins import handles
from srcad.eval_core import Evaluator
from srcad.eval_order import release
from srcad.eval_values import residual
from srcad.nested import Tracer
from srcad.program import Program
from srcad.types import Num
from srcad.values import Bound, Closure, Dyn, Known, Partial, Ptr, Value

Args = list[Value]
Kwargs = dict[str, Value]
NUMBER, VECTOR = Num("float64", ()), Num("float64", (None,))
FLAG, COUNT = Num("bool", ()), Num("int64", (), True)
NOT_PASSED = Known(None)


# ---- the call as it is written ----


@dataclass(frozen=True)
class Given:
    """A solver's arguments by name."""

    ev: Evaluator
    path: str
    values: Mapping[str, Value]
    loc: ir.Loc | None

    def get(self, name: str) -> Value | None:
        """An argument, or None where it is left out or None."""
        value = self.values.get(name, NOT_PASSED)
        return None if value == NOT_PASSED else value

    def needed(self, name: str) -> Value:
        value = self.get(name)
        if value is None:
            raise TypeError(f"{self.path.rpartition('.')[2]}() missing 1 required argument: {name!r}")
        return value

    def extras(self) -> Args:
        """``args=(a, b)``, or one that is no tuple."""
        value = self.get("args")
        if value is None:
            return []
        box = self.ev.state.heap[value.id] if isinstance(value, Ptr) else None
        return list(box.items) if box is not None and box.kind == "tuple" else [value]

    def refuse(self, names: str, way_out: str) -> None:
        """Refuse arguments that have no derivative here."""
        for name in names.split():
            if self.get(name) is not None:
                raise Unsupported(f"cannot differentiate {self.path} with the argument {name!r}", self.loc, way_out)


def given(ev: Evaluator, path: str, signature: str, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Given:
    """signature: names of the parameters, in order."""
    names = signature.split()
    if len(args) > len(names):
        raise TypeError(f"{path.rpartition('.')[2]}() takes at most {len(names)} arguments")
    for name in kwargs:
        if name not in names:
            raise Unsupported(f"cannot differentiate {path} with the argument {name!r}", loc, "Leave it out.")
    return Given(ev, path, {**dict(zip(names, args, strict=False)), **kwargs}, loc)


# ---- the user's functions, written out ----


@dataclass(frozen=True)
class Written:
    """Functions of the module, by what the solver calls them. They take the unknown, then all of `extras`."""

    refs: Mapping[str, ir.Ref]
    extras: Mapping[str, ir.Expr]

    def arguments(self) -> dict[str, ir.Expr]:
        return {"args": ir.Tuple(tuple(self.extras.values()))} if self.extras else {}


def written(g: Given, functions: Mapping[str, Value], *unknowns: Dyn) -> Written:
    """Trace ``f(*unknowns, *args)`` for each function; SciPy hands the same further arguments to all of them."""
    found = {key: outlined(g, fn, key, unknowns) for key, fn in functions.items()}
    extras = {name: expr for outline in found.values() for name, expr in outline.extras.items()}
    return Written({key: outline.ref(outline.body, extras) for key, outline in found.items()}, extras)


@dataclass(frozen=True)
class Outline:
    """A function of the user's as a program. unknowns: its first parameters; extras: what else it reads, by name."""

    g: Given
    name: str
    program: Program
    unknowns: tuple[str, ...]
    extras: Mapping[str, ir.Expr]

    @property
    def body(self) -> tuple[ir.Stmt, ...]:
        return self.program.function().body

    def ref(
        self, body: tuple[ir.Stmt, ...], extras: Iterable[str], more: Iterable[str] = (), suffix: str = ""
    ) -> ir.Ref:
        """What refers to a function of the module: of the unknowns, of `extras`, and of `more`."""
        params = tuple(ir.Param(name) for name in (*self.unknowns, *extras, *more))
        own = self.name + suffix
        name = nested.name_at(self.g.ev, nested.site_of(self.g.ev, f"made {own}", self.g.loc), "made", own)
        return ir.Ref(f"made:{name}", Definition(ir.Function(name, params, body)))


def outlined(g: Given, fn: Value, key: str, unknowns: Sequence[Dyn]) -> Outline:
    ev, extras = g.ev, g.extras()
    tracer = Tracer(ev, nested.site_of(ev, f"solver {key}", g.loc), g.loc)
    named = [p.name for p in eval_derivatives.parameters(ev, fn, g.loc)]
    names = [named[k] if k < len(named) else f"x{k}" for k in range(len(unknowns) + len(extras))]
    first = [tracer.leaf(value, name, True) for value, name in zip(unknowns, names, strict=False)]
    rest = [tracer.argument(v, n, False)[0] for v, n in zip(extras, names[len(first) :], strict=True)]
    program = tracer.trace(fn, [*first, *rest], {}).program
    if program.written:
        reason = f"cannot differentiate {g.path} of a function that writes into {program.written[0]}"
        raise Unsupported(reason, g.loc, "Let it write into a copy.")
    values = {leaf.name: leaf.value.expr for leaf in tracer.leaves}
    read = ir.names((program.body, program.results))
    own = [leaf.name for leaf in tracer.leaves[: len(first)]]
    others = [i.name for i in program.inputs if i.name in read and i.name not in own]
    return Outline(g, name_of(fn, key), program, tuple(own), {n: values.get(n, ir.Name(n)) for n in others})


def name_of(fn: Value, otherwise: str) -> str:
    """The name that its author gave a function."""
    live = getattr(fn, "function", None) or getattr(fn, "value", None)
    name = getattr(live, "name", None) or getattr(getattr(live, "live", live), "__name__", None)
    return name if isinstance(name, str) and name.isidentifier() else otherwise


# ---- the solver's own call: its result does not move ----


def run(g: Given, functions: Written, first: str, args: Sequence[ir.Expr], options: str) -> ir.Expr:
    keywords = functions.arguments()
    keywords |= {key: ref for key, ref in functions.refs.items() if key != first}
    for name in options.split():
        value = g.get(name)
        if value is not None:
            keywords[name] = option(g, value)
    return ir.Call(ir.Ref(g.path), (functions.refs[first], *args), tuple(keywords.items()), loc=g.loc)


def option(g: Given, value: Value) -> ir.Expr:
    """An option of a solver's; ``{"maxiter": 50}`` is written ``dict(maxiter=50)``."""
    box = g.ev.state.heap[value.id] if isinstance(value, Ptr) else None
    if box is None or box.kind != "dict" or not all(isinstance(key, str) for key in box.keys):
        return residual(g.ev, value, g.loc)
    pairs = tuple((str(key), residual(g.ev, item, g.loc)) for key, item in zip(box.keys, box.items, strict=True))
    return ir.Call(ir.Ref("builtins.dict"), (), pairs)


def held(g: Given, call: ir.Expr, kind: Num, name: str = "root") -> Dyn:
    return g.ev.temp(name, Dyn(ir.call("srcad.stop_gradient", call), kind), g.loc)


def fields(g: Given, call: ir.Expr, kinds: Mapping[str, Num]) -> dict[str, Dyn]:
    """Attributes of the solver's result, each under a name."""
    found = {}
    for name, kind in kinds.items():
        slot = g.ev.temp_slot(name, g.loc)
        g.ev.note_type(slot, kind)
        found[name] = Dyn(ir.Name(slot), kind)
    targets = ir.Tuple(tuple(value.expr for value in found.values()))
    release(g.ev, sorted(ir.names(targets)), g.loc)
    read = ir.call("srcad_runtime.implicit.fields", call, *(ir.Const(name) for name in kinds))
    g.ev.emit(ir.Assign(targets, ir.call("srcad.stop_gradient", read), loc=g.loc))
    return found


def result(g: Given, values: Mapping[str, Value]) -> Value:
    """What stands for a solver's result: its fields are read as attributes."""
    return g.ev.box("namedtuple", tuple(values), tuple(values.values()), cls=implicit.RESULTS[g.path])


# ---- the solvers ----


def solver(path: str, signature: str) -> Callable[[Callable[[Given], Value]], Callable[[Given], Value]]:
    """Register what answers a call of SciPy's solver; what it writes stands where the program calls the solver."""

    def register(answer: Callable[[Given], Value]) -> Callable[[Given], Value]:
        @handles(path)
        def handler(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
            from srcad.eval_calls import _moved

            mark = len(ev.out)
            found = answer(given(ev, path, signature, args, kwargs, loc))
            if loc is None:
                return found
            ev.out[mark:] = [_moved(stmt, loc) for stmt in ev.out[mark:]]
            return replace(found, expr=_moved(found.expr, loc)) if isinstance(found, Dyn) else found

        return answer

    return register


def functions(g: Given, first: str, others: str) -> dict[str, Value]:
    """The functions among the arguments; `first` is the one to solve."""
    found = {first: g.needed(first)}
    for name in others.split():
        value = g.get(name)
        if isinstance(value, (Closure, Partial, Bound)) or isinstance(value, Known) and callable(value.value):
            found[name] = value
        elif value is not None:
            reason = f"cannot differentiate {g.path} with {name} that is no function"
            raise Unsupported(reason, g.loc, f"Pass {name} as a function, or leave it out.")
    return found
