"""Keywords that every ufunc takes: ``where=`` with ``out=``, ``dtype=``, and those that leave the values alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcad import eval_effects, ir, library, rules
from srcad.errors import Unsupported
from srcad.eval_builtins import Args, Kwargs, keep
from srcad.eval_core import Evaluator
from srcad.eval_values import constant, demand, static
from srcad.types import Num
from srcad.values import Dyn, Known, Value

KEYWORDS = frozenset("where dtype casting order subok".split())
_HARMLESS = {"casting": ("same_kind", "safe", "unsafe"), "order": ("K", "C", "A"), "subok": (True, False)}


def has_keywords(obj: Any, kwargs: Kwargs) -> bool:
    """Whether a ufunc is given more than its operands and ``out=``."""
    return hasattr(obj, "nin") and hasattr(obj, "nout") and bool(KEYWORDS & set(kwargs))


def call(ev: Evaluator, path: str, obj: Any, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.eval_calls import named

    kwargs = dict(kwargs)
    if eval_effects.has_out(obj, args):
        kwargs["out"] = args.pop()
    mask = kwargs.pop("where", Known(True))
    everywhere = static(ev, mask) == (True, True)
    operands, plain = _plain(ev, path, args, kwargs, loc)
    if "out" in kwargs:

        def computed(out: Value) -> Value:
            value = named(ev, path, obj, operands, plain, loc)
            return value if everywhere else _where(ev, mask, value, out, loc)

        return eval_effects.into(ev, path, obj, args, kwargs, computed, loc)
    if not everywhere:
        reason = f"cannot differentiate {path} with where= and without out=, whose other elements are anything"
        raise Unsupported(reason, loc, "Give out=, or write np.where.")
    return named(ev, path, obj, operands, plain, loc)


def _plain(ev: Evaluator, path: str, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> tuple[Args, Kwargs]:
    """The arguments of the function alone, without what says how it computes and where to."""
    kwargs = {name: value for name, value in kwargs.items() if name != "out"}
    casting = demand(ev, kwargs.get("casting", Known("same_kind")), "the argument casting", loc)
    for name, allowed in _HARMLESS.items():
        if name in kwargs and demand(ev, kwargs.pop(name), f"the argument {name}", loc) not in allowed:
            raise Unsupported(f"cannot differentiate {path} with this {name}", loc, "Leave it out.")
    if "dtype" in kwargs:
        args = _cast(ev, path, args, kwargs.pop("dtype"), casting, loc)
    return args, kwargs


def _where(ev: Evaluator, mask: Value, value: Value, out: Value, loc: ir.Loc | None) -> Value:
    """``np.log(x, where=m, out=c)`` is ``c[...] = np.where(m, np.log(x), c)``: elsewhere c keeps what it holds."""
    own, held = getattr(value, "type", None), getattr(out, "type", None)
    if isinstance(own, Num) and isinstance(held, Num) and own.dtype and held.dtype and own.dtype != held.dtype:
        value = keep(ev, "srcad_runtime.astype", [value, Known(np.dtype(held.dtype))], {}, loc)
    return keep(ev, "numpy.where", [mask, value, out], {}, loc)


# NumPy 2 computes them wrong on processors with AVX-512: of the first and the last element only
UNSURE = frozenset(f"numpy.{name}.{word}" for name in ("power", "arctan2") for word in ("reduce", "reduceat"))
METHODS = {"reduce": {"keepdims", "axis"}, "accumulate": {"axis"}, "reduceat": {"axis"}, "outer": set()}


def method(ev: Evaluator, path: str, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value | None:
    """``np.divide.reduce(x)``, of functions of two numbers whose method has no rule of its own; else None."""
    from srcad.eval_calls import expanded
    from srcad.rules import methods

    base, _, word = path.rpartition(".")
    if path in UNSURE or word not in METHODS or set(kwargs) - METHODS[word] or rules.lookup(path) is not None:
        return None
    function = own(base)
    if function is None or function.value.nin != 2 or not _along_one_axis(ev, word, args, kwargs):
        return None
    return expanded(ev, getattr(methods, word), [function, *args], kwargs, loc)


def own(path: str) -> Known | None:
    """The ufunc at a path, where it has a rule."""
    rule = rules.lookup(path)
    found = library.load(path) if rule is not None and not rule.constant else None
    return Known(found, ir.Ref(path, found)) if isinstance(found, np.ufunc) else None


def _along_one_axis(ev: Evaluator, word: str, args: Args, kwargs: Kwargs) -> bool:
    if word == "outer":
        return True
    places = args[2:] if word == "reduceat" else args[1:]
    axis = kwargs.get("axis", places[0] if places else constant(0))
    return len(places) <= 1 and static(ev, axis)[0] and isinstance(static(ev, axis)[1], int)


def _cast(ev: Evaluator, path: str, args: Args, dtype: Value, casting: Any, loc: ir.Loc | None) -> Args:
    """The operands in the type that the function is to compute in."""
    kind = np.dtype(demand(ev, dtype, "the argument dtype", loc))
    if kind.kind not in "fc":
        raise Unsupported(f"cannot differentiate {path} with dtype={kind.name}", loc, "Convert the operands before.")
    found = []
    for value in args:
        own = value.type if isinstance(value, Dyn) and isinstance(value.type, Num) else None
        if own is None or own.dtype is None:
            raise Unsupported(f"cannot differentiate {path} with dtype of operands of unknown type", loc)
        if not own.weak and not np.can_cast(own.dtype, kind, casting):
            raise Unsupported(f"cannot differentiate {path} with dtype={kind.name} of {own.dtype}", loc)
        fits = own.weak or own.dtype == kind.name
        found.append(value if fits else keep(ev, "srcad_runtime.astype", [value, Known(kind)], {}, loc))
    return found
