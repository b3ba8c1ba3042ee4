"""A generated function ready to be called: which values it takes, and what its results mean."""

from __future__ import annotations

import functools
import itertools
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from srcad import boundary, leaves
from srcad.abstract import Abstract, Num, Seq, Struct, numbers, unflatten
from srcad.compile import Compiled
from srcad.defined import State, state

Extent = tuple[leaves.Path, "int | None"]  # of an argument along an axis; the value of an integer
_BY_VALUE = (str, bytes, int, float, complex, bool, type(None), tuple, set, frozenset, np.generic, leaves.Form)
_SINGLE = {"float64": "float32", "complex128": "complex64"}
_CURRENT = "<as it was found>"  # stands for a baked value that only an identity describes


@dataclass(frozen=True)
class Plan:
    """What is known of a kernel, and kept on disk.

    inputs: (origin, path, name) per kernel argument. hidden: the key of every input that is not an argument of the
    call, in order. wrt: paths of the leaves that have adjoints or tangents. baked: (origin, path, value). written:
    positions of the inputs that the model writes into. apart: of those that it copies deeply at once. fragile: Python
    raises where compiled code gives inf or nan. updates: (origin, path) of attributes that it rebinds, whose new values
    are the kernel's last results. alike: pairs of extents that must be equal, and extents with the least they may be.
    warning: why this is not the backend wished for. second: the function of the reverse sweep, which takes what `entry`
    returns behind the outputs.
    """

    text: str
    entry: str
    backend: str
    inputs: tuple[tuple[str, leaves.Path, str], ...]
    wrt: tuple[leaves.Path, ...]
    output: Abstract
    has_aux: bool
    baked: tuple[tuple[str, leaves.Path, Any], ...] = ()
    alike: tuple[tuple[Extent, Extent | int], ...] = ()
    hidden: tuple[Any, ...] = ()
    written: tuple[int, ...] = ()
    apart: tuple[int, ...] = ()
    updates: tuple[tuple[str, leaves.Path], ...] = ()
    fragile: bool = False
    notes: tuple[str, ...] = ()
    warning: str = ""
    second: str = ""

    @property
    def value(self) -> Abstract:
        """The structure of the differentiated value: without the auxiliary one."""
        return self.output.items[0] if self.has_aux and isinstance(self.output, Struct) else self.output


@dataclass(eq=False)
class Kernel:
    """A plan and its function. `picks` says for every input where it comes from: a leaf's number, or None (read it)."""

    plan: Plan
    compiled: Compiled
    picks: tuple[int | None, ...]
    baked_leaves: tuple[tuple[int, Any], ...]
    baked_hidden: tuple[tuple[str, leaves.Path, Any], ...]
    alike: tuple[tuple[int, int | None, int, int | None], ...] = ()  # (leaf, axis, leaf, axis) of equal extents
    least: tuple[tuple[int, int, int], ...] = ()  # (leaf, axis, n): an extent of at least n
    exact: tuple[tuple[int, int, int], ...] = ()  # (leaf, axis, n): an extent that is n
    layouts: tuple[tuple[int, str], ...] = ()  # (leaf, `boundary.layout` it is made for)
    watched: tuple[tuple[dict[str, Any], str, Any], ...] = field(
        default=(), repr=False
    )  # names of modules that must still mean the same
    functions: tuple[tuple[types.FunctionType, State], ...] = field(default=(), repr=False)  # that it was made of
    warm: bool = False
    second: Compiled | None = None  # the function of the reverse sweep, once it is ready to be called
    example: tuple[Any, ...] = ()  # values for the function's parameters that lead to this kernel
    target: Any = None  # what it was made from in this process: where the values that other functions captured are

    @property
    def path(self) -> Path:
        """The generated file."""
        return self.compiled.path

    # ---- from a call's values to the kernel's arguments ----

    def accept(self, read: Callable[[str, leaves.Path], Any], flat: list[Any]) -> list[Any] | None:
        """The kernel's arguments for this call; None when a baked value, or a captured value's type, is another now."""
        for position, value in self.baked_leaves:
            if not same(flat[position], value):
                return None
        for one, axis, other, last in self.alike:
            if _extent(flat[one], axis) != _extent(flat[other], last):
                return None
        for one, axis, n in self.least:  # type: ignore[assignment]
            if flat[one].shape[axis] < n:
                return None
        for one, axis, n in self.exact:
            if flat[one].shape[axis] != n:
                return None
        for position, layout in self.layouts:
            if boundary.layout(flat[position]) != layout:
                return None
        for space, name, value in self.watched:
            if space.get(name) is not value and not same(space.get(name), value):
                return None
        for function, before in self.functions:
            if not _is_as(function, before):
                return None
        if self.simple is not None:
            return [flat[k] for k in self.simple]
        try:
            for origin, path, value in self.baked_hidden:
                if not same(read(origin, path), value):
                    return None
            return self._collect(read, flat)
        except (LookupError, AttributeError):
            return None

    @functools.cached_property
    def simple(self) -> tuple[int, ...] | None:
        """The leaves to pass, where nothing captured is read."""
        picks = tuple(k for k in self.picks if k is not None)
        return picks if len(picks) == len(self.picks) and not self.baked_hidden else None

    def _collect(self, read: Callable[[str, leaves.Path], Any], flat: list[Any]) -> list[Any] | None:
        inputs, hidden = [], iter(self.plan.hidden)
        for pick, (origin, path, _) in zip(self.picks, self.plan.inputs):
            if pick is not None:
                inputs.append(flat[pick])
                continue
            value = read(origin, path)
            if leaves.key(value, []) != next(hidden):
                return None
            inputs.append(value)
        return inputs

    @functools.cached_property
    def canonical(self) -> Callable[[Any], Any]:
        """What is done to every array before the kernel sees it."""
        return boundary.compiled_form if self.plan.backend == "numba" else boundary.interpreted_form

    @functools.cached_property
    def strangers(self) -> tuple[tuple[int, int], ...]:
        """Pairs of inputs that must not share memory: the model writes one, or tells copies of them apart."""
        written = [(k, j) for k in self.plan.written for j in range(len(self.plan.inputs)) if j != k]
        return (*written, *itertools.combinations(self.plan.apart, 2))

    def overlap(self, inputs: list[Any]) -> str:
        """Why these arguments do not fit together, if two of them share memory."""
        for k, j in self.strangers:
            if boundary.overlap(inputs[k], inputs[j]):
                one, other = self.spelling(k), self.spelling(j)
                if k in self.plan.written:
                    return f"writes into its argument {one}, which shares memory with {other}"
                return f"makes a deep copy of its arguments {one} and {other}, which share memory"
        return ""

    def spelling(self, position: int) -> str:
        _, (root, *rest), _ = self.plan.inputs[position]
        return str(root) + "".join(f"[{part!r}]" for part in rest)

    # ---- from its results to what the caller gets ----

    @functools.cached_property
    def outputs(self) -> tuple[Num | Seq, ...]:
        """The types of the output leaves, the auxiliary ones included; a list leaves the kernel as an array."""
        return tuple(numbers(self.plan.output))

    @functools.cached_property
    def scalars(self) -> tuple[Callable[[Any], Any] | None, ...]:
        """What makes of each output leaf a NumPy scalar again: compiled code returns Python's numbers."""
        compiled = self.plan.backend == "numba"
        return tuple(
            list
            if isinstance(t, Seq)
            else np.dtype(_SINGLE.get(t.dtype, t.dtype) if t.single else t.dtype).type
            if compiled and t.dims == () and t.dtype and (t.single or not t.weak)
            else None
            for t in self.outputs
        )

    def typed(self, results: tuple[Any, ...]) -> list[Any]:
        """The output leaves, each of the type that the function itself returns."""
        return [cast(r) if cast else r for r, cast in zip(results, self.scalars)]

    @functools.cached_property
    def seeded(self) -> tuple[int, ...]:
        """Which output leaves take a seed and have a tangent: floating ones of the differentiated value."""
        return tuple(k for k, t in enumerate(numbers(self.plan.value)) if floating(t))

    @functools.cached_property
    def unit_seed(self) -> tuple[Any, ...] | None:
        """The seed of a gradient; None if the value is not one real floating scalar."""
        value = self.plan.value
        if not isinstance(value, Num) or value.dims not in ((), None) or not floating(value):
            return None
        if value.dtype is not None and np.dtype(value.dtype).kind == "c":
            return None
        # a NumPy number: an adjoint divided by zero is inf, where Python's floats would raise
        return (np.dtype(value.dtype or "float64").type(1.0),)

    def split_value(self, results: tuple[Any, ...]) -> tuple[Any, Any]:
        """(value, aux) as the function returned them; aux is None without `has_aux`."""
        value = unflatten(self.plan.output, self.typed(results))
        return (value[0], value[1]) if self.plan.has_aux else (value, None)

    def adjoints(self, results: tuple[Any, ...]) -> dict[leaves.Path, Any]:
        """The adjoint of every leaf asked for, by path."""
        start = len(self.outputs)
        return dict(zip(self.plan.wrt, results[start : start + len(self.plan.wrt)], strict=True))


def _extent(leaf: Any, axis: int | None) -> Any:
    return leaf if axis is None else leaf.shape[axis]


def _is_as(function: types.FunctionType, before: State) -> bool:
    """Whether a function has the code that it had, and equal defaults."""
    now = state(function)
    return len(now) == len(before) and now[0] is before[0] and all(map(same, now, before))


def same(now: Any, baked: Any) -> bool:
    """Whether a value is still the one that was baked in."""
    if now is baked:
        return True
    if isinstance(baked, leaves.Form):
        return leaves.Form.of(now) == baked
    if type(now) is not type(baked):
        return False
    return leaves.equal(now, baked)


def make(plan: Plan, compiled: Compiled, leaf_paths: list[leaves.Path], space: dict[str, Any]) -> Kernel:
    """Work out once where the inputs of a kernel come from. space: the globals of the function."""
    positions = {p: k for k, p in enumerate(leaf_paths)}
    picks = tuple(positions.get(p) if origin == "param" else None for origin, p, _ in plan.inputs)
    by_leaf = tuple((positions[p], v) for origin, p, v in plan.baked if origin == "param" and p in positions)
    layouts = tuple((positions[p], v) for origin, p, v in plan.baked if origin == "layout")
    sized = [(o, p, n) for o, p, n in plan.baked if o == "param" and isinstance(p[-1], leaves.Extent)]
    exact = tuple((positions[p[:-1]], p[-1].axis, n) for _, p, n in sized if p[:-1] in positions)
    others = [(o, p, v) for o, p, v in plan.baked if o != "layout" and not (o == "param" and p in positions)]
    others = [(o, p, v) for o, p, v in others if not (isinstance(p[-1], leaves.Extent) and p[:-1] in positions)]
    spaces = [_space(o, p, space) for o, p, _ in others]
    watched = tuple((s, p[0].rpartition(":")[2], v) for s, (_, p, v) in zip(spaces, others) if s is not None)
    rest = tuple(entry for s, entry in zip(spaces, others) if s is None)
    alike = tuple((positions[a[0]], a[1], positions[b[0]], b[1]) for a, b in plan.alike if not isinstance(b, int))
    least = tuple((positions[p], k, n) for (p, k), n in plan.alike if isinstance(n, int) and k is not None)
    warm = plan.backend != "numba"
    return Kernel(plan, compiled, picks, by_leaf, rest, alike, least, exact, layouts, watched, warm=warm)


def _space(origin: str, path: leaves.Path, space: dict[str, Any]) -> dict[str, Any] | None:
    """The namespace that a global stands in, where it can be looked up at once."""
    home, _, name = str(path[0]).rpartition(":")
    if origin != "global" or len(path) > 1 or "#" in home:
        return None
    module = sys.modules.get(home)
    return space if not home else None if module is None else vars(module)


# ---- types ----


def floating(t: Num | Seq) -> bool:
    """Whether a leaf has a derivative; a list has one if its items have."""
    if isinstance(t, Seq):
        return floating(t.element)
    return t.dtype is None or np.dtype(t.dtype).kind in "fc"


# ---- plans on disk ----


def storable(plan: Plan) -> Plan:
    """A plan without live objects: functions, classes and the like, which the key vouches for, are found again when it
    is loaded; of numbers and sets the key knows no more than the type."""

    def mark(value: Any) -> Any:
        return value if isinstance(value, _BY_VALUE) else _CURRENT

    return replace(plan, baked=tuple((o, p, mark(v)) for o, p, v in plan.baked))


def restored(plan: Plan, read: Callable[[str, leaves.Path], Any]) -> Plan:
    """A stored plan with the live objects that its key vouches for; LookupError if one is gone."""
    baked = tuple((o, p, read(o, p) if isinstance(v, str) and v == _CURRENT else v) for o, p, v in plan.baked)
    return replace(plan, baked=baked)
