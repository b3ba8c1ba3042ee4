"""Functions of the user's that have a derivative rule: generated code calls them, so it must hold or import them.

A function that needs nothing but libraries and such functions is written into the generated module. Another one is
imported, if its module has it under its name. What is neither becomes an argument of the generated function.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from srcad import ir
from srcad.errors import Unsupported
from srcad.naming import Names, identifier

_WRITING = frozenset("sort fill put partition itemset append extend insert pop update clear".split())
_CAPTURED = ("global:", "closure:")


@dataclass(frozen=True)
class Definition:
    """What a ``made:`` reference refers to: a function that was written for a call, and that passes leave alone."""

    function: ir.Function


@dataclass(frozen=True)
class Borrowed:
    """A program's function with the names of what it borrows; `definitions` stand above it in the module.

    imports: a note for each function that is imported, with a digest of its text: the module is another one when the
    function is.
    """

    function: ir.Function
    definitions: tuple[ir.Function, ...] = ()
    imports: tuple[str, ...] = ()


def borrow(function: ir.Function) -> Borrowed:
    """Find the functions that `function` borrows.

    Raises:
        Unsupported: one writes into its argument.
    """
    function, made = _made(function)
    found = _borrowed(function)
    if not found:
        return Borrowed(function, made)
    held: dict[int, ir.Function | None] = {}
    for ref in found:
        _hold(ref, held)
    whole = {key: f for key, f in held.items() if f is not None}
    names = Names(ir.names((function, *whole.values())) | {function.name})
    spelled = {key: names.fresh(identifier(f.name)) for key, f in whole.items()}
    definitions = (replace(_plain(f), name=spelled[key]) for key, f in whole.items())
    return Borrowed(
        _spelled(function, spelled),
        (*made, *(_spelled(f, spelled) for f in definitions)),
        tuple(_note(ref) for ref in found if _key(ref) not in spelled and _importable(ref)),
    )


def _made(function: ir.Function) -> tuple[ir.Function, tuple[ir.Function, ...]]:
    """With the functions that were written for a solver by name, and their definitions."""
    refs = {n.path: n for n in ir.walk(function) if isinstance(n, ir.Ref) and n.path.startswith("made:")}
    by_name = {path: ir.Name(ref.obj.function.name) for path, ref in refs.items()}
    named = ir.transform(function, lambda n: by_name.get(n.path, n) if isinstance(n, ir.Ref) else n)
    return named, tuple(ref.obj.function for ref in refs.values())


def numbers(live: Any, root: Any) -> Iterator[ir.Ref]:
    """The captured numbers that stand as literals in the text of a function, if it is written out.

    root: a target whose names for captured values are used.
    """
    from srcad import scope
    from srcad.eval_rules import captures

    try:
        found = list(captures(scope.from_live(live, root)))
    except Unsupported:  # a function without text, or of Python that srcad does not read
        return
    if all(map(_is_number, found)):
        yield from found


def _borrowed(node: Any) -> list[ir.Ref]:
    """The user's functions that a program refers to, each once, in the order of their names."""
    refs = {_key(n): n for n in ir.walk(node) if isinstance(n, ir.Ref) and n.path.startswith("user:")}
    return sorted(refs.values(), key=lambda ref: ref.path)


def _key(ref: ir.Ref) -> int:
    return id(_live(ref))


def _live(ref: ir.Ref) -> Any:
    return getattr(ref.obj, "live", None) or ref.obj


# ---- written out ----


def _hold(ref: ir.Ref, held: dict[int, ir.Function | None]) -> bool:
    """Add the definition of a function, after those it calls; None for one that cannot be written out."""
    key = _key(ref)
    if key in held:
        return held[key] is not None
    held[key] = None
    function = _definition(ref)
    if function is None:
        return False
    held[key] = function  # it may call itself
    if all([_hold(inner, held) for inner in _borrowed(function)]):
        held[key] = held.pop(key)  # behind what it calls
        return True
    held[key] = None
    return False


def _definition(ref: ir.Ref) -> ir.Function | None:
    """The function as its author wrote it, if it needs nothing else of its author's than numbers."""
    from srcad import scope

    try:
        target = scope.from_live(_live(ref))
        function = target.function
    except Unsupported:
        return None
    _refuse_writer(function, ref)
    captured = [n for n in ir.walk(function) if isinstance(n, ir.Ref) and n.path.startswith(_CAPTURED)]
    if target.bound or function.name == "<lambda>" or not all(map(_is_number, captured)):
        return None
    return ir.transform(function, lambda n: ir.Const(n.obj) if n in captured else n)


def _is_number(ref: ir.Ref) -> bool:
    return isinstance(ref.obj, (bool, int, float, complex))


def _refuse_writer(function: ir.Function, ref: ir.Ref) -> None:
    own = _of_arguments(function)
    named = [n for n in ir.walk(function.body) if isinstance(n, ir.Assign) and isinstance(n.target, ir.Name)]
    new = {n.target.id for n in named if _part_of(n.value) not in own}  # type: ignore[union-attr]
    for node in ir.walk(function.body):
        target = _written(node)
        whole = isinstance(node, ir.Augment) and _root(node.target) not in new  # ``x *= 2`` of an array
        if (whole or isinstance(target, (ir.Index, ir.Attr))) and target is not None and _root(target) in own:
            itself = _root(target) in {p.name for p in function.params}
            what = f"its argument {_root(target)}" if itself else f"an argument by the name {_root(target)}"
            reason = f"cannot differentiate by rule {function.name}, which writes into {what}"
            raise Unsupported(reason, ref.loc or function.loc, "Let it return what it computes.")


def _of_arguments(function: ir.Function) -> set[str]:
    """Names for arguments, for parts of them, and for what functions inside are given."""
    inner = [n.function.params for n in ir.walk(function.body) if isinstance(n, ir.Define)]
    own = {p.name for params in (function.params, *inner) for p in params}
    named = [n for n in ir.walk(function.body) if isinstance(n, ir.Assign) and isinstance(n.target, ir.Name)]
    while True:
        found = {n.target.id for n in named if _part_of(n.value) in own}  # type: ignore[union-attr]
        if found <= own:
            return own
        own |= found


def _part_of(expr: ir.Expr) -> str:
    """The variable that a value may be a part of: ``a[1:]``, ``a.T``, ``a.ravel()``, ``np.reshape(a, n)``."""
    from srcad.transforms.alias import MAYBE, VIEWS

    views = VIEWS | MAYBE
    while True:
        if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Attr) and f"numpy.{expr.fn.name}" in views:
            expr = expr.fn.base
        elif isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref) and expr.fn.path in views and expr.args:
            expr = expr.args[0]
        elif isinstance(expr, (ir.Index, ir.Attr)):
            expr = expr.base
        else:
            return expr.id if isinstance(expr, ir.Name) else ""


def _written(node: Any) -> ir.Expr | None:
    """The place that a statement or a call writes into."""
    if isinstance(node, (ir.Assign, ir.Augment)):
        return node.target
    if isinstance(node, ir.Call) and isinstance(node.fn, ir.Attr) and node.fn.name in _WRITING:
        return node.fn
    out = dict(node.kwargs).get("out") if isinstance(node, ir.Call) else None
    return None if out is None else ir.Index(out, (ir.ELLIPSIS,))


def _root(expr: ir.Expr) -> str:
    while isinstance(expr, (ir.Index, ir.Attr)):
        expr = expr.base
    return expr.id if isinstance(expr, ir.Name) else ""


def _plain(function: ir.Function) -> ir.Function:
    """Without annotations: they may name what the module does not have."""
    params = tuple(replace(p, annotation=None) for p in function.params)
    return ir.transform(
        replace(function, params=params),
        lambda n: replace(n, annotation=None) if isinstance(n, ir.Assign) and n.annotation else n,
    )


# ---- imported ----


def _importable(ref: ir.Ref) -> bool:
    """Whether a function's module has it under its name, and is not the program that is run."""
    live = _live(ref)
    home, name = str(getattr(live, "__module__", "")), str(getattr(live, "__qualname__", ""))
    place = sys.modules.get(home) if home != "__main__" else None
    return place is not None and name.isidentifier() and getattr(place, name, None) is live


def _note(ref: ir.Ref) -> str:
    from srcad.fingerprint import fingerprint

    live = _live(ref)
    return f"Calls {live.__module__}.{live.__qualname__} as it was at {fingerprint(live)[:8]}."


def _spelled(function: ir.Function, spelled: dict[int, str]) -> ir.Function:
    def visit(node: Any) -> Any:
        if not isinstance(node, ir.Ref) or not node.path.startswith("user:"):
            return node
        if _key(node) in spelled:
            return ir.Name(spelled[_key(node)])
        if not _importable(node):
            return node
        live = _live(node)
        return replace(node, path=f"import:{live.__module__}.{live.__qualname__}")

    return ir.transform(function, visit)
