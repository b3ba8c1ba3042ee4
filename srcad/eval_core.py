"""The partial evaluator: runs a program on abstract values and writes down what is left to do at run time.

It inlines user functions, folds tests on structure, unrolls loops over containers and splits containers into
variables, so that the program left (core IR) is first-order and holds only numbers, arrays and run-time lists.
Statements are here; expressions in `eval_exprs`, calls in `eval_calls`, merging of control flow in `eval_merge`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from srcad import ir, leaves, rules, types
from srcad.dims import Dim
from srcad.errors import PYTHON_ERRORS, Unsupported, placed
from srcad.naming import Names
from srcad.shapes import Assumption
from srcad.types import Num, Seq, Static, Struct
from srcad.values import Box, Conflict, Dyn, Known, Maybe, Ptr, State, Value

MAX_UNROLL = 4096  # statements' worth of unrolled loop iterations
MAX_DEPTH = 40  # nested inlined calls
_RULES = os.path.dirname(rules.__file__)


class Restart(Exception):
    """A decision found too late: evaluate again with `decision` known from the start.

    refusal: what made it necessary, to be shown if the decision does not help.
    """

    def __init__(self, decision: tuple[Any, ...], refusal: Unsupported | None = None) -> None:
        super().__init__(decision)
        self.decision, self.refusal = decision, refusal


class Unfinished(Exception):
    """A recursive call of which nothing is known yet: the path that it stands on is left out of this round."""


class NothingYet(Unfinished):
    """An item of a list that nothing was put into so far: this round is one in which the path is not taken."""


@dataclass
class Context:
    """What one run of the evaluator accumulates."""

    names: Names
    types: dict[str, types.Abstract] = field(default_factory=dict)
    slots: dict[tuple[Any, ...], str] = field(default_factory=dict)
    slot_keys: dict[str, tuple[Any, ...]] = field(default_factory=dict)  # the other way around
    counters: set[str] = field(default_factory=set)  # those that loops over a range count in
    decisions: frozenset[tuple[Any, ...]] = frozenset()
    inputs: list[Any] = field(default_factory=list)
    baked: dict[tuple[str, tuple[Any, ...]], Any] = field(default_factory=dict)
    used_baked: dict[tuple[str, tuple[Any, ...]], Any] = field(default_factory=dict)
    wrt: tuple[str, ...] = ()  # the parameters asked for
    extents: Mapping[str, int] = field(default_factory=dict)  # of the arguments in the call at hand, by their symbols
    assumptions: list[Assumption] = field(default_factory=list)
    boxes: int = 0
    trips: dict[Any, int | None] = field(default_factory=dict)  # how often each loop runs, where that is a constant
    made_by: dict[str, Any] = field(default_factory=dict)  # variable of a list -> the comprehension that made it
    parents: dict[str, str | None] = field(default_factory=dict)  # frame -> enclosing frame of a nested function
    nonlocals: dict[str, set[str]] = field(default_factory=dict)
    bound: dict[str, set[str]] = field(default_factory=dict)  # frame -> names that are local to its function
    updates: dict[tuple[str, tuple[Any, ...]], str] = field(default_factory=dict)  # attribute -> its key in #objects
    writes: bool = False  # whether anything is written into an array
    other_writes: bool = False  # or into one that a cache may keep
    from_caches: set[str] = field(default_factory=set)  # variables that may be (part of) what a cache keeps
    inner_writes: bool = False  # or is in a function below functools.lru_cache
    within_caches: int = 0  # how many of these are being inlined
    cached_arrays: bool = False  # whether one of them returns an array
    cached_reads: bool = False  # or reads one of the function around it
    empty: set[str] = field(default_factory=set)  # lists that were read before anything was put into them
    left_out: set[str] = field(default_factory=set)  # those of them that a path left out reads items of
    zero_d: set[str] = field(default_factory=set)  # variables that may hold an array without axes, not a number
    attribute_slots: set[str] = field(default_factory=set)  # variables of rebound attributes
    whole_reads: set[int] = field(default_factory=set)  # ids of live objects whose __dict__ was read
    copied_at_once: list[tuple[tuple[ir.Expr, ...], ir.Loc | None]] = field(default_factory=list)  # by a deep copy
    second_names: set[str] = field(default_factory=set)  # arrays that have, or had, a variable besides this one
    set_aside: set[str] = field(default_factory=set)  # variables for what others held when they got a new value
    originals: dict[str, Value] = field(default_factory=dict)  # what a rebound attribute was before the call
    targets: dict[int, Any] = field(default_factory=dict)  # id of a live function -> its Target
    functions: dict[int, ir.Function] = field(default_factory=dict)  # id of a Target or nested function -> desugared
    alive: list[Any] = field(default_factory=list)  # keeps those ids valid
    defining: dict[Any, Any] = field(default_factory=dict)  # functions that stay functions, while they are evaluated
    defined: dict[Any, Any] = field(default_factory=dict)  # and those that other calls may share


class Evaluator:
    """One program being evaluated; `out` collects the statements left of the block at hand."""

    def __init__(self, context: Context) -> None:
        self.cx = context
        self.state = State()
        self.out: list[ir.Stmt] = []
        self.frame = ""
        self.stack: list[tuple[Any, ...]] = []  # what is being inlined: (function key, location)
        self.receivers: list[Any] = []  # the loops that take from the generators being run, innermost last
        self.pending: list[list[Value]] = []  # values of operands whose expression is still being evaluated
        self.renewed: tuple[Any, tuple[str, str]] = (None, ("", ""))  # a list literal, and whose new value it is
        self.scope: Any = None
        self.function: Any = None  # what is being inlined; its scope knows the class that a method stands in
        self.root: Any = None  # the Target whose family names captured values
        self.uses: dict[str, int] = {}  # with by_name: how often the function at hand reads each variable
        self.unfinished: Unfinished = Unfinished()  # why the last branch that does not come to its end does not
        self.tried: State | None = None  # what was there before the statements of the innermost try being looked at
        self.by_name = False  # bind arguments as expressions: for derivative rules, whose arguments are cheap to repeat

    # ---- variables ----

    @property
    def env(self) -> dict[str, Value]:
        return self.state.frames[self.frame]

    def lookup(self, name: str, loc: ir.Loc | None) -> Value:
        frame: str | None = self.frame
        while frame is not None:
            value = self.state.frames[frame].get(name)
            if value is not None:
                if isinstance(value, Conflict) and value.decision is not None:
                    raise Restart(value.decision)
                if isinstance(value, Conflict):
                    raise Unsupported(
                        f"cannot differentiate {_shown(name, loc)}, which {value.reason}",
                        loc,
                        "Give it one kind of value on every path.",
                    )
                return value
            frame = None if name in self.cx.bound.get(frame, ()) else self.cx.parents.get(frame)
        raise Unsupported(
            f"cannot differentiate {name}, which is used before it has a value",
            loc,
            "Assign it before the branch or loop.",
        )

    def slot(self, name: str, type_: types.Abstract, frame: str | None = None) -> str:
        """The residual variable for the Python variable `name` holding a value of this type."""
        frame = self.frame if frame is None else frame
        kind: Any = "merged" if ("merge", frame, name) in self.cx.decisions else shape_class(type_)
        key = (frame, name, kind)
        if key not in self.cx.slots:
            own = self.cx.slots[key] = self.cx.names.fresh(name.partition("#")[0] or name[1:].rstrip("0123456789"))
            self.cx.slot_keys[own] = key
        return self.cx.slots[key]

    def same_again(self, slot: str) -> Any:
        """What a variable is in another evaluation, too, in which it may have another name."""
        return self.cx.slot_keys.get(slot, slot)

    def own_slot(self, name: str, type_: types.Abstract) -> str | None:
        """`name`, if it is a container's own variable for such values: it serves in every round of a loop."""
        kinds = (shape_class(type_), "merged")
        own = any(s == name and k[0] == "#box" and k[-1] in kinds for k, s in self.cx.slots.items())
        return name if own else None

    def note_type(self, name: str, type_: types.Abstract) -> None:
        old = self.cx.types.get(name)
        if name in self.cx.counters and types.is_float(type_):
            raise Restart(
                ("no counter", self.same_again(name))
            )  # the loop has one of its own, and sets this one from it
        if isinstance(type_, types.Seq):
            from srcad import eval_lists

            type_ = eval_lists.decided(self, name) if type_ == eval_lists.UNDECIDED else type_
        self.cx.types[name] = type_ if old is None else merge_types(old, type_)

    def temp(self, base: str, value: Dyn, loc: ir.Loc | None) -> Dyn:
        """Give `value` a name of its own, now."""
        name = self.temp_slot(base, loc)
        self.note_type(name, value.type)
        self.put([(name, value.expr)], loc)
        return Dyn(ir.Name(name), value.type, value.const)

    def temp_slot(self, base: str, loc: ir.Loc | None) -> str:
        """A variable of the program left for something without a name, the same in every round of a loop."""
        key = (self.frame, base, "temp", place(loc), self.temp_count(base, loc))
        if key not in self.cx.slots:
            self.cx.slots[key] = self.cx.names.fresh(base)
        return self.cx.slots[key]

    def temp_count(self, base: str, loc: ir.Loc | None) -> int:
        """How many temporaries of this name and place the current straight line already made."""
        counts = self.state.frames.setdefault("#temps", {})
        key = f"{self.frame}|{base}|{place(loc)}"
        n = counts.get(key, 0)
        counts[key] = n + 1  # type: ignore[assignment,operator]
        return n  # type: ignore[return-value]

    def emit(self, stmt: ir.Stmt) -> None:
        self.out.append(stmt)

    def bind(self, name: str, value: Value, loc: ir.Loc | None, frame: str | None = None) -> None:
        """``name = value`` in a frame."""
        from srcad import eval_order

        frame = self.owner(name) if frame is None else frame
        if isinstance(value, Dyn):
            value = self.bind_number(name, value, loc, frame)
        elif isinstance(value, Ptr):
            self.bind_container(name, value, loc, frame)
        elif isinstance(value, Maybe):
            value = self.bind_optional(name, value, loc, frame)
        else:
            value = eval_order.settle(self, value, loc)
        self.state.frames[frame][name] = value

    def owner(self, name: str) -> str:
        """The frame that an assignment to `name` goes to: after ``nonlocal name``, the nearest one that binds it."""
        frame = self.frame
        if name in self.cx.nonlocals.get(frame, ()):
            frame = self.cx.parents[frame] or ""
            while self.cx.parents.get(frame) is not None and name not in self.cx.bound[frame]:
                frame = self.cx.parents[frame] or ""
        return frame

    def enclose(self, frame: str, function: ir.Function, parent: str | None) -> None:
        """A frame for a call of `function`, whose text stands in that of `parent`."""
        from srcad.eval_loops import own_names

        self.cx.parents[frame], self.cx.bound[frame] = parent, own_names(function)

    def bind_number(self, name: str, value: Dyn, loc: ir.Loc | None, frame: str) -> Dyn:
        from srcad import eval_lists, eval_order

        if self.by_name and self.uses.get(name, 2) < 2:
            return value
        if isinstance(value.type, Seq) and isinstance(value.expr, ir.Name):
            return value  # two names of one list
        target = self.slot(name, value.type, frame)
        if ("float list", self.same_again(target)) in self.cx.decisions:
            value = eval_lists.widened(value)
        self.note_type(target, value.type)
        eval_order.note_names(self, target, value)
        self.put([(target, value.expr)], loc, {(frame, name)})
        const = value.const or (value.expr if isinstance(value.expr, ir.Const) else None)
        return Dyn(ir.Name(target), value.type, const)

    def bind_optional(self, name: str, value: Maybe, loc: ir.Loc | None, frame: str) -> Maybe:
        """The number, and whether it is None, each in a variable."""
        parts = ((f"{name}_is_none", value.absent), (name, value.value))
        slots = [(self.slot(n, part.type, frame), part) for n, part in parts]
        for slot, part in slots:
            self.note_type(slot, part.type)
        self.put([(slot, part.expr) for slot, part in slots], loc, {(frame, name)})
        return Maybe(*(Dyn(ir.Name(slot), part.type) for slot, part in slots))

    def bind_container(self, name: str, value: Ptr, loc: ir.Loc | None, frame: str) -> None:
        """Give every number of a new container a variable: ``state = (x, v)`` is ``state_0 = x; state_1 = v``."""
        if self.by_name:
            return
        pairs: list[tuple[str, ir.Expr]] = []
        boxes: dict[int, Box] = {}
        inner = self._bind_leaves(name, value, frame, pairs, boxes, loc)
        self.put(pairs, loc, {(frame, name)}, inner)
        self.state.heap.update(boxes)

    def _bind_leaves(
        self,
        name: str,
        value: Ptr,
        frame: str,
        pairs: list[tuple[str, ir.Expr]],
        boxes: dict[int, Box],
        loc: ir.Loc | None,
    ) -> list[Ptr]:
        """Collect the assignments and the boxes as they are afterwards; gives the containers that have variables."""
        from srcad import eval_order

        box = self.state.heap[value.id]
        if box.bound or value.id in boxes:
            return [value]
        boxes[value.id] = box
        inner: list[Ptr] = []
        items: list[Value] = []
        for key, item in zip(box.keys, box.items, strict=True):
            leaf = types.leaf_name(name, key)
            if isinstance(item, Dyn) and not isinstance(item.expr, ir.Const):
                target = self._leaf_slot(leaf, item.type, frame, pairs)
                self.note_type(target, item.type)
                pairs.append((target, item.expr))
                item = Dyn(ir.Name(target), item.type, item.const)
            elif isinstance(item, Ptr):
                inner += self._bind_leaves(leaf, item, frame, pairs, boxes, loc)
            items.append(eval_order.settle(self, item, loc))
        boxes[value.id] = replace(box, items=tuple(items), bound=True)
        return inner

    def _leaf_slot(self, leaf: str, type_: types.Abstract, frame: str, pairs: Sequence[tuple[str, ir.Expr]]) -> str:
        """A variable for an item; others of the container may have the same name: ``q["n_"]``, ``q["n"]``."""
        taken = {target for target, _ in pairs}
        target, k = self.slot(leaf, type_, frame), 1
        while target in taken:
            target, k = self.slot(f"{leaf}#{k}", type_, frame), k + 1
        return target

    def put(
        self,
        pairs: Sequence[tuple[str, ir.Expr]],
        loc: ir.Loc | None,
        owners: Collection[tuple[str, str]] = (),
        also: Sequence[Value] = (),
    ) -> None:
        """Assign all at once in effect, after moving what else is held in the targets.

        owners: (frame, name) of the Python variables assigned. also: values not in the state yet.
        """
        from srcad import eval_order

        pairs = [(t, e) for t, e in dict(pairs).items() if e != ir.Name(t)]  # ``a, a = b, c``: the last one stays
        eval_order.release(self, [t for t, _ in pairs], loc, owners, also)
        for target, expr in pairs:
            eval_order.note_no_axes(self, target, expr)
        self.assign_parallel(pairs, loc)

    def assign_parallel(self, pairs: Sequence[tuple[str, ir.Expr]], loc: ir.Loc | None) -> None:
        """Assign all at once in effect: in order where no target is read later, as a tuple otherwise."""
        pairs = [(t, e) for t, e in pairs if e != ir.Name(t)]
        clash = any(pairs[i][0] in ir.names(e) for i in range(len(pairs)) for _, e in pairs[i + 1 :])
        if clash:
            targets = ir.Tuple(tuple(ir.Name(t) for t, _ in pairs))
            self.emit(ir.Assign(targets, ir.Tuple(tuple(e for _, e in pairs)), loc=loc))
        for target, expr in pairs:
            if self.cx.within_caches or ir.names(expr) & self.cx.from_caches and not isinstance(expr, ir.Binary):
                self.cx.from_caches.add(target)
        for target, expr in [] if clash else pairs:
            self.emit(ir.Assign(ir.Name(target), expr, loc=loc))

    def box(self, kind: str, keys: Sequence[Any], items: Sequence[Value], **more: Any) -> Ptr:
        self.cx.boxes += 1
        self.state.heap[self.cx.boxes] = Box(kind, tuple(keys), tuple(items), **more)
        return Ptr(self.cx.boxes)

    def tuple_of(self, items: Sequence[Value], kind: str = "tuple", **more: Any) -> Ptr:
        return self.box(kind, range(len(items)), items, **more)

    # ---- inputs ----

    def input(self, abstract: types.Abstract, name: str, origin: str, path: tuple[Any, ...]) -> Value:
        """The value of a parameter or captured variable: its numbers become arguments of the kernel."""
        if isinstance(abstract, Static) and leaves.is_generator(abstract.value):
            return self._input_generator(abstract, name, origin, path)
        if isinstance(abstract, Static):
            return Known(abstract.value, place=(origin, path))
        if isinstance(abstract, Struct):
            items = [
                self.input(item, types.leaf_name(name, key), origin, (*path, key))
                for key, item in zip(abstract.keys, abstract.items, strict=True)
            ]
            return self.box(abstract.kind, abstract.keys, items, cls=abstract.cls, bound=True, site=(origin, path))
        return self._input_leaf(abstract, name, origin, path)

    def _input_generator(self, abstract: Static, name: str, origin: str, path: tuple[Any, ...]) -> Value:
        """A random generator: the kernel draws from it as the function itself would."""
        from srcad.pipeline import Input

        key = ("#" + origin, path, "generator")
        if key not in self.cx.slots:
            self.cx.slots[key] = self.cx.names.fresh(name)
            self.cx.inputs.append(Input(origin, path, self.cx.slots[key]))
        self.cx.types[self.cx.slots[key]] = abstract
        return Known(abstract.value, ir.Name(self.cx.slots[key]))

    def _input_leaf(self, abstract: Num | Seq, name: str, origin: str, path: tuple[Any, ...]) -> Value:
        from srcad.pipeline import Input

        if (origin, path) in self.cx.baked:
            value = self.cx.baked[origin, path]
            self.cx.used_baked[origin, path] = value
            const = ir.Const(value)
            kind = types.infer(const, {})
            return Dyn(const, kind, const) if isinstance(kind, Num) else Known(value)  # None, a text
        abstract = self._sized(abstract, origin, path)
        own = ("#" + origin, path, "input")
        key = ("", name, shape_class(abstract)) if origin == "param" and own not in self.cx.slots else own
        if key in self.cx.slots and self._is_of_another(self.cx.slots[key], origin, path):
            key = own  # params["w"] and an argument params_w have one name
        if key not in self.cx.slots:
            self.cx.slots[key] = self.cx.names.fresh(name)
            self.cx.inputs.append(Input(origin, path, self.cx.slots[key]))
        slot = self.cx.slots[key]
        abstract = types.renamed(abstract, name, slot)
        if isinstance(abstract, Num) and abstract.array:
            abstract = replace(abstract, array=False)
            self.cx.zero_d.add(slot)
        self.note_type(slot, abstract)
        return Dyn(ir.Name(slot), abstract)

    def _is_of_another(self, slot: str, origin: str, path: tuple[Any, ...]) -> bool:
        """Whether a variable is an input that is found elsewhere."""
        return any(i.name == slot and (i.origin, tuple(i.path)) != (origin, path) for i in self.cx.inputs)

    def _sized(self, abstract: Num | Seq, origin: str, path: tuple[Any, ...]) -> Num | Seq:
        """An array's type with the extents that the program is made for."""
        if not isinstance(abstract, Num) or not abstract.dims:
            return abstract
        dims = list(abstract.dims)
        for axis in range(len(dims)):
            place = (origin, (*path, leaves.Extent(axis)))
            if place in self.cx.baked:
                self.cx.used_baked[place] = self.cx.baked[place]
                dims[axis] = Dim(self.cx.baked[place])
        return replace(abstract, dims=tuple(dims))

    def origin_of(self, expr: ir.Expr) -> Any:
        """The kernel input that an expression is, or None."""
        if not isinstance(expr, ir.Name):
            return None
        return next((i for i in self.cx.inputs if i.name == expr.id), None)

    # ---- statements ----

    def block(self, body: Sequence[ir.Stmt]) -> None:
        for stmt in body:
            self.statement(stmt)

    def captured(self, body: Sequence[ir.Stmt]) -> tuple[ir.Stmt, ...]:
        """The statements left of `body`, apart from those of the block at hand."""
        outer, self.out = self.out, []
        try:
            self.block(body)
            return tuple(self.out)
        finally:
            self.out = outer

    def statement(self, stmt: ir.Stmt) -> None:
        handler = getattr(self, f"do_{type(stmt).__name__.lower()}", None)
        if handler is None:
            raise Unsupported(f"cannot differentiate a {type(stmt).__name__.lower()} statement", stmt.loc)
        try:
            handler(stmt)
        except PYTHON_ERRORS as error:
            placed(error, stmt.loc)
            raise
        except Unsupported as error:
            if type(error) is not Unsupported or error.loc is not None or stmt.loc is None:
                raise
            raise Unsupported(error.reason, stmt.loc, error.hint) from None
        if self.tried is not None:
            from srcad import eval_try

            eval_try.note_change(self, self.tried)

    def do_assign(self, stmt: ir.Assign) -> None:
        from srcad import eval_assign, eval_exprs

        if isinstance(stmt.target, ir.Tuple):
            eval_assign.assign_tuple(self, stmt)
            return
        if isinstance(stmt.target, ir.Name) and isinstance(stmt.value, ir.List):
            self.renewed = place(stmt.value.loc), (self.owner(stmt.target.id), stmt.target.id)
        value = eval_exprs.evaluate(self, stmt.value)
        eval_assign.assign(self, stmt.target, value, stmt.loc)

    def do_store(self, stmt: ir.Store) -> None:
        from srcad import eval_assign, eval_exprs

        value = eval_exprs.evaluate(self, stmt.value)
        eval_assign.assign(self, stmt.target, value, stmt.loc)

    def do_augment(self, stmt: ir.Augment) -> None:
        from srcad import eval_augment

        eval_augment.augment(self, stmt)

    def do_block(self, stmt: ir.Block) -> None:
        body = self.captured(stmt.body)
        if body:
            self.emit(replace(stmt, body=body))

    def do_define(self, stmt: ir.Define) -> None:
        from srcad import eval_exprs

        self.bind(stmt.function.name, eval_exprs.closure(self, stmt.function, stmt.loc), stmt.loc)

    def do_nonlocal(self, stmt: ir.Nonlocal) -> None:
        if stmt.is_global:
            raise Unsupported(
                "cannot differentiate a function that rebinds a global", stmt.loc, "Return the value instead."
            )
        self.cx.nonlocals.setdefault(self.frame, set()).update(stmt.names)

    def do_do(self, stmt: ir.Do) -> None:
        from srcad import eval_calls

        eval_calls.effect(self, stmt)

    def do_raise(self, stmt: ir.Raise) -> None:
        from srcad import eval_text

        exc = eval_text.message(self, stmt.exc) if stmt.exc is not None else None
        self.emit(ir.Raise(exc, loc=stmt.loc))

    def do_assert(self, stmt: ir.Assert) -> None:
        from srcad import eval_operators, eval_optional, eval_text, eval_values

        test = eval_operators.truth(self, stmt.test)
        known, truth = eval_values.static_truth(self, test)
        if known and truth:
            return
        msg = eval_text.message(self, stmt.msg) if stmt.msg is not None else None
        self.emit(ir.Assert(eval_values.truth_expr(self, test, stmt.loc), msg, loc=stmt.loc))
        eval_optional.narrow(self, [(stmt.test, True)])

    def do_try(self, stmt: ir.Try) -> None:
        from srcad import eval_try

        eval_try.try_statement(self, stmt)

    def do_with(self, stmt: ir.With) -> None:
        from srcad import eval_contexts

        eval_contexts.with_block(self, stmt.items, stmt)

    def do_if(self, stmt: ir.If) -> None:
        self.branch(stmt, stmt.test)

    def branch(self, stmt: ir.If, tells: ir.Expr) -> None:
        """An if; `tells` is what was tested, where `stmt.test` only names the outcome."""
        from srcad import eval_merge, eval_operators, eval_optional, eval_unused, eval_values

        test = eval_operators.truth(self, stmt.test)
        known, truth = eval_values.static_truth(self, test)
        if known:
            self.block(stmt.body if truth else stmt.orelse)
            return
        condition = eval_values.truth_expr(self, test, stmt.test.loc or stmt.loc)
        before, noted = self.state, self.cx.assumptions
        self.cx.assumptions = []  # what a branch takes for granted holds only if it is taken
        self.state = before.copy()
        undo = eval_optional.narrow(self, [(tells, True)])
        body, ends_body = self.arm(stmt.body)
        after_body, self.state = self.state, before.copy()
        undo_else = eval_optional.narrow(self, [(tells, False)])
        orelse, ends_orelse = self.arm(stmt.orelse)
        self.cx.assumptions = noted
        if ends_body and ends_orelse and not (always_raises(body) or always_raises(orelse)):
            raise self.unfinished
        if ends_body or ends_orelse:
            self.state = self.state if ends_body else after_body
        else:
            eval_optional.widen(after_body, undo)
            eval_optional.widen(self.state, undo_else)
            body, orelse, self.state = eval_merge.merge_branches(self, after_body, self.state, body, orelse, stmt.loc)
        if body or orelse:
            self.emit(ir.If(condition, body, orelse, loc=stmt.loc))
        else:
            eval_unused.run(self, test, stmt.loc)

    def arm(self, body: Sequence[ir.Stmt]) -> tuple[tuple[ir.Stmt, ...], bool]:
        """A branch, and whether it does not come to its end."""
        outer, self.out = self.out, []
        try:
            self.raising(body)
        except Unfinished as reason:
            self.unfinished = reason
            return (), True
        finally:
            found, self.out = tuple(self.out), outer
        return found, always_raises(found)

    def raising(self, body: Sequence[ir.Stmt], looped: bool = False) -> None:
        """A block that may not be run; what it raises every time that it is, is raised there.

        looped: it is a loop's, in which a list that is too short in the first iteration may be longer in others.
        """
        try:
            self.block(body)
        except PYTHON_ERRORS as error:
            known = hasattr(error, "certain") and not (looped and hasattr(error, "growing"))
            if not known or not all(isinstance(a, (str, int)) for a in error.args):
                raise
            kind = type(error)
            ref = ir.Ref(f"{kind.__module__}.{kind.__name__}", kind)
            self.emit(ir.Raise(ir.Call(ref, tuple(map(ir.Const, error.args))), loc=body[0].loc))

    def do_for(self, stmt: ir.For) -> None:
        from srcad import eval_loops

        self.left_out_at_first(lambda: eval_loops.for_loop(self, stmt))

    def do_while(self, stmt: ir.While) -> None:
        from srcad import eval_loops

        self.left_out_at_first(lambda: eval_loops.while_loop(self, stmt))

    def left_out_at_first(self, loop: Callable[[], None]) -> None:
        """A loop, which is not run in a round in which it would read a list that nothing was put into."""
        out, mark, before = self.out, len(self.out), self.state.copy()
        try:
            loop()
        except NothingYet:
            self.out, self.state = out, before
            del out[mark:]

    def do_yield(self, stmt: ir.Yield) -> None:
        from srcad import eval_generators

        eval_generators.give(self, stmt)

    def do_return(self, stmt: ir.Return) -> None:
        from srcad import eval_exprs

        value: Value = Known(None) if stmt.value is None else eval_exprs.evaluate(self, stmt.value)
        self.env["return"] = value


def _shown(name: str, loc: ir.Loc | None) -> str:
    """What a variable is called in a message: a name of the user's, or what it stands for."""
    if name.startswith("choice#"):
        return "this choice"
    known = loc is None or re.search(rf"\b{re.escape(name)}\b", loc.source.text)
    return name if known else "what is returned"


def always_raises(body: Sequence[ir.Stmt]) -> bool:
    return any(isinstance(s, ir.Raise) for s in body)


def shape_class(type_: types.Abstract) -> Any:
    """Variables that change between these classes need a name for each, as a compiler would want it."""
    if isinstance(type_, Seq):
        return "list"
    assert isinstance(type_, Num)
    if type_.dims == ():
        return "number"
    return (None if type_.dims is None else len(type_.dims), type_.dtype)


def merge_types(a: types.Abstract, b: types.Abstract) -> types.Abstract:
    """The join of two types of one variable; a number that is an integer at first and a float later is a float."""
    if a == b:
        return a
    joined = types.join(a, b)
    if isinstance(a, Num) and isinstance(b, Num) and isinstance(joined, Num) and a.dims == b.dims == ():
        if joined.dtype is None and a.dtype is not None and b.dtype is not None:
            return replace(joined, dtype=np.result_type(a.dtype, b.dtype).name)
    return joined


def list_site(ev: Evaluator, loc: ir.Loc | None, how: str = "items") -> tuple[Any, ...]:
    """Where a list is made that may turn out to be one of unknown length: `[0.0]` and `[0.0] * n` begin together."""
    return "list", ev.frame, place(loc), how


def of_a_rule(loc: ir.Loc | None) -> bool:
    """Whether a place is in the text of srcad's own rules, which no user shall be shown."""
    return loc is not None and loc.source.file.startswith(_RULES)


def place(loc: ir.Loc | None) -> tuple[Any, ...]:
    return () if loc is None else (loc.source.file, loc.line, loc.col)
