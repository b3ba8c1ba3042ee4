"""renewed: sums into what may be an array without axes make a new number, for NumPy and CuPy.

Numbers do not change, and two adjoints may be one: ``a_bar = s_bar`` and ``b_bar = s_bar``. But ``np.where`` of
numbers, and other functions, give arrays without axes: were s_bar one, ``a_bar += g`` would change b_bar, too. There it
is ``a_bar = a_bar + g``. Numba has numbers.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from typing import Any

from srcad import ir, types
from srcad.program import Program
from srcad.transforms.alias import assignments
from srcad.transforms.loops_types import ELEMENTWISE

# functions of NumPy that give a number where the result has no axes, like the elementwise ones
_NUMBERS = frozenset(
    f"numpy.{name}"
    for name in (ELEMENTWISE - {"where"})
    | set("sum mean prod max min amax amin std var median ptp dot vdot inner trace argmax argmin".split())
)
_SURE = ("math.", "builtins.", "scipy.special.")


def renewed(program: Program) -> Program:
    """The program with new numbers for such sums."""
    open_ = _arrays(program)
    if not open_:
        return program

    def change(node: Any) -> Any:
        if not isinstance(node, ir.Augment) or not isinstance(node.target, ir.Name) or node.target.id not in open_:
            return node
        return ir.Assign(node.target, ir.Binary(node.op, node.target, node.value), loc=node.loc)

    return replace(program, body=ir.transform(program.body, change))


def _arrays(program: Program) -> set[str]:
    """Variables that may hold an array without axes, of those that are added to."""
    added = {n.target.id for n in ir.walk(program.body) if isinstance(n, ir.Augment) and isinstance(n.target, ir.Name)}
    added = {name for name in added if types.is_scalar(program.types.get(name, types.UNKNOWN))}
    if not added:
        return set()
    pairs = [pair for stmt in ir.walk(program.body) for pair in assignments(stmt)]
    found: set[str] = set()
    while True:
        new = {name for name, value in pairs if name not in found and _may_be_array(value, found)}
        if not new:
            return found & added
        found |= new


def _may_be_array(value: ir.Expr, found: Set[str]) -> bool:
    if isinstance(value, ir.Name):
        return value.id in found
    if isinstance(value, ir.IfExp):
        return _may_be_array(value.body, found) or _may_be_array(value.orelse, found)
    if isinstance(value, ir.Index):
        return ir.ELLIPSIS in value.items
    if isinstance(value, ir.Call) and isinstance(value.fn, ir.Ref):
        return value.fn.path not in _NUMBERS and not value.fn.path.startswith(_SURE)
    return isinstance(value, ir.Call)
