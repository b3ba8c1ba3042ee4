"""reverse: every statement beside its adjoint.

Before: a `Program` whose writes are checked (`alias`). After: a `Sweep`, the tree of steps that `record` turns into a
forward and a reverse sweep. Adjoints are accumulated with ``+=`` and zeroed where their variable is overwritten;
`tidy` finds the first writes. The chain rule is in `Pull`, undoing of broadcasting in `Pull.fit`, accumulation in
`Adjoint.accumulate`; rules know none of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from functools import partial
from typing import Any

from srcad import ir, routines, types
from srcad.algebra import add, knowing, sign
from srcad.cotangents import Contribution, Hoist, Pool, TooLarge, bar_type, key_of
from srcad.errors import Unsupported
from srcad.expressions import Masks, masks_around, swapped
from srcad.facts import Dims, Shapes, lasting, named, rebound
from srcad.naming import Names
from srcad.program import Program
from srcad.pull import Pull
from srcad.transforms import activity, alias, complexes, effects, reverse_calls, reverse_lists, reverse_writes
from srcad.transforms.inline import stored_names
from srcad.transforms.sweep import Branch, Context, Loop, Step, Sweep

ZERO = ir.Ref("srcad.zero")  # zero(x): a zero like x, printed by tidy


def reverse(program: Program, seeded: Sequence[int], unit: bool = False, also: Set[str] = frozenset()) -> Sweep:
    """Steps of the program. seeded: positions of the results that have an adjoint, a parameter or (`unit`) 1.

    also: variables whose final contents count as results, with adjoints that are there beforehand.
    """
    program = complexes.counted(program)
    names = Names(program.names())
    known = dict(program.types)
    outputs = set().union(also, *(activity.flowing(program.results[k]) for k in seeded))
    wrt = {i.name for i in program.wrt}
    seed = names.fresh("out_bar") if len(seeded) == 1 and not unit else ""  # before the adjoint of a variable `out`
    rev = Reverser(program, names, activity.active(program.body, known, wrt, outputs), seed)
    for name in sorted(wrt):
        rev.bar(name)
    returned = tuple(ir.Assign(ir.Name("#returned"), expr) for expr in program.results)
    rev.masks |= masked_temporaries((*program.body, *returned), rev.uses, rev.shapes)
    with knowing(rev.shapes.types):
        steps = rev.block(program.body)
        seeds, results, last = rev.results(seeded, unit)
    program = replace(program, types=rev.shapes.types)
    return Sweep(program, (*steps, *last), rev.bars, results, seeds, rev.shapes, names, rev.pool.parts())


class Reverser:
    """Walks the program once and writes the steps."""

    def __init__(self, program: Program, names: Names, active: frozenset[str], seed: str = "") -> None:
        self.source, self.seed_name = program, seed
        self.names, self.active = names, set(active)
        inputs = {i.name for i in program.inputs}
        again = rebound(program.body, inputs) | program.unstable
        self.shapes = Shapes(program.types, program.assumptions, again, lasting(program.body))
        self.bars: dict[str, str] = {}
        self.pool = Pool(names, self.shapes)
        self.depth = 0  # of the branches and loops around the statement at hand
        self.hoisted: set[ir.Expr] = set()
        self.uses = Counter(n.id for n in ir.walk((program.body, program.results)) if isinstance(n, ir.Name))
        self.masks: dict[str, Masks] = {}  # parts of a branch of np.where that were named: where they count
        self.written = alias.touched(program.body, stored_names(program.body), self.shapes.types)
        for name in sorted(active):
            self.bar(name)

    def bar(self, name: str) -> str:
        if name not in self.bars:
            self.bars[name] = self.names.bar(name)
            self.shapes.types[self.bars[name]] = bar_type(self.shapes.types[name])
        return self.bars[name]

    # ---- statements ----

    def block(self, body: Sequence[ir.Stmt]) -> tuple[Any, ...]:
        self.masks |= masked_temporaries(body, self.uses, self.shapes)
        steps: list[Any] = []
        for stmt in body:
            steps.extend(self.statement(stmt))
        return tuple(steps)

    def nested(self, body: Sequence[ir.Stmt]) -> tuple[Any, ...]:
        self.depth += 1
        steps = self.block(body)
        self.depth -= 1
        return steps

    def statement(self, stmt: ir.Stmt) -> Sequence[Any]:
        self.pool.restart()
        called = routines.called(stmt)
        if called is not None:
            return reverse_calls.routine_call(self, stmt, *called)
        if isinstance(stmt, ir.Assign):
            return self.assign(stmt)
        if isinstance(stmt, ir.Store):
            return reverse_writes.write(self, stmt, stmt.target, stmt.value)
        if isinstance(stmt, ir.Augment):
            return reverse_writes.augment(self, stmt)
        if isinstance(stmt, ir.If):
            return self.branch(stmt)
        if isinstance(stmt, (ir.For, ir.While)):
            return self.loop(stmt)
        if isinstance(stmt, ir.With):
            return [Context(stmt, self.block(stmt.body))]
        if isinstance(stmt, ir.Do) and isinstance(stmt.value, ir.Call) and stmt.value.fn in activity.ADDING:
            return (
                reverse_lists.add_items(self, stmt)
                if stmt.value.fn == activity.ADD_ITEMS
                else reverse_writes.add_at(self, stmt)
            )
        if isinstance(stmt, (ir.Push, ir.Pop)):
            return reverse_lists.list_statement(self, stmt)
        if isinstance(stmt, (ir.Do, ir.Raise, ir.Assert)):
            return [Step(stmt)]
        raise Unsupported(f"cannot differentiate a {type(stmt).__name__.lower()} statement in reverse mode", stmt.loc)

    def branch(self, stmt: ir.If) -> Sequence[Any]:
        """The reverse sweep takes the same branch: by the same test where that still says so, else by a saved flag."""
        body, orelse = self.nested(stmt.body), self.nested(stmt.orelse)
        changed = _written(stmt.body) | _written(stmt.orelse)
        again = not (ir.names(stmt.test) & changed) and _is_cheap_test(stmt.test)
        return [Branch(stmt, body, orelse, None if again else self.fresh("branch", "bool"))]

    def loop(self, stmt: ir.For | ir.While) -> Sequence[Any]:
        if isinstance(stmt, ir.For) and stmt.every is not None:
            from srcad.transforms import segments

            split = segments.split(self, stmt)
            if split is not None:
                return split
        body = self.nested(stmt.body)
        counted = isinstance(stmt, ir.While) or stmt.stop is not None
        trips = self.fresh("trips", "int64") if counted else None
        return [Loop(stmt, body, trips, self.steady_bounds(stmt) if isinstance(stmt, ir.For) else ())]

    def steady_bounds(self, stmt: ir.For) -> tuple[tuple[int, str], ...]:
        """Names for the bounds that the loop's own body changes: not the shape of an array that it writes into."""
        assert isinstance(stmt.iter, ir.Call)
        changed = _written(stmt.body)
        again = effects.written_in(stmt) | {n for n in changed if not isinstance(self.shapes.types.get(n), types.Num)}
        named = zip(stmt.iter.args, ("start", "stop", "step"), strict=True)
        return tuple((k, self.fresh(base, "int64")) for k, (e, base) in enumerate(named) if _reads(e, again) & changed)

    def fresh(self, base: str, dtype: str) -> str:
        name = self.names.fresh(base)
        self.shapes.types[name] = types.Num(dtype, (), True)
        return name

    def assign(self, stmt: ir.Assign) -> Sequence[Any]:
        if isinstance(stmt.target, ir.Tuple):
            return self.assign_tuple(stmt)
        assert isinstance(stmt.target, ir.Name)
        name = stmt.target.id
        if name not in self.active:
            return [Step(stmt)]
        if isinstance(stmt.value, ir.List):
            return reverse_lists.list_literal(self, stmt)
        out = stmt.target if name not in ir.names(stmt.value) else None
        return self.with_hoists(stmt, lambda value: self.adjoint_of_assign(name, value, out, stmt.loc))

    def with_hoists(self, stmt: Any, adjoint: Any) -> Sequence[Any]:
        """The step of a statement; what its adjoint needs and nobody keeps is computed before it, under a name."""
        steps: list[Any] = []
        for _ in range(200):
            try:
                return [*steps, Step(stmt, tuple(adjoint(stmt.value)))]
            except Hoist as hoist:
                if (
                    stmt.value in (hoist.expr, ir.call("numpy.copy", hoist.expr))
                    and getattr(stmt, "target", None) in self.hoisted
                ):
                    break  # naming it once more would not help
                if not any(n == hoist.expr for n in ir.walk(stmt.value)):
                    break
                name = self.temporary(hoist.expr, hoist.base)
                value = hoist.expr
                if alias.shares(value, self.shapes.types) & self.written:
                    # kept while what it is a view of changes
                    value = ir.copy_of(value, types.rank(self.shapes.of(value)))
                first = ir.Assign(name, value, loc=stmt.loc)
                target = getattr(stmt, "target", None)
                outer = self.masks.get(target.id, ()) if isinstance(target, ir.Name) else ()
                around = masks_around(stmt.value, hoist.expr, self.shapes, outer) or ()
                self.masks[name.id] = tuple((swapped(test, hoist.expr, name), chosen) for test, chosen in around)
                self.hoisted.add(first.target)
                steps.extend(self.assign(first))
                stmt = _replace_expr(stmt, hoist.expr, name)
                if isinstance(stmt, ir.Assign) and isinstance(target, ir.Name) and target.id not in self.shapes.rebound:
                    self.shapes.learn(target.id, self.shapes.of(stmt.value))
        raise TooLarge("an expression too large to differentiate", stmt.loc, "split it into statements.")

    def adjoint_of_assign(self, name: str, value: ir.Expr, out: ir.Expr | None, loc: ir.Loc | None) -> list[ir.Stmt]:
        bar = ir.Name(self.bar(name))
        pull = self.pull(loc)
        pull.run(value, bar, self.shapes.of(bar), out, masks=self.masks_of(name))
        own = [c for c in pull.found if c.name == name]
        others = [c for c in pull.found if c.name != name]
        stmts = [*pull.stmts, *self.accumulate_all(others)]
        if not own:
            return [*stmts, self.zero(name)]
        if all(c.place == ir.Name(name) and c.whole for c in own):
            total = own[0].value
            for c in own[1:]:
                total = add(total, c.value)
            return stmts if total == bar else [*stmts, ir.Assign(bar, total)]
        return self.overwritten(name, bar, value, out, loc)

    def masks_of(self, name: str) -> Masks:
        """The masks that have the variable's own shape, or less: it may have been broadcast to that of the others."""
        kind = self.shapes.types[name]
        own = self.shapes.dims(kind) if isinstance(kind, types.Num) else None
        tests = [(m, self.shapes.dims(self.shapes.of(m[0]))) for m in self.masks.get(name, ())]
        return tuple(m for m, of in tests if of == () or own is not None and of is not None and broadcasts(of, own))

    def overwritten(
        self, name: str, bar: ir.Name, value: ir.Expr, out: ir.Expr | None, loc: ir.Loc | None
    ) -> list[ir.Stmt]:
        """``y = f(y[1:])``: the adjoint of the new y is moved aside, and that of the old one built from zero."""
        g = self.pool.take(self.shapes.of(bar))
        pull = self.pull(loc)
        pull.run(value, ir.Name(g), self.shapes.of(bar), out)
        moved = ir.Assign(ir.Name(g), bar)
        return [moved, *pull.stmts, self.zero(name), *self.accumulate_all(pull.found)]

    def assign_tuple(self, stmt: ir.Assign) -> Sequence[Any]:
        assert isinstance(stmt.target, ir.Tuple)
        targets = [t.id for t in stmt.target.items if isinstance(t, ir.Name)]
        if not any(t in self.active for t in targets):
            return [Step(stmt)]
        if isinstance(stmt.value, ir.Tuple):
            return self.parallel(stmt, targets, stmt.value.items)
        return self.with_hoists(stmt, lambda value: self.adjoint_of_unpacking(targets, value, stmt.loc))

    def parallel(self, stmt: ir.Assign, targets: list[str], values: tuple[ir.Expr, ...]) -> Sequence[Any]:
        """``u, v = v, u`` swaps the adjoints; anything else is assigned one by one through temporaries."""
        sources = [v.id for v in values if isinstance(v, ir.Name)]
        if sorted(sources) == sorted(targets) and all(t in self.active for t in targets):
            bars = tuple(ir.Name(self.bar(s)) for s in sources)
            new = tuple(ir.Name(self.bar(t)) for t in targets)
            return [Step(stmt, (ir.Assign(ir.Tuple(bars), ir.Tuple(new), loc=stmt.loc),))]
        first, last = [], []
        for target, value in zip(targets, values, strict=True):
            temp = self.names.fresh(f"{target}_new")
            self.shapes.types[temp] = self.shapes.of(value)
            if activity.flowing(value) & self.active and target in self.active:
                self.active.add(temp)
                self.bar(temp)
            first.append(ir.Assign(ir.Name(temp), value, loc=stmt.loc))
            last.append(ir.Assign(ir.Name(target), ir.Name(temp), loc=stmt.loc))
        return [s for a in (*first, *last) for s in self.assign(a)]

    def adjoint_of_unpacking(self, targets: list[str], value: ir.Expr, loc: ir.Loc | None) -> list[ir.Stmt]:
        pull = self.pull(loc)
        bars = [ir.Name(self.bar(t)) if t in self.active else ir.NONE for t in targets]
        used = targets if not (set(targets) & ir.names(value)) else []
        pull.several(value, tuple(bars), tuple(ir.Name(t) for t in used))
        stmts = [*pull.stmts]
        zeros = [self.zero(t) for t in targets if t in self.active]
        if {c.name for c in pull.found} & set(targets):
            raise Unsupported(
                "cannot differentiate several values unpacked into a variable they are computed from",
                loc,
                "Use another name.",
            )
        return [*stmts, *self.accumulate_all(pull.found), *zeros]

    def temporary(self, value: ir.Expr, base: str = "t") -> ir.Name:
        """A new variable for a value."""
        name = self.names.numbered(base)
        kind = self.shapes.of(value)
        self.shapes.types[name] = kind if self.depth else named(name, kind)
        if activity.flowing(value) & self.active:
            self.active.add(name)
            self.bar(name)
        return ir.Name(name)

    # ---- adjoints ----

    def pull(self, loc: ir.Loc | None) -> Pull:
        return Pull(self.shapes, self.active, self.names, loc, self.pool)

    def zero(self, name: str) -> ir.Stmt:
        kind = self.shapes.types[name]
        shapeless = types.is_scalar(kind) or isinstance(kind, types.Seq) and kind.stack
        return ir.Assign(ir.Name(self.bar(name)), ir.Call(ZERO, () if shapeless else (ir.Name(name),)))

    def accumulate_all(self, contributions: Sequence[Contribution]) -> list[ir.Stmt]:
        return [self.accumulate(c) for c in contributions]

    def accumulate(self, c: Contribution) -> ir.Stmt:
        """``x_bar += value``, counting repeated indices."""
        place = ir.substitute_root(c.place, self.bar(c.name))
        if isinstance(place, ir.Name) and isinstance(self.shapes.types[place.id], types.Seq):
            return ir.Do(ir.call("srcad_runtime.add_items", place, c.value))
        if c.repeated:
            assert isinstance(place, ir.Index)
            return ir.Do(ir.call("srcad_runtime.add_at", place.base, key_of(place), c.value))
        minus, value = sign(c.value)
        return ir.Augment(place, "-" if minus else "+", value)

    def results(self, seeded: Sequence[int], unit: bool) -> tuple[tuple[ir.Param, ...], tuple[ir.Expr, ...], list[Any]]:
        """(parameters for the adjoints of the results, the results as variables, the steps of the return)."""
        params: list[ir.Param] = []
        values: list[ir.Expr] = []
        steps: list[Any] = []
        handed: list[ir.Stmt] = []
        for k, expr in enumerate(self.source.results):
            seed: ir.Param | None = None
            bar: ir.Expr = ir.Const(1.0)
            if k in seeded and not unit:
                seed = self.seed(expr, self.seed_name or self.names.fresh(f"out_{k}_bar"), len(seeded) == 1)
                params.append(seed)
                bar = ir.Name(seed.name)
            if isinstance(expr, (ir.Name, ir.Const)):
                if k in seeded and isinstance(expr, ir.Name) and expr.id in self.active:
                    handed.append(ir.Augment(ir.Name(self.bar(expr.id)), "+", bar))
                values.append(expr)
                continue
            name = ir.Name(self.names.fresh(f"out_{k}" if len(self.source.results) > 1 else "out"))
            self.shapes.types[name.id] = self.shapes.of(expr)
            stmt = ir.Assign(name, expr, loc=self.source.return_loc)
            adjoint = partial(self.adjoint_of_result, name, bar)
            steps.extend(self.with_hoists(stmt, adjoint) if k in seeded else [Step(stmt)])
            values.append(name)
        label = ir.Return(None, loc=self.source.return_loc)
        return tuple(params), tuple(values), [*steps, *([Step(label, tuple(handed))] if handed else [])]

    def seed(self, expr: ir.Expr, name: str, only: bool) -> ir.Param:
        kind = self.shapes.of(expr)
        self.shapes.types[name] = bar_type(kind)
        return ir.Param(name, default=ir.Const(1.0) if only and kind.dims in ((), None) else None)

    def adjoint_of_result(self, out: ir.Name, bar: ir.Expr, value: ir.Expr) -> list[ir.Stmt]:
        pull = self.pull(self.source.return_loc)
        pull.run(value, bar, bar_type(self.shapes.of(out)), out)
        return [*pull.stmts, *self.accumulate_all(pull.found)]


def masked_temporaries(body: Sequence[ir.Stmt], uses: Mapping[str, int], shapes: Shapes) -> dict[str, Masks]:
    """Variables of a block that are set once and read by one statement, in a branch of np.where: they count where it
    is taken."""
    found: dict[str, Masks] = {}
    for k, stmt in enumerate(body):
        if not isinstance(stmt, ir.Assign) or not isinstance(stmt.target, ir.Name):
            continue
        for j, later in enumerate(body[k + 1 :], k + 1):
            if stmt.target.id in ir.names(later):
                value = later.value if isinstance(later, (ir.Assign, ir.Store)) else None
                reads = sum(node == stmt.target for node in ir.walk(value)) if value is not None else 0
                only = reads and uses[stmt.target.id] == 1 + reads
                masks = masks_around(value, stmt.target, shapes) if only and value is not None else ()
                between = _written(body[k + 1 : j])
                if masks and not ir.names(tuple(test for test, _ in masks)) & between:
                    found[stmt.target.id] = masks
                break
    return found


def broadcasts(small: Dims, to: Dims) -> bool:
    """Whether an array of shape `small` certainly broadcasts to the shape `to`."""
    pairs = zip(small[::-1], to[::-1])
    return len(small) <= len(to) and all(a == types.Dim(1) or a is not None and a == b for a, b in pairs)


def _written(body: Sequence[ir.Stmt]) -> set[str]:
    """Variables rebound or written into by a body."""
    found: set[str] = set()
    for node in ir.walk(tuple(body)):
        if isinstance(node, (ir.Assign, ir.For)):
            found |= ir.names(node.target)
        elif isinstance(node, (ir.Store, ir.Augment)):
            found.add(activity.root(node.target))
        elif isinstance(node, ir.Pop):
            found |= {node.stack} | ({activity.root(node.target)} if node.target is not None else set())
        elif isinstance(node, ir.Push):
            found.add(node.stack)
        elif isinstance(node, ir.Do):
            found.add(activity.root(node.value))
    return found - {""}


def _reads(expr: ir.Expr, reshaped: set[str]) -> set[str]:
    """Variables whose contents decide a value, and `reshaped` ones whose shapes do."""
    found: set[str] = set()
    effects.reads(expr, found, reshaped)
    return found


def _is_cheap_test(test: ir.Expr) -> bool:
    """Whether a test may be evaluated again: comparisons of elements and simple arithmetic."""
    cheap = {"builtins.abs", "builtins.len", "numpy.absolute", "builtins.max", "builtins.min"}
    return all(not isinstance(n, ir.Call) or isinstance(n.fn, ir.Ref) and n.fn.path in cheap for n in ir.walk(test))


def _replace_expr(stmt: Any, old: ir.Expr, new: ir.Expr) -> Any:
    value = ir.transform(stmt.value, lambda n: new if n == old else n)
    return replace(stmt, value=value)
