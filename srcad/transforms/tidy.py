"""tidy: the reverse sweep as a person would write it.

`settle` knows where each adjoint is still zero: the first ``+=`` becomes ``=``, what only moves zeros disappears, and
zeros are written out only where a loop, a branch or a partial write needs them. An adjoint owns its memory: a value
that may share it is copied, unless its other name is dead from here on. No statement is moved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from srcad import algebra, ir, routines, rules
from srcad.expressions import zeros_like
from srcad.facts import Shapes
from srcad.naming import Names
from srcad.transforms import activity, alias
from srcad.transforms.reverse import ZERO
from srcad.types import Num, Seq, is_complex

UNBROADCAST = ir.Ref("srcad_runtime.unbroadcast")
State = dict[str, bool]  # adjoint -> whether it is zero (and has not been written out)
FRESH = frozenset(
    "numpy.zeros numpy.zeros_like numpy.ones_like numpy.full_like numpy.where numpy.dot numpy.matmul numpy.sum "
    "numpy.copy numpy.outer numpy.mean numpy.concatenate numpy.stack numpy.einsum numpy.tensordot numpy.kron "
    "numpy.repeat numpy.tile numpy.cumsum numpy.roll numpy.linalg.solve numpy.linalg.inv srcad_runtime.scatter_add "
    "srcad_runtime.astype srcad_runtime.last_written srcad_runtime.diagonal_adjoint srcad_runtime.take_adjoint "
    "srcad_runtime.take_along_axis_adjoint".split()
)


def settle(
    stmts: Sequence[ir.Stmt],
    bars: dict[str, str],
    shapes: Shapes,
    wanted: Sequence[str],
    names: Names,
    given: Sequence[str] = (),
) -> tuple[tuple[ir.Stmt, ...], tuple[ir.Stmt, ...], dict[str, ir.Assign]]:
    """(what comes before the forward sweep, the reverse sweep, zeros beside variables), with zeros worked out.

    bars: variable -> adjoint. wanted: adjoints that are returned; one that stays zero comes first where its variable is
    another array later on. given: adjoints that hold something from the start. The zeros beside a variable belong
    behind its assignments in the forward sweep (`beside`): the variable may have no value where they are needed first.
    """
    early: set[str] = set()
    while True:  # what begins early may be added to another adjoint, which is no zero then
        tidier = Tidier(bars, shapes)
        state = dict.fromkeys(bars.values(), True) | dict.fromkeys((*given, *early), False)
        out = tidier.block(stmts, state)
        more = tidier.early - {*early, *wanted}
        if not more:
            break
        early |= more
    zeros = {tidier.primal[bar]: ir.Assign(ir.Name(bar), tidier.zero_like(bar)) for bar in sorted(early)}
    first: list[ir.Stmt] = [ir.Assign(ir.Name(name), ir.List(())) for name in sorted(tidier.lists)]
    for name in wanted:
        if tidier.primal[name] not in shapes.rebound:
            tidier.need({name}, state, out)
        elif state[name] and name not in ir.names(tuple(out)):
            tidier.need({name}, state, first)
        elif state[name]:  # it belonged to what the variable held later
            zero = ir.Name(names.fresh(f"{name}_zero"))
            first.append(ir.Assign(zero, tidier.zero_like(name)))
            shapes.types[zero.id] = shapes.types[name]
            out.append(ir.Assign(ir.Name(name), zero))
    return tuple(first), tuple(out), zeros


def beside(stmts: Sequence[ir.Stmt], zeros: dict[str, ir.Assign], inputs: Sequence[str] = ()) -> tuple[ir.Stmt, ...]:
    """The forward sweep with adjoints that begin as zeros where their variables get values; `inputs` have theirs."""
    if not zeros:
        return tuple(stmts)
    out: list[ir.Stmt] = [zeros[name] for name in inputs if name in zeros]
    for stmt in stmts:
        blocks: Any = {name: beside(getattr(stmt, name), zeros) for name in ("body", "orelse") if hasattr(stmt, name)}
        out.append(replace(stmt, **blocks) if blocks else stmt)
        if isinstance(stmt, ir.Assign):
            out += [zeros[name] for name in sorted(ir.names(stmt.target)) if name in zeros]
    return tuple(out)


def _begins_in(bar: str, stmts: Sequence[ir.Stmt]) -> bool:
    """Whether the variable of an adjoint certainly gets its value in what these statements are the adjoint of."""
    for stmt in stmts:
        if isinstance(stmt, ir.Assign) and stmt.target == ir.Name(bar):
            return True
        if isinstance(stmt, (ir.Block, ir.With)) and _begins_in(bar, stmt.body):
            return True
        if isinstance(stmt, ir.If) and _begins_in(bar, stmt.body) and _begins_in(bar, stmt.orelse):
            return True
    return False


def without_unread(body: Sequence[ir.Stmt], read: set[str]) -> tuple[ir.Stmt, ...]:
    """The statements without those that give a name to a constant or another name, and that nothing reads.

    read: variables that are read after the body.
    """
    while True:
        counts = Counter(n.id for n in ir.walk(tuple(body)) if isinstance(n, ir.Name))
        counts.update(n.stack for n in ir.walk(tuple(body)) if isinstance(n, (ir.Push, ir.Pop)))
        named = Counter(map(_named, reached(body)))
        unread = {name for name, k in named.items() if name and k == counts[name]} - read
        if not unread:
            return tuple(body)
        body = _without(body, unread)


def reached(body: Sequence[ir.Stmt]) -> Iterator[ir.Stmt]:
    """The statements that `_without` comes by: not those of functions that are values."""
    for stmt in body:
        yield stmt
        if isinstance(stmt, (ir.If, ir.For, ir.While, ir.With, ir.Block)):
            yield from reached(stmt.body)
        if isinstance(stmt, ir.If):
            yield from reached(stmt.orelse)


def _named(stmt: object) -> str:
    """The variable that a statement makes another name of a constant or of a variable."""
    if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name) and isinstance(stmt.value, (ir.Const, ir.Name)):
        return stmt.target.id
    return ""


def _without(body: Sequence[ir.Stmt], unread: set[str]) -> tuple[ir.Stmt, ...]:
    kept: list[ir.Stmt] = []
    for stmt in body:
        if _named(stmt) in unread:
            continue
        if isinstance(stmt, ir.If):
            stmt = replace(stmt, body=_without(stmt.body, unread), orelse=_without(stmt.orelse, unread))
            if not stmt.body and not stmt.orelse:
                if not any(isinstance(n, (ir.Call, ir.Binary, ir.Index)) for n in ir.walk(stmt.test)):
                    continue  # a test that cannot raise
            elif not stmt.body:
                stmt = _if(stmt, [], list(stmt.orelse))
        elif isinstance(stmt, (ir.For, ir.While, ir.With, ir.Block)):
            stmt = replace(stmt, body=_without(stmt.body, unread))
        kept.append(stmt)
    return tuple(kept)


class Tidier:
    def __init__(self, bars: dict[str, str], shapes: Shapes) -> None:
        self.primal = {bar: name for name, bar in bars.items()}
        self.shapes = shapes
        self.vanished: dict[str, ir.Expr] = {}
        self.early: set[str] = set()  # adjoints of arrays whose zeros come where the array may not exist
        self.lists: set[str] = set()  # lists whose adjoints begin where the list may not exist

    def block(self, stmts: Sequence[ir.Stmt], state: State) -> list[ir.Stmt]:
        out: list[ir.Stmt] = []
        for k, stmt in enumerate(stmts):
            self.statement(stmt, state, out, stmts[k + 1 :])
        return out

    def statement(self, stmt: ir.Stmt, state: State, out: list[ir.Stmt], rest: Sequence[ir.Stmt]) -> None:
        if isinstance(stmt, ir.Block):
            inner = self.block(stmt.body, state)
            if inner:
                out.append(replace(stmt, body=tuple(inner)))
        elif isinstance(stmt, ir.If):
            self.branch(stmt, state, out, rest)
        elif isinstance(stmt, (ir.For, ir.While)):
            self.loop(stmt, state, out, rest)
        elif isinstance(stmt, ir.With):
            body = self.block(stmt.body, state)
            if body:
                out.append(replace(stmt, body=tuple(body)))
        elif isinstance(stmt, ir.Assign):
            self.assign(stmt, state, out, rest)
        elif isinstance(stmt, ir.Augment):
            self.augment(stmt, state, out, rest)
        elif isinstance(stmt, ir.Store):
            self.store(stmt, state, out)
        else:
            if (
                isinstance(stmt, ir.Do)
                and routines.called(stmt) is None
                and isinstance(stmt.value, ir.Call)
                and self.vanishes(stmt.value.args[-1], state)
            ):
                return
            self.need(self.listed(stmt, state) if isinstance(stmt, (ir.Push, ir.Pop)) else ir.names(stmt), state, out)
            out.append(stmt)

    def listed(self, stmt: ir.Push | ir.Pop, state: State) -> set[str]:
        """What has to be there for an item to be put on or taken off: the list, and of a list of values that of its
        adjoints, which begins as long as the list still is."""
        bars = {bar for bar, name in self.primal.items() if name == stmt.stack}
        if isinstance(stmt, ir.Push):
            return ir.names(stmt) | {stmt.stack} | bars
        if isinstance(stmt.target, ir.Name):
            if stmt.target.id in state:
                state[stmt.target.id] = False
            return {stmt.stack} | bars
        return {stmt.stack} | bars | (ir.names(stmt.target) if stmt.target is not None else set())

    # ---- zeros ----

    def zeros(self, expr: ir.Expr, state: State) -> set[str]:
        return {n for n in ir.names(expr) if state.get(n, False)}

    def vanishes(self, expr: ir.Expr, state: State) -> bool:
        """Whether an expression, linear in the one adjoint it reads, reads a zero."""
        read = {n for n in ir.names(expr) if n in state}
        return len(read) == 1 and bool(self.zeros(expr, state))

    def need(self, names: set[str], state: State, out: list[ir.Stmt]) -> None:
        """Write out the zeros among these adjoints."""
        for name in sorted(n for n in names if state.get(n, False)):
            if name not in self.primal:  # a part of an adjoint: written out with what it is part of
                value = self.vanished[name]
                self.need(ir.names(value), state, out)
                out.append(ir.Assign(ir.Name(name), value))
                state[name] = False
                continue
            out.append(ir.Assign(ir.Name(name), self.zero_like(name)))
            state[name] = False

    def early_ones(self, names: set[str], rest: Sequence[ir.Stmt]) -> set[str]:
        """Zeros that come before a branch or a loop, of arrays that may get their values only in there."""
        kinds = ((name, self.shapes.types[name]) for name in names)
        torn = {name: kind for name, kind in kinds if not _begins_in(name, rest)}
        self.lists |= {self.primal[name] for name, kind in torn.items() if isinstance(kind, Seq) and not kind.stack}
        return {name for name, kind in torn.items() if isinstance(kind, Num) and kind.dims != ()}

    def zero_like(self, bar: str) -> ir.Expr:
        kind = self.shapes.types[bar]
        if isinstance(kind, Seq):
            return ir.List(()) if kind.stack else ir.call("srcad_runtime.zeros_of", ir.Name(self.primal[bar]))
        if isinstance(kind, Num) and kind.dims == ():
            return ir.ZERO
        return zeros_like(ir.Name(self.primal[bar]), kind)

    # ---- statements ----

    def assign(self, stmt: ir.Assign, state: State, out: list[ir.Stmt], rest: Sequence[ir.Stmt]) -> None:
        if isinstance(stmt.target, ir.Tuple) or routines.called(stmt) is not None:
            self.need(ir.names(stmt), state, out)
            out.append(stmt)
            return
        assert isinstance(stmt.target, ir.Name)
        name, value = stmt.target.id, stmt.value
        if isinstance(value, ir.Call) and value.fn == ZERO:
            state[name] = True
        elif self.vanishes(value, state):
            state[name] = True
            earlier = {name: self.vanished[name]} if name in self.vanished else {}  # g = 2.0 * g
            self.vanished[name] = ir.substitute(value, earlier)
        else:
            self.need(self.zeros(value, state), state, out)
            if name in self.primal:
                out.append(replace(stmt, value=self.owned(name, value, rest)))
                state[name] = False
            else:
                out.append(stmt)
                state.pop(name, None)
                if {n for n in ir.names(value) if n in state}:
                    state[name] = False  # a named part of an adjoint: it may be found to be zero elsewhere

    def augment(self, stmt: ir.Augment, state: State, out: list[ir.Stmt], rest: Sequence[ir.Stmt]) -> None:
        name = activity.root(stmt.target)
        if name not in self.primal:
            self.need(ir.names(stmt), state, out)
            out.append(stmt)
            return
        if self.vanishes(stmt.value, state):
            return
        self.need(self.zeros(stmt.value, state) - {name}, state, out)
        if state[name] and isinstance(stmt.target, ir.Name):
            value = algebra.negate(stmt.value) if stmt.op == "-" else stmt.value
            first = self.first_write(name, value, rest)
            if first is not None:
                out.append(ir.Assign(stmt.target, first))
                state[name] = False
                return
        self.need({name}, state, out)
        out.append(stmt)

    def first_write(self, name: str, value: ir.Expr, rest: Sequence[ir.Stmt]) -> ir.Expr | None:
        """The value as an array of the adjoint's own shape; None where ``+=`` on zeros is the way."""
        kind, own = self.shapes.types[name], self.shapes.of(value)
        if isinstance(kind, Seq):
            return None
        if isinstance(value, ir.Call) and value.fn == UNBROADCAST and value.args[1] == ir.Name(self.primal[name]):
            if isinstance(value.args[0], ir.Binary) and value.args[0].op == "@":  # which is broadcast along no axis
                return self.owned(name, value, rest)
        assert isinstance(kind, Num)
        if kind.dims == () == own.dims or self.shapes.same(kind, own):
            return self.owned(name, value, rest)
        if own.dims == () and kind.dims is not None:
            return ir.call("numpy.full_like", ir.Name(self.primal[name]), value)
        return None

    def owned(self, name: str, value: ir.Expr, rest: Sequence[ir.Stmt]) -> ir.Expr:
        kind, own = self.shapes.types[name], self.shapes.of(value)
        if not isinstance(kind, Num):
            return value
        if (
            kind.dtype != own.dtype
            and kind.dtype is not None
            and own.dtype is not None
            and not (kind.weak and kind.dims == ())
        ):
            if not (own.weak and own.dims == ()):
                if kind.dims == ():
                    return ir.call(f"numpy.{kind.dtype}", value)
                known = name not in self.primal or is_complex(kind)  # what counts as complex may be real as yet
                dtype = ir.Ref(f"numpy.{kind.dtype}") if known else ir.Attr(ir.Name(self.primal[name]), "dtype")
                return ir.call("srcad_runtime.astype", value, dtype)
        if kind.dims == () or is_fresh(value):
            return value
        if isinstance(value, ir.Name) and self.dies(value.id, rest):
            return value
        return ir.call("numpy.copy", value)

    def dies(self, name: str, rest: Sequence[ir.Stmt]) -> bool:
        """Whether the adjoint is zeroed by the next statement of the block, so that its array can be handed on."""
        for stmt in rest:
            if isinstance(stmt, ir.Assign) and stmt.target == ir.Name(name):
                return isinstance(stmt.value, ir.Call) and stmt.value.fn == ZERO
            if name in ir.names(stmt):
                return False
        return False

    def store(self, stmt: ir.Store, state: State, out: list[ir.Stmt]) -> None:
        name = activity.root(stmt.target)
        if name in state and state[name] and algebra.is_number(stmt.value, 0.0):
            return
        self.need(ir.names(stmt), state, out)
        out.append(stmt)

    # ---- control flow ----

    def branch(self, stmt: ir.If, state: State, out: list[ir.Stmt], rest: Sequence[ir.Stmt]) -> None:
        self.need(ir.names(stmt.test), state, out)
        before = set(self.early)
        while True:
            self.early = set(before)  # zeros in there are written out before it, if they are found to be torn
            one, two = dict(state), dict(state)
            body, orelse = self.block(stmt.body, one), self.block(stmt.orelse, two)
            torn = {n for n in state if n in self.primal and one[n] != two[n] and state[n]}
            if not torn:
                break
            before |= self.early_ones(torn, rest)
            self.need(torn, state, out)
        for name in sorted(n for n in state if n in self.primal and one[n] != two[n]):  # zeroed on one path only
            side, env = (body, one) if one[name] else (orelse, two)
            self.need({name}, env, side)
        state.update({n: one[n] for n in self.primal if n in state})
        if body or orelse:
            out.append(_if(stmt, body, orelse))

    def loop(self, stmt: ir.For | ir.While, state: State, out: list[ir.Stmt], rest: Sequence[ir.Stmt]) -> None:
        before = set(self.early)
        while True:
            self.early = set(before)  # zeros in there are written out before it, if they are found to begin there
            after = dict(state)
            body = self.block(stmt.body, after)
            begun = {n for n in state if n in self.primal and state[n] and not after[n]}
            if not begun:
                break
            before |= self.early_ones(begun, rest)
            self.need(begun, state, out)
        self.need({n for n in state if n in self.primal and not state[n] and after[n]}, after, body)
        if body:
            out.append(replace(stmt, body=tuple(body)))


def _if(stmt: ir.If, body: list[ir.Stmt], orelse: list[ir.Stmt]) -> ir.If:
    if body:
        return replace(stmt, body=tuple(body), orelse=tuple(orelse))
    test = (
        stmt.test.operand if isinstance(stmt.test, ir.Unary) and stmt.test.op == "not" else ir.Unary("not", stmt.test)
    )
    return replace(stmt, test=test, body=tuple(orelse), orelse=())


def is_fresh(expr: ir.Expr) -> bool:
    """Whether evaluating `expr` makes a new array that nothing else refers to."""
    if isinstance(expr, ir.Unary):
        return True
    if isinstance(expr, ir.Binary):
        return True
    if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref):
        if expr.fn.path in FRESH:
            return not alias.may_hand_on(expr)
        if expr.fn.path in alias.VIEWS | alias.MAYBE:  # the real part of an array is a view
            return False
        if expr.fn.path == "srcad_runtime.unbroadcast":
            return is_fresh(expr.args[0])
        rule = rules.lookup(expr.fn.path)
        return rule is not None and rule.partials is not None
    return False
