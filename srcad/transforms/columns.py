"""columns: a matrix of the program's own that every loop walks down its columns lies in memory by columns, for Numba.

Before: ``p = np.zeros((m, n))``, of which all innermost loops visit ``p[i, j]`` along i: each element is in another
line of the cache, and no two can be loaded at once. After: ``p = np.zeros((n, m)).T``. Elements, and the order of all
operations, stay as they are.

Only an array that has one value, is nothing but read and written element by element, and is never visited along its
rows by an innermost loop: what is returned, handed to a function or given another name keeps the order that it had.
Nor one with a literal extent: its few columns are read side by side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from typing import Any

from srcad import ir
from srcad.program import Program
from srcad.transforms.liveness import assigned_by

MADE = (ir.Ref("numpy.zeros"), ir.Ref("numpy.empty"))


def columns(program: Program) -> Program:
    """The program with such matrices made as the transposes of others."""
    return turned(program, upright(program))


def upright(program: Program) -> frozenset[str]:
    """The matrices that are to lie by columns."""
    made = Counter(n.target.id for n in ir.walk(program.body) if _is_matrix(n))
    walks = _walks(program, {name for name, count in made.items() if count == 1}) if made else ()
    return frozenset(name for name, walk in walks if walk.down and not walk.along)


def turned(program: Program, names: Set[str]) -> Program:
    """The program with these matrices made the other way round."""
    return replace(program, body=ir.transform(program.body, lambda n: _turned(n, names))) if names else program


def _is_matrix(node: Any) -> bool:
    """``x = np.zeros((m, n))``, neither extent a literal."""
    if not isinstance(node, ir.Assign) or not isinstance(node.target, ir.Name) or not isinstance(node.value, ir.Call):
        return False
    call = node.value
    shape = call.args[0] if call.args else None
    if call.fn not in MADE or call.kwargs or not isinstance(shape, ir.Tuple) or len(shape.items) != 2:
        return False
    return not any(isinstance(item, ir.Const) for item in shape.items)


def _turned(node: Any, names: Set[str]) -> Any:
    if not _is_matrix(node) or node.target.id not in names:
        return node
    shape = node.value.args[0]
    args = (replace(shape, items=shape.items[::-1]), *node.value.args[1:])
    return replace(node, value=ir.Attr(replace(node.value, args=args), "T"))


# ---- how loops walk ----


@dataclass(frozen=True)
class Walk:
    """In how many places innermost loops visit a matrix down its columns and along its rows."""

    down: int
    along: int


def _walks(program: Program, own: set[str]) -> Iterator[tuple[str, Walk]]:
    """The walks of those matrices that are mentioned as elements only."""
    places = _counts((program.body, program.results)) - Counter(own)  # without where they are made
    elements: Counter[str] = Counter()
    down: Counter[str] = Counter()
    along: Counter[str] = Counter()
    for name, _ in _elements(program.body, own):
        elements[name] += 1
    for loop in ir.walk(program.body):
        if not isinstance(loop, ir.For) or _has_loops(loop.body) or not isinstance(loop.target, ir.Name):
            continue
        changing = {loop.target.id} | {n for inner in ir.walk(loop.body) for n in assigned_by(inner)}
        for name, (row, column) in _elements((loop.body, loop.stop), own):
            is_along = bool(changing & ir.names(column))
            down[name] += not is_along and bool(changing & ir.names(row)) and bool(ir.names(column))
            along[name] += is_along
    kept = {name for _, name in program.updates}
    for name in own - kept:
        if elements[name] == places[name]:
            yield name, Walk(down[name], along[name])


def _elements(code: Any, own: set[str]) -> Iterator[tuple[str, tuple[ir.Expr, ...]]]:
    """Accesses of one element each: the matrix, and the two indices."""
    for node in ir.walk(code):
        if not isinstance(node, ir.Index) or not isinstance(node.base, ir.Name) or node.base.id not in own:
            continue
        if len(node.items) == 2 and all(map(_is_number, node.items)):
            yield node.base.id, node.items


def _is_number(item: ir.Expr) -> bool:
    """Whether an index may be a number: no slice, no new axis, no ellipsis."""
    return not isinstance(item, ir.Slice) and (not isinstance(item, ir.Const) or type(item.value) is int)


def _has_loops(body: tuple[ir.Stmt, ...]) -> bool:
    return any(isinstance(n, (ir.For, ir.While)) for n in ir.walk(body))


def _counts(code: Any) -> Counter[str]:
    return Counter(n.id for n in ir.walk(code) if isinstance(n, ir.Name))
