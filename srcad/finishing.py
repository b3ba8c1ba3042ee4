"""From a program of a derivative to the module that is printed: the passes of a backend, helpers, the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from srcad import borrowed, bounds, emit, ir, recursion, scope, types
from srcad.assemble import Keep
from srcad.errors import Unsupported
from srcad.naming import Names, identifier
from srcad.pipeline import Generated, Input, Request
from srcad.program import PART, Program
from srcad.transforms import activity, renewed, retarget, split, tidy
from srcad.types import Num


def generated(program: Program, request: Request, keep: Keep, kept: Sequence[tuple[str, str]]) -> Generated:
    """The printed module: for Numba as loops, for CuPy with its names. kept: the texts that `keep` was given."""
    program = with_updates(program)
    program, called, compiled = routine_programs(program, request, keep)
    sweeps, parts, proven = in_sweeps(program, request, keep)
    program, *pull = by_columns(program, sweeps, request, keep)
    behind = [by_name(unmarked(retargeted(pulled(p), p, request))) for p in pull]
    own = borrowed.borrow(by_name(retargeted(program.function(), program, request)))
    function, handed = with_functions(own.function, program, request)
    if request.backend != "numpy":
        keep("retarget", function)
    definitions = [retarget.retarget(f, {}, request.backend) for f in own.definitions]
    definitions += [unmarked(retargeted(recursion.printed(p), p, request)) for p in called]
    every = [*definitions, *map(unmarked, parts), function, *behind]
    text = emit.module(
        every,
        header="\n".join((header(request), *own.imports)),
        backend=request.backend,
        decorator=compiled if may_be_kept(own) else compiled.replace("cache=True, ", ""),
        unchecked=proven,
    )
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
        apart=program.apart,
        notes=tuple(" ".join(note.split()) for note in (program.doc or "").split("\n\n")[1:]),
        reasons=program.notes,
        passes=tuple(kept),
    )


def may_be_kept(own: borrowed.Borrowed) -> bool:
    """Whether Numba may keep the compiled module.

    Not with what it imports, which would be kept as it is now, nor with a recursion of the user's: called with a
    literal integer, half of it is kept, and a process that loads it crashes.
    """
    calls_itself = any(f.name in ir.names(f.body) for f in own.definitions)
    return not own.imports and not calls_itself


def retargeted(function: ir.Function, program: Program, request: Request) -> ir.Function:
    """A function of the program in the words of the backend."""
    return retarget.retarget(function, program.types, request.backend)


def with_updates(program: Program) -> Program:
    """The new values of attributes as further results, and nothing that only derivatives needed."""
    results = unmarked((*program.results, *(ir.Name(name) for _, name in program.updates)))
    return replace(program, body=tidy.without_unread(unmarked(program.body), ir.names(results)), results=results)


def routine_programs(program: Program, request: Request, keep: Keep) -> tuple[Program, list[Program], str]:
    """The program and those of the functions that call themselves, for the backend, and the decorator of the module."""
    if request.backend == "cupy":
        refuse_routines(program)
    functions = recursion.functions(program)
    called = [made.program for made in functions]
    if request.backend != "numba":
        return renewed.renewed(program), [*map(renewed.renewed, called)], ""
    from srcad.for_numba import for_numba

    lasting = True
    if called:
        from srcad.transforms import stacks

        for made in functions:
            stacks.refuse_mixed(made)
        program, called = stacks.stacked(program, functions, True)
        lasting = all(stacks.cacheable(made.routine, p) for made, p in zip(functions, called, strict=True))
    checked = dict(request.options).get("boundscheck", True) and not all(map(bounds.in_range, (program, *called)))
    decorator = emit.NJIT.replace(")", ", boundscheck=True)") if checked else emit.NJIT
    decorator = decorator if lasting else decorator.replace("cache=True, ", "")
    return for_numba(program, request, keep), [for_numba(p, request, lambda *_: None) for p in called], decorator


def in_sweeps(
    program: Program, request: Request, keep: Keep
) -> tuple[Sequence[Program], tuple[ir.Function, ...], frozenset[str]]:
    """The program, or its two sweeps where they are called apart; what `shared_out` makes of them."""
    sweeps: Sequence[Program] = (program,)
    if "split" in request.modes:
        sweeps = split.split(program, len(program.wrt), request.backend == "numba")
    if not dict(request.options).get("parallel") or request.backend != "numba":
        return sweeps, (), frozenset()
    from srcad.for_numba import shared_out

    sweeps, parts, proven = shared_out(sweeps)
    for sweep in sweeps:
        keep("parallel", by_name(sweep.function()))
    return sweeps, parts, proven


def by_columns(program: Program, sweeps: Sequence[Program], request: Request, keep: Keep) -> Sequence[Program]:
    """The sweeps with matrices that lie as the loops of the program walk: last, since other passes ask how arrays are
    made. What one sweep hands to the other stays as it is."""
    off = any(dict(request.options).get(name) is False for name in ("loops", "columns"))
    if request.backend != "numba" or len(sweeps) > 1 or off:
        return sweeps
    from srcad.transforms import columns

    turned = columns.turned(sweeps[0], columns.upright(program))
    keep("columns", by_name(turned.function()))
    return (turned,)


def pulled(program: Program) -> ir.Function:
    """The function of a reverse sweep on its own; refused where it calls what only arguments of the whole can give."""
    function = program.function()
    if any(isinstance(n, ir.Ref) and n.path.startswith("user:") for n in ir.walk(function.body)):
        raise Unsupported("the reverse sweep calls a function of the user's")
    return function


def by_name(function: ir.Function) -> ir.Function:
    """The function with the parts of loops by their names in the module."""

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


def refuse_routines(program: Program) -> None:
    """On a device the elements on a tape would be views."""
    for routine in program.routines:
        reason = "CuPy does not run the derivative of a recursion whose depth is known only at run time"
        raise Unsupported(reason, routine.loc, 'Use backend="numpy", or write it as a loop.')


def header(request: Request) -> str:
    return f"Derivative of {request.target.qualname}, written by srcad."
