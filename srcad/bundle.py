"""`srcad emit --standalone`: what a generated module imports from `srcad_runtime`, written into the module itself."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from srcad.config import UsageError
from srcad.emit_imports import Import
from srcad.emitting import Imports, segment

RUNTIME = "srcad_runtime"
ON_CUPY = f"{RUNTIME}.on_cupy"
_COMPILED = (
    "kernels",
    "interpreted",
    "threads",
)  # registrations with Numba's compiler: a library, not a few lines of text


@dataclass(frozen=True)
class Source:
    """A module of the runtime. names: what its top level binds, and by which statement."""

    text: str
    names: dict[str, ast.stmt]
    order: tuple[ast.stmt, ...]


@dataclass
class Bundle:
    """Definitions collected so far, those that others need first, and what they import."""

    imports: Imports = field(
        default_factory=lambda: Imports({Import("__future__", "annotations", "annotations"): None})
    )
    definitions: dict[tuple[str, str], str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)  # which module a name was taken from
    cupy: bool = False  # helpers say ``cp`` where they say ``np`` in the runtime


def bundled(text: str) -> str:
    """The module `text` without imports from `srcad_runtime`: their definitions stand above its functions.

    Raises:
        UsageError: it needs what cannot be written out.
    """
    tree = ast.parse(text)
    wanted = [n for n in tree.body if isinstance(n, ast.ImportFrom) and (n.module or "").split(".")[0] == RUNTIME]
    if not wanted:
        return text
    bundle = Bundle(cupy=any(node.module == ON_CUPY for node in wanted))
    body = _without(text, wanted)
    for node in wanted:
        for alias in node.names:
            body = _take(bundle, body, node.module or RUNTIME, alias)
    return _printed(bundle, body)


def _take(bundle: Bundle, body: str, module: str, alias: ast.alias) -> str:
    """Collect one imported name; returns the module's text, in which members of modules have their bare names."""
    name = alias.asname or alias.name
    found = _locate(module, alias.name)
    if found is not None:
        collect(bundle, *found)
        return body if name == alias.name else f"{body}\n\n{name} = {alias.name}\n"
    members = sorted(set(re.findall(rf"\b{name}\.(\w+)", body)))
    if alias.name.startswith(_COMPILED) and members:
        raise UsageError(
            f"--standalone: Numba's versions of {', '.join(members)} are a library of their own (srcad_runtime); "
            "use --backend numpy, or keep the import"
        )
    for member in members:
        own = _locate(f"{RUNTIME}.{alias.name}", member)
        if own is None or re.search(rf"(?<![\w.]){member}\b", body):
            raise UsageError(f"--standalone: {alias.name}.{member} cannot be written into the module")
        collect(bundle, *own)
        body = re.sub(rf"\b{name}\.{member}\b", member, body)
    return body


def collect(bundle: Bundle, module: str, name: str) -> None:
    """Add a definition of a module, and before it all that it needs."""
    if (module, name) in bundle.definitions:
        return
    if bundle.owners.setdefault(name, module) != module:
        raise UsageError(f"--standalone: {module} and {bundle.owners[name]} both have a helper {name!r}")
    source = _source(module)
    node = source.names[name]
    bundle.definitions[module, name] = ""  # it may need itself
    parts = (node,) if bundle.cupy else (node, *_registrations(source, name))
    for part in parts:
        for needed in _free_names(part):
            _need(bundle, module, source, needed)
    del bundle.definitions[module, name]  # after what it needs
    text = "\n\n\n".join(segment(source.text, part) for part in parts)
    bundle.definitions[module, name] = re.sub(r"\bnp\.", "cp.", text) if bundle.cupy else text


def _need(bundle: Bundle, module: str, source: Source, name: str) -> None:
    node = source.names.get(name)
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == RUNTIME:
        found = _locate(node.module or RUNTIME, next(a.name for a in node.names if (a.asname or a.name) == name))
        if found is None:
            raise UsageError(f"--standalone: {module}.{name} cannot be written into the module")
        collect(bundle, *found)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        own = [a for a in node.names if (a.asname or a.name).split(".")[0] == name]
        made = ast.Import(own) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, own, 0)
        bundle.imports.add(_for_cupy(made) if bundle.cupy else made)
    elif node is not None:
        collect(bundle, module, name)


def _for_cupy(node: ast.Import | ast.ImportFrom) -> ast.Import | ast.ImportFrom:
    """The import that gives CuPy's library for NumPy's or SciPy's."""
    if isinstance(node, ast.Import):
        return ast.Import([ast.alias("cupy", "cp")]) if node.names[0].name == "numpy" else node
    return ast.ImportFrom(f"cupyx.{node.module}", node.names, 0) if node.module == "scipy" else node


def _locate(module: str, name: str) -> tuple[str, str] | None:
    """Where a name of the runtime is defined: followed through modules that only hand it on; None for a module."""
    if module == RUNTIME:
        module = f"{RUNTIME}.arrays" if find_spec(f"{RUNTIME}.{name}") is None else f"{RUNTIME}.{name}"
        if module == f"{RUNTIME}.{name}":
            return None
    node = _source(module).names.get(name)
    if node is None and module == ON_CUPY:
        return _locate(RUNTIME, name)
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(RUNTIME):
        original = next(a.name for a in node.names if (a.asname or a.name) == name)
        return _locate(node.module or RUNTIME, original)
    return None if node is None else (module, name)


@functools.lru_cache
def _source(module: str) -> Source:
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None, module
    text = Path(spec.origin).read_text(encoding="utf-8")
    tree = ast.parse(text)
    names: dict[str, ast.stmt] = {}
    for node in tree.body:
        for name in _bound(node):
            names.setdefault(name, node)
    return Source(text, names, tuple(tree.body))


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((a.asname or a.name).split(".")[0] for a in node.names)
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (t.id for t in targets if isinstance(t, ast.Name))


def _registrations(source: Source, name: str) -> list[ast.stmt]:
    """Functions whose decorators name a definition: they teach the compiler about it."""
    return [
        node
        for node in source.order
        if isinstance(node, ast.FunctionDef) and any(name in _free_names(d) for d in node.decorator_list)
    ]


def _free_names(node: ast.AST) -> list[str]:
    return list(dict.fromkeys(n.id for n in ast.walk(node) if isinstance(n, ast.Name)))


# ---- text ----


def _without(text: str, nodes: list[ast.ImportFrom]) -> str:
    gone = {line for node in nodes for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    return "\n".join(line for n, line in enumerate(text.splitlines(), 1) if n not in gone)


def _printed(bundle: Bundle, body: str) -> str:
    """The module: the comments at its top, imports, helpers, functions."""
    own = [segment(body, node) for node in ast.parse(body).body if not bundle.imports.add(node)]
    head = re.match(r"(#[^\n]*\n)*", body)
    helpers = list(bundle.definitions.values())
    if helpers:  # as they stand in srcad_runtime, whose lines are longer
        helpers = ["# ---- helpers ----\n# fmt: off\n\n" + helpers[0], *helpers[1:]]
        helpers[-1] += "\n\n\n# fmt: on\n# ---- derivatives ----"
    return f"{head[0] if head else ''}\n" + "\n\n\n".join([*bundle.imports.text(), *helpers, *own]) + "\n"
