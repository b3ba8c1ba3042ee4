"""What a generated module imports, and how its functions spell what they imported."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from srcad import ir
from srcad.emit_layout import render
from srcad.emit_syntax import commas, in_parentheses_if_broken
from srcad.naming import identifier

ALIASES = {"numpy": "np", "cupy": "cp"}
ON_CUPY = "srcad_runtime.on_cupy"  # from srcad_runtime.on_cupy import unbroadcast
BY_NAME = frozenset({"numba", "srcad", "srcad_runtime"})  # from numba import prange


@dataclass(frozen=True)
class Import:
    """``import module as alias`` (`name` is "") or ``from module import name as alias``."""

    module: str
    name: str
    alias: str


class Spelling:
    """Gives each path its name in the module, beside the names that are `taken`."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(taken)
        self.imports: dict[tuple[str, str], Import] = {}

    def spell(self, path: str) -> ir.Expr:
        """The expression for a `Ref`: ``np.linalg.inv``, ``unbroadcast``, ``len``."""
        kind, _, name = path.rpartition(":")
        if kind == "import":  # ir.Ref("import:package.module.name"): a function of the user's
            module, _, name = name.rpartition(".")
            return ir.Name(self.require(module, name))
        if kind:
            return ir.Name(identifier(name.rpartition(".")[2]) if kind.startswith("user") else name)
        if path.startswith("builtins.") and path[9:] not in self.taken:
            return ir.Name(path[9:])
        module, name, attributes = source_of(path)
        spelled: ir.Expr = ir.Name(self.require(module, name))
        for attribute in attributes:
            spelled = ir.Attr(spelled, attribute)
        return spelled

    def require(self, module: str, name: str = "") -> str:
        """Import it, unless that was done before; returns the alias."""
        if (module, name) not in self.imports:
            alias = name or ALIASES.get(module, module)
            while alias in self.taken:
                alias += "_"
            self.taken.add(alias)
            self.imports[module, name] = Import(module, name, alias)
        return self.imports[module, name].alias


def source_of(path: str) -> tuple[str, str, list[str]]:
    """Where a path comes from: module, name to import from it (or ""), attributes to take."""
    first, *rest = path.split(".")
    if path.startswith(f"{ON_CUPY}."):
        return ON_CUPY, rest[1], rest[2:]
    if first in ALIASES or not rest:
        return first, "", rest
    if len(rest) == 1:
        return (first, rest[0], []) if first in BY_NAME else (first, "", rest)
    return ".".join([first, *rest[:-2]]), rest[-2], rest[-1:]


def resolve(program: Any, taken: Iterable[str] = ()) -> tuple[Any, Spelling]:
    """A program (function, expression, tuple of them) with every `Ref` spelled out, and what that imports."""
    spelling = Spelling({*taken, *local_names(program)})
    paths = sorted({node.path for node in ir.walk(program) if isinstance(node, ir.Ref)})
    spelled = {path: spelling.spell(path) for path in paths}
    return ir.transform(program, lambda n: spelled[n.path] if isinstance(n, ir.Ref) else n), spelling


def local_names(program: Any) -> set[str]:
    """Every name that the program binds or uses as its own."""
    found = ir.names(program)
    for node in ir.walk(program):
        if isinstance(node, ir.Function):
            found.add(node.name)
        elif isinstance(node, ir.Handler) and node.name:
            found.add(node.name)
    return found


def lines(imports: Iterable[Import]) -> list[str]:
    """Sorted import lines: the standard library, a blank line, the rest."""
    imports = list(imports)
    standard = [i for i in imports if i.module.partition(".")[0] in sys.stdlib_module_names]
    others = [i for i in imports if i.module.partition(".")[0] not in sys.stdlib_module_names]
    return [*_section(standard), *([""] if standard and others else []), *_section(others)]


def _section(imports: list[Import]) -> list[str]:
    whole = sorted((i for i in imports if not i.name), key=lambda i: i.module)
    named: dict[str, list[Import]] = {}
    for i in sorted((i for i in imports if i.name), key=lambda i: (i.module, i.name)):
        named.setdefault(i.module, []).append(i)
    plain = [f"import {_as(i.module, i.alias)}" for i in whole]
    return plain + [line for module, group in named.items() for line in _from(module, group)]


def _from(module: str, group: list[Import]) -> list[str]:
    names = commas([_as(i.name, i.alias) for i in group])
    return render((f"from {module} import ", in_parentheses_if_broken(names))).splitlines()


def _as(name: str, alias: str) -> str:
    return name if name == alias else f"{name} as {alias}"
