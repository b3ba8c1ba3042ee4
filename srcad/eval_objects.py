"""The user's objects: live instances whose attributes are inputs, classes that are constructed inside the model."""

from __future__ import annotations

import dataclasses
import inspect
import types as python_types
from typing import Any

import numpy as np

from srcad import eval_special, ir, leaves, library, scope, types
from srcad.errors import Unsupported, no_rule
from srcad.eval_builtins import keep
from srcad.eval_core import Evaluator
from srcad.eval_exprs import evaluate
from srcad.eval_values import constant
from srcad.types import Num, Struct
from srcad.values import Bound, Conflict, Dyn, Known, Ptr, Value, certain


def attribute(ev: Evaluator, base: Known, name: str, loc: ir.Loc | None) -> Value:
    """An attribute of something known while transforming: a module, a class, a live instance, a string."""
    owner, ref = base.value, base.expr
    if isinstance(owner, eval_special.Above):
        return eval_special.above(ev, owner, name, loc)
    if isinstance(ref, ir.Ref) and ev.scope is not None:
        found = ev.scope.attribute(ref, name, loc)
        if found is not None:
            return evaluate(ev, found)
    if isinstance(owner, (np.finfo, np.iinfo)):
        return _limit(ev, getattr(owner, name), loc)
    if isinstance(owner, scope.Target):
        derivation = getattr(owner.live, "derivation", lambda _: None)(name)  # of what @differentiate made
        if derivation is not None:
            return Known(derivation)
        raise Unsupported(f"cannot differentiate the attribute {name} of a function", loc)
    if name == "__dict__":
        ev.cx.whole_reads.add(id(owner))
        _read_or_set(ev, owner, loc)
    updated = ev.state.frames.get("#objects", {}).get(f"{id(owner)}.{name}")
    if isinstance(updated, Conflict):
        reason = f"cannot differentiate the attribute {name}, which {updated.reason}"
        raise Unsupported(reason, loc, "Give it one kind of value on every path.")
    if updated is not None:
        return updated
    raw = inspect.getattr_static(type(owner), name, None)
    if isinstance(raw, property) and eval_special.written_property(raw):
        bake(ev, base, "__class__", raw, name)
        return eval_special.invoke(ev, base, raw.fget, [], loc)
    if not present(ev, base, name, loc):
        raise certain(AttributeError(f"{type(owner).__name__!r} object has no attribute {name!r}"))
    value = getattr(owner, name)
    if callable(value) and not isinstance(value, type):
        if name in getattr(owner, "__dict__", {}):
            bake(ev, base, name, value, loc=loc)
            known = library.path_of(value)
            return Known(value, None if known is None else ir.Ref(known, value), _place(base, name))
        if hasattr(value, "__func__"):
            bake(ev, base, name, value.__func__, "__func__", loc=loc)
        elif isinstance(raw, staticmethod) or not hasattr(raw, "__get__"):
            bake(ev, base, name, value, loc=loc)
            if (known := library.path_of(value)) is not None:
                return Known(value, ir.Ref(known, value))
        return Known(value) if isinstance(owner, type) else Bound(base, name, value)
    return _member(ev, base, name, value, loc)


def _limit(ev: Evaluator, value: Any, loc: ir.Loc | None) -> Value:
    """What NumPy says of a type of numbers: a number of that type, or a text."""
    if isinstance(value, np.floating):
        return keep(ev, f"numpy.{value.dtype.name}", [constant(float(value))], {}, loc)
    return constant(value) if isinstance(value, int) else Known(value)


def _member(ev: Evaluator, base: Known, name: str, value: Any, loc: ir.Loc | None) -> Value:
    place = _place(base, name)
    if leaves.is_generator(value) and place is not None:
        return ev.input(types.Static(value), name, *place)
    if (
        value is None
        or isinstance(value, (str, type))
        or library.is_library(type(value).__module__.partition(".")[0])
        and (not hasattr(value, "dtype") or isinstance(value, type))
        and not isinstance(value, (int, float, complex, tuple, list, dict))
    ):
        bake(ev, base, name, value, loc=loc)
        reference = _reference(base, name, value) if isinstance(value, type) else None
        return Known(value, reference, place)
    if place is None:
        raise Unsupported(f"cannot differentiate the attribute {name} of this value", loc, "Pass it as an argument.")
    origin, keys = place
    try:
        abstract = types.describe(value, name)
    except TypeError as error:
        raise Unsupported(str(error), loc) from None
    if isinstance(abstract, Struct):
        bake(ev, base, name, leaves.Form.of(value))
    if isinstance(abstract, (Num, Struct)):
        cache = ev.state.frames.setdefault("#attributes", {})
        key = f"{origin}:{keys}"
        if key not in cache:
            cache[key] = ev.input(abstract, name, origin, keys)
        return cache[key]
    if leaves.content(value) is not None and not leaves.is_structure(value):
        bake(ev, base, name, leaves.Form.of(value))
    return Known(value, _reference(base, name, value), place)


def _reference(base: Known, name: str, value: Any) -> ir.Ref | None:
    """An attribute as a dotted name; None below a part of a container, which has none."""
    path = _path(base, name)
    return None if path is None else ir.Ref(f"{path[0]}:{'.'.join(map(str, path[1]))}", value)


def present(ev: Evaluator, base: Known, name: str, loc: ir.Loc | None) -> bool:
    """Whether a live object has an attribute now; the program is made for this answer."""
    if f"{id(base.value)}.{name}" in ev.state.frames.get("#objects", {}):
        return True  # the model has set it
    if isinstance(base.value, scope.Target):
        raise Unsupported(f"cannot differentiate the attribute {name} of a function", loc)
    found = hasattr(base.value, name)
    place = _place(base, name)
    if place is not None:
        origin, keys = place
        ev.cx.used_baked[origin, (*keys[:-1], leaves.Presence(name))] = found
    elif not found and _may_get_attributes(base.value):
        reason = f"cannot differentiate the attribute {name}, which this value does not have, but may get"
        raise Unsupported(reason, loc, "Set it before, or pass what it would hold as an argument.")
    return found


def _may_get_attributes(owner: Any) -> bool:
    """Whether somebody may set attributes of a value later: a function, a class, a module, an object of the user's."""
    kind = owner if isinstance(owner, (type, python_types.ModuleType, python_types.FunctionType)) else type(owner)
    home = getattr(kind, "__module__", None) or getattr(kind, "__name__", "")
    known = library.is_library(str(home).partition(".")[0]) or home == "builtins"
    return hasattr(owner, "__dict__") and (not known or isinstance(owner, python_types.SimpleNamespace))


def bake(ev: Evaluator, base: Known, name: str, value: Any, *below: Any, loc: ir.Loc | None = None) -> None:
    """The program at hand is made for this value of an attribute, or of an attribute `below` it.

    Raises:
        Unsupported: the attribute may get another value, and nothing says where it could be looked up then.
    """
    place = _place(base, name)
    if place is not None:
        origin, keys = place
        ev.cx.used_baked[origin, (*keys, *below)] = value
    elif _may_get_attributes(base.value):
        raise Unsupported(f"cannot differentiate the attribute {name} of this value", loc, "Pass it as an argument.")


def _place(base: Known, name: str) -> tuple[str, tuple[Any, ...]] | None:
    """Where an attribute is found again, also one of a part of a container."""
    if base.place is not None:
        return base.place[0], (*base.place[1], name)
    return _path(base, name)


def _path(base: Known, name: str) -> tuple[str, tuple[Any, ...]] | None:
    """(origin, keys) of an attribute, from those of its owner, where its numbers can be inputs."""
    if not isinstance(base.expr, ir.Ref):
        return None
    if base.expr.path.startswith(("global:", "closure:", "attribute:")):
        origin, keys = scope.split(base.expr.path)
        return origin, (*keys, name)
    return None


def method(ev: Evaluator, fn: Bound, args: list[Value], kwargs: dict[str, Value], loc: ir.Loc | None) -> Value:
    """A method of a live object: the user's is inlined with the object as self, a generator's draw is kept."""
    from srcad import eval_functions

    owner = fn.owner
    assert isinstance(owner, Known)
    if isinstance(owner.value, (np.random.Generator, np.random.RandomState)):
        from srcad import eval_effects

        return eval_effects.draw(ev, owner, fn.name, args, kwargs, loc)
    if isinstance(owner.value, (str, bytes)):
        from srcad import eval_text

        return eval_text.method(ev, fn, args, kwargs, loc)
    raw = inspect.getattr_static(type(owner.value), fn.name, None)
    if isinstance(fn.function, python_types.FunctionType) and not isinstance(raw, staticmethod):
        raw = fn.function  # found by super(), and not bound
    if not isinstance(raw, python_types.FunctionType):  # a static method, a class method, a callable of the object's
        return eval_functions.call_user(ev, Known(fn.function), args, kwargs, loc)
    return eval_functions.call_user(ev, Known(raw), [owner, *args], kwargs, loc)


def construct(ev: Evaluator, fn: Known, args: list[Value], kwargs: dict[str, Value], loc: ir.Loc | None) -> Value:
    """An instance of the user's class: its attributes become a container's fields."""
    cls: Any = fn.value
    if hasattr(cls, "_fields") and issubclass(cls, tuple):
        defaults = getattr(cls, "_field_defaults", {})
        return _with_fields(ev, "namedtuple", cls, list(cls._fields), args, kwargs, defaults, loc)
    foreign = library.is_standard(cls.__module__) or cls.__module__.partition(".")[0] in ("numpy", "scipy")
    if foreign and not issubclass(cls, BaseException):
        raise no_rule(f"{cls.__module__}.{cls.__qualname__}", loc)
    if issubclass(cls, BaseException):
        raise Unsupported("cannot differentiate an exception used as a value", loc)
    made_of_fields = dataclasses.is_dataclass(cls) and "__init__" not in _own(fn.value)
    if made_of_fields:
        names = [f.name for f in dataclasses.fields(cls) if f.init]
        defaults = {f.name: f.default for f in dataclasses.fields(cls) if f.default is not dataclasses.MISSING}
        made = _with_fields(ev, "dataclass", fn.value, names, args, kwargs, defaults, loc)
        _run(ev, made, "__post_init__", [], {}, loc)
        return made
    if eval_special.written(cls, "new") is not None:
        raise Unsupported("cannot differentiate a class that defines __new__", loc, "Use __init__.")
    made = ev.box("object", (), (), cls=cls, bound=True, site=loc)
    if cls.__init__ is object.__init__ and not args and not kwargs:
        return made
    if not hasattr(cls.__init__, "__code__"):
        raise Unsupported(f"cannot differentiate an instance of {cls.__name__}", loc)
    _run(ev, made, "__init__", args, kwargs, loc)
    return made


def _own(cls: type) -> dict[str, Any]:
    """What the class body itself defines: a dataclass's generated __init__ has no source."""
    init = cls.__dict__.get("__init__")
    generated = init is None or getattr(init, "__code__", None) is None or init.__code__.co_filename == "<string>"
    return {} if generated else {"__init__": init}


def _run(
    ev: Evaluator, made: Value, name: str, args: list[Value], kwargs: dict[str, Value], loc: ir.Loc | None
) -> None:
    from srcad import eval_functions

    assert isinstance(made, Ptr)
    cls = ev.state.heap[made.id].cls
    function = getattr(cls, name, None)
    if function is not None:
        eval_special.noticed(ev, cls, name, function)
        eval_functions.call_user(ev, Known(function), [made, *args], kwargs, loc)


def _with_fields(
    ev: Evaluator,
    kind: str,
    cls: type,
    names: list[str],
    args: list[Value],
    kwargs: dict[str, Value],
    defaults: dict[str, Any],
    loc: ir.Loc | None,
) -> Value:
    if len(args) > len(names) or set(kwargs) - set(names):
        raise certain(TypeError(f"{cls.__name__}() got arguments that it has no fields for"))
    fields = getattr(cls, "__dataclass_fields__", {}).values()
    factories = {f.name: f.default_factory for f in fields if f.default_factory is not dataclasses.MISSING}
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    if len(given) < len(args) + len(kwargs):
        twice = next(name for name in kwargs if name in names[: len(args)])
        maker = "__new__" if kind == "namedtuple" else "__init__"
        raise certain(TypeError(f"{cls.__qualname__}.{maker}() got multiple values for argument '{twice}'"))
    items: list[Value] = []
    for name in names:
        if name in given:
            items.append(given[name])
        elif name in defaults:
            items.append(_literal(ev, defaults[name], loc))
        elif name in factories:
            items.append(_made(ev, factories[name], loc))
        else:
            raise certain(TypeError(f"{cls.__name__}() missing 1 required argument: {name!r}"))
    return ev.box(kind, names, items, cls=cls, site=loc)


def _made(ev: Evaluator, factory: Any, loc: ir.Loc | None) -> Value:
    """What a field's default_factory gives, anew for each instance."""
    from srcad import eval_functions

    if factory in (list, dict, tuple):
        return ev.box(factory.__name__, (), (), site=("list", ev.frame, loc and (loc.line, loc.col)))
    return eval_functions.call_user(ev, Known(factory), [], {}, loc)


def _literal(ev: Evaluator, value: Any, loc: ir.Loc | None) -> Value:
    if isinstance(value, (bool, int, float, complex)):
        return evaluate(ev, ir.Const(value))
    if value is None or isinstance(value, str):
        return Known(value)
    raise Unsupported(f"cannot differentiate a default of type {type(value).__name__}", loc)


def rebind(ev: Evaluator, base: Known, name: str, value: Value, loc: ir.Loc | None) -> None:
    """``self.nfev += 1``: the new value is seen by later reads, and written back once when the call ends."""
    path = _path(base, name)
    if isinstance(base.value, type):
        reason = f"cannot differentiate an assignment to the attribute {name} of a class, which its instances share"
        raise Unsupported(reason, loc, "Set it on the object.")
    if path is None or not isinstance(value, Dyn):
        raise Unsupported(
            f"cannot differentiate an assignment to the attribute {name}", loc, "Return the value instead."
        )
    slot = ev.slot(f"{name}#{id(base.value) and path}", value.type)
    ev.note_type(slot, value.type)
    key = f"{id(base.value)}.{name}"
    if key not in ev.cx.originals and hasattr(base.value, name):
        ev.cx.originals[key] = _member(ev, base, name, getattr(base.value, name), loc)
    ev.put([(slot, value.expr)], loc, {("#objects", key)})
    ev.state.frames.setdefault("#objects", {})[key] = Dyn(ir.Name(slot), value.type)
    ev.cx.attribute_slots.add(slot)
    ev.cx.updates[path] = key
    _read_or_set(ev, base.value, loc)


def _read_or_set(ev: Evaluator, owner: Any, loc: ir.Loc | None) -> None:
    """An attribute that is set stands in a variable until the call ends, where `__dict__` does not show it."""
    if id(owner) in ev.cx.whole_reads and any(key.startswith(f"{id(owner)}.") for key in ev.cx.updates.values()):
        reason = "cannot differentiate __dict__ of an object whose attributes the function sets"
        raise Unsupported(reason, loc, "Read and set the attributes by their names.")
