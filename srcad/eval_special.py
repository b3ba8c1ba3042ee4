"""What the user's classes say about operators: ``__add__``, ``__getitem__``, ``__len__``, ``super()``, ..."""

from __future__ import annotations

import dataclasses
import inspect
import types as python_types
from typing import Any

from srcad import ir, library, scope
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator
from srcad.values import Bound, Dyn, Known, Ptr, Value, certain

OBJECTS = ("dataclass", "object")
BINARY = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "truediv",
    "//": "floordiv",
    "%": "mod",
    "**": "pow",
    "@": "matmul",
    "&": "and",
    "|": "or",
    "^": "xor",
    "<<": "lshift",
    ">>": "rshift",
}
FUNCTIONS = {
    "builtins.abs": "abs",
    "builtins.round": "round",
    "builtins.float": "float",
    "builtins.int": "int",
    "builtins.complex": "complex",
    "math.floor": "floor",
    "math.ceil": "ceil",
    "math.trunc": "trunc",
}
COMPARE = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def class_of(ev: Evaluator, value: Value) -> Any:
    """The user's class of an instance made inside the model; None for all else."""
    if not isinstance(value, Ptr):
        return None
    box = ev.state.heap[value.id]
    return box.cls if box.kind in (*OBJECTS, "namedtuple") else None


def special(ev: Evaluator, value: Value, name: str) -> Any:
    """The method of that name that the user wrote for the class of `value`, or None."""
    cls = class_of(ev, value)
    found = written(cls, name)
    if found is not None:
        noticed(ev, cls, f"__{name}__", found)
    return found


def noticed(ev: Evaluator, cls: Any, name: str, found: Any, *above: Any) -> None:
    """The program at hand is made for this method of a class that it reaches by a name. above: place in `__mro__`."""
    if isinstance(found, (python_types.FunctionType, property)):
        met_as(ev, cls, *above, name, value=found)


def met_as(ev: Evaluator, obj: Any, *below: Any, value: Any) -> None:
    """The program at hand is made for this value of something below a global or captured object."""
    met = getattr(ev.root.family, "met", {})
    places = sorted(scope.split(path) for path, known in met.items() if known is obj)
    if places:
        origin, keys = places[0]
        ev.cx.used_baked[origin, (*keys, *below)] = value


def written(cls: Any, name: str) -> Any:
    """A method that some class above `cls`, or itself, has in a file: not inherited from object, not generated."""
    found = getattr(cls, f"__{name}__", None) if cls is not None else None
    own = isinstance(found, python_types.FunctionType) and found.__code__.co_filename != "<string>"
    return found if own else None


def written_property(member: property) -> bool:
    """Whether a property's getter has text that can be read."""
    getter = member.fget
    return hasattr(getter, "__code__") and not library.is_library(str(getter.__module__))


def invoke(ev: Evaluator, owner: Value, function: Any, args: list[Value], loc: ir.Loc | None) -> Value:
    from srcad import eval_functions

    return eval_functions.call_user(ev, Known(function), [owner, *args], {}, loc)


def is_object(ev: Evaluator, value: Value) -> bool:
    return isinstance(value, Ptr) and ev.state.heap[value.id].kind in OBJECTS


def binary(ev: Evaluator, op: str, left: Value, right: Value, loc: ir.Loc | None) -> Value | None:
    """``left op right`` where one of them is an instance that says what that is; None for numbers and containers."""
    method = special(ev, left, BINARY[op])
    if method is not None:
        return invoke(ev, left, method, [right], loc)
    method = special(ev, right, f"r{BINARY[op]}")
    if method is not None:
        if isinstance(left, Dyn) and not getattr(left.type, "weak", False):
            reason = "cannot differentiate an operator between a NumPy value and an object"
            raise Unsupported(reason, loc, "Write the object on the left, or call its method.")
        return invoke(ev, right, method, [left], loc)
    if is_object(ev, left) or is_object(ev, right):
        names = " and ".join(f"'{_name(ev, v)}'" for v in (left, right))
        raise TypeError(f"unsupported operand type(s) for {op}: {names}")
    return None


def in_place(ev: Evaluator, op: str, left: Value, right: Value, loc: ir.Loc | None) -> Value | None:
    """``left op= right`` by ``__iadd__`` and its like; None where the class has none."""
    method = special(ev, left, f"i{BINARY[op]}")
    return None if method is None else invoke(ev, left, method, [right], loc)


def _name(ev: Evaluator, value: Value) -> str:
    from srcad.eval_builtins import python_class

    return python_class(ev, value).__name__


def compare(ev: Evaluator, op: str, left: Value, right: Value, loc: ir.Loc | None) -> Value | None:
    """A comparison that a class defines; None where fields or identity decide."""
    for one, other, word in ((left, right, op), (right, left, _MIRRORED[op])):
        method = special(ev, one, COMPARE[word])
        if method is not None:
            return invoke(ev, one, method, [other], loc)
        if word == "!=" and special(ev, one, "eq") is not None:
            from srcad.eval_operators import negation

            return negation(ev, invoke(ev, one, special(ev, one, "eq"), [other], loc), loc)
    return None


def by_identity(ev: Evaluator, left: Value, right: Value) -> bool:
    """Whether ``==`` of two instances asks for identity: no class made of fields says more."""
    classes = [class_of(ev, left), class_of(ev, right)]
    if not is_object(ev, left) and not is_object(ev, right):
        return False
    return classes[0] is not classes[1] or not dataclasses.is_dataclass(classes[0]) or not _compares_fields(classes[0])


def _compares_fields(cls: Any) -> bool:
    return bool(cls.__dataclass_params__.eq)


def truth(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value | None:
    """The truth of an instance by ``__bool__`` or ``__len__``; None where it has neither."""
    for name in ("bool", "len"):
        method = special(ev, value, name)
        if method is not None:
            return invoke(ev, value, method, [], loc)
    return None


# ---- attributes ----


def sees_writes(cls: Any, name: str) -> bool:
    """Whether an assignment to this attribute does more than put a value into the instance, or is forbidden."""
    held = inspect.getattr_static(cls, name, None)
    described = hasattr(type(held), "__set__") and not isinstance(held, python_types.MemberDescriptorType)
    return described or written(cls, "setattr") is not None or _is_frozen(cls) or _has_no_place(cls, held)


def _is_frozen(cls: Any) -> bool:
    params = getattr(cls, "__dataclass_params__", None)
    return params is not None and bool(params.frozen)


def _has_no_place(cls: Any, held: Any) -> bool:
    """Whether instances have slots alone, and none for what the class has under the name."""
    return not cls.__dictoffset__ and not isinstance(held, python_types.MemberDescriptorType)


def set_attribute(ev: Evaluator, base: Ptr | Known, name: str, value: Value, loc: ir.Loc | None) -> bool:
    """Whether the class takes the assignment over: by a property, or by forbidding it."""
    cls: Any = ev.state.heap[base.id].cls if isinstance(base, Ptr) else type(base.value)
    if not sees_writes(cls, name):
        return False
    held = inspect.getattr_static(cls, name, None)
    if written(cls, "setattr") is not None:
        raise Unsupported("cannot differentiate a class that defines __setattr__", loc, "Assign to plain attributes.")
    if _is_frozen(cls):
        raise certain(dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}"))
    if isinstance(held, property) and held.fset is not None:
        noticed(ev, cls, name, held)
        invoke(ev, base, held.fset, [value], loc)
    elif isinstance(held, property) or _has_no_place(cls, held):
        raise certain(_forbidden(cls, name))
    else:
        reason = f"cannot differentiate an assignment to the attribute {name}, a {type(held).__name__}"
        raise Unsupported(reason, loc, "Use a property.")
    return True


def _forbidden(cls: Any, name: str) -> Exception:
    """What Python says of an assignment to an attribute that instances of a class have no place for."""
    try:
        empty = tuple.__new__(cls, (None,) * len(cls._fields)) if issubclass(cls, tuple) else object.__new__(cls)
        object.__setattr__(empty, name, None)
    except AttributeError as error:
        return AttributeError(*error.args)
    raise AssertionError(f"{cls.__name__}.{name} can be assigned to")


def missing(ev: Evaluator, base: Ptr, name: str, loc: ir.Loc | None) -> Value:
    """An attribute that neither the instance nor its class has."""
    cls: Any = ev.state.heap[base.id].cls
    if written(cls, "getattr") is not None or written(cls, "getattribute") is not None:
        raise Unsupported("cannot differentiate a class that defines __getattr__", loc, "Use plain attributes.")
    if cls.__module__ == "srcad.rules.polynomial_classes":
        reason = f"cannot differentiate {cls.__name__}.{name} of NumPy's polynomials"
        raise Unsupported(reason, loc, "Use the functions of numpy.polynomial.")
    raise certain(AttributeError(f"{cls.__name__!r} object has no attribute {name!r}"))


def member(ev: Evaluator, base: Ptr, name: str, loc: ir.Loc | None) -> Value:
    """An attribute of the class: a method bound to the instance, or a value that all instances share."""
    cls: Any = ev.state.heap[base.id].cls
    raw = inspect.getattr_static(cls, name, None)
    if raw is None and not hasattr(cls, name):
        return missing(ev, base, name, loc)
    noticed(ev, cls, name, raw)
    if isinstance(raw, property):
        return invoke(ev, base, raw.fget, [], loc)
    found = getattr(cls, name)
    if isinstance(raw, (staticmethod, classmethod)):
        return Known(found)
    if callable(found):
        return Bound(base, name, found)
    if hasattr(type(raw), "__get__"):
        raise Unsupported(f"cannot differentiate the attribute {name}, a {type(raw).__name__}", loc, "Use a property.")
    return _shared(ev, cls, name, found, loc)


def _shared(ev: Evaluator, cls: Any, name: str, value: Any, loc: ir.Loc | None) -> Value:
    """A class attribute: read at every call, like a global."""
    from srcad.eval_exprs import evaluate
    from srcad.eval_operators import known_or_constant

    if isinstance(value, (bool, int, float, complex, str)) or value is None:
        ref = ir.Ref(f"user:{cls.__module__}.{cls.__qualname__}", cls, loc=loc)
        found = ev.scope.attribute(ref, name, loc) if ev.scope is not None else None
        return evaluate(ev, found) if found is not None else known_or_constant(value, loc)
    ref = ir.Ref(f"user:{cls.__module__}.{cls.__qualname__}", cls, loc=loc)
    found = ev.scope.attribute(ref, name, loc)
    assert found is not None
    return evaluate(ev, found)


# ---- super ----


@dataclasses.dataclass(frozen=True)
class Above:
    """``super()``: the classes above `cls` in the order of `owner`'s class."""

    owner: Ptr | Known
    cls: Any


def super_of(ev: Evaluator, args: list[Value], loc: ir.Loc | None) -> Value:
    """``super()`` or ``super(Class, self)`` in a method of an instance."""
    if len(args) == 2 and isinstance(args[0], Known) and isinstance(args[1], (Ptr, Known)):
        return Known(Above(args[1], args[0].value))
    owner = next(iter(ev.env.values()), None)
    cls = _defining_class(ev)
    live = isinstance(owner, Known) and cls in _order(ev, owner)
    if args or not (live or isinstance(owner, Ptr)) or cls is None:
        raise Unsupported("cannot differentiate this use of super", loc, "Call the base class's method by its name.")
    assert isinstance(owner, (Ptr, Known))
    return Known(Above(owner, cls))


def _defining_class(ev: Evaluator) -> Any:
    """The class whose method is being evaluated: its cell ``__class__``."""
    scope = getattr(ev.function, "scope", None)
    cell = getattr(scope, "cells", {}).get("__class__")
    return None if cell is None else cell.cell_contents


def _order(ev: Evaluator, owner: Ptr | Known) -> tuple[type, ...]:
    """The classes in which an attribute of `owner`, an instance or a class, is looked for."""
    if isinstance(owner, Ptr):
        cls: Any = ev.state.heap[owner.id].cls
    else:
        cls = owner.value if isinstance(owner.value, type) else type(owner.value)
    return cls.__mro__  # type: ignore[no-any-return]


def above(ev: Evaluator, value: Above, name: str, loc: ir.Loc | None) -> Value:
    """An attribute found above a class."""
    from srcad import eval_objects

    order = _order(ev, value.owner)
    for k in range(order.index(value.cls) + 1, len(order)):
        cls = order[k]
        if name in vars(cls):
            found = vars(cls)[name]
            if isinstance(value.owner, Known) and isinstance(found, (python_types.FunctionType, property)):
                place = ("__mro__",) if isinstance(value.owner.value, type) else ("__class__", "__mro__")
                eval_objects.bake(ev, value.owner, place[0], found, *place[1:], k, name)
            noticed(ev, order[0], name, found, "__mro__", k)
            if isinstance(found, python_types.FunctionType):
                return Bound(value.owner, name, found)
            if isinstance(found, (staticmethod, classmethod)) and isinstance(value.owner, Known):
                return Known(found.__get__(None, _order(ev, value.owner)[0]))
            if isinstance(found, property) and found.fget is not None:
                return invoke(ev, value.owner, found.fget, [], loc)
            if name == "__init__" and cls is object:
                return Known(_nothing)
            break
    raise Unsupported(f"cannot differentiate super().{name}", loc, "Call the base class's method by its name.")


def _nothing() -> None:
    return None
