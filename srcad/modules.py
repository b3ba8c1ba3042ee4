"""Modules that are read and never run, and what the names in them mean.

Imports of known libraries give the live library objects; a module of the user's is looked for next to the file and
read in turn; constants have a value where it is a literal or arithmetic on literals.
"""

from __future__ import annotations

import ast
import builtins
import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from srcad import bindings, ir, library, literals, live, source
from srcad.bindings import Definition, Import, Unclear, Value
from srcad.errors import Unsupported
from srcad.target import CACHES, MISSING, PURE_DECORATORS, Family, Parameter, Target

_REGISTERING = frozenset(
    f"srcad.{word}" for word in "elementwise pullback pushforward linear multilinear constant expansion".split()
)
_KNOWN = "srcad reads numpy, scipy, math and the files next to this one."


class Folder:
    """The files of one program; each is read once."""

    def __init__(self) -> None:
        self.family = Family()
        self.modules: dict[Path, Module] = {}

    def read(self, path: Path) -> Module:
        """The module in a file."""
        key = path.resolve()
        if key not in self.modules:
            f = source.file(str(path), source.read(path))
            self.modules[key] = Module(f, _module_name(key), path, self)
        return self.modules[key]


def _module_name(path: Path) -> str:
    """``package.module``, as far up as folders are packages."""
    parts = [] if path.name == "__init__.py" else [path.stem]
    folder = path.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts)


class Module:
    """One file and what its module-level names are bound to."""

    def __init__(self, f: source.File, name: str, path: Path | None, folder: Folder) -> None:
        self.file, self.name, self.path, self.folder = f, name, path, folder
        self.names = bindings.read(f.tree)
        self.scope = FileScope(self)
        self._classes: dict[int, ClassInfo] = {}
        folder.family.globals_path(name, self.names.names, "")

    @functools.cached_property
    def ruled(self) -> dict[str, int]:
        """The functions that this file registers derivative rules for, with the line."""
        found: dict[str, int] = {}
        for node in ast.walk(self.file.tree):
            if isinstance(node, ast.Call) and self.scope.dotted(node.func) in _REGISTERING:
                for arg in node.args:
                    found |= self._primal(arg, node.lineno)
        return found

    def _primal(self, arg: ast.expr, line: int) -> dict[str, int]:
        try:
            ref = self.scope._reference(arg)
        except Unsupported:
            return {}
        return {} if ref is None else {ref.path: line}

    def sibling(self, name: str, level: int) -> Module | None:
        """A module of the user's, by the name that an import here uses; None if there is no such file near."""
        if self.path is None:
            return None
        here = self.path.parent
        roots = [here.joinpath(*[".."] * (level - 1))] if level else [here, *_package_parents(here)]
        for root in roots:
            place = root.joinpath(*name.split(".")) if name else root
            for path in (place.with_suffix(".py"), place / "__init__.py"):
                if path.is_file():
                    return self.folder.read(path)
        return None

    def find_function(self, names: list[str]) -> Target | None:
        """A function by its qualified name, methods and nested functions included."""
        node: Any = self.file.tree
        around: list[Any] = []
        for i, name in enumerate(names):
            inside = {**bindings.defined(node.body)} if i else {**self.names.names}
            if node is not self.file.tree:
                around.append(node)
            node = inside.get(name)
            if isinstance(node, Value) and isinstance(node.expression, ast.Lambda):
                return self.target(node.expression, name=name) if len(names) == 1 else None
            if not isinstance(node, (Definition, ast.ClassDef)):
                return None
        return self.target(node, tuple(around)) if isinstance(node, Definition) else None

    def target(self, node: Any, around: tuple[Any, ...] = (), name: str = "<lambda>") -> Target:
        """A definition in this file as a target; `around` are the classes and functions it stands in."""
        family = self.folder.family
        if id(node) not in family.targets:
            qualname = ".".join([*(n.name for n in around), getattr(node, "name", name)])
            family.targets[id(node)] = Target(
                name=getattr(node, "name", name),
                module=self.name,
                qualname=qualname,
                file=self.file.name,
                path=family.unique("user", f"{self.name}.{qualname}"),
                parameters=tuple(self._parameters(node.args)),
                family=family,
                scope=FileScope(self, (*around, node)),
                cut=lambda: self._cut(node),
                cached=any(self._is_cache(d) for d in getattr(node, "decorator_list", ())),
            )
        return family.targets[id(node)]

    def class_info(self, node: ast.ClassDef) -> ClassInfo:
        """A class in this file; the same object each time."""
        if id(node) not in self._classes:
            self._classes[id(node)] = ClassInfo(node.name, self, node)
        return self._classes[id(node)]

    def member(self, name: str, loc: ir.Loc | None) -> ir.Ref:
        """``module.name``, submodules included."""
        if name in self.names.names or self.names.stars:
            return self.scope.resolve(name, loc)
        below = self.sibling(name, 1) if self.path is not None and self.path.name == "__init__.py" else None
        if below is None:
            raise Unsupported(f"module {self.name!r} has no attribute {name!r}", loc)
        return ir.Ref(f"global:{below.name}", below, loc=loc)

    def _cut(self, node: Any) -> source.Slice:
        for d in getattr(node, "decorator_list", ()):
            path = self.scope.dotted(d.func if isinstance(d, ast.Call) else d)
            if path not in PURE_DECORATORS and not ast.unparse(d).endswith((".setter", ".getter", ".deleter")):
                raise Unsupported(
                    f"what the decorator {ast.unparse(d)} makes of {node.name} is not known without running the file",
                    self.file.loc(d),
                    "Differentiate the function under it, or use srcad from Python.",
                )
        return source.of_node(self.file, node)

    def _is_cache(self, decorator: ast.expr) -> bool:
        return self.scope.dotted(decorator.func if isinstance(decorator, ast.Call) else decorator) in CACHES

    def _parameters(self, a: ast.arguments) -> Iterator[Parameter]:
        positional = [*a.posonlyargs, *a.args]
        missing: list[ast.expr | None] = [None] * (len(positional) - len(a.defaults))
        for arg, default in zip(positional, [*missing, *a.defaults], strict=True):
            yield self._parameter(arg, "positional", default)
        if a.vararg is not None:
            yield Parameter(a.vararg.arg, "star")
        for arg, default in zip(a.kwonlyargs, a.kw_defaults, strict=True):
            yield self._parameter(arg, "keyword", default)
        if a.kwarg is not None:
            yield Parameter(a.kwarg.arg, "starstar")

    def _parameter(self, arg: ast.arg, kind: str, default: ast.expr | None) -> Parameter:
        value = None if default is None else self.scope.literal(default)
        return Parameter(arg.arg, kind, default is not None, value)


def _package_parents(folder: Path) -> Iterator[Path]:
    while (folder / "__init__.py").is_file():
        folder = folder.parent
        yield folder


class FileScope:
    """The names of a function in a file, or (without `around`) of the module itself."""

    def __init__(self, module: Module, around: tuple[Any, ...] = ()) -> None:
        self.module, self.around = module, around
        self.family = module.folder.family
        self.class_name = next((n.name for n in reversed(around) if isinstance(n, ast.ClassDef)), "")
        self._evaluating: set[int] = set()

    # ---- what the parser asks ----

    def resolve(self, name: str, loc: ir.Loc | None) -> ir.Ref:
        """What a free name stands for; `Unsupported` if nothing, or if only running the file could tell."""
        return self._without_rule(self._resolved(name, loc), loc)

    def _resolved(self, name: str, loc: ir.Loc | None) -> ir.Ref:
        enclosing = self._enclosing(name)
        if enclosing is not None:
            return enclosing
        binding = self.module.names.names.get(name)
        if binding is not None:
            return self._bound(name, binding, loc)
        for star in self.module.names.stars:
            found = self._from_star(star, name, loc)
            if found is not None:
                return found
        if hasattr(builtins, name):
            return ir.Ref(f"builtins.{name}", library.builtin(name), loc=loc)
        raise Unsupported(f"the name {name!r} is not defined", loc)

    def attribute(self, ref: ir.Ref, attr: str, loc: ir.Loc | None) -> ir.Ref | None:
        """``ref.attr`` of a module or class as one name; None for an attribute of a value."""
        if isinstance(ref.obj, Module):
            return ref.obj.member(attr, loc)
        if isinstance(ref.obj, ClassInfo):
            return ref.obj.attribute(attr, loc)
        found = live.attribute(self.family, ref, attr, loc)
        return found and self._without_rule(found, loc)

    def _without_rule(self, ref: ir.Ref, loc: ir.Loc | None) -> ir.Ref:
        """The reference, unless the file registers a derivative rule for it: rules are known when they have run."""
        where = self.module.ruled.get(ref.path) if loc is not None else None
        if where is None:
            return ref
        raise Unsupported(
            f"the derivative rule that line {where} registers is not known without running the file",
            loc,
            "Use srcad from Python: srcad.differentiate, and .save() for the file.",
        )

    def imported(self, module: str, attr: str | None, level: int, loc: ir.Loc | None) -> ir.Ref:
        """What an import in this file gives."""
        if not level and library.is_library(module):
            return self._from_library(module, attr, loc)
        found = self.module.sibling(module, level)
        if found is not None and attr is None:
            return ir.Ref(f"global:{found.name}", found, loc=loc)
        if found is not None and (attr in found.names.names or found.names.stars):
            return found.scope.resolve(str(attr), loc)
        below = self.module.sibling(f"{module}.{attr}" if module else str(attr), level) if attr else None
        if below is None:
            raise Unsupported(f"the module {'.' * level}{module} is not known", loc, _KNOWN)
        return ir.Ref(f"global:{below.name}", below, loc=loc)

    def default(self, name: str, loc: ir.Loc | None) -> ir.Expr | None:
        """None: the text of a default is its value, unless a name in it changes after the function was defined."""
        value = _defaults(self.around[-1].args).get(name)
        for node in ast.walk(value) if value is not None else ():
            if isinstance(node, ast.Name) and node.id in self.module.names.changing:
                raise Unsupported(f"the default of {name!r} depends on {node.id}, which changes", loc, "Use a literal.")
        return None

    # ---- names ----

    def _enclosing(self, name: str) -> ir.Ref | None:
        """A name of a function around this one: a function there, else a captured value that only a run would give."""
        for i in range(len(self.around) - 2, -1, -1):
            outer = self.around[i]
            if isinstance(outer, Definition) and name in bindings.local_names(outer):
                inner = bindings.defined(outer.body).get(name)
                if isinstance(inner, Definition):
                    return self._function(inner, self.around[: i + 1], "", None)
                return ir.Ref(f"closure:{name}", MISSING)
        return None

    def _bound(self, name: str, binding: Any, loc: ir.Loc | None) -> ir.Ref:
        if isinstance(binding, Definition):
            return self._function(binding, (), name, loc)
        if isinstance(binding, ast.ClassDef):
            return ir.Ref(f"user:{self.module.name}.{name}", self.module.class_info(binding), loc=loc)
        if isinstance(binding, Import):
            return self.imported(binding.module, binding.attr, binding.level, loc)
        if isinstance(binding, Unclear):
            where = self.module.file.loc(binding.node).line
            raise Unsupported(
                f"what {name!r} is depends on how line {where} runs", loc, "Bind it once, unconditionally."
            )
        return self._value(name, binding.expression, loc)

    def _function(self, node: Any, around: tuple[Any, ...], name: str, loc: ir.Loc | None) -> ir.Ref:
        target = self.module.target(node, around, name)
        return ir.Ref(f"user:{target.path}", target, loc=loc)

    def _value(self, name: str, expression: ast.expr, loc: ir.Loc | None) -> ir.Ref:
        if isinstance(expression, ast.Lambda):
            return self._function(expression, (), name, loc)
        value = MISSING if name in self.module.names.changing else self.literal(expression)
        known = library.path_of(value) if value is not MISSING else None
        alias = self._alias(expression) if value is MISSING else None
        if alias is not None:
            return alias
        path = self.family.globals_path(self.module.name, self.module.names.names, name)
        return ir.Ref(known or path, value, loc=loc)

    def _alias(self, expression: ast.expr) -> ir.Ref | None:
        """``fast = njit(loss)`` or ``g = f``: another name for a function or class."""
        if isinstance(expression, ast.Call):
            maker = self.dotted(expression.func)
            if maker not in PURE_DECORATORS or len(expression.args) != 1:
                return None
            expression = expression.args[0]
        if id(expression) in self._evaluating:
            return None
        self._evaluating.add(id(expression))
        try:
            ref = self._reference(expression)
        except Unsupported:
            ref = None
        finally:
            self._evaluating.discard(id(expression))
        return ref if ref is not None and isinstance(ref.obj, (Target, ClassInfo)) else None

    def _from_star(self, star: Import, name: str, loc: ir.Loc | None) -> ir.Ref | None:
        if not star.level and library.is_library(star.module):
            module = library.load(star.module)
            public = getattr(module, "__all__", dir(module))
            return self._from_library(star.module, name, loc) if name in public else None
        found = self.module.sibling(star.module, star.level)
        if found is None:
            raise Unsupported(f"{name!r} may come from {star.module}, which is not known", loc, _KNOWN)
        return None if name.startswith("_") or name not in found.names.names else found.scope.resolve(name, loc)

    def _from_library(self, module: str, attr: str | None, loc: ir.Loc | None) -> ir.Ref:
        try:
            obj = library.load(module if attr is None else f"{module}.{attr}")
        except (ImportError, AttributeError) as error:
            raise Unsupported(f"cannot import {attr or module}: {error}", loc) from error
        return ir.Ref(library.path_of(obj) or (module if attr is None else f"{module}.{attr}"), obj, loc=loc)

    # ---- expressions ----

    def _reference(self, node: ast.expr) -> ir.Ref | None:
        """What a name or a chain of attributes stands for; None for anything else."""
        if isinstance(node, ast.Name):
            return self.resolve(node.id, None)
        if isinstance(node, ast.Attribute):
            base = self._reference(node.value)
            return None if base is None else self.attribute(base, node.attr, None)
        return None

    def literal(self, node: ast.expr) -> Any:
        """The value of an expression, `MISSING` where only running the file would give it."""
        if id(node) in self._evaluating:  # a name that is defined by itself
            return MISSING
        self._evaluating.add(id(node))
        try:
            return literals.evaluate(node, self._known_value)
        except literals.NotLiteral:
            return MISSING
        finally:
            self._evaluating.discard(id(node))

    def _known_value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name) and node.id in self.module.names.changing:
            raise literals.NotLiteral
        try:
            ref = self._reference(node)
        except Unsupported:
            raise literals.NotLiteral from None
        if ref is None or ref.obj is MISSING or isinstance(ref.obj, (Target, ClassInfo, Module)):
            raise literals.NotLiteral
        return ref.obj

    def expression(self, node: ast.expr) -> ir.Ref:
        """A base class or the like as a name."""
        ref = self._reference(node)
        if ref is None:
            raise Unsupported(f"{ast.unparse(node)} is not a name", self.module.file.loc(node))
        return ref

    def dotted(self, node: ast.expr) -> str | None:
        """The path that a name spells through the imports of this file; nothing is loaded for it."""
        if isinstance(node, ast.Attribute):
            base = self.dotted(node.value)
            return None if base is None else f"{base}.{node.attr}"
        if not isinstance(node, ast.Name):
            return None
        binding = self.module.names.names.get(node.id)
        if isinstance(binding, Import):
            return binding.module if binding.attr is None else f"{binding.module}.{binding.attr}"
        return f"builtins.{node.id}" if binding is None and hasattr(builtins, node.id) else None


@dataclass(frozen=True, eq=False)
class ClassInfo:
    """A class in a file that is read.

    kind: "dataclass", "namedtuple" or "class". fields: its annotated attributes in order, inherited ones first, with
    the expression of their default or None.
    """

    name: str
    module: Module
    node: ast.ClassDef = field(repr=False)

    @functools.cached_property
    def bases(self) -> tuple[ir.Ref, ...]:
        """What the class is derived from."""
        return tuple(self.module.scope.expression(b) for b in self.node.bases)

    @functools.cached_property
    def kind(self) -> str:
        """How its constructor comes about."""
        makers = [d.func if isinstance(d, ast.Call) else d for d in self.node.decorator_list]
        if "dataclasses.dataclass" in [self.module.scope.dotted(m) for m in makers]:
            return "dataclass"
        return "namedtuple" if "typing.NamedTuple" in [b.path for b in self.bases] else "class"

    @functools.cached_property
    def fields(self) -> tuple[tuple[str, ast.expr | None], ...]:
        """Names and defaults."""
        found = dict(f for b in self.bases if isinstance(b.obj, ClassInfo) for f in b.obj.fields)
        for s in self.node.body:
            if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name):
                found[s.target.id] = s.value
        return tuple(found.items())

    @property
    def __match_args__(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.fields) if self.kind != "class" else ()

    @property
    def methods(self) -> dict[str, Target]:
        """Its functions, inherited ones included; static and class methods are among them."""
        found = {k: v for b in reversed(self.bases) if isinstance(b.obj, ClassInfo) for k, v in b.obj.methods.items()}
        own = [s for s in self.node.body if isinstance(s, Definition)]
        return found | {s.name: self.module.target(s, (self.node,)) for s in own}

    def is_static(self, name: str) -> bool:
        """Whether a method takes no self or cls."""
        decorators = getattr(self.methods[name].slice.node, "decorator_list", [])
        return "builtins.staticmethod" in [self.module.scope.dotted(d) for d in decorators]

    def attribute(self, name: str, loc: ir.Loc | None) -> ir.Ref | None:
        """A method or a constant of the class as a name."""
        if name in self.methods:
            return ir.Ref(f"user:{self.methods[name].path}", self.methods[name], loc=loc)
        found = bindings.read(ast.Module(self.node.body, [])).names.get(name)
        if isinstance(found, Value):
            value = self.module.scope.literal(found.expression)
            return ir.Ref(f"global:{self.module.name}:{self.name}.{name}", value, loc=loc)
        inherited = (b.obj.attribute(name, loc) for b in self.bases if isinstance(b.obj, ClassInfo))
        return next((ref for ref in inherited if ref is not None), None)


def _defaults(a: ast.arguments) -> dict[str, ast.expr]:
    positional = [*a.posonlyargs, *a.args]
    with_default = positional[len(positional) - len(a.defaults) :]
    found = {arg.arg: value for arg, value in zip(with_default, a.defaults, strict=True)}
    keyword = {arg.arg: value for arg, value in zip(a.kwonlyargs, a.kw_defaults, strict=True) if value is not None}
    return found | keyword
