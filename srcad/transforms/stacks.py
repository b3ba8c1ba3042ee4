"""stacks: what recursions record goes onto lists that all calls share, for Numba.

Before: forward functions return a tape, a tuple that holds the tapes of the calls inside, which has no type that
Numba could name. After: each variable of the tape has a list. A forward function pushes onto it before it returns, its
reverse function pops from it first: the reverse sweep calls in the opposite order, so that each finds its own values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from srcad import ir, recursion, routines
from srcad.errors import Unsupported
from srcad.facts import Shapes
from srcad.naming import Names
from srcad.program import Program
from srcad.recursion import Made, plain
from srcad.routines import Routine
from srcad.transforms import activity
from srcad.transforms.inline import stored_names
from srcad.types import UNKNOWN, Abstract, Num, Seq, is_scalar

Stmts = tuple[ir.Stmt, ...]
Stacks = Mapping[Routine, dict[str, str]]  # routine -> variable of its tape -> list
NOT_COMPILED = "Numba cannot compile the derivative of a recursion whose depth is known only at run time"
WAY_OUT = 'Use backend="numpy", or write it as a loop.'


def stacked(program: Program, functions: Sequence[Made], compiled: bool = True) -> tuple[Program, list[Program]]:
    """The program and its functions with lists in place of tapes; for Numba, if compiled."""
    bodies = (program.body, *(made.program.body for made in functions))
    tapes = {name for body in bodies for name in _tapes(body)}
    pushes = (n for n in ir.walk(bodies) if isinstance(n, ir.Push))
    tapes |= {push.stack for push in pushes if ir.names(push.value) & tapes}  # lists of tapes
    own, kinds = _lists(functions, tapes, Names(program.names()))
    work = _Stacker(tapes, own, kinds, compiled)
    first = tuple(ir.Assign(ir.Name(name), work.empty(name)) for name in kinds if any(_tapes(program.body)))
    types = {**program.types, **{name: _list_of(kind) for name, kind in kinds.items()}}
    doc = _described(program.doc or "", program.body, work.reach)
    main = replace(program, body=_with_first(first, work.block(program.body)), types=types, doc=doc or None)
    return main, [work.function(made) for made in functions]


def _lists(functions: Sequence[Made], tapes: set[str], names: Names) -> tuple[Stacks, dict[str, Num | Seq]]:
    """A list for each variable of each routine's tape, and what the lists hold."""
    own: dict[Routine, dict[str, str]] = {}
    kinds: dict[str, Num | Seq] = {}
    for made in functions:
        if made.phase != "forward":
            continue
        kept = [name for name in _taped(made) if name not in tapes]
        own[made.routine] = {name: names.fresh(f"{plain(name)}_kept") for name in kept}
        kinds |= {stack: _kind(made, name) for name, stack in own[made.routine].items()}
    return own, kinds


def _described(doc: str, body: Stmts, reach: Mapping[Routine, tuple[str, ...]]) -> str:
    """The docstring with the lists in place of the tapes."""
    for stmt in _forward_calls(body):
        called = routines.called(stmt)
        assert called is not None
        for tape in (_last(stmt.target), f"{_last(stmt.target)}_saved"):
            doc = re.sub(rf"\b{tape}\b", ", ".join(reach[called[0]]), doc)
    return doc


def _with_first(first: Stmts, body: Stmts) -> Stmts:
    """Statements at the beginning of the forward sweep."""
    if body and isinstance(body[0], ir.Block):
        return (replace(body[0], body=(*first, *body[0].body)), *body[1:])
    return (*first, *body)


def refuse_mixed(made: Made) -> None:
    """Compiled functions return numbers of one type: 0.0 on one path and single precision on another is none."""
    single = any(isinstance(t, Num) and t.dtype in ("float32", "complex64") for t in made.program.types.values())
    if single and any(kind.dtype not in ("float32", "complex64", "int64") for kind in made.routine.result or ()):
        reason = "Numba cannot compile a recursion that returns Python numbers and single precision"
        raise Unsupported(reason, made.routine.loc, 'Use backend="numpy", or return np.float32 numbers on every path.')


def _tapes(body: Stmts) -> set[str]:
    """Variables that hold what a forward function recorded."""
    return {_last(stmt.target) for stmt in _forward_calls(body)}


def _forward_calls(body: Stmts) -> Iterator[ir.Assign]:
    for node in ir.walk(body):
        called = routines.called(node)
        if called is not None and called[1] == "forward" and isinstance(node, ir.Assign):
            yield node


def _last(target: ir.Expr) -> str:
    name = target.items[-1] if isinstance(target, ir.Tuple) else target
    assert isinstance(name, ir.Name)
    return name.id


def _taped(made: Made) -> list[str]:
    """The variables on the tape that a forward function returns."""
    if made.phase != "forward":
        return []
    tape = made.program.results[-1]
    assert isinstance(tape, ir.Tuple)
    return [item.id for item in tape.items if isinstance(item, ir.Name)]


def _kind(made: Made, name: str) -> Num | Seq:
    kind = made.program.types.get(name)
    element = kind.element if isinstance(kind, Seq) else kind
    if not isinstance(element, Num) or element.dims is None or element.dtype is None:
        raise Unsupported(NOT_COMPILED, made.routine.loc, WAY_OUT)
    return kind  # type: ignore[return-value]


def _reached(routine: Routine, own: Stacks) -> tuple[str, ...]:
    """The lists of a routine and of those that it calls, in the order in which they are handed over."""
    called = {r for r in (routine, *routines.reachable(routine.body)) if r in own}
    return tuple(stack for r in own if r in called for stack in own[r].values())


class _Stacker:
    def __init__(self, tapes: set[str], own: Stacks, kinds: Mapping[str, Num | Seq], compiled: bool) -> None:
        self.tapes, self.own, self.kinds, self.compiled = tapes, own, kinds, compiled
        self.reach = {routine: _reached(routine, own) for routine in own}

    def function(self, made: Made) -> Program:
        p, stacks = made.program, self.reach.get(made.routine, ())
        given = tuple(map(ir.Param, stacks))
        types: dict[str, Abstract] = {**p.types, **{name: _list_of(self.kinds[name]) for name in stacks}}
        own = self.own.get(made.routine, {})
        if made.phase == "forward":
            pushes = tuple(ir.Push(stack, ir.Name(name)) for name, stack in own.items())
            body = (*self.block(p.body, own), *pushes)
            doc = f"Return {made.routine.name}(...); what its adjoint reads goes onto the lists."
            return replace(p, body=body, results=p.results[:-1], seeds=(*p.seeds, *given), types=types, doc=doc)
        if made.phase != "reverse":
            return p
        tape, *params = p.seeds
        rest = tuple(s for s in p.body if not (isinstance(s, ir.Assign) and s.value == ir.Name(tape.name)))
        pops = tuple(ir.Pop(ir.Name(name), stack) for name, stack in reversed(own.items()))
        return replace(p, body=(*pops, *self.block(rest)), seeds=(*params, *given), types=types)

    # ---- statements ----

    def block(self, body: Stmts, blank: Mapping[str, str] | None = None) -> Stmts:
        """blank: variables of the tape that may begin as None."""
        found = tuple(new for stmt in body for new in self.statement(stmt, blank or {}))
        stray = next((n for n in ir.walk(found) if isinstance(n, ir.Name) and n.id in self.tapes), None)
        if stray is not None:
            raise Unsupported(NOT_COMPILED, stray.loc, WAY_OUT)
        return found

    def statement(self, stmt: ir.Stmt, blank: Mapping[str, str]) -> Stmts:
        called = routines.called(stmt)
        if called is not None:
            return (self.call(stmt, *called),)
        if isinstance(stmt, (ir.Push, ir.Pop)) and stmt.stack in self.tapes:
            return ()
        if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name):
            if stmt.target.id in self.tapes:
                return () if stmt.value in (ir.NONE, ir.List(())) else (stmt,)
            if stmt.value == ir.NONE and stmt.target.id in blank:
                return (replace(stmt, value=nothing(self.kinds[blank[stmt.target.id]])),)
        parts: Any = {k: self.inner(getattr(stmt, k), blank) for k in ("body", "orelse") if hasattr(stmt, k)}
        return (replace(stmt, **parts) if parts else stmt,)

    def inner(self, body: Stmts, blank: Mapping[str, str]) -> Stmts:
        return tuple(new for stmt in body for new in self.statement(stmt, blank))

    def call(self, stmt: ir.Stmt, routine: Routine, phase: str, args: tuple[ir.Expr, ...]) -> ir.Stmt:
        stacks = tuple(map(ir.Name, self.reach.get(routine, ())))
        args = tuple(map(_typed, args)) if self.compiled else args
        if phase == "reverse":
            call = routine.call((*args[1:], *stacks), phase)
            return replace(stmt, value=call)  # type: ignore[arg-type]
        if phase != "forward":
            return replace(stmt, value=routine.call(args, phase))  # type: ignore[arg-type]
        assert isinstance(stmt, ir.Assign)
        call = routine.call((*args, *stacks), phase)
        targets = stmt.target.items[:-1] if isinstance(stmt.target, ir.Tuple) else ()
        if not targets:
            return ir.Do(call, loc=stmt.loc)
        return replace(stmt, target=targets[0] if len(targets) == 1 else ir.Tuple(targets), value=call)

    def empty(self, stack: str) -> ir.Expr:
        return ir.call("srcad_runtime.empty_list", nothing(self.kinds[stack]))


def _typed(arg: ir.Expr) -> ir.Expr:
    """An argument of a type, and not of a value, for which Numba would compile the function once more."""
    value = arg.operand if isinstance(arg, ir.Unary) else arg
    if isinstance(value, ir.Const) and type(value.value) in (int, bool):
        return ir.call("numpy.bool_" if type(value.value) is bool else "numpy.int64", arg)
    return arg


def cacheable(routine: Routine, program: Program) -> bool:
    """Whether a function comes back from Numba's cache as it was: if functions, or one for several types, call each
    other in a circle, the machine code that is loaded has lost their addresses."""
    shapes = Shapes(program.types, program.assumptions, set())
    params = [*(i.name for i in program.inputs), *(s.name for s in program.seeds)]
    for called, _, args in routines.calls(program.body):
        if called is not routine:
            if routine in routines.reachable(called.body):
                return False
        elif not all(_keeps_its_type(arg, name, shapes) for arg, name in zip(args, params, strict=True)):
            return False
    return True


def _keeps_its_type(arg: ir.Expr, param: str, shapes: Shapes) -> bool:
    """Whether an argument is the parameter itself, handed on, or a number of its type."""
    kind, own = shapes.of(arg), shapes.of(ir.Name(param))
    return arg == ir.Name(param) or kind.dims == () == own.dims and kind.dtype == own.dtype is not None


def _list_of(kind: Num | Seq) -> Abstract:
    return Seq(kind) if isinstance(kind, Num) else UNKNOWN


def nothing(kind: Num | Seq) -> ir.Expr:
    """A value of a type, which is never looked at."""
    if isinstance(kind, Seq):
        return ir.call("srcad_runtime.empty_list", nothing(kind.element))
    dtype = ir.Ref(f"numpy.{kind.dtype}")
    if kind.dims:
        extents = ir.Const(0) if len(kind.dims) == 1 else ir.Tuple((ir.Const(0),) * len(kind.dims))
        return ir.call("numpy.empty", extents, *([] if kind.dtype == "float64" else [dtype]))
    plain = {"float64": 0.0, "int64": 0, "bool": False, "complex128": 0j}
    return ir.Const(plain[kind.dtype]) if kind.dtype in plain else ir.Call(dtype, (ir.Const(0),))


# ---- to be differentiated once more ----


def settled(program: Program, compiled: bool) -> Program:
    """A derivative that calls forward and reverse functions, with these as functions like any others."""
    functions = recursion.functions(program)
    if any(isinstance(made.program.types.get(name), Seq) for made in functions for name in _taped(made)):
        routines.refuse_again(program.body)  # tangents of lists of lists
    main, programs = stacked(program, functions, compiled)
    new = {(m.routine, m.phase): _as_routine(m, p) for m, p in zip(functions, programs, strict=True)}

    def visit(node: Any) -> Any:
        found = routines.of(node)
        return new[found[0], found[1]].call(found[2], loc=node.loc) if found is not None else node

    for routine in new.values():
        routine.body = ir.transform(routine.body, visit)
    return replace(main, body=ir.transform(main.body, visit), routines=tuple(new.values()))


def _as_routine(made: Made, program: Program) -> Routine:
    names = (*(i.name for i in program.inputs), *(s.name for s in program.seeds))
    shapes = Shapes(program.types, (), set())
    stored = stored_names(program.body) | {n.stack for n in ir.walk(program.body) if isinstance(n, (ir.Push, ir.Pop))}
    called = {r for n in ir.walk(program.body) if (f := routines.of(n)) for r in map(activity.root, f[2])}
    return Routine(
        program.name,
        names,
        body=program.body,
        results=program.results,
        result=tuple(shapes.of(e) for e in program.results),
        types=dict(program.types),
        written=frozenset(k for k, n in enumerate(names) if n in stored | called and not is_scalar(program.types[n])),
        loc=made.routine.loc,
    )
