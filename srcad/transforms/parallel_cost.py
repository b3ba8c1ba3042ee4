"""What an iteration costs, as an expression over extents: whether threads are worth starting is decided at run time.

Loops over the same stretch that follow each other are all cut or none: what one thread has written is in its cache, and
half of it fetched from there takes longer than most loops. Each counts with what they cost on average.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from srcad import ir, types
from srcad.dims import Dim, dim_expr, symbol
from srcad.transforms.loops_text import plain
from srcad.transforms.parallel_facts import bound_in
from srcad.types import Abstract, Num

# in units of an addition of elements in a vectorised loop (about 0.05 ns)
_CHEAP = frozenset("abs float int bool range len min max plus larger smaller over absolute fabs sqrt".split())
PARTS = "srcad_runtime.threads.parts"
DIVISION, FUNCTION, UNKNOWN_TRIPS, SCALAR = 8, 100, 16, 6
SHARE = 4  # how much cheaper an element is in a product by BLAS


@dataclass(frozen=True)
class Loop:
    """The loop whose iterations are weighed: its counter from `low` to ``high - 1``, and variables that its body sets,
    which cannot be asked before it runs."""

    counter: str
    low: ir.Expr
    high: ir.Expr
    changing: Set[str]
    kinds: Mapping[str, Abstract]


def cost(body: Sequence[ir.Stmt], loop: Loop) -> ir.Expr:
    """The cost of one iteration."""
    own, terms = _block(body, replace(loop, changing=loop.changing | {loop.counter}))
    return _leading([_times(*term) for term in terms]) or ir.Const(max(own, 1))


def _block(body: Sequence[ir.Stmt], around: Loop) -> tuple[int, list[tuple[ir.Expr, ir.Expr]]]:
    """The cost of statements outside of loops, and (trips, cost of an iteration) of each loop and product."""
    own, terms = 0, dict[ir.Expr, ir.Expr]()

    def add(trips: ir.Expr, each: ir.Expr) -> None:
        terms[trips] = _leading([*([terms[trips]] if trips in terms else []), each]) or each

    for stmt in body:
        if isinstance(stmt, ir.For):
            number, inner = _block(stmt.body, around)
            number *= 1 if _is_plain(stmt.body) else SCALAR
            add(_trips(stmt, around), _leading([_times(*pair) for pair in inner]) or ir.Const(max(number, 1)))
        elif isinstance(stmt, (ir.While, ir.If, ir.Block)):
            orelse = stmt.orelse if isinstance(stmt, ir.If) else ()
            number, inner = _block((*stmt.body, *orelse), around)
            factor = UNKNOWN_TRIPS if isinstance(stmt, ir.While) else 1
            own += number * factor + (0 if isinstance(stmt, ir.Block) else 2)
            for trips, value in inner:
                add(trips, value)
        else:
            own += sum(map(_node, ir.walk(stmt)))
            for node in ir.walk(stmt):
                if isinstance(node, ir.Binary) and node.op == "@":
                    add(*_product(node, around))
    return own, list(terms.items())


def _product(node: ir.Binary, around: Loop) -> tuple[ir.Expr, ir.Expr]:
    """A product of matrices as (trips, cost of one), which by BLAS is less than that of loops."""
    kinds = [types.infer(side, around.kinds) for side in (node.left, node.right)]
    left, right = ((k.dims or ()) if isinstance(k, Num) else () for k in kinds)
    inner = next((d for d in (*left[-1:], *right[:1]) if d is not None), None)
    trips, *others = [_extent(dim, around) for dim in (*left[:-1], inner, *right[1:])]
    each: ir.Expr = ir.Const(1)
    for extent in others:
        each = _times(each, extent)
    match each:
        case ir.Const(value):
            return trips, ir.Const(max(value // SHARE, 1))
        case ir.Binary("*", ir.Const(value), extent) if value >= SHARE:
            return trips, _times(ir.Const(value // SHARE), extent)
    return trips, ir.Binary("//", each, ir.Const(SHARE))


def _extent(dim: Dim | None, around: Loop) -> ir.Expr:
    found = None if dim is None else plain(dim)
    return ir.Const(UNKNOWN_TRIPS) if found is None or ir.names(found) & around.changing else found


def _leading(costs: Sequence[ir.Expr]) -> ir.Expr | None:
    """The sum of those that do not vanish beside another one, as ``3 * n`` does beside ``n * m``."""
    whole = [ir.transform(cost, lambda n: n.left if isinstance(n, ir.Binary) and n.op == "//" else n) for cost in costs]
    symbols = [max((Counter(s) for s in _terms(cost) or {}), key=Counter.total, default=Counter()) for cost in whole]
    total: ir.Expr | None = None
    for k, cost in enumerate(costs):
        if not any(symbols[k] < other for other in symbols):
            total = cost if total is None else _plus(total, cost)
    return total


def _node(node: Any) -> int:
    if isinstance(node, ir.Binary):
        return DIVISION if node.op in ("/", "//", "%", "**") else 1
    if isinstance(node, ir.Call):
        name = node.fn.path.rpartition(".")[2] if isinstance(node.fn, ir.Ref) else ""
        return DIVISION if name in _CHEAP else FUNCTION
    return 1 if isinstance(node, (ir.Index, ir.Compare)) else 0


def _is_plain(body: Sequence[ir.Stmt]) -> bool:
    """Whether a loop with such a body is likely to be vectorised."""
    nodes = list(ir.walk(tuple(body)))
    through = any(isinstance(n, ir.Index) and any(isinstance(i, ir.Index) for i in ir.walk(n.items)) for n in nodes)
    return not through and not any(isinstance(n, (ir.If, ir.While)) for n in nodes)


def _trips(loop: ir.For, around: Loop) -> ir.Expr:
    """How many trips an inner loop makes; where they depend on the counter, half way."""
    counter, changing = around.counter, around.changing
    assert isinstance(loop.iter, ir.Call)
    start, stop, step = loop.iter.args
    numbers = [types.number(e) for e in (start, stop)]
    if None in numbers or step not in (ir.Const(1), ir.Const(-1), ir.Unary("-", ir.Const(1))):
        return ir.Const(UNKNOWN_TRIPS)
    first, last = numbers if step == ir.Const(1) else numbers[::-1]
    assert first is not None and last is not None
    trips = last - first
    factor = dict(trips.terms).get(counter, 0)
    if not factor:
        found = plain(trips)
        return ir.Const(UNKNOWN_TRIPS) if ir.names(found) & changing else found
    ends = [types.number(e) for e in (around.low, around.high)]
    if None in ends:
        return ir.Const(UNKNOWN_TRIPS)
    assert ends[0] is not None and ends[1] is not None
    double = (trips - symbol(counter) * factor) * 2 + (ends[0] + ends[1]) * factor
    found = ir.Binary("//", plain(double), ir.Const(2))
    return ir.Const(UNKNOWN_TRIPS) if ir.names(found) & changing else found


def _times(left: ir.Expr, right: ir.Expr) -> ir.Expr:
    if isinstance(left, ir.Const) and isinstance(right, ir.Const):
        return ir.Const(left.value * right.value)
    if ir.Const(1) in (left, right):
        return right if left == ir.Const(1) else left
    return ir.Binary("*", right, left) if isinstance(right, ir.Const) else ir.Binary("*", left, right)


def _plus(left: ir.Expr, right: ir.Expr) -> ir.Expr:
    if isinstance(left, ir.Const) and isinstance(right, ir.Const):
        return ir.Const(left.value + right.value)
    return ir.Binary("+", left, right)


# ---- neighbours ----

Terms = Counter[tuple[str, ...]]  # ``3 * n * m + 2 * m`` as {("m", "n"): 3, ("m",): 2}


def evened(body: Sequence[ir.Stmt]) -> tuple[ir.Stmt, ...]:
    """Statements of one block, with loops over the same stretch cut alike."""
    alike: dict[tuple[tuple[str, int], ...], list[ir.Call]] = {}
    own = bound_in(body)  # what is not there yet, or not the same, where another loop stands
    for call in _cuts(body):
        trips = types.number(call.args[0])
        if trips is not None and _terms(call.args[1]) is not None and not ir.names(call.args[:2]) & own:
            alike.setdefault(trips.terms, []).append(call)
    costs = {call: _average(calls) for calls in alike.values() if len(calls) > 1 for call in calls}

    def visit(node: Any) -> Any:
        if isinstance(node, (ir.For, ir.While, ir.If)):
            return node
        if isinstance(node, ir.Call) and node in costs:
            return replace(node, args=(node.args[0], costs[node], *node.args[2:]))
        return ir.rebuild(node, visit)

    return tuple(map(visit, body)) if costs else tuple(body)


def _cuts(body: Sequence[ir.Stmt]) -> list[ir.Call]:
    """Where loops of a block are cut; those of blocks within are theirs."""
    calls: list[ir.Call] = []
    for stmt in body:
        if isinstance(stmt, ir.Block):
            calls += _cuts(stmt.body)
        elif isinstance(stmt, (ir.Do, ir.Assign)):
            calls += [n for n in ir.walk(stmt) if isinstance(n, ir.Call) and n.fn == ir.Ref(PARTS)]
    return calls


def _average(calls: Sequence[ir.Call]) -> ir.Expr:
    total: Terms = Counter()
    for call in calls:
        total.update(_terms(call.args[1]) or {})
    degree = max((len(symbols) for symbols, factor in total.items() if factor > 0), default=0)
    found: ir.Expr | None = None
    for symbols, factor in total.items():
        if len(symbols) < degree or factor <= 0:
            continue
        term: ir.Expr = ir.Const(math.ceil(factor / len(calls)))
        for name in symbols:
            term = dim_expr(symbol(name)) if term == ir.Const(1) else ir.Binary("*", term, dim_expr(symbol(name)))
        found = term if found is None else ir.Binary("+", found, term)
    return found or ir.Const(1)


def _terms(expr: ir.Expr) -> Terms | None:
    """A cost as a polynomial; None for what is none."""
    linear = types.number(expr)
    if linear is not None:
        return Counter({(name,): factor for name, factor in linear.terms} | {(): linear.const})
    if not isinstance(expr, ir.Binary) or expr.op not in "+*":
        return None
    left, right = _terms(expr.left), _terms(expr.right)
    if left is None or right is None:
        return None
    total: Terms = Counter()
    if expr.op == "+":
        for side in (left, right):
            total.update(side)
        return total
    for a, m in left.items():
        for b, n in right.items():
            total[tuple(sorted(a + b))] += m * n
    return total
