"""Functions that exist: what their names mean is read from their globals, their closure and their defaults."""

from __future__ import annotations

import builtins
import difflib
import functools
import importlib.util
import inspect
import sys
import types
from typing import Any

from srcad import ir, library, source
from srcad.defined import DEFAULTS, defaults
from srcad.errors import Undefined, Unsupported
from srcad.target import Family, Parameter, Target

_LITERAL = (int, float, complex, bool, str, type(None), type(...))
_ORDER = ("positional", "star", "keyword", "starstar")
_LRU_CACHE = type(functools.lru_cache(lambda: None))


def from_live(f: Any, within: Target | None = None) -> Target:
    """What to transform for a live callable.

    f: a function, lambda, bound, static or class method, callable object, `functools.partial`, numba dispatcher,
    or one of these under ``@differentiate`` or `functools.lru_cache`. Any other decorator changes the meaning: then its
    wrapper is what is parsed, and the function that it wraps is one of the wrapper's captured values.
    within: a target whose family the new one joins, so that captured values of both keep distinct names.

    Raises `Unsupported` for classes, C functions and what has no text.
    """
    family = within.family if within is not None else Family()
    return _target(f, family, f, {})


def unwrap(f: Any) -> Any:
    """The function under decorators that do not change its meaning (differentiate, njit, lru_cache), else `f`."""
    while True:
        inner = _inner(f)
        if inner is None:
            return f
        f = inner


def _inner(f: Any) -> Any:
    home = str(type(f).__module__)
    if home.startswith("numba.") and hasattr(f, "py_func"):
        return f.py_func
    if home == "srcad.differentiated":
        return getattr(f, "_called", None)
    if isinstance(f, _LRU_CACHE):
        return f.__wrapped__
    if isinstance(f, (staticmethod, classmethod)):
        return f.__func__
    return None


def is_function(obj: Any) -> bool:
    """Whether a value is a function of the user's, so that calling it means running text that can be read."""
    return isinstance(unwrap(obj), (types.FunctionType, types.MethodType, functools.partial))


def _target(f: Any, family: Family, live: Any, bound: dict[str, Any]) -> Target:
    f = unwrap(f)
    if isinstance(f, functools.partial):
        return _partial(f, family, live, bound)
    if isinstance(f, types.MethodType):
        return _first_bound(f.__func__, f.__self__, family, live, bound)
    if isinstance(f, types.FunctionType):
        return _plain(f, family, live, bound)
    if isinstance(f, type):
        raise Unsupported(f"{f.__qualname__} is a class", hint="Differentiate a function that builds the object.")
    call = inspect.getattr_static(type(f), "__call__", None)
    if is_function(call):
        return _first_bound(call, f, family, live, bound)
    name = getattr(f, "__qualname__", None) or repr(f)
    raise Unsupported(
        f"{name} has no Python text to differentiate", hint="Give srcad a Python function, or register a rule for it."
    )


def _first_bound(f: Any, owner: Any, family: Family, live: Any, bound: dict[str, Any]) -> Target:
    inner = _target(f, Family(), f, {})
    free = [p.name for p in inner.parameters if p.kind == "positional" and p.name not in inner.bound]
    if not free:
        raise Unsupported(f"{inner.qualname} takes no argument for the object it is bound to")
    return _target(f, family, live, {free[0]: owner, **bound})


def _partial(f: functools.partial[Any], family: Family, live: Any, bound: dict[str, Any]) -> Target:
    inner = _target(f.func, Family(), f.func, {})
    taken = inner.bound.keys() - inner.bound_by_name
    free = [p.name for p in inner.parameters if p.kind == "positional" and p.name not in taken]
    twice = (inner.bound_by_name | f.keywords.keys()) & {*free[: len(f.args)]} | f.keywords.keys() & taken
    if twice:
        raise Unsupported(f"a partial gives {inner.qualname} two values for {', '.join(sorted(twice))}")
    if len(f.args) > len(free):
        raise Unsupported(f"a partial gives {len(f.args)} arguments to {inner.qualname}, which takes {len(free)}")
    given = dict(zip(free, f.args, strict=False))
    return _target(f.func, family, live, {**given, **f.keywords, **bound})


def _is_cached(f: Any) -> bool:
    """Whether a cache is among what a callable is made of."""
    while f is not None and not isinstance(f, _LRU_CACHE):
        if isinstance(f, functools.partial):
            f = f.func
        elif isinstance(f, types.MethodType):
            f = f.__func__
        else:
            f = _inner(f)
    return f is not None


def _given_by_name(f: Any) -> frozenset[str]:
    """The keyword arguments of the partials that a callable is made of."""
    f = unwrap(f)
    if isinstance(f, functools.partial):
        return _given_by_name(f.func) | f.keywords.keys()
    return _given_by_name(f.__func__) if isinstance(f, types.MethodType) else frozenset()


def _plain(f: types.FunctionType, family: Family, live: Any, bound: dict[str, Any]) -> Target:
    key = (id(f), _is_cached(live), tuple((name, id(value)) for name, value in bound.items()))
    if key not in family.targets:
        module = f.__module__ or "__main__"
        path = family.unique("user", f"{module}.{f.__qualname__}")
        home = f.__qualname__ if family.targets else ""
        family.targets[key] = Target(
            name=f.__name__,
            module=module,
            qualname=f.__qualname__,
            file=f.__code__.co_filename,
            path=path,
            parameters=_parameters(f),
            family=family,
            scope=LiveScope(f, family, home),
            cut=lambda: source.of_code(f.__code__, f.__globals__),
            bound=bound,
            live=live,
            cached=_is_cached(live),
            bound_by_name=_given_by_name(live) & bound.keys(),
        )
    return family.targets[key]


def _class_around(qualname: str) -> str:
    """The innermost class in whose text ``Class.method.<locals>.f`` stands."""
    around = qualname.split(".")[:-1]
    while around[-1:] == ["<locals>"]:
        around = around[:-2]
    return around[-1] if around else ""


def _parameters(f: types.FunctionType) -> tuple[Parameter, ...]:
    """The signature, from the code object: `inspect.signature` would follow ``__wrapped__``."""
    code, own = f.__code__, defaults(f)
    kinds = ["positional"] * code.co_argcount + ["keyword"] * code.co_kwonlyargcount
    kinds += ["star"] * bool(code.co_flags & inspect.CO_VARARGS)
    kinds += ["starstar"] * bool(code.co_flags & inspect.CO_VARKEYWORDS)
    found = [Parameter(n, k, n in own, own.get(n)) for n, k in zip(code.co_varnames, kinds, strict=False)]
    return tuple(sorted(found, key=lambda p: _ORDER.index(p.kind)))


class LiveScope:
    """The names of a live function."""

    def __init__(self, f: types.FunctionType, family: Family, home: str) -> None:
        self.f, self.family, self.home = f, family, home
        self.cells = dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True))
        self.module = f.__globals__.get("__name__", f.__module__)
        self.class_name = _class_around(getattr(f.__code__, "co_qualname", f.__qualname__))
        family.globals_path(self.module, f.__globals__, "")

    def resolve(self, name: str, loc: ir.Loc | None) -> ir.Ref:
        """What a free name stands for: a captured value, a global, a builtin; `Unsupported` if nothing."""
        if name in self.cells:
            return self._captured(name, self.cells[name], loc)
        if name in self.f.__globals__:
            return self._global(name, self.f.__globals__[name], loc)
        if hasattr(builtins, name):
            return ir.Ref(f"builtins.{name}", library.builtin(name), loc=loc)
        raise Undefined(f"the name {name!r} is not defined", loc, "Define it, or pass it as an argument.")

    def attribute(self, ref: ir.Ref, attr: str, loc: ir.Loc | None) -> ir.Ref | None:
        """``ref.attr`` of a module or class as one name; None for an attribute of a value."""
        return attribute(self.family, ref, attr, loc)

    def imported(self, module: str, attr: str | None, level: int, loc: ir.Loc | None) -> ir.Ref:
        """What an import inside the function gives; modules that are not loaded yet are not run for this."""
        package = self.f.__globals__.get("__package__") or ""
        name = importlib.util.resolve_name("." * level + module, package) if level else module
        obj = _module(name, loc)
        ref = ir.Ref(name if library.is_library(name) else f"global:{name}", obj, loc=loc)
        if attr is None:
            return ref
        found = self.attribute(ref, attr, loc)
        assert found is not None
        return found

    def default(self, name: str, loc: ir.Loc | None) -> ir.Expr | None:
        """A parameter's default as it was evaluated when the function was defined."""
        values = defaults(self.f)
        if name not in values:
            return None
        return self._default(name, values[name], loc)

    def _default(self, name: str, value: Any, loc: ir.Loc | None) -> ir.Expr:
        if type(value) in _LITERAL:
            return ir.Const(value, loc=loc)
        if type(value) is tuple and all(type(v) in _LITERAL for v in value):
            return ir.Tuple(tuple(ir.Const(v, loc=loc) for v in value), loc=loc)
        home = f"{self.module}.{self.f.__qualname__}{DEFAULTS}"
        path = self.family.captured_path(home, name, self.f, lambda: defaults(self.f)[name])
        return reference(self.family, value, path, loc)

    def _captured(self, name: str, cell: types.CellType, loc: ir.Loc | None) -> ir.Ref:
        try:
            value = cell.cell_contents
        except ValueError:
            raise Unsupported(f"the captured name {name!r} has no value yet", loc) from None
        path = self.family.captured_path(self.home, name, cell, lambda: cell.cell_contents)
        return reference(self.family, value, path, loc)

    def _global(self, name: str, value: Any, loc: ir.Loc | None) -> ir.Ref:
        if library.is_library(self.module):  # a library's own constants are part of the library
            path = f"{self.module}.{name}"
        else:
            path = self.family.globals_path(self.module, self.f.__globals__, name)
        return reference(self.family, value, path, loc)


def reference(family: Family, value: Any, path: str, loc: ir.Loc | None) -> ir.Ref:
    """A live value as a name: a library path, ``user:...`` for functions and classes, else `path` itself."""
    if path.startswith(("global:", "closure:")):
        family.met[path] = value
    known = library.path_of(value)
    if known is not None:
        return ir.Ref(known, value, loc=loc)
    if isinstance(value, type):
        return ir.Ref(f"user:{value.__module__}.{value.__qualname__}", value, loc=loc)
    if is_function(value):
        try:
            target = _target(value, family, value, {})
        except Unsupported:
            return ir.Ref(path, value, loc=loc)
        return ir.Ref(f"user:{target.path}", target, loc=loc)
    if isinstance(value, types.BuiltinFunctionType):
        return ir.Ref(f"user:{value.__module__}.{value.__qualname__}", value, loc=loc)
    return ir.Ref(path, value, loc=loc)


def attribute(family: Family, ref: ir.Ref, attr: str, loc: ir.Loc | None) -> ir.Ref | None:
    """``ref.attr`` where `ref` is a module, a class or a named library object; None otherwise."""
    owner = ref.obj
    if isinstance(owner, types.ModuleType):
        return _member(family, ref, owner, attr, loc)
    if isinstance(owner, type) and ref.path.startswith("user:"):
        return _class_member(family, owner, attr, loc)
    if ref.path.partition(".")[0] in library.KNOWN and not library.is_plain_value(owner) and hasattr(owner, attr):
        value = getattr(owner, attr)
        return ir.Ref(library.path_of(value) or f"{ref.path}.{attr}", value, loc=loc)
    return None


def _member(family: Family, ref: ir.Ref, owner: types.ModuleType, attr: str, loc: ir.Loc | None) -> ir.Ref:
    try:
        value = library.member(owner, attr)
    except (AttributeError, ImportError):
        close = difflib.get_close_matches(attr, dir(owner), 1, 0.6)
        way_out = f"Did you mean {close[0]!r}?" if close else ""
        raise Undefined(f"module {owner.__name__!r} has no attribute {attr!r}", loc, way_out) from None
    return reference(family, value, f"{ref.path}.{attr}", loc)


def _class_member(family: Family, owner: type, attr: str, loc: ir.Loc | None) -> ir.Ref | None:
    if not hasattr(owner, attr) or attr.startswith("__"):
        return None
    home = f"{owner.__module__}.{owner.__qualname__}"
    path = family.captured_path(home, attr, owner, lambda: getattr(owner, attr))
    return reference(family, getattr(owner, attr), path, loc)


def _module(name: str, loc: ir.Loc | None) -> types.ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    if library.is_library(name):
        try:
            return importlib.import_module(name)
        except ImportError as error:
            raise Unsupported(f"cannot import {name}: {error}", loc) from error
    raise Unsupported(
        f"module {name!r} is imported inside the function and not loaded yet", loc, "Import it at the top of the file."
    )
