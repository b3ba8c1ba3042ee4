"""Which names are local, and what the others mean: Python's scoping over freshly read IR.

Reading leaves every identifier an `ir.Name`. `bind` keeps the local ones, replaces the rest by `ir.Ref`, folds dotted
names (``np.linalg.inv``) into one, takes imports out, and gives comprehension variables a name of their own.
"""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from srcad import ir
from srcad.errors import Unsupported
from srcad.naming import Names
from srcad.target import CACHES, PURE_DECORATORS

_FORBIDDEN = {
    "builtins.exec": "Write the statements out.",
    "builtins.eval": "Write the expression out.",
    "builtins.compile": "Write the statements out.",
    "builtins.__import__": "Use an import statement.",
    "builtins.globals": "Pass the values as arguments.",
    "builtins.locals": "Name the variables.",
}
_REFUSED_CALLS = {
    "builtins.setattr": ("setattr", "Return the value instead."),
    "builtins.vars": ("vars", "Read and set the attributes by their names."),
    "builtins.delattr": ("delattr", "Build a new object without it."),
    "builtins.id": ("id, which says where a value lies, not what it is", "Compare values."),
    "builtins.input": ("input: it asks a person", "Pass the value as an argument."),
    "builtins.open": (
        "open: files are outside of the function",
        "Read the file before and pass the values as arguments.",
    ),
    "builtins.breakpoint": ("breakpoint", "Set it in the function that is not differentiated."),
}
_DROP: Any = object()


@dataclass(eq=False)
class Frame:
    """One function's or comprehension's names. `renamed` maps a comprehension's variables to what they are called."""

    parent: Frame | None
    locals: set[str]
    is_function: bool = True
    imports: dict[str, ir.Ref] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)
    free: dict[str, None] = field(default_factory=dict)


def bind(function: ir.Function, scope: Any, names: Names) -> ir.Function:
    """The function with every name decided; its defaults are the values that the scope knows, if it knows them."""
    params = tuple(_live_default(p, scope) for p in function.params)
    return _Binder(scope, names).function(dataclasses.replace(function, params=params), None)


def _live_default(param: ir.Param, scope: Any) -> ir.Param:
    known = scope.default(param.name, param.default.loc) if param.default is not None else None
    return param if known is None else dataclasses.replace(param, default=known)


class _Binder:
    def __init__(self, scope: Any, names: Names) -> None:
        self.scope, self.names = scope, names

    # ---- functions ----

    def function(self, f: ir.Function, outer: Frame | None) -> ir.Function:
        params = tuple(self._param(p, outer) for p in f.params)
        frame = _frame(f, outer)
        body = _each(f.body, lambda n: self.node(n, frame))
        return dataclasses.replace(f, params=params, body=body, free=tuple(frame.free), scope=self.scope)

    def _param(self, param: ir.Param, outer: Frame | None) -> ir.Param:
        default = param.default
        if default is None or isinstance(default, (ir.Ref, ir.Const)):
            return param
        return dataclasses.replace(param, default=self.node(default, outer))

    # ---- nodes ----

    def node(self, n: Any, frame: Frame | None) -> Any:
        """A node with its names decided; `_DROP` where nothing is left of it."""
        special = getattr(self, f"_{type(n).__name__}", None)
        return special(n, frame) if special is not None else self.below(n, frame)

    def below(self, n: Any, frame: Frame | None) -> Any:
        changes = {}
        for name in _fields(n.__class__):
            old = getattr(n, name)
            new = _each(old, lambda child: self.node(child, frame))
            if new is not old:
                changes[name] = new
        return ir.changed(n, **changes) if changes else n

    def _Name(self, n: ir.Name, frame: Frame | None) -> ir.Expr:
        found = self._look_up(n.id, frame)
        if isinstance(found, str):
            return n if found == n.id else ir.Name(found, loc=n.loc)
        ref = found if found is not None else self.scope.resolve(n.id, n.loc)
        if ref.path in _FORBIDDEN:
            raise Unsupported(f"cannot differentiate {n.id}", n.loc, _FORBIDDEN[ref.path])
        return _name_or_none(dataclasses.replace(ref, loc=n.loc))

    def _look_up(self, name: str, frame: Frame | None) -> str | ir.Ref | None:
        """A local's name, an import, or None for what the scope must know."""
        crossed: list[Frame] = []
        while frame is not None and name not in frame.globals:
            if name in frame.imports:
                return frame.imports[name]
            if name in frame.locals:
                for inner in crossed:
                    inner.free[name] = None
                return frame.renamed.get(name, name)
            if frame.is_function:
                crossed.append(frame)
            frame = frame.parent
        return None

    def _Attr(self, n: ir.Attr, frame: Frame | None) -> ir.Expr:
        base, name = self.node(n.base, frame), _private(n.name, self.scope.class_name)
        folded = self.scope.attribute(base, name, n.loc) if isinstance(base, ir.Ref) else None
        if folded is None:
            return dataclasses.replace(n, base=base, name=name)
        return _name_or_none(dataclasses.replace(folded, loc=n.loc))

    def _Lambda(self, n: ir.Lambda, frame: Frame | None) -> ir.Expr:
        return dataclasses.replace(n, function=self.function(n.function, frame))

    def _Define(self, n: ir.Define, frame: Frame | None) -> ir.Stmt:
        cached = any(_decorator(self.node(d, frame)) in CACHES for d in n.decorators)
        function = dataclasses.replace(self.function(n.function, frame), cached=cached)
        return dataclasses.replace(n, function=function, decorators=())

    def _Comprehension(self, n: ir.Comprehension, frame: Frame | None) -> ir.Expr:
        inner = Frame(frame, set(), is_function=False)
        generators = []
        for i, g in enumerate(n.generators):  # the first iterable belongs to the scope around
            iterable = self.node(g.iter, frame if i == 0 else inner)
            for name in dict.fromkeys(_target_names(g.target)):
                if name not in inner.locals and _used_around(name, frame):
                    inner.renamed[name] = self.names.fresh(name)
                inner.locals.add(name)
            tests = _each(g.tests, lambda t: self.node(t, inner))
            generators.append(ir.Generator(self.node(g.target, inner), iterable, tests))
        return dataclasses.replace(n, element=self.node(n.element, inner), generators=tuple(generators))

    # ---- statements that bind ----

    def _Assign(self, n: ir.Assign, frame: Frame | None) -> Any:
        assert frame is not None
        if isinstance(n.target, ir.Name) and n.target.id in frame.imports:
            return _DROP
        self._check_target(n.target, frame, n.loc)
        made = self.below(n, frame)
        return _DROP if _is_pure_decorator(made) else made

    def _Augment(self, n: Any, frame: Frame | None) -> Any:
        self._check_target(n.target, frame, n.loc)
        return self.below(n, frame)

    _For = _Augment

    def _With(self, n: ir.With, frame: Frame | None) -> Any:
        for _, target in n.items:
            self._check_target(target, frame, n.loc)
        return self.below(n, frame)

    def _check_target(self, target: Any, frame: Frame | None, statement: ir.Loc | None) -> None:
        """Refuse to write into what belongs to others: globals, captured values, modules."""
        if isinstance(target, (ir.Tuple, ir.List)):
            for item in target.items:
                self._check_target(item, frame, statement)
        elif isinstance(target, ir.Starred):
            self._check_target(target.value, frame, statement)
        elif isinstance(target, (ir.Attr, ir.Index)):
            root = self.node(target.base, frame)
            while isinstance(root, (ir.Attr, ir.Index)):
                root = root.base
            if isinstance(root, ir.Ref):
                _refuse_write(target, root, statement)

    def _Nonlocal(self, n: ir.Nonlocal, frame: Frame | None) -> Any:
        assert frame is not None
        ours = tuple(x for x in n.names if not n.is_global and isinstance(self._look_up(x, frame), str))
        for name in n.names:
            if name not in ours and name in frame.written:
                what = f"the global {name}" if n.is_global else f"the captured variable {name}"
                raise _outlives(f"a write to {what}", n.loc, "Return the new value as well.")
        return dataclasses.replace(n, names=ours) if ours else _DROP

    # ---- calls that no version will accept ----

    def _Call(self, n: ir.Call, frame: Frame | None) -> ir.Expr:
        made = self.below(n, frame)
        if isinstance(made.fn, ir.Ref) and made.fn.path in _REFUSED_CALLS:
            what, hint = _REFUSED_CALLS[made.fn.path]
            raise Unsupported(f"cannot differentiate {what}", n.loc, hint)
        if isinstance(made.fn, ir.Ref) and made.fn.path == "builtins.type" and len(made.args) == 3:
            raise Unsupported(
                "cannot differentiate a class made by type", n.loc, "Define the class at the top of the file."
            )
        return made


def _refuse_write(target: Any, root: ir.Ref, statement: ir.Loc | None) -> None:
    kind, name = "captured" if root.path.startswith("closure:") else "global", root.path.rpartition(":")[2]
    if isinstance(root.obj, types.ModuleType):
        what = f"a write to an attribute of the module {root.obj.__name__}"
        raise Unsupported(f"cannot differentiate {what}", statement, "Return the value instead.")
    if isinstance(root.obj, (list, dict, set)):
        what = f"a change of the {kind} {type(root.obj).__name__} {name}"
        raise _outlives(what, target.loc, "Return the value as well, and keep it outside.")
    if isinstance(target, ir.Attr):
        what = f"a write to an attribute of the {kind} {name}"
        raise _outlives(what, statement, "Return the value as well, and keep it outside.")
    hint = "Make the array an argument or copy it first, and return what it becomes."
    raise _outlives(f"an in-place write to the {kind} array {name}", target.loc, hint)


def _outlives(what: str, loc: ir.Loc | None, hint: str) -> Unsupported:
    return Unsupported(f"cannot differentiate {what}, which outlives the call", loc, hint)


def _each(value: Any, f: Callable[[Any], Any]) -> Any:
    """`f` over the nodes of a value, without those it drops; the same object where nothing changes."""
    if isinstance(value, tuple):
        new = tuple(made for made in (_each(item, f) for item in value) if made is not _DROP)
        return value if len(new) == len(value) and all(a is b for a, b in zip(new, value, strict=True)) else new
    return f(value) if ir.is_node(value) else value


@functools.cache
def _fields(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(kind) if f.name != "loc")


def _name_or_none(ref: ir.Ref) -> ir.Expr:
    """``np.newaxis`` is None, and written so."""
    library_none = ref.obj is None and ref.path.startswith("numpy.")
    return ir.Const(None, loc=ref.loc) if library_none else ref


def _is_pure_decorator(n: ir.Assign) -> bool:
    """``g = njit(g)`` right after the def it stood above: the mark does not change what g computes."""
    call = n.value
    if not isinstance(call, ir.Call) or call.args != (n.target,):
        return False
    return _decorator(call.fn) in PURE_DECORATORS


def _decorator(expr: ir.Expr) -> str:
    maker = expr.fn if isinstance(expr, ir.Call) else expr
    return maker.path if isinstance(maker, ir.Ref) else ""


def _private(name: str, cls: str) -> str:
    """What Python calls an attribute whose name begins with two underscores in the text of a class."""
    hidden = name.startswith("__") and not name.endswith("__") and cls.strip("_")
    return f"_{cls.lstrip('_')}{name}" if hidden else name


# ---- what a function binds ----


def _frame(f: ir.Function, outer: Frame | None) -> Frame:
    nodes = list(ir.own(f.body))
    bound = list(_bound(nodes))
    imports: dict[str, ir.Ref] = {}
    for name, ref in bound:
        if ref is not None:
            if imports.setdefault(name, ref).path != ref.path:
                raise Unsupported(
                    f"{name!r} is imported twice, as different things", ref.loc, "Import at the top of the file."
                )
    declared = [n for n in nodes if isinstance(n, ir.Nonlocal)]
    not_local = {name for n in declared for name in n.names}
    names = {name for name, ref in bound if ref is None} | {p.name for p in f.params}
    for name in sorted(names & imports.keys()):
        raise Unsupported(
            f"{name!r} is both imported and assigned", imports[name].loc, "Give one of them another name."
        )
    is_global = {name for n in declared if n.is_global for name in n.names}
    return Frame(outer, names - not_local, imports=imports, globals=is_global, written=names)


def _bound(nodes: list[Any]) -> Iterator[tuple[str, ir.Ref | None]]:
    """The names that a body's nodes bind; with what, for imports."""
    for n in nodes:
        if isinstance(n, ir.Assign) and isinstance(n.target, ir.Name) and _is_import(n):
            yield n.target.id, n.value  # type: ignore[misc]
        else:
            for name in _names_bound(n):
                yield name, None


def _is_import(n: ir.Assign) -> bool:
    return isinstance(n.value, ir.Ref)  # before binding, only imports are


def _names_bound(n: Any) -> Iterator[str]:
    if isinstance(n, (ir.Assign, ir.Augment, ir.For, ir.Walrus)):
        yield from _target_names(n.target)
    elif isinstance(n, ir.With):
        for _, target in n.items:
            yield from _target_names(target)
    elif isinstance(n, ir.Define):
        yield n.function.name
    elif isinstance(n, ir.Handler) and n.name is not None:
        yield n.name
    elif isinstance(n, ir.Match):
        yield n.var
    elif isinstance(n, ir.Case):
        yield from (name for name, _ in n.bindings)


def _target_names(target: Any) -> Iterator[str]:
    if isinstance(target, ir.Name):
        yield target.id
    elif isinstance(target, (ir.Tuple, ir.List)):
        for item in target.items:
            yield from _target_names(item)
    elif isinstance(target, ir.Starred):
        yield from _target_names(target.value)


def _used_around(name: str, frame: Frame | None) -> bool:
    while frame is not None:
        if name in frame.locals:
            return True
        frame = frame.parent
    return False
