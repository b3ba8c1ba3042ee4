"""A generated module as a file of its own: it runs without the compiler and takes the function's own arguments.

A kernel takes numbers and arrays. Where the function takes containers or reads captured values, a wrapper stands
above it: numbers that were captured are written into it, other captured values are keyword arguments.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from srcad import ir, leaves
from srcad.abstract import Abstract, Num, Struct
from srcad.generate import Call
from srcad.kernel import Kernel
from srcad.specialise import Ready

_LITERAL = (int, float, complex, bool, str, type(None))


def standalone(ready: Ready) -> str:
    """The text of the module, with a wrapper if the kernel's arguments are not the function's."""
    kernel, call = ready.kernel, ready.call
    text, entry = kernel.plan.text, kernel.plan.entry
    own = [path for _, path, _ in kernel.plan.inputs]
    if own == [(name,) for name in call.binder.parameters] and not isinstance(kernel.plan.output, Struct):
        return text
    from srcad import emit

    wrapper = emit.function(_wrapper(kernel, call, ready.specialiser.settings.wrt))
    text = re.sub(rf"\b{re.escape(entry)}\b", f"_{entry}", text)
    needed = [] if "dataclasses." not in wrapper else ["import dataclasses\n"]
    return "".join(needed) + f"{text.rstrip()}\n\n\n{wrapper}"


def _wrapper(kernel: Kernel, call: Call, roots: tuple[leaves.Path, ...]) -> ir.Function:
    plan = kernel.plan
    captured = [(origin, path, name) for origin, path, name in plan.inputs if origin != "param"]
    literals = {name: call.read(o, p) for o, p, name in captured if isinstance(call.read(o, p), _LITERAL)}
    extra = _extra_parameters(plan.text, plan.entry, len(plan.inputs))
    args = [_argument(path, name, origin, call, literals) for origin, path, name in plan.inputs]
    outs = _names("out", len(kernel.outputs))
    rest = _result_names(kernel, [p.name for p in extra])
    target = ir.Tuple(tuple(ir.Name(name) for name in [*outs, *rest]))
    run = ir.Call(ir.Name(f"_{plan.entry}"), (*args, *(ir.Name(p.name) for p in extra)))
    derivatives = dict(zip(plan.wrt, rest[-len(plan.wrt) :]))
    value = _display(plan.output, iter(outs))
    parts = [_structure(call, root, derivatives) for root in roots] if "_bar" in rest[-1] else map(_name, rest)
    keyword = tuple(ir.Param(n, "keyword") for _, _, n in captured if n not in literals)
    params = _parameters(call)
    split = sum(p.kind == "positional" for p in params)
    return ir.Function(
        plan.entry,
        (*params[:split], *extra, *params[split:], *keyword),
        (ir.Assign(target, run), ir.Return(ir.Tuple((value, *parts)))),
        doc=f"Call _{plan.entry} with the parts of {call.binder.name}'s arguments.",
    )


def _name(name: str) -> ir.Expr:
    return ir.Name(name)


def _names(stem: str, count: int) -> list[str]:
    return [stem] if count == 1 else [f"{stem}_{k}" for k in range(count)]


def _result_names(kernel: Kernel, extra: list[str]) -> list[str]:
    """Names for what a kernel returns after its value: adjoints in reverse mode, tangents of the value otherwise."""
    if any(name.endswith("_bar") for name in extra):
        own = {path: name for _, path, name in kernel.plan.inputs}
        return [f"{own.get(path, str(path[-1]))}_bar" for path in kernel.plan.wrt]
    return _names("out_dot", len(kernel.seeded))


def _extra_parameters(text: str, entry: str, count: int) -> list[ir.Param]:
    """The kernel's seeds and tangents, with their defaults."""
    tree = ast.parse(text)
    found = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == entry)
    names = [a.arg for a in found.args.args]
    defaults: dict[str, Any] = dict(zip(reversed(names), map(ast.literal_eval, reversed(found.args.defaults))))
    return [ir.Param(name, default=ir.Const(defaults[name]) if name in defaults else None) for name in names[count:]]


def _parameters(call: Call) -> list[ir.Param]:
    kinds = {"VAR_POSITIONAL": "star", "VAR_KEYWORD": "starstar", "KEYWORD_ONLY": "keyword"}
    found = []
    for p in call.binder.inner.parameters.values():
        default = ir.Const(p.default) if isinstance(p.default, _LITERAL) else None
        found.append(ir.Param(p.name, kinds.get(p.kind.name, "positional"), default))
    return found


def _argument(path: leaves.Path, name: str, origin: str, call: Call, literals: dict[str, Any]) -> ir.Expr:
    if origin == "param":
        return _part(path, call)
    return ir.Const(literals[name]) if name in literals else ir.Name(name)


def _part(path: leaves.Path, call: Call) -> ir.Expr:
    """``params["w"][0]`` or ``state.x``."""
    value = call.at(path[:1])
    found: ir.Expr = ir.Name(path[0])
    for key in path[1:]:
        by_item = isinstance(value, (dict, list, tuple)) and not hasattr(value, "_fields")
        found = ir.Index(found, (ir.Const(key),)) if by_item else ir.Attr(found, key)
        value = leaves.follow(value, (key,))
    return found


def _display(t: Abstract, names: Any) -> ir.Expr:
    """The function's value from its leaves; records as plain tuples and dicts, whose classes a file cannot import."""
    if isinstance(t, Num):
        return ir.Name(next(names))
    if not isinstance(t, Struct):
        value = getattr(t, "value", None)
        return ir.Const(value if isinstance(value, _LITERAL) else None)
    items = tuple(_display(item, names) for item in t.items)
    if t.kind in ("dict", "dataclass", "object"):
        return ir.Dict(tuple(map(ir.Const, t.keys)), items)
    return ir.List(items) if t.kind == "list" else ir.Tuple(items)


def _structure(call: Call, path: leaves.Path, derivatives: dict[leaves.Path, str]) -> ir.Expr:
    """The argument's structure with adjoints in the places of its leaves."""
    value = call.at(path)
    parts = leaves.children(value)
    if parts is None:
        return ir.Name(derivatives[path]) if path in derivatives else ir.Const(None)
    items = [(key, _structure(call, (*path, key), derivatives)) for key, _ in parts]
    if isinstance(value, dict):
        return ir.Dict(tuple(ir.Const(key) for key, _ in items), tuple(item for _, item in items))
    if leaves.fields(type(value)) is None:
        found = tuple(item for _, item in items)
        return ir.List(found) if isinstance(value, list) else ir.Tuple(found)
    keywords = tuple((str(key), item) for key, item in items)
    if isinstance(value, tuple):
        return ir.Call(ir.Attr(_part(path, call), "_replace"), (), keywords)
    return ir.Call(ir.Attr(ir.Name("dataclasses"), "replace"), (_part(path, call),), keywords)
