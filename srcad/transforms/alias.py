"""alias: what may share memory, settled before anything is differentiated.

Before: a `Program` in Python's semantics, where ``z = y`` and ``y[1:-1]`` are other names of y's memory. After: every
write goes through the variable that owns the memory, so that variables can be treated as values: a name for a view that
is written into (or whose owner is) is replaced by the view itself, and written inputs are copied first. A write through
a name that only may share memory with another variable still in use is refused.

`aliases` is the relation that is left: pairs of variables that may share memory at some time (a later pass that saves
values asks for it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

from srcad import ir, routines, types
from srcad.errors import Unsupported
from srcad.program import Program
from srcad.transforms import activity, overtaken
from srcad.transforms.inline import stored_names
from srcad.transforms.liveness import live_after_writes
from srcad.types import Num, Seq

VIEWS = frozenset(
    "numpy.transpose numpy.matrix_transpose numpy.swapaxes numpy.moveaxis numpy.expand_dims numpy.squeeze numpy.real "
    "numpy.imag numpy.diagonal numpy.atleast_1d numpy.atleast_2d numpy.atleast_3d numpy.asarray numpy.broadcast_to "
    "numpy.flipud numpy.fliplr numpy.flip numpy.rot90 numpy.rollaxis numpy.split numpy.array_split numpy.hsplit "
    "numpy.vsplit numpy.dsplit numpy.unstack numpy.diag numpy.trim_zeros numpy.require "
    "numpy.asfortranarray numpy.asarray_chkfinite numpy.permute_dims numpy.linalg.matrix_transpose "
    "numpy.linalg.diagonal numpy.lib.stride_tricks.sliding_window_view srcad.stop_gradient "
    "srcad.api.stop_gradient".split()
)
# what may give back its argument as it is: unbroadcast, where that has the right shape already
HANDED_ON = frozenset(
    "broadcast_arrays meshgrid piece_of cut uncut unbroadcast fitted within_full part_of_full pad_adjoint tile_adjoint "
    "diff_adjoint".split()
)
SURE = frozenset(
    "numpy.transpose numpy.matrix_transpose numpy.swapaxes numpy.moveaxis numpy.expand_dims numpy.squeeze".split()
)
MAYBE = frozenset(
    "numpy.reshape numpy.ravel numpy.asanyarray numpy.ascontiguousarray numpy.real_if_close numpy.float64 numpy.double "
    "numpy.float32 numpy.single numpy.complex128 numpy.complex64".split()
)
ITSELF = {"numpy.diff": 0, "numpy.linalg.matrix_power": 1}  # for which number they return the argument itself
_OF_THE_SAME_ITEMS = frozenset("builtins.list builtins.sorted builtins.reversed builtins.tuple".split())
WAY_OUT = "Write into each array inside its own branch, select values with np.where, or write into a copy."


def alias(program: Program) -> tuple[Program, dict[str, set[str]]]:
    """The program with its writes settled, and the pairs of variables that may still share memory."""
    from srcad.transforms import views

    stored = stored_names(program.body)
    if stored:
        program = views.substituted(program, touched(program.body, stored, dict(program.types)))
    checker = Checker(program)
    checker.run()
    copies = tuple(
        ir.Assign(ir.Name(i.name), ir.copy_of(ir.Name(i.name), types.rank(program.types[i.name])))
        for i in program.inputs
        if i.name in checker.written_inputs
    )
    checker.write_held(program.flat)
    names = tuple(i.name for i in program.inputs if i.name in checker.written_inputs)
    return replace(program, body=(*copies, *ir.transform(program.body, _settled)), written=names), checker.relation()


def _settled(node: object) -> object:
    return replace(node, in_order=None) if isinstance(node, ir.Store) and node.in_order is not None else node


def relation(program: Program) -> dict[str, set[str]]:
    """Pairs of variables that may share memory at some time."""
    checker = Checker(program, refuse=False)
    checker.run()
    return checker.relation()


# ---- what an expression may share memory with ----


def shares(expr: ir.Expr, known: dict[str, types.Abstract]) -> set[str]:
    """Variables whose memory the value of `expr` may be (part of)."""
    if isinstance(expr, ir.Name):
        return {expr.id} if _has_memory(known.get(expr.id)) else set()
    if isinstance(expr, ir.Index):
        kind = types.infer(expr, known, [])
        if isinstance(kind, Num) and kind.dims == ():
            return set()
        return shares(expr.base, known) if not is_selection(expr, known) else set()
    called = routines.of(expr)
    if called is not None:
        from srcad import recursion

        return set().union(*(shares(a, known) for a in called[2])) if recursion.hands_on(called[0]) else set()
    if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref):
        if expr.fn.path in VIEWS | MAYBE and expr.args:
            return shares(expr.args[0], known)
        if expr.fn.path in _OF_THE_SAME_ITEMS and _of_numbers(expr.args[0], known):
            return set()
        if expr.fn.path in _OF_THE_SAME_ITEMS or may_hand_on(expr):
            return set().union(*(shares(a, known) for a in expr.args))
        return set()
    if isinstance(expr, (ir.List, ir.Tuple)):
        return set().union(*(shares(item, known) for item in expr.items))
    if isinstance(expr, ir.Binary) and expr.op in ("+", "*") and isinstance(types.infer(expr, known, []), Seq):
        return shares(expr.left, known) | shares(expr.right, known)
    if isinstance(expr, ir.IfExp):
        return shares(expr.body, known) | shares(expr.orelse, known)
    return set()


def may_hand_on(expr: ir.Call) -> bool:
    """Whether a library function may return (part of) an argument: one that nothing is known of."""
    assert isinstance(expr.fn, ir.Ref)
    name = expr.fn.path.rpartition(".")[2]
    if expr.fn.path == "numpy.einsum" and len(expr.args) == 2:
        return _sums_nothing(expr.args[0])  # a diagonal or a transpose
    if expr.fn.path in ITSELF:
        return _may_be(ITSELF[expr.fn.path], expr)  # of more arguments, only the first has memory
    if "stride_tricks" in expr.fn.path or name in HANDED_ON:
        return True
    if expr.fn.path.startswith("user:"):
        return True  # a rule says nothing of memory
    return expr.fn.path.startswith(("numpy.", "scipy.")) and activity.find_rule(expr) is None


def _sums_nothing(subscripts: ir.Expr) -> bool:
    """Whether ``np.einsum("ii->i", a)`` may be a view; subscripts that are not known may be any."""
    if not isinstance(subscripts, ir.Const) or not isinstance(subscripts.value, str):
        return True
    given, arrow, kept = subscripts.value.replace(" ", "").partition("->")
    return set(given) == set(kept) if arrow else len(set(given)) == len(given)


def _may_be(number: int, expr: ir.Call) -> bool:
    """Whether the last argument may be `number`, for which a function returns its first argument itself."""
    given = [*expr.args[1:2], *(v for name, v in expr.kwargs if name == "n")]
    return bool(given) and (not isinstance(given[0], ir.Const) or given[0].value == number)


def _of_numbers(expr: ir.Expr, known: dict[str, types.Abstract]) -> bool:
    """Whether a list holds numbers, which have no memory to share."""
    kind = types.infer(expr, known, [])
    return isinstance(kind, Seq) and types.is_scalar(kind.element)


def same_list(expr: ir.Expr) -> set[str]:
    """The lists that the value of `expr` may be: another name of one, not another list of the same arrays."""
    if isinstance(expr, ir.Name):
        return {expr.id}
    if isinstance(expr, ir.IfExp):
        return same_list(expr.body) | same_list(expr.orelse)
    called = routines.of(expr)
    return set().union(*map(same_list, called[2])) if called is not None else set()


def _has_memory(kind: types.Abstract | None) -> bool:
    return not (isinstance(kind, Num) and kind.dims == ())


def _owns_items(name: str, known: dict[str, types.Abstract]) -> bool:
    kind = known.get(name)
    return isinstance(kind, Seq) and kind.own


def is_list(expr: ir.Expr, known: dict[str, types.Abstract]) -> bool:
    return isinstance(expr, ir.Name) and isinstance(known.get(expr.id), Seq)


def is_selection(expr: ir.Index, known: dict[str, types.Abstract]) -> bool:
    """Whether an index holds an array, so that reading makes a copy."""
    for item in expr.items:
        if isinstance(item, (ir.List, ir.Tuple)) or isinstance(item, ir.Const) and isinstance(item.value, bool):
            return True
        if not isinstance(item, (ir.Slice, ir.Const)):
            kind = types.infer(item, known, [])
            if not isinstance(kind, Num) or kind.dims != () or kind.dtype == "bool":
                return True
    return False


def sure_view(expr: ir.Expr, known: dict[str, types.Abstract], steady: Set[str] = frozenset()) -> bool:
    """Whether `expr` is certainly a view of one variable, whatever the layout: it can stand wherever its name stood.

    steady: variables that lie in one piece (see `steady_layouts`).
    """
    if isinstance(expr, ir.Name):
        return True
    if isinstance(expr, ir.Index):
        return not is_selection(expr, known) and not is_list(expr.base, known) and sure_view(expr.base, known, steady)
    if isinstance(expr, ir.Call) and expr.fn in (ir.Ref("numpy.reshape"), ir.Ref("numpy.ravel")):
        return isinstance(expr.args[0], ir.Name) and expr.args[0].id in steady
    if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref) and expr.fn.path in SURE:
        return sure_view(expr.args[0], known, steady)
    return False


def touched(body: Sequence[ir.Stmt], stored: set[str], known: dict[str, types.Abstract]) -> set[str]:
    """Variables connected by aliasing to one that is written into."""
    near: dict[str, set[str]] = {}
    for stmt in ir.walk(tuple(body)):
        for target, value in assignments(stmt):
            for name in shares(value, known):
                near.setdefault(name, set()).add(target)
                near.setdefault(target, set()).add(name)
    found, todo = set(stored), list(stored)
    while todo:
        for name in near.get(todo.pop(), ()):
            if name not in found:
                found.add(name)
                todo.append(name)
    return found


def assignments(stmt: object) -> list[tuple[str, ir.Expr]]:
    """(variable, expression) of an assignment, a parallel one taken apart; a list takes what is appended."""
    if isinstance(stmt, ir.Push):
        return [(stmt.stack, stmt.value)]
    if isinstance(stmt, ir.Pop) and isinstance(stmt.target, ir.Name):
        return [(stmt.target.id, ir.Name(stmt.stack))]
    if not isinstance(stmt, ir.Assign):
        return []
    if isinstance(stmt.target, ir.Name):
        return [(stmt.target.id, stmt.value)]
    if isinstance(stmt.target, ir.Tuple) and isinstance(stmt.value, ir.Tuple):
        pairs = zip(stmt.target.items, stmt.value.items, strict=True)
        return [(t.id, v) for t, v in pairs if isinstance(t, ir.Name)]
    return []


# ---- writes are checked ----


class Checker:
    """May-alias pairs at every place, by following the program; a write that could change another live variable is
    refused.

    A list that makes a pair with itself has items that may share memory with one another; ``=a`` and ``=b`` are a pair
    where a and b may be one list, and not only lists that hold the same arrays.
    """

    def __init__(self, program: Program, refuse: bool = True) -> None:
        self.program, self.known = program, dict(program.types)
        self.pairs: set[frozenset[str]] = set()
        self.written_inputs: set[str] = set()
        self.ever: set[frozenset[str]] = set()
        self.refuse = refuse
        self.place: ir.Loc | None = None  # of the statement with a place that was seen last
        self.live_after = live_after_writes(program) if refuse else {}
        self.steady = steady_layouts(program)

    def run(self) -> None:
        self.pairs = {frozenset((i.name, "#" + i.name)) for i in self.program.inputs if _has_memory(self.known[i.name])}
        self.block(self.program.body)

    def relation(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for pair in self.ever:
            a, b = min(pair), max(pair)
            if a != b and not a.startswith(("#", "=")):
                found.setdefault(a, set()).add(b)
                found.setdefault(b, set()).add(a)
        return found

    def block(self, body: Iterable[ir.Stmt]) -> None:
        for stmt in body:
            self.statement(stmt)
            self.ever |= self.pairs

    def statement(self, stmt: ir.Stmt) -> None:
        self.place = stmt.loc or self.place
        called = routines.called(stmt)
        if called is not None:
            self.routine_writes(stmt, *called)
        if isinstance(stmt, ir.Assign):
            self.assign(stmt)
        elif isinstance(stmt, (ir.Store, ir.Augment)):
            if isinstance(stmt.target, ir.Name):
                self.rebind({stmt.target.id: set(), "=" + stmt.target.id: set()})
            else:
                self.refuse_overtaken(stmt)
                self.write(activity.root(stmt.target), stmt)
        elif isinstance(stmt, ir.Do) and isinstance(stmt.value, ir.Call) and stmt.value.fn in activity.ADDING:
            self.write(activity.root(stmt.value.args[0]), stmt)
        elif isinstance(stmt, ir.If):
            before = set(self.pairs)
            self.block(stmt.body)
            after, self.pairs = self.pairs, before
            self.block(stmt.orelse)
            self.pairs |= after
        elif isinstance(stmt, (ir.For, ir.While)):
            while True:
                before = set(self.pairs)
                self.block(stmt.body)
                self.pairs |= before
                if self.pairs == before:
                    break
        elif isinstance(stmt, (ir.With, ir.Block)):
            self.block(stmt.body)
        elif isinstance(stmt, ir.Push):
            self.grow(stmt)
            self.push(stmt)
        elif isinstance(stmt, ir.Pop) and isinstance(stmt.target, ir.Name):
            self.grow(stmt)
            shared = _has_memory(self.known.get(stmt.target.id)) and not _owns_items(stmt.stack, self.known)
            self.rebind({stmt.target.id: {stmt.stack} if shared else set()})
        elif isinstance(stmt, ir.Pop) and stmt.target is not None:
            self.write(activity.root(stmt.target), stmt)

    def push(self, stmt: ir.Push) -> None:
        """A new item of a list; one of memory that an item has already makes a pair of the list with itself."""
        for name in shares(stmt.value, self.known):
            for other in {name} | self.near(name):
                pair = frozenset((stmt.stack, other))
                if pair in self.pairs:
                    self.pairs.add(frozenset((stmt.stack,)))
                self.pairs.add(pair)

    def entangled(self, value: ir.Expr) -> bool:
        """Whether a list's items may share memory with one another."""
        if isinstance(value, ir.Name):
            return frozenset((value.id,)) in self.pairs
        if isinstance(value, ir.Index):
            return self.entangled(value.base)
        if isinstance(value, ir.List):
            return self.overlapping(value.items)
        if isinstance(value, ir.IfExp):
            return self.entangled(value.body) or self.entangled(value.orelse)
        if isinstance(value, ir.Binary):
            return value.op == "*" or self.overlapping((value.left, value.right))
        if isinstance(value, ir.Call) and isinstance(value.fn, ir.Ref) and value.fn.path in _OF_THE_SAME_ITEMS:
            return any(map(self.entangled, value.args))
        return bool(shares(value, self.known))

    def overlapping(self, parts: Sequence[ir.Expr]) -> bool:
        """Whether two of several values may share memory, or two items of one of them."""
        seen: set[str] = set()
        for part in parts:
            reached = set().union(*({name} | self.near(name) for name in shares(part, self.known)))
            if seen & reached or self._is_list(part) and self.entangled(part):
                return True
            seen |= reached
        return False

    def _is_list(self, value: ir.Expr) -> bool:
        kind = types.infer(value, self.known, [])
        return isinstance(value, ir.List) or isinstance(kind, Seq) and not types.is_scalar(kind.element)

    def routine_writes(self, stmt: ir.Stmt, routine: routines.Routine, phase: str, args: tuple[ir.Expr, ...]) -> None:
        """A function that writes into an argument must not be given the same memory twice."""
        roots = [activity.root(a) if _has_memory(types.infer(a, self.known, [])) else "" for a in args]
        for k in sorted(routine.written):
            self.write(roots[k], stmt)
            others = {r for j, r in enumerate(roots) if j != k and r}
            if others & ({roots[k]} | self.near(roots[k])):
                reason = "cannot differentiate a call with overlapping arguments one of which it writes into"
                raise Unsupported(reason, self.place, "Pass a copy.")

    def assign(self, stmt: ir.Assign) -> None:
        if isinstance(stmt.target, ir.Name):
            self.bind([(stmt.target.id, stmt.value)])
        elif isinstance(stmt.target, ir.Tuple):
            names = [t.id for t in stmt.target.items if isinstance(t, ir.Name)]
            values = stmt.value.items if isinstance(stmt.value, ir.Tuple) else [stmt.value] * len(names)
            self.bind(list(zip(names, values, strict=True)))

    def bind(self, new: list[tuple[str, ir.Expr]]) -> None:
        """Names get values, all at once."""
        lists = [(name, value) for name, value in new if self._is_list(value)]
        entangled = {frozenset((name,)) for name, value in lists if self.entangled(value)}
        sources = {name: shares(value, self.known) for name, value in new}
        same = {"=" + name: {"=" + source for source in same_list(value)} for name, value in new}
        self.rebind({**sources, **same})
        self.pairs |= entangled

    def near(self, name: str) -> set[str]:
        return {n for pair in self.pairs if name in pair for n in pair if n != name}

    def rebind(self, new: dict[str, set[str]]) -> None:
        """All names at once get new values, which share memory with what their sources did before."""
        old = self.pairs
        kept = {pair for pair in old if not (pair & set(new))}
        for name, sources in new.items():
            for other in {n for s in sources for n in {s} | self.near(s)}:
                if other not in new and other != name:
                    kept.add(frozenset((name, other)))
            for twin, theirs in new.items():
                if twin != name and any(a == b or frozenset((a, b)) in old for a in sources for b in theirs):
                    kept.add(frozenset((name, twin)))
        self.pairs = kept

    def write(self, name: str, stmt: ir.Stmt) -> None:
        self.refuse_uncertain(stmt)
        live = self.live_after.get(id(stmt), set())
        if frozenset((name,)) in self.pairs and name in live:
            own = _called(name, stmt).replace("another array", "a list")
            reason = f"cannot differentiate a write into an item of {own}, which other items may share"
            raise Unsupported(reason, _place(stmt), "Give the list copies: x.copy().")
        for other in sorted(self.near(name)):
            if other.startswith("#"):
                self.write_input(other[1:], stmt)
            elif other in live:
                reason = (
                    f"cannot differentiate a write that may also change {_called(other, stmt)}, which is read later"
                )
                raise Unsupported(reason, _place(stmt), WAY_OUT)

    def refuse_overtaken(self, stmt: ir.Store | ir.Augment) -> None:
        """A copy within one array, of which NumPy might read elements that it has already written."""
        if not self.refuse or not isinstance(stmt, ir.Store) or not isinstance(stmt.target, ir.Index):
            return
        root = activity.root(stmt.target)
        read = stmt.value if stmt.in_order is None else stmt.in_order
        overlap = shares(read, self.known) & {root, *self.near(root)}
        if overlap and (stmt.in_order is not None or overtaken.may_be(stmt.target, read, self.known)):
            raise Unsupported(overtaken.REASON, _place(stmt), overtaken.WAY_OUT)

    def grow(self, stmt: ir.Push | ir.Pop) -> None:
        """A list that has two names would have two lists of adjoints (`copies` has left those that need two)."""
        own = self.known.get(stmt.stack)
        others = () if isinstance(own, Seq) and own.stack else sorted(self.near("=" + stmt.stack))
        for other in (other.removeprefix("=") for other in others):
            if isinstance(self.known.get(other), Seq):
                reason = f"cannot differentiate a change of a list that is also {_called(other, stmt)}"
                raise Unsupported(reason, stmt.loc, "Give the list one name, or change a copy.")

    def refuse_uncertain(self, stmt: ir.Stmt) -> None:
        """A write through what is a view for some layouts of an array, and a copy for others."""
        target = stmt.value.args[0] if isinstance(stmt, ir.Do) and isinstance(stmt.value, ir.Call) else stmt.target  # type: ignore[union-attr]
        while isinstance(target, (ir.Index, ir.Attr, ir.Call)):
            if isinstance(target, ir.Call):
                assert isinstance(target.fn, ir.Ref)
                word = target.fn.path.rpartition(".")[2]
                kind = types.infer(target.args[0], self.known, [])
                if target.fn.path in MAYBE and activity.root(target) not in self.steady:
                    reason = f"cannot differentiate a write through {word}, which may be a view or a copy"
                    raise Unsupported(reason, _place(stmt), "Write into the array itself, or into a copy and use that.")
                if word in ("real", "imag") and types.is_complex(kind):
                    reason = f"cannot differentiate a write into the {word} part of an array"
                    raise Unsupported(reason, _place(stmt), "Build the complex array from both parts.")
                target = target.args[0]
            else:
                target = target.base

    def write_held(self, flat: Mapping[str, str]) -> None:
        """Writes into what stands for an input are writes into that."""
        for stmt in ir.walk(self.program.body):
            if isinstance(stmt, (ir.Store, ir.Augment)) and activity.root(stmt.target) in flat:
                self.write_input(flat[activity.root(stmt.target)], stmt)

    def write_input(self, name: str, stmt: ir.Stmt) -> None:
        """A write that reaches an argument's memory works on a copy; captured arrays outlive the call."""
        origin = next(i for i in self.program.inputs if i.name == name)
        what = outliving(origin.origin, origin.path)
        if origin.path[0] in self.program.lasting and origin.origin == "param":
            what = f"the default value of {origin.path[0]}"
        if what:
            raise Unsupported(
                f"cannot differentiate an in-place write to {what}, which outlives the call", _place(stmt), COPY_FIRST
            )
        self.written_inputs.add(name)


COPY_FIRST = "Make the array an argument or copy it first, and return what it becomes."


def outliving(origin: str, path: tuple[object, ...], kind: str = "array") -> str:
    """What an input is called that is there after the call, too; "" for an argument."""
    if origin == "param":
        return ""
    first, *rest = (str(part).rpartition(":")[2].partition("#")[0] if isinstance(part, str) else part for part in path)
    if origin == "global" or not rest or not isinstance(rest[0], str):
        spelt = str(first) + "".join(f"[{part!r}]" for part in rest)
        return f"the {'global' if origin == 'global' else 'captured'} {kind} {spelt}"
    return f"the attribute {kind} {first}.{rest[0]}" + "".join(f"[{part!r}]" for part in rest[1:])


def _place(stmt: ir.Stmt) -> ir.Loc | None:
    target = getattr(stmt, "target", None)
    return (target.loc if target is not None else None) or stmt.loc


def _called(name: str, stmt: ir.Stmt) -> str:
    """A variable's name where the program has it, too."""
    text = stmt.loc.source.text if stmt.loc is not None else name
    return name if re.search(rf"\b{re.escape(name)}\b", text) else "another array"


def steady_layouts(program: Program) -> set[str]:
    """Variables of one axis that hold new arrays only, which lie in one piece: to reshape them makes a view.

    (So would it for new arrays of more axes made by np.zeros, but not for their adjoints.)
    """
    values: dict[str, list[ir.Expr]] = {}
    for stmt in ir.walk(program.body):
        for name, value in assignments(stmt):
            values.setdefault(name, []).append(value)
    inputs = {i.name for i in program.inputs}
    one_axis = {n for n in values if types.rank(program.types.get(n, types.UNKNOWN)) == 1} - inputs
    return {n for n in one_axis if not any(shares(value, dict(program.types)) for value in values[n])}
