"""Numba's single assignments in one walk over a function instead of one for each variable.

Numba renames the variables of a function one after the other, each time in all of its statements, and takes the joins
out again by looking through whole blocks: the time grows with the square of the length, seconds for two hundred
statements. Here the same names and the same joins come from one walk. What is Numba's: the flow graph, which variables
need new names, where joins are (`numba.core.ssa`, after Choi et al., Incremental computation of static single
assignment form, 1996).

This is about Numba's inner parts, see `lowering`. Only code compiled with Numba imports this module.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs

from __future__ import annotations

from collections import defaultdict
from copy import copy
from typing import Any

from numba.core import ir, ir_utils, ssa, typed_passes, untyped_passes
from numba.core.analysis import compute_cfg_from_blocks
from numba.core.compiler_machinery import register_pass


class _Joins(ssa._FixSSAVars):  # type: ignore[misc]
    """Numba's search for the assignment of one variable that reaches a block, and its joins."""

    def __init__(self, name, flow, fronts, scope, found):
        super().__init__(None)
        spots: set[int] = ssa._compute_phi_locations(fronts, found)
        self.states: dict[str, Any] = {
            "varname": name, "defmap": found, "phimap": defaultdict(list), "cfg": flow, "phi_locations": spots,
            "scope": scope,
        }  # fmt: skip

    def reaching(self, label, block, loc):
        """The assignment that holds at the top of a block."""
        made = self.states["phimap"].get(label)
        if made:
            return made[-1]
        self.states.update(block=block, label=label)
        return self._find_def_from_top(self.states, label, loc)


def single_assignments(blocks):
    """The blocks with a name of its own for each assignment, and joins (phi) where several reach a use."""
    flow = compute_cfg_from_blocks(blocks)
    several = ssa._find_defs_violators(blocks, flow)
    if not several:
        return blocks
    named, found = _named(blocks, several)
    fronts = ssa._iterated_domfronts(flow)
    scope = ssa._get_scope(blocks)
    joins = {name: _Joins(name, flow, fronts, scope, found[name]) for name in several}
    body = {label: _resolved(label, block, blocks[label], joins) for label, block in named.items()}
    for name in several:
        for label, added in joins[name].states["phimap"].items():
            body[label] = added + body[label]
    return {label: _block(blocks[label], stmts) for label, stmts in body.items()}


def _block(like, stmts):
    made = ir.Block(scope=like.scope, loc=like.loc)
    made.body = stmts
    return made


def _named(blocks, several):
    """Statements with new targets, paired with the variable that they assign; and all assignments of each variable."""
    scope = ssa._get_scope(blocks)
    found: dict[str, Any] = {name: defaultdict(list) for name in several}
    named: dict[int, Any] = {}
    for label, block in blocks.items():
        named[label] = body = []
        for stmt in block.body:
            name = stmt.target.name if isinstance(stmt, ir.Assign) else ""
            if name not in found:
                body.append((stmt, ""))
                continue
            # the first one keeps its name
            target = scope.redefine(name, loc=stmt.loc) if found[name] else stmt.target
            stmt = ir.Assign(target=target, value=stmt.value, loc=stmt.loc)
            found[name][label].append(stmt)
            body.append((stmt, name))
    return named, found


def _resolved(label, stmts, block, joins):
    """The statements of a block with each use renamed to the assignment that reaches it."""
    current: dict[str, Any] = {}
    body = []
    for stmt, assigned in stmts:
        renamed = {}
        for name in _used(stmt) & joins.keys():
            if name not in current:
                current[name] = joins[name].reaching(label, block, stmt.loc)
            target = current[name].target
            if target is not ir.UNDEFINED and target.name != name:
                renamed[name] = target
        body.append(_renamed(stmt, renamed) if renamed else stmt)
        if assigned:
            current[assigned] = stmt
    return body


def _used(stmt) -> set[str]:
    """The variables that a statement reads, as Numba counts them."""
    read = stmt.value if isinstance(stmt, ir.Assign) else stmt
    if isinstance(read, ir.Var):
        return {read.name}
    return {v.name for v in read.list_vars()} if isinstance(read, ir.Inst) else set()


def _renamed(stmt, renamed):
    """A statement that reads other variables."""
    if not isinstance(stmt, ir.Assign):
        stmt = copy(stmt)
        ir_utils.replace_vars_stmt(stmt, renamed)
        return stmt
    if isinstance(stmt.value, ir.Var):
        value = renamed[stmt.value.name]
    else:
        value = copy(stmt.value)
        ir_utils.replace_vars_inner(value, renamed)
    return ir.Assign(target=stmt.target, value=value, loc=stmt.loc)


def without_joins(blocks, nowhere):
    """The blocks with assignments at the ends of those that lead to a join, as early as Numba has them."""
    handed: dict[int, Any] = defaultdict(list)
    for block in blocks.values():
        for phi in filter(_is_join, block.body):
            for label, value in zip(phi.value.incoming_blocks, phi.value.incoming_values):
                value = ir.Expr.null(loc=nowhere) if value is ir.UNDEFINED else value
                handed[label].append(ir.Assign(target=phi.target, value=value, loc=value.loc))
    return {label: _block(block, _handing(block.body, handed[label])) for label, block in blocks.items()}


def _is_join(stmt) -> bool:
    return isinstance(stmt, ir.Assign) and isinstance(stmt.value, ir.Expr) and stmt.value.op == "phi"


def _handing(body, handed):
    """Statements with each value handed on behind its last assignment, else from the start."""
    body = [stmt for stmt in body if not _is_join(stmt)]
    last = {stmt.target.name: k for k, stmt in enumerate(body) if isinstance(stmt, ir.Assign)}
    behind: dict[int, Any] = defaultdict(list)
    for stmt in reversed(handed):  # Numba puts each at once behind the assignment: the last one comes first
        source = stmt.value.name if isinstance(stmt.value, ir.Var) else ""
        behind[last.get(source, -1)].append(stmt)
    return [*behind[-1], *(s for k, stmt in enumerate(body) for s in (stmt, *behind[k]))]


@register_pass(mutates_CFG=False, analysis_only=False)
class SingleAssignments(untyped_passes.ReconstructSSA):  # type: ignore[misc]
    """Numba's pass, by `single_assignments`."""

    _name = "srcad_single_assignments"

    def run_pass(self, state):
        usual = untyped_passes.reconstruct_ssa
        untyped_passes.reconstruct_ssa = _reconstruct
        try:
            return super().run_pass(state)
        finally:
            untyped_passes.reconstruct_ssa = usual


def _reconstruct(func_ir):
    func_ir.blocks = single_assignments(func_ir.blocks)
    return func_ir


@register_pass(mutates_CFG=False, analysis_only=False)
class WithoutJoins(typed_passes.PreLowerStripPhis):  # type: ignore[misc]
    """Numba's pass, by `without_joins`."""

    _name = "srcad_without_joins"

    def _strip_phi_nodes(self, func_ir):
        func_ir.blocks = without_joins(func_ir.blocks, func_ir.loc)
        return func_ir
