"""From sweeps to a function, and from functions to the module that is printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from srcad import algebra, borrowed, bounds, docstrings, emit, ir, overflow, reasons, recursion, routines, types
from srcad.dims import dim_expr, symbol
from srcad.errors import Unsupported
from srcad.facts import Shapes
from srcad.naming import Names, identifier
from srcad.pipeline import Generated, Input, Request
from srcad.program import FORWARD, REVERSE, Program
from srcad.transforms import (
    activity,
    alias,
    batch,
    effects,
    forward,
    intact,
    record,
    reuse,
    reverse,
    split,
    tidy,
    unread,
    whole,
    zeroing,
)
from srcad.types import Num, Seq, Static, Struct

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
    first, backward, zeros = tidy.settle(recorded.reverse, sweep.bars, sweep.shapes, wanted, sweep.names)
    backward = in_order(algebra.turned(backward), sweep)
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
        types=sweep.shapes.types,
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
    return ir.transform(body, lambda n: replace(n, id=name) if isinstance(n, ir.Name) and n.id == "_" else n)


def keep_results(sweep: Any, backward: tuple[ir.Stmt, ...]) -> tuple[list[ir.Stmt], list[ir.Expr]]:
    """The value under a name of its own where the reverse sweep restores the variable that holds it."""
    restored = effects.restored(backward)
    many = len(sweep.results) - len(sweep.program.updates) > 1
    stmts: list[ir.Stmt] = []
    values: list[ir.Expr] = []
    for k, expr in enumerate(sweep.results):
        kind = sweep.shapes.of(expr)
        near = (
            alias.touched(sweep.program.body, ir.names(expr), sweep.shapes.types) if kind.dims != () else ir.names(expr)
        )
        if near & restored:
            name = sweep.names.fresh(f"out_{k}" if many else "out")
            sweep.shapes.types[name] = kind
            stmts.append(ir.Assign(ir.Name(name), expr if kind.dims == () else ir.call("numpy.copy", expr)))
            expr = ir.Name(name)
        values.append(expr)
    return stmts, values


def guards(sweep: Any) -> list[ir.Stmt]:
    """A check of the extents that broadcasting was taken to find equal: if one were 1, the derivative would differ."""
    pairs = [(a.left, a.right) for a in sweep.program.assumptions if getattr(a, "op", "") == "=="]
    tests: list[ir.Expr] = []
    for left, right in dict.fromkeys(pairs):
        exprs = (dim_expr(left), dim_expr(right))
        exprs = exprs[::-1] if isinstance(exprs[0], ir.Const) else exprs
        if not ir.names(exprs) - {i.name for i in sweep.program.inputs}:
            tests.append(ir.Compare(("!=",), exprs))
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
        return MODES[mode](program, aliases, request, keep)
    except Unsupported as error:
        if error.loc is not None or program.loc is None:
            raise
        raise Unsupported(error.reason, program.loc, error.hint) from error


# ---- the module ----


def generated(program: Program, request: Request, keep: Keep, kept: Sequence[tuple[str, str]]) -> Generated:
    """The printed module: for Numba as loops, for CuPy with its names. kept: the texts that `keep` was given."""
    from srcad.transforms import retarget

    program = replace(program, results=(*program.results, *(ir.Name(name) for _, name in program.updates)))
    results = unmarked(program.results)
    program = replace(program, body=tidy.without_unread(unmarked(program.body), ir.names(results)), results=results)
    decorator, parts, proven = "", tuple[ir.Function, ...](), frozenset[str]()
    if request.backend == "cupy":
        refuse_routines(program)
    functions = recursion.functions(program)
    called, lasting = [made.program for made in functions], True
    if request.backend == "numba":
        if called:
            from srcad.transforms import stacks

            for made in functions:
                stacks.refuse_mixed(made)
            program, called = stacks.stacked(program, functions, True)
            lasting = all(stacks.cacheable(made.routine, p) for made, p in zip(functions, called, strict=True))
        checked = dict(request.options).get("boundscheck", True) and not all(map(bounds.in_range, (program, *called)))
        decorator = emit.NJIT.replace(")", ", boundscheck=True)") if checked else emit.NJIT
        called = [for_numba(p, request, lambda *_: None) for p in called]
        program = for_numba(program, request, keep)
    sweeps: Sequence[Program] = (program,)
    if "split" in request.modes:
        sweeps = split.split(program, len(program.wrt), request.backend == "numba")
    if dict(request.options).get("parallel") and request.backend == "numba":
        sweeps, parts, proven = shared_out(sweeps)
        for sweep in sweeps:
            keep("parallel", by_name(sweep.function()))
    program, *pull = sweeps
    behind = [by_name(unmarked(retarget.retarget(pulled(p), p.types, request.backend))) for p in pull]
    function = by_name(retarget.retarget(program.function(), program.types, request.backend))
    own = borrowed.borrow(function)
    function, handed = with_functions(own.function, program, request)
    definitions = [retarget.retarget(f, {}, request.backend) for f in own.definitions]
    definitions += [unmarked(retarget.retarget(recursion.printed(p), p.types, request.backend)) for p in called]
    definitions += map(unmarked, parts)
    if request.backend != "numpy":
        keep("retarget", function)
    if own.imports or not lasting:  # machine code of the imported would be kept with that of the module
        decorator = decorator.replace("cache=True, ", "")
    head = "\n".join((header(request), *own.imports))
    every = [*definitions, function, *behind]
    text = emit.module(every, header=head, backend=request.backend, decorator=decorator, unchecked=proven)
    return Generated(
        text=text,
        entry=function.name,
        second=behind[0].name if behind else "",
        inputs=(*program.inputs, *handed),
        wrt_leaves=program.wrt,
        output=program.output,
        baked=program.baked,
        alike=program.alike,
        fragile=fragile(program),
        updates=tuple(path for path, _ in program.updates),
        written=program.written,
        notes=tuple(" ".join(note.split()) for note in (program.doc or "").split("\n\n")[1:]),
        reasons=program.notes,
        passes=tuple(kept),
    )


def for_numba(program: Program, request: Request, keep: Keep) -> Program:
    """The program as loops, products and checked integers."""
    from srcad.transforms import chains, loops, once, products, quotients, truths

    refuse_attempts(program)
    truths.refuse_beside_numbers(program)
    off = frozenset(name for name, on in request.options if on is False)
    program = replace(program, body=without_contexts(program.body))
    program = replace(program, body=overflow.checked(program))
    program = program if "loops" in off else loops.loops(program, off)
    keep("loops", program.function())
    program = program if {"loops", "products"} & off else products.products(program)
    keep("products", program.function())
    program = program if {"loops", "quotients"} & off else quotients.quotients(program)
    keep("quotients", program.function())
    program = program if "once" in off else once.once(program)
    keep("once", program.function())
    program = program if {"loops", "chains"} & off else chains.chains(program)
    keep("chains", program.function())
    return program


def shared_out(
    programs: Sequence[Program],
) -> tuple[list[Program], tuple[ir.Function, ...], frozenset[str]]:
    """Programs with their loops shared out among threads, what these have become, and the names of those that need no
    checks of indices. Programs stay as they are where a loop would call back into Python."""
    from srcad.transforms import parallel, retarget

    found = [parallel.parallel(program) for program in programs]
    made = tuple(retarget.retarget(part.function, p.types, "numba") for p, parts in found for part in parts)
    if any(n.path.startswith("srcad_runtime.interpreted") for n in ir.walk(made) if isinstance(n, ir.Ref)):
        return [*programs], (), frozenset()
    proven = frozenset(part.function.name for _, parts in found for part in parts if part.proven)
    return [p for p, _ in found], made, proven


def pulled(program: Program) -> ir.Function:
    """The function of a reverse sweep on its own; refused where it calls what only arguments of the whole can give."""
    function = program.function()
    if any(isinstance(n, ir.Ref) and n.path.startswith("user:") for n in ir.walk(function.body)):
        raise Unsupported("the reverse sweep calls a function of the user's")
    return function


def by_name(function: ir.Function) -> ir.Function:
    """The function with the parts of loops by their names in the module."""
    from srcad.transforms.parallel import PART

    def visit(node: Any) -> Any:
        is_part = isinstance(node, ir.Ref) and node.path.startswith(PART)
        return ir.Name(node.path.removeprefix(PART)) if is_part else node

    named: ir.Function = ir.transform(function, visit)
    return named


def with_functions(function: ir.Function, program: Program, request: Request) -> tuple[ir.Function, tuple[Input, ...]]:
    """The kernel with the user's functions that it calls, where the module cannot hold them, as further arguments."""
    refs = {n.path: n for n in ir.walk(function.body) if isinstance(n, ir.Ref) and n.path.startswith("user:")}
    if not refs:
        return function, ()
    names = Names({*ir.names(function), *(p.name for p in function.params), function.name})
    handed = {
        path: Input(*_found_at(ref, program, request), names.fresh(identifier(path.rpartition(".")[2])))
        for path, ref in refs.items()
    }
    params = [*function.params]
    count = len(program.inputs)
    params[count:count] = [ir.Param(i.name) for i in handed.values()]

    def spelled(node: Any) -> Any:
        known = isinstance(node, ir.Ref) and node.path in handed
        return ir.Name(handed[node.path].name, loc=node.loc) if known else node

    return replace(function, params=tuple(params), body=ir.transform(function.body, spelled)), tuple(handed.values())


def _found_at(ref: ir.Ref, program: Program, request: Request) -> tuple[str, tuple[Any, ...]]:
    """The global, captured name or attribute that a function stands under."""
    from srcad import scope

    live = getattr(ref.obj, "live", ref.obj)
    shown = ref.path.removeprefix("user:")
    if request.backend == "numba" and not hasattr(live, "py_func"):
        reason = f"cannot call {shown} from compiled code: Numba would keep what it captures as it is now"
        raise Unsupported(reason, ref.loc, "Pass what it captures as arguments, or use the NumPy backend.")
    for path, value in getattr(request.target.family, "met", {}).items():
        if value is live or getattr(value, "live", None) is live:
            return scope.split(path)
    for origin, place, value in program.baked:
        if value is live:
            return origin, place
    reason = f"cannot call {shown} from generated code: it needs more than its text, and no name holds it"
    raise Unsupported(reason, ref.loc, "Define it at the top of a module, or give it what it needs as arguments.")


def unmarked(nodes: Any) -> Any:
    """Without ``srcad.stop_gradient``, when all differentiation is done: the text does not need srcad."""

    def plain(node: Any) -> Any:
        marker = isinstance(node, ir.Call) and isinstance(node.fn, ir.Ref) and node.fn.path in activity.CUT
        return node.args[0] if marker and node.args else node

    return ir.transform(nodes, plain)


def fragile(program: Program) -> bool:
    """Whether Python's own numbers may raise: a domain error, a division by zero, an overflow."""
    for node in ir.walk(program.body):
        if isinstance(node, ir.Call) and isinstance(node.fn, ir.Ref) and node.fn.path.startswith("math."):
            return True
        if isinstance(node, ir.Binary) and node.op in ("/", "//", "%", "**"):
            kinds = [types.infer(side, program.types, []) for side in (node.left, node.right)]
            if all(isinstance(k, Num) and k.dims == () and k.weak for k in kinds) and not isinstance(
                node.right, ir.Const
            ):
                return True
    return False


def without_contexts(body: tuple[ir.Stmt, ...]) -> tuple[ir.Stmt, ...]:
    """Without ``with np.errstate(...)``: compiled code does not warn."""
    out: list[ir.Stmt] = []
    for stmt in body:
        if isinstance(stmt, ir.Do) and _is_filter(stmt.value):
            continue
        if isinstance(stmt, ir.With):
            out.extend(without_contexts(stmt.body))
        elif isinstance(stmt, (ir.For, ir.While, ir.Block)):
            out.append(replace(stmt, body=without_contexts(stmt.body)))
        elif isinstance(stmt, ir.If):
            out.append(replace(stmt, body=without_contexts(stmt.body), orelse=without_contexts(stmt.orelse)))
        else:
            out.append(stmt)
    return tuple(out)


def _is_filter(value: ir.Expr) -> bool:
    """``warnings.simplefilter("ignore")`` and its relatives."""
    fn = value.fn if isinstance(value, ir.Call) else None
    return isinstance(fn, ir.Ref) and fn.path in ("warnings.simplefilter", "warnings.filterwarnings")


def refuse_routines(program: Program) -> None:
    """On a device the elements on a tape would be views."""
    for routine in program.routines:
        reason = "CuPy does not run the derivative of a recursion whose depth is known only at run time"
        raise Unsupported(reason, routine.loc, 'Use backend="numpy", or write it as a loop.')


def refuse_attempts(program: Program) -> None:
    """What is tried runs in Python: a compiled function would not raise what Python raises."""
    for node in ir.walk(program.body):
        if isinstance(node, ir.Call) and node.fn == ir.Ref("srcad_runtime.attempts.caught"):
            raise Unsupported("Numba cannot compile this try", node.loc, 'Use backend="numpy".')


def header(request: Request) -> str:
    return f"Derivative of {request.target.qualname}, written by srcad."
