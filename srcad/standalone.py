"""A generated module as a file of its own: it runs without the compiler and takes the function's own arguments.

A kernel takes numbers and arrays. Where the function takes containers or reads captured values, a wrapper stands
below it: numbers that were captured are written into it, other captured values are keyword arguments. It also asks
for the arguments that the text is made for (`guards`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from srcad import emit, ir
from srcad.abstract import Abstract, Num, Seq, Struct
from srcad.guards import LITERAL, NUMBER, Guards, Path, part
from srcad.leaves import fields


@dataclass(frozen=True)
class Kernel:
    """What a wrapper has to know of a generated module and of the function it belongs to.

    inputs: (origin, path, name) per argument. wrt: paths of the differentiated leaves. roots: the places asked for.
    parameters: of the function. types: theirs, by name. read: a captured value. baked: leaves that the text has in it.
    """

    text: str
    entry: str
    name: str
    inputs: tuple[tuple[str, Path, str], ...]
    wrt: tuple[Path, ...]
    roots: tuple[Path, ...]
    output: Abstract
    parameters: tuple[ir.Param, ...]
    types: Mapping[str, Abstract]
    read: Callable[[str, Path], Any]
    baked: tuple[tuple[str, Path, Any], ...] = ()

    @property
    def guards(self) -> Guards:
        """What the arguments must be."""
        baked = {path: value for origin, path, value in self.baked if origin == "param"}
        own = tuple(path for origin, path, _ in self.inputs if origin == "param")
        return Guards(self.entry, self.types, baked, own)


def standalone(kernel: Kernel) -> str:
    """The text of the module, with a wrapper if the kernel's arguments are not the function's."""
    own = [path for _, path, _ in kernel.inputs]
    same = own == [(p.name,) for p in kernel.parameters] and not isinstance(kernel.output, Struct)
    if same and not kernel.guards.statements():
        return kernel.text
    wrapper = emit.function(_wrapper(kernel))
    text = re.sub(rf"\b{re.escape(kernel.entry)}\b", f"_{kernel.entry}", kernel.text)
    if "dataclasses." in wrapper:
        text = _with_import(text, "import dataclasses")
    return f"{text.rstrip()}\n\n\n{wrapper}"


def _with_import(text: str, line: str) -> str:
    """The text with one more import above its first."""
    first = next(node.lineno for node in ast.parse(text).body if isinstance(node, (ast.Import, ast.ImportFrom)))
    lines = text.splitlines(keepends=True)
    gap = "" if lines[first - 1].startswith("import dataclasses") else "\n"
    return "".join([*lines[: first - 1], f"{line}\n{gap}", *lines[first - 1 :]])


def _wrapper(kernel: Kernel) -> ir.Function:
    captured = [(origin, path, name) for origin, path, name in kernel.inputs if origin != "param"]
    literals = {name: value for o, p, name in captured if isinstance(value := kernel.read(o, p), NUMBER)}
    extra = _extra_parameters(kernel)
    args = [part(path, kernel.types) if o == "param" else _captured(name, literals) for o, path, name in kernel.inputs]
    outs = _names("out", len(list(_numbers(kernel.output))))
    rest = _result_names(kernel, [p.name for p in extra])
    run = ir.Call(ir.Name(f"_{kernel.entry}"), (*args, *(ir.Name(p.name) for p in extra)))
    targets = tuple(ir.Name(name) for name in [*outs, *rest])
    return ir.Function(
        kernel.entry,
        _parameters(kernel, extra, [name for _, _, name in captured if name not in literals]),
        (
            *kernel.guards.statements(),
            ir.Assign(ir.Tuple(targets) if len(targets) > 1 else targets[0], run),
            ir.Return(ir.Tuple((_value(kernel.output, iter(outs)), *_derivatives(kernel, rest)))),
        ),
        doc=f"Call _{kernel.entry} with the parts of {kernel.name}'s arguments.",
    )


# ---- arguments ----


def _extra_parameters(kernel: Kernel) -> list[ir.Param]:
    """The kernel's seeds and tangents, with their defaults."""
    tree = ast.parse(kernel.text)
    found = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == kernel.entry)
    names = [a.arg for a in found.args.args]
    values = [ast.literal_eval(d) for d in found.args.defaults]
    defaults: dict[str, Any] = dict(zip(reversed(names), reversed(values)))
    return [_optional(name, defaults) for name in names[len(kernel.inputs) :]]


def _optional(name: str, defaults: dict[str, Any]) -> ir.Param:
    return ir.Param(name, default=ir.Const(defaults[name]) if name in defaults else None)


def _parameters(kernel: Kernel, extra: list[ir.Param], captured: list[str]) -> tuple[ir.Param, ...]:
    """The function's parameters, then seeds and tangents; by keyword only what cannot stand by position."""
    own = kernel.guards.parameters(kernel.parameters)
    plain = [p for p in own if p.kind == "positional"]
    others = [p for p in own if p.kind in ("star", "keyword")]
    needs_name = any(p.default is not None for p in plain) or any(p.kind == "star" for p in others)
    late = [ir.Param(p.name, "keyword", p.default) for p in extra] if needs_name else []
    early = [] if needs_name else extra
    keywords = [ir.Param(name, "keyword") for name in captured]
    return (*plain, *early, *others, *late, *keywords, *(p for p in own if p.kind == "starstar"))


def _captured(name: str, literals: Mapping[str, Any]) -> ir.Expr:
    return ir.Const(literals[name]) if name in literals else ir.Name(name)


# ---- results ----


def _names(stem: str, count: int) -> list[str]:
    return [stem] if count == 1 else [f"{stem}_{k}" for k in range(count)]


def _numbers(t: Abstract) -> Iterator[Num | Seq]:
    if isinstance(t, Struct):
        for item in t.items:
            yield from _numbers(item)
    elif isinstance(t, (Num, Seq)):
        yield t


def _result_names(kernel: Kernel, extra: list[str]) -> list[str]:
    """Names for what a kernel returns after its value: adjoints, tangents of the value, or both and their tangents."""
    own = {path: name for _, path, name in kernel.inputs}
    bars = [f"{own.get(path, str(path[-1]))}_bar" for path in kernel.wrt]
    dots = _names("out_dot", len(list(_numbers(kernel.output))))
    reverse = any(_is_a("bar", name) for name in extra)
    if not any(_is_a("dot", name) for name in extra):
        return bars if reverse else []
    return [*bars, *dots, *(f"{bar}_dot" for bar in bars)] if reverse else dots


def _is_a(kind: str, name: str) -> bool:
    """Whether a name is an adjoint's (`bar`) or a tangent's (`dot`)."""
    return re.search(rf"_{kind}_?\d*$", name) is not None


def _derivatives(kernel: Kernel, rest: list[str]) -> list[ir.Expr]:
    """Adjoints in the structure of the arguments; tangents of the value as they are."""
    if not rest or not _is_a("bar", rest[0]):
        return [ir.Name(name) for name in rest]
    count = len(kernel.wrt)
    found = [_structure(kernel, root, dict(zip(kernel.wrt, rest[:count]))) for root in kernel.roots]
    if len(rest) == count:
        return found
    second = [_structure(kernel, root, dict(zip(kernel.wrt, rest[-count:]))) for root in kernel.roots]
    return [*found, *(ir.Name(name) for name in rest[count:-count]), *second]


def _value(t: Abstract, names: Iterator[str]) -> ir.Expr:
    """The function's value from its leaves; records as plain dicts, whose classes a file cannot import."""
    if isinstance(t, (Num, Seq)):
        return ir.Name(next(names))
    if not isinstance(t, Struct):
        return ir.Const(t.value if isinstance(t.value, LITERAL) else None)
    items = tuple(_value(item, names) for item in t.items)
    if t.kind in ("dict", "dataclass", "object"):
        return ir.Dict(tuple(map(ir.Const, t.keys)), items)
    return ir.List(items) if t.kind == "list" else ir.Tuple(items)


def _structure(kernel: Kernel, path: Path, names: Mapping[Path, str]) -> ir.Expr:
    """An argument's structure with adjoints in the places of its leaves."""
    t: Abstract = kernel.types[path[0]]
    for key in path[1:]:
        assert isinstance(t, Struct)
        t = t.items[t.keys.index(key)]
    if not isinstance(t, Struct):
        return ir.Name(names[path]) if path in names else ir.Const(None)
    items = [_structure(kernel, (*path, key), names) for key in t.keys]
    if t.kind == "dict":
        return ir.Dict(tuple(map(ir.Const, t.keys)), tuple(items))
    if t.kind in ("tuple", "list"):
        return ir.List(tuple(items)) if t.kind == "list" else ir.Tuple(tuple(items))
    keywords = tuple(zip(map(str, t.keys), items))
    if t.kind == "namedtuple":
        return ir.Call(ir.Attr(part(path, kernel.types), "_replace"), (), keywords)
    own = fields(t.cls) if t.cls is not None else None  # an attribute that is no field has no keyword
    keywords = tuple((key, item) for key, item in keywords if own is None or key in own)
    return ir.Call(ir.Attr(ir.Name("dataclasses"), "replace"), (part(path, kernel.types),), keywords)
