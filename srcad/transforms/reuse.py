"""reuse: what an adjoint would compute, and the program has computed under a name, is read.

``c = np.cos(a)`` and ``s = np.sin(a)``: the derivative of each is the other. In the steps of a block, a function's
value in an adjoint becomes the variable that an earlier statement has set to it, if neither that variable nor what it
is computed from changes on the way. Where the statement comes later, the adjoint is moved behind it, past statements
that it has nothing to do with: the reverse sweep then comes to it while the variable still has its value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from srcad import ir, routines
from srcad.facts import Shapes
from srcad.transforms.effects import killed
from srcad.transforms.sweep import Branch, Context, Loop, Segment, Step, Sweep, primals, simple_steps
from srcad.types import Num

_DEAR = frozenset("sin cos tan sinh cosh tanh exp expm1 log log1p sqrt".split())  # longer than a value kept and read


@dataclass(frozen=True)
class Known:
    """`name` is set to `call` by the step at `place`."""

    place: int
    name: str
    call: tuple[str, ir.Expr]


def reuse(sweep: Sweep) -> Sweep:
    """The sweep with adjoints that read what the program computes anyway."""
    return replace(sweep, steps=_block(sweep.steps, sweep.shapes))


def _block(steps: Sequence[Any], shapes: Shapes) -> tuple[Any, ...]:
    inner = [_nested(step, shapes) for step in steps]
    known = [found for k, step in enumerate(inner) if (found := _known(k, step)) is not None]
    moved: dict[int, list[Step]] = {}
    for k, step in enumerate(inner):
        if not isinstance(step, Step) or not step.adjoint:
            continue
        for place, new in _versions(inner, k, known, moved, shapes):
            if place < k:
                inner[k] = replace(inner[k], adjoint=new)
            else:
                label = ir.Return(None, loc=step.primal.loc)  # stands for the statement in the quotation alone
                moved.setdefault(place, []).append(Step(label, new))
                inner[k] = replace(inner[k], adjoint=())
                break
    return tuple(s for k, step in enumerate(inner) for s in (step, *moved.get(k, ())))


def _nested(step: Any, shapes: Shapes) -> Any:
    if isinstance(step, Branch):
        return replace(step, body=_block(step.body, shapes), orelse=_block(step.orelse, shapes))
    if isinstance(step, (Loop, Segment, Context)):
        return replace(step, body=_block(step.body, shapes))
    return step


def _versions(
    steps: Sequence[Any], k: int, known: Sequence[Known], moved: Mapping[int, Sequence[Step]], shapes: Shapes
) -> Iterator[tuple[int, tuple[ir.Stmt, ...]]]:
    """(place, adjoint) of a step with one function's value after the other read, earlier statements' first."""
    asked = [call for n in ir.walk(steps[k].adjoint) if (call := _call(n)) is not None]
    known = [one for one in known if one.call in asked]
    for one in sorted(known, key=lambda one: (one.place > k, one.place)):
        step = steps[k]
        own = _target(step)
        if one.place == k or own & {one.name, *ir.names(one.call[1])} or not _asks(step.adjoint, one, shapes):
            continue
        if one.place < k:
            changed = _changed((*steps[one.place + 1 : k], step), shapes)
            possible = not changed & {one.name, *ir.names(one.call[1])}
        else:
            between = [s for j in range(k + 1, one.place) for s in (steps[j], *moved.get(j, ()))]
            possible = _can_wait(step, one, between)
        if possible:
            yield one.place, _read(step.adjoint, one)


def _can_wait(step: Step, one: Known, between: Sequence[Any]) -> bool:
    """Whether an adjoint can come before those of the steps `between` and of the one that sets the variable, which
    adds to the adjoints of what it reads and does nothing else."""
    own = ir.names((step.primal, *step.adjoint))
    around = ir.names(tuple(s for later in between for s in _statements(later)))
    return isinstance(step.primal, ir.Assign) and one.name not in own and not around & {one.name, *own}


def _known(k: int, step: Any) -> Known | None:
    if not isinstance(step, Step) or not isinstance(step.primal, ir.Assign):
        return None
    call = _call(step.primal.value)
    target = step.primal.target
    if call is None or not isinstance(target, ir.Name) or target.id in ir.names(call[1]):
        return None
    return Known(k, target.id, call)


def _call(expr: object) -> tuple[str, ir.Expr] | None:
    """(name, argument) of a function of the standard library's or of NumPy's that takes long."""
    if not isinstance(expr, ir.Call) or not isinstance(expr.fn, ir.Ref) or len(expr.args) != 1 or expr.kwargs:
        return None
    home, _, name = expr.fn.path.rpartition(".")
    return (name, expr.args[0]) if home in ("math", "numpy") and name in _DEAR else None


def _asks(adjoint: Sequence[ir.Stmt], one: Known, shapes: Shapes) -> bool:
    """Whether an adjoint calls the function, with a result of the variable's dtype and shape."""
    calls = [n for n in ir.walk(tuple(adjoint)) if _call(n) == one.call]
    own = shapes.types.get(one.name)
    if not calls or not isinstance(own, Num):
        return False
    return all(isinstance(k, Num) and (k.dtype, k.dims) == (own.dtype, own.dims) for k in map(shapes.of, calls))


def _read(adjoint: tuple[ir.Stmt, ...], one: Known) -> tuple[ir.Stmt, ...]:
    return ir.transform(adjoint, lambda n: ir.Name(one.name) if _call(n) == one.call else n)


def _target(step: Step) -> set[str]:
    return ir.names(step.primal.target) if isinstance(step.primal, ir.Assign) else set()


def _statements(step: Any) -> list[Any]:
    """The statements of a step, adjoints included."""
    adjoints = [s for inner in simple_steps(step) for s in inner.adjoint]
    return [*primals(step), *adjoints]


def _changed(steps: Sequence[Any], shapes: Shapes) -> set[str]:
    """Variables that steps overwrite; every array where they write into one, which may have other names."""
    found: set[str] = set()
    for stmt in (s for step in steps for s in primals(step)):
        for node in ir.walk(stmt):
            if isinstance(node, ir.For):
                found |= ir.names(node.target)
            full, partial = killed(node) if not isinstance(node, (ir.Name, ir.Ref)) else ((), ())
            found |= set(full)
            if partial or isinstance(node, ir.Do) or routines.called(node) is not None:
                found |= {n for n, kind in shapes.types.items() if not isinstance(kind, Num) or kind.dims != ()}
    return found
