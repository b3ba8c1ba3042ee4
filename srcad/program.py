"""A first-order program between `inline` and `emit`: statements over numbers, arrays and run-time lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from srcad import ir
from srcad.abstract import Abstract
from srcad.naming import identifier
from srcad.pipeline import Input

FORWARD, REVERSE = "---- forward sweep ----", "---- reverse sweep ----"  # the notes of the two halves of a gradient
PART = "part:"  # begins the path of a reference to a part of a loop, which threads share


@dataclass(frozen=True)
class Program:
    """Core statements and what is known about them.

    inputs: the kernel's arguments. results: expressions of the output's leaves, evaluated after `body`.
    types: of every variable. output: the structure whose leaves `results` are. wrt: inputs asked for.
    updates: attribute paths and the variables that hold their new values. written: inputs that are written into.
    apart: inputs that must not share memory, since a deep copy of them tells arrays apart by it.
    flat: variables that hold the elements of an input, and that are written in its place.
    seeds: further parameters with their defaults (adjoints or tangents of outputs and inputs). unstable: variables
    that types speak of (``x.shape[0]``) but that hold something else by now. lasting: parameters with a default that
    outlives the call (a list, an array). parts: variables that the adjoint of one statement sets and reads, and that of
    another may use again for something of another shape. alike: extents of arguments that are equal to others in
    every call, or at least so long.
    """

    name: str
    inputs: tuple[Input, ...]
    body: tuple[ir.Stmt, ...]
    results: tuple[ir.Expr, ...]
    types: Mapping[str, Abstract]
    output: Abstract
    wrt: tuple[Input, ...] = ()
    seeds: tuple[ir.Param, ...] = ()
    assumptions: tuple[Any, ...] = ()
    baked: tuple[tuple[str, tuple[Any, ...], Any], ...] = ()
    updates: tuple[tuple[tuple[str, tuple[Any, ...]], str], ...] = ()
    written: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    alike: tuple[tuple[str, str | int], ...] = ()
    flat: Mapping[str, str] = field(default_factory=dict)
    unstable: frozenset[str] = frozenset()
    lasting: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    routines: tuple[Any, ...] = ()  # functions that it calls (`routines.Routine`)
    return_loc: ir.Loc | None = None
    doc: str | None = None
    loc: ir.Loc | None = field(default=None, compare=False)

    def function(self) -> ir.Function:
        """The program as a function that runs."""
        params = tuple(ir.Param(i.name) for i in self.inputs) + self.seeds
        value = self.results[0] if len(self.results) == 1 else ir.Tuple(self.results)
        body = (*self.body, ir.Return(value, loc=self.return_loc))
        return ir.Function(self.name, params, body, self.doc, loc=self.loc)

    def names(self) -> set[str]:
        """Every name in use."""
        own = {i.name for i in self.inputs} | {p.name for p in self.seeds}
        refs = (n.path for n in ir.walk((self.body, self.results)) if isinstance(n, ir.Ref))
        called = {identifier(path.rpartition(".")[2]) for path in refs if path.startswith("user:")}
        return own | called | ir.names(self.body) | ir.names(self.results)
