"""Loops that must follow one another, around loops over one stretch whose iterations do not meet: stripes of it.

Before: steps in time of many paths, ``for t in range(steps): for i in range(n): s[i] *= ...``, or a sweep down the
columns of a field. After: each thread takes all steps for a stretch of `i`. It is woken once, not once a step, and has
its stripe of every array in its cache.

Element by element the steps keep their order, whoever takes them. So the stripes are free of each other if the
iterations of ``for i: for t:``, the loops turned inside out, are (`parallel_races`), and if what stands between the
inner loops is the same for all stripes: numbers that no inner loop makes, and sums of inner loops that are only added
to something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from srcad import ir
from srcad.transforms import alias
from srcad.transforms.liveness import Liveness
from srcad.transforms.parallel_facts import Context, Serial, bound_in
from srcad.transforms.parallel_races import Free, examine, head
from srcad.transforms.parallel_sums import sum_of

WIDTH, MOST = 256, 16  # elements of a stripe at least, and stripes at most: each begins anew in every step


@dataclass(frozen=True)
class Stripes:
    """A loop that may be cut into stripes. turned: the same with the loops turned inside out; leaves: those that are
    cut."""

    loop: ir.For
    turned: ir.For
    leaves: tuple[ir.For, ...]
    free: Free


def stripes(loop: ir.For, context: Context) -> Stripes | None:
    """The loop in stripes, if its inner loops run over one stretch and nothing but sums goes from stripe to stripe."""
    for leaf in _loops(loop.body):
        found = _over(loop, leaf, context)
        if found is not None:
            return found
    return None


def _over(loop: ir.For, first: ir.For, context: Context) -> Stripes | None:
    """Stripes of the stretch that `first` runs over."""
    stretch = _stretch(first)
    if stretch is None or ir.names(stretch) & (bound_in(loop.body) | ir.names(loop.target)) or _reads(stretch):
        return None
    leaves = tuple(_leaves(loop.body, stretch))
    counter = first.target
    assert isinstance(counter, ir.Name)
    if not _may_be_turned(loop, leaves, counter.id, context):
        return None
    low, high = stretch
    body = _without_heads(loop.body, leaves, counter)
    over = ir.call("builtins.range", low, high, ir.Const(1))
    turned = ir.For(counter, over, (replace(loop, body=body, pragma=""),), loc=loop.loc)
    try:
        free = examine(turned, replace(context, rooms={}))
    except Serial:
        return None
    if free.guards or free.rising or not free.own:
        return None
    return Stripes(loop, turned, leaves, free)


def _loops(body: Sequence[ir.Stmt]) -> Iterator[ir.For]:
    """The loops of a body, those further out first."""
    inner = [s for s in ir.flat(body) if isinstance(s, ir.For)]
    yield from inner
    for loop in inner:
        yield from _loops(loop.body)


def _stretch(loop: ir.For) -> tuple[ir.Expr, ir.Expr] | None:
    """The least number of a loop's range, and the one behind its greatest."""
    try:
        _, low, high, _ = head(loop)
    except Serial:
        return None
    return low, high


def _reads(nodes: Sequence[ir.Expr]) -> bool:
    """Whether elements of arrays are read, which the loop might change; extents stay."""
    return any(isinstance(n, ir.Index) and not isinstance(n.base, ir.Attr) for n in ir.walk(nodes))


def _leaves(body: Sequence[ir.Stmt], stretch: tuple[ir.Expr, ir.Expr]) -> Iterator[ir.For]:
    """The outermost loops over a stretch."""
    for stmt in ir.flat(body):
        if isinstance(stmt, ir.For):
            if _stretch(stmt) == stretch:
                yield stmt
            else:
                yield from _leaves(stmt.body, stretch)


# ---- what stands between the leaves ----


def _between(body: Sequence[ir.Stmt], leaves: Sequence[ir.For]) -> Iterator[ir.Stmt]:
    """The statements outside of the leaves; loops around leaves without their bodies."""
    for stmt in ir.flat(body):
        if isinstance(stmt, ir.For) and any(stmt is leaf for leaf in leaves):
            continue
        if isinstance(stmt, ir.For):
            yield replace(stmt, body=())
            yield from _between(stmt.body, leaves)
        else:
            yield stmt


def _may_be_turned(loop: ir.For, leaves: Sequence[ir.For], counter: str, context: Context) -> bool:
    """Whether the loops turned inside out compute the same, each stripe for itself, as far as numbers go."""
    between = list(_between(loop.body, leaves))
    if counter in ir.names((loop.target, *between)) or loop.stop is not None:
        return False
    made = bound_in(leaves) | {name for leaf in leaves for name in ir.names(leaf.target)}
    sums = {name for name in made if _is_sum(name, leaves, context)}
    outside = _Between(loop, made, set(sums), context)
    if not outside.allows(between):
        return False
    whole = made | outside.parts
    for leaf in leaves:
        own = ir.names(leaf.target)
        if counter not in own and counter in ir.names(leaf):
            return False
        needed = Liveness(ir.names).block(leaf.body, set()) - own
        if any(name in whole and not (name in sums and _is_sum(name, (leaf,), context)) for name in needed):
            return False  # it reads what another leaf, or an earlier iteration, has left
    return True


def _is_sum(name: str, leaves: Sequence[ir.For], context: Context) -> bool:
    try:
        return sum_of(name, [s for leaf in leaves for s in leaf.body], context).op == "+"
    except Serial:
        return False


@dataclass
class _Between:
    """What stands between leaves. made: what leaves set; parts: of that, and of what is computed from it, the sums of
    which each stripe has a part, so that nothing may be done with them but what can be done to each part; totals: what
    these are added to."""

    loop: ir.For
    made: set[str]
    parts: set[str]
    context: Context
    totals: set[str] = field(default_factory=set)

    def allows(self, stmts: Sequence[ir.Stmt]) -> bool:
        self.totals = {name for stmt in stmts for name in self.total(stmt)}
        return all(map(self.is_the_same, stmts))

    def total(self, stmt: ir.Stmt) -> set[str]:
        """The number that a statement adds something to."""
        match stmt:
            case ir.Augment(ir.Name(name), _, _):
                return {name}
            case ir.Assign(ir.Name(name), ir.Binary(_, ir.Name(first), _)) if name == first:
                return {name}
        return set()

    def is_the_same(self, stmt: ir.Stmt) -> bool:
        """Whether each stripe may do this for itself: it sets a number or a view, begins a sum at zero, or adds its
        part of a sum to something."""
        whole = self.made | self.parts | self.totals
        match stmt:
            case ir.For(target, over, _, None):
                return not ir.names((target, over)) & whole
            case ir.If(test, (ir.Raise(),), ()):
                return not ir.names(test) & whole
            case ir.Augment(target, "+" | "-", value):
                return self.is_part(value) and not (ir.names(target) & (self.made | self.parts))
            case ir.Assign(ir.Name(name), ir.Binary("+" | "-", ir.Name(first), value)) if name == first:
                return self.is_part(value) and name not in self.made | self.parts
            case ir.Assign(ir.Name(name), value) if name in self.made:
                return name in self.parts and isinstance(value, ir.Const) and value.value == 0
            case ir.Assign(ir.Name(name), value) if name not in self.totals and self.is_part(value):
                self.parts.add(name)
                return self.is_set_once(name)
            case ir.Assign(ir.Name(name), value) if name not in whole:
                is_view = bool(alias.shares(value, dict(self.context.types)))  # each stripe would have its own array
                return not ir.names(value) & whole and (is_view or not self.context.is_array(name))
            case ir.Store(ir.Index(ir.Name(name), items), value):
                return not ir.names((items, value)) & whole and self.is_alone(name)
        return False

    def is_part(self, expr: ir.Expr) -> bool:
        """Whether an expression of parts is a part of the same expression of the sums."""
        whole = self.made | self.parts
        match expr:
            case ir.Name(name):
                return name in self.parts
            case ir.Unary("-", inner):
                return self.is_part(inner)
            case ir.Binary("+" | "-", left, right):
                return self.is_part(left) and self.is_part(right)
            case ir.Binary("*", left, right):
                sides = (left, right), (right, left)
                return any(self.is_part(one) and not ir.names(other) & whole for one, other in sides)
            case ir.Binary("/", left, right) | ir.Call(ir.Ref("srcad_runtime.quotients.over"), (left, right)):
                return self.is_part(left) and not ir.names(right) & whole
        return False

    def is_set_once(self, name: str) -> bool:
        targets = [s.target for s in ir.walk(self.loop.body) if isinstance(s, (ir.Assign, ir.For))]
        return sum(name in ir.names(target) for target in targets) == 1

    def is_alone(self, name: str) -> bool:
        """Whether the loop mentions an array once, and no other one that may share its memory."""
        mentions = [n.id for n in ir.walk((self.loop,)) if isinstance(n, ir.Name)]
        group = self.context.memory.group
        others = {n for n in mentions if n != name and self.context.is_array(n)} - self.context.fresh
        return mentions.count(name) == 1 and (name in self.context.fresh or group(name) not in set(map(group, others)))


def _without_heads(body: Sequence[ir.Stmt], leaves: Sequence[ir.For], counter: ir.Name) -> tuple[ir.Stmt, ...]:
    """The body for one value of the leaves' counter; without stores between leaves, which one stripe does."""
    out: list[ir.Stmt] = []
    for stmt in ir.flat(body):
        if isinstance(stmt, ir.For) and any(stmt is leaf for leaf in leaves):
            own = stmt.target
            out += (ir.transform(s, lambda node: counter if node == own else node) for s in stmt.body)  # noqa: B023
        elif isinstance(stmt, ir.For):
            out.append(replace(stmt, body=_without_heads(stmt.body, leaves, counter), pragma=""))
        elif not isinstance(stmt, ir.Store):
            out.append(stmt)
    return tuple(out)


def cut(found: Stripes, leaf: Callable[[ir.For], ir.For], first: ir.Name) -> ir.For:
    """The loop with `leaf` applied to each of its leaves, which gives the loop over a stripe from `first` on."""
    is_first = ir.Compare(("==",), (first, found.free.low))

    def visit(stmt: ir.Stmt) -> tuple[ir.Stmt, ...]:
        if isinstance(stmt, ir.For) and any(stmt is one for one in found.leaves):
            return (leaf(stmt),)
        if isinstance(stmt, (ir.For, ir.Block)):
            return (replace(stmt, body=tuple(s for inner in stmt.body for s in visit(inner))),)
        return (ir.If(is_first, (stmt,)),) if isinstance(stmt, ir.Store) else (stmt,)

    (loop,) = visit(found.loop)
    assert isinstance(loop, ir.For)
    return replace(loop, pragma="")
