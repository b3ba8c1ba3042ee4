"""The docstring of a generated function: what it returns, shapes, what is written, what is recorded and how much."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from srcad import ir
from srcad.dims import dim_expr
from srcad.types import Num

if TYPE_CHECKING:
    from srcad.facts import Shapes
    from srcad.program import Program
    from srcad.transforms.saving import Saved

WIDTH = 84  # of a line inside a function: generated modules are 88 columns wide


def returned(name: str, inputs: Iterable[str], what: str, wrt: str) -> str:
    """``Return f(x, y) and its derivatives with respect to x, y.``, in two sentences where that is too long."""
    for call in (f"{name}({', '.join(inputs)})", f"{name}(...)"):
        text = f"Return {call}{what} {wrt}."
        if len(text) <= WIDTH - 8:
            return text
    return f"Return {name}(...){what}.\n\n{wrapped(f'{wrt[0].upper()}{wrt[1:]}.')}"


def describe(first: str, program: Program, shapes: Shapes, saved: Iterable[Saved] = ()) -> str:
    """The first line, and a paragraph of facts."""
    extents = shape_facts(program, shapes)
    found = [f"Shapes: {extents}."] if extents else []
    found += [f"{program.name} writes {n} in place; this function works on a copy." for n in program.written]
    if program.apart:
        found.append(f"{program.name} copies {', '.join(program.apart)} deeply; they must not share memory.")
    found += records(saved)
    summary, _, more = first.partition("\n\n")
    facts = " ".join([*([more] if more else []), *found])
    return f"{summary}\n\n{wrapped(' '.join(facts.split()))}" if facts else summary


def wrapped(text: str) -> str:
    """Lines that fit; no break inside brackets or products."""
    glued = re.sub(r"\([^()]*\)| \* ", lambda m: m[0].replace(" ", "\0"), text)
    return textwrap.fill(glued, WIDTH, break_long_words=False, break_on_hyphens=False).replace("\0", " ")


def shape_facts(program: Program, shapes: Shapes) -> str:
    """``u (n,), W (k, h)``: the inputs that are arrays, equal extents by equal letters."""
    letters: dict[Any, str] = {}
    names = {i.name for i in program.inputs}
    free = (c for c in "n m k h p q r s a b c d e f g i j l o t u v w x y z".split() if c not in names)
    found = []
    for i in program.inputs:
        kind = shapes.types[i.name]
        if isinstance(kind, Num) and kind.dims:
            extents = []
            for dim in shapes.dims(kind) or ():
                if dim is not None and not dim.terms:
                    extents.append(str(dim.const))
                    continue
                if dim not in letters:
                    letters[dim] = next(free, f"d{len(letters)}")
                extents.append(letters[dim])
            found.append(f"{i.name} ({', '.join(extents)}{',' if len(extents) == 1 else ''})")
    return ", ".join(found)


def records(saved: Iterable[Saved]) -> list[str]:
    """``Records y: 8 bytes per trip.``, a sentence for each size; last what takes no memory of its own."""
    places: dict[str, dict[str, None]] = {}
    for one in saved:
        places.setdefault(size(one), {})[one.place] = None
    sizes: dict[str, list[str]] = {}  # what is recorded at several places may be recorded in several sizes
    for text, found in places.items():
        sizes[text] = list(found)
    return [
        f"Records {', '.join(names)}: {text}{' each' if len(names) > 1 else ''}."
        for text, names in sizes.items()
        if text
    ] + ([f"Records {', '.join(sizes[''])}."] if sizes.get("") else [])


def size(saved: Saved) -> str:
    """``8 * steps bytes``; nothing where it is not known or no memory is taken."""
    kind = saved.kind
    if kind.dtype is None or kind.dims is None or None in kind.dims or not saved.copied:
        return ""
    extents = [dim_expr(dim) for dim in kind.dims if dim is not None]
    factors = [str(np.dtype(kind.dtype).itemsize), *map(_factor, (*saved.count, *extents))]
    return f"{' * '.join(f for f in factors if f != '1')} bytes{' per trip' if saved.repeated else ''}"


def _factor(extent: ir.Expr) -> str:
    """An extent as people say it: ``max(n - 1, 0)`` is ``(n - 1)``."""
    from srcad import emit

    if isinstance(extent, ir.Call) and extent.fn == ir.Ref("builtins.max") and len(extent.args) == 2:
        extent = extent.args[0]
    text = emit.expr(extent)
    return f"({text})" if isinstance(extent, (ir.Binary, ir.Unary)) else text
