"""views: names for views of an array that is written into become the views themselves.

Before: ``row = b[i]`` and ``row[0] = 1.0``. After: ``b[i, 0] = 1.0``. Then a write goes through the variable that
owns the memory, and variables can be treated as values. A name stays where it may be one view or another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from srcad import ir, types
from srcad.naming import Names
from srcad.program import Program
from srcad.transforms import activity, alias
from srcad.transforms.liveness import assigned_by, live_before
from srcad.types import Num

Live = Callable[[], set[str]]


def substituted(program: Program, touched: set[str]) -> Program:
    """The program with its views named in place. touched: variables that share memory with one that is written into."""
    known = dict(program.types)
    work = _Substituter(program, touched, known)
    body = work.block(program.body, lambda: set(), True)
    body, results = ir.transform((body, work.results), lambda n: _merged_index(n, known))
    return _with_steady_indices(replace(program, body=body, results=results, types=known))


class _Substituter:
    def __init__(self, program: Program, touched: set[str], known: dict[str, types.Abstract]) -> None:
        self.touched, self.known = touched, known
        self.names = Names(program.names())
        self.results = program.results
        self.layouts = alias.steady_layouts(program)
        self.updated = {v for _, v in program.updates}
        self.grown = {n.stack for n in ir.walk(program.body) if isinstance(n, (ir.Push, ir.Pop))}

    def block(self, body: Sequence[ir.Stmt], live: Live, top: bool = False) -> tuple[ir.Stmt, ...]:
        """live: variables that are read after the block; of the outermost one, apart from the results."""
        rest, out = list(body), []
        while rest:
            stmt = rest.pop(0)
            if self.is_view_name(stmt) and (new := self.replaced(stmt, rest, live, top)) is not None:
                before, rest = new
                out.extend(before)
                continue
            out.append(self.nested(stmt, self.after(tuple(rest), live, top)))
        return tuple(out)

    def after(self, rest: tuple[ir.Stmt, ...], live: Live, top: bool) -> Live:
        return lambda: live_before(rest, live() | (ir.names(self.results) | self.updated if top else set()))

    def nested(self, stmt: ir.Stmt, live: Live) -> ir.Stmt:
        if isinstance(stmt, ir.If):
            return replace(stmt, body=self.block(stmt.body, live), orelse=self.block(stmt.orelse, live))
        if isinstance(stmt, (ir.For, ir.While)):
            return replace(stmt, body=self.block(stmt.body, lambda: live_before((stmt,), live())))
        if isinstance(stmt, (ir.With, ir.Block)):
            return replace(stmt, body=self.block(stmt.body, live))
        return stmt

    def is_view_name(self, stmt: ir.Stmt) -> bool:
        return (
            isinstance(stmt, ir.Assign)
            and isinstance(stmt.target, ir.Name)
            and stmt.target.id in self.touched - self.updated - self.grown
            and alias.sure_view(stmt.value, self.known, self.layouts)
            and bool(alias.shares(stmt.value, self.known))
        )

    def replaced(
        self, stmt: ir.Stmt, rest: list[ir.Stmt], live: Live, top: bool
    ) -> tuple[list[ir.Stmt], list[ir.Stmt]] | None:
        """The rest of the block with the name replaced by its view; None where that would change its meaning."""
        assert isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name)
        name, base = stmt.target.id, activity.root(stmt.value)
        end = next((k for k, s in enumerate(rest) if name in assigned_by(s) and isinstance(s, ir.Assign)), len(rest))
        reach, later = rest[:end], rest[end:]
        changed = {n for s in ir.walk(tuple(reach)) for n in assigned_by(s)}
        if {name, base} & changed or name == base or not later and not top and name in live():
            return None
        view, before = self.steady(stmt, base, changed)
        if later:  # the name gets another value, which may be computed from this one
            last = later[0]
            assert isinstance(last, ir.Assign)
            later[0] = replace(last, value=ir.substitute(last.value, {name: view}))
        elif top:
            self.results = ir.substitute(self.results, {name: view})
        return before, [*ir.substitute(tuple(reach), {name: view}), *later]

    def steady(self, stmt: ir.Assign, base: str, changed: set[str]) -> tuple[ir.Expr, list[ir.Stmt]]:
        """The view, with names of their own for what its indices read and what changes while it is in use."""
        view: ir.Expr = stmt.value
        before: list[ir.Stmt] = []
        for moved in sorted((ir.names(stmt.value) - {base}) & changed):
            frozen = self.names.fresh(f"{moved}_at_{activity.root(stmt.target)}")
            self.known[frozen] = self.known[moved]
            before.append(ir.Assign(ir.Name(frozen), ir.Name(moved), loc=stmt.loc))
            view = ir.substitute(view, {moved: ir.Name(frozen)})
        return view, before


def _merged_index(node: object, known: dict[str, types.Abstract]) -> object:
    """``A[i][j]`` is ``A[i, j]`` where i is a number; a view of everything, ``A[...][i]``, is ``A[i]``."""
    if not isinstance(node, ir.Index) or not isinstance(node.base, ir.Index) or alias.is_list(node.base.base, known):
        return node
    if node.base.items == (ir.ELLIPSIS,):
        return replace(node, base=node.base.base)
    if node.items == (ir.ELLIPSIS,) and not alias.is_selection(node.base, known):
        kind = types.infer(node.base, known, [])
        if isinstance(kind, Num) and kind.dims:
            return node.base
    numbers = all(
        not isinstance(i, (ir.Slice, ir.Const)) or isinstance(i, ir.Const) and i.kind == "int" for i in node.base.items
    )
    if numbers and not alias.is_selection(node.base, known):
        if node.items == (ir.ELLIPSIS,):
            return node.base
        return replace(node, base=node.base.base, items=(*node.base.items, *node.items))
    return node


# ---- indices that read what they index ----


def _with_steady_indices(program: Program) -> Program:
    """``x[x < 0] = 0``: the index gets a name, since after the write it would be another one."""
    names, known = Names(program.names()), dict(program.types)

    def block(body: Sequence[ir.Stmt]) -> tuple[ir.Stmt, ...]:
        return tuple(new for stmt in body for new in steady(stmt))

    def steady(stmt: ir.Stmt) -> list[ir.Stmt]:
        if isinstance(stmt, ir.If):
            return [replace(stmt, body=block(stmt.body), orelse=block(stmt.orelse))]
        if isinstance(stmt, (ir.For, ir.While, ir.With, ir.Block)):
            return [replace(stmt, body=block(stmt.body))]
        if not isinstance(stmt, (ir.Store, ir.Augment)) or not isinstance(stmt.target, ir.Index):
            return [stmt]
        before: list[ir.Stmt] = []
        own, items = activity.root(stmt.target), list(stmt.target.items)
        for k, item in enumerate(items):
            if own in ir.names(item) and not isinstance(item, ir.Slice):
                name = names.numbered("index")
                known[name] = types.infer(item, known, [])
                before.append(ir.Assign(ir.Name(name), item, loc=stmt.loc))
                items[k] = ir.Name(name)
        return [*before, replace(stmt, target=replace(stmt.target, items=tuple(items)))] if before else [stmt]

    return replace(program, body=block(program.body), types=known)
