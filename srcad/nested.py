"""A function inside a model as a program of its own, to be differentiated where it stands.

`trace` evaluates the function on variables that stand for its arguments; what it captures from the model around it are
inputs like any other. `Traced` runs the compiler's own passes on that program, and `splice` writes the result into the
program around it, under names of its own. What is written is ordinary core IR: it can be differentiated again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from srcad import ir, routines, types
from srcad.dims import Dim, symbol
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator
from srcad.facts import own_extent
from srcad.pipeline import Input
from srcad.program import Program
from srcad.transforms import alias, copies, inline
from srcad.types import Num, Seq, Static, Struct
from srcad.values import Dyn, Known, Ptr, State, Value

Site = tuple[Any, ...]


@dataclass(frozen=True)
class Leaf:
    """A number or array handed to the function: the variable that stands for it, and what it is."""

    name: str
    value: Dyn
    wanted: bool


@dataclass(frozen=True)
class Traced:
    """The function as a program. output: the structure of its value."""

    program: Program
    aliases: Mapping[str, set[str]]
    output: types.Abstract
    leaves: tuple[Leaf, ...]
    site: Site
    loc: ir.Loc | None
    names: frozenset[str]  # the variables of the program before it is differentiated
    known: frozenset[str]  # symbols of extents that mean something to the program around

    @property
    def wrt(self) -> tuple[Leaf, ...]:
        """The leaves that are differentiated, in order."""
        return tuple(leaf for leaf in self.leaves if leaf.wanted)


# ---- from a call to a program ----


def site_of(ev: Evaluator, what: str, loc: ir.Loc | None) -> Site:
    """What tells this call from all others, the same whenever it is evaluated again."""
    from srcad.eval_core import place

    return (ev.frame, what, place(loc), ev.temp_count(what, loc))


class Tracer:
    """Replaces arguments by variables, calls the function, and collects the statements left."""

    def __init__(self, ev: Evaluator, site: Site, loc: ir.Loc | None) -> None:
        self.ev, self.site, self.loc = ev, site, loc
        self.leaves: list[Leaf] = []

    def argument(self, value: Value, name: str, wanted: bool) -> tuple[Value, types.Abstract]:
        """A stand-in for an argument, and its layout: where the differentiated leaves are, by name.

        Containers are copied; arrays, and what is differentiated, get new variables.
        """
        if isinstance(value, Ptr):
            box = self.ev.state.heap[value.id]
            names = [types.leaf_name(name, key) for key in box.keys]
            parts = [self.argument(item, n, wanted) for item, n in zip(box.items, names, strict=True)]
            copy = self.ev.box(box.kind, box.keys, [v for v, _ in parts], cls=box.cls, bound=True)
            return copy, Struct(box.kind, box.keys, tuple(layout for _, layout in parts), box.cls)
        wanted = wanted and isinstance(value, Dyn) and types.is_float(value.type)
        if not isinstance(value, Dyn) or isinstance(value.type, Seq):
            return value, Static(None)
        if not wanted and value.type.dims == () and isinstance(value.expr, (ir.Name, ir.Const)):
            return value, Static(None)
        found = self.leaf(value, name, wanted)
        return found, Static(self.leaves[-1].name if wanted else None)

    def leaf(self, value: Dyn, name: str, wanted: bool) -> Dyn:
        own = name_at(self.ev, self.site, ("argument", len(self.leaves)), name)
        kind = replace(value.type, number=None) if types.is_float(value.type) else value.type  # type: ignore[arg-type]
        self.ev.cx.types[own] = kind
        self.leaves.append(Leaf(own, replace(value, type=kind), wanted))
        return Dyn(ir.Name(own), kind)

    def trace(self, fn: Value, args: list[Value], kwargs: dict[str, Value]) -> Traced:
        from srcad import eval_calls

        ev, before, outer = self.ev, self.ev.state, self.ev.out
        ev.state, ev.out = before.copy(), []
        value = eval_calls.dispatch(ev, fn, args, kwargs, self.loc)
        exprs: list[ir.Expr] = []
        output = inline._leaves(ev, value, exprs, self.loc)
        body, after = tuple(ev.out), ev.state
        routines.refuse_again(body)
        if inline.settle_copies(ev, body, sorted(ir.names(body) - assigned(body))):
            reason = (
                "cannot differentiate, inside of a model, a function with a deep copy of several arrays given to it"
            )
            raise Unsupported(reason, self.loc, "Copy each array.")
        ev.state, ev.out = kept_state(before, after), outer
        check_untouched(before, after, self.loc)
        return self.traced(body, tuple(exprs), output)

    def traced(self, body: tuple[ir.Stmt, ...], results: tuple[ir.Expr, ...], output: types.Abstract) -> Traced:
        from srcad import eval_lists

        ev = self.ev
        eval_lists.share(ev, list(ir.walk(body)))
        symbols = {s for t in ev.cx.types.values() for s in symbols_of(t)}
        roots = {_root(s) for n in ir.names((body, results)) for s in symbols_of(ev.cx.types.get(n))}
        stale = {r for r in roots if not all(holds(ev, s) for s in symbols if _root(s) == r)}
        own = {leaf.name for leaf in self.leaves}
        counted = ev.cx.attribute_slots  # attributes that are read before they are rebound
        inner = {p.name for node in ir.walk(body) if isinstance(node, ir.Lambda) for p in node.function.params}
        captured = sorted((ir.names((body, results)) | roots) - (assigned(body) - counted) - own - inner)
        inputs = tuple(Input("param", (n,), n) for n in (*(leaf.name for leaf in self.leaves), *captured))
        wanted = {leaf.name for leaf in self.leaves if leaf.wanted}
        program = Program(
            name="function",
            inputs=inputs,
            body=body,
            results=results,
            types=dict(ev.cx.types),
            output=output,
            wrt=tuple(i for i in inputs if i.name in wanted),
            assumptions=tuple(ev.cx.assumptions),
            unstable=frozenset(stale),
            loc=self.loc,
        )
        # What the passes name is none of these: outside, another variable may be called that.
        names = frozenset(program.names())
        program, aliases = alias.alias(copies.copies(program, joins=False))
        for name in set(program.written) & set(captured):
            raise Unsupported(
                f"cannot differentiate a function that writes into {name}, an array it captures, and is differentiated",
                self.loc,
                "Pass the array as an argument, or write into a copy.",
            )
        return Traced(program, aliases, output, tuple(self.leaves), self.site, self.loc, names, frozenset(symbols))


def name_at(ev: Evaluator, site: Site, key: Any, name: str) -> str:
    """A new variable that belongs to a place of the program, the same one whenever that is evaluated again."""
    mark = ("nested", site, key)
    if mark not in ev.cx.slots:
        ev.cx.slots[mark] = ev.cx.names.fresh(name)
    return ev.cx.slots[mark]


def kept_state(before: State, after: State) -> State:
    """The state around a function that was evaluated aside: what counts and remembers goes on, the rest stays."""
    frames = {k: v for k, v in after.frames.items() if k.startswith("#") and k not in ("#box", "#loops")}
    return State({**before.frames, **frames}, {**after.heap, **before.heap})


def check_untouched(before: State, after: State, loc: ir.Loc | None) -> None:
    changed = [
        name
        for frame, env in before.frames.items()
        if not frame.startswith("#")
        for name, value in env.items()
        if after.frames[frame].get(name) != value
    ]
    boxes = [k for k, box in before.heap.items() if box.bound and after.heap.get(k, box) != box]
    if changed or boxes:
        what = changed[0] if changed else "a container outside it"
        raise Unsupported(
            f"cannot differentiate a function that changes {what} and is differentiated inside the model",
            loc,
            "Return the new value instead.",
        )


def assigned(body: Sequence[ir.Stmt]) -> set[str]:
    """Variables that statements give a value to."""
    found: set[str] = set()
    for node in ir.walk(tuple(body)):
        if isinstance(node, (ir.Assign, ir.For)):
            found |= ir.names(node.target)
        elif isinstance(node, (ir.Augment, ir.Pop)) and isinstance(node.target, ir.Name):
            found.add(node.target.id)
    return found


# ---- symbols of extents ----


def symbols_of(t: types.Abstract | None) -> set[str]:
    if isinstance(t, Seq):
        return symbols_of(t.element)
    if not isinstance(t, Num):
        return set()
    dims = [*(t.dims or ()), t.number]
    return {s for d in dims if d is not None for s in d.symbols}


def _root(text: str) -> str:
    found = re.match(r"\w+", text)
    return found.group() if found else text


def holds(ev: Evaluator, text: str) -> bool:
    """Whether a symbol, ``x.shape[0]`` or ``n``, still means what it says at this place."""
    kind = ev.cx.types.get(_root(text))
    return own_extent(ev.cx.types, text) or isinstance(kind, Num) and kind.number == symbol(text)


# ---- from a program back into the program around it ----


def splice(
    ev: Evaluator, traced: Traced, program: Program, seeds: Mapping[str, ir.Expr], copy: Any = 0
) -> tuple[ir.Expr, ...]:
    """Write a program's statements here; returns its results. seeds: values of its further parameters.

    copy: tells apart several uses of one traced function.
    """
    given = {leaf.name: leaf.value.expr for leaf in traced.leaves} | dict(seeds)
    apart = Parts(ev, traced, program, copy)
    body = core(apart.block(flat(program.body), {}), apart.types)
    changed = assigned(body) - {"_"} - apart.made
    simple = {n: e for n, e in given.items() if n not in changed and isinstance(e, (ir.Name, ir.Const))}
    own = (changed | set(given)) - set(simple)
    new: dict[str, ir.Expr] = {**simple}
    for name in sorted(own):
        target = name if name in traced.names and not copy else name_at(ev, traced.site, ("local", copy, name), name)
        note(ev, target, program.types.get(name), traced)
        new[name] = ir.Name(target)
    body, results = renamed(ev, traced, body, program.results, new, copy)
    binds, body = bindings(body, {new[n].id: e for n, e in given.items() if n in own})  # type: ignore[union-attr]
    ev.out.extend(placed((*binds, *body), traced.loc))
    return results


def flat(body: Sequence[ir.Stmt]) -> tuple[ir.Stmt, ...]:
    """Without the notes that a derivative is printed with."""
    out: list[ir.Stmt] = []
    for stmt in body:
        if isinstance(stmt, ir.Block):
            out.extend(flat(stmt.body))
        elif isinstance(stmt, ir.If):
            out.append(replace(stmt, body=flat(stmt.body), orelse=flat(stmt.orelse)))
        elif isinstance(stmt, (ir.For, ir.While, ir.With)):
            out.append(replace(stmt, body=flat(stmt.body)))
        else:
            out.append(stmt)
    return tuple(out)


class Parts:
    """Gives every part of an adjoint, ``g`` in one statement's and ``g`` in another's, a variable of its own."""

    def __init__(self, ev: Evaluator, traced: Traced, program: Program, copy: Any) -> None:
        self.ev, self.traced, self.parts, self.copy = ev, traced, program.parts, copy
        self.types = dict(program.types)
        self.made: set[str] = set()

    def block(self, body: Sequence[ir.Stmt], now: dict[str, ir.Expr]) -> tuple[ir.Stmt, ...]:
        if not self.parts:
            return tuple(body)
        return tuple(self.statement(stmt, now) for stmt in body)

    def statement(self, stmt: ir.Stmt, now: dict[str, ir.Expr]) -> ir.Stmt:
        if isinstance(stmt, ir.If):
            body, orelse = self.block(stmt.body, dict(now)), self.block(stmt.orelse, dict(now))
            return replace(stmt, test=ir.substitute(stmt.test, now), body=body, orelse=orelse)
        if isinstance(stmt, (ir.For, ir.While, ir.With)):
            return replace(stmt, body=self.block(stmt.body, dict(now)))
        if isinstance(stmt, (ir.Assign, ir.Pop)) and isinstance(stmt.target, ir.Name) and stmt.target.id in self.parts:
            return self.definition(stmt, stmt.target.id, now)
        return ir.substitute(stmt, now)  # type: ignore[no-any-return]

    def definition(self, stmt: ir.Assign | ir.Pop, part: str, now: dict[str, ir.Expr]) -> ir.Stmt:
        name = name_at(self.ev, self.traced.site, ("part", self.copy, len(self.made)), part)
        self.made.add(name)
        if isinstance(stmt, ir.Pop):
            stack = self.types[stmt.stack]
            found: types.Abstract = stack.element if isinstance(stack, Seq) else self.types[part]
        else:
            stmt = replace(stmt, value=ir.substitute(stmt.value, now))
            found = types.infer(stmt.value, self.types)
        self.types[name] = found if isinstance(found, Num) and found.dims is not None else self.types[part]
        note(self.ev, name, self.types[name], self.traced)
        now[part] = ir.Name(name)
        return replace(stmt, target=ir.Name(name))


def core(body: tuple[ir.Stmt, ...], known: Mapping[str, types.Abstract]) -> tuple[ir.Stmt, ...]:
    """``x_bar += e`` as core statements: a write into the array, and a rebinding of what may be a number."""

    def whole(node: Any) -> Any:
        if not isinstance(node, ir.Augment) or not isinstance(node.target, ir.Name):
            return node
        kind = known.get(node.target.id)
        if isinstance(kind, Num) and kind.dims == ():
            return node
        if isinstance(kind, Num) and kind.dims is not None:
            return replace(node, target=ir.Index(node.target, (ir.ELLIPSIS,)))
        return ir.Assign(node.target, ir.Binary(node.op, node.target, node.value), loc=node.loc)

    return ir.transform(body, whole)  # type: ignore[no-any-return]


def note(ev: Evaluator, name: str, kind: types.Abstract | None, traced: Traced) -> None:
    """The type of a variable, its extents in symbols that mean something outside."""

    def outside(dim: Dim | None) -> Dim | None:
        return dim if dim is not None and set(dim.symbols) <= traced.known else None

    if isinstance(kind, Seq):
        note(ev, name, kind.element, traced)
        element = ev.cx.types[name]
        assert isinstance(element, Num)
        ev.cx.types[name] = Seq(element, kind.stack, kind.own)
    elif isinstance(kind, Num):
        dims = None if kind.dims is None else tuple(outside(d) for d in kind.dims)
        ev.cx.types[name] = replace(kind, dims=dims, number=outside(kind.number))


def renamed(
    ev: Evaluator,
    traced: Traced,
    body: tuple[ir.Stmt, ...],
    results: tuple[ir.Expr, ...],
    new: Mapping[str, ir.Expr],
    copy: Any,
) -> tuple[tuple[ir.Stmt, ...], tuple[ir.Expr, ...]]:
    """The statements under new names; every counter that nobody reads gets one of its own."""
    count = 0

    def rename(node: Any) -> Any:
        nonlocal count
        if isinstance(node, ir.Name):
            found = new.get(node.id, node)
            return replace(found, loc=node.loc) if node.loc is not None else found
        if isinstance(node, (ir.Push, ir.Pop)):
            stack = new.get(node.stack, ir.Name(node.stack))
            assert isinstance(stack, ir.Name)
            return replace(node, stack=stack.id)
        if isinstance(node, ir.For) and node.target == ir.Name("_") and "_" not in ir.names(node.body):
            count += 1
            k = name_at(ev, traced.site, ("counter", copy, count), "k")
            ev.cx.types[k] = types.INT
            return replace(node, target=ir.Name(k))
        return node

    return ir.transform(body, rename), ir.transform(results, rename)


def bindings(
    body: tuple[ir.Stmt, ...], given: Mapping[str, ir.Expr]
) -> tuple[tuple[ir.Stmt, ...], tuple[ir.Stmt, ...]]:
    """Assignments of the arguments; one that the body begins by copying is copied at once."""
    copies = {s.target.id: s for s in body if isinstance(s, ir.Assign) and isinstance(s.target, ir.Name)
              and s.value == ir.call("numpy.copy", s.target) and s.target.id in given}  # fmt: skip
    binds = [
        ir.Assign(ir.Name(n), ir.substitute(copies[n].value, {n: e}) if n in copies else e) for n, e in given.items()
    ]
    return tuple(binds), tuple(s for s in body if s not in copies.values())


def placed(body: Sequence[ir.Stmt], loc: ir.Loc | None) -> tuple[ir.Stmt, ...]:
    """Statements without a place of their own stand where the derivative was asked for."""
    return tuple(
        ir.transform(s, lambda n: replace(n, loc=loc) if _is_statement(n) and n.loc is None else n) for s in body
    )


def _is_statement(node: Any) -> bool:
    return isinstance(
        node, (ir.Assign, ir.Store, ir.Augment, ir.For, ir.While, ir.If, ir.Push, ir.Pop, ir.Do, ir.With, ir.Raise)
    )


def frozen(ev: Evaluator, traced: Traced) -> Traced:
    """The same with arguments and captured values kept as they are now, whatever is written into them later."""
    leaves = {leaf.name: leaf for leaf in traced.leaves}
    read = ir.names((traced.program.body, traced.program.results))
    unread = {i.name for i in traced.program.inputs if i.name not in read and i.name not in leaves}
    found = []
    for k, i in enumerate(traced.program.inputs):
        if i.name in unread:
            continue
        kind = traced.program.types[i.name]
        expr = leaves[i.name].value.expr if i.name in leaves else ir.Name(i.name)
        if not isinstance(kind, Num):
            raise Unsupported(
                "cannot differentiate a pullback of a function that captures a list of unknown length", traced.loc
            )
        name = name_at(ev, traced.site, ("kept", k), i.name)
        ev.cx.types[name] = kind
        own = expr if kind.dims == () else ir.copy_of(expr, types.rank(kind))
        ev.emit(ir.Assign(ir.Name(name), own, loc=traced.loc))
        wanted = i.name in leaves and leaves[i.name].wanted
        found.append(Leaf(i.name, Dyn(ir.Name(name), kind), wanted))
    program = replace(traced.program, unstable=traced.program.unstable | unread)
    return replace(traced, program=program, leaves=tuple(found))


# ---- structures ----


def value_of(ev: Evaluator, structure: types.Abstract, exprs: Sequence[ir.Expr]) -> Value:
    """A value of this structure whose leaves are these expressions."""
    rest = iter(exprs)

    def build(t: types.Abstract) -> Value:
        if isinstance(t, Struct):
            return ev.box(t.kind, t.keys, [build(item) for item in t.items], cls=t.cls)
        if isinstance(t, Static):
            return Known(t.value)
        expr = next(rest)
        kind = ev.cx.types.get(expr.id, t) if isinstance(expr, ir.Name) else t
        assert isinstance(kind, (Num, Seq))
        return Dyn(expr, kind)

    return build(structure)
