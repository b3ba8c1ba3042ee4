"""Arrays of which each iteration of a loop fills and reads what is at its own index become rows, or numbers.

``g[i, j]`` becomes ``g[j]`` and ``y[i]`` becomes ``y`` where nothing but one loop over i mentions the array, and the
first thing that an iteration does to an element is to set it. Zeros that no iteration sets stay zeros.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from srcad import ir, types
from srcad.docstrings import wrapped
from srcad.facts import rebound
from srcad.program import Program
from srcad.transforms import alias, parallel_rooms
from srcad.transforms.iterations import prover
from srcad.transforms.parallel_facts import bound_in
from srcad.transforms.parallel_rooms import mentions
from srcad.types import Num
from srcad.working import is_record

MADE = (ir.Ref("numpy.empty"), ir.Ref("numpy.zeros"))
ZERO = ir.Const(0.0)


@dataclass(frozen=True)
class Own:
    """An array, the statement that makes it, and the loop that alone mentions it. beside: whether both stand in one
    block, so that the loop finds the array as it was made."""

    name: str
    made: ir.Assign
    loop: ir.For
    beside: bool

    @property
    def extents(self) -> tuple[ir.Expr, ...]:
        assert isinstance(self.made.value, ir.Call)
        return parallel_rooms.extents(self.made.value)

    @property
    def is_zeros(self) -> bool:
        return isinstance(self.made.value, ir.Call) and self.made.value.fn == MADE[1]


def narrowed(program: Program, names: Set[str], parallel: bool = False) -> Program:
    """The program with those of these arrays as numbers, or rows, that can be. parallel: only rows of which each thread
    can have one."""
    for name in sorted(_own(program, names)):
        own = _made_and_used(program.body, name)
        if own is None or not _is_inside(own, program):
            continue
        if _is_number(own, program):
            found = _as_number(program, own)
        elif len(own.extents) > 1 and _is_row(own):
            found = _as_row(program, own)
            if parallel and not _is_room(found, name):
                continue
        else:
            continue
        program = replace(found, doc=_told(found.doc, name)) if is_record(name) else found
    return program


def _is_room(program: Program, name: str) -> bool:
    """Whether each part of the loop that mentions a row could have one for itself."""
    made = parallel_rooms.made_once(program, rebound(program.body, {i.name for i in program.inputs}))
    loop = next(s for s in ir.walk(program.body) if isinstance(s, ir.For) and name in ir.names(s.body))
    return name in made and name in parallel_rooms.filled_in(loop, made, mentions(program.body))


def _told(doc: str | None, name: str) -> str | None:
    """The docstring of a program, which tells of a record that is smaller now."""
    if doc is None:
        return None
    before, gap, last = doc.rpartition("\n\n")
    return f"{before}{gap}{wrapped(f'{last} Of {name}, the part of one iteration is held at a time.')}"


def _own(program: Program, names: Set[str]) -> set[str]:
    """Arrays that are set once, share memory with nothing and are no result; storing into them rounds nothing."""
    kept = ir.names(program.results) | {name for _, name in program.updates}
    kept |= rebound(program.body, {i.name for i in program.inputs})
    known = dict(program.types)
    kept |= {n for s in ir.walk(program.body) for _, v in alias.assignments(s) for n in alias.shares(v, known)}
    return {n for n in names - kept if isinstance(t := program.types.get(n), Num) and t.dims and t.dtype == "float64"}


def _made_and_used(body: Sequence[ir.Stmt], name: str) -> Own | None:
    """Where an array is made, at the top of the program, and the outermost loop that holds all that mentions it at its
    own index."""
    made = [s for s in ir.flat(body) if isinstance(s, ir.Assign) and s.target == ir.Name(name)]
    call = made[0].value if len(made) == 1 else None
    if not isinstance(call, ir.Call) or call.fn not in MADE or len(call.args) != 1 or call.kwargs:
        return None
    loops = [s for s in ir.walk(tuple(body)) if isinstance(s, ir.For) and name in ir.names(s.body)]
    loop = next((s for s in loops if _is_at_its_index(s, name)), None)
    if loop is None or mentions(tuple(body))[name] != 1 + mentions(loop.body)[name]:
        return None
    return Own(name, made[0], loop, any(loop is s for s in ir.flat(body)))


def _is_at_its_index(loop: ir.For, name: str) -> bool:
    """Whether all that the loop mentions of the array are elements, or rows, at the loop's counter."""
    places = _places(loop.body, name)
    at = all(p.items and p.items[0] == loop.target for p in places)
    return bool(places) and at and len(places) == mentions(loop.body)[name]


def _is_inside(own: Own, program: Program) -> bool:
    """Whether the array has an element, or a row, for each iteration: where it has not, NumPy raises."""
    known = prover(program)
    ends = known.range_of(own.loop)
    if ends is None or not isinstance(own.loop.target, ir.Name):
        return False
    known.inside(own.loop.target, known.number(own.extents[0]), {own.loop.target.id: ends})
    return not known.open


def _places(nodes: Any, name: str) -> list[ir.Index]:
    return [n for n in ir.walk(nodes) if isinstance(n, ir.Index) and n.base == ir.Name(name)]


# ---- numbers ----


def _is_number(own: Own, program: Program) -> bool:
    """Whether there is one element in an iteration that can be a number: whatever is stored is of float64, and no
    iteration finds what another one has left."""
    ones = [*(extent == ir.Const(1) for extent in own.extents[1:])]
    if not all(ones) or any(p.items[1:] != (ir.Const(0),) * len(ones) for p in _places(own.loop.body, own.name)):
        return False
    for node in ir.walk(own.loop.body):
        if isinstance(node, (ir.Store, ir.Augment)) and _is_of(node.target, own.name):
            kind = types.infer(node.value, program.types, [])
            if not isinstance(kind, Num) or kind.dims != () or kind.dtype != "float64":
                return False
    return own.beside or _begins(own)


def _begins(own: Own) -> bool:
    """Whether the first statement of an iteration that mentions the array sets its element."""
    first = next(s for s in ir.flat(own.loop.body) if own.name in ir.names(s))
    return isinstance(first, ir.Store) and _is_of(first.target, own.name) and own.name not in ir.names(first.value)


def _as_number(program: Program, own: Own) -> Program:
    name = ir.Name(own.name)

    def change(node: Any) -> Any:
        if isinstance(node, ir.Store) and node.target == name:
            return ir.Assign(name, node.value, loc=node.loc)
        return name if isinstance(node, ir.Index) and node.base == name else node

    body: tuple[ir.Stmt, ...] = ir.transform(own.loop.body, change)
    if not _begins(own):
        body = (ir.Assign(name, ZERO), *body)
    kind = program.types[own.name]
    assert isinstance(kind, Num)
    body = _replaced(program.body, {id(own.made): (), id(own.loop): (replace(own.loop, body=body),)})
    return replace(program, body=body, types={**program.types, own.name: replace(kind, dims=())})


# ---- rows ----


def _is_row(own: Own) -> bool:
    """Whether no iteration finds what another one has left: it reads nothing that it has not set, or sets the same
    elements before it reads any, in loops over ranges that stay what they are, one behind the other."""
    if any(len(p.items) != len(own.extents) for p in _places(own.loop.body, own.name)):
        return False
    if own.beside and not own.is_zeros:  # empty: what is read has been set, at its own index, in this iteration
        return True
    bound = bound_in(own.loop.body) | ir.names(own.loop.target)
    stmts = [s for s in ir.flat(own.loop.body) if own.name in ir.names(s)]
    last = max((k for k, s in enumerate(stmts) if _writes(s, own.name)), default=-1)
    return last >= 0 and all(_is_filling(s, own.name, bound, ()) for s in stmts[: last + 1])


def _writes(stmt: ir.Stmt, name: str) -> bool:
    return any(isinstance(n, (ir.Store, ir.Augment)) and _is_of(n.target, name) for n in ir.walk(stmt))


def _is_filling(stmt: ir.Stmt, name: str, bound: Set[str], counters: tuple[ir.Expr, ...]) -> bool:
    """Whether a nest of loops does nothing to the array but to set the elements at its counters."""
    if isinstance(stmt, ir.For) and stmt.stop is None and not ir.names(stmt.iter) & bound:
        inner = [s for s in ir.flat(stmt.body) if name in ir.names(s)]
        fixed = not bound_in(stmt.body) & ir.names((stmt.target, counters))
        return fixed and all(_is_filling(s, name, bound, (*counters, stmt.target)) for s in inner)
    if not isinstance(stmt, ir.Store) or not _is_of(stmt.target, name) or name in ir.names(stmt.value):
        return False
    rest = stmt.target.items[1:]
    return all(item in counters or isinstance(item, ir.Const) for item in rest)


def _as_row(program: Program, own: Own) -> Program:
    name, kind = ir.Name(own.name), program.types[own.name]
    assert isinstance(kind, Num) and kind.dims is not None and isinstance(own.made.value, ir.Call)

    def change(node: Any) -> Any:
        return replace(node, items=node.items[1:]) if isinstance(node, ir.Index) and node.base == name else node

    extents = own.extents[1:]
    shape = extents[0] if len(extents) == 1 else ir.Tuple(extents)
    made = replace(own.made, value=replace(own.made.value, args=(shape,)))
    loop = replace(own.loop, body=ir.transform(own.loop.body, change))
    body = _replaced(program.body, {id(own.made): (made,), id(own.loop): (loop,)})
    return replace(program, body=body, types={**program.types, own.name: replace(kind, dims=kind.dims[1:])})


# ---- statements ----


def _is_of(target: ir.Expr, name: str) -> bool:
    return isinstance(target, ir.Index) and target.base == ir.Name(name)


def _replaced(body: Sequence[ir.Stmt], new: dict[int, tuple[ir.Stmt, ...]]) -> tuple[ir.Stmt, ...]:
    """The statements with others in place of some, which are told by their identity."""
    out: list[ir.Stmt] = []
    for stmt in body:
        if id(stmt) in new:
            out += new[id(stmt)]
        elif isinstance(stmt, ir.If):
            out.append(replace(stmt, body=_replaced(stmt.body, new), orelse=_replaced(stmt.orelse, new)))
        elif isinstance(stmt, (ir.For, ir.While, ir.With, ir.Block)):
            out.append(replace(stmt, body=_replaced(stmt.body, new)))
        else:
            out.append(stmt)
    return tuple(out)
