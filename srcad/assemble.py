"""From sweeps to a function, and from functions to the module that is printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from srcad import algebra, docstrings, emit, ir, reasons, recursion, routines, types
from srcad.dims import dim_expr, symbol
from srcad.errors import Unsupported
from srcad.facts import Shapes, given
from srcad.pipeline import Request
from srcad.program import FORWARD, REVERSE, Program
from srcad.transforms import (
    activity,
    alias,
    batch,
    complexes,
    effects,
    forward,
    intact,
    record,
    reuse,
    reverse,
    tidy,
    unread,
    whole,
    zeroing,
)
from srcad.transforms.sweep import primals
from srcad.types import Seq, Static, Struct

Keep = Callable[[str, Any], None]


def keeper(kept: list[tuple[str, str]]) -> Keep:
    """Keeps the text of a program, with the functions that it calls, or of one function."""

    def keep(name: str, made: Program | ir.Function) -> None:
        functions = [made] if isinstance(made, ir.Function) else [made.function()]
        if isinstance(made, Program):
            functions = [*(recursion.printed(called.program) for called in recursion.functions(made)), *functions]
        kept.append((name, "\n\n".join(map(emit.function, functions))))

    return keep


# ---- which results have adjoints ----


def seeded(program: Program, has_aux: bool) -> list[int]:
    """Positions of the results that are differentiated: floating ones, not the auxiliary ones."""
    output = program.output
    count = len(leaves(output.items[0])) if has_aux and isinstance(output, Struct) else len(program.results)
    kinds = [t.element if isinstance(t, Seq) else t for t in leaves(output)[:count]]
    return [k for k, t in enumerate(kinds) if types.is_float(t)]


def leaves(t: types.Abstract) -> list[types.Abstract]:
    if isinstance(t, Struct):
        return [leaf for item in t.items for leaf in leaves(item)]
    return [] if isinstance(t, Static) else [t]


def inlined(request: Request) -> Program:
    """The first-order program of a request, made for the extents that its call finds equal where that matters."""
    from srcad.transforms import alike, copies, inline

    program = inline.inline(request)
    sizes, compiled = dict(request.extents), request.backend == "numba"
    if fixed := alike.fixed(program, sizes):
        own = alike.baked(request.arguments, [p.name for p in request.target.parameters], fixed)
        request = replace(request, baked=(*request.baked, *own))
        program = inline.inline(request)
    names = alike.relied(program, sizes, compiled)
    if names:
        arguments = tuple(alike.renamed(t, names) for t in request.arguments)
        program = inline.inline(replace(request, arguments=arguments))
    off = {name for name, on in request.options if on is False}
    program = copies.copies(program, joins="copies" not in off)
    return alike.guarded(program, names, alike.filled(program, sizes) if compiled else {})


def refuse_written_defaults(program: Program, request: Request) -> None:
    """A default array that the function writes keeps what was written for the next call; no copy can stand for it."""
    roots = {i.path[0] for i in program.inputs if i.name in program.written and i.origin == "param"}
    for parameter in request.target.parameters:
        if parameter.name in roots and hasattr(parameter.default, "__array_interface__"):
            reason = f"cannot differentiate a write into {parameter.name}, a default argument that outlives the call"
            raise Unsupported(reason, program.loc, "Make the default None, and the array inside the function.")


# ---- reverse mode ----


def reverse_mode(program: Program, aliases: dict[str, set[str]], request: Request, keep: Keep) -> Program:
    """The gradient program: value and adjoints of the inputs asked for."""
    off = frozenset(name for name, on in request.options if on is False)
    widens = request.backend == "numba" and not {"loops", "whole"} & off
    new = gradient(program, aliases, seeded(program, request.has_aux), off=off, widens=widens)
    keep("reverse", new)
    return new


def gradient(
    program: Program,
    aliases: Mapping[str, set[str]],
    seeded: Sequence[int],
    unit: bool = False,
    off: Set[str] = frozenset(),
    widens: bool = False,
) -> Program:
    """The results and the adjoints of the inputs asked for.

    unit: the adjoint of the one seeded result is 1. off: optional passes that are left out. widens: whether nearly all
    of an array is recorded as all of it.
    """
    program = complexes.counted(program)
    count = len(program.results)
    rebound = tuple(ir.Name(name) for _, name in program.updates)  # results like others until the two sweeps are made
    outputs = set().union(*(activity.flowing(program.results[k]) for k in seeded))
    recursion.activate(program, {i.name for i in program.wrt}, outputs)
    sweep = reverse.reverse(replace(program, results=(*program.results, *rebound)), seeded, unit)
    sweep = sweep if "reuse" in off else reuse.reuse(sweep)
    sweep = sweep if "intact" in off else intact.intact(sweep)
    recorded = record.record(sweep, dict(aliases), computes="recompute" not in off)
    wanted = [sweep.bars[i.name] for i in program.wrt]
    recorded = whole.whole(recorded, sweep, aliases, set(wanted)) if widens else recorded
    turned = algebra.turned(recorded.reverse, sweep.shapes.rank)
    first, backward, zeros = tidy.settle(turned, sweep.bars, sweep.shapes, wanted, sweep.names)
    backward = in_order(backward, sweep)
    kept, values = keep_results(sweep, backward)
    recorded = replace(recorded, forward=tidy.beside(recorded.forward, zeros, [i.name for i in program.inputs]))
    if "unread" not in off:
        recorded, backward = without_unread(recorded, kept, backward, ir.names((*values, *map(ir.Name, wanted))))
    else:
        recorded = replace(recorded, forward=(*recorded.forward, *kept))
    body: tuple[ir.Stmt, ...] = (
        ir.Block(FORWARD, (*first, *guards(sweep), *recorded.forward)),
        ir.Block(REVERSE, backward, blank_before=True),
    )
    body = counted_by_name(body, sweep) if "_" not in ir.names(tuple(values)) else body
    results = (*values[:count], *(ir.Name(b) for b in wanted))
    params = [i.path[-1] if len(i.path) == 1 else i.name for i in program.wrt]
    names = ", ".join(str(p) for p in params)
    plural = "s" if len(params) > 1 else ""
    inputs = [i.name for i in program.inputs]
    doc = docstrings.returned(program.name, inputs, f" and its derivative{plural}", f"with respect to {names}")
    new = replace(
        sweep.program,
        name=f"{program.name}_grad",
        body=body,
        results=results,
        updates=tuple((path, value.id) for (path, _), value in zip(program.updates, values[count:])),  # type: ignore[union-attr]
        seeds=(*program.seeds, *sweep.seeds),
        types={**sweep.shapes.types, **given(program.types, inputs, checked(program))},
        parts=program.parts | sweep.parts,
        doc=docstrings.describe(doc, sweep.program, sweep.shapes, recorded.saved),
        notes=reasons.reasons(sweep, recorded),
        return_loc=None,
    )
    return new if "unread" in off else zeroing.zeroing(new, set(sweep.bars.values()))


def in_order(backward: tuple[ir.Stmt, ...], sweep: Any) -> tuple[ir.Stmt, ...]:
    """The named parts of adjoints as g, g2, g3 in the order in which they stand."""
    names = dict.fromkeys(n.id for n in ir.walk(backward) if isinstance(n, ir.Name))
    found = [name for name in names if name in sweep.parts]
    new = dict(zip(found, sorted(sweep.parts, key=lambda name: (len(name), name))))
    known = sweep.shapes.types
    known |= {new[name]: kind for name, kind in [(name, known[name]) for name in found]}
    return ir.transform(backward, lambda n: ir.changed(n, id=new[n.id]) if type(n) is ir.Name and n.id in new else n)


def without_unread(
    recorded: record.Recorded, kept: Sequence[ir.Stmt], backward: tuple[ir.Stmt, ...], live: set[str]
) -> tuple[record.Recorded, tuple[ir.Stmt, ...]]:
    """The sweeps, `kept` at the end of the first one, without what is recorded for nobody. live: what is returned."""
    names = {saved.record for saved in recorded.saved} - {""}
    first, second = unread.unread((*recorded.forward, *kept), backward, names, live, recorded.first)
    left = ir.names((*first, *second))
    saved = tuple(s for s in recorded.saved if not s.record or s.record in left)
    return replace(recorded, forward=first, saved=saved), second


def counted_by_name(body: tuple[ir.Stmt, ...], sweep: Any) -> tuple[ir.Stmt, ...]:
    """``for _ in range(n)`` whose counter says by now where something is recorded: such a counter has a name."""
    indices = [n.items for n in ir.walk(body) if isinstance(n, ir.Index)]
    if not any("_" in ir.names(items) for items in indices) or "_" in {i.name for i in sweep.program.inputs}:
        return body
    name = sweep.names.numbered("k")
    sweep.shapes.types[name] = replace(types.INT, number=symbol(name))

    def apart(node: Any) -> Any:
        """A loop that counts for nobody, which may stand inside one that counts."""
        idle = isinstance(node, ir.For) and node.target == ir.Name("_") and "_" not in ir.names(node.body)
        return replace(node, target=ir.Name("_ idle")) if idle else node

    new = {"_": name, "_ idle": "_"}
    body = ir.transform(body, apart)
    return ir.transform(body, lambda n: replace(n, id=new[n.id]) if isinstance(n, ir.Name) and n.id in new else n)


def keep_results(sweep: Any, backward: tuple[ir.Stmt, ...]) -> tuple[list[ir.Stmt], list[ir.Expr]]:
    """The value under a name of its own where the reverse sweep restores the variable that holds it."""
    restored = effects.restored(backward)
    body = tuple(s for step in sweep.steps for s in primals(step))  # with what names the results
    many = len(sweep.results) - len(sweep.program.updates) > 1
    stmts: list[ir.Stmt] = []
    values: list[ir.Expr] = []
    for k, expr in enumerate(sweep.results):
        kind = sweep.shapes.of(expr)
        where = sweep.program.body if getattr(kind, "dims", None) is None else body  # it may be a number, not copied
        near = alias.touched(where, ir.names(expr), sweep.shapes.types) if kind.dims != () else ir.names(expr)
        if near & restored:
            name = sweep.names.fresh(f"out_{k}" if many else "out")
            sweep.shapes.types[name] = kind
            stmts.append(ir.Assign(ir.Name(name), expr if kind.dims == () else ir.call("numpy.copy", expr)))
            expr = ir.Name(name)
        values.append(expr)
    return stmts, values


def checked(program: Program) -> list[Any]:
    """The assumptions that `guards` makes sure of: that extents of inputs are equal which are broadcast together."""
    inputs = {i.name for i in program.inputs}
    broadcast = (a for a in program.assumptions if getattr(a, "op", "") == "==")
    return [a for a in broadcast if not ir.names((dim_expr(a.left), dim_expr(a.right))) - inputs]


def guards(sweep: Any) -> list[ir.Stmt]:
    """A check of the extents that broadcasting was taken to find equal: if one were 1, the derivative would differ."""
    tests: list[ir.Expr] = []
    for left, right in dict.fromkeys((a.left, a.right) for a in checked(sweep.program)):
        exprs = (dim_expr(left), dim_expr(right))
        tests.append(ir.Compare(("!=",), exprs[::-1] if isinstance(exprs[0], ir.Const) else exprs))
    if not tests:
        return []
    text = f"{sweep.program.name}: shapes unlike those in the docstring"
    error = ir.Call(ir.Ref("builtins.ValueError"), (ir.Const(text),))
    return [ir.If(tests[0] if len(tests) == 1 else ir.BoolOp("or", tuple(tests)), (ir.Raise(error),))]


def forward_mode(program: Program, aliases: dict[str, set[str]], request: Request, keep: Keep) -> Program:
    """The tangent program; after reverse mode, that of value and gradient (a Hessian-vector product)."""
    if any(phase for _, phase, _ in routines.calls(program.body)):
        from srcad.transforms import stacks

        program = stacks.settled(program, request.backend == "numba")
    program = complexes.counted(program)
    outer = "reverse" in request.modes
    own = seeded(program, request.has_aux)
    count = len(leaves(program.output))
    positions = [*own, *range(count, len(program.results))]
    outputs = set().union(*(activity.flowing(program.results[k]) for k in positions))
    recursion.activate(program, {i.name for i in program.wrt}, outputs)
    new = forward.forward(program, positions)
    base = program.name.removesuffix("_grad")
    name = f"{base}_hvp" if outer else f"{base}_jvp"
    params = ", ".join(str(i.path[-1]) if len(i.path) == 1 else i.name for i in program.wrt)
    what = ", its gradient, and their tangent" if outer else " and its tangent"
    doc = docstrings.returned(base, [i.name for i in program.inputs], what, f"along {params}")
    shapes = Shapes(program.types, program.assumptions, set())
    new = replace(new, name=name, doc=docstrings.describe(doc, replace(program, name=base), shapes))
    keep("forward", new)
    return new


def batched(program: Program, aliases: dict[str, set[str]], request: Request, keep: Keep) -> Program:
    """The program along many directions: of the tangents if it has any, else of the adjoints of the results."""
    last = request.modes[request.modes.index("batch") - 1]
    count = len(program.wrt) if last == "forward" else len(program.seeds)
    seeds = [p.name for p in program.seeds[len(program.seeds) - count :]]
    derivatives = len(seeded(program, request.has_aux)) if "forward" in request.modes else 0
    derivatives += len(program.wrt) if "reverse" in request.modes else 0
    new = batch.batch(program, seeds, derivatives, request.backend == "numba")
    summary, _, facts = (program.doc or "").partition("\n\n")
    axis = f"The last axis of {', '.join(seeds)} counts directions, as does that of the derivatives along them."
    new = replace(new, name=f"{program.name}_batch", doc=f"{summary}\n\n{docstrings.wrapped(f'{axis} {facts}')}")
    keep("batch", new)
    return new


def primal(program: Program, aliases: dict[str, set[str]], request: Request, keep: Keep) -> Program:
    return program


MODES: dict[str, Callable[[Program, dict[str, set[str]], Request, Keep], Program]] = {
    "reverse": reverse_mode,
    "forward": forward_mode,
    "batch": batched,
    "split": primal,  # done at the end, by `generated`
}


def transformed(program: Program, mode: str, aliases: dict[str, set[str]], request: Request, keep: Keep) -> Program:
    """The program after a mode of `MODES`; what that refuses without a place is refused at the function itself."""
    try:
        with algebra.knowing(program.types):
            return MODES[mode](program, aliases, request, keep)
    except Unsupported as error:
        if error.loc is not None or program.loc is None:
            raise
        raise Unsupported(error.reason, program.loc, error.hint) from error
