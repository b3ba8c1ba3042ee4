"""split: the two sweeps of a gradient as two functions.

Before: a gradient program, after all passes that change what is computed. After: a program that runs the function and
also returns what the reverse sweep reads of it, and a program of that and of the adjoints of the results, which may be
called again and again: what it overwrites, it copies first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from srcad import docstrings, ir, routines
from srcad.errors import Unsupported
from srcad.naming import Names
from srcad.pipeline import Input
from srcad.program import REVERSE, Program
from srcad.transforms import activity, alias
from srcad.transforms.liveness import live_before
from srcad.types import Num, Seq

MADE = tuple(ir.Ref(f"numpy.{name}") for name in ("empty", "zeros"))


def split(program: Program, derivatives: int, compiled: bool = False) -> tuple[Program, Program]:
    """(forward, reverse): the reverse sweep takes the last results of the forward one, and the seeds.

    derivatives: how many results the reverse sweep computes, before those that are attributes' new values. compiled:
    for Numba, between whose functions lists travel as arrays.

    Raises:
        Unsupported: the sweeps share what cannot be handed over.
    """
    if program.routines:
        raise Unsupported("the sweeps of a recursion are no two functions yet")
    before, backward, behind = _halves(program)
    stop = len(program.results) - len(program.updates)
    values, bars = program.results[: stop - derivatives], program.results[stop - derivatives : stop]
    wanted = ir.names((values, program.results[stop:]))
    behind_value = tuple(s for s in behind if activity.reads(s) and ir.names(getattr(s, "target", None)) & wanted)
    backward = (*backward, *(s for s in behind if s not in behind_value))
    before, backward = _moved((*before, *behind_value), backward, wanted)
    seeds = {p.name for p in program.seeds}
    kept = sorted(live_before(backward, ir.names(bars)) - seeds)
    kept = [name for name in kept if name in _defined(program, before)]
    first = _initialised(before, kept, program)
    copies = _copies(program, backward, kept)
    lists = _lists(program, kept) if compiled else {}
    given = {i.name for i in program.inputs} | ir.names(values)
    handed = [_handed(k, program, given) if k not in lists else ir.call("numpy.array", ir.Name(k)) for k in kept]
    bars = tuple(_own(bar, program, set(arrays_of(kept, program)) - ir.names(tuple(copies))) for bar in bars)
    unpacked = (ir.Assign(ir.Name(k), ir.call("builtins.list", ir.Name(lists[k]))) for k in lists)
    name = program.name.removesuffix("_grad")
    facts = re.sub(r"^With respect to [^.]*\.\s*", "", (program.doc or "").partition("\n\n")[2])
    forward = replace(
        program,
        name=f"{name}_run",
        body=first,
        results=(*values, *handed, *program.results[stop:]),
        seeds=(),
        doc="\n\n".join(filter(None, (f"Return {name}(...) and what {name}_pull reads of this run.", facts))),
    )
    wrt = ", ".join(str(i.path[-1]) if len(i.path) == 1 else i.name for i in program.wrt)
    what = f"With respect to {wrt}."
    reverse = replace(
        program,
        name=f"{name}_pull",
        inputs=tuple(Input("kept", (k,), lists.get(k, k)) for k in kept),
        body=(*unpacked, *copies, *backward),
        results=bars,
        updates=(),
        doc="\n\n".join((f"Return the derivatives of {name}, after {name}_run.", docstrings.wrapped(what))),
    )
    return forward, reverse


def _halves(program: Program) -> tuple[tuple[ir.Stmt, ...], tuple[ir.Stmt, ...], tuple[ir.Stmt, ...]]:
    """(forward sweep, reverse sweep, what comes behind both)."""
    for k, stmt in enumerate(program.body):
        if isinstance(stmt, ir.Block) and stmt.note == REVERSE:
            forward = tuple(s for b in program.body[:k] for s in _open(b))
            return forward, stmt.body, program.body[k + 1 :]
    raise Unsupported("cannot tell the sweeps of this derivative apart")


def _open(stmt: ir.Stmt) -> tuple[ir.Stmt, ...]:
    return stmt.body if isinstance(stmt, ir.Block) and stmt.note.startswith("----") else (stmt,)


def _moved(
    before: tuple[ir.Stmt, ...], backward: tuple[ir.Stmt, ...], wanted: set[str]
) -> tuple[tuple[ir.Stmt, ...], tuple[ir.Stmt, ...]]:
    """New arrays that only the reverse sweep uses are made there, if what they are made of has not changed by then."""
    made = [
        s
        for k, s in enumerate(before)
        if isinstance(s, ir.Assign) and isinstance(s.target, ir.Name) and isinstance(s.value, ir.Call)
        and s.value.fn in MADE and s.target.id not in wanted
        and not any(s.target.id in ir.names(other) for other in before if other is not s)
        and not ir.names(s.value) & _rebound(before[k + 1 :])
    ]  # fmt: skip
    return tuple(s for s in before if s not in made), (*made, *backward)


def _rebound(stmts: Sequence[ir.Stmt]) -> set[str]:
    """Names that statements give another value, which may have another shape: a copy of itself has not."""
    found: set[str] = set()
    for node in ir.walk(tuple(stmts)):
        match node:
            case ir.Assign(ir.Name(name), ir.Call(ir.Attr(ir.Name(base), "copy"))) if base == name:
                continue
            case ir.Assign(target) | ir.For(target) | ir.Pop(target) if target is not None:
                found |= ir.names(target) if not isinstance(target, ir.Index) else set()
            case ir.Augment(ir.Name(name)):
                found.add(name)
    return found


def _defined(program: Program, before: Sequence[ir.Stmt]) -> set[str]:
    """Variables that have a value behind the forward sweep, on some path at least."""
    found = {i.name for i in program.inputs}
    for node in ir.walk(tuple(before)):
        if isinstance(node, (ir.Assign, ir.For)):
            found |= ir.names(node.target)
        elif isinstance(node, (ir.Augment, ir.Pop)):
            found |= ir.names(node.target) if isinstance(node.target, ir.Name) else set()
    return found


def _initialised(before: tuple[ir.Stmt, ...], kept: Sequence[str], program: Program) -> tuple[ir.Stmt, ...]:
    """The forward sweep with a value for everything that it hands over, whichever way it takes."""
    sure = {i.name for i in program.inputs}
    for stmt in before:
        sure |= ir.names(stmt.target) if isinstance(stmt, ir.Assign) else set()
    return (*(_initial(name, program) for name in kept if name not in sure), *before)


def _initial(name: str, program: Program) -> ir.Stmt:
    kind = program.types.get(name)
    if not isinstance(kind, Num) or kind.dims is None or kind.dtype is None:
        raise Unsupported(f"the sweeps share {name}, which has no value on some paths")
    if not kind.dims:
        zero = {"i": ir.Const(0), "u": ir.Const(0), "b": ir.Const(False)}.get(_kind(kind.dtype), ir.Const(0.0))
        return ir.Assign(ir.Name(name), zero)
    shape = (ir.Const(0),) * len(kind.dims)
    extents = shape[0] if len(shape) == 1 else ir.Tuple(shape)
    dtype = () if kind.dtype == "float64" else (ir.Ref(f"numpy.{'bool_' if kind.dtype == 'bool' else kind.dtype}"),)
    return ir.Assign(ir.Name(name), ir.call("numpy.empty", extents, *dtype))


def _kind(dtype: str) -> str:
    return {"bool": "b", "complex": "c"}.get(dtype.rstrip("0123456789"), dtype[0])


def _copies(program: Program, backward: Sequence[ir.Stmt], kept: Sequence[str]) -> list[ir.Stmt]:
    """Copies of the arrays that the reverse sweep writes into.

    Raises:
        Unsupported: another variable that it reads may hold the same array.
    """
    written: set[str] = set()
    for node in ir.walk(tuple(backward)):
        if isinstance(node, (ir.Store, ir.Augment)):
            written.add(activity.root(node.target))
        elif isinstance(node, ir.Pop) and node.target is not None:
            written.add(activity.root(node.target))
        elif isinstance(node, ir.Do) or routines.called(node) is not None:
            written |= ir.names(node)
    known = program.types
    near = alias.touched(program.body, written, known)  # type: ignore[arg-type]
    arrays = [n for n in arrays_of(kept, program) if n in near]
    inside = {
        activity.root(n.target) for n in ir.walk(tuple(backward)) if isinstance(getattr(n, "target", None), ir.Index)
    }
    within = alias.touched(program.body, inside, known)  # type: ignore[arg-type]
    lists = [n for n in kept if isinstance(known.get(n), Seq) and n in within]  # copied, array by array
    for name in (*arrays, *lists):
        others = alias.touched(program.body, {name}, known) & {*arrays_of(kept, program), *lists} - {name}  # type: ignore[arg-type]
        if others:
            raise Unsupported(f"the sweeps share {name} and {min(others)}, which may be one array")
    # lists, from which it takes, are copied by the caller
    return [ir.Assign(ir.Name(n), ir.call("numpy.copy", ir.Name(n))) for n in arrays]


def _handed(name: str, program: Program, others: set[str]) -> ir.Expr:
    """What is kept, in memory that the caller has no part in."""
    kind = program.types.get(name)
    if not isinstance(kind, Num):
        return ir.Name(name)
    return _own(ir.Name(name), program, others)


def _own(value: ir.Expr, program: Program, others: set[str]) -> ir.Expr:
    """A copy where a value may lie in memory of the others'."""
    names = {n for n in ir.names(value) if getattr(program.types.get(n), "dims", None) != ()}
    shared = names and alias.touched(program.body, names, program.types) & others  # type: ignore[arg-type]
    return ir.call("numpy.copy", value) if shared else value


def arrays_of(names: Sequence[str], program: Program) -> list[str]:
    kinds = ((n, program.types.get(n)) for n in names)
    return [n for n, kind in kinds if not isinstance(kind, Seq) and getattr(kind, "dims", None) != ()]


def _lists(program: Program, kept: Sequence[str]) -> dict[str, str]:
    """Lists of numbers, and what the arrays that they travel as are called."""
    names = Names(program.names())
    found = {}
    for name in kept:
        kind = program.types.get(name)
        if isinstance(kind, Seq):
            if kind.element.dims != ():
                raise Unsupported("the sweeps share a list of arrays")
            found[name] = names.fresh(f"{name}_array")
    return found
