"""Functions in files that are read and never run.; what `modules` finds out about them, as targets."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from srcad import source
from srcad.bindings import Definition
from srcad.errors import Unsupported
from srcad.modules import Folder, Module
from srcad.target import MISSING, Target


class NoFunction(Unsupported):
    """A file has no function of that name."""


def from_file(where: str | Path, name: str, file: str = "<text>") -> Target:
    """The function `name` (``f``, ``Class.method``, ``outer.inner``) of a file or text, which is not run.

    where: a path, or the text itself (recognised by its line ends); file: what to call a text in messages.
    Raises `NoFunction` if there is no such function, Python's SyntaxError if the text is none.
    """
    module = read_module(where, file)
    found = module.find_function(name.split("."))
    if found is None:
        known = [".".join(names) for _, names in _definitions(module)]
        close = difflib.get_close_matches(name, known, 1, 0.5)
        hint = f"Did you mean {close[0]!r}?" if close else f"Its functions: {', '.join(known) or 'none'}."
        raise NoFunction(f"there is no function {name!r} in {module.file.name}", hint=hint)
    return found


def functions(where: str | Path, file: str = "<text>") -> tuple[Target, ...]:
    """The module-level functions of a file or text, in order."""
    module = read_module(where, file)
    return tuple(module.target(node) for node in module.names.names.values() if isinstance(node, Definition))


def decorated(where: str | Path, file: str = "<text>") -> tuple[Target, ...]:
    """The functions and methods under ``@differentiate``; `Target.options` has the decorator's keyword arguments."""
    module = read_module(where, file)
    return tuple(t for node, names in _definitions(module) for t in _marked(module, node, names))


def read_module(where: str | Path, file: str = "<text>") -> Module:
    """Read a file, or a text, as a module."""
    folder = Folder()
    if isinstance(where, str) and ("\n" in where or not Path(where).is_file()):
        return Module(source.file(file, where), Path(file).stem.strip("<>") or "text", None, folder)
    return folder.read(Path(where))


def _definitions(module: Module) -> Iterator[tuple[Definition, list[str]]]:
    for name, node in module.names.names.items():
        if isinstance(node, Definition):
            yield node, [name]
        elif isinstance(node, ast.ClassDef):
            yield from ((m, [name, m.name]) for m in node.body if isinstance(m, Definition))


def _marked(module: Module, node: Definition, names: list[str]) -> Iterator[Target]:
    for d in node.decorator_list:
        call = d if isinstance(d, ast.Call) else None
        if module.scope.dotted(call.func if call else d) == "srcad.differentiate":
            target = module.find_function(names)
            assert target is not None
            target.options.update(_options(module, call))
            yield target


def _options(module: Module, call: ast.Call | None) -> dict[str, Any]:
    options = {}
    for keyword in call.keywords if call is not None else ():
        value = module.scope.literal(keyword.value)
        if keyword.arg is None or value is MISSING:
            raise Unsupported(
                "this option of differentiate is not a literal", module.file.loc(keyword), "Write its value here."
            )
        options[keyword.arg] = value
    return options
