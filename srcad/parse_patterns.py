"""``match``: patterns become tests over the subject's name, and bindings."""

from __future__ import annotations

import dataclasses
from typing import Any

import libcst as cst

from srcad import ir, library

Pattern = tuple[ir.Expr, tuple[tuple[str, ir.Expr], ...]]

_TRUE = ir.Const(True)
# types whose one positional sub-pattern is the subject itself
_SELF_MATCHING = (bool, bytearray, bytes, dict, float, frozenset, int, list, set, str, tuple)


def match(reader: Any, node: cst.Match) -> ir.Match:
    """A match statement; the subject is evaluated once, into a name of its own."""
    var = reader.names.fresh("subject")
    cases = tuple(_case(reader, case, ir.Name(var, loc=reader.loc(node.subject))) for case in node.cases)
    return ir.Match(reader.expr(node.subject), var, cases, loc=reader.header(node, node.subject, node.subject))


def _case(reader: Any, node: cst.MatchCase, subject: ir.Expr) -> ir.Case:
    loc = reader.loc(node.pattern)
    test, bindings = _pattern(reader, node.pattern, subject)
    placed = tuple((name, _placed(value, loc)) for name, value in bindings)
    return ir.Case(_placed(test, loc), placed, reader.optional(node.guard), reader.suite(node.body))


def _pattern(reader: Any, node: Any, subject: ir.Expr) -> Pattern:
    return _PATTERNS[type(node).__name__](reader, node, subject)


def _value(reader: Any, node: cst.MatchValue, subject: ir.Expr) -> Pattern:
    value = reader.expr(node.value)
    return ir.Compare(("==",), (subject, value), loc=value.loc), ()


def _singleton(reader: Any, node: cst.MatchSingleton, subject: ir.Expr) -> Pattern:
    value = reader.expr(node.value)
    return ir.Compare(("is",), (subject, value), loc=value.loc), ()


def _as(reader: Any, node: cst.MatchAs, subject: ir.Expr) -> Pattern:
    test, bindings = (_TRUE, ()) if node.pattern is None else _pattern(reader, node.pattern, subject)
    return test, bindings if node.name is None else (*bindings, (node.name.value, subject))


def _or(reader: Any, node: cst.MatchOr, subject: ir.Expr) -> Pattern:
    options = [_pattern(reader, element.pattern, subject) for element in node.patterns]
    bindings = list(options[-1][1])
    for test, found in reversed(options[:-1]):  # every option binds the same names
        chosen = dict(found)
        bindings = [(name, _choice(test, chosen[name], other)) for name, other in bindings]
    return ir.BoolOp("or", tuple(test for test, _ in options), loc=reader.loc(node)), tuple(bindings)


def _choice(test: ir.Expr, value: ir.Expr, other: ir.Expr) -> ir.Expr:
    return value if value == other else ir.IfExp(test, value, other)


def _sequence(reader: Any, node: Any, subject: ir.Expr) -> Pattern:
    stars = [i for i, p in enumerate(node.patterns) if isinstance(p, cst.MatchStar)]
    star, count = stars[0] if stars else len(node.patterns), len(node.patterns)
    length = ir.Compare(
        (">=" if stars else "==",),
        (_call("builtins.len", subject), ir.Const(count - len(stars))),
        loc=reader.loc(node),
    )
    parts: list[Pattern] = [(_is_sequence(subject), ()), (length, ())]
    for i, pattern in enumerate(node.patterns):
        if isinstance(pattern, cst.MatchStar):
            parts.append((_TRUE, _rest(pattern, subject, i, i + 1 - count)))
        else:
            item = ir.Index(subject, (ir.Const(i if i < star else i - count),), loc=reader.loc(node))
            parts.append(_pattern(reader, pattern.value, item))
    return _all(parts)


def _is_sequence(subject: ir.Expr) -> ir.Expr:
    """What Python takes for a sequence here: any but strings and bytes."""
    text = ir.Tuple(tuple(_ref(f"builtins.{name}") for name in ("str", "bytes", "bytearray")))
    sequence = _call("builtins.isinstance", subject, _ref("collections.abc.Sequence"))
    return ir.BoolOp("and", (sequence, ir.Unary("not", _call("builtins.isinstance", subject, text))))


def _call(path: str, *args: ir.Expr) -> ir.Call:
    return ir.Call(_ref(path), args)


def _ref(path: str) -> ir.Ref:
    return ir.Ref(path, library.load(path))


def _placed(node: Any, loc: ir.Loc) -> Any:
    """`node` with a place for whatever the pattern only implies."""
    return ir.transform(node, lambda n: dataclasses.replace(n, loc=loc) if getattr(n, "loc", loc) is None else n)


def _rest(star: cst.MatchStar, subject: ir.Expr, start: int, stop: int) -> tuple[tuple[str, ir.Expr], ...]:
    if star.name is None:
        return ()
    part = ir.Slice(ir.Const(start), ir.Const(stop) if stop else None)
    return ((star.name.value, _call("builtins.list", ir.Index(subject, (part,)))),)


def _mapping(reader: Any, node: cst.MatchMapping, subject: ir.Expr) -> Pattern:
    parts: list[Pattern] = [(_call("builtins.isinstance", subject, _ref("collections.abc.Mapping")), ())]
    keys = [reader.expr(element.key) for element in node.elements]
    for key, element in zip(keys, node.elements, strict=True):
        parts.append((ir.Compare(("in",), (key, subject), loc=key.loc), ()))
        parts.append(_pattern(reader, element.pattern, ir.Index(subject, (key,), loc=key.loc)))
    if node.rest is not None:
        parts.append((_TRUE, ((node.rest.value, _without(reader, subject, keys)),)))
    return _all(parts)


def _without(reader: Any, subject: ir.Expr, keys: list[ir.Expr]) -> ir.Expr:
    key, value = ir.Name(reader.names.fresh("key")), ir.Name(reader.names.fresh("item"))
    items = ir.Call(ir.Attr(subject, "items"))
    generator = ir.Generator(ir.Tuple((key, value)), items, (ir.Compare(("not in",), (key, ir.Tuple(tuple(keys)))),))
    return ir.Comprehension("dict", ir.Tuple((key, value)), (generator,))


def _class(reader: Any, node: cst.MatchClass, subject: ir.Expr) -> Pattern:
    cls = reader.expr(node.cls)
    parts: list[Pattern] = [(ir.Call(_ref("builtins.isinstance"), (subject, cls), loc=cls.loc), ())]
    names = _match_args(reader, node, cls) if node.patterns else ()
    for name, element in zip(names, node.patterns, strict=False):
        parts.append(_pattern(reader, element.value, ir.Attr(subject, name, loc=cls.loc) if name else subject))
    for keyword in node.kwds:
        parts.append(_pattern(reader, keyword.pattern, ir.Attr(subject, keyword.key.value, loc=cls.loc)))
    return _all(parts)


def _match_args(reader: Any, node: cst.MatchClass, cls: ir.Expr) -> tuple[str, ...]:
    """The attributes that positional sub-patterns stand for; "" is the subject itself."""
    ref = _resolve(reader, cls)
    if ref is not None and ref.obj in _SELF_MATCHING:
        names: tuple[str, ...] = ("",)
    else:
        names = tuple(getattr(ref.obj, "__match_args__", ())) if ref is not None else ()
    if len(names) < len(node.patterns):
        reader.refuse(node, "this class pattern: its positional parts are unknown", "Write attribute=pattern.")
    return names


def _resolve(reader: Any, cls: ir.Expr) -> ir.Ref | None:
    if isinstance(cls, ir.Name):
        ref: ir.Ref | None = reader.scope.resolve(cls.id, cls.loc)
        return ref
    if isinstance(cls, ir.Attr):
        base = _resolve(reader, cls.base)
        return None if base is None else reader.scope.attribute(base, cls.name, cls.loc)
    return None


def _all(parts: list[Pattern]) -> Pattern:
    tests = tuple(test for test, _ in parts if test != _TRUE)
    bindings = tuple(b for _, found in parts for b in found)
    return (tests[0] if len(tests) == 1 else ir.BoolOp("and", tests) if tests else _TRUE), bindings


_PATTERNS: dict[str, Any] = {
    "MatchValue": _value,
    "MatchSingleton": _singleton,
    "MatchAs": _as,
    "MatchOr": _or,
    "MatchList": _sequence,
    "MatchTuple": _sequence,
    "MatchMapping": _mapping,
    "MatchClass": _class,
}
