"""What only Numba needs of a program: loops, products and checked integers, loops shared out among threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from srcad import ir, overflow, types
from srcad.assemble import Keep
from srcad.errors import Unsupported
from srcad.pipeline import Request
from srcad.program import Program
from srcad.transforms import (
    carried,
    chains,
    firsts,
    fusion,
    loops,
    once,
    parallel,
    picked,
    products,
    quotients,
    retarget,
    retarget_shapes,
    truths,
    turned,
)
from srcad.types import Num

FOR_NUMBA: tuple[tuple[str, frozenset[str], Callable[[Program, frozenset[str]], Program]], ...] = (
    ("loops", frozenset({"loops"}), loops.loops),
    ("products", frozenset({"loops", "products"}), lambda program, _: products.products(program)),
    ("picked", frozenset({"loops", "picked"}), lambda program, _: picked.picked(program)),
    ("fusion", frozenset({"loops", "fusion"}), lambda program, off: fusion.fusion(program, "shared" in off)),
    ("turned", frozenset({"loops", "turned"}), lambda program, _: turned.turned(program)),
    ("firsts", frozenset({"loops", "firsts"}), lambda program, _: firsts.firsts(program)),
    ("quotients", frozenset({"loops", "quotients"}), lambda program, _: quotients.quotients(program)),
    ("once", frozenset({"once"}), lambda program, _: once.once(program)),
    ("chains", frozenset({"loops", "chains"}), lambda program, _: chains.chains(program)),
    (
        "carried",
        frozenset({"loops", "gather", "carried"}),
        lambda program, off: carried.carried(program, "shared" in off),
    ),
    ("innermost", frozenset({"loops", "fusion"}), lambda program, _: fusion.innermost(program)),
)  # the passes in their order: name, options that leave it out, what it does


def for_numba(program: Program, request: Request, keep: Keep) -> Program:
    """The program as loops, products and checked integers."""
    refuse_attempts(program)
    truths.refuse_beside_numbers(program)
    truths.refuse_as_numbers(program)
    off = frozenset(name for name, on in request.options if on is False)
    off |= {"fusion"} if "split" in request.modes else set()  # sweeps that are called apart stay apart
    off |= {"shared"} if dict(request.options).get("parallel") else set()
    program = replace(program, body=without_contexts(program.body))
    program = overflow.checked(program)
    program = replace(program, body=ir.transform(program.body, lambda node: _with_axes(node, program)))
    for name, needs, run in FOR_NUMBA:
        program = program if needs & off else run(program, off)
        keep(name, program.function())
    return program


def shared_out(
    programs: Sequence[Program],
) -> tuple[list[Program], tuple[ir.Function, ...], frozenset[str]]:
    """Programs with their loops shared out among threads, what these have become, and the names of those that need no
    checks of indices. Programs stay as they are where a loop would call back into Python."""
    found = [parallel.parallel(program) for program in programs]
    made = tuple(retarget.retarget(part.function, p.types, "numba") for p, parts in found for part in parts)
    if any(n.path.startswith("srcad_runtime.interpreted") for n in ir.walk(made) if isinstance(n, ir.Ref)):
        return [*programs], (), frozenset()
    proven = frozenset(part.function.name for _, parts in found for part in parts if part.proven)
    return [p for p, _ in found], made, proven


def _with_axes(node: ir.Expr, program: Program) -> ir.Expr:
    """``np.squeeze(x)`` with the axes that it means: behind the loops, fewer extents are known."""
    if not isinstance(node, ir.Call) or node.fn != ir.Ref("numpy.squeeze") or len(node.args) != 1 or node.kwargs:
        return node
    kind = types.infer(node.args[0], program.types, [])
    axes = retarget_shapes.ones(kind) if isinstance(kind, Num) else None
    if axes is None:
        return node
    axis = ir.const(axes[0]) if len(axes) == 1 else ir.Tuple(tuple(map(ir.const, axes)))
    return replace(node, kwargs=(("axis", axis),))


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


def refuse_attempts(program: Program) -> None:
    """What is tried runs in Python: a compiled function would not raise what Python raises."""
    for node in ir.walk(program.body):
        if isinstance(node, ir.Call) and node.fn == ir.Ref("srcad_runtime.attempts.caught"):
            raise Unsupported("Numba cannot compile this try", node.loc, 'Use backend="numpy".')
