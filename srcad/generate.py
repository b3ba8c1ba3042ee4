"""From a call to a new kernel: the compiler is asked, and what it made is kept in the cache folder.

The compiler is imported only here, and only when the cache has no answer.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import os
import pickle
import types
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from srcad_runtime import _collector

from srcad import boundary, cache, captured, compile, kernel, leaves, library
from srcad.binding import Binder
from srcad.defined import state
from srcad.errors import Unsupported
from srcad.fingerprint import walked
from srcad.kernel import Kernel, Plan

if TYPE_CHECKING:
    from srcad.transforms import alike

BACKENDS = ("auto", "numpy", "numba", "cupy")

_MOST_PLANS = 16  # kept on disk under one key; they differ in baked values
_MOST_BAKED = 200


# passes, and parts of them, that change speed and memory alone
OPTIONAL = frozenset(
    "alike assigned batch before carried chains columns copies firsts fusion gather intact loops once order picked "
    "products quotients ranges recompute resting reuse split turned unread vector_maths whole".split()
)


def switched_off() -> tuple[tuple[str, bool], ...]:
    """The passes named in SRCAD_OFF, separated by commas: to be left out, so that one can see what they do.

    Raises:
        ValueError: a name that is no optional pass's.
    """
    names = sorted({name.strip() for name in os.environ.get("SRCAD_OFF", "").split(",")} - {""})
    unknown = [name for name in names if name not in OPTIONAL]
    if unknown:
        raise ValueError(f"SRCAD_OFF={unknown[0]}: choose among {', '.join(sorted(OPTIONAL))}")
    return tuple((name, False) for name in names)


def asked(parallel: bool) -> tuple[tuple[str, Any], ...]:
    """The options of a derivative."""
    return (*switched_off(), *([("parallel", True)] if parallel else []))


@dataclass(frozen=True)
class Settings:
    """What is asked of a function: the places of the arguments, the transforms, the backend wished for."""

    wrt: tuple[leaves.Path, ...]
    modes: tuple[str, ...]
    backend: str = "auto"
    outputs: tuple[str, ...] | None = None
    has_aux: bool = False
    options: tuple[tuple[str, Any], ...] = field(default_factory=switched_off)

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that the places lie in."""
        return tuple(dict.fromkeys(str(root) for root, *_ in self.wrt))


@dataclass(frozen=True, eq=False)
class Call:
    """One call: a value per parameter of the function, and the leaves of them all."""

    binder: Binder
    values: tuple[Any, ...]
    flat: list[Any]
    parsed: list[Any] = field(default_factory=list)  # the target that this call's kernel was made from, once it was
    functions: list[Any] = field(
        default_factory=list
    )  # those that a kernel for it is made of, once they were looked at

    @functools.cached_property
    def arguments(self) -> dict[str, Any]:
        """The values of the function's parameters, by name."""
        return dict(zip(self.binder.parameters, self.values))

    def read(self, origin: str, path: leaves.Path, target: Any = None) -> Any:
        """A captured value as it is now; LookupError if it cannot be found.

        target: what a kernel was made from, which knows the functions that were met on the way. Another function with
        the same text, handed over in another call, has captured other values.
        """
        if isinstance(path[-1], leaves.Same):
            return self.read(origin, path[:-1], target) is self.read(path[-1].origin, path[-1].path, target)
        try:
            return captured.read(self.binder.function, self.arguments, origin, path)
        except LookupError:
            target = target or (self.parsed[-1] if self.parsed else None)
            if target is None:
                raise
        from srcad import scope

        return scope.read(target, origin, path)

    def snapshot(self) -> Call:
        """The same call with copies of its arrays."""
        flat: list[Any] = []
        values = leaves.snapshot(self.values)
        for value in values:
            leaves.key(value, flat)
        return Call(self.binder, values, flat)

    def places(self) -> list[leaves.Path]:
        """The path of every leaf in `flat`."""
        pairs = zip(self.binder.parameters, self.values)
        return [path for name, value in pairs for path, _ in leaves.paths(value, (name,))]

    def at(self, path: leaves.Path) -> Any:
        """The argument, or part of one, at a path."""
        value = self.values[self.binder.parameters.index(path[0])]
        return leaves.follow(value, path[1:]) if len(path) > 1 else value


# ---- what is refused before the compiler is asked ----


def wished_backend(backend: str, flat: list[Any]) -> str:
    """The backend to try first.

    Raises:
        ValueError: there is no such backend.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend={backend!r}: choose one of {', '.join(BACKENDS)}")
    if backend != "auto":
        return backend
    return "cupy" if any(type(leaf).__module__.partition(".")[0] == "cupy" for leaf in flat) else "numba"


def check_arguments(call: Call, settings: Settings) -> None:
    """Raise TypeError, naming the argument, for what srcad cannot take or cannot differentiate."""
    from srcad.abstract import describe

    for name, value in zip(call.binder.parameters, call.values):
        describe(value, name)
    for path in settings.wrt:
        value = call.at(path)
        if not any(leaves.is_floating(leaf) for _, leaf in leaves.paths(value)):
            raise TypeError(
                f"{call.binder.name}: the derivative with respect to {spell(path)} is asked for, but {spell(path)} is "
                f"{kind_of(value)}; differentiable arguments are floating-point{_way_out(spell(path), value)}"
            )


def spell(path: leaves.Path) -> str:
    return str(path[0]) + "".join(f"[{key!r}]" for key in path[1:])


def _way_out(name: str, value: Any) -> str:
    """How an integer becomes what can be differentiated."""
    if isinstance(value, bool):
        return ""
    if getattr(value, "shape", ()):
        return f": pass {name}.astype(float)"
    return f": pass float({name})" if isinstance(value, (int, np.integer)) else ""


def kind_of(value: Any) -> str:
    """``an int``, ``an array of int64``, ``a dict without floating-point numbers``."""
    if hasattr(value, "dtype"):
        return f"an array of {value.dtype}" if getattr(value, "shape", ()) else f"a {value.dtype} number"
    if value is None:
        return "None"
    name = type(value).__name__
    article = "an" if name[0] in "aeiou" else "a"
    inside = " without floating-point numbers" if leaves.children(value) is not None else ""
    return f"{article} {name}{inside}"


# ---- asking the compiler ----


@_collector.paused()
def generated(call: Call, settings: Settings, backend: str, warning: str = "") -> tuple[Kernel, list[Any]]:
    """A kernel made by the compiler, written to the cache, with its arguments for this call."""
    plan = replace(plan_of(call, settings, backend), warning=warning)
    found = accepted(plan, call)
    if found is None:
        raise RuntimeError(f"srcad: the module generated for {call.binder.name} does not fit the call it was made for")
    _store(_key(call, settings), plan)
    return found


def plan_of(call: Call, settings: Settings, backend: str) -> Plan:
    """Run the compiler; a number that decides the program's structure is looked up and given to it."""
    made = build(call, settings, backend)
    places_of = {text: place for text, _, place in _extents(call)} if made.alike else {}
    if settings.has_aux:
        _check_aux(made.output, call.binder.name)
    inputs = tuple((i.origin, tuple(i.path), i.name) for i in made.inputs)
    places = set(call.places())
    hidden = [call.read(o, p) for o, p, _ in inputs if not (o == "param" and p in places)]
    written, apart = (
        tuple(k for k, i in enumerate(made.inputs) if i.name in names) for names in (made.written, made.apart)
    )
    return Plan(
        text=made.text,
        entry=made.entry,
        backend=backend,
        inputs=inputs,
        wrt=tuple(tuple(i.path) for i in made.wrt_leaves),
        output=made.output,
        has_aux=settings.has_aux,
        baked=tuple(made.baked),
        alike=tuple((places_of[a], places_of.get(b, b)) for a, b in made.alike),
        hidden=tuple(leaves.key(value, []) for value in hidden),
        written=written,
        apart=apart,
        updates=tuple(made.updates),
        fragile=made.fragile,
        notes=tuple(made.notes),
        second=made.second,
    )


def _check_aux(output: Any, name: str) -> None:
    kind = getattr(output, "kind", "")
    count = len(output.items) if kind in ("tuple", "list", "namedtuple") else 0
    if count != 2:
        found = f"a {kind} of {count}" if count else f"a {kind}" if kind else "one value"
        raise TypeError(f"has_aux=True takes a function that returns (value, aux); {name} returns {found}")


def build(call: Call, settings: Settings, backend: str, keep_passes: bool = False) -> Any:
    """`pipeline.build` for a live function; returns its `Generated`."""
    from srcad import pipeline, scope
    from srcad.abstract import Static, describe

    common = None if keep_passes else _shared(call)
    target = common.target if common else scope.from_live(call.binder.function)
    given = list(zip(call.binder.parameters, call.values))
    owned = {n for n, v in given[: call.binder.first] if _keeps_changes(v)}
    _refuse_twice(call.binder.name, given)
    bound = {n: v for n, v in given if n in owned or _is_object(v)}
    target = replace(target, bound=bound) if bound or target.bound else target
    call.parsed.append(target)
    arguments = tuple(Static(value) if name in owned else describe(value, name) for name, value in given)
    request = pipeline.Request(
        target=target,
        arguments=arguments,
        wrt=settings.names,
        modes=settings.modes,
        backend=backend,
        outputs=settings.outputs,
        has_aux=settings.has_aux,
        options=settings.options,
        extents=tuple((s, n) for s, n, _ in _extents(call)) if dict(settings.options).get("alike", True) else (),
        shared=common,
    )
    refusal: Exception | None = None
    for _ in range(_MOST_BAKED):
        try:
            return pipeline.build(request, keep_passes)
        except Unsupported as error:
            raise refusal or error from None
        except pipeline.NeedValue as need:
            refusal = refusal or (need.refusal if need.origin != "layout" else None)
            value = _wanted(call, need.origin, need.path_)
            request = replace(request, baked=(*request.baked, (need.origin, need.path_, value)))
    raise RuntimeError(f"srcad: {call.binder.name} needs more than {_MOST_BAKED} numbers by value")


def _shared(call: Call) -> Any:
    """What modes have in common, where the arguments are numbers, arrays and containers of them."""
    from srcad import shared

    if not all(shared.is_plain(leaf) for value in call.values for _, leaf in leaves.paths(value)):
        return None
    classes = tuple([leaves.key(value, []) for value in call.values])
    return shared.of(call.binder.function, (_digest(call), classes))


def _extents(call: Call) -> list[tuple[str, int, alike.Place]]:
    """(symbol, extent, (path, axis)) of the arrays among the arguments; none that two arguments would share."""
    from srcad.abstract import describe
    from srcad.transforms import alike

    pairs = zip(call.binder.parameters, call.values)
    found = [found for name, value in pairs for found in alike.extents(describe(value, name), value, (name,))]
    count = collections.Counter(symbol for symbol, _, _ in found)
    return [entry for entry in found if count[entry[0]] == 1]


def _is_object(value: Any) -> bool:
    """Whether an argument is an object whose attributes are read, or a generator that is drawn from."""
    if isinstance(value, type):
        return not library.is_library(value.__module__.partition(".")[0])
    if isinstance(value, (types.ModuleType, types.FunctionType, types.MethodType, functools.partial, np.ufunc)):
        return False
    if leaves.is_generator(value):
        return True
    return hasattr(value, "__dict__") and not leaves.is_array(value) and leaves.children(value) is None


def _refuse_twice(name: str, given: list[tuple[str, Any]]) -> None:
    """Refuse one dataclass as two arguments: what is set through one of them would not be seen through the other."""
    seen: dict[int, str] = {}
    for parameter, value in given:
        if _keeps_changes(value) and seen.setdefault(id(value), parameter) != parameter:
            reason = f"{name} is given one {type(value).__name__} as {seen[id(value)]} and as {parameter}"
            raise Unsupported(reason, hint="Pass a copy of it (copy.copy).")


def _keeps_changes(value: Any) -> bool:
    """Whether what a method is bound to is a dataclass whose attributes may be set: it keeps them, as objects do."""
    return dataclasses.is_dataclass(value) and not value.__dataclass_params__.frozen  # type: ignore[union-attr]


def _wanted(call: Call, origin: str, path: leaves.Path) -> Any:
    if origin == "layout":
        return boundary.layout(call.at(path))
    return call.at(path) if origin == "param" else call.read(origin, path)


def accepted(plan: Plan, call: Call) -> tuple[Kernel, list[Any]] | None:
    """Load a plan's module; None if its baked values are not this call's."""
    made = kernel.make(plan, compile.load(plan.text, plan.entry), call.places(), call.binder.function.__globals__)
    made.example = leaves.stand_ins(call.values)
    made.target = call.parsed[-1] if call.parsed else None
    made.functions = tuple((f, state(f)) for f in call.functions if f is not call.binder.function)
    inputs = made.accept(call.read, call.flat)
    return None if inputs is None else (made, inputs)


# ---- plans in the cache folder ----


def stored(call: Call, settings: Settings) -> tuple[Kernel, list[Any]] | None:
    """A kernel that an earlier process made for such a call, if its baked values are today's."""
    for plan in sorted(_load(_key(call, settings)), key=lambda plan: not plan.alike):
        try:
            found = accepted(kernel.restored(plan, call.read), call)
        except (LookupError, AttributeError):
            continue
        if found is not None:
            return found
    return None


def _key(call: Call, settings: Settings) -> str:
    return cache.digest(_digest(call), repr(settings))


def _digest(call: Call) -> str:
    """Of all that a derivative of this call is made from."""
    found, call.functions[:] = walked(call.binder.function, *call.values, cache.environment())
    return found


def _load(key: str) -> list[Plan]:
    body = cache.read_manifest(key)
    if body is None:
        return []
    try:
        plans = pickle.loads(body)
    except Exception:  # written by another version, or naming a class that is gone
        return []
    return [plan for plan in plans if isinstance(plan, Plan)]


def _store(key: str, plan: Plan) -> None:
    new = kernel.storable(plan)
    with cache.lock(key):
        # a plan with equal baked values is replaced: Numba's by NumPy's where it did not compile
        others = [old for old in _load(key) if (old.baked, old.alike) != (new.baked, new.alike)]
        try:
            body = pickle.dumps([new, *others][:_MOST_PLANS])
        except Exception:  # its output is of a class that cannot be found by name
            return
        cache.write_manifest(key, body)
