"""chains: what an adjoint is multiplied by on its way to the next iteration is multiplied first, for Numba.

A recurrence runs as fast as the operations that follow on each other, and its reverse sweep is one: `x_bar` of an
iteration comes from that of the next. Before: ``g2 = g * v; g3 = -mu * g2; x_bar += 2.0 * g3 * x``, four operations
one after the other behind g. After: ``x_bar -= g * (2.0 * mu * v * x)``, one: the others do not wait for g. Terms of
one adjoint that stand together are added first, too: ``x_bar -= g * (2.0 * mu * v * x + 1.0)``.

Only loops of the reverse sweep without branches, and only numbers in float64. Results differ in the last digits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from srcad import ir, types
from srcad.program import REVERSE, Program
from srcad.transforms.liveness import Liveness
from srcad.types import Num

_CHOICES = (ir.IfExp, ir.Compare, ir.BoolOp, ir.Lambda)


@dataclass(frozen=True)
class Term:
    """``base * factors``, with a minus in front where `minus`. factors: of which none waits for another iteration."""

    minus: bool
    base: ir.Name
    factors: tuple[ir.Expr, ...] = ()


def chains(program: Program) -> Program:
    """The program with such products in the loops of its reverse sweep."""
    pass_ = _Chains(program.types, _counts((program.body, program.results)))
    body = (
        replace(s, body=pass_.block(s.body)) if isinstance(s, ir.Block) and s.note == REVERSE else s
        for s in program.body
    )
    return replace(program, body=tuple(body))


@dataclass(frozen=True)
class _Chains:
    """known: types of variables; counts: how often the program mentions them."""

    known: Mapping[str, types.Abstract]
    counts: Mapping[str, int]

    def block(self, body: Sequence[ir.Stmt]) -> tuple[ir.Stmt, ...]:
        return tuple(map(self.statement, body))

    def statement(self, stmt: ir.Stmt) -> ir.Stmt:
        if isinstance(stmt, ir.For) and stmt.stop is None and all(map(_is_plain, ir.flat(stmt.body))):
            return self.loop(stmt, frozenset())
        if isinstance(stmt, (ir.For, ir.While, ir.With, ir.Block)):
            return replace(stmt, body=self.block(stmt.body))
        if isinstance(stmt, ir.If):
            return replace(stmt, body=self.block(stmt.body), orelse=self.block(stmt.orelse))
        return stmt

    def loop(self, loop: ir.For, kept: frozenset[str]) -> ir.For:
        """kept: names of products that would not go, because some of what reads them stays as it is."""
        chain = _Chain(loop, self.known, self.counts, kept)
        new = chain.rewritten()
        left = {s.target.id for s in ir.flat(new.body) if isinstance(s.target, ir.Name)} & chain.products
        return self.loop(loop, kept | left) if left else new


def _counts(code: Any) -> Counter[str]:
    return Counter(n.id for n in ir.walk(code) if isinstance(n, ir.Name))


def _is_plain(stmt: Any) -> bool:
    simple = (
        isinstance(stmt, (ir.Store, ir.Augment)) or isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name)
    )
    return simple and not any(isinstance(n, _CHOICES) for n in ir.walk(stmt))


class _Chain:
    """One loop. waiting: names that wait for the iteration before; made: those that are one of them times factors;
    inner: names that are read as factors of products alone."""

    def __init__(
        self, loop: ir.For, known: Mapping[str, types.Abstract], counts: Mapping[str, int], kept: Set[str]
    ) -> None:
        self.loop, self.known = loop, known
        self.made: dict[str, Term] = {}
        self.products: set[str] = set()
        self.sets = Counter(s.target.id for s in ir.flat(loop.body) if isinstance(s.target, ir.Name))
        self.carried = Liveness(ir.names).block(loop.body, set()) & set(self.sets)
        stmts = ir.flat(loop.body)
        fed = {
            n for s in stmts if isinstance(s.target, ir.Name) and _reads(s) & self.carried for n in ir.names(s.target)
        }
        self.waiting = {name for name in self.carried & fed if self.is_number(ir.Name(name))}
        factors = Counter(
            n.id for s in stmts for n in _factors_with_others(_sum(s)[2] or s.value) if isinstance(n, ir.Name)
        )
        self.inner = {n for n in self.sets if self.sets[n] == 1 and factors[n] == counts[n] - 1 and n not in kept}

    def is_number(self, expr: ir.Expr) -> bool:
        kind = types.infer(expr, self.known, [])
        return isinstance(kind, Num) and kind.dtype == "float64" and kind.dims == ()

    def rewritten(self) -> ir.For:
        return replace(self.loop, body=self.without_unread(self.block(self.loop.body))) if self.waiting else self.loop

    def without_unread(self, body: tuple[ir.Stmt, ...]) -> tuple[ir.Stmt, ...]:
        """Without the products that have a name and are read no more."""
        while True:
            stmts = ir.flat(body)
            read = _counts(tuple(stmts))
            gone = [s for s in stmts if isinstance(s, ir.Assign) and self.is_idle(_name(s), read)]
            if not gone:
                return body
            body = _without(body, {id(s) for s in gone})

    def is_idle(self, name: str, read: Mapping[str, int]) -> bool:
        return name in self.products and name not in self.carried and read[name] == 1

    # ---- statements in order ----

    def block(self, body: Sequence[Any]) -> tuple[ir.Stmt, ...]:
        out: list[ir.Stmt] = []
        for stmt in body:
            if isinstance(stmt, ir.Block):
                out.append(replace(stmt, body=self.block(stmt.body)))
                continue
            term = self.added(stmt)
            new = stmt
            if term is not None:
                new = ir.Augment(stmt.target, "-" if term.minus else "+", self.product(term), loc=stmt.loc)
            joined = self.joined(out[-1], new) if out else None
            out[-1:] = [joined] if joined is not None else [*out[-1:], new]
            self.note(stmt)
        return tuple(out)

    def added(self, stmt: Any) -> Term | None:
        """What a statement adds to a number or an element, if another order of it takes less time."""
        target, op, value = _sum(stmt)
        if op == "" or not self.is_number(target):
            return None
        term = self.term(value)
        if term is None or len(term.factors) < 2 or term.base == target:
            return None
        return replace(term, minus=term.minus != (op == "-"))

    def joined(self, last: ir.Stmt, stmt: ir.Stmt) -> ir.Stmt | None:
        """``x_bar += g * a`` and ``x_bar -= g`` as one."""
        (target, op, value), (other_target, other_op, other_value) = _sum(last), _sum(stmt)
        if (
            "" in (op, other_op)
            or target != other_target
            or not (isinstance(target, ir.Name) and self.is_number(target))
        ):
            return None
        one, other = self.term(value, False), self.term(other_value, False)
        if one is None or other is None or one.base != other.base or one.base == target or not one.factors:
            return None
        minus = (op == "-") != one.minus
        alike = minus == ((other_op == "-") != other.minus)
        total = ir.Binary("+" if alike else "-", _times(one.factors), _times(other.factors))
        return ir.Augment(target, "-" if minus else "+", ir.Binary("*", one.base, total), loc=last.loc)

    def note(self, stmt: Any) -> None:
        """What is known behind a statement."""
        if not isinstance(stmt.target, ir.Name):  # the memory may have other names
            self.made = {
                n: t for n, t in self.made.items() if not any(isinstance(f, ir.Index) for f in ir.walk(t.factors))
            }
            return
        name = stmt.target.id
        term = self.term(stmt.value) if isinstance(stmt, ir.Assign) else None
        waits = isinstance(stmt, ir.Augment) or bool(ir.names(stmt.value) & self.waiting)
        self.made = {n: t for n, t in self.made.items() if n != name and name not in ir.names((t.base, *t.factors))}
        self.waiting = self.waiting | {name} if waits and self.is_number(stmt.target) else self.waiting - {name}
        if (
            name in self.inner
            and term is not None
            and term.factors
            and name not in ir.names((term.base, *term.factors))
        ):
            self.made[name] = term
            self.products.add(name)

    # ---- products ----

    def term(self, expr: ir.Expr, through: bool = True) -> Term | None:
        """A product of one name that waits and of numbers that do not. through: names of products stand for them."""
        minus, factors = _factors(expr)
        late = [f for f in factors if ir.names(f) & self.waiting]
        if len(late) != 1 or not isinstance(late[0], ir.Name) or not self.is_number(expr):
            return None
        own = tuple(f for f in factors if f is not late[0])
        if not all(map(self.is_number, own)):  # the product of integers might leave their range
            return None
        found = self.made.get(late[0].id) if through else None
        if found is None:
            return Term(minus, late[0], own)
        return Term(minus != found.minus, found.base, (*found.factors, *own))

    def product(self, term: Term) -> ir.Expr:
        steady = [f for f in term.factors if not ir.names(f) & (set(self.sets) | ir.names(self.loop.target))]
        moving = [f for f in term.factors if f not in steady]
        return ir.Binary("*", term.base, _times((*sorted(steady, key=_rank), *moving)))


def _rank(factor: ir.Expr) -> bool:
    return not isinstance(factor, ir.Const)


def _times(factors: Sequence[ir.Expr]) -> ir.Expr:
    product = factors[0] if factors else ir.Const(1.0)
    for factor in factors[1:]:
        product = ir.Binary("*", product, factor)
    return product


def _factors(expr: ir.Expr) -> tuple[bool, list[ir.Expr]]:
    """(whether there is a minus in front, the factors) of a product."""
    if isinstance(expr, ir.Unary) and expr.op == "-":
        minus, factors = _factors(expr.operand)
        return not minus, factors
    if isinstance(expr, ir.Binary) and expr.op == "*":
        (a, left), (b, right) = _factors(expr.left), _factors(expr.right)
        return a != b, [*left, *right]
    return False, [expr]


def _name(stmt: Any) -> str:
    return stmt.target.id if isinstance(stmt.target, ir.Name) else ""


def _sum(stmt: Any) -> tuple[Any, str, Any]:
    """(target, sign, value) of ``target += value`` and ``target = target + value``; an empty sign for others."""
    if isinstance(stmt, ir.Augment) and stmt.op in ("+", "-"):
        return stmt.target, stmt.op, stmt.value
    value = stmt.value if isinstance(stmt, ir.Assign) else None
    if isinstance(value, ir.Binary) and value.op in ("+", "-") and value.left == stmt.target:
        return stmt.target, value.op, value.right
    return None, "", None


def _factors_with_others(expr: ir.Expr) -> list[ir.Expr]:
    """The factors of a product, without what is alone."""
    _, factors = _factors(expr)
    return factors if len(factors) > 1 else []


def _reads(stmt: Any) -> set[str]:
    return ir.names(stmt.value) | (ir.names(stmt.target) if isinstance(stmt, ir.Augment) else set())


def _without(body: Sequence[ir.Stmt], gone: Set[int]) -> tuple[ir.Stmt, ...]:
    out: list[ir.Stmt] = []
    for stmt in body:
        if isinstance(stmt, ir.Block):
            inner = _without(stmt.body, gone)
            out += [replace(stmt, body=inner)] if inner else []
        elif id(stmt) not in gone:
            out.append(stmt)
    return tuple(out)
