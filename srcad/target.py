"""What there is to differentiate: a function, where it was found, and the captured values it can reach."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from srcad import ir
from srcad.source import Slice


class Missing:
    """The value of a global that a file computes and that is therefore unknown without running it."""

    def __repr__(self) -> str:
        return "unknown"


MISSING = Missing()

# what these make of a function computes the same as the function
PURE_DECORATORS = frozenset(
    "numba.njit numba.jit numba.extending.register_jitable functools.lru_cache functools.cache functools.wraps "
    "srcad.differentiate builtins.staticmethod builtins.classmethod builtins.property".split()
)


CACHES = frozenset(("functools.lru_cache", "functools.cache"))  # pure for functions that are pure themselves: `cached`


@dataclass(frozen=True)
class Parameter:
    """A parameter as the caller sees it; `kind` as in `ir.Param`. `default` is a value (`MISSING`: not known)."""

    name: str
    kind: str = "positional"
    has_default: bool = False
    default: Any = None


class Scope(Protocol):
    """What the names of one function mean.

    Where a name means nothing, `Unsupported` is raised at `loc`. class_name: the class around the function, or "".
    """

    class_name: str

    def resolve(self, name: str, loc: ir.Loc | None) -> ir.Ref:
        """What a name that is not local stands for."""

    def attribute(self, ref: ir.Ref, attr: str, loc: ir.Loc | None) -> ir.Ref | None:
        """``ref.attr`` where that is again a name (of a module, a class); None where it is a value's attribute."""

    def imported(self, module: str, attr: str | None, level: int, loc: ir.Loc | None) -> ir.Ref:
        """What ``import module`` or ``from module import attr`` inside a function stands for."""

    def default(self, name: str, loc: ir.Loc | None) -> ir.Expr | None:
        """The value that a parameter's default had when the function was defined; None where only its text is known."""


class Family:
    """The functions and captured values reachable from one root, each under a name of its own.

    The root's own globals and cells are ``global:K``, ``closure:a``; those of other functions carry their home,
    ``global:pkg.mod:K``, ``closure:make.<locals>.f:a``, and ``#2`` where two homes have one name.
    """

    def __init__(self) -> None:
        self.targets: dict[Any, Target] = {}
        self._prefixes: dict[tuple[str, int], str] = {}
        self._taken: dict[tuple[str, str], int] = {}
        self._globals: dict[str, Mapping[str, Any]] = {}
        self._readers: dict[str, Callable[[], Any]] = {}
        self._alive: list[Any] = []
        self.met: dict[str, Any] = {}  # path -> value of every global and captured name, whatever it turned out to be

    def unique(self, kind: str, text: str) -> str:
        """`text`, or ``text#2`` when something else of this kind has it already."""
        count = self._taken[kind, text] = self._taken.get((kind, text), 0) + 1
        return text if count == 1 else f"{text}#{count}"

    def globals_path(self, home: str, space: Mapping[str, Any], name: str) -> str:
        """The path of a module's global; the first module asked for is the root's."""
        key = ("global", id(space))
        if key not in self._prefixes:
            prefix = self.unique("global", home) + ":" if self._globals else ""
            self._prefixes[key] = prefix
            self._globals[prefix] = space
            self._alive.append(space)
        return f"global:{self._prefixes[key]}{name}"

    def captured_path(self, home: str, name: str, holder: Any, reader: Callable[[], Any]) -> str:
        """The path of a captured value; its `holder` (a cell, a class) tells equal names apart. Home "" is the root."""
        key = (f"closure:{name}", id(holder))
        if key not in self._prefixes:
            root = f"{home}:{name}" if home else name
            self._prefixes[key] = self.unique("closure", root)
            self._readers[self._prefixes[key]] = reader
            self._alive.append(holder)
        return f"closure:{self._prefixes[key]}"

    def read(self, origin: str, root: str) -> Any:
        """The value now of a global or captured value; NameError where it is gone."""
        if origin == "closure":
            return self._readers[root]()
        home, colon, name = root.rpartition(":")
        space = self._globals[home + colon]
        if name not in space:
            raise NameError(f"name {name!r} is not defined")
        return space[name]


@dataclass(frozen=True, eq=False)
class Target:
    """A function to transform; compared by identity.

    path: ``module.qualname``, unique in its family. bound: values fixed to parameters (self, cls, partial arguments);
    keyword arguments of a partial are here too, and may be overridden. live: the callable as it was given, or None.
    """

    name: str
    module: str
    qualname: str
    file: str
    path: str
    parameters: tuple[Parameter, ...]
    family: Family = field(repr=False)
    scope: Scope = field(repr=False)
    cut: Callable[[], Slice] = field(repr=False)
    bound: dict[str, Any] = field(default_factory=dict, repr=False)
    live: Any = field(default=None, repr=False)
    options: dict[str, Any] = field(default_factory=dict, repr=False)
    cached: bool = False  # whether it is called through functools.lru_cache
    bound_by_name: frozenset[str] = frozenset()  # those of `bound` that a partial gives as keyword arguments

    @functools.cached_property
    def slice(self) -> Slice:
        """The function's text; `Unsupported` where there is none."""
        return self.cut()

    @functools.cached_property
    def function(self) -> ir.Function:
        """The parsed function. Asking for it is what imports libcst."""
        from srcad import parse

        return parse.function(self.slice, self.scope)

    @property
    def source_key(self) -> str:
        """The text that the parsed program depends on, for the cache key: the function's own, and where it stands."""
        return f"{self.path} {self.slice.first_line}\n{self.slice.text}"

    def bound_ref(self, name: str) -> ir.Ref:
        """How a bound argument of this function, called from another one, is named and found again."""
        path = self.family.captured_path(self.path, name, self, lambda: self._bound_now(name))
        return ir.Ref(path, self.bound[name])

    def _bound_now(self, name: str) -> Any:
        """A bound argument as it is: the keyword arguments of a partial are a dict that may be changed."""
        keywords = self.live.keywords if isinstance(self.live, functools.partial) else {}
        return keywords.get(name, self.bound[name])
