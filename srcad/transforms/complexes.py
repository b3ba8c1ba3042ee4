"""complexes: variables that are real at one time and complex at another.

    for _ in range(steps):
        psi = np.fft.ifft(phase * np.fft.fft(psi))

Adjoints of what is real are real: where such a variable gets a real value, the real part of its adjoint goes on. So a
number of the caller's that becomes complex has a second name from the start (`apart`), and an array whose type depends
on the path counts as complex (`counted`), although before the first step it is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from typing import Any

import numpy as np

from srcad import ir, types
from srcad.naming import Names
from srcad.program import Program
from srcad.types import Abstract, Num, Seq


def apart(program: Program, given: Mapping[str, Abstract], names: Names) -> Program:
    """Inputs that are given as real numbers keep their names while they are. given: the types of the inputs."""
    known = dict(program.types)
    later = [i.name for i in program.inputs if _is_real(given.get(i.name)) and not _is_real(known[i.name])]
    if not later:
        return program
    new = {name: names.fresh(name) for name in later}
    known |= {new[name]: known[name] for name in later} | {name: given[name] for name in later}
    body, results = ir.transform(
        (program.body, program.results),
        lambda n: ir.changed(n, id=new[n.id]) if type(n) is ir.Name and n.id in new else n,
    )
    first = tuple(ir.Assign(ir.Name(new[name]), ir.Name(name)) for name in later)
    return replace(program, body=(*first, *body), results=results, types=known)


def _is_real(kind: Abstract | None) -> bool:
    """Whether it is a number that is real and floating."""
    return isinstance(kind, Num) and kind.dims == () and kind.dtype is not None and kind.dtype.startswith("float")


def counted(program: Program) -> Program:
    """Arrays and items of lists that may be complex are complex in the table of types."""
    mixed = {name for name, kind in program.types.items() if _is_mixed(kind)}
    known, found = dict(program.types), 0
    while mixed and len(new := _complex(program, known, mixed)) > found:
        found = len(new)
        known |= new
    return replace(program, types=_with_real_parts(program, known, mixed)) if found else program


def _complex(program: Program, known: Mapping[str, Abstract], mixed: Set[str]) -> dict[str, Abstract]:
    """The variables of unknown type that somewhere get a complex value, and those found before."""
    found = {name: own - {None} for name, own in _dtypes(program, known, mixed).items()}
    dtypes = {name: np.result_type(*own) for name, own in found.items() if own}
    return {name: _of_type(program.types[name], t.name) for name, t in dtypes.items() if t.kind == "c"}


def _with_real_parts(program: Program, known: dict[str, Abstract], mixed: Set[str]) -> dict[str, Abstract]:
    """The types that follow from those found: the real part of what is complex is real."""
    while True:
        left = {name for name in mixed if _dtype(known[name]) is None}
        new = {name: own for name, own in _dtypes(program, known, left).items() if len(own) == 1 and own != {None}}
        if not new:
            return known
        known = known | {name: _of_type(known[name], *own) for name, own in new.items()}


def _dtypes(program: Program, known: Mapping[str, Abstract], names: Set[str]) -> dict[str, set[str | None]]:
    """The types of all that these variables and lists get; None where one is not known."""
    found: dict[str, set[str | None]] = {}
    for name, value in _values(program.body) if names else ():
        if name in names:
            own = None if value is None else _dtype(types.infer(value, known, []))
            found.setdefault(name, set()).add(own)
    return found


def _is_mixed(kind: Abstract) -> bool:
    return _is_mixed(kind.element) if isinstance(kind, Seq) else isinstance(kind, Num) and kind.dtype is None


def _of_type(kind: Any, dtype: str | None) -> Abstract:
    of = replace(kind.element if isinstance(kind, Seq) else kind, dtype=dtype)
    return replace(kind, element=of) if isinstance(kind, Seq) else of


def _dtype(kind: Abstract) -> str | None:
    kind = kind.element if isinstance(kind, Seq) else kind
    return kind.dtype if isinstance(kind, Num) else None


def _values(body: Any) -> Iterator[tuple[str, ir.Expr | None]]:
    """(variable, value) of everything that gives a variable a value or an item; None: a value of some call or list."""
    for node in ir.walk(body):
        if isinstance(node, (ir.Assign, ir.For)):
            yield from _assigned(node.target, node.value if isinstance(node, ir.Assign) else None)
        elif isinstance(node, ir.Push):
            yield node.stack, node.value
        elif isinstance(node, ir.Pop) and node.target is not None:
            yield from _assigned(node.target, ir.Name(node.stack))


def _assigned(target: ir.Expr, value: ir.Expr | None) -> Iterator[tuple[str, ir.Expr | None]]:
    if isinstance(target, ir.Name) and isinstance(value, ir.List):
        yield from ((target.id, item) for item in value.items)
    elif isinstance(target, ir.Name):
        yield target.id, value
    elif isinstance(target, ir.Tuple):
        many = isinstance(value, ir.Tuple) and len(value.items) == len(target.items)
        values = value.items if many and isinstance(value, ir.Tuple) else (None,) * len(target.items)
        for one, item in zip(target.items, values):
            yield from _assigned(one, item)
